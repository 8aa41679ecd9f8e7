"""What Shopify's records become, beside what the golden files show: refusals, identity, properties of money."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.money import EXPONENTS
from jalon.normalize.refunds import Parts
from jalon.normalize.shopify import STREAMS, normalize
from jalon.normalize.shopify.money import line_money, refund_money
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Identity,
    Instant,
    Order,
    OrderLine,
    Raw,
    Refund,
    Touchpoint,
    Unfit,
)

CONTEXT = Context(ZoneInfo("Europe/Berlin"), {"currency": "EUR", "channel:tiktok": "tiktok_shop"})


# --- orders made here -------------------------------------------------------------------------------------------------


def bag(minor: int, currency: str = "EUR") -> dict[str, Any]:
    """Write an amount as Shopify does: a decimal without trailing zeros but one."""
    text = f"{minor / 100:.2f}".removesuffix("0")
    return {"shopMoney": {"amount": text, "currencyCode": currency}}


def line(
    number: int, goods: int, *, discount: int = 0, tax: int = 0, included: bool = False, quantity: int = 1
) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": f"SKU-{number}",
        "title": "Thing",
        "quantity": quantity,
        "originalTotalSet": bag(goods + discount + (tax if included else 0)),
        "discountAllocations": [{"allocatedAmountSet": bag(discount)}] if discount else [],
        "taxLines": [{"priceSet": bag(tax)}] if tax else [],
    }


def order(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "gid://shopify/Order/5001",
        "name": "#1001",
        "createdAt": "2026-06-22T22:34:00Z",
        "processedAt": "2026-06-22T22:34:00Z",
        "updatedAt": "2026-06-22T22:34:02Z",
        "displayFinancialStatus": "PAID",
        "currencyCode": "EUR",
        "taxesIncluded": False,
        "sourceName": "web",
        "totalPriceSet": bag(1000),
        "customer": "shopify_customer:aa",
        "lineItems": {"nodes": list(lines)},
        "refunds": [],
        "transactions": [],
    }
    return {**made, **fields}


def refund(money: int, *, goods: int = 0, tax: int = 0, status: str = "SUCCESS") -> dict[str, Any]:
    moved = {
        "id": "gid://shopify/OrderTransaction/1",
        "kind": "REFUND",
        "status": status,
        "processedAt": "2026-06-25T08:00:00Z",
        "amountSet": bag(money),
    }
    lines = [
        {
            "quantity": 1,
            "lineItem": {"id": "gid://shopify/LineItem/1"},
            "subtotalSet": bag(goods),
            "totalTaxSet": bag(tax),
        }
    ]
    return {
        "id": "gid://shopify/Refund/9",
        "createdAt": "2026-06-25T07:59:00Z",
        "return": None,
        "refundLineItems": {"nodes": lines},
        "refundShippingLines": {"nodes": []},
        "transactions": {"nodes": [moved] if money else []},
    }


def facts(body: Any, stream: str = "orders") -> list[Fact]:
    return list(normalize(Raw("shop", stream, "5001", 1, Instant(2), 3, body), CONTEXT))


def one(kind: type[Fact], body: Any) -> Any:
    """Return the only fact of a kind."""
    (found,) = [fact for fact in facts(body) if isinstance(fact, kind)]
    return found


# --- meaning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"displayFinancialStatus": "PAID"}, "paid"),
        ({"displayFinancialStatus": "PARTIALLY_REFUNDED"}, "paid"),
        ({"displayFinancialStatus": "AUTHORIZED"}, "pending"),
        ({"displayFinancialStatus": "VOIDED"}, "cancelled"),
        ({"displayFinancialStatus": "PAID", "cancelledAt": "2026-06-23T00:00:00Z"}, "cancelled"),
        ({"displayFinancialStatus": "A_WORD_OF_NEXT_YEAR"}, "pending"),
        ({"displayFinancialStatus": None, "totalPriceSet": bag(0)}, "paid"),
    ],
)
def test_only_money_that_came_in_makes_an_order_paid(fields: dict[str, Any], status: str) -> None:
    assert one(Order, order(line(1, 1000), **fields)).status == status


def test_an_imported_order_is_placed_when_it_was_sold() -> None:
    imported = one(Order, order(line(1, 1000), processedAt="2025-12-24T12:00:00Z"))
    assert imported.placed_date.isoformat() == "2025-12-24"


def test_a_local_day_is_the_accounts() -> None:
    assert one(Order, order(line(1, 1000))).placed_date.isoformat() == "2026-06-23"


@pytest.mark.parametrize(
    "fields",
    [
        {"sourceName": "tiktok"},
        {"sourceName": "1662707", "attribution": {"handle": "TikTok"}},
        {"sourceName": "1662707", "sourceIdentifier": "576461413038785752"},
        {"customAttributes": [{"key": "tiktok_order_id", "value": "576461413038785752"}]},
        {"name": "#576461413038785752"},
        {"name": "TTS-576461413038785752-US"},
        {"sourceName": "1662707", "alias_of": "tiktok_shop"},
    ],
)
def test_a_copy_of_a_platforms_order_is_known_by_any_of_its_marks(fields: dict[str, Any]) -> None:
    copy = one(Order, order(line(1, 1000), **fields))
    assert (copy.origin, copy.selling_mode, copy.channel) == ("tiktok_shop", "native", "tiktok")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("2329312", {"sourceName": "2329312"}),
        ("2329312", {"sourceName": "web", "app": {"id": "gid://shopify/App/2329312", "name": "Facebook"}}),
        ("facebook-shop", {"sourceName": "web", "attribution": {"handle": "Facebook-Shop"}}),
    ],
)
def test_the_accounts_table_knows_source_names_apps_and_handles(name: str, fields: dict[str, Any]) -> None:
    context = CONTEXT._replace(account={"currency": "EUR", f"channel:{name}": "facebook"})
    raw = Raw("shop", "orders", "5001", 1, Instant(2), 3, order(line(1, 1000), **fields))
    (copy,) = [fact for fact in normalize(raw, context) if isinstance(fact, Order)]
    assert (copy.origin, copy.channel) == ("facebook", "facebook")
    assert one(Order, order(line(1, 1000), **fields)).origin is None, "what the table does not name is the shop's own"


@pytest.mark.parametrize("name", ["#1494", "#20260622001", "12345678901234567890"])
def test_an_order_of_the_shop_itself_is_no_copy(name: str) -> None:
    made = one(Order, order(line(1, 1000), name=name))
    assert (made.origin, made.external_ids) == (None, (f"shopify:#{name.lstrip('#')}",))


def test_a_visit_that_two_orders_name_is_one_touchpoint() -> None:
    visit = {
        "id": "gid://shopify/CustomerVisit/7",
        "occurredAt": "2026-06-22T22:00:00Z",
        "landingPage": "https://s.example/",
    }
    journey = {"ready": True, "firstVisit": visit, "lastVisit": visit, "moments": {"nodes": [visit]}}
    first, second = (
        [
            fact
            for fact in facts(order(id=f"gid://shopify/Order/{n}", customerJourneySummary=journey))
            if isinstance(fact, Touchpoint) and fact.kind == "visit"
        ]
        for n in (1, 2)
    )
    assert [fact.key for fact in first] == [fact.key for fact in second] == ["7"]


@pytest.mark.parametrize(
    ("tactic", "kind"),
    [
        ("AD", "ad_click"),
        ("RETARGETING", "ad_click"),
        ("SEO", "visit"),
        (None, "visit"),
        ("WORD_OF_NEXT_YEAR", "visit"),
    ],
)
def test_a_visit_that_shopify_knows_to_be_advertised_is_a_click_on_an_ad(tactic: str | None, kind: str) -> None:
    visit = {"id": "gid://shopify/CustomerVisit/7", "occurredAt": "2026-06-22T22:00:00Z", "sourceType": tactic}
    journey = {"ready": True, "firstVisit": visit, "lastVisit": visit, "moments": {"nodes": []}}
    touches = [fact for fact in facts(order(customerJourneySummary=journey)) if isinstance(fact, Touchpoint)]
    assert [touch.kind for touch in touches if touch.key == "7"] == [kind]


def test_moments_that_are_no_visits_are_passed_over() -> None:
    journey = {
        "ready": True,
        "firstVisit": None,
        "lastVisit": None,
        "moments": {"nodes": [{"occurredAt": "2026-06-22T22:00:00Z"}]},
    }
    assert not [
        fact
        for fact in facts(order(customerJourneySummary=journey))
        if isinstance(fact, Touchpoint) and fact.kind == "visit"
    ]


def test_customer_email_and_phone_are_stated_to_be_one_person() -> None:
    linked = [
        fact for fact in facts(order(line(1, 1000), email="email:bb", phone="phone:cc")) if isinstance(fact, Identity)
    ]
    assert {(fact.left, fact.right) for fact in linked} == {
        ("shopify_customer:aa", "email:bb"),
        ("shopify_customer:aa", "phone:cc"),
    }


def test_a_guest_is_known_by_what_there_is() -> None:
    assert (
        one(Order, order(line(1, 1000), customer=None, checkoutToken="shopify_checkout:dd")).person
        == "shopify_checkout:dd"
    )


def test_what_a_buyer_saw_in_an_unknown_currency_is_left_out_and_the_order_is_kept() -> None:
    total = {**bag(1000), "presentmentMoney": {"amount": "11.0", "currencyCode": "USDC"}}
    kept = one(Order, order(line(1, 1000), totalPriceSet=total))
    assert (kept.goods, kept.presentment_currency, kept.presentment_total) == (1000, None, None)


def test_every_currency_that_shopify_names_is_known_but_what_is_none(contracts: Path) -> None:
    schema = json.loads(gzip.decompress((contracts / "shopify/admin_2026-10.introspection.json.gz").read_bytes()))
    types = (schema.get("data") or schema)["__schema"]["types"]
    (codes,) = [kind["enumValues"] for kind in types if kind["name"] == "CurrencyCode"]
    assert {code["name"] for code in codes} - set(EXPONENTS) == {"USDC", "XXX"}


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (order(line(1, 1000, quantity=-1)), "negative_quantity"),
        (order(line(1, 1000), currencyCode="XYZ"), "mixed_currencies"),
        (order(currencyCode="XYZ", totalPriceSet=bag(1, "XYZ")), "unknown_currency"),
        (order(line(1, 1000), createdAt="2026-02-30T00:00:00Z"), "impossible_date"),
        (order(line(1, 1000), totalPriceSet={"shopMoney": {"amount": "1,000.00", "currencyCode": "EUR"}}), "bad_money"),
        ({"id": "gid://shopify/Order/1"}, "missing_field"),
        ([], "bad_record"),
        (order({"id": "gid://shopify/LineItem/1"}), "missing_field"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_reason(body: Any, reason: str) -> None:
    with pytest.raises(Unfit) as refused:
        facts(body)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (order(line(1, 1000), app="x"), "'app' is no object"),
        (order(line(1, 1000), sourceName=7), "'sourceName' is no text"),
        (order(line(1, 1000), taxesIncluded="no"), "'taxesIncluded' is neither true nor false"),
        (order(line(1, 1000), line(2, 1000) | {"taxLines": {}}), "'lineItems.nodes[1].taxLines' is no list of objects"),
        (order(line(1, 1000) | {"quantity": "1"}), "'lineItems.nodes[0].quantity' is no whole number"),
        (
            order(line(1, 1000), totalPriceSet={"shopMoney": {"amount": 1.5, "currencyCode": "EUR"}}),
            "shopMoney.amount'",
        ),
        (
            order(line(1, 1000), refunds=[{"id": "gid://shopify/Refund/9", "transactions": None}]),
            "'refunds[0].createdAt",
        ),
        ({"deleted": True}, "'id' is missing"),
    ],
)
def test_a_field_of_another_kind_is_named(body: Any, said: str) -> None:
    with pytest.raises(Unfit) as refused:
        facts(body)
    assert said in refused.value.detail


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(Unfit, match="unknown_stream"):
        facts({}, "carts")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(order())), inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from(sorted(STREAMS)), st.dictionaries(st.sampled_from(list(order())), json_values))
def test_any_record_gives_facts_or_a_reason(stream: str, fields: dict[str, Any]) -> None:
    with suppress(Unfit):
        assert all(fact.source == "shop" for fact in facts({**order(line(1, 1000)), **fields}, stream))


# --- money ------------------------------------------------------------------------------------------------------------

cents = st.integers(0, 10_000_000)
lines = st.lists(st.tuples(cents, cents, cents), min_size=1, max_size=6)


@given(lines, st.booleans())
def test_goods_are_what_was_paid_before_tax(parts: list[tuple[int, int, int]], included: bool) -> None:
    made = [
        line(n, goods, discount=discount, tax=tax, included=included) for n, (goods, discount, tax) in enumerate(parts)
    ]
    found = facts(order(*made, taxesIncluded=included))
    (whole,) = [fact for fact in found if isinstance(fact, Order)]
    split = [fact for fact in found if isinstance(fact, OrderLine)]
    assert [fact.goods for fact in split] == [goods for goods, _, _ in parts]
    assert [fact.tax for fact in split] == [tax for _, _, tax in parts]
    assert whole.goods == sum(goods for goods, _, _ in parts) == whole.gross - whole.discount


@given(lines, st.booleans(), cents, cents)
def test_an_export_without_lines_gives_the_same_goods(
    parts: list[tuple[int, int, int]], included: bool, shipping: int, shipping_tax: int
) -> None:
    made = [
        line(n, goods, discount=discount, tax=tax, included=included) for n, (goods, discount, tax) in enumerate(parts)
    ]
    tax = sum(tax for _, _, tax in parts)
    goods, discount = sum(goods for goods, _, _ in parts), sum(discount for _, discount, _ in parts)
    stated = {
        "taxesIncluded": included,
        "subtotalPriceSet": bag(goods + (tax if included else 0)),
        "totalDiscountsSet": bag(discount + 50),
        "totalTaxSet": bag(tax + shipping_tax),
        "shippingLine": {
            "discountedPriceSet": bag(shipping + (shipping_tax if included else 0)),
            "discountAllocations": [{"allocatedAmountSet": bag(50)}],
            "taxLines": [{"priceSet": bag(shipping_tax)}],
        },
    }
    paged = one(Order, order(*made, **stated))
    exported = one(Order, {name: value for name, value in order(**stated).items() if name != "lineItems"})
    assert (paged.gross, paged.discount, paged.goods, paged.tax, paged.shipping) == (
        exported.gross, exported.discount, exported.goods, exported.tax, exported.shipping
    )  # fmt: skip
    assert exported.shipping == shipping


@given(st.lists(st.tuples(cents, cents, cents), max_size=5), cents)
def test_refunds_move_what_their_transactions_say_and_never_more_goods_than_there_were(
    refunds: list[tuple[int, int, int]], goods: int
) -> None:
    made = [refund(money, goods=subtotal, tax=tax) for money, subtotal, tax in refunds]
    found = [fact for fact in facts(order(line(1, goods), refunds=made)) if isinstance(fact, Refund)]
    assert sum(fact.goods for fact in found) <= goods
    for fact, (money, _, _) in zip(found, refunds, strict=True):
        assert fact.total == money == fact.goods + fact.shipping + fact.tax
        assert min(fact.goods, fact.shipping, fact.tax) >= 0
        assert fact.state == ("succeeded" if money else "pending")


def test_only_a_refund_s_own_transactions_give_money_back() -> None:
    told = refund(500, goods=500)
    (moved,) = told["transactions"]["nodes"]
    for kind in ("VOID", "SUGGESTED_REFUND", "CHANGE", "SALE"):
        told["transactions"]["nodes"].append({**moved, "kind": kind, "amountSet": bag(9900)})
    assert one(Refund, order(line(1, 1000), refunds=[told])).total == 500


def test_a_refund_that_failed_gave_nothing_back() -> None:
    failed = one(Refund, order(line(1, 1000), refunds=[refund(500, goods=500, status="FAILURE")]))
    assert (failed.state, failed.goods, failed.total) == ("failed", 0, 0)


def test_a_discount_that_an_app_left_off_the_lines_counts() -> None:
    """As real copies of a platform's orders have it: the line's list price stands beside a lower subtotal."""
    told = one(Order, order(line(1, 3999), subtotalPriceSet=bag(2798), totalDiscountsSet=bag(1201)))
    assert (told.gross, told.discount, told.goods) == (3999, 1201, 2798)


@given(lines, st.data())
def test_the_lines_of_a_copy_share_the_discount_that_only_their_order_states(
    parts: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    made = [line(n, goods, discount=discount, tax=tax) for n, (goods, discount, tax) in enumerate(parts)]
    listed = sum(goods for goods, _, _ in parts)
    subtotal = data.draw(st.integers(0, listed))
    found = facts(order(*made, subtotalPriceSet=bag(subtotal), totalDiscountsSet=bag(listed - subtotal)))
    split = [fact for fact in found if isinstance(fact, OrderLine)]
    assert sum(fact.goods for fact in split) == subtotal
    for fact, (goods, discount, _) in zip(split, parts, strict=True):
        assert (fact.gross, fact.gross - fact.discount) == (goods + discount, fact.goods)
        assert abs(fact.goods * listed - goods * subtotal) < listed or not listed


@pytest.mark.parametrize(("total", "on_line"), [(0, 0), (700, 700), (1200, 700), (500, 0)])
def test_a_discount_on_shipping_is_none_on_goods_in_the_total_or_not(total: int, on_line: int) -> None:
    shipping = {"discountedPriceSet": bag(0), "discountAllocations": [{"allocatedAmountSet": bag(500)}], "taxLines": []}
    stated = {"subtotalPriceSet": bag(5000), "totalDiscountsSet": bag(total), "shippingLine": shipping}
    found = one(Order, order(line(1, 5000, discount=on_line), **stated))
    assert (found.gross, found.discount, found.goods) == (5000 + on_line, on_line, 5000)


def test_a_gift_card_is_not_goods_when_it_is_sold() -> None:
    card = {**line(2, 5000), "isGiftCard": True}
    assert one(Order, order(line(1, 1000), card)).goods == 1000


# --- orders that were edited ------------------------------------------------------------------------------------------


def taken_off(number: int, worth: int, money: int = 0) -> dict[str, Any]:
    """Write down, as a refund, that a line was taken off, with or without money."""
    written = refund(money, goods=worth)
    written["refundLineItems"]["nodes"][0]["lineItem"]["id"] = f"gid://shopify/LineItem/{number}"
    return {**written, "id": f"gid://shopify/Refund/{number}"}


def given_back(money: int) -> dict[str, Any]:
    """Give money back that no line stands beside."""
    written = refund(money)
    return {**written, "refundLineItems": {"nodes": []}, "id": "gid://shopify/Refund/99"}


def edited(*lines: dict[str, Any], received: int, **fields: Any) -> dict[str, Any]:
    """Write an edited order; Shopify's totals hold all lines, those that were taken off too."""
    asked = sum(round(float(one["originalTotalSet"]["shopMoney"]["amount"]) * 100) for one in lines)
    totals = {"subtotalPriceSet": bag(asked), "totalPriceSet": bag(asked), "totalReceivedSet": bag(received)}
    return order(*lines, edited=True, **{**totals, **fields})


def net(body: Any) -> int:
    found = facts(body)
    (whole,) = [fact for fact in found if isinstance(fact, Order)]
    split = [fact for fact in found if isinstance(fact, OrderLine)]
    assert whole.goods == sum(line.goods for line in split)
    assert all(line.goods >= 0 and line.gross >= line.goods for line in split)
    back = sum(fact.goods for fact in found if isinstance(fact, Refund) and fact.state == "succeeded")
    return whole.goods - back if whole.status == "paid" else 0


prices = st.integers(1, 10_000_00)


@given(kept=prices, old=prices, new=prices, together=st.booleans(), first=st.booleans(), later=st.booleans())
def test_a_swap_is_worth_what_came_in_less_what_went_back(
    kept: int, old: int, new: int, together: bool, first: bool, later: bool
) -> None:
    """Equal, dearer with the rest paid, or cheaper with the difference refunded; something refunded before or after."""
    received, less = kept + max(old, new), max(0, old - new)
    swapped = [taken_off(2, old, less)] if together else [taken_off(2, old), *[given_back(less)][: bool(less)]]
    returned = taken_off(1, kept, kept)
    refunds = [*[returned][:first], *swapped, *[returned][: later and not first]]
    body = edited(line(1, kept), line(2, old), line(3, new), received=received, refunds=refunds)
    assert net(body) == received - less - (kept if first or later else 0)


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_the_difference_of_a_swap_holds_tax(included: bool, together: bool) -> None:
    """Received 120 for two things of 50 and their tax; one was swapped for one of 30, and 24 went back."""
    made = [line(n, goods, tax=goods // 5, included=included) for n, goods in enumerate((5_000, 5_000, 3_000), 1)]
    off = taken_off(2, 6_000 if included else 5_000, 2_400 if together else 0)
    off["refundLineItems"]["nodes"][0]["totalTaxSet"] = bag(1_000)
    refunds = [off] if together else [off, given_back(2_400)]
    body = edited(*made, received=12_000, refunds=refunds, taxesIncluded=included, totalTaxSet=bag(2_600))
    assert net(body) == 8_000


@given(kept=prices, gone=prices, paid_before=st.booleans())
def test_what_an_edit_takes_off_counts_only_if_it_was_paid(kept: int, gone: int, paid_before: bool) -> None:
    refunds = [taken_off(2, gone), *[given_back(gone)][:paid_before]]
    received = kept + (gone if paid_before else 0)
    body = edited(line(1, kept), line(2, gone), received=received, refunds=refunds)
    assert net(body) == kept
    assert one(Order, body).goods == received


@given(paid=prices, added=prices, gone=st.integers(0, 10_000_00))
def test_what_an_edit_adds_to_a_paid_order_counts_once_it_is_paid(paid: int, added: int, gone: int) -> None:
    lines = [line(1, paid), line(2, gone), line(3, added)]
    waiting = edited(
        *lines,
        received=paid + gone,
        displayFinancialStatus="PARTIALLY_PAID",
        originalTotalPriceSet=bag(paid + gone),
        refunds=[taken_off(2, gone)],
    )
    assert net(waiting) == paid + gone, "what came in, as long as nothing went back"
    assert net(edited(*lines, received=paid + gone + added, originalTotalPriceSet=bag(paid + gone))) == (
        paid + gone + added
    )


@pytest.mark.parametrize("original", [None, bag(100_00)])
def test_an_edited_order_of_which_only_a_deposit_came_in_is_not_paid(original: dict[str, Any] | None) -> None:
    body = edited(line(1, 10_000), line(2, 500), received=2_000, originalTotalPriceSet=original)
    assert one(Order, {**body, "displayFinancialStatus": "PARTIALLY_PAID"}).status == "pending"


# --- recorded answers and samples of the platform ---------------------------------------------------------------------


def test_a_recorded_refund_of_a_line_and_shipping(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/refund_create_partial_shipping.json").read_text())
    told = recorded["mutation"]["response"]["data"]["refundCreate"]["refund"]
    (returned,) = told["refundLineItems"]["nodes"]
    returned["totalTaxSet"] = bag(0, "CAD")
    whole = Parts(2000, 0, 500, 0)
    shipping = {"nodes": [{"subtotalAmountSet": bag(500, "CAD"), "taxAmountSet": bag(0, "CAD")}]}
    money = refund_money({**told, "refundShippingLines": shipping}, "CAD", False, whole, whole, frozenset())
    assert (money.state, money.total, money.parts.goods, money.parts.shipping) == ("succeeded", 1500, 1000, 500)


def test_a_lines_goods_are_what_shopify_refunds_for_it(contracts: Path) -> None:
    """The samples are of the REST API: the same amounts under other names, their odd cents shared out anew."""
    (sample, *_) = json.loads((contracts / "shopify/rest_refund_samples.json").read_text())
    for refunded in sample["refunds"][0]["refund_line_items"]:
        item = refunded["line_item"]
        told = {
            "id": str(item["id"]),
            "quantity": item["quantity"],
            "originalTotalSet": bag(round(float(item["price"]) * 100) * item["quantity"], "USD"),
            "discountAllocations": [
                {"allocatedAmountSet": bag(round(float(share["amount"]) * 100), "USD")}
                for share in item["discount_allocations"]
            ],
            "taxLines": [],
        }
        assert abs(line_money(told, "USD", False).goods - round(refunded["subtotal"] * 100)) <= 1
