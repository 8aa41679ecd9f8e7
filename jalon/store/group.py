"""Group commit: what queued up while the last commit was being synced goes into the next one.

There is no waiting window: at low load a job is committed at once, at high load the groups grow by themselves.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, NamedTuple, TypeVar

from jalon.errors import StoreError
from jalon.store.trouble import sqlite_trouble

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
LARGEST_GROUP = 256
"""Jobs in one transaction at most, so that no one holds the writer lock for long."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A job of one statement, which SQLite makes a transaction by itself.

    Between two statements the writer thread has to win the interpreter back from a busy event loop, and that takes
    longer than beginning and ending the transaction do.
    """

    sql: str
    values: Sequence[Any]

    def __call__(self, db: sqlite3.Connection) -> int:
        return db.execute(self.sql, self.values).rowcount


class _Pending(NamedTuple):
    job: Job[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class _Outcome(NamedTuple):
    value: Any = None
    error: BaseException | None = None


def transaction(db: sqlite3.Connection, job: Job[T], path: Path) -> T:
    """Run `job` as one transaction, begun IMMEDIATE; on any error nothing is kept. `path` is for the error's text."""
    single = isinstance(job, Statement)
    try:
        if not single:
            db.execute("BEGIN IMMEDIATE")
        result = job(db)
        if not single:
            db.execute("COMMIT")
    except BaseException as error:
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise sqlite_trouble(error, path) from error
        raise
    return result


class Committer:
    """The process's one writer thread. It starts with the first job."""

    def __init__(self, exclusive: Callable[[], AbstractContextManager[sqlite3.Connection]], path: Path) -> None:
        self._exclusive = exclusive
        self._path = path
        self._queue: SimpleQueue[_Pending | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._guard = Lock()
        self._closed = False

    def submit(self, job: Job[T]) -> asyncio.Future[T]:
        """Queue `job`; the future of the running loop gets its result once that is durable.

        A job may be run again when another of its group fails, so it must do nothing but read and write its connection.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._guard:
            if self._closed:
                raise StoreError("the store is closed", "Open it again.")
            if self._thread is None:
                self._thread = Thread(target=self._work, name="jalon-writer", daemon=True)
                self._thread.start()
            self._queue.put(_Pending(job, loop, future))
        return future

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        with self._guard:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _work(self) -> None:
        while True:
            group, last = self._next()
            if group:
                _resolve(group, self._run([pending.job for pending in group]))
            if last:
                return

    def _next(self) -> tuple[list[_Pending], bool]:
        """Wait for a job, then take what else is there. True: the store is being closed."""
        first = self._queue.get()
        if first is None:
            return [], True
        group = [first]
        with suppress(Empty):
            while len(group) < LARGEST_GROUP:
                pending = self._queue.get_nowait()
                if pending is None:
                    return group, True
                group.append(pending)
        return group, False

    def _run(self, jobs: Sequence[Job[Any]]) -> list[_Outcome]:
        try:
            with self._exclusive() as db:
                return self._together(db, jobs)
        except BaseException as error:
            return [_Outcome(error=error)] * len(jobs)

    def _together(self, db: sqlite3.Connection, jobs: Sequence[Job[Any]]) -> list[_Outcome]:
        if len(jobs) == 1:
            return [self._alone(db, jobs[0])]
        try:
            return [_Outcome(value) for value in transaction(db, lambda db: [job(db) for job in jobs], self._path)]
        except BaseException:
            return [self._alone(db, job) for job in jobs]

    def _alone(self, db: sqlite3.Connection, job: Job[Any]) -> _Outcome:
        try:
            return _Outcome(transaction(db, job, self._path))
        except BaseException as error:
            return _Outcome(error=error)


def _resolve(group: Sequence[_Pending], outcomes: Sequence[_Outcome]) -> None:
    """Hand the outcomes over: one wake-up per event loop, however large the group."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = {}
    for pending, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(pending.loop, []).append((pending.future, outcome))
    for loop, answers in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_answer, answers)


def _answer(answers: Sequence[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, (value, error) in answers:
        if future.done():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
