"""Conversions beyond the order: a person's first purchase, or touchpoints of a kind such as `sign_up`.

They are counted, one each, and credited by the same models, in tables of their own, so that they never meet revenue. A
first purchase is credited as its order is. A conversion of a kind has journeys of its own: touchpoints of that kind
lead to none of them, and models that learn, learn from these journeys. What a conversion is worth is said in the
configuration (`conversion_values`), in no currency; without that it is worth nothing, and only counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.crediting import BILLION, for_model, observed, unknown_orders, unseen
from jalon.attribution.engine import Engine
from jalon.attribution.journeys import creditable, journeys
from jalon.attribution.learning import learn_within
from jalon.attribution.money import with_shares
from jalon.attribution.options import FIRST_PURCHASE, Options
from jalon.attribution.windows import windows

CONVERSIONS = {
    "conversion": "string",
    "conversion_uid": "string",
    "person": "string",
    "converted_at": "int64",
    "value": "decimal(18, 2)",
}
CREDIT = {
    "conversion": "string",
    "conversion_uid": "string",
    "model": "string",
    "position": "int64",
    "touch_uid": "string",
    "basis": "string",
    "reason": "string",
    "weight": "decimal(10, 9)",
    "value": "decimal(18, 2)",
}


class Converted(NamedTuple):
    """`conversions` with the columns of `CONVERSIONS`, and `credit` with those of `CREDIT`."""

    conversions: Table
    credit: Table


def converted(engine: Engine, touches: Table, sales: Table, credit: Table, options: Options) -> Converted:
    """Return and keep the conversions that the options name, but for orders, and their credit.

    Replaces kept tables of the run that is going on: write those first.
    """
    found = [_first_purchases(engine, sales, credit, options)] if FIRST_PURCHASE in options.conversions else []
    found += [_of_kind(engine, touches, kind, options) for kind in options.conversion_kinds]
    return Converted(
        _all(engine, "conversions", CONVERSIONS, [each.conversions for each in found]),
        _all(engine, "conversion_credit", CREDIT, [each.credit for each in found]),
    )


def _all(engine: Engine, name: str, columns: dict[str, str], tables: list[Table]) -> Table:
    if not tables:
        return engine.take(name, None, columns)
    return engine.keep(name, ibis.union(*(table.select(*columns).cast(columns) for table in tables)))


def _first_purchases(engine: Engine, sales: Table, credit: Table, options: Options) -> Converted:
    """Return the sales to buyers of whom no earlier one is known; weights are those of the order."""
    first = sales.filter(sales.is_sale & (sales.customer == "new"))
    worth = options.worth(FIRST_PURCHASE)
    told = first.select(
        conversion_uid="order_uid", person="person", converted_at="placed_at", conversion=ibis.literal(FIRST_PURCHASE)
    )
    rows = credit.join(first.select("order_uid"), "order_uid")
    points = (rows.weight.cast("float64") * BILLION).round().cast("int64")
    keyed = rows.mutate(points=points, worth=ibis.literal(worth, "int64"), of=rows.order_uid + "/" + rows.model)
    shared = with_shares(keyed, "of", "position", {"cents": "worth"})
    given = shared.mutate(
        conversion=ibis.literal(FIRST_PURCHASE), conversion_uid=shared.order_uid, value=_decimal(shared.cents)
    )
    return Converted(
        engine.keep("first_purchases", told.mutate(value=_decimal(ibis.literal(worth, "int64")))),
        engine.keep("first_purchase_credit", given.select(*CREDIT)),
    )


def _of_kind(engine: Engine, touches: Table, kind: str, options: Options) -> Converted:
    """Return touchpoints of a kind as conversions, credited to the others."""
    done = engine.keep(
        f"done_{kind}", _as_orders(touches.filter(touches.is_counted & (touches.kind == kind)), options.worth(kind))
    )
    others = engine.keep("touches_before", touches.filter(touches.kind != kind))
    found = journeys(engine, others, done, options)
    learnt = learn_within(engine, found, options)
    known = observed(engine, found, others, done, learnt, replace(options, holdouts=())).rows
    unknown = unknown_orders(engine, done, found, creditable(others, options))
    without = [(unseen(done, found, each, unknown), each.models) for each in windows(options)]
    rows = ibis.union(*known.values(), *(for_model(orders, name) for orders, models in without for name in models))
    name = ibis.literal(kind)
    told = done.select(
        conversion=name, conversion_uid="order_uid", person="person", converted_at="placed_at", value=_decimal(done.net)
    )
    given = rows.mutate(conversion=name, conversion_uid=rows.order_uid, value=_decimal(rows.net))
    return Converted(engine.keep(f"conversions_{kind}", told), engine.keep(f"credit_for_{kind}", given.select(*CREDIT)))


def _as_orders(done: Table, worth: int) -> Table:
    """Give touchpoints the columns of sales that journeys and credit ask for."""
    return done.select(
        "person",
        order_uid="touch_uid",
        placed_at="occurred_at",
        is_sale=ibis.literal(True),
        booked=ibis.literal(worth, "int64"),
        net=ibis.literal(worth, "int64"),
        currency=ibis.literal(""),
        previous_at=ibis.null("int64"),
        journey=ibis.literal("none"),
    )


def _decimal(cents: ibis.Value) -> ibis.Value:
    return (cents / 100).cast("decimal(18, 2)")
