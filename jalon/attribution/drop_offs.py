"""Where journeys that led to no sale ended: how far they got, in which channel they stopped, whether anybody came back.

A journey is over when it has paused for longer than the look-back window; until then it may still lead somewhere. How
far it got is the furthest of the stages that lead to a purchase; of customers who came near none of them, what they did
last on the list `REACHED`.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.modes import MODES
from jalon.attribution.presets import PRESETS, position_in, stage_in
from jalon.attribution.stages import UNKNOWN
from jalon.attribution.transitions import CUT, CUTS, cut_value

REACHED = (
    *(UNKNOWN, "purchase", "service", "loyalty", "advocacy"),
    *("awareness", "discovery", "consideration", "decision"),
)
"""Canonical stages by how near to a purchase they are."""
STATES = ("over", "open")
KEY = (*CUT, "stage", "state")


def drop_offs(engine: Engine, open_steps: Table, touches: Table, until: int, lookback: int) -> Table:
    """Return and keep, per `KEY`, how many journeys without a sale got to that stage and no further.

    The channel is that of their last touchpoint, the selling mode the strongest of their touchpoints'. `returned` are
    those after which the person was seen again.
    """
    journeys = _journeys(open_steps, touches, until, lookback)
    counted = journeys.group_by("channel", "selling_mode", "reached", "state").agg(
        journeys=journeys.state.count(), touchpoints=journeys.touchpoints.sum(), returned=journeys.returned.sum()
    )
    counted = engine.keep("journeys_ended", counted)
    made = [_counted(counted, preset, cut) for preset in PRESETS for cut in CUTS]
    return engine.keep("drop_offs", ibis.union(*made))


def _journeys(open_steps: Table, touches: Table, until: int, lookback: int) -> Table:
    """Return one row per journey: how far it got, where it stopped, whether it is over, whether the person returned."""
    steps = open_steps.join(touches.select("touch_uid", "stage", "channel", "selling_mode"), "touch_uid")
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


def _counted(ended: Table, preset: str, cut: str) -> Table:
    """Sum the journeys up for one stage model, cut one way."""
    placed = ended.mutate(value=cut_value(ended, cut), stage=stage_in(ended.reached, preset))
    counted = placed.group_by("value", "stage", "state").agg(
        **{name: placed[name].sum() for name in ("journeys", "touchpoints", "returned")}
    )
    return counted.mutate(
        preset=ibis.literal(preset), cut=ibis.literal(cut), stage_position=position_in(counted.stage, preset)
    )
