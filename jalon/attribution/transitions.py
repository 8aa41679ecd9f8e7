"""How people move between stages: what each touchpoint of a known person was followed by.

A touchpoint is followed by the same person's next one, in the order of (time, touch_uid), however much later that was.
What no rule gives a stage is passed over. A last touchpoint was followed by nothing: not yet, if what is known ends
less than a look-back window later, else by nothing at all.

How long the ways take is in `stage_times`, where journeys without a sale ended in `drop_offs`.

Persons are counted in sets: of each person and stage there is a number whose bits say what it was followed by, and how
many persons have which number is all that leaves the engine. So one pass over the touchpoints serves all stage models.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import product
from operator import or_
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.operations import Node
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
_SETS = tuple(dict.fromkeys(stage.members for stages in PRESETS.values() for stage in stages))
"""What stages there are, by their members: stage models have many in common."""


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
    """Return, as `TRANSITIONS`, how many touchpoints in one stage were followed by one in another.

    `persons` had such a touchpoint, of the `persons_from` who were in `from_stage`; `share` is the one by the other.
    The shares of a stage sum to more than 1 where persons were in it more than once.
    """
    followed = engine.keep("followed", _followed(on_the_way(touches), until - lookback))
    once = engine.keep("moves_of_persons", ibis.union(*(_once(followed, cut) for cut in CUTS)))
    moves = engine.dicts(once.group_by("cut", "value", "own", "onward").agg(touchpoints=once.touchpoints.sum()))
    masks = {name: once.onward.sum(where=once.own == _mask((name,))) for name in MEMBERS}
    by_person = engine.keep("masks_of_persons", once.group_by("cut", "value", "person").agg(**masks))
    persons = engine.dicts(_persons_by_mask(by_person.op()))
    engine.drop("followed", "moves_of_persons", "masks_of_persons")
    rows = list(_rows(moves, persons))
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in TRANSITIONS.items()]))
    told = engine.take("transitions", data if rows else None, TRANSITIONS)
    return told.mutate(share=(told.persons / told.persons_from).cast("decimal(10, 9)"))


_ARROW = {"string": pa.string(), "int64": pa.int64()}


def _followed(way: Table, over: int) -> Table:
    """Return each touchpoint with the bits of what it is itself, and of what followed it."""
    bits = [(way.member == name, _mask((name,))) for name in MEMBERS]
    coded = way.mutate(own=ibis.cases(*bits, else_=0).cast("int64"))
    in_order = ibis.window(group_by=coded.person, order_by=[coded["at"], coded.touch_uid])
    ends = ibis.ifelse(coded["at"] >= over, _mask((NOT_YET,)), _mask((NOWHERE,))).cast("int64")
    onward = ibis.coalesce(coded.own.lead().over(in_order), ends)
    return coded.select("person", "channel", "selling_mode", "own", onward=onward)


def _mask(names: tuple[str, ...]) -> int:
    """Return the bits of some of `_FOLLOWS`."""
    return sum(1 << _FOLLOWS.index(name) for name in names)


def _once(followed: Table, cut: str) -> Table:
    """Return each person's moves once, cut one way; so that bits of a person may be summed up."""
    column = CUTS[cut]
    valued = followed.mutate(cut=ibis.literal(cut), value=followed[column] if column else ibis.literal(""))
    return valued.group_by("cut", "value", "person", "own", "onward").agg(touchpoints=valued.own.count())


@lru_cache(maxsize=4)
def _persons_by_mask(masks: Node) -> Table:
    """Count persons by `key`: what they did after being in a set of members (bits), and the number of that set."""
    by_person = masks.to_expr()
    assert isinstance(by_person, Table)
    counts = []
    for number, members in enumerate(_SETS):
        bits = reduce(or_, (ibis.coalesce(by_person[name], 0) for name in members))
        keyed = by_person.group_by("cut", "value", key=bits * len(_SETS) + number)
        counts.append(keyed.agg(persons=by_person.person.count()))
    return ibis.union(*counts)


def _rows(moves: list[dict[str, Any]], persons: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of stages that somebody went through."""
    did: dict[tuple[str, str], dict[tuple[str, ...], list[tuple[int, int]]]] = {}
    for row in persons:
        bits, number = divmod(row["key"], len(_SETS))
        did.setdefault((row["cut"], row["value"]), {}).setdefault(_SETS[number], []).append((bits, row["persons"]))
    for (cut, value), by_set in did.items():
        own = [move for move in moves if (move["cut"], move["value"]) == (cut, value)]
        for preset in PRESETS:
            for found in _of(preset, own, by_set):
                yield {"preset": preset, "cut": cut, "value": value, **found}


def _of(
    preset: str, moves: list[dict[str, Any]], by_set: dict[tuple[str, ...], list[tuple[int, int]]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one stage model and one value of a cut."""
    stages = PRESETS[preset]
    for (low, start), (high, end) in product(enumerate(stages), enumerate((*stages, *ENDS))):
        own, onward = _mask(start.members), _mask(end.members)
        if persons := sum(count for bits, count in by_set[start.members] if bits & onward):
            yield {
                "from_stage": start.id, "to_stage": end.id,
                "from_position": low, "to_position": min(high, len(stages)),
                "touchpoints": sum(m["touchpoints"] for m in moves if m["own"] & own and m["onward"] & onward),
                "persons": persons, "persons_from": sum(count for bits, count in by_set[start.members] if bits),
            }  # fmt: skip
