"""The clock of a platform that writes local times (`2026-10-25 02:30:00`) without saying of which zone.

Two things follow. When the clock is put back, an hour of local times comes twice: which of the two is meant cannot be
told, so all of them get one version, the instant at which the clock is put back. What was written before is older, what
is written after is newer, and within the hour the later reading counts. And a stretch of time that begins or ends near
such an hour is wider on that clock than it is long.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from jalon.connectors.base import Wait

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NONE = timedelta(0)
_LONG = timedelta(hours=3)
"""No clock is put back by more."""
NEVER = "0000-00-00"
"""How MySQL, and so many a shop, writes that there is no time."""


def local_span(low: float, high: float, zone: ZoneInfo) -> tuple[str, str]:
    """Return the first and last local time that the platform may have written in [low, high)."""
    first, last = (datetime.fromtimestamp(second, zone) for second in (math.floor(low), math.ceil(high)))
    soon, late = _moved(first, _LONG, zone), _moved(last, -_LONG, zone)
    # Put back soon after the first instant, the clock shows times before it once more; the same at the other end.
    earlier, later = _offset(first) - _offset(soon), _offset(late) - _offset(last)
    return _shown(first, -max(earlier, _NONE)), _shown(last, max(later, _NONE))


def _moved(moment: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    return (moment.astimezone(UTC) + by).astimezone(zone)


def _shown(moment: datetime, by: timedelta) -> str:
    return written(moment.replace(tzinfo=None) + by)


def written(local: datetime) -> str:
    """Return a local time as the platform writes it."""
    return f"{local:%Y-%m-%d %H:%M:%S}"


def next_second(text: str) -> str:
    """Return the local time one second on."""
    return written(_read(text) + timedelta(seconds=1))


def version(text: str | None, zone: ZoneInfo) -> int:
    """Return a local time of change as a record's version, microseconds since the epoch; 0 where there is none."""
    if not text or text.startswith(NEVER):
        return 0
    local = _read(text).replace(tzinfo=zone)
    again = local.replace(fold=1)
    if _offset(local) > _offset(again):
        return (_put_back(local, again) - _EPOCH) // _MICROSECOND
    return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _put_back(first: datetime, second: datetime) -> datetime:
    """Return the instant, between the two readings of a local time, at which the clock is put back."""
    low, high = first.astimezone(UTC), second.astimezone(UTC)
    zone = first.tzinfo
    before = _offset(first)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle.astimezone(zone)) == before:
            low = middle
        else:
            high = middle
    return high


def _read(text: str) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Wait("the platform sent a time that cannot be read") from None
    return local.replace(tzinfo=None, microsecond=0)


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)
