"""Reading YouTube: videos, figures of a day, bulk reports, affiliate sales; each request as it is described."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Deadline, Ref, Request, Skip, Stop, Wait
from jalon.connectors.youtube import Settings, analytics, reports, uploads
from jalon.connectors.youtube.doors import STREAMS as DECLARED
from jalon.connectors.youtube.doors import settled_after
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    ACCOUNT,
    CHANNEL,
    CONNECTOR,
    NOW,
    STREAMS,
    TOKEN,
    FakeSession,
    Official,
    answer,
    by_path,
    classic,
    day_window,
    plain,
    settings,
    window,
)

DAY = 86_400
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")
LIST, VIDEOS, FIGURES = "/youtube/v3/playlistItems", "/youtube/v3/videos", "/v2/reports"


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


def uploaded(*ids: str, following: str = "", published: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    items = [{"contentDetails": {"videoId": each, "videoPublishedAt": published}} for each in ids]
    return {"items": items, **({"nextPageToken": following} if following else {})}


def video(identity: str, channel: str = CHANNEL) -> dict[str, Any]:
    return {"id": identity, "snippet": {"channelId": channel}}


def videos_of(*ids: str) -> dict[str, Any]:
    return {"items": [video(each) for each in ids]}


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


# --- figures of a day -------------------------------------------------------------------------------------------------


def table(names: str, *rows: list[Any]) -> dict[str, Any]:
    headers = [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in names.split()]
    return {"columnHeaders": headers, **({"rows": list(rows)} if rows else {})}


async def test_columns_are_read_by_their_names(described: Official) -> None:
    whole = table("views day", [150, "2026-11-18"], [160, "2026-11-19"])
    single = table("likes video views day", [3, "a", 120, "2026-11-18"], [0, "b", 30, "2026-11-18"])
    session = FakeSession(by_path({FIGURES: [whole, single], LIST: uploaded("a", "b")}))
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("activity")))
    for request in session.asked:
        described.hold(request)
    assert {request.query["ids"] for request in session.asked if request.path == FIGURES} == {"channel==MINE"}
    assert session.asked[0].query["dimensions"] == "day"
    assert session.asked[2].query["dimensions"] == "day,video"
    assert session.asked[2].query["filters"] == "video==a,b"
    assert session.asked[2].query["startDate"] == session.asked[2].query["endDate"] == "2026-11-18"
    bodies = {record.key: record.body for record in batch.records}
    assert {key: (body["views"], body.get("likes")) for key, body in bodies.items()} == {
        "2026-11-18/channel": (150, None),
        "2026-11-18/a": (120, 3),
        "2026-11-18/b": (30, 0),
    }
    assert {body["latest"] for body in bodies.values()} == {"2026-11-19"}, "the last day that is there is told"
    assert {body["channel"] for body in bodies.values()} == {CHANNEL}


async def test_slow_metrics_are_asked_for_apart() -> None:
    asked = [set(metrics.split(",")) for metrics in analytics.METRICS.values()]
    together = [first & second for first, second in combinations(asked, 2)]
    assert not any(together), "an answer ends with the last day that all of its metrics have"
    assert {stream.name for stream in DECLARED if stream.grain == "day"} >= set(analytics.METRICS)


@pytest.mark.parametrize("whole", [table("views day"), table("views day", [1, "2026-11-17"])])
async def test_a_day_that_is_not_there_is_never_written(whole: dict[str, Any]) -> None:
    session = FakeSession(by_path({FIGURES: whole}))
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("cards")))
    assert not batch.records
    assert batch.later == NOW + analytics.NOT_READY


async def test_a_day_of_which_nothing_is_counted_is_over_once_a_later_one_is_there() -> None:
    session = FakeSession(
        by_path({FIGURES: [table("views day", [1, "2026-11-19"]), table("views day video")], LIST: uploaded("a")})
    )
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("activity")))
    assert (batch.records, batch.later) == ([], None)


async def test_two_weeks_without_a_figure_are_a_channel_without_viewers() -> None:
    session = FakeSession(by_path({FIGURES: table("views day")}))
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("activity", "2026-11-06")))
    assert (batch.records, batch.later) == ((), None)


async def test_videos_are_asked_for_in_bounded_filters(described: Official) -> None:
    ids = [f"v{number}" for number in range(450)]
    pages = [uploaded(*ids[:250], following="t"), uploaded(*ids[250:])]
    whole = table("views day", [1, "2026-11-18"])
    single = table("views day video")
    session = FakeSession(by_path({FIGURES: [whole, single, single, single], LIST: pages}))
    await all_of(CONNECTOR.pull(session, day_window("activity")))
    filters = [request.query["filters"] for request in session.asked if "filters" in request.query]
    assert [each.count(",") + 1 for each in filters] == [200, 200, 50]


async def test_the_uploads_are_listed_once_whatever_days_and_figures_are_read() -> None:
    """A page of them costs a unit of the day's quota: a channel of 2,000 videos has forty pages."""
    figures = [
        table("views day", [1, day]) if single else table("views day video") for day in DAYS for single in (1, 0)
    ]
    pages = [uploaded("a", following="t"), uploaded("b")]
    session = FakeSession(by_path({FIGURES: figures * 3, LIST: pages}))
    for stream in analytics.METRICS:
        for day in DAYS:
            await all_of(CONNECTOR.pull(session, day_window(stream, day)))
    assert sum(request.path == LIST for request in session.asked) == 2
    assert [request.query["filters"] for request in session.asked if "filters" in request.query] == ["video==a,b"] * 9


async def test_videos_that_came_later_are_not_asked_for() -> None:
    pages = {**uploaded("new", published="2026-11-21T00:00:00Z")}
    pages["items"] += uploaded("old", "unpublished", published="")["items"]
    session = FakeSession(
        by_path({FIGURES: [table("views day", [1, "2026-11-18"]), table("views day video")], LIST: pages})
    )
    await all_of(CONNECTOR.pull(session, day_window("activity")))
    assert session.asked[-1].query["filters"] == "video==old,unpublished"


@pytest.mark.parametrize(
    "data", [table("views", [1, 2]), table("views", []), {"columnHeaders": [], "rows": [[1]]}, {"rows": 3}]
)
def test_rows_that_do_not_fit_are_no_result(data: dict[str, Any]) -> None:
    with pytest.raises(Wait):
        analytics.table(data)


@pytest.mark.parametrize(("age", "settled"), [(7.9, False), (8.1, True)])
async def test_figures_are_settled_once_the_last_look_back_is_sure(age: float, settled: bool) -> None:
    now = datetime(2026, 11, 19, 8, tzinfo=UTC).timestamp() + age * DAY
    session = FakeSession(
        by_path({FIGURES: [table("views day", [1, "2026-11-18"]), table("views day video")], LIST: uploaded("a")}), now
    )
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("activity")))
    assert batch.records[0].body["settled"] is settled


@pytest.mark.parametrize("name", ["activity", "cards", "affiliate_contents"])
def test_the_last_look_back_still_reads_a_settled_day(name: str) -> None:
    since_its_end = STREAMS[name].lookback - max(STREAMS[name].every, timedelta(days=1))
    assert since_its_end >= settled_after(name)


async def test_a_group_that_the_platform_does_not_answer_leaves_the_stream_out() -> None:
    session = FakeSession(by_path({FIGURES: classic("badRequest", 400)}))
    with pytest.raises(Skip):
        await all_of(CONNECTOR.pull(session, day_window("end_screens")))
    assert STREAMS["end_screens"].optional


async def test_days_are_those_of_pacific_time_in_summer_too() -> None:
    low = datetime(2026, 7, 1, 7, tzinfo=UTC).timestamp()
    session = FakeSession(
        by_path({FIGURES: [table("views day", [1, "2026-07-01"]), table("views day video")], LIST: uploaded("a")})
    )
    (batch,) = await all_of(CONNECTOR.pull(session, window("activity", low, low + DAY)))
    assert batch.records[0].key == "2026-07-01/channel"


async def test_what_is_switched_off_is_not_asked() -> None:
    session = FakeSession(by_path({}), analytics=False)
    for stream in ("activity", "cards", "end_screens", "reports", "affiliate_contents", "affiliate_products"):
        (batch,) = await all_of(CONNECTOR.pull(session, day_window(stream)))
        assert (batch.records, batch.cursor, batch.later) == ((), None, None)
    assert not session.asked


# --- bulk reports -----------------------------------------------------------------------------------------------------

TYPES, JOBS = "/v1/reportTypes", "/v1/jobs"
OFFERED = {
    "reportTypes": [
        {"id": "channel_basic_a3"},
        {"id": "channel_cards_a1"},
        {"id": "channel_basic_a2", "deprecateTime": "2025-10-31T00:00:00Z"},
    ]
}
JOB = {"id": "j1", "reportTypeId": "channel_cards_a1", "name": "x", "createTime": "2026-11-10T00:00:00Z"}


def report(identity: str, start: str, created: str) -> dict[str, str]:
    return {
        "id": identity,
        "jobId": "j1",
        "startTime": start,
        "endTime": start,
        "createTime": created,
        "downloadUrl": "https://x/file",
    }


REPORTS = [
    report("r1", "2026-11-18T08:00:00Z", "2026-11-20T01:00:00Z"),
    report("r2", "2026-11-01T07:00:00Z", "2026-11-11T01:00:00Z"),
]


async def test_reports_are_found_by_when_they_were_made(described: Official) -> None:
    pages = [
        {"reports": REPORTS[:1], "nextPageToken": "p"},
        {"reports": [*REPORTS[1:], report("r3", "2026-11-20T08:00:00Z", "2026-11-22T12:30:00Z")]},
    ]
    session = FakeSession(
        by_path({TYPES: OFFERED, JOBS: {"jobs": [JOB]}, f"{JOBS}/j1/reports": pages}), reports=("channel_cards",)
    )
    batches = await all_of(CONNECTOR.pull(session, window("reports", NOW - 60 * DAY, NOW)))
    for request in session.asked:
        described.hold(request)
    assert [batch.cursor for batch in batches] == ["j1|p", None]
    asked = [request.query for request in session.asked if request.path.endswith("/reports")]
    made_after = datetime.fromtimestamp(NOW - 60 * DAY - 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {query["createdAfter"] for query in asked} == {made_after}, (
        "by making, or one that fills a day back is missed"
    )
    assert not any("startTimeAtOrAfter" in query for query in asked)
    assert [ref for batch in batches for ref in batch.follow] == [
        Ref("reports", "channel_cards_a1/j1/r1"),
        Ref("reports", "channel_cards_a1/j1/r2"),
    ], "what was made after the window is of the next one"
    ends = [datetime.fromtimestamp(deadline.at, UTC).isoformat() for batch in batches for deadline in batch.deadlines]
    assert ends == ["2027-01-19T01:00:00+00:00", "2026-12-11T01:00:00+00:00"], "60 days; of history before the job, 30"
    again = FakeSession(
        by_path({TYPES: OFFERED, JOBS: {"jobs": [JOB]}, f"{JOBS}/j1/reports": pages[1]}), reports=("channel_cards",)
    )
    await all_of(CONNECTOR.pull(again, window("reports", NOW - 60 * DAY, NOW, cursor="j1|p")))
    assert again.asked[-1].query["pageToken"] == "p"


async def test_a_page_of_a_job_that_is_gone_meanwhile_is_none_of_the_next_job() -> None:
    """A page mark is good for its own list: with another's it is refused, or leads into the middle of it."""
    answers = {TYPES: OFFERED, JOBS: {"jobs": [JOB]}, f"{JOBS}/j1/reports": {"reports": REPORTS}}
    session = FakeSession(by_path(answers), reports=("channel_cards",))
    (batch,) = await all_of(CONNECTOR.pull(session, window("reports", NOW - 60 * DAY, NOW, cursor="j0|p")))
    assert "pageToken" not in session.asked[-1].query
    assert [ref.key for ref in batch.follow] == ["channel_cards_a1/j1/r1", "channel_cards_a1/j1/r2"]


def test_of_each_type_the_newest_version_is_read_that_is_not_over() -> None:
    offered = [
        {"id": "channel_basic_a3"},
        {"id": "channel_basic_a10"},
        {"id": "channel_basic_a2", "deprecateTime": "2025-10-31T00:00:00Z"},
        {"id": "channel_cards_a1", "deprecateTime": "2027-01-01T00:00:00Z"},
        {"id": "channel_cards_a2", "deprecateTime": "2025-10-31T00:00:00Z"},
        {"id": "channel_end_screens_a1", "deprecateTime": "2025-10-31T00:00:00Z"},
        {"id": "playlist_basic"},
    ]
    wanted = ("channel_basic", "channel_cards", "channel_end_screens")
    assert reports.newest_types(offered, wanted, NOW) == ["channel_basic_a10", "channel_cards_a1"]


async def test_a_missing_job_is_made_once(described: Official) -> None:
    made = {"id": "j2", "reportTypeId": "channel_basic_a3", "createTime": "2026-11-22T12:00:00Z"}
    answers = {TYPES: OFFERED, JOBS: [{"jobs": [JOB]}, made], f"{JOBS}/j1/reports": {}, f"{JOBS}/j2/reports": {}}
    session = FakeSession(by_path(answers), reports=("channel_cards", "channel_basic"))
    await all_of(CONNECTOR.pull(session, window("reports", NOW - 60 * DAY, NOW)))
    (order,) = [request for request in session.asked if request.method == "POST"]
    described.hold(order)
    assert json.loads(order.body)["reportTypeId"] == "channel_basic_a3", "the newest version that is not over"
    assert not order.idempotent


async def test_a_job_that_somebody_else_made_meanwhile_is_no_fault() -> None:
    session = FakeSession(
        by_path({TYPES: OFFERED, JOBS: [{}, plain(409, "ALREADY_EXISTS")]}), reports=("channel_basic",)
    )
    (batch,) = await all_of(CONNECTOR.pull(session, window("reports", NOW - DAY, NOW)))
    assert not batch.follow


async def test_jobs_are_read_over_all_pages_and_one_that_is_long_over_is_none() -> None:
    over = {**JOB, "id": "j0", "expireTime": "2026-09-20T00:00:00Z"}
    answers = {
        TYPES: OFFERED,
        JOBS: [{"jobs": [over], "nextPageToken": "t"}, {"jobs": [JOB]}],
        f"{JOBS}/j1/reports": {},
    }
    session = FakeSession(by_path(answers), reports=("channel_cards",))
    await all_of(CONNECTOR.pull(session, window("reports", NOW - DAY, NOW)))
    assert [request.query.get("pageToken") for request in session.asked if request.path == JOBS] == [None, "t"]
    assert session.asked[-1].path == f"{JOBS}/j1/reports"


async def test_what_an_expired_job_has_made_is_read_and_another_job_ordered(described: Official) -> None:
    """After a job expired no new reports are generated, says the description; those that are there end as any other."""
    over = {**JOB, "id": "j0", "expireTime": "2026-11-21T00:00:00Z"}
    made = {**JOB, "createTime": "2026-11-22T12:00:00Z"}
    answers = {
        TYPES: OFFERED,
        JOBS: [{"jobs": [over]}, made],
        f"{JOBS}/j0/reports": {"reports": REPORTS[:1]},
        f"{JOBS}/j1/reports": {},
    }
    session = FakeSession(by_path(answers), reports=("channel_cards",))
    batches = await all_of(CONNECTOR.pull(session, window("reports", NOW - 60 * DAY, NOW)))
    for request in session.asked:
        described.hold(request)
    assert [request.method for request in session.asked if request.path == JOBS] == ["GET", "POST"]
    assert [ref.key for batch in batches for ref in batch.follow] == ["channel_cards_a1/j0/r1"]
    assert [deadline.key for batch in batches for deadline in batch.deadlines] == ["report/j0/r1"]


async def test_jobs_that_may_not_be_seen_are_no_success() -> None:
    session = FakeSession(by_path({TYPES: classic("youtubeSignupRequired", 401)}), reports=("channel_cards",))
    with pytest.raises(Stop, match="no YouTube channel"):
        await all_of(CONNECTOR.pull(session, window("reports", NOW - DAY, NOW)))


HEAD = "date,channel_id,video_id,country_code,card_clicks,card_impressions,card_click_rate"
KEY = "channel_cards_a1/j1/r1"


async def read(*lines: str, key: str = KEY) -> Any:
    files = {"https://x/file": [line.encode() for line in lines]}
    session = FakeSession(by_path({f"{JOBS}/j1/reports/r1": REPORTS[0]}), files=files, reports=("channel_cards",))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["reports"], [key]))
    return batch


async def test_a_report_is_summed_by_video() -> None:
    batch = await read(
        HEAD,
        f"20261118,{CHANNEL},a,FR,2,10,0.2",
        f"20261118,{CHANNEL},a,US,1,5,0.2",
        f"20261118,{CHANNEL},,FR,7,7,1",
        f'20261118,{CHANNEL},"b",ZZ,0,1,0',
    )
    assert [record.key for record in batch.records] == [
        f"channel_cards_a1/2026-11-18T08:00:00Z/{each}" for each in "ab"
    ]
    first = batch.records[0]
    assert (first.body["card_clicks"], first.body["card_impressions"], first.body["date"]) == (3, 15, "20261118")
    assert "card_click_rate" not in first.body
    assert first.version == 1_795_136_400_000_000, "the report's creation: a later report replaces"
    assert batch.deadlines == [Deadline("report/j1/r1", "", 0)]


async def test_columns_of_a_report_are_known_by_their_names_too() -> None:
    batch = await read("card_clicks,video_id,date,channel_id,new_column", f"2,a,20261118,{CHANNEL},x")
    assert batch.records[0].body["card_clicks"] == 2


async def test_minutes_keep_their_decimals() -> None:
    head = "date,channel_id,video_id,watch_time_minutes"
    batch = await read(head, f"20261118,{CHANNEL},a,1.25", f"20261118,{CHANNEL},a,0.5", key="channel_basic_a3/j1/r1")
    assert batch.records[0].body["watch_time_minutes"] == "1.75"


async def test_an_empty_report_has_a_first_line() -> None:
    assert (await read(HEAD)).records == []
    with pytest.raises(reports.Unreadable):
        await read()


@pytest.mark.parametrize(
    "lines",
    [
        ("<html><body>temporarily unavailable</body></html>",),
        (HEAD, "20261118,UC,a"),
        (HEAD, f"20261118,{CHANNEL},a,FR,many,1,0"),
        (HEAD, '20261118,"UC'),
        ("\udcff",),
    ],
)
async def test_what_is_no_report_is_never_half_read(lines: tuple[str, ...]) -> None:
    files = {"https://x/file": [line.encode("utf-8", "surrogateescape") for line in lines]}
    session = FakeSession(by_path({f"{JOBS}/j1/reports/r1": REPORTS[0]}), files=files)
    with pytest.raises(reports.Unreadable):
        await all_of(CONNECTOR.fetch(session, STREAMS["reports"], [KEY]))


async def test_a_report_that_is_deleted_is_told() -> None:
    session = FakeSession(by_path({f"{JOBS}/j1/reports/r1": plain(404, "NOT_FOUND")}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["reports"], [KEY]))
    assert [skipped.reason for skipped in batch.skipped] == ["gone"]
    assert batch.deadlines == [Deadline("report/j1/r1", "", 0)]


@given(st.text(max_size=40))
async def test_no_key_of_a_report_leads_astray(key: str) -> None:
    session = FakeSession(by_path({}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["reports"], [key]))
    assert [skipped.reason for skipped in batch.skipped] == ["bad_id"]


# --- affiliate sales --------------------------------------------------------------------------------------------------

SEARCH = "/reports/v1alpha/accounts/123/reports:search"


def sold(identity: str) -> dict[str, Any]:
    price = {"amountMicros": "39980000", "currencyCode": "USD"}
    return {
        "youtubeContentPerformanceView": {
            "videoId": identity,
            "clicks": "12",
            "grossSales": price,
            "taggedProductIds": ["sku1"],
        }
    }


@pytest.mark.parametrize("stream", ["affiliate_contents", "affiliate_products"])
async def test_each_day_is_one_question(stream: str, described: Official) -> None:
    session = FakeSession(by_path({SEARCH: {}}), merchant_account="123")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window(stream)))
    described.hold(session.asked[0])
    assert "BETWEEN '2026-11-18' AND '2026-11-18'" in json.loads(session.asked[0].body)["query"]
    assert (batch.records, batch.cursor) == ([], None)


async def test_affiliate_rows_come_over_all_pages(described: Official) -> None:
    pages = [{"results": [sold("a")], "nextPageToken": "t"}, {"results": [sold("b"), {"other": {}}]}]
    session = FakeSession(by_path({SEARCH: pages}), merchant_account="123", merchant_timezone="Europe/Paris")
    batches = await all_of(CONNECTOR.pull(session, day_window("affiliate_contents")))
    for request in session.asked:
        described.hold(request)
    assert json.loads(session.asked[1].body)["pageToken"] == "t"
    assert [record.key for batch in batches for record in batch.records] == ["123/2026-11-18/a", "123/2026-11-18/b", ""]
    body = batches[0].records[0].body
    assert (body["zone"], body["day"], body["clicks"], body["account"]) == ("Europe/Paris", "2026-11-18", "12", "123")
    again = FakeSession(by_path({SEARCH: pages[1]}), merchant_account="123")
    await all_of(CONNECTOR.pull(again, day_window("affiliate_contents", cursor="t")))
    assert json.loads(again.asked[0].body)["pageToken"] == "t"


@pytest.mark.parametrize("name", ["affiliate_contents", "affiliate_products"])
def test_a_day_s_sales_are_read_again_for_as_long_as_goods_come_back(name: str) -> None:
    """Net sales sink with each refund. How long is not documented: a month of returns is in any case."""
    assert STREAMS[name].lookback >= timedelta(days=35)
    assert timedelta(0) < STREAMS[name].every <= timedelta(days=1)


async def test_a_day_that_is_not_over_in_the_merchants_zone_waits() -> None:
    now = datetime(2026, 11, 19, 8, tzinfo=UTC).timestamp()
    session = FakeSession(by_path({}), now, merchant_account="123", merchant_timezone="Pacific/Honolulu")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("affiliate_contents")))
    assert batch.later == datetime(2026, 11, 19, 10, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (plain(429, "RESOURCE_EXHAUSTED"), Wait),
        (plain(403, "PERMISSION_DENIED"), Stop),
        (plain(400, "INVALID_ARGUMENT"), Skip),
    ],
)
async def test_refusals_of_the_merchant_api(reply: Answer, fault: type[Exception]) -> None:
    session = FakeSession(by_path({SEARCH: reply}), merchant_account="123")
    with pytest.raises(fault):
        await all_of(CONNECTOR.pull(session, day_window("affiliate_products")))


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
