"""Whether tables that stand are what a run would make again, so that it need not.

A run is a function of the facts that it reads, its options and the code. A digest of all three is kept beside the
tables once all of them are in place, and taken away before any is replaced: what a killed run left is never taken for
whole. Tables that somebody has touched since do not stand either.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from jalon.attribution import run
from jalon.attribution.card import read_card
from jalon.attribution.options import Options
from jalon.attribution.publish import replacing
from jalon.errors import StoreError
from jalon.normalize.channel_additions import in_one

NAME = "standing.json"
_ROOMS = (Path(__file__).parent, Path(__file__).parents[1] / "normalize")
_COMPUTE = ("duckdb", "ibis-framework", "numpy", "pyarrow", "pyspark", "sqlglot")
"""What decides about rows beside this package's own code, where it is installed."""


class Made(NamedTuple):
    """What tables are made of: the `digest` of all that decides about them. `seen`: names, sizes and times of the facts
    files that were read for it, from `begun` (seconds since 1970) on."""

    digest: str
    seen: list[tuple[str, int, int, int]]
    begun: float


def made_of(facts: Path, options: Options) -> Made:
    """Return what a run would make tables of. It reads every facts file once, at the speed of the disk.

    Raises `StoreError` if one cannot be read.
    """
    told = hashlib.blake2b(digest_size=32)
    told.update(_code())
    told.update(json.dumps(options.decisive(), default=str).encode())
    try:
        begun, seen = time.time(), _seen(facts)
        for name, *_ in seen:
            told.update(name.encode())
            with (facts / name).open("rb") as stream:
                told.update(hashlib.file_digest(stream, "blake2b").digest())
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be read: {error.strerror}", "Give access, or try again.") from error
    return Made(told.hexdigest(), seen, begun)


def _seen(facts: Path) -> list[tuple[str, int, int, int]]:
    files = [file for kind in run.FACTS for file in sorted((facts / kind).glob("[0-9]*.parquet"))]
    return [(str(file.relative_to(facts)), *_marks(file.stat())) for file in files]


def _marks(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


@cache
def _code() -> bytes:
    """Return the digest of the code that computes and of the channels that others add to it, so that a changed formula
    makes all tables anew."""
    told = hashlib.blake2b(digest_size=32)
    told.update(" ".join([platform.python_version(), *map(_version, _COMPUTE), in_one()]).encode())
    for room in _ROOMS:
        for file in sorted(room.rglob("*.py")):
            told.update(file.read_bytes())
    return told.digest()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def standing(folder: Path, made: Made) -> run.Result | None:
    """Return what the run told that made the tables in a folder, if they are made of this and are as it left them.

    That they were looked at and found right is kept as the time of the note.
    """
    note = folder / NAME
    try:
        if json.loads(note.read_text()) != _note(folder, made):
            return None
        os.utime(note, (made.begun, made.begun))
        return run.told_by(read_card(folder), folder)
    except (OSError, ValueError, KeyError, StoreError):
        return None


def forget(folder: Path) -> None:
    """Take the note away: the tables are about to be replaced."""
    (folder / NAME).unlink(missing_ok=True)


def keep(folder: Path, made: Made, facts: Path) -> None:
    """Note what the tables in a folder were made of, unless facts have come or gone while they were being made.

    Raises `StoreError` if that cannot be written.
    """
    try:
        if _seen(facts) != made.seen:
            return
    except OSError:  # one has gone while they were looked at
        return
    note = json.dumps(_note(folder, made)) + "\n"
    with replacing(folder / NAME, private=True) as file:
        file.write_text(note)
        os.utime(file, (made.begun, made.begun))


def right_at(folder: Path) -> float:
    """Return until when the tables in a folder are known to be of all facts (seconds since 1970): when they were begun,
    or were found to stand. Raises `OSError` if there are none."""
    note = folder / NAME
    return (note if note.exists() else folder / "run.json").stat().st_mtime


def _note(folder: Path, made: Made) -> dict[str, Any]:
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != NAME)
    return {
        "made_of": made.digest,
        "files": [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files],
    }
