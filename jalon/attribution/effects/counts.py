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

from jalon.attribution.codes import BEFORE, before, names_of
from jalon.attribution.effects.choice import FOLDS
from jalon.attribution.engine import Engine
from jalon.attribution.groups import group


class Way(NamedTuple):
    """Steps of all journeys (`journey`, `person_group`, `is_end`, `converted`, `code`, the codes `BEFORE` it), and
    what the codes mean: `channels[code - 1]`."""

    steps: Table
    channels: list[str]


def way(engine: Engine, steps: Table, open_steps: Table, codes: Table, name: str = "way") -> Way:
    """Return the steps of journeys to sales, which are kept under a name, and of open ones; as `journeys` returns them.

    Open ones are read where they are: there are too many to write them once more.
    """
    led = with_before(steps, codes, steps.order_uid)
    led = engine.keep(name, _told(led, led.order_uid, converted=True))
    both = led.union(_told(open_steps, open_steps.journey_id, converted=False))
    channels = names_of(engine, codes)
    met = engine.rows(both.select("code").distinct().order_by("code"))["code"].to_pylist()
    if len(met) < len(channels):  # what `skip` left out of all journeys
        both, channels = _renumbered(both, met), [channels[code - 1] for code in met]
    return Way(both, channels)


def with_before(steps: Table, codes: Table, journey: ibis.Value) -> Table:
    """Add to steps that have a `channel` its `code`, and the codes `BEFORE` it on its journey."""
    joined = steps.mutate(of=journey).join(codes, "channel")
    in_order = ibis.window(group_by=joined["of"], order_by=joined.position)
    return joined.mutate(**before(joined, in_order, ibis.row_number().over(in_order) + 1)).drop("of")


def _told(steps: Table, journey: ibis.Value, converted: bool) -> Table:
    return steps.select(
        "code", *BEFORE,
        journey=journey,
        person_group=group(ibis.coalesce(steps.person, journey)).cast("int16"),
        is_end=steps.position == steps.touches,
        converted=ibis.literal(converted),
    )  # fmt: skip


def _renumbered(steps: Table, met: list[int]) -> Table:
    rows = [(code, place) for place, code in enumerate(met, 1)]
    return steps.mutate(**{name: steps[name].cases(*rows, else_=0).cast("int32") for name in ("code", *BEFORE)})


def counted_steps(engine: Engine, met: Way) -> pa.Table:
    """Return the distinct (fold, four channels before, channel), with `often`, `ends` and `converts`, in that order."""
    return _counted(engine, met.steps.mutate(fold=fold(met.steps.person_group)), ("fold", *BEFORE, "code"))


def counted_in_groups(engine: Engine, met: Way) -> pa.Table:
    """Return the same of the distinct (person_group, channel before, channel)."""
    return _counted(engine, met.steps, ("person_group", BEFORE[-1], "code"))


def _counted(engine: Engine, steps: Table, keys: tuple[str, ...]) -> pa.Table:
    found = steps.group_by(*keys).agg(
        often=steps.code.count(),
        ends=steps.is_end.cast("int64").sum(),
        converts=(steps.is_end & steps.converted).cast("int64").sum(),
    )
    return engine.rows(found.order_by(*keys).cast(dict.fromkeys(keys, "int64")))


def fold(person_group: ibis.Value) -> ibis.Value:
    """Return the fifth of the persons that a group belongs to."""
    return person_group % FOLDS


def counted_channels(engine: Engine, met: Way) -> pa.Table:
    """Return for each code how many `steps` and `journeys` met it."""
    steps = met.steps
    found = steps.group_by("code").agg(steps=steps.code.count(), journeys=steps.journey.nunique())
    return engine.rows(found.order_by("code"))
