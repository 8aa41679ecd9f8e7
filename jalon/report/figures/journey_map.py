"""Journey maps as figures: per stage model its stages, its channels in order, its cells and the credit in them."""

from __future__ import annotations

from typing import Any

from jalon.attribution.presets import PRESETS
from jalon.report.marts.channel_places import in_order, place
from jalon.report.marts.shapes import NONE
from jalon.report.people.personas import FEWEST_SHOWN

Row = dict[str, Any]
SEGMENTS = ("new", "returning")
"""Whose maps are shown beside that of everybody."""


def by_preset(cells: list[Row], credit: list[Row]) -> Row:
    """Return the map of each stage model, of rows of `rpt_journey_map` and `rpt_journey_credit`."""
    return {preset: _one_map(preset, cells, credit) for preset in PRESETS}


def of_segments(cells: list[Row]) -> Row:
    """Return per segment that was met its map in each stage model, of rows of `rpt_segment_map`; without credit."""
    own = {segment: [cell for cell in cells if cell["segment"] == segment] for segment in SEGMENTS}
    return {segment: by_preset(met, []) for segment, met in own.items() if met}


def of_personas(cells: list[Row], personas: list[Row]) -> Row:
    """Return the maps of each persona that enough persons are, of rows of `rpt_persona_map` and `dim_personas`.

    Cells of fewer than `FEWEST_SHOWN` persons are left out, and so is credit.
    """
    shown = [cell for cell in cells if not cell["too_few"]]
    names = [row["persona"] for row in sorted(personas, key=lambda row: row["position"]) if _is_told(row)]
    return {name: by_preset([cell for cell in shown if cell["persona"] == name], []) for name in names}


def _is_told(persona: Row) -> bool:
    is_declared = persona["persona"] != NONE and not persona["is_proposed"]
    return bool(is_declared and (persona["persons"] or 0) >= FEWEST_SHOWN)


def _one_map(preset: str, cells: list[Row], credit: list[Row]) -> Row:
    own = [cell for cell in cells if cell["preset"] == preset]
    stages: list[Row] = [
        {"id": stage.id, "english": stage.english, "french": stage.french} for stage in PRESETS[preset]
    ]
    if any(cell["stage"] == "unknown" for cell in own):
        stages.append({"id": "unknown", "english": "No rule fits", "french": "Sans étape"})
    return {
        "stages": stages,
        "channels": [{"id": channel, "group": place(channel)[0]} for channel in _in_order(own)],
        "cells": {f"{cell['channel']}/{cell['stage']}": cell for cell in own},
        "credit": [row for row in credit if row["preset"] == preset],
    }


def _in_order(cells: list[Row]) -> list[str]:
    """Order channels by their place; those without one of their own by touchpoints."""
    met: dict[str, int] = {}
    for cell in cells:
        met[cell["channel"]] = met.get(cell["channel"], 0) + cell["touchpoints"]
    return in_order(met, met)
