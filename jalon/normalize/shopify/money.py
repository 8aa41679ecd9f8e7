"""The money of a Shopify order in shop currency, taken apart: goods before tax, discount, shipping, tax, refunds.

What the fields of API version 2026-10 hold (https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem):

| field | holds |
| --- | --- |
| LineItem.originalTotalSet | price of all units as ordered, before any discount, with tax if `taxesIncluded` |
| LineItem.discountAllocations | all discounts on the line: its own, those of codes, and its share of the order's |
| LineItem.discountedTotalSet | lacks the order's discounts and those of codes: not used |
| LineItem.taxLines | tax of all units, after discounts |
| Order.subtotalPriceSet | all lines after all discounts, before returns, with tax if `taxesIncluded` |
| Order.totalDiscountsSet | discounts on goods and on shipping |
| OrderTransaction | the only proof that money moved |

So goods = original - allocations - tax if included. A refund is worth what its transactions say: the subtotals of its
lines were seen at 0 while money was refunded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from jalon.normalize.money import minor, portion, shared
from jalon.normalize.refunds import Parts, parted
from jalon.normalize.vocabulary import Unfit

Json = Mapping[str, Any]
_minor = lru_cache(maxsize=16_384)(minor)  # prices repeat


def amount(bag: Json | None, currency: str) -> int:
    """Return the shop money of a money bag; nothing is 0. Raises `Unfit` if it is of another currency."""
    if bag is None:
        return 0
    money = bag["shopMoney"]
    if money.get("currencyCode", currency) != currency:
        raise Unfit("mixed_currencies", f"{str(money['currencyCode'])[:20]} in an order in {currency}")
    return _minor(money["amount"], currency)


def summed(items: Iterable[Json] | None, field: str, currency: str) -> int:
    """Return the sum of a money field."""
    return sum(amount(item[field], currency) for item in items or ())


# --- lines ----------------------------------------------------------------------------------------------------------


class Money(NamedTuple):
    """Goods money of a line or an order: goods = gross - discount, all before tax."""

    gross: int
    discount: int
    goods: int
    tax: int


def line_money(line: Json, currency: str, included: bool) -> Money:
    """Return the money of all units of a line. A gift card is no goods: it is spent on goods later."""
    original = amount(line["originalTotalSet"], currency)
    discount = summed(line.get("discountAllocations"), "allocatedAmountSet", currency)
    tax = summed(line.get("taxLines"), "priceSet", currency)
    if line.get("isGiftCard"):
        return Money(0, 0, 0, tax)
    gross = original - tax if included else original
    if line["quantity"] < 0 or discount < 0 or gross < discount:
        raise Unfit("negative_quantity", f"line {line['id']}: quantity {line['quantity']}, {gross} less {discount}")
    return Money(gross, discount, gross - discount, tax)


def order_money(order: Json, lines: Sequence[Json] | None, moneys: Sequence[Money], currency: str) -> Money:
    """Return the money of an order: what it states, or the sum of its lines where that says more.

    Apps that copy orders leave discounts off the lines, so the order's own subtotal counts. It holds gift cards and
    what an edit took off, so where there are such, the lines count.
    """
    by_lines = Money(*(sum(column) for column in zip(Money(0, 0, 0, 0), *moneys, strict=True)))
    is_plain = not order.get("edited") and not any(line.get("isGiftCard") for line in lines or ())
    if lines is None or (is_plain and order.get("subtotalPriceSet")):
        return _stated_money(order, by_lines.discount, currency)
    not_charged = sum(summed(line.get("taxLines"), "priceSet", currency) for line in lines) - by_lines.tax
    return by_lines._replace(tax=max(0, amount(order.get("totalTaxSet"), currency) - not_charged))


def _stated_money(order: Json, on_lines: int, currency: str) -> Money:
    """Return what an order states. The total of discounts was seen without those on shipping."""
    shipping = order.get("shippingLine") or {}
    tax = amount(order.get("totalTaxSet"), currency)
    goods = amount(order.get("subtotalPriceSet"), currency)
    if order.get("taxesIncluded"):
        goods -= tax - summed(shipping.get("taxLines"), "priceSet", currency)
    discount = amount(order.get("totalDiscountsSet"), currency)
    on_shipping = summed(shipping.get("discountAllocations"), "allocatedAmountSet", currency)
    if discount - on_shipping >= on_lines:
        discount -= on_shipping
    if goods < 0 or discount < 0:
        raise Unfit("negative_amount", f"goods of {goods} after a discount of {discount}")
    return Money(goods + discount, discount, goods, tax)


def fitted(moneys: Sequence[Money], goods: int) -> list[Money]:
    """Return the money of lines that are worth no more than their order: what they lack of its discount is shared out.

    Apps that copy orders leave discounts off the lines, and taxes are rounded by line.
    """
    over = max(0, sum(money.goods for money in moneys) - goods)
    shares = shared(over, [money.goods for money in moneys])
    return [
        Money(money.gross, money.discount + share, money.goods - share, money.tax)
        for money, share in zip(moneys, shares, strict=True)
    ]


def shipping_money(order: Json, currency: str) -> tuple[int, int]:
    """Return what was charged for shipping, before tax, and its tax."""
    line = order.get("shippingLine")
    if not line:
        return amount(order.get("totalShippingPriceSet"), currency), 0
    tax = summed(line.get("taxLines"), "priceSet", currency)
    return amount(line["discountedPriceSet"], currency) - (tax if order.get("taxesIncluded") else 0), tax


# --- refunds --------------------------------------------------------------------------------------------------------

State = Literal["succeeded", "pending", "failed"]
FAILED = frozenset({"FAILURE", "ERROR"})


class Returned(NamedTuple):
    """Money back to the buyer: total = goods + shipping + tax, but for gift cards. `tax` holds what has no part."""

    state: State
    parts: Parts
    tax: int
    total: int


def refund_money(
    refund: Json, currency: str, included: bool, whole: Parts, left: Parts, gift_cards: frozenset[str]
) -> Returned:
    """Return what a refund gave back. `whole` is the order, `left` what of it was not given back before.

    Its transactions say how much, its lines what for. What is above them (a free amount) is parted as the order is;
    what is below them (a fee kept back) is kept back of goods and tax alike. Without money it is `pending`, and 0.
    """
    state, total = _moved(refund, currency)
    if state != "succeeded":
        return Returned(state, Parts(0, 0, 0, 0), 0, 0)
    named, cards = _named(refund, currency, included, gift_cards)
    posted = min(named.shipping + named.shipping_tax, total)
    shipping = portion(posted, named.shipping, named.shipping + named.shipping_tax)
    cards = min(cards, total - posted)
    money, asked = total - posted - cards, named.goods + named.goods_tax
    goods = named.goods if money >= asked else portion(money, named.goods, asked)
    parts = Parts(min(goods, left.goods), min(money, asked) - goods, shipping, posted - shipping)
    parts = parts.plus(parted(max(0, money - asked), whole, left.less(parts)))
    return Returned(state, parts, total - parts.goods - parts.shipping - cards, total)


def _moved(refund: Json, currency: str) -> tuple[State, int]:
    """Return whether money moved, and how much."""
    moves = [one for one in refund["transactions"]["nodes"] if one["kind"] == "REFUND"]
    total = summed((one for one in moves if one["status"] == "SUCCESS"), "amountSet", currency)
    if total > 0:
        return "succeeded", total
    return ("failed" if moves and all(one["status"] in FAILED for one in moves) else "pending"), 0


def _named(refund: Json, currency: str, included: bool, gift_cards: frozenset[str]) -> tuple[Parts, int]:
    """Return the parts that a refund names, and what it names of gift cards."""
    posts = (refund.get("refundShippingLines") or {}).get("nodes") or ()
    shipping_tax = summed(posts, "taxAmountSet", currency)
    shipping = summed(posts, "subtotalAmountSet", currency) - (shipping_tax if included else 0)
    lines = refund["refundLineItems"]["nodes"]
    cards = summed((line for line in lines if line["lineItem"]["id"] in gift_cards), "subtotalSet", currency)
    tax = summed(lines, "totalTaxSet", currency)
    goods = summed(lines, "subtotalSet", currency) - cards - (tax if included else 0)
    return Parts(max(0, goods), tax, max(0, shipping), shipping_tax), cards
