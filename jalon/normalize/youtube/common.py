"""What the parts of YouTube's meaning share: the platform's name, numbers, and by which rule views were counted."""

from __future__ import annotations

from datetime import date
from typing import Any

from jalon.normalize.money import MAX_DIGITS
from jalon.normalize.vocabulary import Unfit

PLATFORM = "youtube"

# https://developers.google.com/youtube/analytics/revision_history
VIEW_RULES = (
    (date(2026, 8, 27), "views by the one rule for all formats, since 2026-08-27"),
    (date(2026, 8, 24), "views while that one rule was introduced, from 2026-08-24 to 2026-08-26"),
    (date(2025, 3, 31), "views of Shorts by the rule of 2025-03-31, of other formats as engaged views"),
    (date.min, "views as engaged views"),
)
"""First day -> how views were counted from then on: the series breaks there. `engaged_views` keeps the old rule."""


def view_rule(day: date) -> str:
    """Return by which rule the views of a day were counted."""
    return next(rule for first, rule in VIEW_RULES if day >= first)


def defined(source: str, metric: str, day: date) -> str:
    """Return how a figure was counted: by which interface, and for views by which rule."""
    return f"{source}; {view_rule(day)}" if metric == "views" else source


def number(value: Any, name: str) -> int:
    """Return a whole number, which may be negative and may come as text. Raises `Unfit('bad_number')`."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is str and value.removeprefix("-").isdecimal() and len(value) <= MAX_DIGITS + 1:
        value = int(value)
    if type(value) is not int or abs(value) >= 10**MAX_DIGITS:
        raise Unfit("bad_number", f"{name} is {str(value)[:20]}, which is no whole number")
    return value


def counted(value: Any, name: str) -> int:
    """Return a number that cannot be below zero. Raises `Unfit('negative_quantity')` for one that is."""
    found = number(value, name)
    if found < 0:
        raise Unfit("negative_quantity", f"{name} is {found}, which is no count")
    return found
