"""Measures and targets for a terminal, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jalon.report.page.blocks.measures import written
from jalon.report.page.blocks.targets import met
from jalon.report.page.language import Language
from jalon.report.people.measure_list import MEASURES

Row = dict[str, Any]
CHOSEN = ("conversion_rate", "repeat_rate", "order_value", "clv", "cart_loss", "csat", "ces", "nps", "ambassadors")
"""Measures that are told; those that have no value are left to the page."""


def lines(figures: Row, say: Language) -> Iterator[str]:
    """Yield what is measured of customers, and how many targets are met."""
    rows = [row for row in figures["stage_measures"] if row["measure"] in CHOSEN and row["value"] is not None]
    if rows:
        yield ""
        yield say._("Measures of customers (with their 90 %% range)")
    for row in rows:
        title, value = say.known(MEASURES[row["measure"]].title), written(row["value"], row["unit"], say)
        yield f"  {title:<32.32} {value:>20} {_ends(row, say)}".rstrip()
    if figures["targets"]:
        yield ""
        yield met(figures["targets"], say)


def _ends(row: Row, say: Language) -> str:
    """Return the interval in brackets; nothing where there is none."""
    if row["low"] is None or row["high"] is None:
        return ""
    low, high = (written(row[end], row["unit"], say) for end in ("low", "high"))
    return f"({low} \u2013 {high})" if row["low"] < 0 else f"({low}\u2013{high})"
