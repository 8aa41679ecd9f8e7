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
from jalon.attribution.groups import group

_BEFORE = tuple(f"before_{n}" for n in range(MAX_ORDER, 0, -1))


class Way(NamedTuple):
    """Kept steps of all journeys (`journey`, `person_group`, `is_end`, `converted`, `code`, the codes before it), and
    what the codes mean: `channels[code - 1]`."""

    steps: Table
    channels: list[str]


def way(engine: Engine, steps: Table, open_steps: Table, name: str = "way") -> Way:
    """Return and keep, under a name, the steps of journeys to sales and of open ones, told apart by `channel`."""
    led = _told(steps, steps.order_uid, converted=True)
    met = led.union(_told(open_steps, open_steps.journey_id, converted=False))
    names = engine.rows(met.select("channel").distinct().order_by("channel"))["channel"].to_pylist()
    codes = pa.table({"channel": names, "code": range(1, len(names) + 1)}, _CODES)
    coded = met.join(engine.take(f"{name}_codes", codes, {"channel": "string", "code": "int64"}), "channel")
    return Way(engine.keep(name, _with_before(coded.drop("channel"))), names)


_CODES = pa.schema([("channel", pa.string()), ("code", pa.int64())])


def _told(steps: Table, journey: ibis.Value, converted: bool) -> Table:
    return steps.select(
        "position", "channel",
        journey=journey,
        person_group=group(ibis.coalesce(steps.person, journey)).cast("int16"),
        is_end=steps.position == steps.touches,
        converted=ibis.literal(converted),
    )  # fmt: skip


def _with_before(steps: Table) -> Table:
    """Add what was met before, 0 where nothing was."""
    in_order = ibis.window(group_by=steps.journey, order_by=steps.position)
    before = {name: ibis.coalesce(steps.code.lag(_ago(name)).over(in_order), 0).cast("int32") for name in _BEFORE}
    return steps.mutate(**before).drop("position")


def counted_steps(engine: Engine, met: Way) -> pa.Table:
    """Return the distinct (fold, four channels before, channel), with `often`, `ends` and `converts`, in that order."""
    return _counted(engine, met.steps.mutate(fold=fold(met.steps.person_group)), ("fold", *_BEFORE, "code"))


def counted_in_groups(engine: Engine, met: Way) -> pa.Table:
    """Return the same of the distinct (person_group, channel before, channel)."""
    return _counted(engine, met.steps, ("person_group", _BEFORE[-1], "code"))


def _counted(engine: Engine, steps: Table, keys: tuple[str, ...]) -> pa.Table:
    found = steps.group_by(*keys).agg(
        often=steps.code.count(),
        ends=steps.is_end.cast("int64").sum(),
        converts=(steps.is_end & steps.converted).cast("int64").sum(),
    )
    return engine.rows(found.order_by(*keys).cast(dict.fromkeys(keys, "int64")))


def _ago(name: str) -> int:
    return int(name.rpartition("_")[2])


def fold(person_group: ibis.Value) -> ibis.Value:
    """Return the fifth of the persons that a group belongs to."""
    return person_group % FOLDS


def counted_channels(engine: Engine, met: Way) -> pa.Table:
    """Return for each code how many `steps` and `journeys` met it."""
    steps = met.steps
    found = steps.group_by("code").agg(steps=steps.code.count(), journeys=steps.journey.nunique())
    return engine.rows(found.order_by("code"))
