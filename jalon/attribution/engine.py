"""The contract of an engine: what runs the expressions.

What is computed is said in ibis, once, over tables without a connection. An engine alone turns it into its own SQL,
reads facts and writes results; `jalon.attribution.engines` has them. Inside, every instant is an int64 of microseconds,
because engines differ in what they can do with timestamps; reading and writing convert.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args, get_origin, get_type_hints

import ibis
from ibis.expr.types import Table

from jalon.errors import StoreError
from jalon.normalize.vocabulary import KINDS, Instant

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {"int": "int64", "str": "string", "bool": "boolean", "date": "date", "Instant": "int64"}


def _dtype(hint: Any) -> str:
    """Return the ibis type for an annotation of the vocabulary."""
    if get_origin(hint) is tuple:
        return "array<string>"
    inner = [arg for arg in get_args(hint) if arg is not type(None)]
    if inner:
        return "string" if isinstance(inner[0], str) else _dtype(inner[0])
    return _TYPES.get(getattr(hint, "__name__", ""), "string")


def columns_of(kind: str) -> dict[str, str]:
    """Return column -> ibis type of a kind of fact, instants as int64."""
    return {name: _dtype(hint) for name, hint in get_type_hints(KINDS[kind]).items()}


def instants_of(kind: str) -> list[str]:
    """Return the columns of a kind of fact that are instants."""
    hints = get_type_hints(KINDS[kind])
    return [name for name, hint in hints.items() if Instant in (hint, *get_args(hint))]


class Engine(ABC):
    """Tables of one run, by name. Use it as a context manager; `engines.opened` gives the one that options name.

    An expression stands for SQL over the names of tables: kept, taken or read ones. It is run when it is kept, fetched
    or written, and then by the tables that have those names at that time.
    """

    in_process: ClassVar[bool]
    """Whether its tables lie in this process, so that fetching even many rows is cheap."""

    def __init__(self) -> None:
        self._results: dict[str, tuple[Path, Table]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def facts(self, folder: Path, kind: str) -> Table:
        """Return all revisions of a kind of fact: `folder/<kind>/*.parquet`; no row where there is no file."""
        files = sorted((folder / kind).glob("[0-9]*.parquet"))
        return self.read(f"facts_{kind}", files, columns_of(kind), instants_of(kind))

    def results(self, path: Path) -> Table:
        """Return a table that `write` wrote, instants as int64. Raises `StoreError` if it is not there.

        Of files with one name, the one that was asked for last is read. A file is looked into once: marts ask for each
        other many times.
        """
        name = f"result_{path.stem}"
        known, table = self._results.get(name, (None, None))
        if table is None or known != path:
            if not path.exists():
                raise StoreError(f"{path} is not there", "Run `jalon attribute` first.")
            table = self.read(name, [path], *_schema_of(path))
            self._results[name] = path, table
        return table

    def dicts(self, table: Table) -> list[dict[str, Any]]:
        """Return a (small) result as Python rows."""
        rows: list[dict[str, Any]] = self.rows(table).to_pylist()
        return rows

    @abstractmethod
    def close(self) -> None:
        """Give back all that the run held."""

    @abstractmethod
    def read(self, name: str, files: Sequence[Path], schema: Mapping[str, str], instants: Sequence[str] = ()) -> Table:
        """Return Parquet files as one table; a file may lack columns of the `schema`. `instants` are timestamps in the
        files and int64 in the table."""

    @abstractmethod
    def keep(self, name: str, table: Table) -> Table:
        """Compute a table now and return it as a base of further expressions."""

    @abstractmethod
    def take(self, name: str, data: pa.Table | None, schema: Mapping[str, str]) -> Table:
        """Return Arrow data as a table of this engine, in place of one of that name; without any, an empty one."""

    @abstractmethod
    def drop(self, *names: str) -> None:
        """Give back what kept tables hold."""

    @abstractmethod
    def rows(self, table: Table) -> pa.Table:
        """Return a (small) result as Arrow, in the order that the expression asks for."""

    @abstractmethod
    def write(
        self, table: Table, path: Path, order: Sequence[str], instants: Sequence[str] = (), form: str = "parquet"
    ) -> int:
        """Write a table as one file, sorted by `order`, so that the same rows give the same bytes; return how many.

        Without `order` the rows come in any: a file of several row groups is read by several threads. `instants` are
        written as timestamps. `form` is `parquet` or `csv`; in the latter an apostrophe stands before texts that a
        spreadsheet would run.
        """


def _schema_of(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the columns of a Parquet file, and which of them are instants."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        said = str(error).partition("\n")[0]
        raise StoreError(f"a file cannot be read: {path}: {said}", "Make it again: `jalon report`.") from error
    instants = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    types = {name: str(dtype).lstrip("!") for name, dtype in ibis.Schema.from_pyarrow(schema).items()}
    return {name: "int64" if name in instants else type_ for name, type_ in types.items()}, instants
