"""How people move between stages: what each touchpoint of a known person was followed by.

A touchpoint is followed by the same person's next one, in the order of (time, touch_uid), however much later that was.
What no rule gives a stage is passed over. A last touchpoint was followed by nothing: not yet, if what is known ends
less than a look-back window later, else by nothing at all.

How long the ways take is in `stage_times`, where journeys without a sale ended in `drop_offs`.

Persons are counted in sets: of each person and stage a number whose bits say what it was followed by. So one pass over
the touchpoints serves all stage models.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import MEMBERS, PRESETS, PresetStage, member_of
from jalon.attribution.stages import UNKNOWN

NOT_YET = "not_yet"
"""Followed by nothing so far, but the look-back window is not over."""
NOWHERE = "nowhere"
"""Followed by nothing in the look-back window."""
CUTS = {"all": None, "channel": "channel", "selling_mode": "selling_mode"}
"""What the tables are cut by -> the column of the touchpoint that tells it. Cuts overlap: choose one, then sum."""
CUT = ("preset", "cut", "value")
KEY = (*CUT, "from_stage", "to_stage")
TRANSITIONS = {
    **dict.fromkeys(KEY, "string"),
    **dict.fromkeys(("from_position", "to_position", "touchpoints", "persons", "persons_from"), "int64"),
}
_FOLLOWS = (*MEMBERS, NOT_YET, NOWHERE)
"""What a touchpoint can be followed by; the place of each is its bit."""


ENDS = (
    PresetStage(NOT_YET, "Nothing yet", "Rien encore", (NOT_YET,)),
    PresetStage(NOWHERE, "Nothing more", "Plus rien", (NOWHERE,)),
)
"""The ways to be followed by nothing, in the place of stages."""


def observed_until(engine: Engine, touches: Table, sales: Table) -> int:
    """Return when what is known ends: the newest touchpoint or order, but not later than the newest answer."""
    ends = touches.agg(happened=touches.occurred_at.max(), seen=touches.observed_at.max())
    ends = ends.union(sales.agg(happened=sales.placed_at.max(), seen=sales.observed_at.max()))
    row = engine.dicts(ends.agg(happened=ends.happened.max(), seen=ends.seen.max()))[0]
    return min(row["happened"] or 0, row["seen"] or 0)


def on_the_way(touches: Table) -> Table:
    """Return the touchpoints of known persons that have a stage: `person`, `member`, `at`, and what they are cut by."""
    known = touches.filter(touches.is_counted & touches.person.notnull() & (touches.stage != UNKNOWN))
    return known.select("person", "touch_uid", "channel", "selling_mode", at="occurred_at", member=member_of(known))


def transitions(engine: Engine, touches: Table, until: int, lookback: int) -> Table:
    """Return and keep, as `TRANSITIONS`, how many touchpoints in one stage were followed by one in another.

    `persons` had such a touchpoint, of the `persons_from` who were in `from_stage`; `share` is the one by the other.
    The shares of a stage sum to more than 1 where persons were in it more than once.
    """
    followed = engine.keep("followed", _followed(on_the_way(touches), until - lookback))
    rows = [row for cut in CUTS for row in _cut(engine, followed, cut)]
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in TRANSITIONS.items()]))
    told = engine.take("transitions", data if rows else None, TRANSITIONS)
    engine.drop("followed", "moves_of_persons", "masks_of_persons")
    return told.mutate(share=(told.persons / told.persons_from).cast("decimal(10, 9)"))


_ARROW = {"string": pa.string(), "int64": pa.int64()}


def _followed(way: Table, over: int) -> Table:
    """Return each touchpoint with the bits of what it is itself, and of what followed it."""
    bits = [(way.member == name, 1 << place) for place, name in enumerate(MEMBERS)]
    coded = way.mutate(own=ibis.cases(*bits, else_=0).cast("int64"))
    in_order = ibis.window(group_by=coded.person, order_by=[coded["at"], coded.touch_uid])
    ends = ibis.ifelse(coded["at"] >= over, _mask((NOT_YET,)), _mask((NOWHERE,))).cast("int64")
    onward = ibis.coalesce(coded.own.lead().over(in_order), ends)
    return coded.select("person", "channel", "selling_mode", "own", onward=onward)


def _mask(names: tuple[str, ...]) -> int:
    """Return the bits of some of `_FOLLOWS`."""
    return sum(1 << _FOLLOWS.index(name) for name in names)


def _cut(engine: Engine, followed: Table, cut: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of all stage models, cut one way."""
    valued = followed.mutate(value=cut_value(followed, cut))
    once = valued.group_by("value", "person", "own", "onward").agg(touchpoints=valued.own.count())
    once = engine.keep("moves_of_persons", once)
    moves = engine.dicts(once.group_by("value", "own", "onward").agg(touchpoints=once.touchpoints.sum()))
    masks = {name: once.onward.sum(where=once.own == _mask((name,))) for name in MEMBERS}
    by_person = engine.keep("masks_of_persons", once.group_by("value", "person").agg(**masks))
    for preset in PRESETS:
        for found in engine.dicts(_persons(by_person, preset)):
            own = [move for move in moves if move["value"] == found["value"]]
            yield from _rows({"preset": preset, "cut": cut, "value": found["value"]}, found, own)


def _persons(by_person: Table, preset: str) -> Table:
    """Count, per value of the cut, the persons in each stage of a model, and those who went from it to each."""
    stages = PRESETS[preset]
    sets = {stage.id: reduce(or_, (ibis.coalesce(by_person[name], 0) for name in stage.members)) for stage in stages}
    sums = {}
    for start in stages:
        sums[f"{start.id}>"] = (sets[start.id] != 0).cast("int64").sum()
        for end in (*stages, *ENDS):
            went = (sets[start.id] & _mask(end.members)) != 0
            sums[f"{start.id}>{end.id}"] = went.cast("int64").sum()
    return by_person.group_by("value").agg(**sums)


def _rows(names: dict[str, Any], found: dict[str, Any], moves: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of stages that somebody went through."""
    stages = PRESETS[names["preset"]]
    for low, start in enumerate(stages):
        for high, end in enumerate((*stages, *ENDS)):
            if persons := found[f"{start.id}>{end.id}"]:
                yield {
                    **names, "from_stage": start.id, "to_stage": end.id,
                    "from_position": low, "to_position": min(high, len(stages)),
                    "touchpoints": _touchpoints(moves, start, end), "persons": persons,
                    "persons_from": found[f"{start.id}>"],
                }  # fmt: skip


def _touchpoints(moves: list[dict[str, Any]], start: PresetStage, end: PresetStage) -> int:
    own, onward = _mask(start.members), _mask(end.members)
    return sum(move["touchpoints"] for move in moves if move["own"] & own and move["onward"] & onward)


def cut_value(table: Table, cut: str) -> ibis.Value:
    """Return what a row counts under in a cut; everything counts as one in the cut `all`."""
    column = CUTS[cut]
    return table[column] if column else ibis.literal("")
