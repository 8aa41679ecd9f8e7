"""Windows: how far models look back, where one has a look-back window of its own.

A model's own window stands in place of `lookback_days`, and is never exceeded; what `Options.lookback` gives to
touchpoints of a kind holds under every model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.normalize.times import DAY


class Window(NamedTuple):
    """Models that look back equally far; `days` is None where that is `lookback_days`."""

    days: float | None
    models: tuple[str, ...] = ()

    def length(self, options: Options) -> int:
        """Return the window in microseconds."""
        return options.window if self.days is None else round(self.days * DAY)

    def covers(self, steps: Table, options: Options) -> ibis.Value:
        """Return whether steps are young enough: `window` is what touchpoints of their kind have, or null."""
        length = self.length(options)
        limit = ibis.coalesce(steps.window, length)
        limit = limit if self.days is None else ibis.least(limit, length)
        return steps.placed_at - steps.had_at <= limit


USUAL = Window(None)
"""By `lookback_days`: of what is said of journeys whatever the model is, such as their selling mode."""


def windows(options: Options) -> Iterator[Window]:
    """Yield the windows of the models that are computed, in the order of the models."""
    chosen = [name for name in MODELS if name in options.models]
    for days in dict.fromkeys(options.model_lookback.get(name) for name in chosen):
        yield Window(days, tuple(name for name in chosen if options.model_lookback.get(name) == days))
