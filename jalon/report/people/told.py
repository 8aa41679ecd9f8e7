"""The figures about persons, surveys and targets, read from the marts into plain data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import PRESETS
from jalon.report.marts.shapes import NONE

Row = dict[str, Any]


def told_of_people(engine: Engine, marts: Mapping[str, Table]) -> Row:
    """Return what is measured per stage, answers to surveys, personas, and targets."""

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
        "targets": sorted(rows("rpt_targets"), key=lambda row: row["position"]),
    }


def _plain(row: Row) -> Row:
    """Return numbers that JSON knows, and nothing in the place of `NONE`, but for what names the row itself."""
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return None if value == NONE and name != "persona" else value
