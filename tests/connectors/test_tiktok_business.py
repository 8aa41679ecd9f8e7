"""TikTok for Business on the wire: what is asked, as its own descriptions have it, and where each list ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Fault, Request, Stream, Wait, Window
from jalon.connectors.tiktok_business.answers import days_of, spans
from jalon.connectors.tiktok_business.doors import RESTATED, STREAMS, WIDEST
from jalon.connectors.tiktok_business.gmv_max import CUTS, Asked, cursor_of, left_in
from tests.connectors import business_fakes as fakes
from tests.connectors.business_fakes import (
    ADVERTISER,
    CONNECTOR,
    NOW,
    OPEN_ID,
    STORE,
    FakeSession,
    Official,
    all_of,
    answer,
    page,
    refused,
    replies,
    row,
    settings,
    window,
)

DAY = 86_400


@pytest.fixture(scope="module")
def business(contracts: Path) -> Official:
    return Official(contracts)


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"refresh_token": None, "advertiser_id": None, "advertiser_token": None},
        {"advertiser_token": None},
        {"advertiser_id": None},
        {"app_secret": None},
        {"auth_code": "code", "refresh_token": None},
        {"advertiser_id": "act_1"},
    ],
)
def test_settings_that_open_nothing_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**more)


def test_either_account_will_do_alone() -> None:
    assert settings(advertiser_id=None, advertiser_token=None).has_account
    assert not settings(refresh_token=None, app_secret=None).has_account


def test_the_rate_is_counted_by_app_and_within_all_three_limits() -> None:
    assert CONNECTOR.account(settings()) == CONNECTOR.account(settings(advertiser_id="1", advertiser_token="x"))
    assert CONNECTOR.account(settings()) != CONNECTOR.account(settings(app_id="8"))
    rate = CONNECTOR.starting_rate
    assert (rate < 10, rate * 60 < 600, rate * DAY < 864_000) == (True, True, True)


# --- whose token ------------------------------------------------------------------------------------------------------


async def test_each_account_is_asked_about_with_its_own_token_in_a_header_alone() -> None:
    session = FakeSession(replies(answer({"videos": [], "has_more": False})))
    await all_of(CONNECTOR.pull(session, window("videos")))
    (asked,) = session.asked
    assert (asked.headers["access-token"], asked.query["business_id"]) == ("act.of-the-account", OPEN_ID)
    session = FakeSession(replies(page([])))
    await all_of(CONNECTOR.pull(session, window("ad_days")))
    (asked,) = session.asked
    assert (asked.headers["access-token"], asked.query["advertiser_id"]) == ("adv.token", ADVERTISER)
    assert asked.anonymous, "the engine need not renew anything for it"
    assert "token" not in str(asked.query) + asked.path
    assert "Bearer" not in str(asked.headers)


def test_a_token_goes_nowhere_without_a_question_that_needs_it() -> None:
    bare = Request("POST", "/tt_user/oauth2/token/", host="auth", anonymous=True)
    assert CONNECTOR.prepare(bare, settings(), None, {}, NOW) == bare


@pytest.mark.parametrize(
    ("stream", "more"),
    [
        ("videos", {"refresh_token": None}),
        ("account_days", {"refresh_token": None}),
        ("ad_days", {"advertiser_id": None, "advertiser_token": None}),
        ("gmv_max_days", {"advertiser_id": None, "advertiser_token": None}),
        ("gmv_max_days", {"gmv_max": False}),
        ("shop_videos", {"gmv_max": False}),
    ],
)
async def test_what_is_not_wanted_is_not_asked_for(stream: str, more: dict[str, Any]) -> None:
    session = FakeSession(replies(refused(40001)), **more)
    (batch,) = await all_of(CONNECTOR.pull(session, window(stream)))
    assert (batch.cursor, list(batch.records), session.asked) == (None, [], [])


# --- videos -----------------------------------------------------------------------------------------------------------


def video(number: int, at: float = NOW - 3 * DAY) -> dict[str, Any]:
    return {"item_id": f"738510120000000000{number}", "create_time": str(int(at)), "video_views": number}


async def test_videos_are_read_to_the_platform_s_own_end_sign_past_short_and_empty_pages() -> None:
    pages = [
        answer({"videos": [video(1)], "cursor": 1763000000000, "has_more": True}),
        answer({"cursor": "1762000000000", "has_more": True}),
        answer({"videos": [video(2)], "cursor": 1761000000000, "has_more": False}),
    ]
    session = FakeSession(replies(*pages))
    batches = await all_of(CONNECTOR.pull(session, window("videos")))
    assert [batch.cursor for batch in batches] == ["1763000000000", "1762000000000", None]
    assert [request.query.get("cursor") for request in session.asked] == [None, "1763000000000", "1762000000000"]
    assert {request.query["max_count"] for request in session.asked} == {"20"}
    assert "item_id" in json.loads(session.asked[0].query["fields"])
    assert [record.key for batch in batches for record in batch.records] == [video(1)["item_id"], video(2)["item_id"]]


async def test_a_cut_off_list_goes_on_from_its_cursor() -> None:
    session = FakeSession(replies(answer({"videos": [], "has_more": False})))
    await all_of(CONNECTOR.pull(session, window("videos", cursor="1763000000000")))
    assert session.asked[0].query["cursor"] == "1763000000000"


@pytest.mark.parametrize(
    "data", [{"videos": []}, {"has_more": True}, {"has_more": "no"}, {"has_more": False, "videos": {"1": 2}}, None, []]
)
async def test_a_list_that_does_not_say_where_it_ends_is_asked_for_again(data: Any) -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.pull(FakeSession(replies(answer(data))), window("videos")))


@pytest.mark.parametrize(("age", "frozen"), [(366.9, False), (367.1, True), (3, False)])
async def test_counters_are_frozen_a_year_after_posting_and_two_days_of_delay(age: float, frozen: bool) -> None:
    session = FakeSession(replies(answer({"videos": [video(1, NOW - age * DAY)], "has_more": False})))
    (batch,) = await all_of(CONNECTOR.pull(session, window("videos")))
    assert batch.records[0].body["frozen"] is frozen


async def test_a_video_without_a_readable_time_is_not_frozen() -> None:
    odd = {**video(1), "create_time": "yesterday"}
    session = FakeSession(replies(answer({"videos": [odd], "has_more": False})))
    (batch,) = await all_of(CONNECTOR.pull(session, window("videos")))
    assert batch.records[0].body["frozen"] is False


# --- the account by day -----------------------------------------------------------------------------------------------


async def test_the_account_s_days_are_asked_for_up_to_yesterday_a_month_at_a_time() -> None:
    session = FakeSession(replies(answer({"metrics": [{"date": "2025-11-20", "video_views": 3}]})))
    batches = await all_of(CONNECTOR.pull(session, window("account_days")))
    asked = [(each.query["start_date"], each.query["end_date"]) for each in session.asked]
    assert asked == [("2025-09-26", "2025-10-25"), ("2025-10-26", "2025-11-23")]
    assert [batch.cursor for batch in batches] == ["2025-10-26", None]
    again = FakeSession(replies(answer({})))
    (rest,) = await all_of(CONNECTOR.pull(again, window("account_days", cursor="2025-10-26")))
    assert (again.asked[0].query["start_date"], list(rest.records)) == ("2025-10-26", [])


async def test_the_first_day_wanted_is_heeded() -> None:
    session = FakeSession(replies(answer({})), since=date(2025, 11, 10))
    await all_of(CONNECTOR.pull(session, window("account_days")))
    assert [each.query["start_date"] for each in session.asked] == ["2025-11-10"]


@pytest.mark.parametrize(("since", "cursor"), [(date(2025, 11, 24), None), (None, "2026-05-01")])
async def test_where_no_day_is_over_nothing_is_asked(since: date | None, cursor: str | None) -> None:
    """As on the first day wanted; or behind a cursor that a clock which was ahead has set."""
    session = FakeSession(replies(answer({})), **({"since": since} if since else {}))
    (batch,) = await all_of(CONNECTOR.pull(session, window("account_days", cursor=cursor)))
    assert (list(batch.records), batch.cursor, session.asked) == ([], None, [])


async def test_a_day_is_settled_48_hours_after_its_end() -> None:
    days = [{"date": "2025-11-21"}, {"date": "2025-11-22"}, {"date": "soon"}]
    session = FakeSession(replies(answer({"metrics": days})), since=date(2025, 11, 20))
    (batch,) = await all_of(CONNECTOR.pull(session, window("account_days")))
    assert [(record.key, record.body["settled"]) for record in batch.records] == [
        ("2025-11-21", True),
        ("2025-11-22", False),
        ("", False),
    ]


# --- reports ----------------------------------------------------------------------------------------------------------


async def test_ads_are_asked_for_by_day_with_both_ends_in_the_ad_account_s_zone(business: Official) -> None:
    session = FakeSession(replies(page([row("2025-11-23", {"spend": "1.00"}, ad_id="7")])))
    (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days", high=NOW - 12 * 3600)))
    (asked,) = session.asked
    business.hold(asked)
    assert asked.path == "/report/integrated/get/"
    # 16:00 UTC less 12 hours is still the day before in Chicago.
    assert (asked.query["start_date"], asked.query["end_date"]) == ("2025-11-21", "2025-11-23")
    assert (asked.query["report_type"], asked.query["data_level"]) == ("BASIC", "AUCTION_AD"), "TT_SHOP is retired"
    assert json.loads(asked.query["dimensions"]) == ["ad_id", "stat_time_day"]
    (record,) = batch.records
    assert record.key == "2025-11-23/7"
    assert (record.body["currency"], record.body["zone"]) == ("USD", "America/Chicago")


@pytest.mark.parametrize("stream", ["ad_days", "gmv_max_days"])
async def test_a_window_that_ends_at_midnight_ends_with_the_day_before(stream: str) -> None:
    """The end date belongs to the span, unlike in TikTok Shop's analytics."""
    midnight = datetime(2025, 11, 23, tzinfo=ZoneInfo("America/Chicago"))
    stores = answer({"store_list": [{"store_id": "1", "is_gmv_max_available": True}]})
    session = FakeSession(replies(*([stores] if stream == "gmv_max_days" else []), page([]), page([])))
    await all_of(CONNECTOR.pull(session, window(stream, high=midnight.timestamp(), days=2)))
    asked = session.asked[-1].query
    assert (asked["start_date"], asked["end_date"]) == ("2025-11-21", "2025-11-22")


async def test_a_zone_that_is_set_wins_over_the_account_s() -> None:
    session = FakeSession(replies(page([])), timezone="Asia/Tokyo")
    await all_of(CONNECTOR.pull(session, window("ad_days", high=NOW)))
    assert session.asked[0].query["end_date"] == "2025-11-25"


async def test_a_page_without_a_list_is_not_the_end() -> None:
    found = [row("2025-11-23", {}, ad_id="7")]
    session = FakeSession(replies(page(found, 1, 3), page([], 2, 3), page(found, 3, 3)))
    batches = await all_of(CONNECTOR.pull(session, window("ad_days")))
    assert [batch.cursor for batch in batches] == ["2", "3", None]
    assert [len(batch.records) for batch in batches] == [1, 0, 1]
    assert [request.query["page"] for request in session.asked] == ["1", "2", "3"]
    again = FakeSession(replies(page(found, 3, 3)))
    await all_of(CONNECTOR.pull(again, window("ad_days", cursor="3")))
    assert again.asked[0].query["page"] == "3"


async def test_a_report_without_rows_has_pages_of_no_rows() -> None:
    session = FakeSession(replies(answer({"page_info": {"page": 1, "total_number": 0, "total_page": 0}})))
    (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days")))
    assert (batch.cursor, batch.total, list(batch.records)) == (None, 0, [])


@pytest.mark.parametrize("data", [{}, {"list": []}, {"page_info": {}}, {"page_info": {"total_page": "2"}}])
async def test_a_report_that_does_not_say_how_many_pages_it_has_is_asked_for_again(data: Any) -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.pull(FakeSession(replies(answer(data))), window("ad_days")))


@pytest.mark.parametrize("stream", ["ad_days", "gmv_max_days"])
async def test_the_tail_of_a_run_is_left_to_the_look_back(stream: str) -> None:
    session = FakeSession(replies(refused(40001)))
    (batch,) = await all_of(CONNECTOR.pull(session, window(stream, days=0.5)))
    assert (batch.cursor, session.asked) == (None, [])
    with pytest.raises(Fault):
        await all_of(CONNECTOR.pull(session, window(stream, days=0.5, backfill=True)))


@pytest.mark.parametrize(
    ("day", "over", "settled"),
    [
        ("2025-11-24", False, False),
        ("2025-11-23", True, False),
        ("2025-10-27", True, False),
        ("2025-10-26", True, True),
    ],
)
async def test_a_day_is_over_and_then_settled_28_days_after_its_end(day: str, over: bool, settled: bool) -> None:
    session = FakeSession(replies(page([row(day, {}, ad_id="7")])))
    (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days")))
    assert (batch.records[0].body["over"], batch.records[0].body["settled"]) == (over, settled)


@pytest.mark.parametrize("name", ["ad_days", "gmv_max_days"])
def test_reports_are_asked_for_a_year_back_and_no_further(name: str) -> None:
    assert fakes.STREAMS[name].retention == timedelta(days=365)


@pytest.mark.parametrize("stream", [one for one in STREAMS if one.lookback], ids=lambda stream: stream.name)
def test_the_last_look_back_still_reads_a_settled_day(stream: Stream) -> None:
    once_in_six_days = timedelta(days=6)
    assert stream.every < once_in_six_days
    assert stream.lookback - once_in_six_days - timedelta(days=1) >= RESTATED


@given(st.integers(1_577_836_800, 1_893_456_000), st.sampled_from(["America/Chicago", "Europe/Paris"]))
def test_no_window_asks_for_more_than_30_days(low: int, zone: str) -> None:
    start = datetime.fromtimestamp(low, UTC)
    session = FakeSession(replies(page([])), now=start.timestamp() + 900 * DAY, timezone=zone)
    wide = Window(fakes.STREAMS["ad_days"], start, start + WIDEST)
    first, last = days_of(session, wide)
    assert (last - first).days + 1 <= 30


async def test_no_day_to_come_is_asked_for() -> None:
    session = FakeSession(replies(page([])))
    await all_of(CONNECTOR.pull(session, window("ad_days", high=NOW + 3 * DAY, days=5)))
    assert session.asked[0].query["end_date"] == "2025-11-24"


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 200), st.integers(1, 40))
def test_stretches_of_days_hold_each_day_once(first: date, length: int, most: int) -> None:
    last = first + timedelta(days=length)
    found = list(spans(first, last, most))
    assert all((end - start).days < most for start, end in found)
    assert [start + timedelta(days=n) for start, end in found for n in range((end - start).days + 1)] == [
        first + timedelta(days=n) for n in range(length + 1)
    ]


# --- GMV Max ----------------------------------------------------------------------------------------------------------

CAMPAIGN, OTHER, LIVE = "500", "501", "510"
SPENT = {"cost": "41.20", "orders": "6", "gross_revenue": "167.88"}
NOTHING = {"cost": "0.00", "orders": "0", "gross_revenue": "0"}


class Played:
    """Plays GMV Max: two product campaigns of two products each, one of LIVEs; notes what was asked."""

    def __init__(self, **refusing: Answer) -> None:
        self.refusing = refusing
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: Request) -> Answer:
        if request.path == "/gmv_max/store/list/":
            stores = [
                {"store_id": STORE, "store_authorized_bc_id": "71", "is_gmv_max_available": True},
                {"store_id": "999", "store_authorized_bc_id": "72", "is_gmv_max_available": False},
            ]
            return answer({"store_list": stores})
        level = json.loads(request.query["dimensions"])[0]
        filtering = json.loads(request.query["filtering"])
        self.asked.append((level, filtering))
        if level in self.refusing:
            return self.refusing[level]
        number = int(request.query["page"])
        told: Callable[[dict[str, Any], int], Answer] = getattr(self, f"_{level}")
        return told(filtering, number)

    def _campaign_id(self, filtering: dict[str, Any], number: int) -> Answer:
        if filtering["gmv_max_promotion_types"] == ["LIVE"]:
            return page([row("2025-11-22", SPENT, campaign_id=LIVE)])
        days = {1: [CAMPAIGN, CAMPAIGN], 2: [], 3: [CAMPAIGN, OTHER]}[number]
        return page([row(f"2025-11-2{n}", SPENT, campaign_id=each) for n, each in enumerate(days)], number, 3)

    def _item_group_id(self, filtering: dict[str, Any], _: int) -> Answer:
        (campaign,) = filtering["campaign_ids"]
        found = [
            row("2025-11-22", SPENT, item_group_id=f"1729{campaign}1"),
            row("2025-11-22", NOTHING, item_group_id=f"1729{campaign}2"),
        ]
        return page(found)

    def _item_id(self, filtering: dict[str, Any], _: int) -> Answer:
        return page([row("2025-11-22", SPENT, item_id="7496")] if filtering["campaign_ids"] == [CAMPAIGN] else [])

    def _room_id(self, _: dict[str, Any], __: int) -> Answer:
        return page([row("2025-11-22", SPENT, room_id="7497")])


async def read_gmv_max(play: Callable[[Request], Answer], cursor: str | None = None) -> Any:
    session = FakeSession(play)
    return session, await all_of(CONNECTOR.pull(session, window("gmv_max_days", cursor=cursor)))


async def test_each_level_is_asked_for_within_the_one_above(business: Official) -> None:
    play = Played()
    session, batches = await read_gmv_max(play)
    for request in session.asked:
        business.hold(request)
        if request.path == "/gmv_max/report/get/":
            assert json.loads(request.query["store_ids"]) == [STORE], "exactly one store"
            assert len(json.loads(request.query["dimensions"])) <= 3
            assert isinstance(json.loads(request.query["filtering"]), dict), "an object, unlike the ads' report"
            assert request.query["end_date"] == "2025-11-24", "both ends belong to it"
    items = [filtering for level, filtering in play.asked if level == "item_id"]
    assert all(len(each["campaign_ids"]) == len(each["item_group_ids"]) == 1 for each in items)
    assert sorted(each["item_group_ids"][0] for each in items) == ["17295001", "17295011"], "none without figures"
    keys = {record.key for batch in batches for record in batch.records}
    assert keys == {
        *(f"2025-11-2{n}/{STORE}/{CAMPAIGN}" for n in (0, 1)),
        f"2025-11-21/{STORE}/{OTHER}",
        *(f"2025-11-22/{STORE}/{each}/1729{each}{n}" for each in (CAMPAIGN, OTHER) for n in (1, 2)),
        f"2025-11-22/{STORE}/{CAMPAIGN}/17295001/7496",
        f"2025-11-22/{STORE}/{LIVE}",
        f"2025-11-22/{STORE}/{LIVE}/7497",
    }
    assert batches[-1].cursor is None
    asked = [(level, json.dumps(filtering)) for level, filtering in play.asked if level != "campaign_id"]
    assert len(set(asked)) == len(asked), "nothing is asked twice, though campaigns come on several pages"


async def test_from_any_cursor_the_rest_is_read() -> None:
    _, batches = await read_gmv_max(Played())
    for number, batch in enumerate(batches[:-1]):
        _, rest = await read_gmv_max(Played(), batch.cursor)
        behind = [record.key for each in batches[number + 1 :] for record in each.records]
        assert [record.key for each in rest for record in each.records] == behind


async def test_a_product_whose_videos_are_refused_is_told_and_the_rest_is_read() -> None:
    _, batches = await read_gmv_max(Played(item_id=refused(40002, "Invalid grouping")))
    skipped = [one for batch in batches for one in batch.skipped]
    assert {one.key for one in skipped} == {f"item/{STORE}/500/17295001", f"item/{STORE}/501/17295011"}
    assert {one.reason for one in skipped} == {"refused"}
    assert any(record.key.endswith("/7497") for batch in batches for record in batch.records)
    with pytest.raises(Fault):
        await read_gmv_max(Played(campaign_id=refused(40002)))


async def test_only_stores_that_are_wanted_or_that_it_is_available_for_are_read() -> None:
    session = FakeSession(Played(), store_ids=("999",))
    await all_of(CONNECTOR.pull(session, window("gmv_max_days")))
    assert {request.query.get("store_ids") for request in session.asked} == {None, '["999"]'}
    nowhere = FakeSession(replies(answer({})))
    assert await all_of(CONNECTOR.pull(nowhere, window("gmv_max_days"))) == []


def test_what_is_asked_for_is_not_a_rate() -> None:
    for cut in CUTS.values():
        assert not {"roi", "cost_per_order"} & set(cut.metrics)
    assert "net_cost" in CUTS["campaign"].metrics


@given(
    st.lists(
        st.builds(Asked, st.sampled_from(sorted(CUTS)), *[st.text(max_size=9)] * 4, st.integers(1, 10**6)), min_size=1
    )
)
def test_the_questions_that_are_left_survive_being_written_down(left: list[Asked]) -> None:
    cursor = cursor_of(left)
    assert cursor is not None
    assert left_in(cursor) == left


async def test_videos_of_each_store_are_read_page_by_page_with_their_products(business: Official) -> None:
    item = {"item_id": 7496, "spu_id_list": ["1729"], "identity_info": {"display_name": "canary"}}
    stores = answer(
        {
            "store_list": [
                {"store_id": name, "store_authorized_bc_id": "7", "is_gmv_max_available": True} for name in ("1", "2")
            ]
        }
    )
    pages = [page([item], 1, 2, "item_list"), page([], 2, 2, "item_list"), page([item], 1, 1, "item_list")]
    session = FakeSession(replies(stores, *pages))
    batches = await all_of(CONNECTOR.pull(session, window("shop_videos")))
    assert [batch.cursor for batch in batches] == ["1/2", "2/1", None]
    assert [record.key for batch in batches for record in batch.records] == ["1/7496", "2/7496"]
    for request in session.asked:
        business.hold(request)
    again = FakeSession(replies(stores, pages[2]))
    await all_of(CONNECTOR.pull(again, window("shop_videos", cursor="2/1")))
    assert [request.query.get("store_id") for request in again.asked] == [None, "2"]
    gone = FakeSession(replies(stores, pages[2]))
    await all_of(CONNECTOR.pull(gone, window("shop_videos", cursor="3/9")))
    assert [request.query.get("store_id") for request in gone.asked] == [None, "1", "2"]


def test_names_that_are_read_are_in_the_official_answers(business: Official) -> None:
    assert {"list", "page_info"} <= business.answered("/gmv_max/report/get/")
    assert {"list", "page_info"} <= business.answered("/report/integrated/get/")
    assert {"store_id", "store_authorized_bc_id", "is_gmv_max_available"} <= business.answered("/gmv_max/store/list/")
    assert {"item_id", "spu_id_list", "page_info", "item_list"} <= business.answered("/gmv_max/video/get/")
