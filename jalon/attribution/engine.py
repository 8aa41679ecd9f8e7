"""The engine that runs the expressions: DuckDB, embedded.

What is computed is said in ibis, once, over tables without a connection; this module alone turns it into one engine's
SQL, reads facts and writes results. Inside, every instant is an int64 of microseconds, because engines differ in what
they can do with timestamps; reading and writing convert.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, get_args, get_origin, get_type_hints

import duckdb
import ibis
from ibis.expr.operations import Node
from ibis.expr.types import Table

from jalon.attribution.publish import begun, sweep
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


def _instants_of(kind: str) -> list[str]:
    hints = get_type_hints(KINDS[kind])
    return [name for name, hint in hints.items() if Instant in (hint, *get_args(hint))]


class Engine:
    """A DuckDB database that lives as long as one run. Use it as a context manager."""

    def __init__(self, memory_limit: str = "1GB", threads: int | None = None, temp_folder: Path | None = None) -> None:
        if temp_folder is not None:
            temp_folder.mkdir(parents=True, exist_ok=True)
            sweep(temp_folder)
        self._spill = Path(tempfile.mkdtemp(prefix=begun("spill-"), dir=temp_folder))
        settings: dict[str, str | int] = {
            "memory_limit": memory_limit,
            "temp_directory": str(self._spill),
            "threads": threads or os.cpu_count() or 1,
            "autoinstall_known_extensions": "false",
            "TimeZone": "UTC",
        }
        self._db = duckdb.connect(":memory:", config=dict(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def facts(self, folder: Path, kind: str) -> Table:
        """Return all revisions of a kind of fact: `folder/<kind>/*.parquet`; no row where there is no file."""
        schema = columns_of(kind)
        name = f"facts_{kind}"
        files = sorted((folder / kind).glob("[0-9]*.parquet"))
        if not files:
            return self._empty(name, schema)
        instants = _instants_of(kind)
        chosen = ", ".join(f'epoch_us("{c}") AS "{c}"' if c in instants else f'"{c}"' for c in schema)
        return self._view(name, chosen, files, schema)

    def results(self, path: Path) -> Table:
        """Return a table that `write` wrote, instants as int64. Raises `StoreError` if it is not there."""
        if not path.exists():
            raise StoreError(f"{path} is not there", "Run `jalon attribute` first.")
        with translated():
            found = self._db.read_parquet(str(path))
        types = dict(zip(found.columns, map(str, found.types), strict=True))
        chosen = ", ".join(f'epoch_us("{c}") AS "{c}"' if t == _INSTANT else f'"{c}"' for c, t in types.items())
        schema = {name: _FROM_DUCKDB.get(type_) or type_.lower() for name, type_ in types.items()}
        return self._view(f"result_{path.stem}", chosen, [path], schema)

    def keep(self, name: str, table: Table) -> Table:
        """Compute a table now and return it as a base of further expressions."""
        self._run(f'CREATE OR REPLACE TABLE "{name}" AS {_typed(table)}')
        return ibis.table(table.schema(), name=name)

    def take(self, name: str, data: pa.Table | None, schema: dict[str, str]) -> Table:
        """Return Arrow data as a table of this engine; without any, an empty one."""
        if data is None:
            return self._empty(name, schema)
        data = data.select(list(schema))
        with translated():
            self._db.from_arrow(data).create(name)
        return ibis.table(schema, name=name)

    def drop(self, *names: str) -> None:
        """Give back what kept tables hold."""
        for name in names:
            self._run(f'DROP TABLE IF EXISTS "{name}"')

    def rows(self, table: Table) -> pa.Table:
        """Return a (small) result as Arrow."""
        with translated():
            return self._db.sql(_typed(table)).to_arrow_table()

    def dicts(self, table: Table) -> list[dict[str, Any]]:
        """Return a (small) result as Python rows."""
        rows: list[dict[str, Any]] = self.rows(table).to_pylist()
        return rows

    def write(
        self, table: Table, path: Path, order: Sequence[str], instants: Sequence[str] = (), form: str = "parquet"
    ) -> int:
        """Write a table, sorted by `order`, so that the same rows give the same bytes; return how many rows.

        Without `order` the rows come as they are: for what is read from a file that is sorted already.

        `form` is `parquet` or `csv`.
        """
        replaced = ", ".join(f'make_timestamptz("{c}") AS "{c}"' for c in instants)
        replace = f" REPLACE ({replaced})" if replaced else ""
        by = " ORDER BY " + ", ".join(f'"{c}" NULLS FIRST' for c in order) if order else ""
        how = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER true"
        query = f"SELECT *{replace} FROM ({_typed(table)}){by}"  # noqa: S608 # names are this package's own
        with translated():
            copied = self._db.execute(f"COPY ({query}) TO {_text(str(path))} ({how})").fetchone()
        return int(copied[0]) if copied else 0

    def _run(self, statement: str) -> None:
        with translated():
            self._db.execute(statement)

    def _empty(self, name: str, schema: dict[str, str]) -> Table:
        columns = ", ".join(f'"{c}" {_to_duckdb(t)}' for c, t in schema.items())
        self._run(f'CREATE OR REPLACE TABLE "{name}" ({columns})')
        return ibis.table(schema, name=name)

    def _view(self, name: str, chosen: str, files: Sequence[Path], schema: dict[str, str]) -> Table:
        listed = ", ".join(_text(str(file)) for file in files)
        source = f"read_parquet([{listed}], union_by_name = true)"
        self._run(f'CREATE OR REPLACE VIEW "{name}" AS SELECT {chosen} FROM {source}')  # noqa: S608 # paths are quoted, names are the vocabulary's
        return ibis.table(schema, name=name)


_INSTANT = "TIMESTAMP WITH TIME ZONE"
_TO_DUCKDB = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "int8": "TINYINT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "array<string>": "VARCHAR[]",
}
"""Type of ibis -> of the engine; decimals have the same name in both."""
_FROM_DUCKDB = {theirs: ours for ours, theirs in _TO_DUCKDB.items()} | {_INSTANT: "int64"}


def sql(table: Table) -> str:
    """Return an expression in the engine's SQL."""
    return _compiled(table.op())


@lru_cache(maxsize=512)
def _compiled(expression: Node) -> str:
    """Translate an expression; a process that attributes again meets the same ones."""
    return str(ibis.to_sql(expression.to_expr(), dialect="duckdb", pretty=False))


def _typed(table: Table) -> str:
    """Return the SQL of an expression with the types that it declares: the engine's sums are wider than these."""
    casts = ", ".join(
        f'CAST("{name}" AS {_to_duckdb(str(dtype))}) AS "{name}"' for name, dtype in table.schema().items()
    )
    return f"SELECT {casts} FROM ({sql(table)})"  # noqa: S608 # names are this package's own


def _to_duckdb(dtype: str) -> str:
    return _TO_DUCKDB.get(dtype.lstrip("!")) or dtype.lstrip("!").upper()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the engine's errors that a person can do something about into errors that say what."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        remedy = "Raise memory_limit, or free space for its temporary files."
        raise StoreError("attribution needs more memory than it may use", remedy) from error
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as error:
        said = str(error).partition("\n")[0]
        if "No space left" in said or "Permission denied" in said:
            raise StoreError(f"a file cannot be written: {said}", "Free space on the disk, or give access.") from error
        if ".parquet" not in said:
            raise
        again = "jalon normalize --all" if "/facts/" in said else "jalon report"
        raise StoreError(f"a file cannot be read: {said}", f"Make it again: `{again}`.") from error
