"""Where journeys that led to no sale ended: how far they got, in which channel they stopped, whether anybody came back.

A journey is over when it has paused for longer than the look-back window; until then it may still lead somewhere. How
far it got is the furthest of the stages that lead to a purchase; of customers who came near none of them, what they did
last on the list `REACHED`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.modes import MODES
from jalon.attribution.presets import PRESETS
from jalon.attribution.stages import UNKNOWN
from jalon.attribution.transitions import CUT, CUTS

REACHED = (
    *(UNKNOWN, "purchase", "service", "loyalty", "advocacy"),
    *("awareness", "discovery", "consideration", "decision"),
)
"""Canonical stages by how near to a purchase they are."""
STATES = ("over", "open")
KEY = (*CUT, "stage", "state")
_COUNTS = ("journeys", "touchpoints", "returned")
DROP_OFFS = {**dict.fromkeys(KEY, "string"), **dict.fromkeys(("stage_position", *_COUNTS), "int64")}


def drop_offs(engine: Engine, open_steps: Table, touches: Table, until: int, lookback: int) -> Table:
    """Return, as `DROP_OFFS`, how many journeys without a sale got to a stage and no further.

    The channel is that of their last touchpoint, the selling mode the strongest of their touchpoints'. `returned` are
    those after which the person was seen again.
    """
    journeys = _journeys(open_steps, touches, until, lookback)
    counted = journeys.group_by("channel", "selling_mode", "reached", "state").agg(
        journeys=journeys.state.count(), touchpoints=journeys.touchpoints.sum(), returned=journeys.returned.sum()
    )
    rows = list(_rows(engine.dicts(counted)))
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in DROP_OFFS.items()]))
    return engine.take("drop_offs", data if rows else None, DROP_OFFS)


_ARROW = {"string": pa.string(), "int64": pa.int64()}


def _rows(ended: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Sum the journeys up for every stage model and cut."""
    sums: Counter[tuple[str, ...]] = Counter()
    for row, preset, (cut, column) in product(ended, PRESETS, CUTS.items()):
        stage = next((stage.id for stage in PRESETS[preset] if row["reached"] in stage.members), UNKNOWN)
        key = (preset, cut, row[column] if column else "", stage, row["state"])
        sums.update({(*key, name): row[name] for name in _COUNTS})
    for own in dict.fromkeys(key[: len(KEY)] for key in sums):
        preset, stage = own[0], own[KEY.index("stage")]
        places = [known.id for known in PRESETS[preset]]
        place = places.index(stage) if stage in places else len(places)
        counts = {name: sums[*own, name] for name in _COUNTS}
        yield {**dict(zip(KEY, own, strict=True)), "stage_position": place, **counts}


def _journeys(open_steps: Table, touches: Table, until: int, lookback: int) -> Table:
    """Return one row per journey: how far it got, where it stopped, whether it is over, whether the person returned."""
    steps = open_steps.join(touches.select("touch_uid", "channel", "stage", "selling_mode"), "touch_uid")
    reached, mode = _rank(steps.stage, REACHED), _rank(steps.selling_mode, MODES[::-1])
    far = steps.group_by("journey_id").agg(reached=reached.max(), mode=mode.max(), touchpoints=steps.touch_uid.count())
    last = steps.filter(steps.position == steps.touches).select("journey_id", "person", "channel", last_at="had_at")
    seen = touches.group_by(seen="person").agg(seen_at=touches.occurred_at.max())
    found = far.join(last, "journey_id").left_join(seen, last.person == seen.seen)
    return found.select(
        "channel", "touchpoints",
        reached=_named(found.reached, REACHED),
        selling_mode=_named(found.mode, MODES[::-1]),
        state=ibis.ifelse(found.last_at < until - lookback, "over", "open"),
        returned=ibis.coalesce(found.seen_at > found.last_at, False).cast("int64"),
    )  # fmt: skip


def _rank(value: ibis.Value, names: tuple[str, ...]) -> ibis.Value:
    return ibis.cases(*((value == name, place) for place, name in enumerate(names)), else_=0).cast("int64")


def _named(rank: ibis.Value, names: tuple[str, ...]) -> ibis.Value:
    return ibis.cases(*((rank == place, name) for place, name in enumerate(names)), else_=names[0])
