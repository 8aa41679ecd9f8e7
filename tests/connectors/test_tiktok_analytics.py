"""TikTok Shop's figures: days that are there and not yet, settled or not, LIVEs by account, products by content."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Ref, Request, Skip
from jalon.connectors.tiktok_shop.analytics import SETTLED
from tests.connectors.played import all_of
from tests.connectors.tiktok_fakes import (
    CONNECTOR,
    NOW,
    STREAMS,
    FakeSession,
    Official,
    day_window,
    good,
    refused,
)

# --- days -------------------------------------------------------------------------------------------------------------


async def test_videos_of_a_day_and_what_was_clicked_in_them(official: Official) -> None:
    found = [{"id": "71", "product_clicks": 3}, {"id": 72, "product_clicks": 0}, {"id": "73"}]
    session = FakeSession(
        lambda _: good({"latest_available_date": "2025-11-19", "videos": found, "total_count": 3}),
        timezone="America/New_York",
    )
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("videos")))
    official.hold(session.asked[0])
    assert session.asked[0].query["start_date_ge"] == "2025-11-19"
    assert session.asked[0].query["end_date_lt"] == "2025-11-20"
    assert session.asked[0].query["account_type"] == "ALL"
    assert batch.total == 3, "fewer on a later page say that rows moved"
    assert [record.key for record in batch.records] == ["2025-11-19/71", "2025-11-19/72", "2025-11-19/73"]
    assert batch.follow == [Ref("video_products", "71/2025-11-19")]
    assert batch.records[0].body["api"] == "202605"


@pytest.mark.parametrize("figures", [{"items_sold": 1, "product_clicks": 0}, {"sku_orders": 1}, {"items_sold": "2"}])
async def test_products_that_were_sold_are_read_whatever_is_said_of_clicks(figures: dict[str, Any]) -> None:
    data = {"latest_available_date": "2025-11-19", "videos": [{"id": "71", **figures}]}
    session = FakeSession(lambda _: good(data), timezone="America/New_York")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("videos")))
    assert batch.follow == [Ref("video_products", "71/2025-11-19")]


@pytest.mark.parametrize(("stream", "rows"), [("videos", "videos"), ("lives", "live_stream_sessions")])
async def test_a_day_that_is_not_available_is_never_written(stream: str, rows: str) -> None:
    data = {"latest_available_date": "2025-11-18", rows: [{"id": "1"}]}
    (batch,) = await all_of(
        CONNECTOR.pull(FakeSession(lambda _: good(data), timezone="America/New_York"), day_window(stream))
    )
    assert not batch.records
    assert batch.later is not None
    assert batch.later > NOW


@pytest.mark.parametrize(("age", "records"), [(1, 0), (4, 1)])
async def test_an_answer_without_its_latest_day_is_believed_after_three_days(age: int, records: int) -> None:
    now = datetime.fromisoformat("2025-11-20T05:00:00+00:00").timestamp() + age * 86400
    session = FakeSession(lambda _: good({"videos": [{"id": "1"}]}), now, timezone="America/New_York")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("videos")))
    assert len(batch.records) == records


@pytest.mark.parametrize(("age", "settled"), [(11.9, False), (12.1, True)])
async def test_figures_are_settled_twelve_days_after_their_day(age: float, settled: bool) -> None:
    now = datetime.fromisoformat("2025-11-20T05:00:00+00:00").timestamp() + age * 86400
    data = {"latest_available_date": "2026-01-01", "videos": [{"id": "1"}]}
    (batch,) = await all_of(
        CONNECTOR.pull(FakeSession(lambda _: good(data), now, timezone="America/New_York"), day_window("videos"))
    )
    assert batch.records[0].body["settled"] is settled


@pytest.mark.parametrize("name", ["videos", "lives"])
def test_the_last_look_back_still_reads_a_settled_day(name: str) -> None:
    since_its_end = STREAMS[name].lookback - STREAMS[name].every - timedelta(days=1)
    assert since_its_end >= SETTLED


async def test_lives_are_asked_for_by_each_kind_of_account(official: Official) -> None:
    def play(request: Request) -> Answer:
        kind = request.query["account_type"]
        token = "next" if kind == "MARKETING_ACCOUNTS" and "page_token" not in request.query else ""
        live = {
            "id": str(len(kind)),
            "start_time": "1763584200",
            "end_time": "1763616600",
        }  # 15:30 to 00:30 in New York
        return good({"latest_available_date": "2025-11-20", "live_stream_sessions": [live], "next_page_token": token})

    session = FakeSession(play, timezone="America/New_York")
    batches = await all_of(CONNECTOR.pull(session, day_window("lives")))
    for request in session.asked:
        official.hold(request)
    assert [batch.cursor for batch in batches] == [
        "MARKETING_ACCOUNTS|",
        "MARKETING_ACCOUNTS|next",
        "AFFILIATE_ACCOUNTS|",
        None,
    ]
    assert batches[0].follow == [Ref("live_products", "17/2025-11-19/2025-11-21")]
    assert not batches[3].follow, "the platform counts no products in the LIVEs of others"
    again = FakeSession(play, timezone="America/New_York")
    await all_of(CONNECTOR.pull(again, day_window("lives", cursor="MARKETING_ACCOUNTS|next")))
    assert [request.query["account_type"] for request in again.asked] == ["MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS"]


async def test_all_figures_are_asked_for_in_the_shops_own_currency() -> None:
    session = FakeSession(lambda _: good({"latest_available_date": "2030-01-01"}))
    for stream in ("videos", "lives"):
        await all_of(CONNECTOR.pull(session, day_window(stream)))
    for stream, key in (("video_products", "71/2025-11-19"), ("live_products", "17/2025-11-19/2025-11-21")):
        await all_of(CONNECTOR.fetch(session, STREAMS[stream], [key]))
    assert [request.query["currency"] for request in session.asked] == ["LOCAL"] * 6


async def test_a_refusal_of_their_own_lives_leaves_the_stream_out() -> None:
    with pytest.raises(Skip, match=r"data\.shop_analytics\.public\.read"):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: refused(105005)), day_window("lives")))


async def test_a_seller_who_may_not_see_the_lives_of_others_still_sees_their_own() -> None:
    def play(request: Request) -> Answer:
        if request.query["account_type"] == "AFFILIATE_ACCOUNTS":
            return refused(99999)
        return good({"latest_available_date": "2025-11-20"})

    *_, last = await all_of(CONNECTOR.pull(FakeSession(play), day_window("lives")))
    assert last.cursor is None
    assert [skipped.key for skipped in last.skipped] == ["2025-11-19/AFFILIATE_ACCOUNTS"]


async def test_products_of_a_video_on_a_day(official: Official) -> None:
    answers = [
        good({"latest_available_date": "2025-11-19", "products": [{"id": "1"}], "next_page_token": "t"}),
        good({"latest_available_date": "2025-11-19", "products": [{"id": "2"}]}),
    ]
    session = FakeSession(lambda _: answers.pop(0))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["video_products"], ["71/2025-11-19"]))
    for request in session.asked:
        official.hold(request)
    assert [record.key for record in batch.records] == ["2025-11-19/71/1", "2025-11-19/71/2"]


async def test_products_of_a_video_wait_for_their_day() -> None:
    session = FakeSession(lambda _: good({"latest_available_date": "2025-11-18", "products": [{"id": "1"}]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["video_products"], ["71/2025-11-19"]))
    assert not batch.records
    assert batch.later is not None


async def test_products_of_a_live(official: Official) -> None:
    session = FakeSession(lambda _: good({"products": [{"id": "1", "traffic": {"produt_clicks": 4}}]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["live_products"], ["17/2025-11-19/2025-11-21"]))
    official.hold(session.asked[0])
    assert [(r.key, r.body["start"], r.body["end"]) for r in batch.records] == [("17/1", "2025-11-19", "2025-11-21")]


@given(st.sampled_from(["video_products", "live_products"]), st.text(max_size=40))
async def test_no_key_leads_astray(stream: str, key: str) -> None:
    session = FakeSession(lambda _: good({}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS[stream], [key]))
    assert batch.skipped
    assert not session.asked


async def test_a_stream_that_is_not_read_by_key_says_so() -> None:
    with pytest.raises(LookupError, match="content_tags"):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: good({})), STREAMS["content_tags"], ["1"]))
