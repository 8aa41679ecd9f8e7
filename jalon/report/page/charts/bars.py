"""Bars: amounts over weeks, lists with their ranges, and several amounts of the same things beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jalon.report.page.charts.options import AROUND, BAR, Chart, across, along, chart, interval

MODE_COLOURS = {"native": "k1", "linked": "k2", "communication": "k3"}
"""Selling mode -> its colour."""


def stacked(label: str, weeks: Sequence[str], amounts: Mapping[str, tuple[str, list[float]]], unit: str) -> Chart:
    """Return amounts per week, one part on the other. `amounts`: name of a part -> its colour, and one per week."""
    series = [
        {"type": "bar", "stack": "all", "name": name, "color": colour, "data": data, "barCategoryGap": "22%"}
        for name, (colour, data) in amounts.items()
    ]
    return chart(label, along(weeks, series), unit=unit, height=260)


def ranked(
    label: str,
    amounts: Sequence[tuple[str, float]],
    unit: str,
    *,
    of: str,
    ends: tuple[str, Sequence[tuple[float, float] | None]] | None = None,
) -> Chart:
    """Return names with their amounts, the first on top; `ends`: what their intervals are called, and these."""
    bars = {"type": "bar", "name": of, "color": "k1", "data": [amount for _, amount in amounts], "barMaxWidth": 18}
    series = [bars] if ends is None else [bars, interval(*ends)]
    names = [name for name, _ in amounts]
    return chart(label, across(names, series), unit=unit, height=BAR * len(amounts) + AROUND)


def compared(
    label: str, names: Sequence[str], amounts: Mapping[str, tuple[str, list[float | None]]], unit: str
) -> Chart:
    """Return several amounts of each name, below each other. `amounts`: what they are -> colour, and one per name."""
    series = [
        {"type": "bar", "name": name, "color": colour, "data": ["-" if one is None else one for one in data]}
        for name, (colour, data) in amounts.items()
    ]
    return chart(label, across(names, series), unit=unit, height=(18 * len(series) + 16) * len(names) + AROUND)
