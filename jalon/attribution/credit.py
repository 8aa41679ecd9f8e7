"""Credit: rows (order, touchpoint, model, weight, amount), whole minor units that sum to each order's money exactly.

Of every order with money, `amount` shares out what was booked and `net` what is left of it after refunds and
cancellation, by the same weights; so a refund is taken back from the touchpoints that had been credited. Both are
largest-remainder shares, and `reversed` is their difference.
"""

from __future__ import annotations

from decimal import Decimal

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.journeys import creditable
from jalon.attribution.models import MODELS, with_features, with_points
from jalon.attribution.money import with_shares
from jalon.attribution.options import Options

BILLION = 1_000_000_000
WEIGHTED = "weighted"
"""Name under which the steps of one model after the other are kept."""

UNKNOWN_BECAUSE = {
    "no_person": "the order tells of no person and the platform names no content",
    "path_not_ready": "the shop has not yet made its journey known",
    "outside_window": "all touchpoints known lie outside the look-back window or before the previous sale",
    "nothing_known": "nothing is known of the person before the order, and the platform names no content",
}
"""Reason code -> why the credit for an order is unknown."""

COLUMNS = (
    "order_uid",
    "model",
    "position",
    "touch_uid",
    "basis",
    "reason",
    "weight",
    "amount",
    "reversed",
    "net",
    "currency",
)


def credit(engine: Engine, steps: Table, touches: Table, sales: Table, options: Options) -> Table:
    """Return the credit rows of every model of the options. `basis` is observed, modelled or unknown."""
    sold = sales.filter(sales.is_sale | (sales.booked != 0))
    sold = engine.keep("sold", sold.select("order_uid", "placed_at", "booked", "net", "currency", "person", "journey"))
    features = engine.keep("features", with_features(steps, touches))
    unknown = engine.keep("unknown", _unknown(sold, steps, creditable(touches, options)))
    chosen = [model for model in MODELS if model in options.models]
    parameters = {"half_life_days": options.half_life_days}
    observed = _observed(with_points(features, chosen[0], parameters).schema(), sold)

    def one(model: str) -> Table:
        engine.keep(WEIGHTED, with_points(features, model, parameters))
        return engine.keep(f"credit_{model}", observed)

    return ibis.union(*map(one, chosen), *(_for_model(unknown, model) for model in chosen))


def _observed(schema: ibis.Schema, sold: Table) -> Table:
    """Share each order's money out over the steps that are kept as `WEIGHTED`: one expression for all models."""
    weighted = ibis.table(schema, name=WEIGHTED)
    money = sold.select("order_uid", "booked", "currency", left="net", billion=ibis.literal(BILLION, "int64"))
    rows = weighted.select("order_uid", "model", "position", "touch_uid", "points").join(money, "order_uid")
    shared = with_shares(rows, "order_uid", "position", {"billionths": "billion", "amount": "booked", "net": "left"})
    return shared.mutate(
        basis=ibis.literal("observed"),
        reason=ibis.null("string"),
        weight=_weight(shared.billionths),
        reversed=shared.amount - shared.net,
    ).select(*COLUMNS)


def _weight(billionths: ibis.Value) -> ibis.Value:
    """Return a share of a billion as an exact decimal: the weights of an order sum to exactly one. The cast rounds."""
    return (billionths / BILLION).cast("decimal(10, 9)")


def _unknown(sold: Table, steps: Table, usable: Table) -> Table:
    """Return the orders with money that no touchpoint is known of, with the reason."""
    without = sold.filter(sold.order_uid.notin(steps.order_uid))
    known = usable.filter(usable.person.notnull())
    met = known.group_by(met="person").agg(met_at=known.occurred_at.min())
    found = without.left_join(met, without.person == met.met)
    reason = ibis.cases(
        (found.journey == "not_ready", "path_not_ready"),
        (found.person.isnull(), "no_person"),
        (found.met_at <= found.placed_at, "outside_window"),
        else_="nothing_known",
    )
    return found.select("order_uid", "booked", "net", "currency", reason=reason)


def _for_model(unknown: Table, model: str) -> Table:
    return unknown.select(
        "order_uid", "reason", "net", "currency",
        model=ibis.literal(model),
        position=ibis.literal(0, "int64"),
        touch_uid=ibis.null("string"),
        basis=ibis.literal("unknown"),
        weight=ibis.literal(Decimal(1), "decimal(10, 9)"),
        amount=unknown.booked,
        reversed=unknown.booked - unknown.net,
    ).select(*COLUMNS)  # fmt: skip
