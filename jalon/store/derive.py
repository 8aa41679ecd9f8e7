"""From the inbox to the facts, segment by segment.

A segment is a fixed range of inbox ids, and its files are a pure function of those rows, of the mapping and of the
account: so the facts are the same bytes however the work was cut. A segment is derived again when rows were added to
it (the last one), when its mapping or account has changed, when someone marked it (a replay, an erasure), or when a
file of it is not as it was written. Its row
in the store is written after its files are in place; a run that is killed in between leaves files that the next run
writes anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from jalon.errors import kind_and_place
from jalon.normalize.vocabulary import ABOUT_PERSONS, KINDS, Fact, Instant, Measure, Normalizer, Raw, Unfit
from jalon.progress import Progress, silent
from jalon.store import erasure, facts, inbox, meaning, revisions, segments
from jalon.store.columns import Misfit
from jalon.store.database import Store
from jalon.store.inbox import Row
from jalon.store.lock import RunLock
from jalon.store.meaning import Meanings, Origin
from jalon.store.segments import State
from jalon.store.settle import Failure, count_held, settle
from jalon.store.trouble import system_trouble

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 256
"""Rows turned into columns at a time; bounds how many facts are Python objects at once."""


class Derived(NamedTuple):
    """What a derivation did: inbox rows read, facts written by kind, rows left in quarantine, segments written."""

    records: int
    facts: dict[str, int]
    quarantined: int
    segments: int


def derive(
    store: Store,
    normalizers: Mapping[str, Normalizer],
    origins: Mapping[str, Origin],
    *,
    complete: Mapping[str, Collection[str]] | None = None,
    everything: bool = False,
    progress: Progress = silent,
) -> Derived:
    """Bring the facts up to the inbox, carry out the erasures that were ordered, and return what was done.

    `normalizers` are given by connector, `origins` by source. `complete`: by connector the streams of which a record
    tells all there is (`Stream.complete`). `everything`: derive also what has not changed. Raises `LockedError` while
    another derivation runs, `StoreError` if the disk refuses.
    """
    with RunLock(store.locks, "derive", what="normalize"):
        meanings = Meanings(normalizers, _origins(store, origins), complete or {})
        erasing = erasure.carry_out(store, progress)
        with store.read() as db:
            last = inbox.last_id(db)
            there = facts.sizes(store.facts)
            todo = [n for n in range(segments.number(last)) if everything or _is_stale(db, n, last, meanings, there)]
        try:
            done = _derive(store, meanings, todo, last, progress)
        except OSError as error:
            raise system_trouble(error, store.facts) from error
        erasure.finish(store, erasing, progress)
        return done


def _origins(store: Store, given: Mapping[str, Origin]) -> dict[str, Origin]:
    """Return what is known about every source, after keeping what is new."""
    with store.read() as db:
        before = meaning.known(db)
    new = {source: origin for source, origin in given.items() if before.get(source) != origin}
    if new:
        store.write(lambda db: meaning.remember(db, new))
    return before | new


def _is_stale(
    db: sqlite3.Connection, segment: int, last: int, meanings: Meanings, there: Mapping[int, Mapping[str, int]]
) -> bool:
    state = segments.state(db, segment)
    _, through = segments.span(segment, last)
    if state.files is not None and state.files != there.get(segment, {}):
        return True
    return (state.through, state.derived, state.mapping) != (through, state.stamp, meanings.name(state.sources))


def _derive(store: Store, meanings: Meanings, todo: list[int], last: int, progress: Progress) -> Derived:
    facts.sweep(store.facts, segments.number(last))
    done, counts = 0, dict.fromkeys(KINDS, 0)
    failures: list[Failure] = []
    total = sum(through - low + 1 for low, through in (segments.span(segment, last) for segment in todo))
    if todo:
        store.write(lambda db: segments.begun(db, todo[0]))
    for segment in todo:
        made = _Segment(store, meanings, segment, last)
        for kind, rows in facts.write_segment(store.facts, segment, made.batches).items():
            counts[kind] += rows
        store.write(partial(made.commit, files=facts.sizes_of(store.facts, segment)))
        done += made.records
        failures += made.failures
        del made  # its columns are some MiB, which the next segment can use
        progress("deriving facts", done, total)
    with store.read() as db:
        held = count_held(db, last, failures)
    return Derived(done, {kind: rows for kind, rows in counts.items() if rows}, held, len(todo))


class _Segment:
    """The facts of one segment as columns, and what of it failed. Making it reads all of its rows."""

    def __init__(self, store: Store, meanings: Meanings, segment: int, last: int) -> None:
        self.batches: dict[str, list[pa.RecordBatch]] = {}
        self.failures: list[Failure] = []
        self.records = 0
        self._segment, (self._low, self._through) = segment, segments.span(segment, last)
        self._meanings = meanings
        self._ways: dict[str, Callable[[Raw], Iterable[Fact]]] = {}
        with store.read() as db:
            self._stamp = segments.state(db, segment).stamp
        for start in range(self._low, self._through + 1, CHUNK):
            # Read in short transactions, so that the store's log can be cut back meanwhile.
            with store.read() as db:
                rows = list(inbox.rows(db, start, min(start + CHUNK - 1, self._through)))
            self._take(store, rows)

    def _take(self, store: Store, rows: list[Row]) -> None:
        self.records += len(rows)
        made = [(row, found) for row in rows if (found := self._read(row)) is not None]
        with store.read() as db:
            made = [(row, self._holding(db, row, found)) for row, found in made]
        try:
            columns = facts.columns_of(chain.from_iterable(found for _, found in made))
        except Misfit:
            columns = facts.columns_of(chain.from_iterable(found for row, found in made if self._fits(row, found)))
        for kind, batch in columns.items():
            self.batches.setdefault(kind, []).append(batch)

    def _holding(self, db: sqlite3.Connection, row: Row, found: list[Fact]) -> list[Fact]:
        """Return a row's facts and what they take back, by the newest revision before it that can be read."""
        inbox_id, source, stream, key, version, observed_at, _ = row
        if not self._meanings.is_complete(source, stream):
            return found
        for other in inbox.before(db, source, stream, key, inbox_id):
            try:
                before = self._facts(other)
            except Exception:  # noqa: S112 (what is wrong with it was noted when its own segment was derived)
                continue
            if version < other[4]:
                return revisions.late(found, before)
            return revisions.replacing(found, before, (version, Instant(observed_at), inbox_id))
        return found

    def _facts(self, row: Row) -> list[Fact]:
        inbox_id, source, stream, key, version, observed_at, body = row
        way = self._ways.get(source)
        if way is None:
            way = self._ways[source] = self._meanings.of(source)
        found: Any = way(Raw(source, stream, key, version, Instant(observed_at), inbox_id, orjson.loads(body)))
        if found is None:
            raise Unfit("normalizer_error", "the normalizer gave nothing: it must yield or return its facts")
        return list(found)

    def _read(self, row: Row) -> list[Fact] | None:
        """Return the facts of a row, None if it has failed."""
        try:
            return _apart(self._facts(row))
        except Unfit as unfit:
            self._fail(row, unfit.reason, unfit.detail)
        except orjson.JSONDecodeError:
            self._fail(row, "malformed_body", "the stored body is not JSON")
        except Exception as error:
            # Not its message: that of a foreign exception may quote the record.
            self._fail(row, "normalizer_error", f"the normalizer raised {kind_and_place(error)}")
        return None

    def _fits(self, row: Row, found: list[Fact]) -> bool:
        """Say whether a row's facts have the promised types and words; note it if not."""
        try:
            facts.columns_of(found)
        except Misfit as misfit:
            self._fail(row, "normalizer_error", str(misfit))
            return False
        return True

    def _fail(self, row: Row, reason: str, detail: str) -> None:
        inbox_id, source, stream, key, *_ = row
        self.failures.append(Failure(inbox_id, source, stream, key, reason, detail))

    def commit(self, db: sqlite3.Connection, files: Mapping[str, int]) -> None:
        """Note in the store that the files of this segment are in place, and what is left in quarantine."""
        names = tuple(sorted(self._ways))
        now = State(self._through, names, self._meanings.name(names), self._stamp, self._stamp, files)
        segments.derived(db, self._segment, now)
        settle(db, self._low, self._through, self.failures)


def _apart(found: list[Fact]) -> list[Fact]:
    """Return the facts of a record. Raises `Unfit` if they join with persons what must not be joined with them."""
    if any(type(fact) is Measure and not fact.joinable for fact in found):
        beside = next((type(fact).__name__ for fact in found if isinstance(fact, ABOUT_PERSONS)), None)
        if beside is not None:
            detail = f"a measure that terms forbid joining with persons came with a fact about one ({beside})"
            raise Unfit("forbidden_join", detail)
    return found
