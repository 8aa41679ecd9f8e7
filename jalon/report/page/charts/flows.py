"""Flows from step to step (Sankey): the wider a band, the more went that way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jalon.report.page.charts.options import Chart, Option, chart, name

NODES = 8
"""Places of a step that are shown; all others are one."""
PLACE = 34


class Flow(NamedTuple):
    """How many went from a place of a step to a place of the next; steps are counted from the left."""

    step: int
    start: str
    end: str
    number: int


def flow(label: str, flows: Iterable[Flow], *, others: str, last: str | None = None, most: int = NODES) -> Chart:
    """Return a flow. Places are named by their step too, so that no flow comes back to where it was.

    `others` is what places are called for which there is no room beside `most` of a step; `last` the place that all
    ways lead to, if one is.
    """
    links = _capped(list(flows), others, most)
    steps = [[one.step + side for one in links] for side in (0, 1)]
    end = max(steps[1], default=0)
    nodes = sorted({(one.step + side, (one.start, one.end)[side]) for one in links for side in (0, 1)})
    tallest = max((sum(step == own for own, _ in nodes) for step, _ in nodes), default=1)
    series = {
        "type": "sankey",
        "nodeAlign": "right",
        "left": 2, "right": 2, "top": 6, "bottom": 6,
        "nodeWidth": 14, "nodeGap": 10,
        "draggable": False,
        "lineStyle": {"color": "k3", "opacity": 0.3},
        "emphasis": {"focus": "adjacency"},
        "data": [_place(step, place, ends_all=place == last, ends=step == end) for step, place in nodes],
        "links": [_band(one) for one in links],
    }  # fmt: skip
    return chart(label, {"tooltip": {}, "series": [series]}, unit="", height=max(220, PLACE * tallest + 30))


def _place(step: int, place: str, *, ends_all: bool, ends: bool) -> Option:
    return {
        "name": _node(step, place),
        "title": name(place),
        "told": name(place),
        "itemStyle": {"color": "k1" if ends_all else "k3"},
        "label": _label(ends_all, ends),
    }


def _band(one: Flow) -> Option:
    return {
        "source": _node(one.step, one.start),
        "target": _node(one.step + 1, one.end),
        "value": one.number,
        "told": f"{name(one.start)} → {name(one.end)}",
    }


def _label(ends_all: bool, ends: bool) -> Option:
    """Return where the name of a place stands: where all ways end, along it, since there is no other at its step."""
    if ends_all:
        return {"position": "inside", "rotate": 90, "color": "card", "fontSize": 11}
    return {"position": "left" if ends else "right"}


def _node(step: int, place: str) -> str:
    return f"{step}/{place}"


def _capped(flows: list[Flow], others: str, most: int) -> list[Flow]:
    """Return the flows with the places of each step beyond its `most` greatest as one."""
    sizes: dict[int, dict[str, int]] = {}
    for one in flows:
        for step, place in ((one.step, one.start), (one.step + 1, one.end)):
            of_step = sizes.setdefault(step, {})
            of_step[place] = of_step.get(place, 0) + one.number
    kept = {step: set(sorted(own, key=lambda place: (-own[place], place))[:most]) for step, own in sizes.items()}
    summed: dict[tuple[int, str, str], int] = {}
    for one in flows:
        start = one.start if one.start in kept[one.step] else others
        end = one.end if one.end in kept[one.step + 1] else others
        summed[one.step, start, end] = summed.get((one.step, start, end), 0) + one.number
    return [Flow(*key, number) for key, number in sorted(summed.items()) if number > 0]
