"""YouTube's bulk reports: jobs, which of their reports are read, and what stands in one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Deadline, Ref, Stop
from jalon.connectors.youtube import reports
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    CHANNEL,
    CONNECTOR,
    NOW,
    STREAMS,
    FakeSession,
    Official,
    by_path,
    classic,
    plain,
    window,
)

DAY = 86_400


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


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
