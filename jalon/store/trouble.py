"""What SQLite and the disk complain about, as errors that a person can act on."""

from __future__ import annotations

import errno
import resource
import shutil
import sqlite3
from pathlib import Path

from jalon.errors import StoreError

_RESTORE = (
    "Restore the folder from a backup; without one, move it away and run `jalon sync`: "
    "what platforms still tell comes back."
)
LITTLE = 64 * 1024
"""Free bytes below which a disk counts as full."""
FREE = "Free some space; nothing that was acknowledged is lost, and writing goes on by itself."
_WRITABLE = "Make the folder and the files in it writable for the user that runs jalon."

# Primary result code -> what happened, what to do. https://www.sqlite.org/rescode.html
_TROUBLES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("the disk is full under {path}", FREE),
    sqlite3.SQLITE_IOERR: (
        "the disk refused to read or write {path}",
        "Check the disk and its free space, then run the command again.",
    ),
    sqlite3.SQLITE_READONLY: ("{path} cannot be written", _WRITABLE),
    sqlite3.SQLITE_PERM: ("{path} may not be opened", _WRITABLE),
    sqlite3.SQLITE_CANTOPEN: ("{path} cannot be opened", _WRITABLE),
    sqlite3.SQLITE_CORRUPT: ("{path} is damaged", _RESTORE),
    sqlite3.SQLITE_NOTADB: ("{path} is not a jalon store (damaged, or another kind of file)", _RESTORE),
    sqlite3.SQLITE_BUSY: (
        "{path} is kept locked by another program",
        "Close whatever else has the file open (only jalon should), then run the command again.",
    ),
}


_REFUSED = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""What SQLite says where a file may not grow: a disk that is full, or a limit of the process."""


def sqlite_trouble(error: sqlite3.Error, path: Path) -> Exception:
    """Return the `StoreError` for what is wrong with the file at `path`; a programming mistake comes back as it is."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR and _is_full(path):
        code = sqlite3.SQLITE_FULL  # some of SQLite's writes say no more than that they failed
    if code is not None and code & 0xFF in _REFUSED and _is_limited() and not _is_full(path):
        return _limited(path)
    trouble = _TROUBLES.get(code & 0xFF) if code is not None else None
    if trouble is None:
        return error
    return StoreError(trouble[0].format(path=path), trouble[1])


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LITTLE
    except OSError:
        return False


def _is_limited() -> bool:
    """Say whether this process may only write files of some size."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def _limited(path: Path) -> StoreError:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return StoreError(
        f"{path} may not grow: this process may write files of {limit:,} bytes at most",
        "Raise the limit (`ulimit -f unlimited`, or LimitFSIZE of the service), then run the command again.",
    )


def database_lost(path: Path, how: str) -> StoreError:
    """Return the `StoreError` for a database that is not the one from which the facts beside it were derived."""
    return StoreError(f"{path} {how}, though {path.parent / 'facts'} holds facts", _RESTORE)


def system_trouble(error: OSError, path: Path) -> StoreError:
    """Return the `StoreError` for what the operating system refused at `path`."""
    if error.errno == errno.EFBIG:
        return _limited(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"the disk is full under {path}", FREE)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(f"{path} cannot be written", _WRITABLE)
    return StoreError(f"{path} cannot be used ({error.strerror})", "Check that the path is a folder on a local disk.")
