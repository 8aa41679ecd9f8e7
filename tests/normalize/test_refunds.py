"""What an amount is of that goes back: by one rule, in every shop."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.refunds import Parts, parted
from jalon.normalize.vocabulary import Refund
from tests.normalize import test_prestashop as prestashop
from tests.normalize import test_shopify as shopify
from tests.normalize import test_woocommerce as woocommerce

CENTS = st.integers(0, 10**6)
PARTS = st.builds(Parts, CENTS, CENTS, CENTS, CENTS)


@given(PARTS, st.lists(st.integers(1, 10**6), max_size=6))
def test_amounts_take_no_part_beyond_what_is_left_and_all_of_it_once_they_are_as_much(
    whole: Parts, amounts: list[int]
) -> None:
    left, owed = whole, sum(whole)
    for amount in amounts:
        parts = parted(amount, whole, left)
        assert sum(parts) == min(amount, owed)
        assert all(0 <= part <= there for part, there in zip(parts, left, strict=True))
        left, owed = left.less(parts), owed - sum(parts)
    assert sum(left) == owed


def by_shopify(goods: int, tax: int, amount: int) -> Refund:
    totals = {"totalTaxSet": shopify.bag(tax), "taxesIncluded": True, "refunds": [shopify.given_back(amount)]}
    found: Refund = shopify.one(Refund, shopify.order(shopify.line(1, goods, tax=tax, included=True), **totals))
    return found


def by_woocommerce(goods: int, tax: int, amount: int) -> Refund:
    line = {"id": 1, "quantity": 1, "total": woocommerce.euros(goods), "total_tax": woocommerce.euros(tax)}
    order: dict[str, Any] = {
        **woocommerce.ORDER,
        "line_items": [line],
        "total": woocommerce.euros(goods + tax),
        "total_tax": woocommerce.euros(tax),
        "shipping_total": "0.00",
        "refunds": [{"id": 9, "amount": woocommerce.euros(amount)}],
    }
    found: Refund = woocommerce.only(Refund, woocommerce.facts(order))
    return found


def by_prestashop(goods: int, tax: int, amount: int) -> Refund:
    slip = {
        "id": 9,
        "id_order": 5,
        "currency": "EUR",
        "date_add": "2025-12-01 10:00:00",
        "total_products_tax_excl": prestashop.written(goods),
        "total_products_tax_incl": prestashop.written(goods + tax),
        "order_products": prestashop.written(goods),
        "order_products_wt": prestashop.written(goods + tax),
        "amount": prestashop.written(amount),
    }
    found: Refund = prestashop.facts(slip, "order_slips")[0]
    return found


@pytest.mark.parametrize(
    ("goods", "tax", "amount", "expected"),
    [
        (5_000, 1_000, 1_200, (1_000, 200)),
        (5_000, 0, 1_200, (1_200, 0)),
        (10_000, 550, 999, (947, 52)),
        (5_000, 1_000, 6_000, (5_000, 1_000)),
    ],
)
def test_an_amount_without_lines_is_the_same_in_every_shop(
    goods: int, tax: int, amount: int, expected: tuple[int, int]
) -> None:
    for shop in (by_shopify, by_woocommerce, by_prestashop):
        back = shop(goods, tax, amount)
        assert (back.goods, back.tax, back.total) == (*expected, amount), shop.__name__
