"""Instants and local days, over every change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.times import (
    EARLIEST,
    LATEST,
    day_bounds,
    day_of,
    instant_from_iso,
    instant_from_local,
    instant_from_unix,
    local_date,
)
from jalon.normalize.vocabulary import Instant, Unfit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NAMES = [
    *("UTC", "Europe/Paris", "America/New_York", "America/Los_Angeles", "Asia/Jakarta", "Asia/Kathmandu"),
    *("America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "America/Sao_Paulo"),
    *("Africa/Cairo", "Atlantic/Azores", "America/Havana", "Asia/Beirut", "Africa/Casablanca"),
]
ZONES = st.sampled_from(NAMES).map(ZoneInfo)
INSTANTS = st.integers(EARLIEST, LATEST - 1).map(Instant)
DAYS = st.dates(date(2000, 1, 2), date(2037, 12, 30))


@given(INSTANTS, ZONES)
def test_the_local_day_is_the_calendars(instant: Instant, zone: ZoneInfo) -> None:
    assert local_date(instant, zone) == (EPOCH + instant * MICROSECOND).astimezone(zone).date()


@pytest.mark.parametrize("name", NAMES)
def test_the_local_day_around_every_change_of_the_clock(name: str) -> None:
    zone = ZoneInfo(name)
    hour = datetime(2005, 1, 1, tzinfo=UTC)
    changes = 0
    while hour < datetime(2013, 1, 1, tzinfo=UTC):
        after = hour + timedelta(hours=1)
        if hour.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            changes += 1
            for minute in range(61):
                moment = hour + timedelta(minutes=minute)
                assert local_date(Instant((moment - EPOCH) // MICROSECOND), zone) == moment.astimezone(zone).date()
        hour = after
    assert changes or name in ("UTC", "Asia/Jakarta", "Asia/Kathmandu")


@given(DAYS, ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    low, high = day_bounds(day, zone)
    assert day_bounds(day + timedelta(days=1), zone)[0] == high
    assert timedelta(0) <= (high - low) * MICROSECOND <= timedelta(hours=26)


@given(DAYS, ZONES)
def test_a_day_begins_with_its_first_instant(day: date, zone: ZoneInfo) -> None:
    low, high = day_bounds(day, zone)
    if low == high:
        assert (zone.key, day) == ("Pacific/Apia", date(2011, 12, 30))
    elif zone.key != "America/St_Johns":  # its clock went from 00:01 back into the day before, until 2011
        assert local_date(low, zone) == day == local_date(Instant(high - 1), zone)
        assert local_date(Instant(low - 1), zone) < day < local_date(high, zone)


def test_a_day_without_midnight() -> None:
    low, high = day_bounds(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"))
    assert low == instant_from_iso("2018-11-04T03:00:00Z")
    assert (high - low) * MICROSECOND == timedelta(hours=23)


@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_iso_times_keep_their_instant(instant: Instant, minutes: int) -> None:
    there = (EPOCH + instant * MICROSECOND).astimezone(timezone(timedelta(minutes=minutes)))
    assert instant_from_iso(there.isoformat()) == instant


def test_iso_times_of_platforms() -> None:
    assert instant_from_iso("2026-06-22T22:34:00Z") == 1782167640 * 1_000_000
    assert instant_from_iso("2026-06-22T22:34:00.000+00:00") == instant_from_unix(1782167640)


NO_INSTANTS = [
    *("", "2026-06-22", "2026-06-22T22:34:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "1999-12-31T23:59:59Z"),
    *("2100-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday", None, 17),
]


@pytest.mark.parametrize("bad", NO_INSTANTS)
def test_what_is_no_instant_is_refused(bad: str) -> None:
    with pytest.raises(Unfit) as caught:
        instant_from_iso(bad)
    assert caught.value.reason == "impossible_date"


@pytest.mark.parametrize(
    "bad", [0, -1, 1782167640000, "1782167640000", "", "x", "-5", "²", 1.5, None, 10**30, "9" * 5000]
)
def test_what_is_no_unix_time_in_seconds_is_refused(bad: int) -> None:
    with pytest.raises(Unfit) as caught:
        instant_from_unix(bad)
    assert caught.value.reason == "impossible_date"


@given(st.integers(EARLIEST // 1_000_000, LATEST // 1_000_000 - 1))
def test_unix_times_as_number_or_text(seconds: int) -> None:
    assert instant_from_unix(seconds) == instant_from_unix(str(seconds)) == seconds * 1_000_000


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_days_as_platforms_write_them(day: date) -> None:
    assert day_of(day.isoformat()) == day_of(day.strftime("%Y%m%d")) == day


@pytest.mark.parametrize("bad", ["", "x", "2025-11-31", "1999-12-31", "2100-01-01", "2025-11-10T08:00", 20251110, None])
def test_what_is_no_day_is_refused(bad: object) -> None:
    with pytest.raises(Unfit) as caught:
        day_of(bad)
    assert caught.value.reason == "impossible_date"


@given(st.integers(EARLIEST // 10**6 + 86_400, LATEST // 10**6 - 86_401), st.sampled_from(["Europe/Paris", "UTC"]))
def test_a_local_time_without_a_zone_is_the_first_instant_that_shows_it(seconds: int, name: str) -> None:
    zone, instant = ZoneInfo(name), Instant(seconds * 10**6)
    written = f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M:%S}"
    found = instant_from_local(written, zone)
    assert found in (instant, instant - 3600 * 10**6)
    assert instant_from_local(written, zone, after=instant) == instant


@pytest.mark.parametrize(
    "bad", ["", "yesterday", "2026-06-31 10:00:00", "2026-06-22T22:34:00Z", None, "1999-01-01 00:00"]
)
def test_what_is_no_local_time_is_refused(bad: Any) -> None:
    with pytest.raises(Unfit, match="impossible_date"):
        instant_from_local(bad, ZoneInfo("Europe/Paris"))
