"""A row of `rpt_stage_measures` before it is one: which measure, of what, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from jalon.report.people.intervals import Estimate

NOTHING = Estimate(None, None, None, 0)
NOBODY = "no person is known"
NO_BUYER = "no buyer is known"
TOO_FEW = "too few buyers are known to tell them apart"
NOBODY_MET = "nobody is known to have been met before a purchase"
NOBODY_BEGAN = "nobody is known to have begun"
NOT_HALF = "fewer than half have bought yet"
NO_MONEY = "no money was booked"
NO_CURRENCY = "nobody knows how much one of this currency is"
NO_RETURN = "no source tells of a return"
NO_CART = "no cart of a known person is over"
NO_VISIT = "no visit is known"
NO_VIEW = "no source tells of a look at a product"
NO_SIGN = "no answer, share, referral or review of a known person is told"
NO_REACH = "no source tells reach by day"
NO_TAGS = "no source tells views and clicks on tags of the same content"
MORE_CLICKS = "more clicks than views"
NO_ANSWER = "no such answer is known"
OTHER_SCALE = "all answers are on a scale that it is not defined on"
REASONS = (
    NOBODY, NO_BUYER, TOO_FEW, NOBODY_MET, NOBODY_BEGAN, NOT_HALF, NO_MONEY, NO_RETURN, NO_CART, NO_VISIT, NO_VIEW,
    NO_SIGN, NO_REACH, NO_TAGS, MORE_CLICKS, NO_ANSWER, NO_CURRENCY, OTHER_SCALE,
)  # fmt: skip
"""Why something has no value."""


class Figure(NamedTuple):
    """What was measured. `member`: a platform, an account of it, a segment or a currency; `because` says why there is
    no value."""

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
