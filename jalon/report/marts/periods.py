"""Counts that tell the same twice: by several grains, or of days and weeks, as one file may. Each day counts once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table, Value

from jalon.report.marts.base import Base
from jalon.report.marts.shapes import NONE

Row = dict[str, Any]
OF = (
    *("source", "platform", "metric", "definition", "currency"),
    *("content_id", "product_id", "creator_id", "campaign_id"),
)
"""What names one thing that is counted, whatever the period."""


class Period(NamedTuple):
    """Days from `start` to the one before `end`."""

    start: date
    end: date


def grain(counts: Table) -> Value:
    """Return which of content, creator, product and campaign a count names: those of several grains are cuts of one.

    The creator of a content is no cut of its own.
    """
    content, product = (ibis.ifelse(counts[f"{name}_id"] == NONE, "", name) for name in ("content", "product"))
    creator = ibis.ifelse((counts.content_id == NONE) & (counts.creator_id != NONE), "creator", "")
    return content + creator + product + ibis.ifelse(counts.campaign_id.isnull(), "", "campaign")


def finest(periods: Iterable[Period]) -> set[Period]:
    """Return periods of which none overlaps another, so that they have as many days as can be; of such the shortest.

    So days stand for a week that they make up, and the week for days that are not all of it. This is the scheduling of
    weighted intervals (Kleinberg and Tardos, Algorithm Design, 2006, 6.1).
    """
    ordered = sorted(set(periods), key=lambda each: (each.end, each.start))
    ends = [each.end for each in ordered]
    before = [bisect_right(ends, each.start, hi=number) for number, each in enumerate(ordered)]
    best = [(0, 0)]
    for number, each in enumerate(ordered):
        days, parts = best[before[number]]
        best.append(max(best[number], (days + (each.end - each.start).days, parts + 1)))
    chosen, number = set(), len(ordered)
    while number:
        is_in = best[number] != best[number - 1]
        if is_in:
            chosen.add(ordered[number - 1])
        number = before[number - 1] if is_in else number - 1
    return chosen


def counted_once(base: Base, counts: Table, name: str) -> Table:
    """Return rows of `fct_measures` without those whose days others of the same thing tell, by `finest`.

    `name` is that of a table of the engine. Rows of one period are all kept: they are not the same count.
    """
    told = sorted(base.engine.dicts(_overlapping(counts)), key=itemgetter(*OF))
    again = [uid for _, own in groupby(told, key=itemgetter(*OF)) for uid in _again(list(own))]
    taken = base.engine.take(name, pa.table({"again": pa.array(sorted(again), pa.string())}), {"again": "string"})
    return counts.anti_join(taken, counts.measure_uid == taken.again)


def _again(rows: list[Row]) -> Iterator[str]:
    """Yield the rows of one thing that tell what others of it do."""
    chosen = finest(Period(row["start_date"], row["end_date"]) for row in rows)
    return (row["measure_uid"] for row in rows if (row["start_date"], row["end_date"]) not in chosen)


def _overlapping(counts: Table) -> Table:
    """Return the rows of things of which some periods overlap, which are few: things by day alone are none."""
    told = counts.select("measure_uid", "start_date", "end_date", **{name: counts[name].fill_null("") for name in OF})
    longer = told.filter(told.end_date.delta(told.start_date, unit="day") > 1).select(*OF).distinct()
    named = told.semi_join(longer, OF)
    of_one = ibis.window(group_by=[named[name] for name in OF], order_by=[named.start_date, named.end_date])
    beside = named.mutate(
        start_before=named.start_date.lag().over(of_one), end_before=named.end_date.lag().over(of_one)
    )
    is_same = (beside.start_date == beside.start_before) & (beside.end_date == beside.end_before)
    some = beside.filter((beside.start_date < beside.end_before) & ~is_same).select(*OF).distinct()
    return named.semi_join(some, OF)
