"""The life of a sale: when it is paid, sent, cancelled, returned, refunded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from jalon.sandbox.world import Change, Line, shares

HOUR = 3600
DAY = 86_400
LATE = 0.02
"""Share of sales to which something happens unusually late."""


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


class Ids:
    """Number refunds, returns and cancellations: text of 19 digits, each once."""

    def __init__(self) -> None:
        self._last = 4_035_000_000_000_000_000

    def next(self, rng: Random) -> str:
        """Return a new id."""
        self._last += rng.randrange(1, 1_000_000)
        return str(self._last)


def live(
    rng: Random, habits: Habits, placed: int, lines: tuple[Line, ...], shipping: int, shipping_tax: int, ids: Ids
) -> tuple[Change, ...]:
    """Return all that happens to a sale placed at `placed`, in order of time; the first change is `placed`."""
    changes = [Change(placed, "placed")]
    if rng.random() < habits.unpaid:
        changes.append(Change(placed + rng.randrange(24 * HOUR, 48 * HOUR), "cancelled", id=ids.next(rng)))
        return tuple(changes)
    late = rng.random() < LATE
    paid = placed + rng.randrange(habits.pays_within) + (rng.randrange(HOUR, 20 * HOUR) if late else 0)
    changes.append(Change(paid, "paid"))
    if rng.random() < habits.cancelled:
        changes.append(_cancelled(rng, paid, lines, shipping, shipping_tax, ids))
        return tuple(changes)
    changes.extend(_carried(rng, habits, paid, late))
    if rng.random() < habits.returned:
        changes.extend(_returns(rng, changes[-1].at, lines, shipping, shipping_tax, late, ids))
    changes.sort(key=lambda change: change.at)
    return tuple(changes)


def _cancelled(rng: Random, paid: int, lines: tuple[Line, ...], shipping: int, shipping_tax: int, ids: Ids) -> Change:
    return Change(
        paid + rng.randrange(300, 20 * HOUR),
        "cancelled",
        id=ids.next(rng),
        goods=sum(line.paid for line in lines),
        tax=sum(line.tax for line in lines) + shipping_tax,
        shipping=shipping,
    )


def _carried(rng: Random, habits: Habits, paid: int, late: bool) -> Iterator[Change]:
    shipped = paid + rng.randrange(21 * HOUR, 3 * DAY)
    delivered = shipped + rng.randrange(2 * DAY, 6 * DAY) + (20 * DAY if late else 0)
    if rng.random() < habits.edited:
        yield Change(paid + rng.randrange(2 * HOUR, 20 * HOUR), "edited")
    yield Change(shipped, "shipped")
    yield Change(delivered, "delivered")
    if habits.completes:
        yield Change(delivered + rng.randrange(3 * DAY, 8 * DAY), "completed")


def _returns(
    rng: Random, after: int, lines: tuple[Line, ...], shipping: int, shipping_tax: int, late: bool, ids: Ids
) -> Iterator[Change]:
    """Yield requests and refunds; each unit of each line is refunded once at most."""
    asked = after + rng.randrange(HOUR, 4 * DAY) + (25 * DAY if late else 0)
    if rng.random() < 0.3:
        yield from _refund(asked, rng, _whole(lines, shipping if rng.random() < 0.4 else 0, shipping_tax), ids)
        return
    for part in _parts(rng, lines):
        yield from _refund(asked, rng, part, ids)
        asked += rng.randrange(HOUR, 6 * DAY)


def _refund(asked: int, rng: Random, part: Change, ids: Ids) -> Iterator[Change]:
    identity = ids.next(rng)
    yield Change(asked, "return_requested", identity, part.lines, part.quantities, part.goods, part.tax, part.shipping)
    if rng.random() < 0.85:  # the rest is refused, and no money moves
        at = asked + rng.randrange(DAY, 8 * DAY)
        yield Change(at, "refunded", identity, part.lines, part.quantities, part.goods, part.tax, part.shipping)


def _whole(lines: tuple[Line, ...], shipping: int, shipping_tax: int) -> Change:
    return Change(
        0,
        "refunded",
        lines=tuple(range(len(lines))),
        quantities=tuple(line.quantity for line in lines),
        goods=sum(line.paid for line in lines),
        tax=sum(line.tax for line in lines) + (shipping_tax if shipping else 0),
        shipping=shipping,
    )


def _parts(rng: Random, lines: tuple[Line, ...]) -> Iterator[Change]:
    """Yield partial refunds: single units from the first on, or an amount of money for a line whose goods are kept."""
    for index, line in enumerate(lines):
        if index and rng.random() < 0.5:
            continue
        if rng.random() < 0.25:
            goods = line.paid * rng.randrange(10, 60) // 100
            yield Change(0, "refunded", lines=(index,), quantities=(0,), goods=goods)
            continue
        paid, tax = shares(line.paid, line.quantity), shares(line.tax, line.quantity)
        for unit in range(line.quantity if rng.random() < 0.3 else 1):
            yield Change(0, "refunded", lines=(index,), quantities=(1,), goods=paid[unit], tax=tax[unit])
