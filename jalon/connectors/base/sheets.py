"""What a connector says about a file: how it is laid out, and how one of its rows becomes a record.

The engine opens files, cuts them into rows and keeps the position; a sheet is pure. A row that means nothing is told
by `Unusable`; it goes to quarantine with the file's name and its line, and the rows behind it are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from jalon.connectors.base.records import Record

Format = Literal["csv", "jsonl", "parquet"]


class Unusable(Exception):
    """A row, or a file, that cannot be taken: a reason code for counting, and what is wrong, without the value itself.

    The value is left out because a shifted column puts anything anywhere, a person's address included.
    """

    def __init__(self, reason: str, detail: str, remedy: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.remedy = remedy


class Folder(NamedTuple):
    """Where files of a source are dropped. One that changed within `quiet` seconds is still being written."""

    path: Path | None
    """None: files come by name alone."""
    quiet: float


class Sheet(Protocol):
    """How one file is read."""

    table: str
    """Its name, for people."""
    stream: str
    """Stream that its records belong to."""
    format: Format
    delimiter: str
    encoding: str
    mark: str
    """Names all that the records depend on besides the file. If it changes, the file is read again."""

    def check(self, columns: Sequence[str]) -> None:
        """Raise `Unusable` if a file with these columns cannot be read at all."""

    def explain(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        """Return (field, where it comes from) for a file with these columns, and the columns that are not read."""

    def record(self, row: Mapping[str, Any]) -> Record:
        """Return the record in a row. Raises `Unusable`."""
