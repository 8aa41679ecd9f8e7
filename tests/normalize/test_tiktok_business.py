"""TikTok for Business' meaning: counters are no days, claims say by which rule, what is left out is not zero."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jalon.normalize.tiktok_business import normalize
from jalon.normalize.vocabulary import Content, ContentTag, Context, Instant, Measure, Raw, Unfit
from tests import golden
from tests.normalize.odd import check_fit_or_unfit, record, spoilt

CONTEXT = Context(ZoneInfo("America/Chicago"), {"zone": "America/Chicago", "currency": "USD"})
READ = Instant(int(datetime(2025, 11, 24, 16, tzinfo=UTC).timestamp()) * 1_000_000)
VIDEO = {"item_id": "7385", "create_time": "1763000000", "username": "atelier", "frozen": False, "api": "v1.3"}
DAY = {"day": "2025-11-02", "zone": "America/Chicago", "currency": "USD", "over": True, "settled": False, "api": "v1.3"}
AD = {**DAY, "ad_id": "3"}
OF_AD = {"campaign_id": "1", "adgroup_id": "2"}
GMV_MAX = {**DAY, "store_id": "74", "campaign_id": "5"}
SOLD = {"cost": "41.20", "orders": "6", "gross_revenue": "167.88"}


def read(stream: str, body: Any, at: Instant = READ) -> list[Any]:
    return list(normalize(Raw("tiktok", stream, "k", 0, at, 1, body), CONTEXT))


def figures(stream: str, body: Any, at: Instant = READ) -> dict[str, Measure]:
    return {fact.metric: fact for fact in read(stream, body, at) if isinstance(fact, Measure)}


def test_a_counter_is_since_the_posting_and_a_snapshot_of_the_day_of_reading() -> None:
    found = figures("videos", {**VIDEO, "video_views": 10})["views"]
    assert (found.span, found.finality, found.zone) == ("lifetime", "estimate", "UTC")
    assert (found.start_date.isoformat(), found.end_date.isoformat()) == ("2025-11-13", "2025-11-25")
    later = figures("videos", {**VIDEO, "video_views": 9}, Instant(READ + 86_400_000_000))["views"]
    assert (found.key != later.key, later.value) == (True, 9), "a counter may fall"
    again = figures("videos", {**VIDEO, "video_views": 11}, Instant(READ + 3_600_000_000))["views"]
    assert again.key == found.key, "read twice on one day it is one snapshot"


def test_counters_that_are_frozen_are_final() -> None:
    assert figures("videos", {**VIDEO, "frozen": True, "likes": 1})["likes"].finality == "final"


@pytest.mark.parametrize("absent", [{}, {"reach": None, "total_time_watched": None}, {"reach": ""}])
def test_what_an_idle_account_is_not_told_is_not_zero(absent: dict[str, Any]) -> None:
    assert set(figures("videos", {**VIDEO, "video_views": 0, **absent})) == {"views"}


def test_a_video_is_content_of_the_account() -> None:
    (content,) = [fact for fact in read("videos", VIDEO) if isinstance(fact, Content)]
    assert (content.content_id, content.creator_id, content.selling_mode) == ("7385", "atelier", "communication")


@pytest.mark.parametrize(("told", "value"), [(12, 12), (12.5, 12), (13.5, 14), ("12", 12)])
def test_time_watched_is_passed_on_in_whole_numbers(told: Any, value: int) -> None:
    assert figures("videos", {**VIDEO, "total_time_watched": told})["total_time_watched"].value == value


@pytest.mark.parametrize("told", [-1, float("inf"), 1e20, True, "12.5", [], "x"])
def test_time_watched_that_is_none_says_so(told: Any) -> None:
    with pytest.raises(Unfit) as unfit:
        read("videos", {**VIDEO, "total_time_watched": told})
    assert unfit.value.reason == "negative_quantity"


def test_the_account_s_days_name_no_content_and_followers_are_a_level() -> None:
    found = figures("account_days", {"date": "2025-11-02", "settled": True, "video_views": 3, "followers_count": 9})
    assert (found["views"].span, found["views"].finality) == ("days", "final")
    assert (found["followers"].span, found["followers"].content_id) == ("lifetime", None)
    assert found["views"].content_id is None
    assert "likes" not in found, "what is not told is no zero"


@pytest.mark.parametrize(
    ("over", "settled", "finality"),
    [(False, False, "processing"), (True, False, "estimate"), (True, True, "final"), (None, None, "processing")],
)
def test_how_firm_a_report_s_day_is(over: Any, settled: Any, finality: str) -> None:
    body = {**AD, "over": over, "settled": settled, "metrics": {**OF_AD, "clicks": "3"}}
    assert figures("ad_days", body)["clicks"].finality == finality


def test_the_rule_stands_beside_what_is_claimed_and_not_beside_what_was_spent() -> None:
    ads = figures("ad_days", {**AD, "metrics": {**OF_AD, "spend": "1.00", "conversion": "2"}})
    assert ads["spend"].definition == "v1.3 report BASIC, AUCTION_AD"
    assert "attribution windows" in ads["attributed_conversions"].definition
    claimed = figures("gmv_max_days", {**GMV_MAX, "metrics": SOLD})
    assert claimed["spend"].definition == "v1.3 GMV Max"
    for metric in ("attributed_orders", "attributed_gmv"):
        assert claimed[metric].definition == "v1.3 GMV Max; all paid and organic orders while the campaign runs"


def test_claimed_money_is_a_measure_and_nothing_else_comes_of_it() -> None:
    facts = read("gmv_max_days", {**GMV_MAX, "item_group_id": "1729", "metrics": SOLD})
    assert {type(fact) for fact in facts} == {Measure}
    assert {fact.campaign_id for fact in facts} == {"5"}
    assert figures("gmv_max_days", {**GMV_MAX, "metrics": SOLD})["attributed_gmv"].value == 16788


@pytest.mark.parametrize("item", ["-1", -1])
def test_a_product_s_card_is_no_video(item: Any) -> None:
    assert read("gmv_max_days", {**GMV_MAX, "item_group_id": "1729", "item_id": item, "metrics": SOLD}) == []


@pytest.mark.parametrize(
    ("ids", "product", "content"),
    [
        ({}, None, None),
        ({"item_group_id": "1729"}, "1729", None),
        ({"item_group_id": "1729", "item_id": "7496"}, "1729", "7496"),
        ({"room_id": "7497"}, None, "7497"),
    ],
)
def test_each_cut_has_keys_of_its_own_and_tiktok_shop_s_ids(ids: dict[str, str], product: Any, content: Any) -> None:
    found = figures("gmv_max_days", {**GMV_MAX, **ids, "metrics": SOLD})["spend"]
    assert (found.product_id, found.content_id) == (product, content)
    path = "/".join(("gmv_max/74/5", *ids.values()))
    assert found.key == f"{path}/spend/2025-11-02"


@pytest.mark.parametrize(
    ("written", "currency", "value"), [("41.2", "USD", 4120), ("12.345", "EUR", 1235), ("7", "JPY", 7)]
)
def test_money_is_in_the_ad_account_s_currency(written: str, currency: str, value: int) -> None:
    found = figures("gmv_max_days", {**GMV_MAX, "currency": currency, "metrics": {"cost": written}})["spend"]
    assert (found.value, found.currency) == (value, currency)


def test_a_video_is_tagged_with_each_product_once() -> None:
    tags = read("shop_videos", {"item_id": "7496", "spu_id_list": ["1729", 1730, "1729"]})
    assert [(tag.content_id, tag.product_id, tag.key) for tag in tags if isinstance(tag, ContentTag)] == [
        ("7496", "1729", "7496/1729"),
        ("7496", "1730", "7496/1730"),
    ]
    assert read("shop_videos", {"item_id": "7496"}) == []


@pytest.mark.parametrize(
    ("stream", "body", "reason"),
    [
        ("videos", [], "bad_record"),
        ("orders", {}, "unknown_stream"),
        ("videos", {**VIDEO, "create_time": "soon"}, "impossible_date"),
        ("ad_days", {**AD, "day": "soon", "metrics": OF_AD}, "impossible_date"),
        ("ad_days", {**AD, "day": "1999-01-01", "metrics": OF_AD}, "impossible_date"),
        ("ad_days", {**AD, "zone": None, "metrics": OF_AD}, "missing_field"),
        ("ad_days", {**AD, "metrics": {**OF_AD, "spend": 1.5}}, "bad_record"),
        ("ad_days", {**AD, "metrics": {**OF_AD, "clicks": "1.5"}}, "negative_quantity"),
        ("gmv_max_days", {**GMV_MAX, "currency": "XXX", "metrics": SOLD}, "unknown_currency"),
        ("gmv_max_days", {**GMV_MAX, "metrics": {"gross_revenue": "-1"}}, "negative_amount"),
        ("gmv_max_days", {**GMV_MAX, "store_id": "", "metrics": SOLD}, "missing_field"),
        ("shop_videos", {"item_id": "1", "spu_id_list": [None]}, "missing_field"),
    ],
)
def test_what_cannot_be_read_says_why(stream: str, body: Any, reason: str) -> None:
    with pytest.raises(Unfit) as unfit:
        read(stream, body)
    assert unfit.value.reason == reason


@pytest.mark.parametrize("one", golden.samples("tiktok_business"), ids=str)
def test_any_field_may_hold_anything(one: golden.Sample) -> None:
    """A record gives facts of the types that the vocabulary promises, or is unfit by name: nothing else."""
    for where, body in spoilt(record(one)):
        for fact in check_fit_or_unfit(partial(read, one.stream, body), where):
            assert not isinstance(fact, Measure) or fact.value >= 0, where
