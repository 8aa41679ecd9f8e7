"""Reading orders and products page by page, and making each of them whole.

Pages are ordered by (updatedAt, id) and continued by Shopify's own cursor, which is a key and no offset: an order that
changes while a window is paged moves behind the pages still to come, and none is passed over.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jalon.connectors.base import Batch, Record, Ref, Session, Skip, Skipped, Split, Wait, Window
from jalon.connectors.shopify import bulk, queries
from jalon.connectors.shopify.records import gid, order_record, part, plain, record
from jalon.connectors.shopify.wire import ask, granted, wanted

PAGED = "page:"
"""Opens the cursors of windows that are paged; `bulk` has its own."""
GONE = "?gone"
"""Ends the key of an order that a delivery says is deleted."""
HISTORY = timedelta(days=61)
"""How far back `read_orders` sees without `read_all_orders`: 60 days, and what is left of the day that begins them.

https://shopify.dev/docs/api/usage/access-scopes"""

# --- windows --------------------------------------------------------------------------------------------------------


def search(window: Window, *, since_ever: bool = False) -> str:
    """Return the search for what changed in a window, or at any time up to its end.

    The times are quoted, since Shopify cuts unquoted ones at their colon, and widened to whole seconds.
    """
    low, high = (datetime.fromtimestamp(second, UTC) for second in _seconds(window))
    until = f"updated_at:<'{high:%Y-%m-%dT%H:%M:%SZ}'"
    return until if since_ever else f"updated_at:>='{low:%Y-%m-%dT%H:%M:%SZ}' AND {until}"


def _seconds(window: Window) -> tuple[int, int]:
    return math.floor(window.low.timestamp()), math.ceil(window.high.timestamp())


async def pull_orders(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the orders that changed in a window: by pages, or by an export where there are very many."""
    cursor = window.cursor
    skipped = _hidden(session, window) if cursor is None else ()
    if cursor is None and await _is_large(session, window):
        yield await bulk.start(session, search(window), skipped)
        return
    if bulk.is_bulk(cursor):
        fallen_back = False
        async for batch in bulk.resume(session, str(cursor)):
            fallen_back = batch.cursor == PAGED
            yield batch
        if not fallen_back:
            return
        cursor = PAGED
    async for batch in _order_pages(session, search(window), cursor, skipped):
        yield batch


def _hidden(session: Session, window: Window) -> tuple[Skipped, ...]:
    """Say so where the window reaches back behind what the app may see."""
    if granted(session, "read_all_orders") or window.low.timestamp() >= session.now() - HISTORY.total_seconds():
        return ()
    detail = "orders created more than 60 days ago are hidden from this app: it lacks the scope read_all_orders"
    return (Skipped(f"{window.low:%Y-%m-%d}", "history_hidden", detail),)


async def _is_large(session: Session, window: Window) -> bool:
    """Say whether a window is worth an export. Short windows are not counted: that would cost more than it saves."""
    if not window.backfill and window.high - window.low <= timedelta(days=1):
        return False
    data = await ask(session, queries.COUNT, {"search": search(window)}, queries.MUTATION_COST)
    return bool(part(data, "ordersCount", "count") > session.settings.bulk_above)


async def _order_pages(
    session: Session, text: str, cursor: str | None, skipped: tuple[Skipped, ...]
) -> AsyncIterator[Batch]:
    query = queries.orders_page(wanted(session))
    async for nodes, after in _pages(session, query, "orders", text, cursor, queries.ORDER_COST):
        orders = [await whole(session, node) for node in nodes]
        yield Batch([order_record(order) for order in orders], after, follow=rereads(session, orders), skipped=skipped)
        skipped = ()


async def pull_products(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the products, with all their variants, that changed in a window."""
    if not granted(session, "read_products"):
        raise Skip("the app lacks the scope read_products; order lines carry title and SKU without it")
    text = search(window, since_ever=_begins(session, window))
    pages = _pages(session, queries.PRODUCTS, "products", text, window.cursor, queries.PRODUCT_COST)
    async for nodes, after in pages:
        products = [await _completed(session, node, queries.PRODUCT_CONNECTIONS) for node in nodes]
        yield Batch([record(product) for product in products], after)


def _begins(session: Session, window: Window) -> bool:
    """Say whether a window is the first of all: what is sold now may have last changed long before it."""
    since = session.settings.since
    first = session.now() - HISTORY.total_seconds() if since is None else _midnight(since)
    return not window.backfill and window.low.timestamp() <= first + 2 * 86_400


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


async def _pages(
    session: Session, query: str, root: str, text: str, cursor: str | None, node_cost: int
) -> AsyncIterator[tuple[list[dict[str, Any]], str | None]]:
    """Yield (nodes, cursor behind them or None), asking for smaller pages where one costs too much."""
    after = (cursor or "").removeprefix(PAGED) or None
    sizes = [size for size in queries.PAGE_SIZES if size <= queries.page_size(node_cost)]
    while True:
        variables = {"first": sizes[0], "after": after, "search": text}
        try:
            data = await ask(session, query, variables, queries.connection_cost(sizes[0], node_cost))
        except Split:
            if len(sizes) == 1:
                raise
            sizes.pop(0)
            continue
        more = _next(part(data, root), after)
        yield part(data, root, "nodes"), more and PAGED + more
        if more is None:
            return
        after = more


def _next(connection: Mapping[str, Any], after: str | None) -> str | None:
    """Return the cursor of the page behind this one; None at the end. Raises `Wait` if it leads nowhere."""
    info = part(connection, "pageInfo")
    if not part(info, "hasNextPage"):
        return None
    cursor = info.get("endCursor")
    if not isinstance(cursor, str) or cursor in ("", after):
        raise Wait("Shopify promises a next page without saying where it begins")
    return cursor


# --- whole objects --------------------------------------------------------------------------------------------------


async def whole(session: Session, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order with everything of it: lines, visits, returns, refunds and their lines, beyond the first page."""
    await _completed(session, order, queries.order_connections(wanted(session)))
    for refund in order.get("refunds") or ():
        await _completed(session, refund, queries.REFUND_CONNECTIONS)
    return order


async def _completed(
    session: Session, holder: dict[str, Any], connections: Sequence[queries.Connection]
) -> dict[str, Any]:
    for connection in connections:
        here = _at(holder, connection.path)
        if here is not None:
            await _complete(session, holder["id"], connection, here)
    return holder


async def _complete(session: Session, owner: str, connection: queries.Connection, here: dict[str, Any]) -> None:
    """Read the pages of a connection that are still missing into its first one."""
    nodes, after = part(here, "nodes"), _next(here, None)
    while after is not None:
        data = await ask(session, connection.query, {"id": owner, "after": after}, queries.MORE_COST)
        page = _at(data.get("node"), connection.path)
        if page is None:
            raise Wait(f"Shopify no longer shows {'.'.join(connection.path)} of {owner}")
        nodes += part(page, "nodes")
        after = _next(page, after)
    here.pop("pageInfo")


def _at(value: Any, path: tuple[str, ...]) -> Any:
    """Return what lies at `path`; None where something on the way is null or was not asked."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


# --- by id ----------------------------------------------------------------------------------------------------------


async def fetch_orders(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the orders of some keys in one batch."""
    ids = [gid("Order", key.removesuffix(GONE)) for key in keys]
    query = queries.orders_by_id(wanted(session))
    data = await ask(session, query, {"ids": ids}, 1.0 + len(keys) * queries.ORDER_COST)
    answers = list(zip(keys, part(data, "nodes"), strict=True))
    orders = [await whole(session, node) for _, node in answers if node]
    gone = [_deleted(session, key) for key, node in answers if not node and key.endswith(GONE)]
    unseen = [_unseen(key) for key, node in answers if not node and not key.endswith(GONE)]
    yield Batch([*map(order_record, orders), *gone], follow=rereads(session, orders), skipped=unseen)


def _deleted(session: Session, key: str) -> Record:
    """Return the mark that an order is deleted: a delivery said so, and it cannot be read any more."""
    number = key.removesuffix(GONE)
    body = {"id": gid("Order", number), "deleted": True}
    return Record(number, int(session.now() * 1_000_000), body)


def _unseen(key: str) -> Skipped:
    detail = "the order is deleted, or older than 60 days while the app lacks read_all_orders"
    return Skipped(key, "not_visible", detail)


# --- journeys that are not ready ------------------------------------------------------------------------------------

FIRST_REREAD = 600.0
LAST_REREAD = 12 * 3600.0
GIVE_UP = 5 * 86_400.0
"""Seconds after which a journey that is still not ready is left as it is."""


def rereads(session: Session, orders: Sequence[Mapping[str, Any]]) -> list[Ref]:
    """Return when to read orders again whose journey is not ready: nothing else tells, as `updatedAt` does not move."""
    now = session.now()
    return [Ref("orders", plain(order["id"]), at) for order in orders if (at := _reread_at(order, now)) is not None]


def _reread_at(order: Mapping[str, Any], now: float) -> float | None:
    """Return the time of the next try: half the order's age later, between ten minutes and half a day."""
    journey = order.get("customerJourneySummary")
    if not journey or journey.get("ready"):
        return None
    age = now - datetime.fromisoformat(part(order, "createdAt")).timestamp()
    return now + min(max(FIRST_REREAD, age / 2), LAST_REREAD) if age < GIVE_UP else None
