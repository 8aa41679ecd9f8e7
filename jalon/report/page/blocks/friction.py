"""Friction and delight: cells of the map from which clearly fewer, or more, persons go on than is usual there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jalon.report.page.blocks.block import Row
from jalon.report.wilson import wilson

SURE = 2.5758293035489004
"""A cell is marked where the 99 % interval of its share (Wilson) leaves the stage's out: a map has many cells, and at
90 % or 95 % chance alone would mark some on every map."""
FEW = 20
"""Of fewer persons nothing is marked: there the interval is narrower than it says."""
FRICTION, DELIGHT = "friction", "delight"


class Mark(NamedTuple):
    """What a cell is marked as, its interval, and the share of all channels at the stage."""

    kind: str
    low: float
    high: float
    usual: float


def marks(one: Row) -> Mapping[str, Mark]:
    """Return the marks of a map by `channel/stage`; its last stage, from which nobody goes on, has none."""
    found = {}
    for stage in one["stages"]:
        own = {place: cell for place, cell in one["cells"].items() if cell["stage"] == stage["id"]}
        persons = sum(cell["persons"] for cell in own.values())
        onward = sum(cell["persons_onward"] for cell in own.values())
        for place, cell in own.items():
            if onward and (mark := _mark(cell, onward / persons)):
                found[place] = mark
    return found


def _mark(cell: Row, usual: float) -> Mark | None:
    sure = wilson(cell["persons_onward"], cell["persons"], SURE)
    if sure is None or cell["persons"] < FEW or sure[0] <= usual <= sure[1]:
        return None
    return Mark(FRICTION if sure[1] < usual else DELIGHT, *sure, usual)
