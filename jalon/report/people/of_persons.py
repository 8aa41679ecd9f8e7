"""Measures that are counted over persons: how many are known, bought, came again, recommend, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
import numpy as np

from jalon.normalize.times import DAY
from jalon.report.marts.base import Base
from jalon.report.people import intervals, rfm
from jalon.report.people.customers import Customers
from jalon.report.people.figure_rows import (
    NO_BUYER,
    NO_SIGN,
    NO_VIEW,
    NOBODY,
    NOBODY_BEGAN,
    NOBODY_MET,
    NOT_HALF,
    NOTHING,
    TOO_FEW,
    Figure,
    counted,
)
from jalon.report.people.intervals import Estimate
from jalon.report.people.measure_list import NEW_DAYS
from jalon.report.words import decimal_text

Row = dict[str, Any]
_HOUR = 3_600_000_000


def of_persons(base: Base) -> Iterator[Figure]:
    """Yield the measures of persons."""
    row = _counts(base)
    known, bought = row["known"], row["customers"]
    yield Figure("known_persons", counted(known, known))
    yield Figure("new_persons", counted(row["new"], known))
    yield _product_views(base, row["viewed"], row["met"])
    yield _share("conversion_rate", bought, known, NOBODY)
    yield _share("repeat_rate", row["again"], bought, NO_BUYER)
    heard = counted(row["ambassadors"], known) if row["heard"] else NOTHING
    yield Figure("ambassadors", heard, because=None if row["heard"] else NO_SIGN)
    for name, start in (("time_from_first_touch", "first_met_at"), ("time_from_sign_up", "signed_up_at")):
        yield _time(base, name, start)


def _share(measure: str, some: int, whole: int, without: str) -> Figure:
    return Figure(measure, intervals.share(some, whole), because=None if whole else without)


def _product_views(base: Base, some: int, met: int) -> Figure:
    """Return how many of the persons met looked at a product; where no source tells of a look, that is not known."""
    touches = base.made["touches"]
    looks = touches.filter(touches.is_counted & (touches.kind == "product_view"))
    (row,) = base.engine.dicts(looks.agg(looks=looks.touch_uid.count()))
    if met and not row["looks"]:
        return Figure("product_view_rate", NOTHING, because=NO_VIEW)
    return _share("product_view_rate", some, met, NOBODY_MET)


def _counts(base: Base) -> Row:
    table = base.customers.table
    is_new = table.first_seen_at >= base.customers.until - NEW_DAYS * DAY
    counts = {
        "known": table.person.notnull(),
        "customers": table.is_customer,
        "new": is_new,
        "met": table.first_met_at.notnull(),
        "viewed": table.viewed_product,
        "again": table.purchases > 1,
        "ambassadors": table.is_ambassador,
        "heard": table.is_heard,
    }
    ((row),) = base.engine.dicts(
        table.agg(**{name: ibis.coalesce(holds.cast("int64").sum(), 0) for name, holds in counts.items()})
    )
    return row


def _time(base: Base, measure: str, start: str) -> Figure:
    """Return the median time from a start to the first purchase; in whole hours, so that few rows leave the engine."""
    table = base.customers.table
    begun = table.filter(
        table[start].notnull() & (table.first_sale_at.isnull() | (table.first_sale_at >= table[start]))
    )
    ended = ibis.coalesce(begun.first_sale_at, ibis.literal(base.customers.until, "int64"))
    hours = (ibis.greatest(ended - begun[start], 0) // _HOUR).cast("int64")
    timed = begun.mutate(hours=hours, bought=begun.first_sale_at.notnull().cast("int64"))
    rows = base.engine.dicts(timed.group_by("hours").agg(persons=timed.hours.count(), bought=timed.bought.sum()))
    minutes, persons, bought = (
        np.array([row[name] for row in rows], np.int64) for name in ("hours", "persons", "bought")
    )
    found = intervals.median_time(minutes * 60, bought, persons - bought)
    without = NOT_HALF if found.n else NOBODY_BEGAN
    return Figure(measure, found, because=None if found.value is not None else without)


def of_models(base: Base) -> Iterator[Figure]:
    """Yield what buyers are expected to do: how likely one buys again, and how often all together."""
    table, because = base.customers.table, base.customers.bought.because or None
    (row,) = base.engine.dicts(
        table.agg(
            score=table.next_purchase_score.mean(),
            purchases=table.expected_purchases.sum(),
            n=table.next_purchase_score.count(),
        )
    )
    for measure, name in (("next_purchase_score", "score"), ("expected_purchases", "purchases")):
        yield Figure(measure, Estimate(row[name], None, None, row["n"]), because=because)


def of_segments(base: Base) -> Iterator[Figure]:
    """Yield how many customers each segment has."""
    table = base.customers.table
    some = table.filter(table.rfm_segment.notnull())
    found = base.engine.dicts(some.group_by("rfm_segment").agg(persons=some.person.count()))
    sizes = {row["rfm_segment"]: row["persons"] for row in found}
    if not sizes:
        yield Figure("segment", NOTHING, because=TOO_FEW)
    for segment in rfm.SEGMENTS:
        if segment.name in sizes:
            yield Figure("segment", counted(sizes[segment.name], sum(sizes.values())), segment.name)


def of_worth(customers: Customers) -> Iterator[Figure]:
    """Yield the lifetime value of customers per currency."""
    for value in customers.worth:
        mean, low, high, n = value.mean
        told = Estimate(_major(mean, value.currency), _major(low, value.currency), _major(high, value.currency), n)
        yield Figure("clv", told, value.currency, value.currency, value.because or None)


def _major(minor: float | None, currency: str) -> float | None:
    return None if minor is None else float(decimal_text(round(minor), currency))
