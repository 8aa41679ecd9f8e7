"""Exports: Shopify runs the query by itself and leaves a file of JSON lines.

An order, its lines and its visits are lines of their own; children name their parent and stand behind it, but not next
to it. So orders become records of `orders` without lines, and children records of `order_lines` and `visits`. What an
export cannot hold (lines of refunds) is read by id afterwards, and so is an order with a return.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from jalon.connectors.base import Batch, Record, Ref, Session, Skipped, Stop, Wait
from jalon.connectors.shopify import queries
from jalon.connectors.shopify.records import gid, order_record, part, plain
from jalon.connectors.shopify.wire import ask, wanted
from jalon.connectors.wire import Malformed, decode

PREFIX = "bulk:"
ROWS = 500
"""Records of one batch."""
BUSY = 60.0
"""Seconds to wait where the app's places for exports are taken."""
FILE_LIFE = 7 * 86_400.0
"""Seconds after an export's end in which its file can be had.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/BulkOperation#field-BulkOperation.fields.url"""


class Position(NamedTuple):
    """Where a window stands: which export, and how many lines of its file are read."""

    operation: str
    line: int = 0

    def __str__(self) -> str:
        return f"{PREFIX}{self.operation}:{self.line}"


def is_bulk(cursor: str | None) -> bool:
    """Say whether a window's cursor belongs to an export."""
    return cursor is not None and cursor.startswith(PREFIX)


def _position(cursor: str) -> Position:
    operation, _, line = cursor.removeprefix(PREFIX).partition(":")
    return Position(operation, int(line or 0))


async def start(session: Session, search: str, skipped: tuple[Skipped, ...]) -> Batch:
    """Start an export; where Shopify refuses the query itself, go on by pages and say so."""
    query = queries.bulk_orders(search, wanted(session))
    data = await ask(session, queries.BULK_RUN, {"query": query}, queries.MUTATION_COST)
    refusals = part(data, "bulkOperationRunQuery", "userErrors")
    if not refusals:
        operation = plain(part(data, "bulkOperationRunQuery", "bulkOperation", "id"))
        return Batch(cursor=str(Position(operation)), later=session.now() + 5.0, skipped=skipped)
    if refusals[0].get("code") in ("OPERATION_IN_PROGRESS", "LIMIT_REACHED"):
        return Batch(later=session.now() + BUSY, skipped=skipped)
    refused = Skipped("export", "bulk_refused", f"read by pages instead: {str(refusals[0].get('message'))[:200]}")
    return Batch(cursor="page:", later=session.now(), skipped=(*skipped, refused))


# --- the state of an export -----------------------------------------------------------------------------------------
#
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/BulkOperationStatus

RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})


async def resume(session: Session, cursor: str) -> AsyncIterator[Batch]:
    """Yield what an export holds behind `cursor`; the last batch's cursor says `page:` where it came to nothing.

    What a failed export left behind is not used: it does not tell which changes it covers, and paging reads them all.
    """
    position = _position(cursor)
    data = await ask(session, queries.BULK_STATUS, {"id": gid("BulkOperation", position.operation)}, 1.0)
    operation = part(data, "bulkOperation") or {"status": "EXPIRED"}
    status = _status(operation, session.now())
    if status in RUNNING:
        yield Batch(cursor=cursor, later=session.now() + _patience(operation, session.now()))
    elif status == "COMPLETED":
        async for batch in _rows(session, position, operation):
            yield batch
    elif operation.get("errorCode") == "ACCESS_DENIED":
        raise Stop("Shopify denies access to an export", "See `jalon doctor` for missing scopes.", kind="auth")
    else:
        ended = ", ".join(filter(None, (status, operation.get("errorCode"))))
        detail = f"the export ended as {ended}; its window is read by pages instead"
        yield Batch(cursor="page:", skipped=(Skipped(position.operation, "bulk_failed", detail),))


def _status(operation: Mapping[str, Any], now: float) -> str:
    """Return how an export stands; one whose file is not there any more has expired, whatever Shopify calls it."""
    status = str(part(operation, "status"))
    if status != "COMPLETED" or not int(part(operation, "objectCount")):
        return status
    ended = operation.get("completedAt")
    is_old = ended is not None and now - datetime.fromisoformat(ended).timestamp() > FILE_LIFE
    return "EXPIRED" if is_old or not operation.get("url") else status


def _patience(operation: Mapping[str, Any], now: float) -> float:
    """Return the seconds until the next look: a quarter of how long it has run, between 5 seconds and 5 minutes."""
    age = now - datetime.fromisoformat(part(operation, "createdAt")).timestamp()
    return min(max(5.0, age / 4), 300.0)


# --- the file -------------------------------------------------------------------------------------------------------


async def _rows(session: Session, position: Position, operation: Mapping[str, Any]) -> AsyncIterator[Batch]:
    """Yield the lines of the file in batches, without those that were read before."""
    expected = int(part(operation, "objectCount"))
    number, reader = 0, Reader(session)
    async for line in session.lines(part(operation, "url")) if expected else _no_lines():
        number += 1
        reader.read(number, line, keep=number > position.line)
        if len(reader.records) >= ROWS:
            yield reader.batch(str(position._replace(line=number)))
    if number < expected:
        raise Wait(f"the export's file ends after {number} of {expected} lines")
    yield reader.batch(None)


async def _no_lines() -> AsyncIterator[bytes]:
    return
    yield


CHILDREN = {"LineItem": "order_lines", "CustomerVisit": "visits"}
"""Type of a child -> stream of its records."""
RETURN = "Return"
"""Says that its order must be read by id. `Order.returnStatus` would not: it leaves declined and cancelled ones out."""


class Reader:
    """Turns the lines of an export into records.

    Remembers the orders whose taxes are not as the shop's usually are, because lines do not tell; a resumed reading
    learns them again from the lines that it passes over.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._included = session.account.get("taxes_included") == "true"
        self._unusual: set[str] = set()
        self._empty()

    def _empty(self) -> None:
        self.records: list[Record] = []
        self.follow: list[Ref] = []
        self.skipped: list[Skipped] = []

    def batch(self, cursor: str | None) -> Batch:
        """Return what was read since the last batch."""
        batch = Batch(self.records, cursor, follow=self.follow, skipped=self.skipped)
        self._empty()
        return batch

    def read(self, number: int, line: bytes, keep: bool) -> None:
        """Read one line; without `keep` only what later lines need."""
        try:
            row = decode(line)
        except Malformed as error:
            raise Wait(f"line {number} of the export is {error}") from None
        kind = _kind(row)
        if kind == "Order":
            self._order(row, keep)
        elif keep:
            self._child(row, kind, number)

    def _order(self, row: dict[str, Any], keep: bool) -> None:
        if row.get("taxesIncluded") is not self._included:
            self._unusual.add(row["id"])
        if keep:
            self.records.append(order_record(row))
            if _is_partial(row) or self._is_discounted_copy(row):
                self.follow.append(Ref("orders", plain(row["id"])))

    def _is_discounted_copy(self, order: Mapping[str, Any]) -> bool:
        """Say whether an order is a copy of a platform's with a discount: apps leave it off the lines."""
        app, attribution = order.get("app") or {}, order.get("attribution") or {}
        names = (order.get("sourceName"), plain(app.get("id") or ""), attribution.get("handle"))
        is_copy = any(self._session.account.get(f"channel:{name.lower()}") for name in names if name)
        money = (order.get("totalDiscountsSet") or {}).get("shopMoney") or {}
        return is_copy and bool(str(money.get("amount", "")).strip("0."))

    def _child(self, row: dict[str, Any], kind: str, number: int) -> None:
        if kind not in (*CHILDREN, RETURN):
            detail = f"the export holds a {kind or 'row without id'}"
            self.skipped.append(Skipped(f"line {number}", "unknown_row", detail))
            return
        parent = part(row, "__parentId")
        if kind in CHILDREN:
            included = self._included is not (parent in self._unusual)
            body = {**row, "order": {"id": parent}, "taxesIncluded": included}
            self.records.append(Record(plain(row["id"]), 0, body, CHILDREN[kind]))
        if kind == RETURN or row.get("isGiftCard"):  # a gift card's order: its goods do not follow from its totals
            self.follow.append(Ref("orders", plain(parent)))


def _kind(row: Any) -> str:
    """Return the type in a row's global id."""
    steps = str(row.get("id", "")).split("/") if isinstance(row, dict) else []
    return steps[3] if len(steps) == 5 else ""


def _is_partial(order: Mapping[str, Any]) -> bool:
    """Say whether an exported order must be read by id: it has refunds or edits, or waits for its journey."""
    journey = order.get("customerJourneySummary") or {"ready": True}
    return bool(order.get("refunds") or order.get("edited") or not journey.get("ready"))
