"""Which orders the shop holds at a moment, and in which revision: web sales, and TikTok orders that were copied in."""

from __future__ import annotations

import hashlib
import math
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from jalon.sandbox.world import Change, Sale, World

SortBy = Literal["updated_at", "created_at", "processed_at", "id"]
SORTS: tuple[SortBy, ...] = ("updated_at", "created_at", "processed_at", "id")

DAY = 86_400
MANY = 500
"""From this many new changes on it is cheaper to sort anew than to insert one by one."""


def lot(key: str, sides: int) -> int:
    """Return a number below `sides` that `key` alone decides."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=6).digest(), "big") % sides


@dataclass(slots=True)
class Entry:
    """One order over its whole life; `happened` holds its changes as the shop sees them, in order of time."""

    number: int
    sale: Sale
    copied: bool
    id: int
    happened: tuple[Change, ...]
    customer_order_index: int = 0
    """Orders that the same customer placed in the shop before; tests are not counted."""
    visible: int = 0

    @property
    def created_at(self) -> int:
        """Return when the order came into the shop, in unix seconds."""
        return self.happened[0].at

    @property
    def updated_at(self) -> int:
        """Return when the last visible change came."""
        return self.happened[max(self.visible, 1) - 1].at

    def ready(self, now: float) -> bool:
        """Tell whether the journey has been attributed; no change of the order goes with it."""
        return self.sale.journey_ready_at <= now


def _as_copied(sale: Sale) -> tuple[Change, ...]:
    """Return the changes of a TikTok order as its copy shows them: refunds and cancellations late, or never.

    They are made in TikTok's Seller Center, and the app carries them over as it pleases.
    """
    assert sale.copy is not None
    copied_at = sale.copy.at
    fate = lot(f"copy {sale.copy.order_id}", 3)
    changes = [Change(copied_at, "placed")]
    for change in sale.changes[1:]:
        moves_money = change.kind in ("refunded", "cancelled")
        if change.kind == "return_requested" or (moves_money and fate == 0):
            continue
        late = 3 * DAY if moves_money and fate == 1 else 0
        changes.append(replace(change, at=max(change.at + late, copied_at)))
    return tuple(sorted(changes, key=lambda change: change.at))


def _entries(world: World) -> list[Entry]:
    found: list[tuple[int, int, bool, Sale, tuple[Change, ...]]] = []
    for sale in world.sales:
        if sale.platform == "shopify":
            found.append((sale.changes[0].at, int(sale.order_id), False, sale, sale.changes))
        elif sale.copy is not None:
            changes = _as_copied(sale)
            found.append((changes[0].at, int(sale.copy.order_id), True, sale, changes))
    found.sort(key=lambda row: row[1])
    seen: dict[str, int] = {}
    entries = []
    for number, (_, identity, copied, sale, changes) in enumerate(found):
        entries.append(Entry(number, sale, copied, identity, changes))
    for entry in sorted(entries, key=lambda entry: entry.created_at):
        if not entry.copied and entry.sale.kind != "test":
            entry.customer_order_index = seen.get(entry.sale.shopper, 0)
            seen[entry.sale.shopper] = entry.customer_order_index + 1
    return entries


class History:
    """All orders of the shop, moved on to a moment by `advance`, with sorted lists to page through.

    Orders are numbered in the order of their ids, so that a place in a sorted list is one integer: the value sorted by
    and the number. A million orders take some tens of megabytes beside the world.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries = _entries(world)
        self.by_id = {entry.id: entry for entry in self.entries}
        self._ids = array("Q", (entry.id for entry in self.entries))
        self._timeline = array("q", sorted(_moments(self.entries)))
        self._done = 0
        self._places: dict[SortBy, array[int]] = {key: array("q") for key in SORTS}

    def advance(self, now: float) -> None:
        """Let everything happen that is due by `now` (unix seconds); time does not go back."""
        due = bisect_left(self._timeline, _after(now))
        fresh = self._timeline[self._done : max(due, self._done)]
        self._done = max(due, self._done)
        if len(fresh) > MANY:
            self._sort_anew(fresh)
            return
        for moment in fresh:
            _, number, count = _read(moment)
            self._move(self.entries[number], count)

    def _sort_anew(self, fresh: array[int]) -> None:
        for moment in fresh:
            _, number, count = _read(moment)
            entry = self.entries[number]
            entry.visible = max(entry.visible, count)
        shown = [entry for entry in self.entries if entry.visible]
        for key in self._places:
            self._places[key] = array("q", sorted(_place(entry, key) for entry in shown))

    def _move(self, entry: Entry, count: int) -> None:
        updated = self._places["updated_at"]
        if entry.visible:
            del updated[bisect_left(updated, _place(entry, "updated_at"))]
            entry.visible = max(entry.visible, count)
            insort(updated, _place(entry, "updated_at"))
            return
        entry.visible = count
        for key, places in self._places.items():
            insort(places, _place(entry, key))

    def get(self, identity: int) -> Entry | None:
        """Return the order with this id if it exists by now."""
        entry = self.by_id.get(identity)
        return entry if entry is not None and entry.visible else None

    def walk(
        self,
        key: SortBy,
        *,
        low: int | None = None,
        high: int | None = None,
        after: tuple[int, int] | None = None,
        reverse: bool = False,
    ) -> Iterator[Entry]:
        """Yield orders sorted by (`key`, id): low ≤ value < high, and beyond the cursor `after` (value, id)."""
        places = self._places[key]
        first = 0 if low is None else bisect_left(places, _key(low, 0))
        last = len(places) if high is None else bisect_left(places, _key(high, 0))
        if after is not None:
            edge = self._edge(key, after, beyond=not reverse)
            first, last = (first, min(last, edge)) if reverse else (max(first, edge), last)
        numbers = range(last - 1, first - 1, -1) if reverse else range(first, last)
        return (self.entries[places[index] & NUMBERS] for index in numbers)

    def _edge(self, key: SortBy, cursor: tuple[int, int], *, beyond: bool) -> int:
        """Return the index of the first place at the cursor, or of the first beyond it."""
        value, identity = cursor
        number = (bisect_right if beyond else bisect_left)(self._ids, identity)
        return bisect_left(self._places[key], _key(0 if key == "id" else value, number))

    def changes(self, after: float, until: float) -> Iterator[tuple[Entry, int]]:
        """Yield (order, how many changes were visible from then on) for each change in (after, until]."""
        first = bisect_left(self._timeline, _after(after))
        for moment in self._timeline[first : bisect_left(self._timeline, _after(until))]:
            _, number, count = _read(moment)
            yield self.entries[number], count


def value_of(entry: Entry, key: SortBy) -> int:
    """Return what an order is sorted by."""
    if key == "id":
        return entry.id
    if key == "processed_at":
        return entry.sale.placed_at
    return entry.updated_at if key == "updated_at" else entry.created_at


# Places and moments as integers: value or time in the high bits, then the order's number, then, of moments, the count
# of changes.
NUMBER_BITS, COUNT_BITS = 24, 7
NUMBERS = (1 << NUMBER_BITS) - 1


def _key(value: int, number: int) -> int:
    return max(0, min(value, 1 << 38)) << NUMBER_BITS | number


def _place(entry: Entry, key: SortBy) -> int:
    return _key(0 if key == "id" else value_of(entry, key), entry.number)


def _moments(entries: list[Entry]) -> Iterator[int]:
    for entry in entries:
        for count, change in enumerate(entry.happened, start=1):
            yield _key(change.at, entry.number) << COUNT_BITS | count


def _after(moment: float) -> int:
    """Return the first key of anything later than `moment`."""
    return _key(math.floor(moment) + 1, 0) << COUNT_BITS


def _read(moment: int) -> tuple[int, int, int]:
    place = moment >> COUNT_BITS
    return place >> NUMBER_BITS, place & NUMBERS, moment & ((1 << COUNT_BITS) - 1)
