"""How long the way from one stage to a later one takes, people who have not got there yet included.

Of everybody who was in one stage before they had been in the other, the time counts from when they were first in the
one until they were first in the other, or until what is known ends: these are censored. Quartiles and the share that
gets there are those of the curve of Kaplan and Meier (JASA 53 (1958) 457-481), so that they hold for people whose way
is not over too. A quartile that the curve does not reach is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import MEMBERS, PRESETS
from jalon.attribution.transitions import on_the_way

KEY = ("preset", "from_stage", "to_stage")
QUARTILES = (25, 50, 75)
STAGE_TIMES = {
    "preset": "string",
    "from_stage": "string",
    "to_stage": "string",
    "from_position": "int64",
    "to_position": "int64",
    "persons": "int64",
    "reached": "int64",
    **{f"minutes_{part}": "int64" for part in QUARTILES},
    "share_in_window": "float64",
}
"""`persons` were in the one stage first; `reached` of them have been in the other since."""
_MINUTE = 60_000_000
_FINE = 2 * 24 * 60
"""From so many minutes on, times are told in whole hours."""
_NEAR = 1e-12
"""So much the product of the curve's factors may err."""


Way = tuple[tuple[str, ...], tuple[str, ...]]
"""From the one stage to the other, each by its members: stage models have many in common."""


class Curve(NamedTuple):
    """A curve of Kaplan and Meier: at each of `minutes`, in order, the share `left` that has not got there."""

    minutes: np.ndarray
    left: np.ndarray
    persons: int
    reached: int

    def quantile(self, part: float) -> int | None:
        """Return after how many minutes the share `part` has got there."""
        there = np.flatnonzero(self.left <= 1 - part + _NEAR)
        return int(self.minutes[there[0]]) if there.size else None

    def share(self, minutes: float) -> float:
        """Return the share that gets there within so many minutes."""
        known = int(np.searchsorted(self.minutes, minutes, side="right"))
        return float(1 - self.left[known - 1]) if known else 0.0


def curve(minutes: np.ndarray, reached: np.ndarray, censored: np.ndarray) -> Curve:
    """Return the curve for so many persons who got there, or were last seen on the way, after so many minutes.

    Who was last seen in the minute in which others got there was still on the way then.
    """
    order = np.argsort(minutes, kind="stable")
    minutes, reached, censored = minutes[order], reached[order], censored[order]
    at_risk = (reached + censored)[::-1].cumsum()[::-1]
    left = np.cumprod(1 - reached / np.maximum(at_risk, 1))
    return Curve(minutes, left, int(at_risk[0]), int(reached.sum()))


def stage_times(engine: Engine, touches: Table, until: int, lookback: int) -> Table:
    """Return and keep the times between stages, as `STAGE_TIMES`: a row per stage model, stage and later stage."""
    firsts = engine.keep("firsts", _firsts(on_the_way(touches)))
    found = _curves(engine, firsts, until)
    rows = [row for preset in PRESETS for row in _of(found, preset, lookback // _MINUTE)]
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in STAGE_TIMES.items()]))
    told = engine.take("stage_times_told", data if rows else None, STAGE_TIMES)
    return told.mutate(share_in_window=told.share_in_window.cast("decimal(10, 9)"))


_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}


def _firsts(way: Table) -> Table:
    """Return one row per person: when they were first in each of `MEMBERS`."""
    return way.group_by("person").agg(**{name: way["at"].min(where=way.member == name) for name in MEMBERS})


def _of(found: dict[Way, Curve], preset: str, window: int) -> Iterator[dict[str, object]]:
    """Yield the rows of one stage model."""
    for (low, start), (high, end) in combinations(enumerate(PRESETS[preset]), 2):
        if way := found.get((start.members, end.members)):
            names = {"preset": preset, "from_stage": start.id, "to_stage": end.id}
            yield {**names, "from_position": low, "to_position": high, **_figures(way, window)}


def _curves(engine: Engine, firsts: Table, until: int) -> dict[Way, Curve]:
    """Return the curve of every way that somebody has begun."""
    ways = {(start.members, end.members): None for stages in PRESETS.values() for start, end in combinations(stages, 2)}
    counts = [_durations(firsts, *way, until).mutate(way=ibis.literal(number)) for number, way in enumerate(ways)]
    rows = engine.rows(ibis.union(*counts))
    columns = {name: rows[name].to_numpy() for name in rows.column_names}
    found = {}
    for number, way in enumerate(ways):
        own = columns["way"] == number
        if own.any():
            found[way] = curve(*(columns[name][own] for name in ("minutes", "reached", "censored")))
    return found


def _durations(firsts: Table, start: tuple[str, ...], end: tuple[str, ...], until: int) -> Table:
    """Count persons by how many minutes it took from the one stage to the other, or has taken so far."""
    begun = firsts.select(begins=_earliest(firsts, start), ends=_earliest(firsts, end))
    begun = begun.filter(begun.begins.notnull() & (begun.ends.isnull() | (begun.ends >= begun.begins)))
    took = ibis.greatest(ibis.coalesce(begun.ends, until) - begun.begins, 0) // _MINUTE
    coarse = ibis.ifelse(took < _FINE, took, took // 60 * 60)
    told = begun.select(minutes=coarse.cast("int64"), there=begun.ends.notnull().cast("int64"))
    return told.group_by("minutes").agg(reached=told.there.sum(), censored=(1 - told.there).sum())


def _earliest(firsts: Table, members: tuple[str, ...]) -> ibis.Value:
    return ibis.least(*(firsts[name] for name in members)) if len(members) > 1 else firsts[members[0]]


def _figures(found: Curve, window: int) -> dict[str, object]:
    return {
        "persons": found.persons,
        "reached": found.reached,
        **{f"minutes_{part}": found.quantile(part / 100) for part in QUARTILES},
        "share_in_window": round(found.share(window), 9),
    }
