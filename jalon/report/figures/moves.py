"""How people move between stages, as figures: what they do next, how long it takes, where they stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import PRESETS
from jalon.attribution.stages import AFTER_SALES

Row = dict[str, Any]


def moved(engine: Engine, marts: Mapping[str, Table]) -> Row:
    """Return per stage model the rows of the marts about moves, over all channels and modes."""
    transitions, ended = marts["fct_stage_transitions"], marts["rpt_drop_offs"]
    nexts = engine.dicts(transitions.filter(transitions.cut == "all").drop("cut", "value"))
    times, ends = (
        engine.dicts(marts["rpt_stage_times"]),
        engine.dicts(ended.filter(ended.cut == "all").drop("cut", "value")),
    )
    tables = {"next": nexts, "times": times, "ended": ends}
    return {
        preset: {
            name: [_plain(row) for row in sorted(rows, key=_place) if row["preset"] == preset]
            for name, rows in tables.items()
        }
        for preset in PRESETS
    }


def after_sales(engine: Engine, touches: Table) -> Row:
    """Return per kind of touchpoint that comes of a sale the platforms that tell of it; of none told there is none."""
    own = touches.filter(touches.is_counted & touches.kind.isin(AFTER_SALES))
    pairs = {(row["kind"], row["platform"]) for row in engine.dicts(own.select("kind", "platform").distinct())}
    found = {kind: sorted(platform for of, platform in pairs if of == kind) for kind in AFTER_SALES}
    return {kind: platforms for kind, platforms in found.items() if platforms}


def _place(row: Row) -> tuple[Any, ...]:
    names = ("from_position", "to_position", "to_stage", "stage_position", "state")
    return tuple(row[name] for name in names if name in row)


def _plain(row: Row) -> Row:
    """Return shares as floats, without what is told beside."""
    shares = {name: float(row[name]) for name in ("share", "share_in_window") if name in row}
    return {name: value for name, value in row.items() if name != "preset"} | shares
