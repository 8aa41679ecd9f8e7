"""The counterfactual adjusted Shapley value: what a touchpoint earned, less what doing nothing in its place earned.

A journey is a row of moments: its touchpoints, and its quiet days, whole days after a touchpoint in which no other came
(until the sale, else until the look-back window is over or the facts end). The player of a touchpoint is its stage and
channel; that of a quiet day is doing nothing at the stage of the touchpoint before it. A set of players wins the sales
whose journeys met no others. Of such a game the Shapley value φ splits each sale alike over its distinct players (the
unique-uniform scheme). With n moments of a player in all journeys, those that led to no sale among them,

    ψ(stage, channel) = φ(stage, channel) - n(stage, channel) φ(stage, nothing) / n(stage, nothing),

which counts as zero below zero: what those moments would have earned had nothing been done belongs to nobody, and so
does what quiet days earn themselves. After Singal, Besbes, Désir, Goyal and Iyengar, Management Science 68 (2022)
7457-7479, who show that in a Markov model of users this value is an adjusted unique-uniform scheme. What their states
and moments without action are in facts, stages and quiet days, is decided here.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.effects import jackknife
from jalon.attribution.effects.finding import DIGITS
from jalon.attribution.engine import Engine
from jalon.attribution.groups import GROUPS, group
from jalon.attribution.hazard.watched import is_heard, window_of
from jalon.attribution.journeys import Journeys
from jalon.attribution.leaving import PARTS, Found, Weigher, not_learnt, why_not, with_left
from jalon.attribution.money import divided
from jalon.attribution.options import Options
from jalon.normalize.times import DAY

NAME = "shapley_counterfactual"
WHOLE = 2**31
"""Into so many parts each sale is split while its players' earnings are summed; a hundred million sales fit 64 bits."""
_LEFT = {"stage": "string", "channel": "string", "left": "int64"}


class Players(NamedTuple):
    """Per player, quiet ones apart: `stage` (P,) its number, `channel` (P,) its number, and by group of persons how
    many moments it had and what it earned, `many` and `earned` (256, P); of stages `quiet` and `quiet_earned`
    (256, S)."""

    stages: list[str]
    channels: list[str]
    stage: np.ndarray
    channel: np.ndarray
    many: np.ndarray
    earned: np.ndarray
    quiet: np.ndarray
    quiet_earned: np.ndarray


def find(engine: Engine, journeys: Journeys, options: Options) -> Found:
    """Return what touchpoints of each channel brought, in sales, and what weighs journeys by it."""
    met = engine.keep("players", _players(_moments(_heard(engine, journeys, options))))
    many = engine.dicts(met.agg(journeys=met.journey.nunique(), sales=met.journey.nunique(where=met.sold)))[0]
    if because := why_not(many["journeys"], many["sales"]):
        engine.drop("players")
        return not_learnt(many["journeys"], many["sales"], because)
    found = _counted(engine, met)
    effects = _effects(engine, met, found, many["sales"] / many["journeys"])
    told = {"journeys": many["journeys"], "conversions": many["sales"], "learnt": True, **_told(found)}
    engine.drop("players")
    return Found(effects, told, Weigher(partial(_weighed, _left(engine, found)), "organic"))


def _heard(engine: Engine, journeys: Journeys, options: Options) -> Table:
    """Return the steps of all journeys but those that are known because an order states them: of journeys that led to
    none no such step is stated. Journeys with as many steps as are looked at are machines'."""
    usable = journeys.touches.filter(is_heard(journeys.touches))
    stage = usable.select("touch_uid", stage=ibis.coalesce(usable.stage, ""))
    led = journeys.steps.select(
        "touch_uid", "had_at", "position", "touches", "channel",
        journey="order_uid",
        person_group=group(ibis.coalesce(journeys.steps.person, journeys.steps.order_uid)),
        ends="placed_at",
        sold=ibis.literal(True),
    )  # fmt: skip
    left = journeys.open_steps.join(journeys.codes, "code").select(
        "touch_uid", "had_at", "position", "touches", "channel",
        journey="journey_id",
        person_group=group(journeys.open_steps.person),
        ends=_over(engine, journeys, options),
        sold=ibis.literal(False),
    )  # fmt: skip
    both = led.union(left)
    return both.filter(both.touches < options.max_touches).join(stage, "touch_uid")


def _over(engine: Engine, journeys: Journeys, options: Options) -> ibis.Value:
    """Return when an open journey is over, from a step of it that is the last."""
    steps, open_steps = journeys.steps, journeys.open_steps
    sold = engine.dicts(steps.agg(at=steps.placed_at.max()))[0]["at"]
    met = engine.dicts(open_steps.agg(at=open_steps.had_at.max()))[0]["at"]
    return ibis.least(open_steps.had_at + window_of(options, NAME), max(sold or 0, met or 0))


def _moments(steps: Table) -> Table:
    """Add to each step the `quiet` days after it, until the next one or else the end of the journey."""
    in_order = ibis.window(group_by=steps.journey, order_by=steps.position)
    until = ibis.coalesce(steps.had_at.lead().over(in_order), steps.ends)
    return steps.mutate(quiet=divided(ibis.greatest(until - steps.had_at, 0), ibis.literal(DAY, "int64")))


def _players(moments: Table) -> Table:
    """Return the distinct players of each journey, with `many` moments; doing nothing is the channel null. `players`:
    how many the journey has."""
    keys = ("journey", "person_group", "sold", "stage")
    acted = moments.select(*keys, "channel", many=ibis.literal(1, "int64"))
    still = moments.filter(moments.quiet > 0)
    still = still.select(*keys, channel=ibis.null("string"), many="quiet")
    both = acted.union(still)
    each = both.group_by(*keys, "channel").agg(many=both.many.sum())
    return each.mutate(players=each.stage.count().over(group_by=each.journey))


def _counted(engine: Engine, met: Table) -> Players:
    share = divided(ibis.literal(WHOLE, "int64"), met.players)
    sums = met.group_by("person_group", "stage", "channel").agg(
        many=met.many.sum().cast("int64"),
        earned=ibis.ifelse(met.sold, share, 0).sum().cast("int64"),
    )
    rows = engine.rows(sums.order_by("person_group", "stage", "channel"))
    met_by = list(zip(rows["stage"].to_pylist(), rows["channel"].to_pylist(), strict=True))
    stages = sorted({stage for stage, _ in met_by})
    acting = sorted(player for player in set(met_by) if player[1] is not None)
    channels = sorted({channel for _, channel in acting})
    place = {player: number for number, player in enumerate([*acting, *((stage, None) for stage in stages)])}
    many, earned = np.zeros((2, GROUPS, len(place)))
    at = rows["person_group"].to_numpy(), np.array([place[player] for player in met_by], np.int64)
    many[at], earned[at] = rows["many"].to_numpy(), rows["earned"].to_numpy() / WHOLE
    stage = np.array([stages.index(name) for name, _ in acting], np.int64)
    channel = np.array([channels.index(name) for _, name in acting], np.int64)
    (many, quiet), (earned, quiet_earned) = (np.split(sums, [len(acting)], axis=1) for sums in (many, earned))
    return Players(stages, channels, stage, channel, many, earned, quiet, quiet_earned)


def adjusted(found: Players, groups: np.ndarray) -> np.ndarray:
    """Return ψ of each player, from the groups of persons whose weight is not zero; below zero where it is."""
    many, earned, quiet, quiet_earned = (
        groups @ column for column in (found.many, found.earned, found.quiet, found.quiet_earned)
    )
    by_nothing = np.divide(quiet_earned, quiet, out=np.zeros_like(quiet), where=quiet > 0)
    value: np.ndarray = earned - many * by_nothing[found.stage]
    return value


def _per_touch(found: Players, groups: np.ndarray) -> np.ndarray:
    """Return what a touchpoint of each channel brought, in sales."""
    size = len(found.channels)
    many = np.bincount(found.channel, groups @ found.many, size)
    brought = np.bincount(found.channel, adjusted(found, groups), size)
    return np.divide(brought, many, out=np.zeros(size), where=many > 0)


def _effects(engine: Engine, met: Table, found: Players, base_rate: float) -> dict[str, list[Any]]:
    all_groups = np.ones(GROUPS)
    value = _per_touch(found, all_groups)
    without = np.array([_per_touch(found, all_groups - one) for one in np.eye(GROUPS)])
    ends = jackknife.ends(value, without)
    acted = met.filter(met.channel.notnull())
    by_channel = acted.group_by("channel").agg(journeys=acted.journey.nunique(), steps=acted.many.sum().cast("int64"))
    rows = engine.rows(by_channel.order_by("channel"))
    return {
        "channel": found.channels,
        "effect": _rounded(np.maximum(value, 0.0)),
        "low": _rounded(ends.low),
        "high": _rounded(ends.high),
        "half_life_days": [None] * len(value),
        "steps": rows["steps"].to_pylist(),
        "journeys": rows["journeys"].to_pylist(),
        "base_rate": [round(base_rate, DIGITS)] * len(value),
    }


def _told(found: Players) -> dict[str, Any]:
    """Return what the card of the run says: what quiet days earn at each stage, and who does less than they."""
    quiet, earned = found.quiet.sum(axis=0), found.quiet_earned.sum(axis=0)
    value = adjusted(found, np.ones(GROUPS))
    named = [f"{found.stages[s]}/{found.channels[c]}" for s, c in zip(found.stage, found.channel, strict=True)]
    return {
        "organic_share": round(1 - float(np.maximum(value, 0.0).sum() / (found.earned.sum() + earned.sum())), DIGITS),
        "quiet": {
            name: {"days": int(quiet[i]), "sales_per_day": round(float(earned[i] / quiet[i]), DIGITS)}
            for i, name in enumerate(found.stages)
            if quiet[i]
        },
        "below_zero": {named[i]: round(float(value[i]), DIGITS) for i in np.flatnonzero(np.round(value, DIGITS) < 0)},
    }


class Left(NamedTuple):
    """What of its share a step has, in parts of `PARTS`: kept rows (`stage`, `channel`, `left`), and what a player has
    that earned nothing in what was heard: as much as all have together."""

    of: Table
    unheard: int


def _left(engine: Engine, found: Players) -> Left:
    earned, value = found.earned.sum(axis=0), np.maximum(adjusted(found, np.ones(GROUPS)), 0.0)
    together = value.sum() / earned.sum() if earned.any() else 0.0
    left = np.divide(value, earned, out=np.full(len(value), together), where=earned > 0)
    columns = {
        "stage": pa.array([found.stages[i] for i in found.stage], pa.string()),
        "channel": pa.array([found.channels[i] for i in found.channel], pa.string()),
        "left": pa.array(np.rint(left * PARTS).astype(np.int64), pa.int64()),
    }
    return Left(engine.take("players_left", pa.table(columns), _LEFT), round(together * PARTS))


def _weighed(left: Left, features: Table) -> Table:
    """Split each order alike over its players; a step has its part of what its player has left of that."""
    steps = features.select(
        "touch_uid", "had_at", "position", "channel",
        journey="order_uid",
        person_group=ibis.literal(0, "int64"),
        ends="placed_at",
        sold=ibis.literal(True),
        stage=ibis.coalesce(features.stage, ""),
    )  # fmt: skip
    players = _players(_moments(steps))
    acted = players.filter(players.channel.notnull()).select("journey", "stage", "channel", "many", "players")
    each = steps.join(acted, ["journey", "stage", "channel"]).left_join(left.of, ["stage", "channel"])
    points = divided(ibis.coalesce(each.left, left.unheard), each.players * each.many)
    given = each.select("touch_uid", order_uid="journey", points=points)
    return with_left(features, given.filter(given.points > 0))


def _rounded(values: np.ndarray) -> list[float | None]:
    """Return None for what is not known."""
    return [None if np.isnan(value) else round(float(value), DIGITS) for value in values]
