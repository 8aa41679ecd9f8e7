"""The figures about persons, surveys and targets, read from the marts into plain data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import PRESETS
from jalon.report.marts.channel_places import in_order, place
from jalon.report.marts.shapes import NONE
from jalon.report.people.personas import FEWEST_SHOWN

Row = dict[str, Any]


def told_of_people(engine: Engine, marts: Mapping[str, Table]) -> Row:
    """Return what is measured per stage, answers to surveys, personas with their maps, and targets."""

    def rows(name: str) -> list[Row]:
        return [_plain(row) for row in engine.dicts(marts[name])]

    stages = {stage.id: at for at, stage in enumerate(PRESETS["canonical"])}
    measured = sorted(
        rows("rpt_stage_measures"), key=lambda row: (stages[row["stage"]], row["position"], row["member"])
    )
    personas = sorted(rows("dim_personas"), key=lambda row: row["position"])
    return {
        "stage_measures": measured,
        "surveys": sorted(rows("rpt_surveys"), key=lambda row: [row[n] for n in marts["rpt_surveys"].columns[:4]]),
        "purchase_models": sorted(
            rows("rpt_purchase_models"), key=lambda row: (row["model"], row["currency"], row["parameter"])
        ),
        "personas": [row for row in personas if row["persona"] != NONE],
        "persona_maps": _maps(rows("rpt_persona_map"), personas),
        "targets": sorted(rows("rpt_targets"), key=lambda row: row["position"]),
    }


def _plain(row: Row) -> Row:
    """Return numbers that JSON knows, and nothing in the place of `NONE`, but for what names the row itself."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return None if value == NONE and name != "persona" else value


def _maps(cells: list[Row], personas: list[Row]) -> Row:
    """Return per persona that enough persons are, and stage model, the map: stages, channels in order, cells."""
    names = [row["persona"] for row in personas if (row["persons"] or 0) >= FEWEST_SHOWN and not row["is_proposed"]]
    return {
        name: {preset: _map(preset, [cell for cell in cells if cell["persona"] == name]) for preset in PRESETS}
        for name in names
        if name != NONE
    }


def _map(preset: str, cells: list[Row]) -> Row:
    """Return one map, without the cells of too few persons."""
    own = [cell for cell in cells if cell["preset"] == preset and not cell["too_few"]]
    met: dict[str, int] = {}
    for cell in own:
        met[cell["channel"]] = met.get(cell["channel"], 0) + cell["touchpoints"]
    figures = ("touchpoints", "persons", "persons_onward")
    return {
        "stages": [{"id": stage.id, "english": stage.english, "french": stage.french} for stage in PRESETS[preset]],
        "channels": [{"id": channel, "group": place(channel)[0]} for channel in in_order(met, met)],
        "cells": {f"{cell['channel']}/{cell['stage']}": {name: cell[name] for name in figures} for cell in own},
    }
