"""The life of a sale: when it is paid, sent, cancelled, returned, refunded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from jalon.sandbox.world import Change, Line, shares

HOUR = 3600
DAY = 86_400
LATE = 0.02
"""Share of sales to which something happens unusually late."""
GRANTED = 0.85
"""Share of return requests that end in a refund; the others are refused."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How sales live on one platform; shares of all its sales."""

    unpaid: float
    cancelled: float
    edited: float
    returned: float
    pays_within: int
    """Seconds from placing to paying."""
    completes: bool


TIKTOK = Habits(unpaid=0.04, cancelled=0.05, edited=0.02, returned=0.09, pays_within=600, completes=True)
SHOPIFY = Habits(unpaid=0.03, cancelled=0.04, edited=0.04, returned=0.10, pays_within=1, completes=False)
OWN_SHOP = Habits(unpaid=0.1, cancelled=0.1, edited=0.08, returned=0.35, pays_within=900, completes=True)


class Ids:
    """Number refunds, returns and cancellations, each once: text of 19 digits unless said otherwise."""

    def __init__(self, last: int = 4_035_000_000_000_000_000, step: int = 1_000_000) -> None:
        self._last = last
        self._step = step

    def next(self, rng: Random) -> str:
        """Return a new id."""
        self._last += rng.randrange(1, self._step)
        return str(self._last)


@dataclass(frozen=True, slots=True)
class Life:
    """What can happen to one basket of goods; `ids` numbers its refunds and cancellations."""

    rng: Random
    habits: Habits
    lines: tuple[Line, ...]
    shipping: int
    shipping_tax: int
    ids: Ids

    def since(self, placed: int) -> tuple[Change, ...]:
        """Return all that happens to a sale placed at `placed`, in order of time; the first change is `placed`."""
        rng, habits = self.rng, self.habits
        changes = [Change(placed, "placed")]
        if rng.random() < habits.unpaid:
            given_up = placed + rng.randrange(24 * HOUR, 48 * HOUR)
            return (*changes, Change(given_up, "cancelled", id=self.ids.next(rng)))
        late = rng.random() < LATE
        paid = placed + rng.randrange(habits.pays_within) + (rng.randrange(HOUR, 20 * HOUR) if late else 0)
        changes.append(Change(paid, "paid"))
        if rng.random() < habits.cancelled:
            return (*changes, self._cancelled(paid))
        changes.extend(self._carried(paid, late))
        if rng.random() < habits.returned:
            asked = changes[-1].at + rng.randrange(HOUR, 4 * DAY) + (25 * DAY if late else 0)
            changes.extend(self._returns(asked))
        return tuple(sorted(changes, key=lambda change: change.at))

    def _cancelled(self, paid: int) -> Change:
        at = paid + self.rng.randrange(300, 20 * HOUR)
        return replace(self._everything(self.shipping), at=at, kind="cancelled", id=self.ids.next(self.rng))

    def _everything(self, shipping: int) -> Change:
        return Change(
            0,
            "refunded",
            lines=tuple(range(len(self.lines))),
            quantities=tuple(line.quantity for line in self.lines),
            goods=sum(line.paid for line in self.lines),
            tax=sum(line.tax for line in self.lines) + (self.shipping_tax if shipping else 0),
            shipping=shipping,
        )

    def _carried(self, paid: int, late: bool) -> Iterator[Change]:
        rng = self.rng
        shipped = paid + rng.randrange(21 * HOUR, 3 * DAY)
        delivered = shipped + rng.randrange(2 * DAY, 6 * DAY) + (20 * DAY if late else 0)
        if rng.random() < self.habits.edited:
            yield Change(paid + rng.randrange(2 * HOUR, 20 * HOUR), "edited")
        yield Change(shipped, "shipped")
        yield Change(delivered, "delivered")
        if self.habits.completes:
            yield Change(delivered + rng.randrange(3 * DAY, 8 * DAY), "completed")

    def _returns(self, asked: int) -> Iterator[Change]:
        """Yield requests and refunds; each unit of each line is asked back once at most."""
        if self.rng.random() < 0.3:
            shipping = self.shipping if self.rng.random() < 0.4 else 0
            yield from self._request(asked, self._everything(shipping))
            return
        for part in self._parts():
            yield from self._request(asked, part)
            asked += self.rng.randrange(HOUR, 6 * DAY)

    def _request(self, asked: int, part: Change) -> Iterator[Change]:
        identity = self.ids.next(self.rng)
        yield replace(part, at=asked, kind="return_requested", id=identity)
        if self.rng.random() < GRANTED:
            yield replace(part, at=asked + self.rng.randrange(DAY, 8 * DAY), id=identity)

    def _parts(self) -> Iterator[Change]:
        """Yield partial refunds: single units from the first on, or money for a line whose goods are kept."""
        rng = self.rng
        for index, line in enumerate(self.lines):
            if index and rng.random() < 0.5:
                continue
            if rng.random() < 0.25:
                yield self._amount(index, line.paid * rng.randrange(10, 60) // 100)
                continue
            paid, tax = shares(line.paid, line.quantity), shares(line.tax, line.quantity)
            for unit in range(line.quantity if rng.random() < 0.3 else 1):
                yield Change(0, "refunded", lines=(index,), quantities=(1,), goods=paid[unit], tax=tax[unit])

    def _amount(self, index: int, amount: int) -> Change:
        """Return an amount given back for a line whose goods are kept; it holds tax at the rate of the whole basket."""
        paid, tax = sum(line.paid for line in self.lines), sum(line.tax for line in self.lines)
        goods = (2 * amount * paid + paid + tax) // (2 * (paid + tax)) if paid else 0
        return Change(0, "refunded", lines=(index,), quantities=(0,), goods=goods, tax=amount - goods)
