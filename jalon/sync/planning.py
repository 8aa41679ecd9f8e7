"""Put into the store what is to be read: windows of the live sync, of its looking back, of a back-fill.

`plan` is the arithmetic; here it meets the marks, what is still unread, and what a platform refuses. All of it is done
within the transaction that its caller has open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date

from jalon.connectors.base import Stream
from jalon.store import fetches, sources, windows
from jalon.store.windows import Span
from jalon.sync import plan
from jalon.sync.source import Source, zone_of
from jalon.sync.windowed import without

PER_PLACE = 2
"""Windows that a long span is cut into, per request in flight: a shop that grows has most of its orders in the last."""
LEFTOVERS = 3600
"""Seconds of the tail that must have gathered before it is planned while older windows are still unread."""
CLOCK = "clock"
"""The notice that this machine's clock is, or was, ahead."""
_AHEAD = "the clock was ahead in an earlier run, or is behind now"


def reach_of(source: Source, account: Mapping[str, str]) -> plan.Reach:
    """Return what bounds a source's reading. Raises `ConfigError` for a zone that does not exist."""
    settings = source.settings
    parallel = settings.in_flight * PER_PLACE if settings.in_flight > 1 else 1
    return plan.Reach(zone_of(source, account), settings.since, parallel)


class Planner:
    """Plans the windows of one source as of one moment."""

    def __init__(self, db: sqlite3.Connection, source: Source, reach: plan.Reach, now: float) -> None:
        self._db = db
        self._name = source.name
        self._streams = source.streams
        self._unwanted = [stream for stream in source.connector.streams if stream not in self._streams]
        self._reach = reach
        self._now = now
        self._refused = {notice.kind for notice in sources.notices(db, source.name)}

    # --- the live sync

    def live(self) -> bool:
        """Add the windows that are to be read now; say whether some wait until older ones are read."""
        self._set_aside()
        # A day that the platform has not counted yet waits by itself: it holds up no look-back over the others.
        found = windows.open_windows(self._db, self._name)
        unread = {window.stream for window in found if window.not_before <= self._now}
        self._distrust(is_settled=not unread)
        planned = [self._stream(stream, is_unread=stream.name in unread) for stream in self._streams]
        return not all(planned)

    def _stream(self, stream: Stream, *, is_unread: bool) -> bool:
        """Plan a stream's tail, and its look-back once nothing older is unread; False: something waits for that."""
        mark = windows.planned_until(self._db, self._name, stream.name)
        if is_unread and mark is not None and self._may_wait(stream, mark):
            return False
        tail = plan.tail(stream, self._reach, mark, self._now)
        is_due = plan.is_look_back_due(stream, windows.looked_back(self._db, self._name, stream.name), self._now)
        again = self._look_back(stream, mark) if is_due and not is_unread else []
        windows.plan(self._db, self._name, stream.name, tail.spans + again, tail.planned_until)
        return not (is_unread and is_due)

    def _set_aside(self) -> None:
        """Leave nothing to be read of streams that are not wanted: once they are, their marks say where to go on."""
        for stream in self._unwanted:
            windows.set_aside(self._db, self._name, stream.name)
            fetches.forget(self._db, self._name, stream.name)
            sources.clear_notice(self._db, self._name, without(stream.name))

    def _may_wait(self, stream: Stream, mark: int) -> bool:
        """Say whether too little is new for it to be planned while older windows are unread, or all is refused."""
        return self._is_refused(stream.name) or self._now - mark < LEFTOVERS

    def _look_back(self, stream: Stream, mark: int | None) -> list[Span]:
        """Note that a stream is looked back over, and return the windows; none before its first tail."""
        windows.mark_looked_back(self._db, self._name, stream.name, self._now)
        return [] if mark is None else plan.look_back(stream, self._reach, mark, self._now)

    # --- a clock that is, or was, wrong

    def _distrust(self, *, is_settled: bool) -> None:
        """Have streams read anew whose marks a clock that was ahead has set, and say so until they have been read."""
        ahead = [stream.name for stream in self._streams if self._is_ahead(stream)]
        if ahead:
            windows.distrust(self._db, self._name, ahead)
            fetches.wake(self._db, self._name)
            self._notice(f"{_AHEAD}; {', '.join(ahead)}: read anew from the beginning")
        elif is_settled:
            sources.clear_notice(self._db, self._name, CLOCK)

    def _is_ahead(self, stream: Stream) -> bool:
        return plan.is_ahead(windows.planned_until(self._db, self._name, stream.name), self._now)

    def hold_back(self, skew: float, why: str) -> None:
        """Have the next run read from the platform's time on, of which this machine's clock is `skew` seconds ahead."""
        for stream in self._streams:
            mark = int(self._now - skew - stream.lag.total_seconds())
            windows.hold_back(self._db, self._name, stream.name, mark)
        self._notice(why)

    def begin_anew(self, skew: float) -> None:
        """Forget marks that a clock far behind has set: from them on, the next run would read all the years between.

        This machine's clock is `skew` seconds ahead of the platform's: below zero. A mark that lies within what a first
        sync would read is kept.
        """
        for stream in self._streams:
            mark = windows.planned_until(self._db, self._name, stream.name)
            if mark is not None and mark < plan.first_instant(stream, self._reach, self._now - skew):
                windows.distrust(self._db, self._name, [stream.name])

    def _notice(self, detail: str) -> None:
        sources.notice(self._db, self._name, CLOCK, detail, self._now)

    # --- back-fills

    def backfill(self, name: str, first: date, last: date) -> None:
        """Add the windows of a back-fill: of one that was cut off what it left, of one that was read all of it anew."""
        self._set_aside()
        unread = windows.open_windows(self._db, self._name, name)
        if all(self._is_refused(window.stream) for window in unread):
            windows.forget_backfill(self._db, self._name, name)
        for stream in self._streams:
            spans = plan.backfill(stream, self._reach, first, last, self._now)
            windows.plan(self._db, self._name, stream.name, spans, None, name)

    def _is_refused(self, stream: str) -> bool:
        return without(stream) in self._refused
