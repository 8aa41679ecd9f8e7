"""The shop's own clock: local times without a zone, and the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Wait
from jalon.connectors.local_clock import local_span, next_second, version
from jalon.connectors.prestashop import reading
from tests.connectors.prestashop_shop import CONNECTOR, FakeSession, all_of, order, table, window

BERLIN = ZoneInfo("Europe/Berlin")
PUT_BACK = datetime(2026, 10, 25, 1, 0, tzinfo=UTC).timestamp()
"""When Berlin's clock goes from 3 back to 2."""
PUT_ON = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()
ZONES = st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
MOMENTS = st.integers(int(PUT_ON) - 10**7, int(PUT_BACK) + 10**7)


def shown(moment: float, zone: ZoneInfo = BERLIN) -> str:
    return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M:%S}"


@given(MOMENTS, st.integers(1, 400 * 86_400), st.data(), ZONES)
def test_every_time_written_in_a_span_lies_in_it_on_the_shop_s_clock(
    low: int, length: int, data: st.DataObject, zone: ZoneInfo
) -> None:
    first, last = local_span(low, low + length, zone)
    assert first <= shown(low + data.draw(st.integers(0, length)), zone) <= last


@given(st.integers(-7200, 7200), st.integers(1, 3000), st.data())
def test_near_the_hour_that_comes_twice_too(start: int, length: int, data: st.DataObject) -> None:
    low = PUT_BACK + start
    first, last = local_span(low, low + length, BERLIN)
    assert first <= shown(low + data.draw(st.integers(0, length))) <= last


def test_elsewhere_a_span_is_no_wider_than_it_is_long() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    assert local_span(noon, noon + 60, BERLIN) == ("2026-07-01 14:00:00", "2026-07-01 14:01:00")


@given(MOMENTS, MOMENTS, ZONES)
def test_a_later_change_never_has_an_older_version(one: int, other: int, zone: ZoneInfo) -> None:
    early, late = sorted((one, other))
    assert version(shown(early, zone), zone) <= version(shown(late, zone), zone)


@given(st.integers(-9000, 9000), st.integers(0, 9000))
def test_nor_around_the_hour_that_comes_twice(start: int, later: int) -> None:
    early = PUT_BACK + start
    assert version(shown(early), BERLIN) <= version(shown(early + later), BERLIN)


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2026-10-25 01:59:59", "2026-10-24T23:59:59+00:00"),
        ("2026-10-25 02:00:00", "2026-10-25T01:00:00+00:00"),
        ("2026-10-25 02:59:59", "2026-10-25T01:00:00+00:00"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00+00:00"),
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59+00:00"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00+00:00"),
    ],
)
def test_the_hour_that_comes_twice_is_one_instant(local: str, instant: str) -> None:
    found = version(local, BERLIN) / 1_000_000
    assert datetime.fromtimestamp(found, UTC).isoformat() == instant


@pytest.mark.parametrize("never", [None, "", "0000-00-00 00:00:00"])
def test_a_time_that_never_was_is_no_version(never: str | None) -> None:
    assert version(never, BERLIN) == 0


def test_what_is_no_time_is_asked_again() -> None:
    for text in ("soon", "2026-13-01 00:00:00"):
        with pytest.raises(Wait):
            version(text, BERLIN)


def test_seconds_go_over_into_the_next_day() -> None:
    assert next_second("2026-12-31 23:59:59") == "2027-01-01 00:00:00"


CHANGES = st.lists(st.tuples(st.integers(1, 4), st.integers(-5400, 5400)), min_size=1, max_size=12)


@given(CHANGES, st.lists(st.integers(-5400, 5400), max_size=6))
async def test_polled_through_the_night_of_the_change_the_newest_state_of_each_order_is_known(
    changes: list[tuple[int, int]], polls: list[int]
) -> None:
    """Windows overlap by two minutes, as the engine plans them; of equal versions the one read later counts."""
    changes = sorted(changes, key=lambda change: change[1])
    newest: dict[str, tuple[int, int]] = {}
    mark = PUT_BACK - 7200
    for at in [*sorted(polls), 7200]:
        rows = {}
        for turn, (number, moment) in enumerate(changes):
            if moment < at:
                rows[number] = order(number, shown(PUT_BACK + moment), total_paid_real=turn)
        span = window(low=mark - 120, high=PUT_BACK + at)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "PAGE", 2)
            for batch in await all_of(CONNECTOR.pull(FakeSession(table(list(rows.values()))), span)):
                for record in batch.records:
                    held = newest.get(record.key, (-1, -1))
                    newest[record.key] = max(held, (record.version, record.body["total_paid_real"]), key=lambda v: v[0])
                    if record.version == held[0]:
                        newest[record.key] = (record.version, record.body["total_paid_real"])
        mark = PUT_BACK + at
    last = {str(number): turn for turn, (number, _) in enumerate(changes)}
    assert {key: turn for key, (_, turn) in newest.items()} == last


def test_a_zone_that_never_changes_needs_no_care() -> None:
    noon = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert version("2026-10-25 01:30:00", ZoneInfo("UTC")) == noon.timestamp() * 1_000_000
    assert timedelta(0) == ZoneInfo("UTC").utcoffset(noon)
