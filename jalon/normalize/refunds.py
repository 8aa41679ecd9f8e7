"""What an amount is of that goes back to a buyer: goods and shipping, each with its tax.

Shops let somebody type in an amount without saying what for. It is money that the buyer paid, so it holds tax like the
order: goods first, as far as there are any left, then shipping, each with its tax at the order's own rate.
"""

from __future__ import annotations

from typing import NamedTuple

from jalon.normalize.money import portion


class Parts(NamedTuple):
    """Goods and shipping before tax, and the tax of each, in minor units."""

    goods: int
    goods_tax: int
    shipping: int
    shipping_tax: int

    def plus(self, more: Parts) -> Parts:
        """Return both together."""
        return Parts(*(mine + its for mine, its in zip(self, more, strict=True)))

    def less(self, gone: Parts) -> Parts:
        """Return what is left, of no part less than nothing."""
        return Parts(*(max(0, mine - its) for mine, its in zip(self, gone, strict=True)))


def parted(amount: int, whole: Parts, left: Parts) -> Parts:
    """Return the parts of an amount with tax. `whole` is the order, `left` what of it did not go back before.

    What is more than all that is left has no part.
    """
    goods, goods_tax = _taxed(amount, whole[:2], left[:2])
    shipping, shipping_tax = _taxed(amount - goods - goods_tax, whole[2:], left[2:])
    return Parts(goods, goods_tax, shipping, shipping_tax)


def _taxed(amount: int, whole: tuple[int, int], left: tuple[int, int]) -> tuple[int, int]:
    """Return (before tax, tax) of an amount, by the rate of `whole`; all that is `left` if the amount is as much."""
    if amount >= sum(left):
        return left
    part = min(left[0], portion(amount, whole[0], sum(whole)))
    return part, amount - part
