"""What TikTok Shop's records mean, beyond the golden files: laws over many records, and records of any shape."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.attribution.sales import REVENUE_KINDS
from jalon.normalize.tiktok_shop import STREAMS, normalize
from jalon.normalize.tiktok_shop.aftersales import CANCELLATION_STATES, RETURN_STATES
from jalon.normalize.tiktok_shop.orders import STATUSES
from jalon.normalize.vocabulary import (
    Context,
    Instant,
    Measure,
    Order,
    OrderContent,
    OrderLine,
    Raw,
    Refund,
    Touchpoint,
    Unfit,
)
from tests import golden
from tests.normalize.odd import check_fit_or_unfit, spoilt

CONTEXT = Context(ZoneInfo("America/New_York"), {})
SAMPLES = golden.samples("tiktok_shop")


def sample(stream: str, case: str) -> dict[str, Any]:
    read = json.loads((golden.SAMPLES / "tiktok_shop" / stream / f"{case}.json").read_text())
    return {**read["body"]}


def facts(stream: str, body: Any, version: int = 0, observed_at: int = golden.OBSERVED) -> list[Any]:
    return [*normalize(Raw("shop", stream, "k", version, Instant(observed_at), 1, body), CONTEXT)]


def only(kind: type, found: list[Any]) -> Any:
    (fact,) = [fact for fact in found if isinstance(fact, kind)]
    return fact


def newest(found: list[Any]) -> dict[str, Any]:
    """Return the newest revision of each key, as the store picks it."""
    ranked = sorted(found, key=lambda fact: (fact.version, fact.observed_at, fact.inbox_id))
    return {fact.key: fact for fact in ranked}


# --- orders -----------------------------------------------------------------------------------------------------------

CENTS = st.integers(0, 10**9)


@given(st.lists(st.tuples(CENTS, CENTS, CENTS), min_size=1, max_size=5), CENTS, CENTS)
def test_money_of_an_order_reconciles(lines: list[tuple[int, int, int]], shipping: int, tax: int) -> None:
    """Gross less discount is goods, for the order and for each line, and the lines sum to the order."""

    def text(cents: int) -> str:
        return f"{cents // 100}.{cents % 100:02}"

    body = sample("orders", "two_units")
    body["line_items"] = [
        {
            "id": str(number),
            "sale_price": text(paid),
            "original_price": text(paid + seller + platform),
            "seller_discount": text(seller),
            "platform_discount": text(platform),
        }
        for number, (paid, seller, platform) in enumerate(lines)
    ]
    goods, seller, platform = (sum(column) for column in zip(*lines, strict=True))
    body["payment"] = {
        "currency": "USD",
        "sub_total": text(goods),
        "seller_discount": text(seller),
        "platform_discount": text(platform),
        "original_total_product_price": text(goods + seller + platform),
        "shipping_fee": text(shipping),
        "tax": text(tax),
        "total_amount": text(goods + shipping + tax),
    }
    found = facts("orders", body)
    order = only(Order, found)
    units = [fact for fact in found if isinstance(fact, OrderLine)]
    assert order.goods == order.gross - order.discount == sum(unit.goods for unit in units) == goods
    assert order.gross == sum(unit.gross for unit in units)
    assert order.total == order.goods + order.shipping + order.tax


def test_a_list_price_that_is_left_out_follows_from_the_discounts() -> None:
    body = sample("orders", "two_units")
    del body["payment"]["original_total_product_price"]
    assert only(Order, facts("orders", body)).gross == 3998


def test_an_exchange_is_goods_for_goods_and_no_second_sale() -> None:
    body = sample("orders", "exchange")
    source = {**body, "id": body["exchange_source_order_id"], "is_exchange_order": False}
    back = {**sample("returns", "exchanged"), "order_id": source["id"]}
    found = [*facts("orders", source), *facts("returns", back), *facts("orders", body)]
    revenue = [fact.order_id for fact in found if isinstance(fact, Order) and fact.kind in REVENUE_KINDS]
    assert not [fact for fact in found if isinstance(fact, Refund) and fact.state == "succeeded"]
    assert revenue == [source["id"]]
    assert [touch.order_id for touch in found if isinstance(touch, Touchpoint) and touch.kind == "purchase"] == revenue


def test_an_unpaid_order_becomes_a_purchase_under_the_same_key() -> None:
    body = sample("orders", "unpaid")
    before = facts("orders", body, version=1)
    after = facts("orders", {**body, "status": "AWAITING_SHIPMENT", "paid_time": 1763000050}, version=2)
    for found in (before + after, after + before):
        touch = newest([fact for fact in found if isinstance(fact, Touchpoint)])
        assert [one.kind for one in touch.values()] == ["purchase"]


def test_the_day_of_an_order_is_the_shop_s() -> None:
    body = {**sample("orders", "two_units"), "create_time": 1763006400}  # 04:00 UTC is 23:00 the day before there
    assert only(Order, facts("orders", body)).placed_date == date(2025, 11, 12)


@pytest.mark.parametrize("status", ["CANCELLED", "CANCEL"])
def test_a_cancelled_order_is_known_by_either_spelling(status: str) -> None:
    assert only(Order, facts("orders", {**sample("orders", "two_units"), "status": status})).status == "cancelled"


def test_every_documented_status_is_understood(contracts: Path) -> None:
    spec = json.loads((contracts / "tiktok-shop" / "openapi-subset.json").read_text())["paths"]

    def words(path: str, name: str, field: str) -> set[str]:
        content = spec[path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
        described = content["data"]["properties"][name]["items"]["properties"][field]["description"]
        return set(re.findall(r"- `([A-Z_]+)`", described))

    assert words("/order/202309/orders/search", "orders", "status") == set(STATUSES) - {"CANCEL"} | {"ON_HOLD"}
    assert words("/return_refund/202602/returns/search", "return_orders", "return_status") == set(RETURN_STATES)
    cancel = words("/return_refund/202602/cancellations/search", "cancellations", "cancel_status")
    assert cancel <= set(CANCELLATION_STATES)
    assert len(cancel) == 4


# --- one touchpoint, told by several records --------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["orders", "affiliate_orders"])
def test_a_live_named_by_order_and_affiliate_row_is_one_touchpoint(first: str) -> None:
    told = {
        "orders": facts("orders", sample("orders", "bought_in_a_live"), version=1763600000_000000),
        "affiliate_orders": facts("affiliate_orders", sample("affiliate_orders", "live_named_by_the_order_too")),
    }
    in_order = [told.pop(first), *told.values()]
    later = [fact._replace(observed_at=fact.observed_at + 1, inbox_id=2) for fact in in_order[1]]
    touches = newest([fact for fact in [*in_order[0], *later] if isinstance(fact, Touchpoint) and fact.content_id])
    (touch,) = touches.values()
    assert (touch.creator_id, touch.evidence, touch.surface) == ("jane.reads", "platform_row", "live")


def test_two_skus_of_one_video_are_one_touchpoint_and_two_statements() -> None:
    row = sample("affiliate_orders", "video")
    found = facts("affiliate_orders", row) + facts("affiliate_orders", {**row, "sku_id": "7", "product_id": "8"})
    assert len(newest([fact for fact in found if isinstance(fact, Touchpoint)])) == 1
    assert len(newest([fact for fact in found if isinstance(fact, OrderContent)])) == 2
    assert all(fact.product_id is None for fact in found if isinstance(fact, Touchpoint))


@pytest.mark.parametrize(
    ("quantity", "fully", "back"), [(3, "Yes", 3), (1, "No", 0), (3, "No", None), (1, None, None), (3, "", None)]
)
def test_units_that_went_back_are_not_told_to_be_none(quantity: int, fully: Any, back: int | None) -> None:
    body = {**sample("affiliate_orders", "units_back_not_told"), "quantity": quantity, "fully_return": fully}
    assert only(OrderContent, facts("affiliate_orders", body)).refunded_quantity == back


# --- aftersales -------------------------------------------------------------------------------------------------------


def test_an_edited_return_counts_once_in_whatever_order_it_is_read() -> None:
    old, new = sample("returns", "money_went_back"), sample("returns", "edited_from_another")
    replaced = {**old, "next_return_id": new["return_id"], "update_time": old["update_time"] + 1}
    read = [facts("returns", body, body["update_time"] * 1_000_000) for body in (old, replaced, new)]
    for order in (read, read[::-1], [read[1], read[0], read[2]]):
        refunds = newest([fact for part in order for fact in part if isinstance(fact, Refund)])
        counted = [refund for refund in refunds.values() if refund.state == "succeeded" and not refund.removed]
        assert [refund.refund_id for refund in counted] == [new["return_id"]]


@pytest.mark.parametrize("status", [None, "", "RETURN_OR_REFUND_REQUEST_FINISHED", 7])
def test_an_unknown_status_moves_no_money(status: Any) -> None:
    refund = only(Refund, facts("returns", {**sample("returns", "money_went_back"), "return_status": status}))
    assert refund.state == "pending"


def test_goods_that_are_not_named_are_what_is_left_of_the_total() -> None:
    body = sample("returns", "goods_not_named")
    whole = only(Refund, facts("returns", body))
    money = {**body["refund_amount"], "retail_delivery_fee": "0.29", "buyer_service_fee": "0.50"}
    found = only(Refund, facts("returns", {**body, "refund_amount": money}))
    assert (found.goods, found.total) == (whole.goods - 79, whole.total)


# --- measures ---------------------------------------------------------------------------------------------------------


def test_figures_of_a_day_are_an_estimate_until_they_are_settled() -> None:
    body = sample("videos", "one_day")
    first = [fact for fact in facts("videos", body) if isinstance(fact, Measure)]
    last = [fact for fact in facts("videos", {**body, "settled": True}) if isinstance(fact, Measure)]
    assert {fact.finality for fact in first} == {"estimate"}
    assert {fact.finality for fact in last} == {"final"}
    assert [fact.key for fact in first] == [fact.key for fact in last], "a restated figure is the same figure"


def test_measures_of_different_grain_never_share_a_key() -> None:
    streams = ["videos", "video_products", "lives", "live_products"]
    found = [fact for s in SAMPLES if s.stream in streams for fact in _measures_of(s)]
    by_key: dict[str, set[tuple[Any, ...]]] = {}
    for fact in found:
        by_key.setdefault(fact.key, set()).add((fact.metric, fact.content_id, fact.product_id, fact.start_date))
    assert all(len(about) == 1 for about in by_key.values())


def _measures_of(one: golden.Sample) -> list[Measure]:
    try:
        return [
            fact for fact in facts(one.stream, json.loads(one.path.read_text())["body"]) if isinstance(fact, Measure)
        ]
    except Unfit:
        return []


def test_a_figure_without_currency_is_refused() -> None:
    with pytest.raises(Unfit, match="unknown_currency"):
        facts("videos", {**sample("videos", "one_day"), "gmv": {"amount": "1.00"}})


@pytest.mark.parametrize("money", [{"amount": "", "currency": "USD"}, {"amount": "", "currency": ""}, {}, None, ""])
def test_an_amount_that_is_not_told_is_no_figure_and_costs_no_other(money: Any) -> None:
    body = sample("videos", "one_day")
    metrics = [fact.metric for fact in facts("videos", body) if isinstance(fact, Measure)]
    left = [fact.metric for fact in facts("videos", {**body, "gmv": money}) if isinstance(fact, Measure)]
    assert left == [metric for metric in metrics if metric != "gmv"]


@pytest.mark.parametrize("field", ["gmv", "attributed_gmv", "indirect_gmv"])
def test_what_was_sold_is_not_below_zero(field: str) -> None:
    spoilt_one = {**sample("videos", "one_day"), field: {"amount": "-1.00", "currency": "USD"}}
    with pytest.raises(Unfit, match="negative_amount") as unfit:
        facts("videos", spoilt_one)
    assert unfit.value.detail.startswith(field)


# --- records of any shape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", STREAMS)
def test_any_field_may_hold_anything(stream: str) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    written = max((one.path.read_text() for one in SAMPLES if one.stream == stream), key=len)
    for where, body in spoilt(json.loads(written)["body"]):
        check_fit_or_unfit(partial(facts, stream, body), where)


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("body", [None, [], "x", 1, {}])
def test_what_is_no_record_is_unfit(stream: str, body: Any) -> None:
    with pytest.raises(Unfit):
        facts(stream, body)


def test_a_stream_that_is_not_known_is_unfit() -> None:
    with pytest.raises(Unfit, match="unknown_stream"):
        facts("horoscopes", {})
