"""WooCommerce's meaning: the arithmetic of orders and refunds, and what no record may do."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.refunds import Parts
from jalon.normalize.vocabulary import Context, Instant, Order, OrderLine, Raw, Refund, Touchpoint
from jalon.normalize.woocommerce import normalize
from jalon.normalize.woocommerce.money import Left, order_money, refund_money
from tests.normalize.odd import JSON, check_fit_or_unfit

CONTEXT = Context(ZoneInfo("Europe/Paris"), {})
CENTS = st.integers(0, 10**7)
ORDER = {
    "id": 727,
    "status": "processing",
    "currency": "EUR",
    "date_created_gmt": "2025-11-20T23:30:00",
    "date_paid_gmt": "2025-11-20T23:31:00",
    "total": "30.00",
    "total_tax": "5.00",
    "shipping_total": "5.00",
    "line_items": [{"id": 1, "subtotal": "20.00", "total": "20.00", "total_tax": "4.00", "quantity": 2, "sku": "A"}],
}


def facts(body: Any, stream: str = "orders", account: dict[str, str] | None = None) -> list[Any]:
    raw = Raw("shop", stream, "727", 5, Instant(1_764_000_000_000_000), 1, body)
    return list(normalize(raw, CONTEXT._replace(account=account or {})))


def only(kind: type[Any], found: list[Any]) -> Any:
    (one,) = [fact for fact in found if isinstance(fact, kind)]
    return one


def euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


@given(st.lists(st.tuples(CENTS, CENTS, CENTS), max_size=5), CENTS, CENTS, CENTS, st.booleans())
def test_an_order_adds_up_whatever_its_prices_include(
    lines: list[tuple[int, int, int]], shipping: int, surcharge: int, given_: int, included: bool
) -> None:
    goods, tax = sum(line[0] for line in lines), sum(line[2] for line in lines)
    given_ = min(given_, goods)
    order = {
        "prices_include_tax": included,
        "line_items": [
            {"subtotal": euros(paid + off), "total": euros(paid), "total_tax": euros(tax)} for paid, off, tax in lines
        ],
        "fee_lines": [{"total": euros(surcharge)}, {"total": euros(-given_)}],
        "discount_total": euros(sum(line[1] for line in lines)),
        "shipping_total": euros(shipping),
        "total_tax": euros(tax),
        "total": euros(goods + tax + shipping + surcharge - given_),
    }
    money = order_money(order, "EUR")
    assert money.goods == goods - given_
    assert money.goods + money.shipping + money.tax + money.fees == money.total
    assert money.gross - money.discount == money.goods
    assert money.discount == sum(line[1] for line in lines) + given_


@given(st.lists(st.integers(1, 1999), min_size=2, max_size=6))
def test_lines_that_are_rounded_each_by_itself_lose_no_cent_of_the_order(prices: list[int]) -> None:
    """Prices with tax inside: the lines' prices without tax are rounded, the order's total is what was charged."""
    charged = sum(prices)
    tax = round(charged / 6)
    order = {
        "line_items": [{"total": euros(round(price * 5 / 6)), "total_tax": "0.00"} for price in prices],
        "total": euros(charged),
        "total_tax": euros(tax),
    }
    assert order_money(order, "EUR").goods == charged - tax


@given(CENTS, CENTS, CENTS, CENTS, CENTS)
def test_an_amount_that_was_typed_in_is_parted_and_none_of_it_lost(
    amount: int, goods: int, goods_tax: int, shipping: int, shipping_tax: int
) -> None:
    whole = Parts(goods, goods_tax, shipping, shipping_tax)
    back = refund_money({"amount": euros(amount)}, "EUR", whole, Left(whole, sum(whole), 0))
    assert back.parts.goods + back.parts.shipping + back.tax == back.total == amount
    assert all(part <= there for part, there in zip(back.parts, whole, strict=True))
    assert back.parts[:2] == whole[:2] or not any(back.parts[2:]), "goods come first"


@given(CENTS, CENTS, CENTS, CENTS)
def test_what_lines_name_goes_back_as_they_name_it(goods: int, tax: int, shipping: int, more: int) -> None:
    refund = {
        "amount": euros(goods + tax + shipping),
        "line_items": [{"total": euros(-goods), "total_tax": euros(-tax)}],
        "shipping_lines": [{"total": euros(-shipping), "total_tax": "0.00"}],
    }
    whole = Parts(goods + more, tax, shipping, 0)
    assert refund_money(refund, "EUR", whole, Left(whole, sum(whole), 0)) == (
        Parts(goods, tax, shipping, 0),
        tax,
        goods + tax + shipping,
    )


def net(body: dict[str, Any]) -> int:
    found = facts(body)
    order: Order = only(Order, found)
    return order.goods - sum(back.goods for back in found if isinstance(back, Refund))


def sold(total: int, goods: int, tax: int = 0, fee: int = 0) -> dict[str, Any]:
    """Write a paid order of one line, with a fee or a discount written as one."""
    line = {"id": 1, "quantity": 1, "subtotal": euros(goods), "total": euros(goods), "total_tax": euros(tax)}
    fees = [{"id": 2, "total": euros(fee), "total_tax": "0.00"}] if fee else []
    money = {"total": euros(total), "total_tax": euros(tax), "shipping_total": "0.00"}
    return {**ORDER, **money, "line_items": [line], "fee_lines": fees}


def back(number: int, amount: int, goods: int, tax: int = 0, fee: int = 0) -> dict[str, Any]:
    line = {"id": 5, "quantity": -1, "total": euros(-goods), "total_tax": euros(-tax)}
    fees = [{"id": 6, "total": euros(-fee), "total_tax": "0.00"}] if fee else []
    return {"id": number, "amount": euros(amount), "line_items": [line] if goods else [], "fee_lines": fees}


@pytest.mark.parametrize("fee", [-500, 500])
@pytest.mark.parametrize("lines", [True, False])
def test_nothing_is_left_of_an_order_with_a_fee_that_went_back_whole(fee: int, lines: bool) -> None:
    total = 10_000 + fee
    refund = back(9, total, 10_000, fee=fee) if lines else back(9, total, 0)
    assert net({**sold(total, 10_000, fee=fee), "refunds": [refund]}) == 0


@pytest.mark.parametrize(
    ("refunds", "left"),
    [
        ([back(9, 8_400, 10_000, 2_000)], 0),
        ([back(9, 6_000, 5_000, 1_000), back(10, 2_400, 5_000, 1_000)], 0),
        ([back(9, 6_000, 5_000, 1_000)], 5_000),
        ([back(9, 4_800, 5_000, 1_000)], 6_000),
        ([back(9, 8_400, 0)], 3_000),
    ],
    ids=["whole", "in two parts", "a part", "a part, something kept back", "an amount without lines"],
)
def test_goods_that_come_back_count_whole_where_a_gift_card_paid_for_some(
    refunds: list[dict[str, Any]], left: int
) -> None:
    """Of goods for 100 and their tax 84 were paid in money, which is as much as WooCommerce gives back."""
    assert net({**sold(8_400, 10_000, 2_000), "refunds": refunds}) == left


def test_a_shop_before_version_8_5_has_no_touch_before_its_orders() -> None:
    found = facts(ORDER)
    assert [fact.key for fact in found if isinstance(fact, Touchpoint)] == ["727/purchase"]
    assert only(Order, found).journey == "none"


@pytest.mark.parametrize("kind", ["admin", "mobile_app"])
def test_an_order_written_by_the_shop_s_own_people_was_led_to_by_no_visit(kind: str) -> None:
    found = facts({**ORDER, "attribution": {"source_type": kind, "utm_source": "tiktok"}})
    assert [fact.key for fact in found if isinstance(fact, Touchpoint)] == ["727/purchase"]


@pytest.mark.parametrize(
    ("kind", "more", "channel"),
    [
        ("utm", {"utm_source": "instagram", "utm_medium": "social"}, "instagram"),
        ("organic", {"utm_source": "google", "referrer": "https://www.google.com/"}, "search"),
        ("referral", {"utm_source": "pinterest.com", "referrer": "https://www.pinterest.com/"}, "pinterest"),
        ("typein", {"utm_source": "(direct)"}, "direct"),
    ],
)
def test_every_other_type_of_source_is_a_visit(kind: str, more: dict[str, str], channel: str) -> None:
    """The six types are all that WooCommerce writes."""
    found = facts({**ORDER, "attribution": {"source_type": kind, "session_entry": "https://b.example/", **more}})
    assert [fact.channel for fact in found if isinstance(fact, Touchpoint)] == [channel, "site"]


def test_marks_are_campaign_marks_only_of_a_marked_link() -> None:
    told = {"utm_source": "tiktok", "utm_content": "7385101200000000001", "session_entry": "https://b.example/"}
    marked = facts({**ORDER, "attribution": {"source_type": "utm", **told}})
    named = facts({**ORDER, "attribution": {"source_type": "referral", **told}})
    touches = [next(f for f in found if isinstance(f, Touchpoint)) for found in (marked, named)]
    assert [(t.channel, t.evidence, t.content_id) for t in touches] == [
        ("tiktok", "utm", "7385101200000000001"),
        ("tiktok", "declared", None),
    ]


def test_days_are_those_of_the_shop() -> None:
    assert str(only(Order, facts(ORDER)).placed_date) == "2025-11-21"


def test_facts_of_an_order_in_the_trash_are_all_taken_back_but_who_is_who() -> None:
    trashed = {**ORDER, "status": "trash", "refunds": [{"id": 9, "amount": "1.00"}]}
    found = [fact for fact in facts(trashed) if isinstance(fact, Order | OrderLine | Touchpoint | Refund)]
    assert len(found) == 5
    assert all(fact.removed for fact in found)
    restored = [fact for fact in facts({**trashed, "status": "processing"}) if hasattr(fact, "removed")]
    assert not any(fact.removed for fact in restored)


def test_an_order_that_is_refunded_without_a_refund_is_given_back_whole() -> None:
    """As orders are that were brought in from another system."""
    order = only(Order, facts({**ORDER, "status": "refunded", "date_paid_gmt": "2025-11-21T11:00:00"}))
    assert (order.status, order.paid_at is None) == ("cancelled", False)


def test_refunds_of_an_order_that_was_never_paid_move_nothing() -> None:
    body = {**ORDER, "status": "refunded", "date_paid_gmt": None, "refunds": [{"id": 9, "amount": "30.00"}]}
    assert only(Order, facts(body)).status == "cancelled"
    assert only(Refund, facts(body)).state == "pending"


@given(st.sampled_from([*ORDER, "refunds", "fee_lines", "attribution", "billing", "names", "customer"]), JSON)
def test_a_field_of_another_kind_makes_a_record_unfit_and_nothing_worse(name: str, value: Any) -> None:
    for stream in ("orders", "products"):
        check_fit_or_unfit(partial(facts, {**ORDER, name: value}, stream), (stream, name, value))


def test_official_samples_become_facts(contracts: Path) -> None:
    for sample in json.loads((contracts / "woocommerce" / "orders.samples.json").read_text()):
        if isinstance(sample, dict) and "currency" in sample:
            order = only(Order, facts(sample))
            assert order.goods + order.shipping + order.tax == order.total
            lines = [fact for fact in facts(sample) if isinstance(fact, OrderLine)]
            assert sum(line.goods for line in lines) == order.goods
