"""Numbers that options tell: of the right type, finite, and within their bounds, or refused by name."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeGuard

from jalon.errors import ConfigError


class Span(NamedTuple):
    """What a number may be: from `least`, or only `above` it, to `most`; `whole`: no fraction."""

    least: float
    most: float
    whole: bool = False
    above: bool = False

    def __str__(self) -> str:
        kind = "whole number" if self.whole else "number"
        return f"a {kind} {'above' if self.above else 'from'} {self.least:,} to {self.most:,}"


def whole(value: Any) -> bool:
    """Return whether something is a whole number: of Python or numpy, but no truth."""
    return not isinstance(value, bool) and isinstance(value, Integral)


def number(value: Any) -> TypeGuard[float]:
    """Return whether something is a number that is finite: of Python or numpy, but no truth."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def check(name: str, value: Any, span: Span) -> None:
    """Raise `ConfigError` for what is no such number."""
    fits = (whole if span.whole else number)(value) and span.least <= value <= span.most
    if not fits or (span.above and value == span.least):
        raise ConfigError(f"{name} = {value!r} is not {span}", f"Give {name} {span}.")
