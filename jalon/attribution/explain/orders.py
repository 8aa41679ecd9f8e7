"""Why an order has the credit that it has: its touches and their evidence, rules, window, models and revisions."""

from __future__ import annotations

from typing import Any

from jalon.attribution.crediting import UNKNOWN_BECAUSE
from jalon.attribution.explain.tables import REVISION, Row, Tables
from jalon.attribution.refunds import parted
from jalon.attribution.sales import WHY

_ORDER = (
    *("order_uid", "source", "platform", "order_id", "placed_at", "status", "kind", "currency", "channel", "person"),
    *("goods", "booked", "reversed", "net", "net_rule", "is_sale", "is_counted", "why", "duplicate_of"),
    *("mode", "mode_rule", "prior_sales", "customer", "net_warning"),
)
TOUCH = (
    *("touch_uid", "fact", "occurred_at", "time_is_bound", "kind", "channel", "surface", "content_id", "creator_id"),
    *("campaign", "evidence", "selling_mode", "stage", "stage_rule", "is_customer", "is_known"),
)
_WINDOW = ("lookback_days", "model_lookback", "repeat", "half_life_days", "max_touches", "as_of")
_CREDIT = ("model", "position", "touch_uid", "basis", "reason", "weight", "amount", "reversed", "net", "currency")
_LIKELY = ("touch_uid", "content_id", "creator_id", "share", "low", "high")
_SHARE = ("touch_uid", "content_id", "creator_id", "channel", "share", "low", "high", "orders", "alike")


def told(tables: Tables, uid: str, _model: str) -> Row:
    """Return `order`, `named_by` (the fact that says whose an order is that tells no person; None where it tells its
    person, or nobody is known), `refunds`, `journey` (the touches in order; `likely`: the contents that one which names
    only its network was traced to), `credit` (rows by model), `modelled` (contents that an order without a path was
    shared out to), `copies` (orders that it counts for) and `window`."""
    sales = tables["sales"]
    (order,) = tables.engine.dicts(sales.filter(sales.order_uid == uid))
    copies = sales.filter(sales.duplicate_of == uid)
    return {
        "order": {**_only(order, _ORDER), "revision": _only(order, REVISION), "because": WHY[order["why"]]},
        "named_by": tables.naming(order["named_by"]),
        "refunds": _refunds(tables, order),
        "journey": _journey(tables, uid),
        "credit": _credit(tables, uid),
        "modelled": _modelled(tables, uid),
        "copies": tables.rows(copies, ("order_uid", "why")),
        "window": _only(tables.card, _WINDOW),
    }


def _only(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}


def _refunds(tables: Tables, order: Row) -> list[Row]:
    """Return the movements of money back; those that are not done, or in another currency, took nothing off the net.

    `tax` is None where neither the refund nor its order tells any.
    """
    named = tables.fact("refunds", source=(order["source"],), order_id=tables.numbers_of((order["order_uid"],)))
    sales = tables["sales"]
    own = parted(named.filter(named.order_id == order["order_id"]), sales.filter(sales.order_uid == order["order_uid"]))
    told = own.mutate(counts=(own.state == "succeeded") & own.taken_off.notnull())
    names = ("refund_id", "reason", "state", "occurred_at", "currency", "goods", "tax", "total", "tax_is_reckoned")
    return tables.rows(told, (*names, *REVISION, "counts"), "occurred_at", "refund_id")


def _journey(tables: Tables, uid: str) -> list[Row]:
    steps, touches = tables["steps"], tables["touches"]
    places = steps.filter(steps.order_uid == uid).select("position", "had_at", "cut", step_uid="touch_uid")
    joined = places.join(touches, places.step_uid == touches.touch_uid)
    rows = tables.rows(joined, ("position", "had_at", "cut", *TOUCH, *REVISION))
    likely = _likely(tables, uid)
    return [
        {**row, "likely": likely.get(row["touch_uid"], []), "revision": {name: row.pop(name) for name in REVISION}}
        for row in rows
    ]


def _likely(tables: Tables, uid: str) -> dict[str, list[Row]]:
    """Return for each touch that was traced the contents that it is likely to have come from."""
    traced = tables["traced"]
    found: dict[str, list[Row]] = {}
    for row in tables.rows(traced.filter(traced.order_uid == uid), _LIKELY, traced.share.desc(), traced.content_id):
        found.setdefault(row.pop("touch_uid"), []).append(row)
    return found


def _credit(tables: Tables, uid: str) -> dict[str, list[Row]]:
    """Return the rows of each model."""
    credit = tables["credit"]
    by_model: dict[str, list[Row]] = {}
    for row in tables.rows(credit.filter(credit.order_uid == uid), _CREDIT, "position"):
        because = UNKNOWN_BECAUSE[row["reason"]] if row["reason"] else None
        by_model.setdefault(row.pop("model"), []).append({**row, "because": because})
    return dict(sorted(by_model.items()))


def _modelled(tables: Tables, uid: str) -> list[Row]:
    """Return the contents that the order was shared out to, with the interval of each share."""
    shared = tables["shared"]
    rows: Any = shared.filter(shared.order_uid == uid).join(tables["modelled"], "touch_uid")
    return tables.rows(rows, _SHARE, rows.share.desc(), rows.touch_uid)
