"""Points: shares with how sure they are, and how far several models are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jalon.report.page.charts.options import AROUND, BAR, Chart, across, chart, interval

POINTS = {"type": "scatter", "itemStyle": {"opacity": 1}}


class Rate(NamedTuple):
    """A share of 1 by name, with the ends of its interval."""

    name: str
    share: float
    ends: tuple[float, float] | None


def rates(label: str, shares: Sequence[Rate], *, of: str, ends: str) -> Chart:
    """Return shares as points on the lines of their intervals."""
    points = {
        **POINTS,
        "name": of,
        "color": "k1",
        "symbolSize": 11,
        "data": _placed([one.share for one in shares]),
    }
    option = across([one.name for one in shares], [interval(ends, [one.ends for one in shares]), points])
    option["xAxis"]["min"] = 0
    return chart(label, option, unit="percent", height=BAR * len(shares) + AROUND)


class Spread(NamedTuple):
    """What models say of one thing: name of a model -> amount."""

    name: str
    amounts: dict[str, float]


def spread(label: str, spreads: Sequence[Spread], unit: str, *, chosen: str, between: str) -> Chart:
    """Return what each model says of each thing, the chosen one marked, and a line from the least to the most."""
    ends = [(min(one.amounts.values()), max(one.amounts.values())) for one in spreads]
    others = [
        {"value": [amount, place], "told": f"{one.name}, {model}"}
        for place, one in enumerate(spreads)
        for model, amount in one.amounts.items()
        if model != chosen
    ]
    marked = [
        {"value": [one.amounts[chosen], place], "told": f"{one.name}, {chosen}"}
        for place, one in enumerate(spreads)
        if chosen in one.amounts
    ]
    option = across(
        [one.name for one in spreads],
        [
            {**interval(between, ends), "color": "k3"},
            {**POINTS, "color": "k3", "symbolSize": 8, "data": others},
            {
                **POINTS,
                "color": "k1",
                "symbolSize": 14,
                "symbol": "diamond",
                "data": marked,
            },
        ],
    )
    option["tooltip"] = {"trigger": "item"}
    return chart(label, option, unit=unit, height=BAR * len(spreads) + AROUND)


def _placed(shares: Sequence[float]) -> list[list[float]]:
    return [[share, place] for place, share in enumerate(shares)]
