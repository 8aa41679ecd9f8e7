"""Reading YouTube: videos, and the settings and quotas that hold for all of it; each request as it is described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Request, Skip
from jalon.connectors.youtube import Settings, uploads
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    ACCOUNT,
    CONNECTOR,
    LIST,
    NOW,
    STREAMS,
    TOKEN,
    VIDEOS,
    FakeSession,
    Official,
    answer,
    by_path,
    classic,
    settings,
    uploaded,
    video,
    videos_of,
    window,
)

DAY = 86_400


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


# --- videos -----------------------------------------------------------------------------------------------------------


async def test_uploads_are_listed_and_read_fifty_at_a_time(described: Official) -> None:
    play = by_path(
        {LIST: [uploaded("a", "b", following="CAUQAA"), uploaded("c")], VIDEOS: [videos_of("b", "a"), videos_of("c")]}
    )
    session = FakeSession(play)
    batches = await all_of(CONNECTOR.pull(session, window("videos", 0, NOW)))
    for request in session.asked:
        described.hold(request)
    assert [request.path for request in session.asked] == [LIST, VIDEOS, LIST, VIDEOS]
    assert session.asked[0].query["playlistId"] == ACCOUNT["uploads"]
    assert session.asked[0].query["maxResults"] == "50"
    assert session.asked[2].query["pageToken"] == "CAUQAA"
    assert [batch.cursor for batch in batches] == ["CAUQAA", None]
    assert [record.key for batch in batches for record in batch.records] == ["a", "b", "c"]
    assert all("search" not in request.path for request in session.asked), "search.list has 100 calls a day"


async def test_a_list_goes_on_where_it_was_left() -> None:
    session = FakeSession(by_path({LIST: uploaded("c"), VIDEOS: videos_of("c")}))
    await all_of(CONNECTOR.pull(session, window("videos", 0, NOW, cursor="CAUQAA")))
    assert session.asked[0].query["pageToken"] == "CAUQAA"


async def test_a_video_that_is_held_and_not_listed_is_asked_for_and_gone() -> None:
    session = FakeSession(by_path({LIST: uploaded("a"), VIDEOS: videos_of("a", "private")}))
    known = frozenset({"a", "gone", "private"})
    (batch,) = await all_of(CONNECTOR.pull(session, window("videos", 0, NOW, known=known)))
    assert session.asked[1].query["id"] == "a,gone,private"
    assert {record.key: record.body.get("removed", False) for record in batch.records} == {
        "a": False,
        "gone": True,
        "private": False,
    }


async def test_a_reading_to_the_end_puts_the_end_of_the_thirty_days_off() -> None:
    answers = {LIST: [{**uploaded("a"), "nextPageToken": "t"}, uploaded("b")], VIDEOS: [videos_of("a"), videos_of("b")]}
    first, last = await all_of(CONNECTOR.pull(FakeSession(by_path(answers)), window("videos", 0, NOW)))
    assert not first.deadlines, "the older videos are not refreshed yet"
    (end,) = last.deadlines
    assert (end.key, end.at, end.warn) == ("metadata", NOW + 30 * DAY, 3 * DAY)


async def test_a_channel_without_uploads_has_no_list() -> None:
    session = FakeSession(by_path({LIST: classic("playlistNotFound", 404)}))
    (batch,) = await all_of(CONNECTOR.pull(session, window("videos", 0, NOW)))
    assert (batch.records, batch.cursor) == ([], None)


@pytest.mark.parametrize(
    "reply", [classic("badRequest", 400), classic("invalidPageToken", 400), classic("playlistNotFound", 404)]
)
async def test_a_list_that_is_refused_is_not_a_list_without_videos(reply: Answer) -> None:
    """Taken for the end of the list, it would hide all new videos, and leave a day's figures without any."""
    session = FakeSession(by_path({LIST: [uploaded("a", following="t"), reply], VIDEOS: videos_of("a")}))
    with pytest.raises(Skip):
        await all_of(CONNECTOR.pull(session, window("videos", 0, NOW)))
    with pytest.raises(Skip):
        await uploads.uploads(FakeSession(by_path({LIST: classic("badRequest", 400)})))


async def test_more_than_fifty_ids_are_asked_for_in_lists(described: Official) -> None:
    ids = [f"v{number}" for number in range(120)]

    def play(request: Request) -> Answer:
        return answer(videos_of(*request.query["id"].split(",")))

    session = FakeSession(play)
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["videos"], ids))
    assert [len(request.query["id"].split(",")) for request in session.asked] == [50, 50, 20]
    for request in session.asked:
        described.hold(request)
    assert [record.key for record in batch.records] == ids


async def test_a_video_of_another_channel_is_not_ours() -> None:
    session = FakeSession(lambda _: answer({"items": [video("a"), video("b", "UCother")]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["videos"], ["a", "b", "c"]))
    assert [record.key for record in batch.records] == ["a", "c"]
    assert [skipped.reason for skipped in batch.skipped] == ["another_channel"]


@given(st.text(max_size=70))
async def test_no_id_becomes_a_part_of_a_list_that_is_none(key: str) -> None:
    session = FakeSession(lambda request: answer({"items": [video(request.query["id"])]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["videos"], [key]))
    if batch.skipped:
        assert not session.asked
    else:
        assert session.asked[0].query["id"] == key
        assert "," not in key


# --- settings and quotas ----------------------------------------------------------------------------------------------


def test_days_can_only_be_those_of_pacific_time() -> None:
    with pytest.raises(ValidationError, match="leave timezone out"):
        settings(timezone="Europe/Paris")
    assert settings().timezone == "America/Los_Angeles"


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchant_timezone": "Mars/Olympus"},
        {"merchant_account": "12/../3"},
        {"hub_secret": "short"},
        {"hub_secret": "x" * 200},
        {"channel_id": "UC/.."},
        {"reports": ("channel_basic_a3",)},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_credentials_go_into_headers_and_to_the_apis_alone() -> None:
    for host in CONNECTOR.hosts(settings()):
        request = Request("GET", "/x", host=host)
        prepared = CONNECTOR.prepare(request, settings(), TOKEN, ACCOUNT, NOW)
        assert ("authorization" in prepared.headers) == (host not in {"auth", "hub"})
        assert "ya29" not in str(prepared.query)


def test_quotas_are_kept_before_they_are_hit() -> None:
    (units,) = CONNECTOR.allowances(Request("GET", "/x"), settings(quota_units=50_000))
    assert (units.requests, units.seconds) == (50_000, DAY)
    minute, day = CONNECTOR.allowances(Request("GET", "/x", host="reporting"), settings())
    assert (minute.requests, minute.seconds, day.requests, day.seconds) == (60, 60, 20_000, DAY)
    assert CONNECTOR.allowances(Request("GET", "/x", host="merchant"), settings()) == ()


def test_only_videos_and_reports_are_read_by_key() -> None:
    with pytest.raises(LookupError, match="cards"):
        CONNECTOR.fetch(FakeSession(by_path({})), STREAMS["cards"], ["a"])


def test_all_that_the_platform_does_not_offer_is_said_in_words() -> None:
    missing = {each.offer: each.note for each in CONNECTOR.capabilities if each.grain == "none"}
    assert {"native_orders", "order_content", "refunds", "journeys"} <= set(missing)
    assert all(missing.values())
    clicks = next(each for each in CONNECTOR.capabilities if each.offer == "tag_clicks")
    assert "never one click of one person" in clicks.note
    assert Settings.model_fields["hub_secret"].default is None
