"""Pinterest's ads reports: ordered, waited for, fetched from a listed host, thrown away after an hour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Batch, Fault, Request, Split, Stop, Wait, Window
from jalon.connectors.pinterest.reports import KINDS, LARGEST, Position
from jalon.sync import plan
from tests.connectors.pinterest_fakes import (
    AD_ACCOUNT,
    CONNECTOR,
    FILES,
    NOW,
    STREAMS,
    TODAY,
    FakeSession,
    Official,
    answer,
    refused,
    window,
)
from tests.connectors.played import all_of

URL = f"{FILES}/report.json?X-Amz-Signature=s"
ROW = {"DATE": "2025-11-01", "AD_ID": "687", "PIN_ID": 813744226420795884, "IMPRESSION_1": 5}


class Maker:
    """Takes orders, and tells of each report what `states` says next."""

    def __init__(self, *states: Any) -> None:
        self.states = list(states)
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Answer:
        if request.method == "POST":
            self.bodies.append(json.loads(request.body))
            return answer({"token": f"to|ken-{len(self.bodies)}", "report_status": "IN_PROGRESS", "message": None})
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return answer(status if isinstance(status, dict) else {"report_status": status, "url": None, "size": None})


def finished(size: int | None = 100, url: str = URL) -> dict[str, Any]:
    return {"report_status": "FINISHED", "url": url, "size": size}


def asking(play: Callable[[Request], Answer], file: Any = None, **more: Any) -> FakeSession:
    session = FakeSession(play, **{"ad_account_id": AD_ACCOUNT, **more})
    session.files[URL] = (file if isinstance(file, bytes) else json.dumps(file or {}).encode()).split(b"\n")
    return session


async def read(session: FakeSession, first: Window) -> list[Batch]:
    """Read a window as the engine does: come back with the cursor of a batch that asks for it."""
    found: list[Batch] = []
    cursor = first.cursor
    while True:
        again = replace(first, cursor=cursor)
        found += await all_of(CONNECTOR.pull(session, again))
        last = found[-1]
        if last.later is None:
            return found
        cursor, session.time = last.cursor, max(last.later, session.time + 1)


# --- ordering ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", KINDS)
async def test_a_report_is_ordered_as_described(described: Official, stream: str) -> None:
    maker = Maker(finished())
    session = asking(maker)
    (batch, *_) = await read(session, window(stream, 14))
    for request in session.asked:
        described.hold(request)
        described.check(described.answers(request), maker(request).data if request.method == "GET" else {"token": "t"})
    body = maker.bodies[0]
    assert set(body) <= described.properties("AdsAnalyticsCreateAsyncRequest")
    assert set(body["columns"]) <= set(described.schemas["ReportingColumnAsync"]["enum"])
    assert (body["start_date"], body["end_date"]) == ("2025-11-10", "2025-11-24")
    assert (body["report_format"], body["granularity"]) == ("JSON", "DAY"), (
        "CSV fills in zeros where there is no figure"
    )
    assert Position.read(str(batch.cursor)).token == "to|ken-1"


def test_reports_of_products_ask_for_no_column_of_ads(described: Official) -> None:
    """At this level the platform refuses columns of ads and of the Pins that they promote."""
    for column in KINDS["product_item_days"].columns:
        assert not re.match(r"AD_|ADS_|PIN_|PIN_PROMOTION|CAMPAIGN", column)
    tags = {column for column in KINDS["ad_days"].columns if "PRODUCT_TAG" in column}
    assert tags == {column for column in described.schemas["ReportingColumnAsync"]["enum"] if "PRODUCT_TAG" in column}


def limits(described: Official, level: str) -> tuple[int, int]:
    """Return how many days back and how long a stretch the description allows."""
    text = described.operation(Request("POST", f"/ad_accounts/{AD_ACCOUNT}/reports"))["description"]
    sentence = next(line for line in text.split("\n- ") if level in line and "up to" in line)
    back, long = re.findall(r"(\d+) days", sentence)
    return int(back), int(long)


@pytest.mark.parametrize(("stream", "level"), [("ad_days", "not HOUR"), ("product_item_days", "PRODUCT_ITEM")])
@given(st.integers(0, 2_000), st.integers(0, 86_399), st.integers(1, 16))
async def test_no_report_is_longer_or_older_than_the_platform_takes(
    described: Official, stream: str, level: str, age: int, second: int, parallel: int
) -> None:
    back, long = limits(described, level)
    now = int(NOW - NOW % 86_400) + second
    reach = plan.Reach(plan.ZoneInfo("UTC"), (TODAY - timedelta(days=age)), parallel)
    spans = plan.tail(STREAMS[stream], reach, None, now).spans + plan.look_back(STREAMS[stream], reach, now, now)
    for low, high in spans:
        maker = Maker("IN_PROGRESS")
        asked = Window(STREAMS[stream], datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC))
        (batch,) = await all_of(CONNECTOR.pull(asking(maker, now=now), asked))
        for body in maker.bodies:
            start, end = date.fromisoformat(body["start_date"]), date.fromisoformat(body["end_date"])
            assert 0 <= (end - start).days < long
            assert (TODAY - start).days < back
            assert start == asked.low.date() or (TODAY - asked.low.date()).days >= back - 1, "nothing is left out"
        assert maker.bodies or not batch.skipped


async def test_what_is_younger_than_a_day_is_left_to_the_look_back() -> None:
    """Or every run would order a report; the look-back comes by at least as often as days do."""
    session = asking(Maker("IN_PROGRESS"))
    (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days", 0.9)))
    assert not session.asked
    assert (batch.cursor, batch.records, batch.skipped) == (None, (), ())
    for stream in KINDS:
        assert STREAMS[stream].every < timedelta(days=1) < STREAMS[stream].lookback
    await all_of(CONNECTOR.pull(session, window("ad_days", 0.9, backfill=True)))
    assert session.asked


async def test_a_window_that_has_become_too_old_is_told_as_such() -> None:
    session = asking(Maker("IN_PROGRESS"))
    (batch,) = await all_of(CONNECTOR.pull(session, window("product_item_days", 20, high=NOW - 95 * 86_400)))
    assert [skipped.reason for skipped in batch.skipped] == ["too_old"]
    assert not session.asked


async def test_without_an_ad_account_there_are_no_ads() -> None:
    session = asking(Maker("IN_PROGRESS"), ad_account_id=None)
    (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days", 14)))
    assert not session.asked
    assert batch.cursor is None


async def test_an_order_without_a_token_is_repeated() -> None:
    with pytest.raises(Wait, match="no token"):
        await all_of(CONNECTOR.pull(asking(lambda _: answer({"report_status": "IN_PROGRESS"})), window("ad_days", 14)))


# --- waiting ----------------------------------------------------------------------------------------------------------


async def test_a_report_is_waited_for_with_patience_and_its_end_is_told() -> None:
    session = asking(Maker(*["IN_PROGRESS"] * 12, finished()), {"687": [ROW]})
    batches = await read(session, window("ad_days", 14))
    waits = [batch.later for batch in batches if batch.later is not None]
    pauses = [after - before for before, after in pairwise(waits)]
    assert min(pauses) >= 1
    assert max(pauses) <= 300
    deadlines = [deadline for batch in batches for deadline in batch.deadlines]
    assert [deadline.at for deadline in deadlines] == [NOW + 3600, 0]
    assert len({deadline.key for deadline in deadlines}) == 1
    assert "thrown away" in deadlines[0].what
    assert deadlines[0].warn == 3600, "a run that leaves a report behind says so"
    assert [record.key for batch in batches for record in batch.records] == ["2025-11-01/687"]


@pytest.mark.parametrize("status", ["EXPIRED", "DOES_NOT_EXIST", "FAILED", "CANCELLED", "SOMETHING_NEW", None])
async def test_a_report_that_came_to_nothing_is_ordered_again(status: Any) -> None:
    maker = Maker(status, finished())
    batches = await read(asking(maker, {"687": [ROW]}), window("ad_days", 14))
    assert len(maker.bodies) == 2
    assert [record.key for batch in batches for record in batch.records] == ["2025-11-01/687"]
    for_good = Maker(status)
    batches = await read(asking(for_good), window("ad_days", 14))
    assert len(for_good.bodies) == 3
    assert [skipped.reason for skipped in batches[-1].skipped] == ["report_failed"]
    assert [deadline.at for deadline in batches[-1].deadlines] == [0]


@pytest.mark.parametrize("status", [400, 404])
async def test_a_report_that_is_refused_by_its_token_is_ordered_again(status: int) -> None:
    """Or each run would ask for a dead token, and the days of its window would never be read."""
    maker, refusals = Maker(finished()), [refused(status)]

    def play(request: Request) -> Answer:
        return refusals.pop() if request.method == "GET" and refusals else maker(request)

    batches = await read(asking(play, {"687": [ROW]}), window("ad_days", 14))
    assert len(maker.bodies) == 2
    assert [record.key for batch in batches for record in batch.records] == ["2025-11-01/687"]
    for_good = Maker(finished())

    def never(request: Request) -> Answer:
        return refused(status) if request.method == "GET" else for_good(request)

    batches = await read(asking(never), window("ad_days", 14))
    assert len(for_good.bodies) == 3, "as often as one that failed, not for ever"
    assert [skipped.reason for skipped in batches[-1].skipped] == ["report_failed"]


async def test_a_report_that_nobody_came_for_in_time_is_ordered_as_often_as_it_takes() -> None:
    """A run that comes once a day finds each report gone: that is no failure of the report."""
    maker = Maker("EXPIRED")
    session = asking(maker)
    cursor: str | None = None
    for _ in range(6):
        (batch,) = await all_of(CONNECTOR.pull(session, window("ad_days", 14, high=NOW, cursor=cursor)))
        cursor = batch.cursor
        assert cursor is not None
        session.time += 86_400
    assert len(maker.bodies) == 6
    assert Position.read(cursor).orders == 1


def test_every_status_of_the_description_is_tried(described: Official) -> None:
    known = set(described.schemas["BulkReportingJobStatus"]["enum"])
    assert known == {"IN_PROGRESS", "FINISHED", "EXPIRED", "DOES_NOT_EXIST", "FAILED", "CANCELLED"}


@given(st.integers(1, 3), st.integers(0, 2**31), st.integers(0, 10_000), st.text(max_size=80))
def test_a_position_is_read_as_it_was_written(orders: int, at: int, step: int, token: str) -> None:
    position = Position(orders, at, step, token)
    assert Position.read(str(position)) == position


# --- the file ---------------------------------------------------------------------------------------------------------


async def test_the_address_is_asked_for_and_read_at_once() -> None:
    """It lives five minutes: it is never kept, and a reading that was cut off asks for another."""
    session = asking(Maker(finished()), {"687": [ROW]})
    batches = await read(session, window("ad_days", 14))
    assert session.read == [URL]
    assert not [batch for batch in batches if "X-Amz" in str(batch.cursor)]
    cursor = batches[1].cursor
    assert cursor is not None
    await read(session, window("ad_days", 14, cursor=cursor))
    assert session.read == [URL, URL]
    assert session.asked[-1].query == {"token": "to|ken-1"}


async def test_each_batch_moves_on() -> None:
    many = {str(number): [{"DATE": "2025-11-01", "IMPRESSION_1": 1}] for number in range(1, 1_201)}
    batches = await read(asking(Maker(finished()), many), window("product_item_days", 14))
    cursors = [batch.cursor for batch in batches]
    assert len(set(cursors)) == len(cursors)
    assert [len(batch.records) for batch in batches] == [0, 0, 500, 500, 200]


async def test_rows_tell_by_what_they_were_counted_and_whether_more_may_come() -> None:
    rows = [{**ROW, "DATE": day} for day in ("2025-10-21", "2025-10-22")]
    session = asking(Maker(finished()), {"687": rows}, click_window_days=7, view_window_days=30)
    (*_, batch) = await read(session, window("ad_days", 90))
    assert [record.body["settled"] for record in batch.records] == [True, False], "33 days after the day's end"
    assert batch.records[0].body["windows"] == "7/30/30"
    assert batch.records[0].body["currency"] == "EUR"


@pytest.mark.parametrize("stream", KINDS)
def test_the_last_look_back_still_reads_a_settled_day(stream: str) -> None:
    settled = timedelta(days=30 + 3)
    assert STREAMS[stream].lookback - STREAMS[stream].every - timedelta(days=1) >= settled


@pytest.mark.parametrize("file", [b"", b"{}", b'{"687": []}'])
async def test_a_report_without_rows_is_one(file: bytes) -> None:
    batches = await read(asking(Maker(finished()), file), window("ad_days", 14))
    assert not [record for batch in batches for record in batch.records]
    assert batches[-1].cursor is None


@pytest.mark.parametrize(
    ("file", "gone"),
    [
        ({"687": [ROW]}, ["2025-11-01/688"]),
        ({"687": [ROW], "6": [{}]}, []),
        ({"687": []}, []),
        (b"", []),
    ],
    ids=["a row less", "a row without its day", "no row", "nothing"],
)
async def test_a_row_that_a_report_had_before_is_gone_where_the_others_are_there(file: Any, gone: list[str]) -> None:
    known = frozenset({"2025-11-01/687", "2025-11-01/688", "2025-10-01/688"})
    batches = await read(asking(Maker(finished()), file), replace(window("ad_days", 30), known=known))
    found = [record for batch in batches for record in batch.records if record.body.get("gone")]
    assert [record.key for record in found] == gone
    assert all(record.body == {"id": "688", "DATE": "2025-11-01", "gone": True} for record in found)


@pytest.mark.parametrize("file", [b"[]", b'{"687": {"a": 1}}', b'{"687": [1]}', b'{"687": [{"DATE"', b"<Error>"])
async def test_a_file_of_another_shape_is_read_again_later(file: bytes) -> None:
    with pytest.raises(Wait):
        await read(asking(Maker(finished()), file), window("ad_days", 14))


async def test_a_row_without_an_id_or_a_day_has_no_identity() -> None:
    (*_, batch) = await read(asking(Maker(finished()), {"": [ROW | {"AD_ID": None}], "6": [{}]}), window("ad_days", 14))
    assert [record.key for record in batch.records] == ["", ""]


async def failed(session: FakeSession, first: Window) -> tuple[Fault, list[Batch]]:
    """Read until it fails; return the fault and what came in the last try before it."""
    (ordered,) = await all_of(CONNECTOR.pull(session, first))
    came: list[Batch] = []

    async def collect() -> None:
        async for batch in CONNECTOR.pull(session, Window(first.stream, first.low, first.high, ordered.cursor)):
            came.append(batch)

    with pytest.raises(Fault) as told:
        await collect()
    return told.value, came


@pytest.mark.parametrize("url", ["https://elsewhere.example/x", "http://files.example/x", f"{FILES}.evil/x", "x"])
async def test_a_file_elsewhere_is_left_alone_and_only_the_ads_with_it(url: str) -> None:
    session = asking(Maker(finished(url=url)))
    fault, came = await failed(session, window("ad_days", 14))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"
    assert "report_hosts" in fault.remedy
    assert not session.read
    assert came, "so that the engine does without the stream instead of ending the source"
    assert STREAMS["ad_days"].optional


async def test_a_file_too_long_to_read_whole_is_ordered_in_halves() -> None:
    fault, came = await failed(asking(Maker(finished(LARGEST + 1))), window("ad_days", 14))
    assert isinstance(fault, Split)
    assert came
    short = asking(Maker(finished(LARGEST + 1)), {"687": [ROW]})
    batches = await read(short, window("ad_days", 1.5))
    assert batches[-1].records, "halves of less than a day would be left to the look-back"


async def test_a_right_that_is_missing_leaves_the_ads_out() -> None:
    with pytest.raises(Stop) as stopped:
        await all_of(CONNECTOR.pull(asking(lambda _: refused(403, 29)), window("ad_days", 14)))
    assert stopped.value.kind == "auth"
