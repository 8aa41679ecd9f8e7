"""Windows leave no gap, whatever the clock, the zone and the declarations."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Stream
from jalon.connectors.door import fields
from jalon.store.windows import Span
from jalon.sync import plan
from jalon.sync.plan import Reach

NOW = 1_790_000_000.0
PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Africa/Cairo",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
]


def stream(**more: object) -> Stream:
    return Stream(name="s", door=fields("id"), **more)  # type: ignore[arg-type]


def reach(zone: str = "UTC", since: date | None = None, parallel: int = 16) -> Reach:
    return Reach(ZoneInfo(zone), since, parallel)


def gapless(spans: list[Span], low: int, high: int) -> bool:
    edges = [low] + [end for _, end in spans]
    return all(start == edge for (start, _), edge in zip(spans, edges, strict=False)) and edges[-1] == high


@given(st.integers(0, 2**31), st.integers(1, 10**8), st.integers(86_400, 400 * 86_400), st.integers(1, 64))
def test_a_span_is_cut_into_its_parts(low: int, length: int, widest: int, parallel: int) -> None:
    spans = plan.cut((low, low + length), timedelta(seconds=widest), parallel)
    assert gapless(spans, low, low + length)
    assert max(end - start for start, end in spans) <= widest


def test_a_long_span_is_cut_for_working_in_parallel_and_a_short_one_is_not() -> None:
    assert len(plan.cut((0, 60 * 86_400), timedelta(days=400), 16)) == 16
    assert len(plan.cut((0, 600), timedelta(days=400), 16)) == 1


def test_a_stream_with_a_better_way_to_read_many_sees_how_many_there_are() -> None:
    wide = stream(window=timedelta(days=30), undivided=True)
    assert len(plan.tail(wide, reach(), None, NOW).spans) == 3
    first, last = date(2026, 1, 1), date(2026, 1, 30)
    assert len(plan.backfill(wide, reach(), first, last, NOW)) == 1
    assert len(plan.backfill(stream(window=timedelta(days=30)), reach(), first, last, NOW)) == 16


@given(st.sampled_from(ZONES), st.integers(1_000_000_000, 2_000_000_000), st.integers(1, 40 * 86_400))
def test_local_days_follow_each_other(zone: str, low: int, length: int) -> None:
    tz = ZoneInfo(zone)
    spans = plan.days(low, low + length, tz)
    assert gapless(spans, spans[0][0], spans[-1][1])
    assert spans[0][0] <= low < spans[0][1]
    assert spans[-1][0] < low + length <= spans[-1][1]
    for start, end in spans:
        day = datetime.fromtimestamp(start, tz).date()
        assert datetime.fromtimestamp(start - 1, tz).date() < day
        assert datetime.fromtimestamp(end - 1, tz).date() == day


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_days_when_clocks_change_are_shorter_or_longer(day: date, hours: int) -> None:
    start = plan.midnight(day, PARIS)
    assert plan.days(start, start + 1, PARIS) == [(start, start + hours * 3600)]


def test_a_day_whose_midnight_is_skipped_begins_later() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    first = datetime.fromtimestamp(plan.midnight(date(2018, 11, 4), zone), zone)
    assert (first.day, first.hour) == (4, 1)


@given(
    st.lists(st.integers(1, 40 * 86_400), min_size=1, max_size=12), st.integers(0, 3600), st.integers(600, 30 * 86_400)
)
def test_runs_at_any_times_read_every_instant(pauses: list[int], lag: int, widest: int) -> None:
    each = stream(lag=timedelta(seconds=lag), window=timedelta(seconds=widest))
    mark, now, read = None, NOW, []
    for pause in pauses:
        found = plan.tail(each, reach(), mark, now)
        read += found.spans
        mark = found.planned_until if found.planned_until is not None else mark
        now += pause
    assert mark is not None
    first = plan.first_instant(each, reach(), NOW)
    covered = first
    for low, high in sorted(read):
        assert low <= covered
        covered = max(covered, high)
    assert covered == mark
    assert all(high <= now - lag for _, high in read)


def test_the_tail_overlaps_what_was_read() -> None:
    [(low, high)], mark = plan.tail(stream(), reach(), int(NOW) - 600, NOW)
    assert (low, high, mark) == (int(NOW) - 600 - plan.OVERLAP, int(NOW), int(NOW))


def test_nothing_new_is_no_window() -> None:
    assert plan.tail(stream(), reach(), int(NOW), NOW) == plan.Plan([])
    assert plan.tail(stream(lag=timedelta(hours=1)), reach(), int(NOW) - 3600, NOW) == plan.Plan([])
    assert plan.tail(stream(grain="keyed"), reach(), None, NOW) == plan.Plan([])


def test_the_platforms_memory_bounds_the_beginning() -> None:
    each = stream(retention=timedelta(days=7))
    low = plan.tail(each, reach(since=date(2020, 1, 1)), None, NOW).spans[0][0]
    assert NOW - 7 * 86_400 < low <= NOW - 7 * 86_400 + 1


def test_the_first_day_wanted_is_local() -> None:
    low = plan.tail(stream(), reach("Europe/Paris", date(2026, 7, 1)), None, NOW).spans[0][0]
    assert datetime.fromtimestamp(low, PARIS) == datetime(2026, 7, 1, tzinfo=PARIS)


def test_a_list_that_was_read_is_left_alone_for_a_while() -> None:
    listed = stream(grain="all", every=timedelta(hours=20))
    assert plan.tail(listed, reach(), None, NOW).spans == [(0, NOW)]
    assert plan.tail(listed, reach(), NOW - 72_000 + 1, NOW) == plan.Plan([])
    assert plan.tail(listed, reach(), NOW - 72_000, NOW).planned_until == NOW
    assert plan.tail(listed, reach(), NOW + 10, NOW).planned_until == NOW, "a clock that was set back"
    assert plan.tail(stream(grain="all"), reach(), NOW, NOW).planned_until == NOW


def test_a_catalogue_is_read_from_its_beginning() -> None:
    spans = plan.tail(stream(whole=True, window=timedelta(days=3650)), reach(since=date(2026, 1, 1)), None, NOW).spans
    assert spans[0][0] == plan.BEGINNING
    assert len(spans) <= 3


def test_days_are_read_once_they_are_over_and_the_platform_is_ready() -> None:
    each = stream(grain="day", lag=timedelta(hours=6))
    found = plan.tail(each, reach("Europe/Paris"), plan.midnight(date(2026, 9, 18), PARIS), NOW)
    # NOW is 16:13 of the 21st in Paris
    assert [datetime.fromtimestamp(low, PARIS).day for low, _ in found.spans] == [18, 19, 20]
    assert found.planned_until == plan.midnight(date(2026, 9, 21), PARIS)
    early = plan.midnight(date(2026, 9, 21), PARIS) + 3600.0
    assert plan.tail(each, reach("Europe/Paris"), plan.midnight(date(2026, 9, 20), PARIS), early).spans == []


def test_days_before_the_platforms_memory_are_left_out_whole() -> None:
    each = stream(grain="day", retention=timedelta(days=3))
    spans = plan.tail(each, reach("Europe/Paris", date(2026, 1, 1)), None, NOW).spans
    assert [datetime.fromtimestamp(low, PARIS).day for low, _ in spans] == [19, 20]


def test_looking_back_reads_what_may_have_changed_and_no_more() -> None:
    each = stream(lookback=timedelta(days=10), window=timedelta(days=2))
    mark = int(NOW) - 100
    spans = plan.look_back(each, reach(parallel=1), mark, NOW)
    assert gapless(spans, int(NOW) - 10 * 86_400, mark)
    assert plan.look_back(each, reach(since=date(2026, 9, 20)), mark, NOW)[0][0] == plan.midnight(
        date(2026, 9, 20), ZoneInfo("UTC")
    )
    days = stream(grain="day", lookback=timedelta(days=3))
    spans = plan.look_back(days, reach("Europe/Paris"), plan.midnight(date(2026, 9, 21), PARIS), NOW)
    assert [datetime.fromtimestamp(low, PARIS).day for low, _ in spans] == [18, 19, 20]


def test_looking_back_happens_every_so_often() -> None:
    each = stream(lookback=timedelta(days=1), every=timedelta(hours=6))
    assert plan.is_look_back_due(each, 0.0, NOW)
    assert not plan.is_look_back_due(each, NOW - 6 * 3600 + 1, NOW)
    assert plan.is_look_back_due(each, NOW - 6 * 3600, NOW)
    assert plan.is_look_back_due(each, NOW + 3600, NOW)
    assert not plan.is_look_back_due(stream(), 0.0, NOW)


def test_a_back_fill_takes_whole_local_days() -> None:
    spans = plan.backfill(
        stream(window=timedelta(days=400)), reach("Europe/Paris", parallel=1), date(2026, 3, 28), date(2026, 3, 29), NOW
    )
    assert spans == [(plan.midnight(date(2026, 3, 28), PARIS), plan.midnight(date(2026, 3, 30), PARIS))]
    assert spans[0][1] - spans[0][0] == 47 * 3600
    assert plan.backfill(stream(), reach(), date(2027, 3, 28), date(2027, 3, 29), NOW) == []
    assert plan.backfill(stream(grain="keyed"), reach(), date(2026, 3, 28), date(2026, 3, 29), NOW) == []
    assert len(plan.backfill(stream(grain="day"), reach(), date(2026, 3, 1), date(2026, 3, 31), NOW)) == 31
