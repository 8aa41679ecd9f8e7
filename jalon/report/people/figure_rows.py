"""A row of `rpt_stage_measures` before it is one: which measure, of what, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from jalon.report.people.intervals import Estimate


class Figure(NamedTuple):
    """What was measured. `member`: a platform, segment or currency; `because` says why there is no value."""

    measure: str
    found: Estimate
    member: str = ""
    currency: str | None = None
    because: str | None = None
    stage: str = ""
    """Where the measure has a row for each stage."""


def counted(number: float, n: int) -> Estimate:
    """Return a number that was counted, not sampled, out of `n`."""
    return Estimate(float(number), None, None, n)


def of_row(row: Mapping[str, Any], n: int) -> Estimate:
    """Return what a row of a mart tells as `value`, `low` and `high`."""
    value, low, high = (None if row[name] is None else float(row[name]) for name in ("value", "low", "high"))
    return Estimate(value, low, high, n)
