"""Measures and targets for a terminal, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jalon.report.people.measure_list import MEASURES
from jalon.report.words import count, decimal_text, money, percent

Row = dict[str, Any]
CHOSEN = ("conversion_rate", "repeat_rate", "order_value", "clv", "cart_loss", "csat", "ces", "nps", "ambassadors")
"""Measures that are told; those that have no value are left to the page."""


def lines(told: Row) -> Iterator[str]:
    """Yield what is measured of customers, and how many targets are met."""
    rows = [row for row in told["stage_measures"] if row["measure"] in CHOSEN and row["value"] is not None]
    if rows:
        yield ""
        yield "Customers (with their 90 % range)"
    for row in rows:
        ends = _ends(row)
        yield f"  {MEASURES[row['measure']].title:<32.32} {_written(row, 'value'):>20} {ends}".rstrip()
    if told["targets"]:
        met = sum(bool(row["is_met"]) for row in told["targets"])
        yield ""
        yield f"Targets: {met} of {len(told['targets'])} met"


def _written(row: Row, name: str) -> str:
    value, unit = row[name], row["unit"]
    if unit == "of 1":
        return percent(value)
    if MEASURES[row["measure"]].unit != "currency":
        return count(round(value, 1))
    places = len(decimal_text(0, unit).partition(".")[2])
    return money(f"{value:.{places}f}", unit)


def _ends(row: Row) -> str:
    """Return the interval in brackets; nothing where there is none."""
    if row["low"] is None or row["high"] is None:
        return ""
    return f"({_written(row, 'low')}\u2013{_written(row, 'high')})"
