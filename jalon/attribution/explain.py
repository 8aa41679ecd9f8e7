"""Why an order has the credit that it has: its touches and their evidence, rules, window, models and revisions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.card import read_card
from jalon.attribution.crediting import UNKNOWN_BECAUSE
from jalon.attribution.current import newest
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.sales import WHY
from jalon.errors import ConfigError

Row = dict[str, Any]

_ORDER = (
    *("order_uid", "source", "platform", "order_id", "placed_at", "status", "kind", "currency", "channel", "person"),
    *("goods", "booked", "reversed", "net", "net_rule", "is_sale", "is_counted", "why", "duplicate_of"),
    *("mode", "mode_rule", "prior_sales"),
)
_TOUCH = (
    *("touch_uid", "fact", "occurred_at", "time_is_bound", "kind", "channel", "surface", "content_id", "creator_id"),
    *("campaign", "evidence", "selling_mode", "stage", "stage_rule", "is_customer", "is_known"),
)
_WINDOW = ("lookback_days", "repeat", "half_life_days", "max_touches", "as_of")
_REVISION = ("version", "observed_at", "inbox_id")


def explain(facts: Path, attribution: Path, order: str) -> Row:
    """Return all that decided about an order, as JSON-able data; instants are ISO 8601, money is in minor units.

    `order` is a platform's order id, or `source:order id` where several have that id. Keys: `order`, `refunds`,
    `journey` (the touches, each with its place in the journey), `credit` (rows by model), `modelled` (contents that an
    order without a path was shared out to), `copies` (orders that this one counts for), `window`. Raises `ConfigError`
    if there is no such order, or more than one, and `StoreError` if a file cannot be read.
    """
    card = read_card(attribution)
    with DuckDB() as engine:
        sales = engine.results(attribution / "sales.parquet")
        found = _one(engine, sales, order)
        uid = found["order_uid"]
        steps, touches = engine.results(attribution / "steps.parquet"), engine.results(attribution / "touches.parquet")
        credit = engine.results(attribution / "credit.parquet")
        told = {
            "order": {**_only(found, _ORDER), "revision": _only(found, _REVISION), "because": WHY[found["why"]]},
            "refunds": _refunds(engine, facts, found, card["as_of"]),
            "journey": _journey(engine, steps.filter(steps.order_uid == uid), touches),
            "credit": _credit(engine, credit.filter(credit.order_uid == uid)),
            "modelled": _modelled(engine, attribution, uid),
            "copies": _rows(engine, sales.filter(sales.duplicate_of == uid), ("order_uid", "why"), "order_uid"),
            "window": {
                name: card[name] for name in ("lookback_days", "repeat", "half_life_days", "max_touches", "as_of")
            },
        }
    readable: Row = _readable(told)
    return readable


def _one(engine: Engine, sales: Table, order: str) -> Row:
    """Return the one order that is meant."""
    rows = engine.dicts(sales.filter((sales.order_id == order) | (sales.order_uid == order)))
    if not rows:
        raise ConfigError(
            f"no order {order!r} is known", "Give the platform's id of an order; `jalon sync` reads new ones."
        )
    if len(rows) > 1:
        names = ", ".join(sorted(row["order_uid"] for row in rows))
        raise ConfigError(f"several sources have an order {order!r}", f"Name one of them: {names}.")
    return rows[0]


def _only(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}


def _rows(engine: Engine, table: Table, names: tuple[str, ...], order: str) -> list[Row]:
    return engine.dicts(table.select(*names).order_by(order))


def _refunds(engine: Engine, facts: Path, order: Row, as_of: int | None) -> list[Row]:
    """Return the movements of money back; those that are not done, or in another currency, took nothing off the net."""
    held = newest(engine.facts(facts, "refunds"), as_of)
    own = held.filter((held.source == order["source"]) & (held.order_id == order["order_id"]))
    names = ("refund_id", "reason", "state", "occurred_at", "currency", "goods", "total", *_REVISION)
    rows = _rows(engine, own, names, "occurred_at")
    return [{**row, "counts": row["state"] == "succeeded" and row["currency"] == order["currency"]} for row in rows]


def _journey(engine: Engine, steps: Table, touches: Table) -> list[Row]:
    places = steps.select("position", "had_at", "cut", step_uid="touch_uid")
    joined = places.join(touches, places.step_uid == touches.touch_uid)
    rows = _rows(engine, joined, ("position", "had_at", "cut", *_TOUCH, *_REVISION), "position")
    return [{**row, "revision": {name: row.pop(name) for name in _REVISION}} for row in rows]


def _credit(engine: Engine, credit: Table) -> dict[str, list[Row]]:
    """Return the rows of each model."""
    names = ("model", "position", "touch_uid", "basis", "reason", "weight", "amount", "reversed", "net", "currency")
    by_model: dict[str, list[Row]] = {}
    for row in _rows(engine, credit, names, "position"):
        because = UNKNOWN_BECAUSE[row["reason"]] if row["reason"] else None
        by_model.setdefault(row.pop("model"), []).append({**row, "weight": str(row["weight"]), "because": because})
    return dict(sorted(by_model.items()))


def _modelled(engine: Engine, attribution: Path, uid: str) -> list[Row]:
    """Return the contents that the order was shared out to, with the interval of each share."""
    shared, told = (engine.results(attribution / f"{name}.parquet") for name in ("shared", "modelled"))
    rows = shared.filter(shared.order_uid == uid).join(told, "touch_uid")
    names = ("touch_uid", "content_id", "creator_id", "channel", "share", "low", "high", "orders", "alike")
    return engine.dicts(rows.order_by(rows.share.desc(), rows.touch_uid).select(*names))


def _readable(value: Any, name: str = "") -> Any:
    """Turn instants, which are the integers under names that end in `_at` and `as_of`, into ISO 8601."""
    if isinstance(value, dict):
        return {key: _readable(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_readable(part) for part in value]
    if isinstance(value, int) and (name.endswith("_at") or name == "as_of"):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat(timespec="seconds")
    return value
