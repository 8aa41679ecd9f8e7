"""The operational store: one folder, one SQLite file, one writer at a time.

Every write transaction and every checkpoint, in every process, happens under the writer lock; readers are opened
read-only and never checkpoint. Why: docs/decisions/sqlite-writers.md.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

from jalon.errors import LockedError, StoreError
from jalon.store import schema
from jalon.store.group import Committer, transaction
from jalon.store.lock import WriterLock
from jalon.store.trouble import database_lost, sqlite_trouble, system_trouble

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

FILE = "jalon.sqlite"
_FOLDERS = ("locks", "facts", "attribution", "marts", "exports", "tmp")
_BUSY_SECONDS = 5.0
_SHORT_WAIT_MS = 20
_IDLE_READERS = 4
_PAGE_BYTES = 8192
"""Holds three deliveries or seven records; measured against 4096 and 16384 it costs least (benchmarks/receiver.py)."""
_CHECKPOINT_PAGES = 500
"""Every 4 MiB of log. A checkpoint holds commits up in proportion to its size: 5 ms for 4 MiB, 40 ms for 32 MiB."""
_OFTEN_PAGES = 100
"""For who is waited for: little more work in all where rows are only appended, and no commit is held up for long."""
_LOG_BYTES = 64 * 1024 * 1024
"""What the write-ahead log is cut back to after a checkpoint, should a long reader have made it grow."""


class Store:
    """An open store. Threads may share it; a forked child must open its own."""

    def __init__(self, folder: Path, patience: float) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.locks, self.facts, self.attribution, self.marts, self.exports, self.tmp = (
            folder / name for name in _FOLDERS
        )
        self._pid = os.getpid()
        self._lock = WriterLock(self.locks, patience)
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self._readers_guard = Lock()
        self._committer = Committer(self._exclusive, self.path)
        self._checkpoint_pages = _CHECKPOINT_PAGES
        self._closed = False

    @classmethod
    def open(cls, folder: Path, *, create: bool = True, patience: float = 30.0) -> Store:
        """Open the store in `folder`, making or migrating it where needed.

        `patience`: seconds that a write waits for another process before it raises `LockedError`.
        Raises `StoreError` for a missing, damaged, foreign, newer or unwritable store, with the remedy.
        """
        folder = folder.absolute()
        if not create and not (folder / FILE).exists():
            raise StoreError(f"there is no store in {folder}", "Run `jalon init` there, or name the right folder.")
        _make_folders(folder)
        store = cls(folder, patience)
        try:
            store._prepare()
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, job: Job[T]) -> T:
        """Run `job` in one transaction on this thread and return what it returns once that is durable.

        Raises what the job raises (nothing is kept then), `LockedError`, `StoreError`.
        """
        with self._exclusive() as db:
            return transaction(db, job, self.path)

    async def commit(self, job: Job[T]) -> T:
        """Run `job` on the writer thread, in one transaction with whatever else waits; otherwise like `write`.

        A job may be run again when another of its group fails: it must do nothing but use its connection.
        """
        return await self._committer.submit(job)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a read-only connection that sees one moment of the store. Give it back soon: the log grows meanwhile."""
        db = self._borrow()
        try:
            db.execute("BEGIN")
            yield db
            db.execute("ROLLBACK")
        except sqlite3.Error as error:
            db.close()
            raise sqlite_trouble(error, self.path) from error
        except BaseException:
            if db.in_transaction:  # a signal may have come before it began, or after its end
                db.execute("ROLLBACK")
            self._give_back(db)
            raise
        self._give_back(db)

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with the file; empty: nothing."""
        try:
            with self.read() as db:
                found = [str(text) for (text,) in db.execute("PRAGMA quick_check(20)")]
        except StoreError as error:
            return [error.message]
        return [] if found == ["ok"] else found

    def compact(self) -> None:
        """Rewrite the file without what was deleted, and empty the log: what was erased is gone from the disk."""
        with self._exclusive() as db:
            try:
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise sqlite_trouble(error, self.path) from error

    def empty_log(self) -> bool:
        """Move the log into the file and cut it to nothing; False: a reader kept that from happening."""
        with self._exclusive() as db:
            try:
                db.execute(f"PRAGMA busy_timeout = {_SHORT_WAIT_MS}")  # whoever waits for the lock would wait along
                (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                db.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
            except sqlite3.Error as error:
                raise sqlite_trouble(error, self.path) from error
        return not busy

    def checkpoint_often(self) -> None:
        """Move the log into the file in small portions: for a process whose single commits are waited for."""
        self._checkpoint_pages = _OFTEN_PAGES
        if self._writer is not None:
            _set_checkpoints(self._writer, _OFTEN_PAGES)

    def close(self) -> None:
        """Finish queued commits and let go of the file. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._committer.close()
        with self._readers_guard:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        if self._writer is not None:
            self._close_writer(self._writer)
        self._lock.close()

    def _prepare(self) -> None:
        # Looked at before the database: another process may be deriving the first facts of a new store just now.
        derived = any(self.facts.glob(f"*/{'[0-9]' * 8}.parquet"))
        self._undo_first_write()
        found = 0
        if self.path.exists() and self.path.stat().st_size:
            with self.read() as db:
                found = _version(db, self.path)
        if derived and not found:
            raise database_lost(self.path, "is missing or empty")
        if found < schema.VERSION:
            self.write(lambda db: _migrate(db, self.path))
        if derived:
            self._know_facts()

    def _know_facts(self) -> None:
        """Refuse facts that were derived by another database: deriving by this one would remove them."""
        with self.read() as db:
            known = db.execute("SELECT 1 FROM segments LIMIT 1").fetchone()
        if known is None:
            raise database_lost(self.path, "is new and knows none of the facts beside it")

    def _undo_first_write(self) -> None:
        """Undo what a process had begun that died before the file had its write-ahead log; readers cannot."""
        if not (self.path.exists() and self.path.with_name(f"{FILE}-journal").exists()):
            return
        try:
            with self._lock, closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as db:
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise sqlite_trouble(error, self.path) from error

    @contextmanager
    def _exclusive(self) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._pid:
            raise StoreError("this process was forked with the store open", "Open the store again after the fork.")
        with self._lock:
            if self._writer is None:
                self._writer = _connect_writer(self.path, self._checkpoint_pages)
            yield self._writer

    def _borrow(self) -> sqlite3.Connection:
        with self._readers_guard:
            if self._readers:
                return self._readers.pop()
        return _connect_reader(self.path)

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._readers_guard:
            if len(self._readers) < _IDLE_READERS and not self._closed:
                self._readers.append(db)
                return
        db.close()

    def _close_writer(self, db: sqlite3.Connection) -> None:
        # The last connection to close checkpoints, hence the lock. Whoever keeps it for so long that we cannot have it
        # has the file open as well: then this connection is not the last one, and closing it writes nothing.
        try:
            self._lock.acquire()
        except LockedError:
            db.close()
            return
        db.close()
        self._lock.release()


def _make_folders(folder: Path) -> None:
    try:
        for path in (folder, *(folder / name for name in _FOLDERS)):
            path.mkdir(mode=0o700, parents=path == folder, exist_ok=True)
    except OSError as error:
        raise system_trouble(error, folder) from error


def _set_checkpoints(db: sqlite3.Connection, pages: int) -> None:
    db.execute(f"PRAGMA wal_autocheckpoint = {pages}")


def _connect_writer(path: Path, checkpoint_pages: int) -> sqlite3.Connection:
    try:
        # Made here with its mode; SQLite gives the log the mode of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise system_trouble(error, path) from error
    # Serialised by the writer lock, so the thread check would only forbid what is already safe.
    db = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        _set_checkpoints(db, checkpoint_pages)
        db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    except sqlite3.Error as error:
        db.close()
        raise sqlite_trouble(error, path) from error
    return db


def _connect_reader(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode=ro"
    try:
        return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise sqlite_trouble(error, path) from error


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Return the schema version of the file, 0 for an empty one. Raises `StoreError` for a foreign or a newer file."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != schema.APPLICATION_ID:
        raise StoreError(f"{path} is not a jalon store", "Name another folder; this file belongs to another program.")
    if version // 1000 > schema.GENERATION:
        raise StoreError(f"{path} was made by a newer jalon (store {version})", "Install that version, or a later one.")
    return int(version)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    # Asked again under the lock: another process may have done it since.
    if _version(db, path) < schema.VERSION:
        schema.migrate(db)


_LOG_RESET_FIXES: dict[tuple[int, ...], tuple[int, ...]] = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}
"""Releases of older lines that carry the fix of 3.51.3. https://www.sqlite.org/wal.html#walresetbug"""


def library_warning(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str | None:
    """Return a warning if this SQLite has the WAL-reset bug, which the writer lock keeps harmless; for `doctor`."""
    fixed = _LOG_RESET_FIXES.get(version[:2], (3, 51, 3))
    if version >= fixed or version < (3, 7, 0):
        return None
    name = ".".join(map(str, version))
    return (
        f"SQLite {name} can lose a transaction when two connections write and checkpoint at one moment. jalon's writer "
        "lock prevents that; let no other program write to the store, or use SQLite 3.51.3 or later."
    )
