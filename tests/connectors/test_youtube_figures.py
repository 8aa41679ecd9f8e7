"""YouTube's figures of a day: which are asked for, of which videos, and when a day is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.base import Skip, Wait
from jalon.connectors.youtube import analytics
from jalon.connectors.youtube.doors import STREAMS as DECLARED
from jalon.connectors.youtube.doors import settled_after
from tests.connectors.played import all_of
from tests.connectors.youtube_fakes import (
    CHANNEL,
    CONNECTOR,
    FIGURES,
    LIST,
    NOW,
    STREAMS,
    FakeSession,
    Official,
    by_path,
    classic,
    day_window,
    uploaded,
    window,
)

DAY = 86_400
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


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
