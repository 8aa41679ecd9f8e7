"""Reading a WooCommerce shop: what changed in a window, page by page, and single objects by their id.

WooCommerce filters by the time of change and sorts by id, but continues only by page number. So the window is fixed
at both ends: nothing can enter it, and what changes meanwhile leaves it for a later one. What leaves it shifts the
pages behind, and the shop's own count shrinks, upon which the engine reads the window again.

Times: the filter is in the site's time unless `dates_are_gmt` says otherwise, both its ends are exclusive, and a zone
in the text (`Z`) would be converted into the site's time before it is compared. So GMT is asked, without a zone.
https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from jalon.connectors.base import Answer, Batch, Record, Request, Session, Skip, Skipped, Stop, Wait, Window
from jalon.connectors.woocommerce.faults import ACTIVE, Gone, value_of
from jalon.connectors.woocommerce.records import Row, gone_record, identity, order_record, product_record

PER_PAGE = 100
LISTS = {"orders": ("any", "trash"), "products": ("any",)}
"""Statuses to ask for, one after the other: `any` leaves out the trash, and with it deleted orders."""


class Place(NamedTuple):
    """Where the reading of a window stands: which of the lists, which page, and how many rows the lists before had."""

    list: int = 0
    page: int = 1
    before: int = 0

    def __str__(self) -> str:
        return f"{self.list}:{self.page}:{self.before}"


def place_of(cursor: str | None) -> Place:
    """Return the place that a cursor names."""
    return Place(*map(int, cursor.split(":"))) if cursor else Place()


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the pages of a window of orders or products."""
    stream, place = window.stream.name, place_of(window.cursor)
    low, high = math.floor(window.low.timestamp()), math.ceil(window.high.timestamp())
    while True:
        query = _query(LISTS[stream][place.list], low, high, place.page)
        answer = await session.ask(Request("GET", f"/wc/v3/{stream}", query))
        rows = rows_of(answer)
        _require_filter(rows, low)
        following = _following(answer, rows, place, len(LISTS[stream]))
        total = _count(answer, "x-wp-total")
        yield Batch(
            [await whole(session, stream, row) for row in rows],
            str(following) if following else None,
            None if total is None else place.before + total,
        )
        if following is None:
            return
        place = following


def _query(status: str, low: int, high: int, page: int) -> dict[str, str]:
    return {
        "status": status,
        "modified_after": _gmt(low - 1),
        "modified_before": _gmt(high),
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
        "per_page": str(PER_PAGE),
        "page": str(page),
    }


def _gmt(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def rows_of(answer: Answer) -> list[Row]:
    """Return the rows of a list. Raises `Wait` where the answer is none."""
    rows = value_of(answer)
    if not isinstance(rows, list):
        raise Wait("the shop answers with something that is no list")
    return rows


def _require_filter(rows: Sequence[Row], low: int) -> None:
    """Raise `Stop` if the shop ignores the filter: an unknown parameter makes it return everything."""
    first = _gmt(low)
    if any(row.get("date_modified_gmt") and row["date_modified_gmt"] < first for row in rows if isinstance(row, dict)):
        raise Stop("the shop does not filter by the time of change, so that it cannot be read piece by piece", ACTIVE)


def _following(answer: Answer, rows: Sequence[Row], place: Place, lists: int) -> Place | None:
    """Return where the next page is.

    A page may hold fewer rows than asked although there are more, so that the shop's own count of pages decides; where
    a host strips it, an empty page does.
    """
    pages = _count(answer, "x-wp-totalpages")
    if place.page < pages if pages is not None else bool(rows):
        return place._replace(page=place.page + 1)
    if place.list + 1 < lists:
        return Place(place.list + 1, 1, place.before + (_count(answer, "x-wp-total") or 0))
    return None


def _count(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


# --- whole objects --------------------------------------------------------------------------------------------------


async def whole(session: Session, stream: str, row: Row) -> Record:
    """Return an object as a record, with what is read apart: an order's refunds, a product's variations."""
    key = identity(row)
    if stream == "orders":
        refunds = await _all(session, f"/wc/v3/orders/{key}/refunds") if row.get("refunds") else []
        return order_record(row, session.settings, refunds)
    return product_record(row, await _all(session, f"/wc/v3/products/{key}/variations") if _varies(row) else [])


def _varies(product: Row) -> bool:
    return str(product.get("type")).startswith("variable") and bool(product.get("variations"))


async def _all(session: Session, path: str) -> list[Row]:
    """Return all rows of a list that has no window; nothing if its owner has gone meanwhile."""
    found: list[Row] = []
    page = 1
    while True:
        query = {"per_page": str(PER_PAGE), "page": str(page), "orderby": "id", "order": "asc"}
        try:
            answer = await session.ask(Request("GET", path, query))
        except Gone:
            return found
        rows = rows_of(answer)
        found += rows
        if not rows or page >= (_count(answer, "x-wp-totalpages") or page + 1):
            return found
        page += 1


# --- by id ----------------------------------------------------------------------------------------------------------


async def fetch(session: Session, stream: str, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the objects of some keys in one batch. Where WooCommerce itself says that it knows an order no more, the
    order is marked as deleted.
    """
    records: list[Record] = []
    skipped: list[Skipped] = []
    for key in keys:
        try:
            records.append(await _one(session, stream, key))
        except Gone as gone:
            if stream == "orders":
                records.append(gone_record(key, session.now()))
            else:
                skipped.append(Skipped(key, "not_found", gone.reason))
    yield Batch(records, skipped=skipped)


async def _one(session: Session, stream: str, key: str) -> Record:
    """Return the object of a key, which becomes part of a path. Raises `Gone`."""
    if not (key.isascii() and key.isdigit()):
        raise Skip(f"{key[:40]!r} is no id of the shop")
    row: Any = value_of(await session.ask(Request("GET", f"/wc/v3/{stream}/{key}")))
    if identity(row) != key:
        raise Wait("the shop answers with another object than was asked for")
    return await whole(session, stream, row)
