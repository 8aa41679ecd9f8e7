"""Read TikTok Shop's searches: orders, affiliate orders, returns, cancellations, products; and by order id.

Windows are [low, high) in whole seconds; every search takes its bounds in the body and pages by a token in the query.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Answer, Batch, Record, Ref, Request, Session, Skip, Skipped, Window
from jalon.connectors.tiktok_shop.answers import data_of, page_token, total, version, with_token
from jalon.connectors.wire import encode

ORDER_DETAIL = "/order/202507/orders"
EXTERNAL_ORDERS = "/order/202406/orders/{}/external_orders"
WRITTEN_AFTER = 2 * 3600
"""Seconds after an order's creation when a sync app has written its external id: it waits for the hour on hold."""


class Search(NamedTuple):
    """How a stretch of time is asked for, and how a row becomes records."""

    path: str
    query: Mapping[str, str]
    low: str
    high: str
    list: str
    records: Callable[[Row], Iterable[Record]]
    inclusive: bool = False
    """True: the upper bound is part of what is searched."""


def _keyed_by(name: str) -> Callable[[Row], Iterable[Record]]:
    return lambda row: (Record(text(row.get(name)), version(row), row),)


def sku_rows(order: Row) -> Iterable[Record]:
    """Yield an affiliate order's SKU rows, each with the order's fields beside it."""
    shared = {
        "order_id": order.get("id"),
        "create_time": order.get("create_time"),
        "delivery_time": order.get("delivery_time"),
    }
    for sku in rows(order, "skus"):
        yield Record(_sku_key(text(order.get("id")), sku), 0, {**shared, **sku})


def _sku_key(order: str, sku: Row) -> str:
    """Return order / SKU / content; none without order and SKU, since nothing else tells one row from another."""
    sku_id, content = text(sku.get("sku_id")), text(sku.get("content_id")) or text(sku.get("content_type"))
    return f"{order}/{sku_id}/{content}" if order and sku_id else ""


_BY_UPDATE = {"sort_field": "update_time", "sort_order": "ASC"}
_BY_CREATION = {"sort_field": "create_time", "sort_order": "ASC"}

SEARCHES: dict[str, Search] = {
    "orders": Search(
        "/order/202309/orders/search",
        {"page_size": "100", **_BY_UPDATE},
        "update_time_ge",
        "update_time_lt",
        "orders",
        _keyed_by("id"),
    ),
    "affiliate_orders": Search(
        "/affiliate_seller/202410/orders/search",
        {"page_size": "100"},
        "create_time_ge",
        "create_time_lt",
        "orders",
        sku_rows,
    ),
    "returns": Search(
        "/return_refund/202602/returns/search",
        {"page_size": "50", **_BY_UPDATE},
        "update_time_ge",
        "update_time_lt",
        "return_orders",
        _keyed_by("return_id"),
    ),
    "cancellations": Search(
        "/return_refund/202602/cancellations/search",
        {"page_size": "50", **_BY_UPDATE},
        "update_time_ge",
        "update_time_lt",
        "cancellations",
        _keyed_by("cancel_id"),
    ),
    "products": Search(
        "/product/202502/products/search",
        {"page_size": "100"},
        "update_time_ge",
        "update_time_le",
        "products",
        _keyed_by("id"),
        inclusive=True,
    ),
}


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the pages of a window of one of the searches."""
    search = SEARCHES[window.stream.name]
    low, high = math.ceil(window.low.timestamp()), math.ceil(window.high.timestamp())
    if low >= high:
        yield Batch()
        return
    body = encode({search.low: low, search.high: high - search.inclusive})
    token = window.cursor
    while True:
        batch = _page(
            session, window, await session.ask(Request("POST", search.path, with_token(search.query, token), body))
        )
        token = batch.cursor
        yield batch
        if token is None:
            return
        del batch  # as objects a page is some MiB, which nobody needs while the next one is waited for


def _page(session: Session, window: Window, answer: Answer) -> Batch:
    search, data = SEARCHES[window.stream.name], data_of(answer)
    found = rows(data, search.list)
    return Batch(
        records=[record for row in found for record in search.records(row)],
        cursor=page_token(data),
        total=total(data),
        follow=_external(session.settings, found) if window.stream.name == "orders" else (),
    )


def _external(settings: Any, orders: Iterable[Row]) -> list[Ref]:
    """Return a ref per order whose external ids are to be looked up; none if no platform is set."""
    if not settings.external_platforms:
        return []
    return [
        Ref("external_orders", text(order.get("id")), _created(order) + WRITTEN_AFTER)
        for order in orders
        if text(order.get("id"))
    ]


def _created(order: Row) -> float:
    at = order.get("create_time")
    return float(at) if isinstance(at, int) else 0.0


# --- by order id ------------------------------------------------------------------------------------------------------
#
# Each yields one batch. A refusal (`Skip`) of several ids together goes through to the engine, which halves them until
# the one that is refused stands alone.


async def fetch_orders(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the orders of some ids; an id that nothing comes back for is skipped with a reason."""
    ids, skipped = _sound(keys)
    records = await _orders(session, ids) if ids else []
    have = {record.key for record in records}
    skipped += [Skipped(each, "not_found", "the platform returns nothing for it") for each in ids if each not in have]
    yield Batch(records=records, skipped=skipped, follow=_external(session.settings, [r.body for r in records]))


async def fetch_aftersales(session: Session, stream: str, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the returns or cancellations of some orders; that an order has none is no fault."""
    ids, skipped = _sound(keys)
    yield Batch(records=await _of_orders(session, SEARCHES[stream], ids) if ids else [], skipped=skipped)


async def fetch_external(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield what some orders are called on the configured platforms: one request for each order and platform."""
    ids, skipped = _sound(keys)
    records: list[Record] = []
    for each in ids:
        for platform in session.settings.external_platforms:
            try:
                answer = await session.ask(Request("GET", EXTERNAL_ORDERS.format(each), {"platform": platform}))
            except Skip as refusal:
                skipped.append(Skipped(f"{each}/{platform}", "refused", refusal.reason))
                continue
            if found := rows(data_of(answer), "external_orders"):
                body = {"order_id": each, "platform": platform, "external_orders": found}
                records.append(Record(f"{each}/{platform}", 0, body))
    yield Batch(records=records, skipped=skipped)


def _sound(keys: Sequence[str]) -> tuple[list[str], list[Skipped]]:
    """Part keys that can be ids (they become part of paths) from those that cannot."""
    good = [key for key in keys if key.isascii() and key.isdigit()]
    return good, [Skipped(key, "bad_id", f"{key[:40]!r} is no id of the platform") for key in keys if key not in good]


async def _orders(session: Session, ids: Sequence[str]) -> list[Record]:
    answer = await session.ask(Request("GET", ORDER_DETAIL, {"ids": ",".join(ids)}))
    return [record for row in rows(data_of(answer), "orders") for record in SEARCHES["orders"].records(row)]


async def _of_orders(session: Session, search: Search, ids: Sequence[str]) -> list[Record]:
    body = encode({"order_ids": list(ids)})
    query = {**search.query, **_BY_CREATION}  # in which nothing moves that changes while pages are read
    records: list[Record] = []
    token: str | None = None
    while True:
        answer = await session.ask(Request("POST", search.path, with_token(query, token), body))
        records += [record for row in rows(data_of(answer), search.list) for record in search.records(row)]
        token = page_token(data_of(answer))
        if token is None:
            return records
