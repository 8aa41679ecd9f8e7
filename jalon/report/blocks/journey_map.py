"""The journey map for reading: rows of cells, each with its shade and its credit per model and currency."""

from __future__ import annotations

import math
from collections.abc import Iterable

from jalon.attribution.stages import UNKNOWN
from jalon.report.blocks.block import Row
from jalon.report.channel_places import GROUPS
from jalon.report.language import Language
from jalon.report.words import decimal_text

HEATS = 8
"""Shades of the map, above none."""
GROUP_TITLES = dict(zip(GROUPS, ("Your own places", "Networks", "Other ways"), strict=True))


def prepared(told: Row, say: Language) -> Row:
    """Return per stage model the map arranged for reading."""
    return {"maps": {preset: _map(one) for preset, one in told["map"].items()}}


def _map(one: Row) -> Row:
    most = max((cell["touchpoints"] for cell in one["cells"].values()), default=0)
    last = [stage["id"] for stage in one["stages"] if stage["id"] != UNKNOWN][-1]
    credit: dict[str, list[Row]] = {}
    for row in one["credit"]:
        credit.setdefault(f"{row['channel']}/{row['stage']}", []).append(row)

    def told(channel: Row) -> Row:
        places = [(stage["id"], f"{channel['id']}/{stage['id']}") for stage in one["stages"]]
        cells = [
            _cell(one["cells"].get(place), most, credit.get(place, []), ends=stage == last) for stage, place in places
        ]
        total = _summed(row for cell in cells for row in cell["credit"])
        return {**channel, "group_title": GROUP_TITLES[channel["group"]], "cells": cells, "credit": total}

    return {"stages": one["stages"], "rows": [told(channel) for channel in one["channels"]]}


def _cell(cell: Row | None, most: int, credit: list[Row], *, ends: bool) -> Row:
    """Return one cell; its shade grows with the square root of its touchpoints, so that small ones are seen too."""
    if cell is None:
        return {"heat": 0, "touchpoints": 0, "credit": credit}
    return {
        "heat": math.ceil(HEATS * math.sqrt(cell["touchpoints"] / most)),
        "touchpoints": cell["touchpoints"],
        "persons": cell["persons"],
        "onward": None if ends or not cell["persons"] else cell["persons_onward"] / cell["persons"],
        "credit": credit,
    }


def _summed(rows: Iterable[Row]) -> list[Row]:
    """Add credit up per model and currency."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        own = sums.setdefault((row["model"], row["currency"]), [0, 0])
        own[0] += row["net_minor"]
        own[1] += row["modelled_minor"]
    return [
        {"model": model, "currency": currency, "net": decimal_text(net, currency), "modelled_minor": modelled}
        for (model, currency), (net, modelled) in sums.items()
    ]
