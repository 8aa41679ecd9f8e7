"""Meta ads' meaning: one action of many that hold each other, windows that add up, money of any number of places."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.meta_ads import normalize
from jalon.normalize.vocabulary import Context, Instant, Measure, Product, Raw, Unfit
from tests import golden
from tests.normalize.odd import check_fit_or_unfit, record, spoilt

CONTEXT = Context(ZoneInfo("Europe/Paris"), {"zone": "America/New_York", "currency": "USD"})
AD = {
    "day": "2026-11-01",
    "api": "v26.0",
    "settled": False,
    "windows": ["7d_click", "1d_view"],
    "action": "omni_purchase",
    "report_time": "impression",
    "account_currency": "USD",
    "campaign_id": "1",
    "adset_id": "2",
    "ad_id": "3",
}


def read(body: dict[str, Any], stream: str = "ads") -> list[Any]:
    return list(normalize(Raw("ads", stream, "k", 0, Instant(1), 1, body), CONTEXT))


def figures(**more: Any) -> dict[str, Measure]:
    return {fact.metric: fact for fact in read({**AD, **more}) if isinstance(fact, Measure)}


def actions(**values: Any) -> list[dict[str, Any]]:
    return [{"action_type": name, **value} for name, value in values.items()]


OVERLAPPING = actions(
    omni_purchase={"value": "5", "7d_click": "2", "1d_view": "1"},
    onsite_web_purchase={"value": "5", "7d_click": "2", "1d_view": "1"},
    purchase={"value": "5", "7d_click": "2"},
)


def test_a_purchase_is_counted_by_one_action_alone() -> None:
    assert figures(actions=OVERLAPPING)["attributed_purchases"].value == 3
    assert figures(actions=OVERLAPPING, action="onsite_web_purchase")["attributed_purchases"].value == 3
    assert "attributed_purchases" not in figures(actions=OVERLAPPING[1:])


def test_the_rule_stands_beside_what_is_claimed_and_not_beside_what_was_spent() -> None:
    found = figures(actions=OVERLAPPING, spend="1.00")
    assert found["attributed_purchases"].definition == (
        "insights v26.0, omni_purchase, 7d_click+1d_view, by impression time"
    )
    assert found["spend"].definition == "insights v26.0"


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_windows_that_were_asked_for_add_up(click: int, view: int) -> None:
    row = {"value": "99", "7d_click": str(click), "1d_view": str(view), "28d_click": "7"}
    assert figures(actions=actions(omni_purchase=row))["attributed_purchases"].value == click + view


WITHOUT_WINDOWS = {
    "actions": actions(omni_purchase={"value": "3"}),
    "action_values": actions(omni_purchase={"value": "96.50"}),
}


@pytest.mark.parametrize("windows", [["1d_click"], ["7d_click"], ["1d_view"], ["28d_click", "1d_view", "1d_ev"]])
def test_what_is_told_within_none_of_the_windows_that_were_asked_for_is_not_claimed_within_them(
    windows: list[str],
) -> None:
    """`value` alone counts over the account's own windows, which hold purchases that nobody asked for."""
    assert set(figures(**WITHOUT_WINDOWS, windows=windows, spend="1.00")) == {"spend"}
    sold = actions(omni_purchase={"value": "2"})
    product = {**AD, "windows": windows, "product_id": "52", "converted_product_omni_purchase": sold, "clicks": "2"}
    assert [fact.metric for fact in read(product, "products") if isinstance(fact, Measure)] == ["clicks"]


@pytest.mark.parametrize("windows", [["7d_click", "1d_view"], ["1d_view", "7d_click"]])
def test_the_usual_windows_are_the_account_s_own_and_the_rule_says_so(windows: list[str]) -> None:
    found = figures(**WITHOUT_WINDOWS, windows=windows)
    assert (found["attributed_purchases"].value, found["attributed_gmv"].value) == (3, 9650)
    assert {fact.definition for fact in found.values()} == {
        "insights v26.0, omni_purchase, the account's own windows, by impression time"
    }


@given(st.decimals(0, 10**9, places=6, allow_nan=False))
def test_claimed_money_is_rounded_to_the_cent(amount: Decimal) -> None:
    row = {"7d_click": format(amount, "f")}
    value = figures(action_values=actions(omni_purchase=row))["attributed_gmv"].value
    assert abs(Decimal(value) / 100 - amount) <= Decimal("0.005")


def test_what_is_left_out_is_no_measure() -> None:
    assert figures() == {}
    assert set(figures(impressions="0", clicks=None, spend="")) == {"impressions"}


def test_days_are_the_account_s_and_add_up() -> None:
    (measure,) = figures(clicks="3").values()
    assert (measure.zone, measure.span, measure.start_date.isoformat(), measure.end_date.isoformat()) == (
        "America/New_York",
        "days",
        "2026-11-01",
        "2026-11-02",
    )


def test_an_ad_stands_under_its_campaign_so_that_nothing_is_counted_by_each_level() -> None:
    assert figures(clicks="3")["clicks"].campaign_id == "1/2/3"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"spend": "-1.00"}, "negative_amount"),
        ({"spend": "1,00"}, "bad_money"),
        ({"spend": 1.5}, "bad_record"),
        ({"impressions": "-3"}, "negative_quantity"),
        ({"impressions": "3.5"}, "negative_quantity"),
        ({"actions": actions(omni_purchase={"value": "1e3"})}, "bad_money"),
        ({"actions": actions(omni_purchase={"value": 2.0})}, "bad_money"),
        ({"actions": {"omni_purchase": 1}}, "bad_record"),
        ({"actions": [*OVERLAPPING, *OVERLAPPING]}, "bad_record"),
        ({"day": "yesterday"}, "impossible_date"),
        ({"windows": True}, "bad_record"),
        ({"windows": ["7d_click", {}]}, "bad_record"),
        ({"date_stop": "2026-11-30"}, "bad_record"),
        ({"account_currency": "XXX", "spend": "1"}, "unknown_currency"),
        ({"ad_id": ""}, "missing_field"),
    ],
)
def test_what_cannot_be_read_says_why(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit) as unfit:
        figures(**more)
    assert unfit.value.reason == reason


@pytest.mark.parametrize(("written", "title"), [("52", None), ("52, Gummy Bears", "Gummy Bears"), ("52,a, b", "a, b")])
def test_a_product_is_joined_by_the_retailer_s_id(written: str, title: str | None) -> None:
    body = {"product_id": written, "product_retailer_id": "SKU-1"}
    (product,) = read(body, "products")
    assert isinstance(product, Product)
    assert (product.product_id, product.sku, product.title) == ("52", "SKU-1", title)
    (clicks,) = read({**AD, **body, "clicks": "2"}, "products")
    assert (clicks.product_id, clicks.campaign_id) == ("52", "1")


@pytest.mark.parametrize("one", golden.samples("meta_ads"), ids=str)
def test_any_field_may_hold_anything(one: golden.Sample) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    for where, body in spoilt(record(one)):
        for fact in check_fit_or_unfit(partial(read, body, one.stream), where):
            assert not isinstance(fact, Measure) or fact.value >= 0, where
