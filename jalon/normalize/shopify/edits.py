"""What of an edited Shopify order was charged.

Shopify writes down the units that an edit takes off as refunded, whether they had been paid or not, and it keeps them
in the order's lines beside those that came in their place. What came in (`totalReceivedSet`, before refunds) tells the
two apart: as far as it falls short of all lines, units that were taken off were never paid. So a swap to something
cheaper is charged what was received, and the difference that goes back is an ordinary refund.

What an edit adds makes a paid order `PARTIALLY_PAID` until it is paid too. Such an order is told from one of which
never more than a deposit came in by `originalTotalPriceSet`, what it asked for when it was placed.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem, `quantity`, and Order, `totalReceivedSet`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jalon.normalize.money import portion
from jalon.normalize.shopify.money import Json, Money, amount, line_money, summed


def charged(order: Json, lines: Sequence[Json], currency: str, included: bool) -> list[Money]:
    """Return the money of each line, without units that an edit took off, or added, and that were not paid."""
    bill = _Bill(order, lines, currency, included)
    if order.get("edited"):
        for line in _taken_off(order):
            on_top = 0 if included else amount(line.get("totalTaxSet"), currency)
            bill.take_off(line["lineItem"]["id"], amount(line["subtotalSet"], currency) + on_top)
    if is_extended(order, currency):
        for line in reversed(lines):
            bill.take_off(line["id"])
    return bill.moneys


def is_extended(order: Json, currency: str) -> bool:
    """Say whether an order was paid in full, and then something was added to it that is not paid yet."""
    original = order.get("originalTotalPriceSet")
    if not order.get("edited") or order.get("displayFinancialStatus") != "PARTIALLY_PAID" or original is None:
        return False
    return amount(order.get("totalReceivedSet"), currency) >= amount(original, currency)


class _Bill:
    """The lines of an order, and how far what came in falls `short` of them."""

    def __init__(self, order: Json, lines: Sequence[Json], currency: str, included: bool) -> None:
        self.moneys = [line_money(line, currency, included) for line in lines]
        self._places = {line["id"]: place for place, line in enumerate(lines)}
        self._asked = [_asked(line, currency, included) for line in lines]
        shipping = _priced(order.get("shippingLine") or {}, "discountedPriceSet", currency, included)
        self._short = sum(self._asked) + shipping - amount(order.get("totalReceivedSet"), currency)

    def take_off(self, line: str, worth: int | None = None) -> None:
        """Take units off a line, as far as they were not paid; `worth` is with tax, None for all that are left."""
        place = self._places.get(line)
        if place is not None:
            left = self._asked[place]
            unpaid = max(0, min(left if worth is None else worth, left, self._short))
            self._asked[place] -= unpaid
            self._short -= unpaid
            self.moneys[place] = _less(self.moneys[place], unpaid)


def _less(money: Money, unpaid: int) -> Money:
    goods = portion(unpaid, money.goods, money.goods + money.tax)
    return Money(money.gross - goods, money.discount, money.goods - goods, money.tax - min(unpaid - goods, money.tax))


def _taken_off(order: Json) -> Iterator[Json]:
    """Yield the lines of all refunds, first of those without money: that is how an edit is written down."""
    refunds = [refund for refund in order.get("refunds") or () if "transactions" in refund]
    for refund in sorted(refunds, key=lambda refund: bool(refund["transactions"]["nodes"])):
        yield from refund["refundLineItems"]["nodes"]


def _asked(line: Json, currency: str, included: bool) -> int:
    """Return what a line asks for, with tax."""
    discount = summed(line.get("discountAllocations"), "allocatedAmountSet", currency)
    return _priced(line, "originalTotalSet", currency, included) - discount


def _priced(line: Json, price: str, currency: str, included: bool) -> int:
    on_top = 0 if included else summed(line.get("taxLines"), "priceSet", currency)
    return amount(line.get(price), currency) + on_top
