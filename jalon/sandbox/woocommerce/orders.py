"""The orders of the played shop: how each of them stands at a moment, and which were changed in a stretch of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jalon.sandbox.timeline import Timeline
from jalon.sandbox.world import Change, Copied, OwnShop, Sale, Shopper, Visit

DAY = 86_400
LATE_MARKS = 7200
"""Seconds after which the attribution of some orders appears, without the order being changed."""
VISIBLE = ("placed", "paid", "completed", "cancelled", "edited", "refunded")
"""Changes that move an order of this shop: it knows nothing of parcels and of what is asked back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the shop: a sale made there, or the copy of one made elsewhere."""

    number: int
    sale: Sale
    copied: Copied | None = None

    @property
    def placed_at(self) -> int:
        return self.copied.at if self.copied else self.sale.placed_at

    @property
    def trashed_at(self) -> int | None:
        """When the shopkeeper threw it away: some of the orders that were never paid, a day after they lapsed."""
        last = self.sale.changes[-1]
        lapsed = last.kind == "cancelled" and not any(change.kind == "paid" for change in self.sale.changes)
        return last.at + DAY if lapsed and self.number % 3 and not self.copied else None

    @property
    def marks_from(self) -> int:
        """From when the shop shows which visit led to it."""
        return self.placed_at + (LATE_MARKS if self.number % 5 == 0 else 0)

    def steps(self) -> Iterator[Change]:
        """Yield the changes that the shop knows of; a copy lives on by itself, without what happens on the platform."""
        if self.copied is None:
            yield from (change for change in self.sale.changes if change.kind in VISIBLE)
            return
        yield Change(self.copied.at, "paid")
        yield from (change for change in self.sale.changes if change.kind == "completed")

    def moments(self) -> list[int]:
        """Return when it changes, as its `date_modified` shows."""
        trashed = self.trashed_at
        return [change.at for change in self.steps()] + ([] if trashed is None else [trashed])


@dataclass(frozen=True, slots=True)
class Stand:
    """How an order stands at a moment."""

    entry: Entry
    status: str
    modified_at: int
    paid_at: int | None
    completed_at: int | None
    refunds: tuple[Change, ...]


class Orders:
    """All orders of one shop."""

    def __init__(self, shop: OwnShop, persons: dict[str, Shopper]) -> None:
        self.shop = shop
        self.persons = {**persons, **shop.shoppers}
        """By id: the buyers of copies are persons of the world."""
        self.entries = [Entry(int(sale.order_id), sale) for sale in shop.sales]
        self.entries += [Entry(int(copy.order_id), copy.sale, copy) for copy in shop.copies]
        self.entries.sort(key=lambda entry: entry.number)
        self._timeline = Timeline(entry.moments() for entry in self.entries)

    @cached_property
    def places(self) -> dict[int, int]:
        """Order number -> place in `entries`."""
        return {entry.number: place for place, entry in enumerate(self.entries)}

    @cached_property
    def customers(self) -> dict[str, int]:
        """Shopper -> customer number; every third buys as a guest and has none."""
        return {shopper: number for number, shopper in enumerate(self.shop.shoppers, 1) if number % 3}

    def changed(self, low: int | None, high: int | None, now: int) -> list[Stand]:
        """Return the orders last changed in [low, high), by number, as they stand now."""
        self._timeline.move(now)
        places = sorted(self._timeline.updated_between(low, high))
        return [self.stand(self.entries[place], now) for place in places]

    def one(self, number: int, now: int) -> Stand | None:
        """Return an order as it stands now; None where there is none."""
        place = self.places.get(number)
        if place is None or self.entries[place].placed_at > now:
            return None
        return self.stand(self.entries[place], now)

    def stand(self, entry: Entry, now: int) -> Stand:
        """Return how an order stands at `now`."""
        done = [change for change in entry.steps() if change.at <= now]
        trashed = entry.trashed_at
        is_trash = trashed is not None and trashed <= now
        paid = next((change.at for change in done if change.kind == "paid"), None)
        return Stand(
            entry,
            "trash" if is_trash else _status(entry, done),
            max([change.at for change in done] + ([trashed] if is_trash and trashed else [])),
            paid,
            next((change.at for change in done if change.kind == "completed"), None),
            tuple(change for change in done if change.kind in ("refunded", "cancelled") and _moved(change)),
        )

    def visit(self, entry: Entry, now: int) -> Visit | None:
        """Return the visit that the shop shows for an order: the last one, once it is written down."""
        if entry.copied or now < entry.marks_from:
            return None
        return self.shop.visits[entry.sale.visits[-1]]


def _moved(change: Change) -> bool:
    return bool(change.goods or change.tax or change.shipping)


def _status(entry: Entry, done: list[Change]) -> str:
    """Return the word of the shop: what was cancelled after it was paid is by turns called refunded or cancelled."""
    kinds = [change.kind for change in done]
    paid = entry.copied is not None or "paid" in kinds
    if "cancelled" in kinds:
        return "refunded" if paid and entry.number % 3 == 0 else "cancelled"
    goods = sum(line.paid for line in entry.sale.lines)
    if goods and sum(change.goods for change in done if change.kind == "refunded") == goods and not entry.copied:
        return "refunded"
    if "completed" in kinds:
        return "completed"
    return "processing" if paid else "pending"
