"""Counting where the rows are what the additive hazard is fitted to; only sums, and what preceded sales, come out."""

from __future__ import annotations

from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.groups import GROUPS
from jalon.attribution.hazard.fitting import BINS, Data, Events, Touches, Watched, bins
from jalon.attribution.hazard.watched import STRATA, journeys_of, steps_of, window_of, with_watched
from jalon.attribution.journeys import Journeys
from jalon.attribution.options import Options
from jalon.normalize.times import DAY

MOST = 1_500_000
"""So many pairs of a sale and a touchpoint before it are learnt from at most; of more, those of the first groups."""


class Unit(NamedTuple):
    """What has a rate of its own: a channel, or a sign of intent."""

    name: str
    causes: bool


class Counted(NamedTuple):
    """`data`: of sales. `signs`: the same of each sign of intent, in the place of sales. `steps` and `met`: how many
    touchpoints of each unit there are, and journeys with it. `journeys` and `sales`: how many are heard. `groups`: of
    persons, that were learnt from."""

    units: list[Unit]
    data: Data
    signs: dict[str, Data]
    steps: list[int]
    met: list[int]
    journeys: int
    sales: int
    groups: int


class _Kept(NamedTuple):
    engine: Engine
    steps: Table
    journeys: Table
    window: int


def counted(engine: Engine, journeys: Journeys, options: Options) -> Counted:
    """Return all that is fitted to."""
    window = window_of(options)
    steps = steps_of(journeys, options)
    heard = engine.keep("hazard_steps", steps.filter(steps.heard).drop("heard"))
    until = _end(engine, heard)
    told = engine.keep("hazard_journeys", with_watched(journeys_of(heard), until, window))
    units = _units(engine, heard)
    coded = _coded(engine, heard, told, units)
    pairs = engine.rows(_by_group(coded))
    groups = _groups(pairs)
    kept = _Kept(engine, engine.keep("hazard_coded", coded.filter(coded.group < groups)), told, window)
    causes = np.array([unit.causes for unit in units], dtype=bool)
    data = Data(_sales(kept), _touches(kept, until), _days(kept, groups), causes, len(STRATA), window / DAY)
    signs = {unit.name: data._replace(events=_signs(kept, code)) for code, unit in enumerate(units) if not unit.causes}
    by_unit = _by_unit(engine, coded, len(units))
    many = engine.dicts(told.agg(journeys=told.journey.count(), sales=told.sold_at.count()))[0]
    engine.drop("hazard_steps", "hazard_units", "hazard_coded", "hazard_journeys")
    return Counted(units, data, signs, *by_unit, many["journeys"], many["sales"], groups)


def _end(engine: Engine, steps: Table) -> int:
    """Return when the facts end: the newest touchpoint or sale."""
    last = engine.dicts(steps.agg(touch=steps.had_at.max(), sale=steps.sold_at.max()))[0]
    return max(last["touch"] or 0, last["sale"] or 0)


def _units(engine: Engine, steps: Table) -> list[Unit]:
    rows = engine.dicts(steps.select(name="unit", causes="causes").distinct())
    return sorted(Unit(row["name"], row["causes"]) for row in rows)


def _coded(engine: Engine, steps: Table, journeys: Table, units: list[Unit]) -> Table:
    named = pa.table(
        {"name": [unit.name for unit in units], "is_cause": [unit.causes for unit in units], "code": range(len(units))},
        pa.schema([("name", pa.string()), ("is_cause", pa.bool_()), ("code", pa.int64())]),
    )
    codes = engine.take("hazard_units", named, {"name": "string", "is_cause": "boolean", "code": "int64"})
    known = journeys.select("journey", "group", "stratum", "first_at")
    joined = steps.join(codes, (steps.unit == codes.name) & (steps.causes == codes.is_cause))
    return joined.drop("name", "is_cause", "unit", "is_customer").join(known, "journey")


def _by_unit(engine: Engine, steps: Table, size: int) -> tuple[list[int], list[int]]:
    """Return of each unit how many touchpoints there are, and how many journeys with it."""
    counts = steps.group_by("code").agg(steps=steps.touch_uid.count(), met=steps.journey.nunique())
    found = {row["code"]: row for row in engine.dicts(counts)}
    return [found[code]["steps"] for code in range(size)], [found[code]["met"] for code in range(size)]


def _by_group(steps: Table) -> Table:
    led = steps.filter(steps.sold_at.notnull())
    return led.group_by("group").agg(pairs=led.journey.count())


def _groups(pairs: pa.Table) -> int:
    """Return how many of the groups of persons may be learnt from."""
    many = np.bincount(pairs["group"].to_numpy(), pairs["pairs"].to_numpy(), GROUPS)
    return max(int(np.searchsorted(np.cumsum(many), MOST, side="right")), 1)


def _sales(kept: _Kept) -> Events:
    """Return the sales with what preceded each, in the order of their journeys' names."""
    sold = kept.steps.filter(kept.steps.sold_at.notnull())
    rows = sold.select("journey", "group", "stratum", "code", age=sold.sold_at - sold.had_at)
    fresh = rows.filter(rows.age <= kept.window)
    return _events(kept, fresh.order_by("journey", "code", "age"))


def _signs(kept: _Kept, code: int) -> Events:
    """Return the signs of a kind that came later on their journey than its first touchpoint, with what preceded each.

    The first touchpoint of a journey is nobody's doing, since watching begins with it. Signs before a sign are heard,
    as they are before a sale: who comes often by itself comes again.
    """
    steps = kept.steps
    signs = steps.filter((steps.code == code) & (steps.had_at > steps.first_at))
    signs = signs.select("journey", "group", "stratum", sign="touch_uid", shown_at="had_at")
    before = steps.select("journey", "touch_uid", "code", "had_at", "own_window")
    met = signs.join(before, "journey")
    age = met.shown_at - met.had_at
    heard = (age >= 0) & (age <= met.own_window) & (met.touch_uid != met.sign)
    rows = met.select(
        "group", "stratum",
        journey=met.journey + "/" + met.sign,
        code=ibis.ifelse(heard, met.code, ibis.null("int64")),
        age=ibis.ifelse(heard, age, ibis.null("int64")),
    )  # fmt: skip
    return _events(kept, rows.order_by("journey", "code", "age"))


def _events(kept: _Kept, rows: Table) -> Events:
    """Number the events; a row without a channel is an event that nothing preceded."""
    found = kept.engine.rows(rows)
    names = found["journey"].combine_chunks().dictionary_encode()
    number = names.indices.to_numpy(zero_copy_only=False)
    first = np.unique(number, return_index=True)[1]
    by = {name: found[name].to_numpy()[first].astype(np.int64) for name in ("stratum", "group")}
    known = found["code"].is_valid().to_numpy(zero_copy_only=False)
    code, age = (found.filter(found["code"].is_valid())[name].to_numpy() for name in ("code", "age"))
    return Events(by["stratum"], by["group"], number[known], code * BINS + bins(age, kept.window))


def binned(age: ibis.Value, window: int) -> ibis.Value:
    """Return the bins of ages in the engine, as `fitting.bins` does."""
    return ibis.least(((age / window).sqrt() * BINS).floor().cast("int64"), BINS - 1)


def _touches(kept: _Kept, until: int) -> Touches:
    """Count the touchpoints by how long their effect was watched: until the sale, the end of their window or of the
    facts."""
    steps = kept.steps
    end = ibis.coalesce(steps.sold_at, until)
    seen = ibis.greatest(ibis.least(end - steps.had_at, steps.own_window), 0)
    rows = steps.select("group", "code", seen=seen).mutate(bin=binned(seen, kept.window))
    sums = rows.group_by("group", "code", "bin").agg(many=rows.seen.count(), whole=rows.seen.sum())
    found = kept.engine.rows(sums.order_by("group", "code", "bin"))
    group, code, many, whole = (found[name].to_numpy() for name in ("group", "code", "many", "whole"))
    return Touches(group, code, many.astype(float), whole / many / DAY)


def _days(kept: _Kept, groups: int) -> Watched:
    journeys = kept.journeys.filter(kept.journeys.group < groups)
    sums = journeys.group_by("group", "stratum").agg(whole=journeys.watched.sum())
    found = kept.engine.rows(sums.order_by("group", "stratum"))
    group, stratum, whole = (found[name].to_numpy() for name in ("group", "stratum", "whole"))
    return Watched(group, stratum, whole / DAY)
