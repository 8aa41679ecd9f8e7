"""How long the way from one stage to a later one takes, people who have not got there yet included.

Of everybody who was in one stage before they had been in the other, the time counts from when they were first in the
one until they were first in the other, or until what is known ends: these are censored. Quartiles and the share that
gets there are those of the curve of Kaplan and Meier (JASA 53 (1958) 457-481), so that they hold for people whose way
is not over too. A quartile that the curve does not reach is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.operations import Node
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.presets import MEMBERS, PRESETS
from jalon.attribution.transitions import on_the_way
from jalon.normalize.times import MINUTE

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
_FINE = 2 * 24 * 60
"""From so many minutes on, times are told in whole hours."""
_NEAR = 1e-12
"""So much the product of the curve's factors may err."""


Way = tuple[tuple[str, ...], tuple[str, ...]]
"""From the one stage to the other, each by its members: stage models have many in common."""
_WAYS: tuple[Way, ...] = tuple(
    dict.fromkeys((start.members, end.members) for stages in PRESETS.values() for start, end in combinations(stages, 2))
)


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
    minutes, place = np.unique(minutes, return_inverse=True)
    reached, censored = (np.bincount(place, counts).astype(np.int64) for counts in (reached, censored))
    at_risk = (reached + censored)[::-1].cumsum()[::-1]
    left = np.cumprod(1 - reached / np.maximum(at_risk, 1))
    return Curve(minutes, left, int(at_risk[0]), int(reached.sum()))


def stage_times(engine: Engine, touches: Table, until: int, lookback: int) -> Table:
    """Return the times between stages, as `STAGE_TIMES`: a row per stage model, stage and later stage."""
    firsts = engine.keep("firsts", _firsts(on_the_way(touches), until))
    found = _curves(engine.rows(_persons_by_time(firsts.op())))
    engine.drop("firsts")
    rows = [row for preset in PRESETS for row in _of(found, preset, lookback // MINUTE)]
    data = pa.Table.from_pylist(rows, pa.schema([(name, _ARROW[kind]) for name, kind in STAGE_TIMES.items()]))
    told = engine.take("stage_times", data if rows else None, STAGE_TIMES)
    return told.mutate(share_in_window=told.share_in_window.cast("decimal(10, 9)"))


_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}


def _firsts(way: Table, until: int) -> Table:
    """Return one row per person: when they were first in each of `MEMBERS`, and when what is known ends."""
    first = {name: way["at"].min(where=way.member == name) for name in MEMBERS}
    return way.group_by("person").agg(**first).mutate(until=ibis.literal(until, "int64"))


@lru_cache(maxsize=4)
def _persons_by_time(firsts: Node) -> Table:
    """Count persons by `key`: how many minutes a way took them or has taken so far, which of both, and its number."""
    table = firsts.to_expr()
    assert isinstance(table, Table)
    # Ways are put under each other before anything is calculated, so that the formula is written once.
    ways = ibis.union(*(_on_way(table, number, *way) for number, way in enumerate(_WAYS)))
    begun = ways.filter(ways.begins.notnull() & (ways.ends.isnull() | (ways.ends >= ways.begins)))
    took = ibis.greatest(ibis.coalesce(begun.ends, begun.until) - begun.begins, 0) // MINUTE
    minutes = ibis.ifelse(took < _FINE, took, took // 60 * 60)
    key = (minutes * 2 + begun.ends.notnull().cast("int64")) * len(_WAYS) + begun.way
    return begun.group_by(key=key.cast("int64")).agg(persons=begun.person.count())


def _on_way(firsts: Table, number: int, start: tuple[str, ...], end: tuple[str, ...]) -> Table:
    """Return when each person was first at either end of a way."""
    ends = {"begins": _earliest(firsts, start), "ends": _earliest(firsts, end)}
    return firsts.select("person", "until", **ends, way=ibis.literal(number, "int64"))


def _earliest(firsts: Table, members: tuple[str, ...]) -> ibis.Value:
    return ibis.least(*(firsts[name] for name in members)) if len(members) > 1 else firsts[members[0]]


def _curves(counted: pa.Table) -> dict[Way, Curve]:
    """Return the curve of every way that somebody has begun."""
    key, persons = counted["key"].to_numpy(), counted["persons"].to_numpy()
    ended, way = np.divmod(key, len(_WAYS))
    return {
        _WAYS[number]: curve(
            ended[way == number] // 2,
            np.where(ended[way == number] % 2 == 1, persons[way == number], 0),
            np.where(ended[way == number] % 2 == 0, persons[way == number], 0),
        )
        for number in np.unique(way)
    }


def _of(found: dict[Way, Curve], preset: str, window: int) -> Iterator[dict[str, object]]:
    """Yield the rows of one stage model."""
    for (low, start), (high, end) in combinations(enumerate(PRESETS[preset]), 2):
        if way := found.get((start.members, end.members)):
            names = {"preset": preset, "from_stage": start.id, "to_stage": end.id}
            yield {**names, "from_position": low, "to_position": high, **_figures(way, window)}


def _figures(found: Curve, window: int) -> dict[str, object]:
    return {
        "persons": found.persons,
        "reached": found.reached,
        **{f"minutes_{part}": found.quantile(part / 100) for part in QUARTILES},
        "share_in_window": round(found.share(window), 9),
    }
