"""What models learn from, counted where the rows are: steps with the channels before them, and sets of channels.

Only these counts leave the engine. A journey is one to a sale, which converted, or an open one, which did not; of a
sale that was cancelled later the way was the same, so it counts. Person and journey are told by id, channels by whole
numbers from 1, in the order of their names.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects.chains import MAX_ORDER
from jalon.attribution.effects.choice import FOLDS
from jalon.attribution.engine import Engine
from jalon.attribution.groups import part

_BEFORE = tuple(f"before_{n}" for n in range(MAX_ORDER, 0, -1))


class Way(NamedTuple):
    """Kept steps of all journeys (`journey`, `person`, `position`, `is_end`, `converted`, `code`), and what the codes
    mean: `channels[code - 1]`."""

    steps: Table
    channels: list[str]


def way(engine: Engine, steps: Table, open_steps: Table, touches: Table) -> Way:
    """Return and keep the steps of journeys to sales and of open ones."""
    led = _told(steps, steps.order_uid, converted=True)
    left = _told(open_steps, open_steps.journey_id, converted=False)
    met = led.union(left).join(touches.select("touch_uid", "channel"), "touch_uid")
    met = engine.keep("met", met.drop("touch_uid"))
    names = engine.rows(met.select("channel").distinct().order_by("channel"))["channel"].to_pylist()
    codes = pa.table({"channel": names, "code": range(1, len(names) + 1)}, _CODES)
    coded = met.join(engine.take("codes", codes, {"channel": "string", "code": "int64"}), "channel")
    kept = engine.keep("way", coded.drop("channel"))
    engine.drop("met")
    return Way(kept, names)


_CODES = pa.schema([("channel", pa.string()), ("code", pa.int64())])


def _told(steps: Table, journey: ibis.Value, converted: bool) -> Table:
    return steps.select(
        "touch_uid", "position",
        journey=journey,
        person=ibis.coalesce(steps.person, journey),
        is_end=steps.position == steps.touches,
        converted=ibis.literal(converted),
    )  # fmt: skip


def counted_steps(engine: Engine, met: Way) -> pa.Table:
    """Return the distinct (fold, four channels before, channel), with `often`, `ends` and `converts`, in that order."""
    steps = met.steps
    in_order = ibis.window(group_by=steps.journey, order_by=steps.position)
    before = {name: ibis.coalesce(steps.code.lag(_ago(name)).over(in_order), 0) for name in _BEFORE}
    folds = steps.select("person").distinct()
    folds = folds.select(who="person", fold=fold(folds.person))
    each = steps.select("person", "code", "is_end", "converted", **before)
    rows = each.join(folds, each.person == folds.who)
    keys = ("fold", *_BEFORE, "code")
    found = rows.group_by(*keys).agg(
        often=rows.code.count(),
        ends=rows.is_end.cast("int64").sum(),
        converts=(rows.is_end & rows.converted).cast("int64").sum(),
    )
    return engine.rows(found.order_by(*keys))


def _ago(name: str) -> int:
    return int(name.rpartition("_")[2])


def fold(person: ibis.Value) -> ibis.Value:
    """Return the fifth of the persons that one belongs to."""
    return part(person, FOLDS)


def counted_sets(engine: Engine, met: Way, players: dict[int, int]) -> pa.Table:
    """Return the distinct sets of players that journeys met, with `journeys` and `conversions`; the set is a bit mask.

    `players` maps the codes of channels to bits.
    """
    table = pa.table({"code": list(players), "bit": [1 << bit for bit in players.values()]}, _BITS)
    bits = engine.take("players", table, {"code": "int64", "bit": "int64"})
    each = met.steps.join(bits, "code").select("journey", "converted", "bit").distinct()
    sets = each.group_by("journey", "converted").agg(mask=each.bit.sum())
    found = sets.group_by("mask").agg(journeys=sets.journey.count(), conversions=sets.converted.cast("int64").sum())
    return engine.rows(found.order_by("mask"))


_BITS = pa.schema([("code", pa.int64()), ("bit", pa.int64())])


def counted_channels(engine: Engine, met: Way) -> pa.Table:
    """Return for each code how many `steps` and `journeys` met it."""
    steps = met.steps
    found = steps.group_by("code").agg(steps=steps.code.count(), journeys=steps.journey.nunique())
    return engine.rows(found.order_by("code"))
