"""Putting files in place: they are made apart and take their names at the end, a set of them one after the other.

A run that is killed leaves the old set, or (in the moment of the renames) files that the next run replaces; what it had
begun is swept away by the next one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jalon.errors import StoreError

_BEGUN = ".making-"


def begun(what: str) -> str:
    """Return a name, for this process alone, of something that it is making; `sweep` knows by it whose that is."""
    return f"{_BEGUN}{os.getpid()}-{what}"


def scratch(folder: Path | None) -> Path:
    """Make an empty folder, in `folder` or where the system has such, for what is thrown away at the end of a run."""
    if folder is not None:
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder)
    return Path(tempfile.mkdtemp(prefix=begun("spill-"), dir=folder))


def sweep(folder: Path) -> None:
    """Remove from `folder` what was being made by processes that live no more."""
    for left in folder.glob(f"{_BEGUN}*"):
        if _lives(left.name.removeprefix(_BEGUN).partition("-")[0]):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # it lives, as another user
        return True
    return True


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a new name beside `path` to write to; it then takes the place of `path`, or is gone if writing failed.

    What is `private` is, as the store, for this user alone from its first byte on, whatever the umask. Raises
    `StoreError` if the file cannot be written.
    """
    new = path.with_name(begun(path.name))
    try:
        with _told(path):
            path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
            sweep(path.parent)
            new.unlink(missing_ok=True)  # of a process that had our number before us
            if private:
                new.touch(mode=0o600)
            yield new
            _sync(new)
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write files to; if all went well they then stand in `folder`, else none does.

    Raises `StoreError` if the folder cannot be written to.
    """
    making = folder / begun("set")
    try:
        with _told(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep(folder)
            shutil.rmtree(making, ignore_errors=True)  # of a process that had our number before us
            making.mkdir(mode=0o700)
            yield making
            for file in sorted(making.iterdir()):
                file.chmod(0o600)
                _sync(file)
            for file in sorted(making.iterdir()):
                file.replace(folder / file.name)
            _sync(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say of a failure of the system which place it was about."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", "Free space on the disk, or give access."
        ) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
