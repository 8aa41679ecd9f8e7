"""How people move between stages, for the page: what they do next, how long it takes, where they stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import PRESETS, PresetStage
from jalon.attribution.transitions import ENDS
from jalon.report.page.language import Language

Row = dict[str, Any]


def moved(engine: Engine, told: Mapping[str, Table]) -> Row:
    """Return per stage model the rows of the marts about moves, over all channels and modes."""
    transitions, ended = told["fct_stage_transitions"], told["rpt_drop_offs"]
    nexts = engine.dicts(transitions.filter(transitions.cut == "all").drop("cut", "value"))
    times, ends = (
        engine.dicts(told["rpt_stage_times"]),
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


def _place(row: Row) -> tuple[Any, ...]:
    names = ("from_position", "to_position", "to_stage", "stage_position", "state")
    return tuple(row[name] for name in names if name in row)


def _plain(row: Row) -> Row:
    """Return shares as floats, without what is told beside."""
    shares = {name: float(row[name]) for name in ("share", "share_in_window") if name in row}
    return {name: value for name, value in row.items() if name != "preset"} | shares


def arranged(preset: str, moves: Row, heats: int, say: Language) -> Row:
    """Return what the page shows of one stage model: `stages` across, `rows` of cells, `times`, `ended`."""
    stages = {stage.id: {"id": stage.id, "english": stage.english, "french": stage.french} for stage in _all(preset)}
    names = {id: say.stage(stage) for id, stage in stages.items()}
    known = {row[end] for row in moves["next"] for end in ("from_stage", "to_stage")}
    across = [stage for id, stage in stages.items() if id in known]
    cells = {(row["from_stage"], row["to_stage"]): row for row in moves["next"]}
    begun = {row["from_stage"]: row["persons_from"] for row in moves["next"]}
    return {
        "stages": across,
        "rows": [
            {
                "id": start,
                "name": names[start],
                "persons": persons,
                "cells": [_cell(cells.get((start, stage["id"])), heats) for stage in across],
            }
            for start, persons in begun.items()
        ],
        "times": [_time(row, names, say) for row in _told_times(moves)],
        "ended": _ended(moves["ended"], names, say),
    }


def _all(preset: str) -> tuple[PresetStage, ...]:
    return (*PRESETS[preset], *ENDS)


def _cell(row: Row | None, heats: int) -> Row:
    """Return a share with its shade, which grows with the root of it, so that small ones are seen too."""
    if row is None:
        return {"heat": 0, "share": None, "persons": 0}
    return {"heat": math.ceil(heats * math.sqrt(row["share"])), "share": row["share"], "persons": row["persons"]}


def _told_times(moves: Row) -> list[Row]:
    """Return for each stage the way to the later stage that most people went to next; of several the nearest."""
    times = {(row["from_stage"], row["to_stage"]): row for row in moves["times"]}
    best: dict[str, Row] = {}
    for row in moves["next"]:
        start = row["from_stage"]
        is_way = (start, row["to_stage"]) in times
        if is_way and row["persons"] > best.get(start, {"persons": 0})["persons"]:
            best[start] = row
    return [times[start, row["to_stage"]] for start, row in best.items()]


def _time(row: Row, names: Mapping[str, str], say: Language) -> Row:
    quartiles = {f"after_{part}": say.duration(row[f"minutes_{part}"]) for part in (25, 50, 75)}
    ends = {"start": names[row["from_stage"]], "end": names[row["to_stage"]]}
    return {
        **ends,
        **quartiles,
        **{name: row[name] for name in ("persons", "reached", "minutes_50", "share_in_window")},
    }


def _ended(rows: list[Row], names: Mapping[str, str], say: Language) -> list[Row]:
    """Return the journeys that are over, by how far they got, and beside them those that are not."""
    over = [row for row in rows if row["state"] == "over"]
    waiting = {row["stage"]: row["journeys"] for row in rows if row["state"] == "open"}
    whole = sum(row["journeys"] for row in over)
    return [
        {
            "stage": names.get(row["stage"]) or say._("No rule fits"),
            "journeys": row["journeys"],
            "share": row["journeys"] / whole,
            "returned": row["returned"],
            "open": waiting.get(row["stage"], 0),
        }
        for row in over
    ]
