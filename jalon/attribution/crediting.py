"""Credit: rows (order, touchpoint, model, weight, amount), whole minor units that sum to each order's money exactly.

Of every order with money, `amount` shares out what was booked and `net` what is left of it after refunds and
cancellation, by the same weights; so a refund is taken back from the touchpoints that had been credited. Both are
largest-remainder shares, and `reversed` is their difference.

`basis` says how the credit is known. observed: by the touchpoints of the order's journey. modelled: the order has no
path, and was shared out over the content that could have led to it (`sharing`), under every model alike. organic: the
path is known, and a model that can tell says that the sale would have come anyway; it belongs to nobody. unknown: the
rest, which belongs to nobody either.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import ibis
from ibis.expr.operations import Node
from ibis.expr.types import Table

from jalon.attribution.effects.learning import Learnt
from jalon.attribution.engine import Engine
from jalon.attribution.holdouts import calibrated, read
from jalon.attribution.journeys import Journeys, creditable
from jalon.attribution.money import with_shares
from jalon.attribution.options import Options
from jalon.attribution.sharing import SharedOut, share_out
from jalon.attribution.sharing.gathering import Facts
from jalon.attribution.views import weighed
from jalon.attribution.weighing import with_features, with_points
from jalon.attribution.windows import USUAL, Window, windows

BILLION = 1_000_000_000
WEIGHTED = "weighted"
"""Name under which the steps of one model after the other are kept."""

UNKNOWN_BECAUSE = {
    "no_person": "the order tells of no person and the platform names no content",
    "path_not_ready": "the shop has not yet made its journey known",
    "outside_window": "all touchpoints known lie outside the look-back window or before the previous sale",
    "nothing_known": "nothing is known of the person before the order, and the platform names no content",
    "organic": "it would have come anyway: neither the way there nor a hold-out test tells otherwise",
    "not_learnt": "too few journeys are known, with a sale and without, to tell what brought it from what came anyway",
    "no_content": "clicks on content do not explain it: it would have come anyway, or by a way that nobody counts",
}
"""Reason code -> why credit belongs to nobody."""
ORGANIC = "organic"
"""Basis and reason of what the way to a sale is known for, and does not explain."""

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


class Credited(NamedTuple):
    """The credit rows, what of them was shared out by a model, and per model what hold-out tests say of it."""

    rows: Table
    shared: SharedOut
    tests: dict[str, list[dict[str, Any]]]


class Observed(NamedTuple):
    """Model -> the kept credit rows of orders with a journey; model -> what hold-out tests say of it."""

    rows: dict[str, Table]
    tests: dict[str, list[dict[str, Any]]]


def credit(engine: Engine, journeys: Journeys, facts: Facts, learnt: Learnt, options: Options) -> Credited:
    """Return the credit rows of every model of the options; `learnt` is what those found that learn."""
    touches, sales = facts.touches, facts.sales
    sold = sales.filter(sales.is_sale | (sales.booked != 0))
    money = ("booked", "net", "currency", "is_sale")
    sold = engine.keep("sold", sold.select("order_uid", "placed_at", *money, "person", "journey"))
    unknown = unknown_orders(engine, sold, journeys, creditable(touches, options))
    found = observed(engine, journeys, touches, sold, learnt, options)
    shared = share_out(engine, facts, unknown.filter((unknown.reason != "path_not_ready") & options.share_out))
    modelled = engine.keep("modelled_credit", _modelled(shared.rows, sold))
    pathless: list[Table] = []
    for number, window in enumerate(windows(options)):
        without = unseen(sold, journeys, window, unknown).anti_join(shared.rows, "order_uid")
        left = engine.keep(f"left_{number}", without)
        likely = _without_seen(modelled, journeys, window)
        for model in window.models:
            pathless += [for_model(left, model), likely.mutate(model=ibis.literal(model)).select(*COLUMNS)]
    # Kept before it is written in order: to gather and to sort in one statement takes the memory of both.
    rows = engine.keep("credit", ibis.union(*found.rows.values(), *pathless))
    engine.drop(*(f"credit_{model}" for model in found.rows))
    return Credited(rows, shared, found.tests)


def observed(
    engine: Engine, journeys: Journeys, touches: Table, sold: Table, learnt: Learnt, options: Options
) -> Observed:
    """Return, by model, the credit rows of orders with a journey that it sees; `sold` are orders with their money."""
    found = Observed({}, {})
    holdouts = read(options.holdouts)
    for window in windows(options):
        features = engine.keep("features", with_features(journeys.seen[window.days].steps, touches))
        for model in window.models:
            told = with_points(features, model, options.parameters(model), learnt)
            weighted = engine.keep(WEIGHTED, weighed(told, options))
            if holdouts:
                told, found.tests[model] = calibrated(engine, weighted, touches, sold, holdouts)
                weighted = engine.keep(WEIGHTED, told)
            rows = _observed(weighted.schema(), sold.op(), _left_because(learnt, model))
            found.rows[model] = engine.keep(f"credit_{model}", rows)
    return found


def _left_because(learnt: Learnt, model: str) -> str:
    """Return why a model leaves a part to nobody."""
    return learnt.weighers[model].reason if model in learnt.weighers else ORGANIC


@lru_cache(maxsize=64)
def _observed(schema: ibis.Schema, sold: Node, left_because: str) -> Table:
    """Share each order's money out over the steps that are kept as `WEIGHTED`; what no touchpoint has is nobody's.

    One expression serves all models, since to write it costs more than to run it on little data.
    """
    weighted = ibis.table(schema, name=WEIGHTED)
    money = sold.to_expr().select("order_uid", "booked", "currency", left="net", billion=ibis.literal(BILLION, "int64"))
    steps = weighted.select("order_uid", "model", "touch_uid", "points", position="place")
    rows = steps.join(money, "order_uid")
    shared = with_shares(rows, "order_uid", "position", {"billionths": "billion", "amount": "booked", "net": "left"})
    nobody = shared.touch_uid.isnull()
    return shared.mutate(
        basis=ibis.ifelse(nobody, ORGANIC if left_because == ORGANIC else "unknown", "observed"),
        reason=ibis.ifelse(nobody, left_because, ibis.null("string")),
        weight=_weight(shared.billionths),
        reversed=shared.amount - shared.net,
    ).select(*COLUMNS)


def _modelled(shared: Table, sold: Table) -> Table:
    """Share each pathless order's money out over contents by likelihood; what is left of it belongs to nobody."""
    by_size = [shared.share.desc(), shared.touch_uid]
    rows = shared.select(
        "order_uid", "touch_uid",
        position=ibis.row_number().over(group_by=shared.order_uid, order_by=by_size) + 1,
        points=(shared.share * BILLION).floor().cast("int64"),
    )  # fmt: skip
    given = rows.group_by("order_uid").agg(points=ibis.greatest(BILLION - rows.points.sum(), 0))
    rest = given.select("order_uid", touch_uid=ibis.null("string"), position=ibis.literal(0, "int64"), points="points")
    money = sold.select("order_uid", "booked", "currency", left="net", billion=ibis.literal(BILLION, "int64"))
    priced = rows.union(rest).filter(lambda t: t.points > 0).join(money, "order_uid")
    split = with_shares(priced, "order_uid", "position", {"billionths": "billion", "amount": "booked", "net": "left"})
    nobody = split.touch_uid.isnull()
    return split.mutate(
        basis=ibis.ifelse(nobody, "unknown", "modelled"),
        reason=ibis.ifelse(nobody, "no_content", ibis.null("string")),
        weight=_weight(split.billionths),
        reversed=split.amount - split.net,
    )


def _weight(billionths: ibis.Value) -> ibis.Value:
    """Return a share of a billion as an exact decimal: the weights of an order sum to exactly one. The cast rounds."""
    return (billionths / BILLION).cast("decimal(10, 9)")


def unknown_orders(engine: Engine, sold: Table, journeys: Journeys, usable: Table) -> Table:
    """Return and keep the orders with money of which `lookback_days` sees no touchpoint, with the reason."""
    without = sold.anti_join(journeys.seen[USUAL.days].steps, "order_uid")
    known = usable.filter(usable.person.notnull())
    met = known.group_by(met="person").agg(met_at=known.occurred_at.min())
    found = without.left_join(met, without.person == met.met)
    reason = ibis.cases(
        (found.journey == "not_ready", "path_not_ready"),
        (found.person.isnull(), "no_person"),
        (found.met_at <= found.placed_at, "outside_window"),
        else_="nothing_known",
    )
    return engine.keep("unknown", found.select("order_uid", "booked", "net", "currency", reason=reason))


def unseen(sold: Table, journeys: Journeys, window: Window, unknown: Table) -> Table:
    """Return the orders of which a window sees no touchpoint, with the reason; `unknown`: by `lookback_days`."""
    if window.days is None:
        return unknown
    names = unknown.columns
    outside = sold.anti_join(unknown, "order_uid").mutate(reason=ibis.literal("outside_window")).select(*names)
    return _without_seen(outside.union(unknown), journeys, window)


def _without_seen(orders: Table, journeys: Journeys, window: Window) -> Table:
    """Leave out the orders of which a window sees a touchpoint."""
    return orders if window.days is None else orders.anti_join(journeys.seen[window.days].steps, "order_uid")


def for_model(unknown: Table, model: str) -> Table:
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
