"""Databases that are one file: changed tables are replaced in a copy, which then takes the file's place.

Readers are never kept waiting nor keep anybody waiting; who has the file open reads what it was until it is opened
again. What others have put into the file beside our tables, such as views, stays.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, TypeVar

from jalon.attribution.publish import replacing
from jalon.errors import JalonError
from jalon.report.delivery.engine import quoted
from jalon.report.delivery.ledger import NAME, Ledger, read, written
from jalon.report.delivery.parcels import Parcel
from jalon.report.delivery.targets.base import Load, Target

Db = TypeVar("Db")

LEDGER = f"""CREATE TABLE {NAME} (
    table_name VARCHAR NOT NULL PRIMARY KEY, entry VARCHAR NOT NULL, delivered_at VARCHAR NOT NULL)"""


class FileDatabase(Target, Generic[Db]):
    """What databases of one file have in common; a kind says how it is opened, asked and filled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @abstractmethod
    def _open(self, file: Path, *, to_write: bool) -> AbstractContextManager[Db]:
        """Open a file, made if there is none; what was written is kept when it is left."""

    @abstractmethod
    def _do(self, db: Db, statement: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        """Run one statement and return its rows."""

    @abstractmethod
    def _tables(self, db: Db) -> set[str]:
        """Return the names of its tables."""

    @abstractmethod
    def _fill(self, db: Db, parcel: Parcel, load: Load) -> None:
        """Make a table that is not there, with all its rows."""

    def _clean(self, file: Path) -> None:
        """Leave nothing in unused corners of a file: rows of somebody erased would stay there."""

    def held(self) -> Ledger:
        if not self._file.exists():
            return {}
        with self._open(self._file, to_write=False) as db:
            there = self._tables(db)
            told = self._do(db, f"SELECT table_name, entry FROM {NAME}") if NAME in there else []  # noqa: S608 # a constant
            return {name: read(entry) for name, entry in told if name in there}

    def put(self, load: Load) -> None:
        with replacing(self._file) as path:
            was_there = self._file.exists()
            if was_there:
                shutil.copyfile(self._file, path)
            with self._open(path, to_write=True) as db:
                self._replace(db, load)
            if was_there:
                self._clean(path)

    def _replace(self, db: Db, load: Load) -> None:
        """Replace our tables; one of the same name that the ledger does not tell is not ours, and making it fails."""
        if NAME not in self._tables(db):
            self._do(db, LEDGER)
        ours = {name for (name,) in self._do(db, f"SELECT table_name FROM {NAME}")}  # noqa: S608 # a constant
        for name in ours.intersection([*load.gone, *(parcel.mart.name for parcel in load.changed)]):
            self._do(db, f"DROP TABLE IF EXISTS {quoted(name)}")
            self._do(db, f"DELETE FROM {NAME} WHERE table_name = ?", (name,))  # noqa: S608 # a constant
        for parcel in load.changed:
            self._fill(db, parcel, load)
            values = (parcel.mart.name, written(parcel.entry), load.at.isoformat())
            self._do(db, f"INSERT INTO {NAME} VALUES (?, ?, ?)", values)  # noqa: S608 # a constant


def not_ours(file: Path, kind: str, error: Exception) -> JalonError:
    """Return the error to raise where a file cannot be opened or is none of the kind."""
    said = str(error).partition("\n")[0]
    return JalonError(
        f"{file} cannot be used as a {kind} file: {said}", "Name another file, or close what has it open."
    )
