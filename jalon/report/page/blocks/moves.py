"""How people move, for reading."""

from __future__ import annotations

from collections.abc import Mapping

from jalon.attribution.presets import PRESETS, PresetStage
from jalon.attribution.transitions import ENDS
from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.shades import shade
from jalon.report.page.charts.flows import Flow, flow
from jalon.report.page.charts.options import Chart
from jalon.report.page.language import N_, Language

KINDS = {
    "delivery": N_("deliveries"),
    "support": N_("support"),
    "return_requested": N_("returns asked for"),
    "refund": N_("refunds"),
    "survey": N_("surveys"),
}
"""Kind of touchpoint that comes of a sale -> what people call it."""


def prepared(told: Row, say: Language) -> Row:
    """Return per stage model what people did next, how long it took, where they stopped."""
    moves = {preset: arranged(preset, one, say) for preset, one in told["moves"].items()}
    known = _known(told["after_sales"], say)
    days = say.days(told["card"]["lookback_days"])
    drawn = {preset: _chart(one, told["moves"][preset]["next"], say) for preset, one in moves.items()}
    return {
        "moves": {
            preset: {
                **one,
                "says": _says(one, days, say),
                "chart": drawn[preset],
                "service": _service(preset, one, known, say),
            }
            for preset, one in moves.items()
        }
    }


def arranged(preset: str, moves: Row, say: Language) -> Row:
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
                "cells": [_cell(cells.get((start, stage["id"]))) for stage in across],
            }
            for start, persons in begun.items()
        ],
        "times": [_time(row, names, say) for row in _told_times(moves)],
        "ended": _ended(moves["ended"], names, say),
    }


def _known(after_sales: Row, say: Language) -> str:
    """Say which platforms tell of which kinds of touchpoint that come of a sale."""
    told = (
        say._("%(kind)s by %(platforms)s", kind=say.known(KINDS[kind]), platforms=", ".join(map(say.label, platforms)))
        for kind, platforms in after_sales.items()
    )
    return " \u00b7 ".join(told)


def _service(preset: str, one: Row, known: str, say: Language) -> str:
    """Say, where a way to the service after the sale is shown, that only what a source tells of can be on it."""
    (stage,) = (stage for stage in PRESETS[preset] if "service" in stage.members)
    name = say.stage({"english": stage.english, "french": stage.french})
    if not known or all(row["end"] != name for row in one["times"]):
        return ""
    return say._(
        "%(stage)s is seen only where a source tells of it: %(known)s. Who bought elsewhere is not seen to come there "
        "by these.",
        stage=name,
        known=known,
    )


def _all(preset: str) -> tuple[PresetStage, ...]:
    return (*PRESETS[preset], *ENDS)


def _cell(row: Row | None) -> Row:
    if row is None:
        return {"heat": 0, "share": None, "persons": 0}
    return {"heat": shade(row["share"]), "share": row["share"], "persons": row["persons"]}


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


def _chart(one: Row, following: list[Row], say: Language) -> Chart | None:
    """Return the flow from stages to what came next; None where nobody moved."""
    names = {stage["id"]: say.stage(stage) for stage in one["stages"]}
    flows = [Flow(0, names[row["from_stage"]], names[row["to_stage"]], row["touchpoints"]) for row in following]
    label = say._("Touchpoints by stage to the left, and what followed them to the right")
    return flow(label, flows, others=say._("All others"), most=len(names)) if flows else None


def _says(one: Row, days: str, say: Language) -> str:
    """Return what to read from the moves of one stage model: the way of most people, and where most stop."""
    said = []
    if one["times"]:
        said.append(_way(max(one["times"], key=lambda row: row["persons"]), days, say))
    if one["ended"]:
        most = max(one["ended"], key=lambda row: row["journeys"])
        said.append(
            say._(
                "Of journeys that ended without a sale, the most (%(share)s) got to %(stage)s.",
                share=say.percent(most["share"]),
                stage=most["stage"],
            )
        )
    return " ".join(said)


def _way(row: Row, days: str, say: Language) -> str:
    """Say how many take the way that most persons are on, and how long half of all need, where half get there."""
    told = {
        "persons": say.persons(row["persons"]),
        "start": row["start"],
        "end": row["end"],
        "share": say.percent(row["share_in_window"]),
        "days": days,
    }
    if row["minutes_50"] is None:
        return say._("Of %(persons)s at %(start)s, %(share)s come to %(end)s within %(days)s.", **told)
    return say._(
        "Of %(persons)s at %(start)s, %(share)s come to %(end)s within %(days)s; half of all are there after %(time)s.",
        time=row["after_50"],
        **told,
    )
