"""Locks between processes: the fair writer lock, and the lock that one run holds on one thing.

Both rest on `flock`, which the kernel lets go when its holder dies: a crash leaves no lock behind, only a file whose
text says who held it.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType

from jalon.errors import LockedError
from jalon.store.trouble import system_trouble

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.004
"""Seconds between two tries for a lock that is held; the longest bounds what waiting adds to a hand-over."""
_SIGNED_WITHIN = 1.0
"""Seconds that a run which was refused gives the new holder to write its name."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise system_trouble(error, path) from error


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take(descriptor: int, deadline: float) -> bool:
    """Try until the lock is ours (True) or the deadline (monotonic) has passed."""
    pause = _FIRST_PAUSE
    while not _taken(descriptor):
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return True


class WriterLock:
    """The one lock around every write transaction and checkpoint, fair between processes and safe between threads.

    A turnstile of two files: whoever wants to write stands in `queue.lock` until `writer.lock` is theirs. A writer
    that has just finished and wants to go on finds the queue taken by whoever waits, so it cannot overtake.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self.patience = patience
        """Seconds to wait before giving up with `LockedError`."""
        self._within = Lock()
        self._queue = _open(folder / "queue.lock")
        self._writer = _open(folder / "writer.lock")
        self._name = f"{os.getpid()}\n".encode()

    def __enter__(self) -> WriterLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock. Raises `LockedError` naming the holder once `patience` is over."""
        deadline = time.monotonic() + self.patience
        if not self._within.acquire(timeout=self.patience):
            raise self._refusal()
        try:
            self._pass_turnstile(deadline)
        except BaseException:
            self._within.release()
            raise

    def _pass_turnstile(self, deadline: float) -> None:
        if not _take(self._queue, deadline):
            raise self._refusal()
        try:
            if not _take(self._writer, deadline):
                raise self._refusal()
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        if os.pread(self._writer, 32, 0) != self._name:
            self._sign()

    def _sign(self) -> None:
        # The name only serves the error message: a full disk must not stop the writer over it.
        with suppress(OSError):
            os.ftruncate(self._writer, 0)
            os.pwrite(self._writer, self._name, 0)

    def release(self) -> None:
        fcntl.flock(self._writer, fcntl.LOCK_UN)
        self._within.release()

    def close(self) -> None:
        os.close(self._queue)
        os.close(self._writer)

    def _refusal(self) -> LockedError:
        holder = os.pread(self._writer, 32, 0).decode("ascii", "replace").strip() or "unknown"
        return LockedError(
            f"process {holder} has been writing to the store for more than {self.patience:g} s",
            f"Wait for it, or look at what it does (`ps -p {holder}`); if it is stopped, continue or end it.",
        )


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or held, a run lock. `since` is UTC in ISO 8601."""

    pid: int
    host: str
    since: str
    what: str

    def is_gone(self) -> bool:
        """Say whether the process is known to have ended: only of one on this host can that be known."""
        if self.host != platform.node():
            return False
        try:
            os.kill(self.pid, 0)
        except PermissionError:  # somebody else's process, but there
            return False
        except (OSError, OverflowError, TypeError):
            return True
        return False

    def __str__(self) -> str:
        return f"`jalon {self.what}`, process {self.pid} on {self.host}, since {self.since}"


class RunLock:
    """Keeps a second run off the same thing: `with RunLock(store.locks, "source-shop", what="sync"): ...`."""

    def __init__(self, folder: Path, name: str, what: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a lock")
        self.name = name
        self.stale: Holder | None = None
        """Who held the lock last and died without letting it go; None after a clean end."""
        self._path = folder / f"{name}.lock"
        self._what = what
        self._descriptor: int | None = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock at once. Raises `LockedError` telling who holds it."""
        descriptor = _open(self._path)
        if not _taken(descriptor):
            holder = _introduced(descriptor)
            os.close(descriptor)
            raise LockedError(
                f"{self.name} is held by {holder or 'another run'}", "Wait for it to end, or stop that process."
            )
        self.stale = _read(descriptor)
        self._descriptor = descriptor
        _write(descriptor, self._what)

    def release(self) -> None:
        """Let go; the file stays, empty."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None


def _introduced(descriptor: int) -> Holder | None:
    """Read who holds a lock; one taken this instant may still be unsigned, or bear the name of a holder that died."""
    deadline = time.monotonic() + _SIGNED_WITHIN
    while (holder := _read(descriptor)) is None or holder.is_gone():
        if time.monotonic() >= deadline:
            return None
        time.sleep(_LONGEST_PAUSE)
    return holder


def _read(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None


def _write(descriptor: int, what: str) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    holder = {"pid": os.getpid(), "host": platform.node(), "since": since, "what": what}
    with suppress(OSError):  # as above: a full disk is for the writer to tell
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
