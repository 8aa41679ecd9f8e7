"""What own channels tell: money that adds up, identities, and refusals that quote nothing."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.templates.shapes import SHAPES
from jalon.normalize.files import normalize as of_files
from jalon.normalize.hook import normalize as of_hook
from jalon.normalize.vocabulary import (
    KINDS,
    Answer,
    Context,
    Fact,
    Identity,
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

PARIS = Context(ZoneInfo("Europe/Paris"), {})
ORDER = {
    "order_id": "12",
    "platform": "till",
    "channel": "shop",
    "placed_at": "2026-11-20T10:00:00Z",
    "currency": "EUR",
}
TOUCH = {"platform": "mailing", "channel": "email", "occurred_at": "2026-11-20T10:00:00Z", "kind": "newsletter"}
ANSWER = {"platform": "kiosk", "survey": "csat", "answered_at": "2026-11-20T10:00:00Z", "score": 5}


def facts(stream: str, body: dict[str, Any], key: str = "k") -> list[Fact]:
    raw = Raw("own", stream, key, 7, Instant(1), 1, json.loads(json.dumps(body)))
    found = of_files(raw, PARIS)
    assert found == of_hook(raw, PARIS)
    return found


def one(kind: type[Any], stream: str, body: dict[str, Any], key: str = "k") -> Any:
    [found] = [fact for fact in facts(stream, body, key) if isinstance(fact, kind)]
    return found


money = st.integers(0, 10**9)


@given(money, money, money, money, st.booleans())
def test_goods_tax_and_shipping_are_the_total_whichever_was_told(
    goods: int, tax: int, shipping: int, discount: int, by_total: bool
) -> None:
    told = {"tax": tax, "shipping": shipping, "discount": discount}
    told |= {"total": goods + tax + shipping} if by_total else {"goods": goods}
    order = one(Order, "orders", {**ORDER, **{name: f"{n // 100}.{n % 100:02d}" for name, n in told.items()}})
    assert (order.goods, order.total) == (goods, goods + tax + shipping)
    assert order.gross - order.discount == order.goods


def test_a_tax_that_the_order_leaves_out_is_that_of_its_lines_or_of_its_total() -> None:
    """Net revenue would hold it otherwise, and a refund without its tax would be parted by no rate."""
    lines = [{"goods": "60.00", "tax": "12.00"}, {"goods": "40.00", "tax": "2.20"}]

    def told(**body: Any) -> tuple[int, int, int]:
        order = one(Order, "orders", {**ORDER, **body})
        return order.goods, order.tax, order.total

    assert told(total="119.20", shipping="5.00", lines=lines) == (10_000, 1420, 11_920)
    assert told(goods="100.00", lines=lines) == (10_000, 1420, 11_420)
    assert told(goods="100.00", total="120.00") == (10_000, 2000, 12_000)
    assert told(total="120.00", tax="0", lines=lines) == (12_000, 0, 12_000), "a tax of nothing that is told is told"
    assert told(total="120.00") == (12_000, 0, 12_000)


@given(money, money)
def test_a_refund_is_the_same_money_with_and_without_a_minus(goods: int, tax: int) -> None:
    def refund(sign: str) -> Any:
        total = goods + tax
        told = {"refunded_at": "2026-11-20", "total": f"{sign}{total / 100:.2f}", "tax": f"{sign}{tax / 100:.2f}"}
        return one(Refund, "refunds", {**ORDER, **told})

    assert refund("") == refund("-")
    assert (refund("-").goods, refund("-").total) == (goods, goods + tax)


@given(money, money, money)
def test_what_a_refund_leaves_out_follows_from_its_total_or_is_left_to_the_order(
    goods: int, tax: int, shipping: int
) -> None:
    def told(**amounts: int) -> tuple[int, int, int | None, int]:
        written = {name: f"{n / 100:.2f}" for name, n in amounts.items()}
        found = one(Refund, "refunds", {**ORDER, "refunded_at": "2026-11-20", **written})
        return found.goods, found.shipping, found.tax, found.total

    total = goods + tax + shipping
    assert told(total=total, shipping=shipping, tax=tax) == (goods, shipping, tax, total)
    assert told(total=total, shipping=shipping, goods=goods) == (goods, shipping, tax, total)
    assert told(total=total, shipping=shipping) == (goods + tax, shipping, None, total), "unknown is not 0"
    assert told(total=total) == (total, 0, None, total)
    assert told(total=total, tax=0) == (total, 0, 0, total)


def test_an_order_of_a_till_is_called_by_its_till() -> None:
    body = {**ORDER, "total": "5", "till_id": "2"}
    assert one(Order, "orders", body).order_id == "2/12"
    line = {"line_id": "1", "goods": "5"}
    assert one(OrderLine, "order_lines", {**body, **line}).key == "till|2|12|1"
    assert one(OrderLine, "orders", {**body, "lines": [line]}).key == "till|2|12|1"
    refund = {**body, "refunded_at": "2026-11-21", "refund_id": "r"}
    assert one(Refund, "refunds", refund).order_id == "2/12"


NUMBERED: dict[str, dict[str, Any]] = {
    "orders": {**ORDER, "total": "5"},
    "order_lines": {**ORDER, "line_id": "1", "goods": "5"},
    "refunds": {**ORDER, "refund_id": "1", "refunded_at": "2026-11-21", "total": "5"},
    "touchpoints": {**TOUCH, "id": "1"},
    "answers": {**ANSWER, "answer_id": "1", "channel": "shop"},
    "transactions": {
        "transaction_id": "1", "platform": "awin", "order_id": "9", "shop": "shopify", "creator_id": "c",
        "occurred_at": "2026-11-20", "currency": "EUR",
    },
}  # fmt: skip
"""A record of each shape whose systems count for themselves."""


@pytest.mark.parametrize("stream", NUMBERED)
def test_two_systems_that_count_alike_tell_different_facts(stream: str) -> None:
    body = NUMBERED[stream]
    told, other = ({fact.key for fact in facts(stream, {**body, "platform": name})} for name in ("till", "phone"))
    assert told.isdisjoint(other)


@pytest.mark.parametrize("stream", NUMBERED)
def test_a_record_is_the_same_facts_under_whatever_key_it_was_stored(stream: str) -> None:
    assert facts(stream, NUMBERED[stream], "1") == facts(stream, NUMBERED[stream], "awin|1")


def test_two_surveys_that_count_alike_are_two_answers() -> None:
    first, second = (one(Answer, "answers", {**ANSWER, "answer_id": 1, "survey": name}) for name in ("csat", "review"))
    assert first.key != second.key


def test_what_a_network_claims_is_not_the_order_of_the_same_number() -> None:
    claimed = one(Order, "transactions", NUMBERED["transactions"])
    assert claimed.key != one(Order, "orders", {**ORDER, "order_id": "1", "platform": "awin", "total": "5"}).key


@given(*[st.text("a|%/", max_size=3)] * 4)
def test_receipts_of_tills_and_lines_never_meet(till: str, number: str, other_till: str, other: str) -> None:
    def keys(till: str, number: str) -> tuple[str, str]:
        body = {**ORDER, "till_id": till, "order_id": number + "1", "line_id": "1", "goods": "5"}
        return one(Order, "orders", body).key, one(OrderLine, "order_lines", body).key

    alike = (till, number) == (other_till, other)
    assert all(
        (one == another) == alike for one, another in zip(keys(till, number), keys(other_till, other), strict=True)
    )


def test_a_line_by_its_unit_price_or_its_list_price() -> None:
    def goods(**line: Any) -> tuple[int, int, int]:
        found = one(OrderLine, "orders", {**ORDER, "total": "9", "lines": [line]})
        return found.gross, found.discount, found.goods

    assert goods(quantity=3, unit_price="1.50") == (450, 0, 450)
    assert goods(gross="5.00", discount="1.25") == (500, 125, 375)
    assert goods(goods="4.00", gross="5.00") == (500, 100, 400)
    assert goods(quantity=0, unit_price="1.50") == (0, 0, 0)


def test_a_barcode_in_the_place_of_a_quantity_makes_no_price() -> None:
    line = {**ORDER, "line_id": "1", "quantity": 4006381333931, "unit_price": "45.90"}
    with pytest.raises(Unfit, match="unit_price times quantity") as caught:
        facts("order_lines", line)
    assert caught.value.reason == "bad_money"
    assert "4006381333931" not in str(caught.value)
    assert one(OrderLine, "order_lines", {**line, "goods": "45.90"}).goods == 4590


def test_where_an_order_was_placed_is_told_or_said_by_its_platform() -> None:
    told = {**ORDER, "total": "5", "channel": None}
    assert one(Order, "orders", told).channel == "shop"
    assert one(Order, "orders", {**told, "platform": "instagram"}).channel == "instagram"
    with pytest.raises(Unfit, match="channel is missing") as refused:
        facts("orders", {**told, "platform": "phone"})
    assert refused.value.reason == "missing_field"


def test_an_order_that_nobody_paid_and_one_that_was_cancelled() -> None:
    pending = one(Order, "orders", {**ORDER, "total": "5", "status": "pending"})
    assert (pending.status, pending.paid_at) == ("pending", None)
    gone = one(Order, "orders", {**ORDER, "total": "5", "status": "cancelled", "updated_at": "2026-11-21T10:00:00Z"})
    assert gone.cancelled_at - gone.placed_at == 86_400_000_000
    assert gone.paid_at is None


def test_a_day_alone_is_its_last_second_and_says_so_of_a_touchpoint() -> None:
    touch = one(Touchpoint, "touchpoints", {**TOUCH, "occurred_at": "2026-11-20"})
    assert touch.time_is_bound
    assert str(touch.occurred_date) == "2026-11-20"
    assert not one(Touchpoint, "touchpoints", TOUCH).time_is_bound
    order = one(Order, "orders", {**ORDER, "total": "5", "placed_at": "2026-11-20"})
    assert order.placed_at == touch.occurred_at, "what happened that day was before the order"


def test_all_that_a_record_names_are_one_person() -> None:
    body = {**ORDER, "total": "5", "email": "email:a", "loyalty": "loyalty:b", "customer": "till:c"}
    order, *rest = facts("orders", body)
    pairs = [(fact.left, fact.right) for fact in rest if isinstance(fact, Identity)]
    assert isinstance(order, Order)
    assert order.person == "email:a"
    assert pairs == [("email:a", "loyalty:b"), ("email:a", "till:c")]


def test_the_address_says_the_channel_where_the_record_does_not() -> None:
    body = {name: value for name, value in TOUCH.items() if name != "channel"}
    body["landing_page"] = "https://shop.example/p?utm_source=instagram&utm_content=17895695668004550"
    touch = one(Touchpoint, "touchpoints", body)
    assert (touch.channel, touch.evidence, touch.content_id) == ("instagram", "utm", "17895695668004550")
    told = one(Touchpoint, "touchpoints", {**body, "channel": "email"})
    assert (told.channel, told.evidence) == ("email", "platform_row")


@pytest.mark.parametrize(
    ("survey", "scale"), [("nps", (0, 10)), ("ces", (1, 7)), ("csat", (1, 5)), ("review", (1, 5)), ("other", (1, 5))]
)
def test_a_survey_has_its_customary_scale(survey: str, scale: tuple[int, int]) -> None:
    answer = one(Answer, "answers", {**ANSWER, "survey": survey, "score": 3})
    assert (answer.lowest, answer.highest) == scale
    own = one(Answer, "answers", {**ANSWER, "survey": survey, "score": 80, "lowest": 0, "highest": 100})
    assert (own.lowest, own.highest) == (0, 100)


def test_figures_that_are_left_out_are_no_zeros() -> None:
    body = {"platform": "ads", "start": "2026-11-20", "clicks": 0, "spend": "1.5", "currency": "EUR", "views": ""}
    found = {fact.metric: fact.value for fact in facts("figures", body) if isinstance(fact, Measure)}
    assert found == {"clicks": 0, "spend": 150}


@pytest.mark.parametrize("told", [{"clicks": -1}, {"impressions": "-5"}])
def test_a_figure_that_cannot_be_below_zero_is_held_and_named(told: dict[str, Any]) -> None:
    with pytest.raises(Unfit, match="negative_") as unfit:
        one(Measure, "figures", {"platform": "ads", "start": "2026-11-20", "currency": "EUR", **told})
    assert unfit.value.detail.startswith(*told)


@pytest.mark.parametrize("name", ["conversion_value", "spend"])
def test_claimed_revenue_is_restated_and_spend_is_credited(name: str) -> None:
    told = {"platform": "ads", "start": "2026-11-20", "currency": "EUR", name: "-3.00"}
    assert one(Measure, "figures", told).value == -300


def test_a_slash_in_the_name_of_a_campaign_leads_to_nothing_below_it() -> None:
    """Elsewhere `1/2` is the ad set 2 in the campaign 1."""
    body = {"platform": "ads", "start": "2026-11-20", "campaign_id": "DE/retargeting 50%", "clicks": 1}
    assert one(Measure, "figures", body).campaign_id == "DE%2Fretargeting 50%"


def test_figures_of_one_day_have_one_key_however_the_day_is_written() -> None:
    body = {"platform": "ads", "start": "2026-11-20", "campaign_id": "a|b", "clicks": 1}
    keys = {one(Measure, "figures", {**body, **end}, key).key for end, key in (({}, "x"), ({"end": "2026-11-20"}, "y"))}
    assert keys == {"ads|a%7Cb||||2026-11-20|2026-11-20|clicks"}


def test_a_reversal_takes_commission_and_click_back() -> None:
    body = {
        "transaction_id": "t", "platform": "net", "order_id": "45", "shop": "shopify", "currency": "EUR",
        "occurred_at": "2026-11-20T10:00:00Z", "creator_id": "p", "commission": "4.00", "status": "approved",
    }  # fmt: skip
    claimed, back = (
        one(OrderContent, "transactions", body),
        one(OrderContent, "transactions", {**body, "status": "reversed"}),
    )
    assert (claimed.commission, claimed.removed) == (400, False)
    assert (back.commission, back.refunded_quantity, back.removed, back.key) == (0, 1, True, claimed.key)
    draft = one(Order, "transactions", body)
    assert (draft.kind, draft.status, draft.origin, draft.external_ids) == (
        "draft",
        "pending",
        "shopify",
        ("shopify:45",),
    )
    assert one(Touchpoint, "transactions", body).time_is_bound


@pytest.mark.parametrize(("link", "content", "kind"), [(None, None, None), ("banner-7", "banner-7", "ad")])
def test_a_publisher_is_a_creator_and_no_content(link: str | None, content: str | None, kind: str | None) -> None:
    body = {**NUMBERED["transactions"], "content_id": link}
    led, click = one(OrderContent, "transactions", body), one(Touchpoint, "transactions", body)
    assert (led.creator_id, led.content_id, led.content_kind) == ("c", content, kind)
    assert (click.creator_id, click.content_id) == ("c", content)


CANARY = "canary ada@example.org"
junk = st.sampled_from([CANARY, "\0", 1.5, True, [], {}, [CANARY], [{"goods": CANARY}], -1, 10**30, "", None])


@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_a_refusal_quotes_nothing_and_what_is_taken_has_its_types(stream: str, data: st.DataObject) -> None:
    sound = {
        "id": "1", "text": "t", "word": None, "name": "till", "count": 1, "integer": 3, "money": "1.00",
        "currency": "EUR", "time": "2026-11-20T10:00:00Z", "day": "2026-11-20", "code": "won", "email": "email:x",
    }  # fmt: skip
    body = {
        field.name: data.draw(junk | st.just(field.words[0] if field.words else sound.get(field.kind)))
        for field in SHAPES[stream].fields
    }
    found: list[Fact] = []
    told = ""
    try:
        found = facts(stream, body)
    except Unfit as unfit:
        told = f"{unfit.reason}: {unfit.detail}"
    assert "canary" not in told
    assert {type(fact) for fact in found} <= set(KINDS.values())
    assert found or told


def test_a_stream_that_is_no_shape() -> None:
    with pytest.raises(Unfit, match="unknown_stream"):
        facts("sessions", {})
