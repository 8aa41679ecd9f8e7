"""How people move between stages: what each touchpoint of a known person was followed by.

A touchpoint is followed by the same person's next one, in the order of (time, touch_uid), however much later that was.
What no rule gives a stage is passed over. A last touchpoint was followed by nothing: not yet, if what is known ends
less than a look-back window later, else by nothing at all.

How long the ways take is in `stage_times`, where journeys without a sale ended in `drop_offs`.

Persons are counted by what they did: of each person there are two numbers whose bits say which stage was followed by
which. How many persons have which numbers is soon few rows, and the moves of every stage model come from those. So one
pass over the touchpoints serves all of them.
"""

from __future__ import annotations

from collections import Counter
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
_VALUES = tuple(column for column in CUTS.values() if column)
KEY = (*CUT, "from_stage", "to_stage")
TRANSITIONS = {
    **dict.fromkeys(KEY, "string"),
    **dict.fromkeys(("from_position", "to_position", "touchpoints", "persons", "persons_from"), "int64"),
}
_FOLLOWS = (*MEMBERS, NOT_YET, NOWHERE)
"""What a touchpoint can be followed by, by number; the first of them are what it can be itself."""
_PER_WORD = 62 // len(_FOLLOWS)
"""Of so many members what they were followed by has room in one number."""
_WORDS = tuple(f"word_{number}" for number in range(-(-len(MEMBERS) // _PER_WORD)))


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
    moves = engine.dicts(followed.group_by(*_VALUES, "own", "onward").agg(touchpoints=followed.own.count()))
    did = engine.keep("did", _did(followed))
    alike = engine.keep("alike", ibis.union(*(_alike(did, cut) for cut in CUTS)))
    persons = engine.dicts(_persons_by_mask(alike.op()))
    engine.drop("followed", "did", "alike")
    rows = list(_rows(moves, persons))
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in TRANSITIONS.items()]))
    told = engine.take("transitions", data if rows else None, TRANSITIONS)
    return told.mutate(share=(told.persons / told.persons_from).cast("decimal(10, 9)"))


_ARROW = {"string": pa.string(), "int64": pa.int64()}


def _followed(way: Table, over: int) -> Table:
    """Return each touchpoint with the numbers of what it is itself, and of what followed it (`_FOLLOWS`)."""
    numbers = [(way.member == name, number) for number, name in enumerate(MEMBERS)]
    coded = way.mutate(own=ibis.cases(*numbers).cast("int64"))
    in_order = ibis.window(group_by=coded.person, order_by=[coded["at"], coded.touch_uid])
    ends = ibis.ifelse(coded["at"] >= over, _FOLLOWS.index(NOT_YET), _FOLLOWS.index(NOWHERE)).cast("int64")
    onward = ibis.coalesce(coded.own.lead().over(in_order), ends)
    return coded.select("person", *_VALUES, "own", onward=onward)


def _did(followed: Table) -> Table:
    """Return the bits of what each person did in each channel and selling mode."""
    bit = (followed.own % _PER_WORD) * len(_FOLLOWS) + followed.onward
    bits = ibis.literal(1).cast("int64") << bit
    word = followed.own // _PER_WORD
    told = followed.mutate(**{name: ibis.ifelse(word == number, bits, 0) for number, name in enumerate(_WORDS)})
    return told.group_by("person", *_VALUES).agg(**{name: bit_or(told[name]) for name in _WORDS})


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def bit_or(bits: int) -> int:  # type: ignore[empty-body]
    """Return the bits that any row has. Both engines have it by this name, which ibis does not know of Spark."""


def _alike(did: Table, cut: str) -> Table:
    """Count the persons who did the same, cut one way."""
    column = CUTS[cut]
    valued = did.mutate(cut=ibis.literal(cut), value=did[column] if column else ibis.literal(""))
    each = valued.group_by("cut", "value", "person").agg(**{name: bit_or(valued[name]) for name in _WORDS})
    return each.group_by("cut", "value", *_WORDS).agg(persons=each.person.count())


@lru_cache(maxsize=4)
def _persons_by_mask(alike: Node) -> Table:
    """Count persons by `key`: what followed when they were in one of a set of members (bits), and that set's number."""
    table = alike.to_expr()
    assert isinstance(table, Table)
    counts = []
    for number, members in enumerate(_SETS):
        bits = reduce(or_, (_onward(table, name) for name in members))
        keyed = table.group_by("cut", "value", key=bits * len(_SETS) + number)
        counts.append(keyed.agg(persons=table.persons.sum().cast("int64")))
    return ibis.union(*counts)


def _onward(alike: Table, member: str) -> ibis.Value:
    """Return the bits of what a member was followed by."""
    word, place = divmod(MEMBERS.index(member), _PER_WORD)
    return (alike[_WORDS[word]] >> (place * len(_FOLLOWS))) & ((1 << len(_FOLLOWS)) - 1)


def _mask(names: tuple[str, ...]) -> int:
    """Return the bits of some of `_FOLLOWS`."""
    return sum(1 << _FOLLOWS.index(name) for name in names)


def _rows(moves: list[dict[str, Any]], persons: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of stages that somebody went through."""
    did: dict[tuple[str, str], dict[tuple[str, ...], list[tuple[int, int]]]] = {}
    for row in persons:
        bits, number = divmod(row["key"], len(_SETS))
        did.setdefault((row["cut"], row["value"]), {}).setdefault(_SETS[number], []).append((bits, row["persons"]))
    often: dict[tuple[str, str], Counter[tuple[int, int]]] = {key: Counter() for key in did}
    for move, (cut, column) in product(moves, CUTS.items()):
        often[cut, move[column] if column else ""][move["own"], move["onward"]] += move["touchpoints"]
    for (cut, value), by_set in did.items():
        for preset in PRESETS:
            for found in _of(preset, often[cut, value], by_set):
                yield {"preset": preset, "cut": cut, "value": value, **found}


def _of(
    preset: str, often: Counter[tuple[int, int]], by_set: dict[tuple[str, ...], list[tuple[int, int]]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one stage model and one value of a cut."""
    stages = PRESETS[preset]
    for (low, start), (high, end) in product(enumerate(stages), enumerate((*stages, *ENDS))):
        own, onward = _mask(start.members), _mask(end.members)
        if persons := sum(count for bits, count in by_set[start.members] if bits & onward):
            yield {
                "from_stage": start.id, "to_stage": end.id,
                "from_position": low, "to_position": min(high, len(stages)),
                "touchpoints": sum(n for (was, came), n in often.items() if own >> was & 1 and onward >> came & 1),
                "persons": persons, "persons_from": sum(count for bits, count in by_set[start.members] if bits),
            }  # fmt: skip
