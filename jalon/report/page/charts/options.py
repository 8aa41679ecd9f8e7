"""What all charts of the page have in common: their data for the script that draws them, and their axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from jalon.normalize.money import EXPONENTS
from jalon.report.page.charts.assets import embedded
from jalon.report.words import plain

Option = dict[str, Any]
"""An option of the chart library: https://echarts.apache.org/en/option.html. Colours are names of the page's own."""
NAME = 60
"""Signs of a foreign name that a chart has room for."""
BAR, AROUND = 30, 34
"""Pixels of height: of a bar across, and of what is around all of them."""


class Chart(NamedTuple):
    """What a template needs to place a chart: the sentence that stands for it, and what draws it."""

    label: str
    data: Markup


def chart(label: str, option: Option, *, unit: str, height: int) -> Chart:
    """Return a chart. `unit`: ISO 4217 code of money, `percent` of shares of 1, empty of counts; `height` in pixels."""
    return Chart(label, embedded({"option": option, "unit": unit, "height": height}))


def major(minor: int, currency: str) -> float:
    """Return minor units as a number to be drawn."""
    return float(minor) / float(10 ** EXPONENTS.get(currency, 0))


def name(text: str) -> str:
    """Return a foreign text as a chart shows it."""
    return plain(text, NAME)


def across(names: Sequence[str], series: Sequence[Mapping[str, Any]]) -> Option:
    """Return an option whose categories stand below each other, the first on top, and whose values go to the right."""
    axis = {"axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": "line"}}}
    return {
        "grid": _grid(8),
        "yAxis": {"type": "category", "inverse": True, "data": [name(text) for text in names], **axis},
        "xAxis": {"type": "value", "splitNumber": 4, "splitLine": {"lineStyle": {"color": "line"}}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "series": list(series),
    }


def along(names: Sequence[str], series: Sequence[Mapping[str, Any]]) -> Option:
    """Return an option whose categories stand beside each other, as days do, and whose values go up."""
    axis = {"axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": "line"}}}
    return {
        "grid": _grid(14),
        "xAxis": {"type": "category", "data": list(names), **axis},
        "yAxis": {"type": "value", "splitNumber": 4, "splitLine": {"lineStyle": {"color": "line"}}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "series": list(series),
    }


def interval(name: str, ends: Sequence[tuple[float, float] | None]) -> Option:
    """Return the series of an interval beside each category; None: it has none."""
    data = [[place, *pair] for place, pair in enumerate(ends) if pair is not None]
    return {"type": "custom", "name": name, "data": data, "encode": {"x": [1, 2], "y": 0}, "color": "ink", "z": 3}


def _grid(top: int) -> Option:
    return {
        "left": 4,
        "right": 22,
        "top": top,
        "bottom": 4,
        "outerBoundsMode": "same",
        "outerBoundsContain": "axisLabel",
    }
