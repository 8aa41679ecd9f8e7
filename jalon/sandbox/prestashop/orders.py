"""The orders of the played shop: the states that each goes through, its credit slips, and who placed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from jalon.sandbox.world import Change, OwnShop, Sale, Shopper

GUESTS = 100_000
"""Numbers of customers who bought as guests begin here: one for each of their orders."""


class State(NamedTuple):
    """An order state of the shop, as PrestaShop sets it up; flags as `order_states` shows them."""

    number: int
    name: str
    paid: bool
    logable: bool
    template: str


STATES = (
    State(2, "Payment accepted", True, True, "payment"),
    State(4, "Shipped", True, True, "shipped"),
    State(5, "Delivered", True, True, ""),
    State(6, "Canceled", False, False, "order_canceled"),
    State(7, "Refunded", False, False, "refund"),
    State(10, "Awaiting bank wire payment", False, False, "bankwire"),
)
BY_NUMBER = {state.number: state for state in STATES}
STEPS = {"placed": 10, "paid": 2, "shipped": 4, "delivered": 5, "cancelled": 6}
"""What happens to a sale -> the state that it comes into; once everything went back that is 7, or 6 if cancelled."""
SILENT = ("completed", "return_requested")
"""Changes that leave the order as it is."""


class Step(NamedTuple):
    """A change of state."""

    number: int
    order: int
    state: int
    at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the shop."""

    number: int
    sale: Sale

    def moved(self, now: int) -> int:
        """Return when it was last changed, by `now`."""
        return max(change.at for change in self.sale.until(now) if change.kind not in SILENT)

    def steps(self, now: int) -> list[Step]:
        """Return the states that it has gone through by `now`, oldest first."""
        return [Step(self.number * 20 + n, self.number, state, at) for n, (state, at) in enumerate(self._states(now))]

    def _states(self, now: int) -> Iterator[tuple[int, int]]:
        left = self.goods
        for change in self.sale.until(now):
            back = change.goods if change.kind in ("refunded", "cancelled") else 0
            left -= back
            if back and not left and (change.kind == "refunded" or self.number % 3 == 0):
                yield 7, change.at
            elif change.kind in STEPS:
                yield STEPS[change.kind], change.at

    @property
    def goods(self) -> int:
        """Return what was paid for the goods."""
        return sum(line.paid for line in self.sale.lines)

    @property
    def has_voucher(self) -> bool:
        """Tell whether its discount is a voucher; that of others lowers the prices of the rows."""
        return len(self.sale.lines) == 1 and bool(self.number % 2)

    @property
    def is_posted_free(self) -> bool:
        """Tell whether a voucher pays for its shipping; the shipping of others without any costs nothing."""
        return not self.sale.shipping and not self.number % 2

    def slips(self, now: int) -> list[Change]:
        """Return the credit slips made out by `now`."""
        kinds = ("refunded", "cancelled")
        return [c for c in self.sale.until(now) if c.kind in kinds and (c.goods or c.tax or c.shipping)]


class Orders:
    """All orders of one shop."""

    def __init__(self, shop: OwnShop) -> None:
        self.shop = shop
        self.shops = 1
        self.entries = [Entry(int(sale.order_id), sale) for sale in shop.sales]

    def shop_of(self, entry: Entry) -> int:
        """Return the number of the shop, of `shops` in the installation, in which an order was placed."""
        return 1 + entry.number % self.shops

    def placed(self, now: int) -> list[Entry]:
        """Return the orders placed by `now`."""
        return [entry for entry in self.entries if entry.sale.placed_at <= now]

    @cached_property
    def _registered(self) -> dict[str, int]:
        return {shopper: number for number, shopper in enumerate(self.shop.shoppers, 2) if number % 4}

    def customer(self, entry: Entry) -> int:
        """Return the number of an order's customer: every fourth buys as a guest, anew each time."""
        return self._registered.get(entry.sale.shopper, GUESTS + entry.number)

    def customers(self, now: int) -> dict[int, Shopper]:
        """Return all customers by number."""
        return {self.customer(entry): self.shop.shoppers[entry.sale.shopper] for entry in self.placed(now)}
