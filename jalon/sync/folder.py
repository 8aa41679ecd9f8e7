"""Find and open files that were dropped in a folder, and nothing outside of it.

Whoever may write into the folder is not trusted: links are not followed, also not in place of a folder on the way, and
what is no plain file (a pipe, a device) is not opened. Names that begin with a dot, and those that programs give to
files they are still writing, are passed over.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from jalon.connectors.base import Stop

UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".swp", "~")
DEEPEST = 16
"""Folders within folders that are looked into."""


class Place(NamedTuple):
    """A file: its name, what the file system tells of it, and the way to open it."""

    name: str
    """Path within the folder; the whole path of a file that was named."""
    told: os.stat_result
    open: Callable[[], BinaryIO]


class NoFile(Exception):
    """It is there, but not a file that may be read; the text says what it is."""


def stamp(told: os.stat_result) -> str:
    """Return what changes whenever a file does: nobody can set the time of the last change (ctime) back."""
    return f"{told.st_size}:{told.st_mtime_ns}:{told.st_ctime_ns}:{told.st_ino}"


def restless(places: Iterable[Place], quiet: float) -> float:
    """Return for how many seconds the youngest of the files must still be left alone; 0: they are all calm.

    By the machine's own clock, which the file system goes by too, whatever time it is for the platforms.
    """
    now = time.time()
    ages = (now - place.told.st_mtime for place in places)
    return max((quiet - age for age in ages if 0 <= age < quiet), default=0.0)


def listing(root: Path) -> tuple[list[Place], list[str]]:
    """Return the files in a folder, the longest unchanged first, and what is in it that is not read, in words.

    Raises `Stop` if the folder cannot be looked into.
    """
    found: list[Place] = []
    strange: list[str] = []
    try:
        for entry, name in _walk(root, "", DEEPEST):
            what = _strange(entry, name)
            if what:
                strange.append(f"{_shown(name)} {what}")
            else:
                found.append(Place(name, entry.stat(follow_symlinks=False), partial(open_in, root, name)))
    except OSError as error:
        remedy = "make it, let jalon's user read it, or correct folder in jalon.toml"
        raise Stop(f"the folder {root} cannot be read: {error.strerror}", remedy) from None
    return sorted(found, key=lambda place: (place.told.st_mtime_ns, place.name)), strange


def _walk(root: Path, below: str, deepest: int) -> Iterator[tuple[os.DirEntry[str], str]]:
    with os.scandir(root / below) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            name = below + entry.name
            if entry.name.startswith(".") or entry.name.endswith(UNFINISHED):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield entry, name
            elif deepest:
                yield from _walk(root, f"{name}/", deepest - 1)


def _strange(entry: os.DirEntry[str], name: str) -> str:
    """Say why an entry is not read; nothing if it is."""
    if entry.is_symlink():
        return "is a link, which is not followed"
    if not entry.is_file(follow_symlinks=False):
        return "is no file"
    return "" if name.isprintable() and name == _shown(name) else "has a name that cannot be written down"


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def open_in(root: Path, name: str) -> BinaryIO:
    """Open a file below `root`, following no link on the way. Raises `NoFile`, `OSError`."""
    *folders, last = name.split("/")
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        return _plain(os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at))
    finally:
        os.close(at)


def named(path: Path) -> Place:
    """Return a file that a person named; a link is theirs to name. Raises `OSError`, `NoFile`."""
    whole = path.resolve(strict=True)
    told = whole.stat()
    if not stat.S_ISREG(told.st_mode):
        raise NoFile("is no file")
    return Place(str(whole), told, lambda: _plain(os.open(whole, os.O_RDONLY | os.O_NONBLOCK)))


def _plain(descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoFile("is no file")
    return os.fdopen(descriptor, "rb", buffering=1 << 16)
