"""Which orders the shop holds at a moment, and in which revision: web sales, and TikTok orders that were copied in."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from jalon.sandbox.world import Change, Sale, World

SortBy = Literal["updated_at", "created_at", "processed_at", "id"]
Place = tuple[int, int, int]
"""Where an order stands in a sorted list: (value sorted by, order id, number)."""

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
    found.sort(key=lambda row: (row[0], row[1]))
    seen: dict[str, int] = {}
    entries = []
    for number, (_, identity, copied, sale, changes) in enumerate(found):
        index = 0
        if not copied and sale.kind != "test":
            index = seen.get(sale.shopper, 0)
            seen[sale.shopper] = index + 1
        entries.append(Entry(number, sale, copied, identity, changes, index))
    return entries


@dataclass(slots=True)
class History:
    """All orders of the shop, moved on to a moment by `advance`, with sorted lists to page through."""

    world: World
    entries: list[Entry] = field(init=False)
    by_id: dict[int, Entry] = field(init=False)
    timeline: list[tuple[int, int, int]] = field(init=False)
    """(at, entry number, how many changes are visible from then on), in order of time."""
    _done: int = 0
    _places: dict[SortBy, list[Place]] = field(init=False)

    def __post_init__(self) -> None:
        """Sort everything once."""
        self.entries = _entries(self.world)
        self.by_id = {entry.id: entry for entry in self.entries}
        self.timeline = sorted(
            (change.at, entry.number, count)
            for entry in self.entries
            for count, change in enumerate(entry.happened, start=1)
        )
        self._places = {"updated_at": [], "created_at": [], "processed_at": [], "id": []}

    def advance(self, now: float) -> None:
        """Let everything happen that is due by `now` (unix seconds); time does not go back."""
        due = bisect_right(self.timeline, now, key=lambda change: change[0])
        if due <= self._done:
            return
        fresh = self.timeline[self._done : due]
        self._done = due
        if len(fresh) > MANY:
            self._sort_anew(fresh)
            return
        for _, number, count in fresh:
            self._move(self.entries[number], count)

    def _sort_anew(self, fresh: list[tuple[int, int, int]]) -> None:
        for _, number, count in fresh:
            entry = self.entries[number]
            entry.visible = max(entry.visible, count)
        shown = [entry for entry in self.entries if entry.visible]
        for key in self._places:
            self._places[key] = sorted(_place(entry, key) for entry in shown)

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
        first = 0 if low is None else bisect_left(places, (low, -1, -1))
        last = len(places) if high is None else bisect_left(places, (high, -1, -1))
        if after is not None and reverse:
            last = min(last, bisect_left(places, (*after, -1)))
        elif after is not None:
            first = max(first, bisect_right(places, (*after, len(self.entries))))
        numbers = range(last - 1, first - 1, -1) if reverse else range(first, last)
        return (self.entries[places[index][2]] for index in numbers)

    def changes(self, after: float, until: float) -> Iterator[tuple[Entry, int]]:
        """Yield (order, how many changes were visible from then on) for each change in (after, until]."""
        first = bisect_right(self.timeline, after, key=lambda change: change[0])
        last = bisect_right(self.timeline, until, key=lambda change: change[0])
        for _, number, count in self.timeline[first:last]:
            yield self.entries[number], count


def value_of(entry: Entry, key: SortBy) -> int:
    """Return what an order is sorted by."""
    if key == "id":
        return entry.id
    if key == "processed_at":
        return entry.sale.placed_at
    return entry.updated_at if key == "updated_at" else entry.created_at


def _place(entry: Entry, key: SortBy) -> Place:
    return (value_of(entry, key), entry.id, entry.number)
