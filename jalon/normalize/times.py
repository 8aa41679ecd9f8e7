"""Time: instants as microseconds since the epoch, and the local days that they fall in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from jalon.normalize.vocabulary import Instant, Unfit

SECOND = 1_000_000
"""Microseconds, as instants are counted in."""
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EARLIEST = Instant(946_684_800 * SECOND)
"""2000-01-01: before every platform. What is earlier is a unit error or an empty field."""
LATEST = Instant(4_102_444_800 * SECOND)
"""2100-01-01, exclusive."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)


def instant_from_unix(seconds: int | str) -> Instant:
    """Return the instant of a unix time in whole seconds. Raises `Unfit('impossible_date')` outside of 2000 to 2099."""
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) <= 12:
        seconds = int(seconds)
    if not isinstance(seconds, int) or not EARLIEST <= seconds * SECOND < LATEST:
        raise Unfit("impossible_date", f"{str(seconds)[:40]!r} is no unix time in seconds between 2000 and 2100")
    return Instant(seconds * SECOND)


def instant_from_iso(text: str) -> Instant:
    """Return the instant of an ISO 8601 time with its offset ('2026-06-22T22:34:00Z').

    Raises `Unfit('impossible_date')` for anything else: no offset, no such day, outside of 2000 to 2099.
    """
    try:
        instant = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    except (TypeError, ValueError, OverflowError):
        raise Unfit("impossible_date", f"{str(text)[:40]!r} is no ISO 8601 time with an offset") from None
    if not EARLIEST <= instant < LATEST:
        raise Unfit("impossible_date", f"{text[:40]!r} is not between 2000 and 2100")
    return Instant(instant)


def instant_from_local(written: str, zone: ZoneInfo, after: Instant | None = None) -> Instant:
    """Return the instant of a local time that tells no zone ('2026-06-22 22:34:00'). Raises `Unfit('impossible_date')`.

    In the hour that the clock repeats, the first of the two readings is taken, but the second where the first would be
    before `after`.
    """
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is not None:
        raise Unfit("impossible_date", f"{str(written)[:40]!r} is no time without a zone")
    local = at.replace(tzinfo=zone)
    found = instant_from_iso(local.isoformat())
    if after is not None and found < after:
        return instant_from_iso(local.replace(fold=1).isoformat())
    return found


def local_date(instant: Instant, zone: ZoneInfo) -> date:
    """Return the day that it is in `zone` at an instant."""
    offset = _offset_of_hour(instant // HOUR, zone)
    if offset is None:
        offset = _offset(instant // SECOND, zone)
    return date.fromordinal(_EPOCH_ORDINAL + (instant + offset * SECOND) // DAY)


def day_of(written: object) -> date:
    """Return a day ('2026-11-10', '20261110'). Raises `Unfit('impossible_date')` for what is none of 2000 to 2099."""
    try:
        day = date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2100:
        raise Unfit("impossible_date", f"{str(written)[:40]!r} is no day between 2000 and 2100")
    return day


def day_bounds(day: date, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """Return the instants between which it is `day` in `zone`, the end exclusive.

    A day that a zone left out (Apia, 2011-12-30) has equal bounds.
    """
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    """Return the first instant of a day; where the clock skips midnight, that is the instant of the skip."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return Instant((midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND)


@lru_cache(maxsize=16_384)
def _offset_of_hour(hour: int, zone: ZoneInfo) -> int | None:
    """Return the zone's offset in seconds over a whole UTC hour; None if the clock is changed within it."""
    begin, end = hour * HOUR // SECOND, (hour + 1) * HOUR // SECOND
    first = _offset(begin, zone)
    return first if first == _offset(end - 1, zone) else None


def _offset(seconds: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0
