"""Which spans of time to read: pure arithmetic over a stream's declaration and what has been read.

All instants are unix seconds; spans are half-open `[low, high)`. Consecutive windows overlap by `OVERLAP`, so that rows
that share the boundary's timestamp, or that the platform shows a little late, are read by the next one; the inbox knows
what it has already.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jalon.connectors.base import Stream
from jalon.store.windows import Span

DEFAULT_SPAN = timedelta(days=60)
"""How far back a first sync reads where the settings do not say."""
OVERLAP = 120
"""Seconds."""
SMALLEST = 43_200
"""Seconds below which a span is not cut for the sake of working at it in parallel: a run of a few hours asks once."""
AHEAD = 300
"""Seconds by which a mark may lie ahead of the clock. Beyond them the clock was wrong when it was set, or is now."""
BEGINNING = 1_104_537_600
"""2005-01-01: before the oldest thing that any of the platforms could tell of."""


class Plan(NamedTuple):
    """Windows to add, and the new mark (None: it stays)."""

    spans: list[Span]
    planned_until: int | None = None


class Reach(NamedTuple):
    """What bounds a source's reading: the account's zone, the first day wanted, how many windows to work at at once."""

    zone: ZoneInfo
    since: date | None
    parallel: int


def first_instant(stream: Stream, reach: Reach, now: float) -> int:
    """Return where the stream's history begins: the day wanted, or as far back as the platform answers."""
    if stream.whole:
        return max(BEGINNING, _retained(stream, now))
    since = reach.since or datetime.fromtimestamp(now, reach.zone).date() - DEFAULT_SPAN
    return max(midnight(since, reach.zone), _retained(stream, now))


def is_ahead(mark: int | None, now: float) -> bool:
    """Say whether a mark lies in the future: what was to be read before it was asked for before it had happened."""
    return mark is not None and mark > now + AHEAD


def tail(stream: Stream, reach: Reach, planned_until: int | None, now: float) -> Plan:
    """Return the windows from the mark to now, or from the beginning where there is no mark."""
    if stream.grain == "keyed":
        return Plan([])
    if planned_until is not None and planned_until < BEGINNING:
        planned_until = None  # set by a clock that had not been set
    if stream.grain == "all":
        fresh = planned_until is not None and 0 <= now - planned_until < stream.every.total_seconds()
        return Plan([]) if fresh else Plan([(0, int(now))], int(now))
    start = first_instant(stream, reach, now) if planned_until is None else planned_until
    high = int(now - stream.lag.total_seconds())
    if stream.grain == "day":
        spans = _whole_days(start, start if planned_until is None else 0, high, reach.zone)
        return Plan(spans, spans[-1][1]) if spans else Plan([])
    if high <= start:
        return Plan([])
    low = start if planned_until is None else max(start - OVERLAP, _retained(stream, now))
    return Plan(cut((low, high), stream.window, 1 if stream.whole else _parallel(stream, reach)), high)


def look_back(stream: Stream, reach: Reach, planned_until: int, now: float) -> list[Span]:
    """Return the windows that read again what may have changed without saying so."""
    first = first_instant(stream, reach, now)
    low = max(int(now - stream.lookback.total_seconds()), first)
    if stream.grain == "day":
        return _whole_days(low, first, planned_until, reach.zone)
    if stream.grain != "time" or low >= planned_until:
        return []
    return cut((low, planned_until), stream.window, 1)


def is_look_back_due(stream: Stream, looked_back: float, now: float) -> bool:
    """Say whether a stream is to be looked back over, if it ever is; a clock that was set back counts as due."""
    return bool(stream.lookback) and not 0 <= now - looked_back < stream.every.total_seconds()


def backfill(stream: Stream, reach: Reach, first: date, last: date, now: float) -> list[Span]:
    """Return the windows of a back-fill from the first to the last local day, both included."""
    low = max(midnight(first, reach.zone), _retained(stream, now))
    high = min(midnight(last + timedelta(days=1), reach.zone), int(now - stream.lag.total_seconds()))
    if low >= high or stream.grain == "keyed":
        return []
    if stream.grain == "all":
        return [(low, high)]
    if stream.grain == "day":
        return _whole_days(low, low, high, reach.zone)
    return cut((low, high), stream.window, _parallel(stream, reach))


def _parallel(stream: Stream, reach: Reach) -> int:
    return 1 if stream.undivided else reach.parallel


def cut(span: Span, widest: timedelta, parallel: int) -> list[Span]:
    """Cut a span into equal windows: at most `widest` wide, and enough of them to be worked at in parallel."""
    low, high = span
    length = high - low
    needed = -(-length // max(1, int(widest.total_seconds())))
    useful = min(parallel, length // SMALLEST)
    pieces = max(1, needed, useful)
    edges = [low + length * i // pieces for i in range(pieces + 1)]
    return [(start, end) for start, end in pairwise(edges) if start < end]


def days(low: int, high: int, zone: ZoneInfo) -> list[Span]:
    """Return the local days that touch `[low, high)`, as spans of 23 to 25 hours."""
    spans = []
    day = datetime.fromtimestamp(low, zone).date()
    start = midnight(day, zone)
    while start < high:
        day += timedelta(days=1)
        end = midnight(day, zone)
        spans.append((start, end))
        start = end
    return spans


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a local day.

    Where clocks skip or repeat midnight, the earlier reading of it (fold 0) is that instant in both cases.
    """
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _retained(stream: Stream, now: float) -> int:
    return 0 if stream.retention is None else int(now - stream.retention.total_seconds()) + 1


def _whole_days(low: int, first: int, until: float, zone: ZoneInfo) -> list[Span]:
    """Return the local days that touch `[low, until)` and lie wholly within `[first, until]`."""
    return [span for span in days(low, int(until), zone) if span[0] >= first and span[1] <= until]
