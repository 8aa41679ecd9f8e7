"""Reading a WooCommerce shop: what changed in a window, id by id, and single objects by their id.

WooCommerce filters by the time of change and sorts by id, but continues only by a number of rows to pass over. So the
window is fixed at both ends: nothing can enter it, and what changes meanwhile leaves it for a later one. What leaves it
moves the rows behind up; so each page begins with the last row of the one before, and where it does not, the reading
steps back until it does. Thus the last id is the place, and the number of rows only a way to it.

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
from jalon.connectors.faults import Gone
from jalon.connectors.woocommerce.faults import ACTIVE, value_of
from jalon.connectors.woocommerce.records import Row, gone_record, identity, order_record, product_record

PER_PAGE = 100
STEP_BACK = 8
"""Rows to step back over at first, doubling, where a page does not begin with what was read before."""
SORTED = "Look which plugin sorts orders or products anew in the REST API, and switch that off."
LISTS = {"orders": ("any", "trash"), "products": ("any",)}
"""Statuses to ask for, one after the other: `any` leaves out the trash, and with it deleted orders."""

APART = "apart"
"""What an account says of refunds where orders do not name theirs."""
UNPAID = frozenset({"pending", "failed", "checkout-draft", "auto-draft"})
"""Statuses of orders that have nothing to give back."""


class Place(NamedTuple):
    """Where the reading of a window stands: which list, how many rows to pass over, the last id that was read."""

    list: int = 0
    offset: int = 0
    last: int = 0
    loose: int = 0
    """1: nothing says that there are more rows, so that they need not begin with the last one."""

    def __str__(self) -> str:
        return ":".join(map(str, self))


def place_of(cursor: str | None) -> Place:
    """Return the place that a cursor names."""
    return Place(*map(int, cursor.split(":"))) if cursor else Place()


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the pages of a window of orders or products."""
    stream = window.stream.name
    span = math.floor(window.low.timestamp()), math.ceil(window.high.timestamp())
    place: Place | None = place_of(window.cursor)
    while place is not None:
        answer, place = await _page(session, stream, span, place)
        rows = [row for row in rows_of(answer) if int(identity(row)) > place.last]
        place = _following(answer, place, len(LISTS[stream]))
        yield Batch([await whole(session, stream, row) for row in rows], str(place) if place else None)


async def _page(session: Session, stream: str, span: tuple[int, int], place: Place) -> tuple[Answer, Place]:
    """Return the page at a place, and where it is: further ahead where rows before it have left the window."""
    back = STEP_BACK
    while True:
        query = _query(LISTS[stream][place.list], *span, place.offset)
        answer = await session.ask(Request("GET", f"/wc/v3/{stream}", query))
        rows = rows_of(answer)
        _require_filter(rows, span[0])
        _require_order(rows)
        if place.loose or place.offset == 0 or (rows and int(identity(rows[0])) <= place.last):
            return answer, place
        place = place._replace(offset=max(0, place.offset - back))
        back *= 2


def _query(status: str, low: int, high: int, offset: int) -> dict[str, str]:
    return {
        "status": status,
        "modified_after": _gmt(low - 1),
        "modified_before": _gmt(high),
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
        "per_page": str(PER_PAGE),
        "offset": str(offset),
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


def _require_order(rows: Sequence[Row]) -> None:
    """Raise `Stop` if the shop does not sort: what comes late would be taken for what was read."""
    ids = [int(identity(row)) for row in rows]
    if ids != sorted(ids):
        raise Stop("the shop does not sort by id, so that it cannot be read piece by piece", SORTED)


def _following(answer: Answer, place: Place, lists: int) -> Place | None:
    """Return where the next page begins.

    A page may hold fewer rows than asked although there are more, so that the shop's own count decides; where a host
    strips it, an empty page does.
    """
    rows, total = rows_of(answer), _count(answer, "x-wp-total")
    last = max([place.last, *(int(identity(row)) for row in rows)])
    end = place.offset + PER_PAGE
    if (end < total) if total is not None else len(rows) >= PER_PAGE:
        return Place(place.list, end - 1, last)
    if total is None and rows:
        return Place(place.list, end, last, loose=1)
    return Place(place.list + 1) if place.list + 1 < lists else None


def _count(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


# --- whole objects --------------------------------------------------------------------------------------------------


async def whole(session: Session, stream: str, row: Row) -> Record:
    """Return an object as a record, with what is read apart: an order's refunds, a product's variations."""
    key = identity(row)
    if stream == "orders":
        asked = _may_be_refunded(row, session.account.get("refunds") == APART)
        refunds = await _all(session, f"/wc/v3/orders/{key}/refunds") if asked else []
        return order_record(row, session.settings, refunds)
    return product_record(row, await _all(session, f"/wc/v3/products/{key}/variations") if _varies(row) else [])


def _may_be_refunded(order: Row, is_apart: bool) -> bool:
    """Say whether an order's refunds are asked for; `is_apart`: orders of this shop do not name them."""
    status = order.get("status")
    return bool(order.get("refunds")) or status == "refunded" or (is_apart and status not in UNPAID)


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
