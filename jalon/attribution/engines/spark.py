"""The engine of many machines: Spark, over the same Parquet files on storage that all of them see.

Every table that is kept is a folder of Parquet files: what it was made of is forgotten, so that plans stay small, no
memory is held, and a worker that is lost costs its own part alone. Results leave Spark by the same way. A table that is
written is put in order, and into one file, by the embedded engine, which spills what its memory does not hold: so the
rows never pass through the memory of Spark's driver, and one writer decides what a file of ours looks like.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.operations import UnboundTable
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.engines.faults import translated
from jalon.attribution.engines.session import started
from jalon.attribution.engines.translation import sql_of
from jalon.attribution.options import Options
from jalon.attribution.publish import scratch


class Spark(Engine):
    """A session of Spark that lives as long as one run; the one of a program that has Spark running stays its own."""

    in_process = False

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._scratch = scratch(options.temp_folder)
        self._numbers = itertools.count()
        self._folders: dict[str, Path] = {}
        try:
            self._writer = DuckDB(options.memory_limit, options.threads, self._scratch)
            self._session, self._stop = started(options, self._scratch)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        ibis.pyspark.name  # noqa: B018 # loading it registers the options that its translation reads

    def close(self) -> None:
        self._writer.close()
        for name in list(self._folders):
            self._session.catalog.dropTempView(name)
        self._stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def read(self, name: str, files: Sequence[Path], schema: Mapping[str, str], instants: Sequence[str] = ()) -> Table:
        if not files:
            return self.take(name, None, schema)
        types = {c: "TIMESTAMP" if c in instants else _type(t) for c, t in schema.items()}
        chosen = [f"unix_micros(`{c}`) AS `{c}`" if c in instants else f"`{c}`" for c in schema]
        with translated():
            found = self._session.read.schema(_columns(types)).parquet(*(file.absolute().as_uri() for file in files))
            found.selectExpr(*chosen).createOrReplaceTempView(name)
        return ibis.table(dict(schema), name=name)

    def keep(self, name: str, table: Table) -> Table:
        return self._named(name, self._stored(table), _schema(table))

    def take(self, name: str, data: pa.Table | None, schema: Mapping[str, str]) -> Table:
        types = ibis.schema(dict(schema)).to_pyarrow()
        folder = self._new()
        folder.mkdir()
        pq.write_table(types.empty_table() if data is None else data.select(list(schema)).cast(types), folder / "part")
        return self._named(name, folder, schema)

    def drop(self, *names: str) -> None:
        for name in names:
            self._session.catalog.dropTempView(name)
            if folder := self._folders.pop(name, None):
                shutil.rmtree(folder, ignore_errors=True)

    def rows(self, table: Table) -> pa.Table:
        types = table.schema().to_pyarrow()
        with self._files(table) as files:
            parts = [pq.read_table(file).cast(types) for file in files]
        return pa.concat_tables(parts) if parts else types.empty_table()

    def write(
        self, table: Table, path: Path, order: Sequence[str], instants: Sequence[str] = (), form: str = "parquet"
    ) -> int:
        with self._files(table) as files:
            made = self._writer.read("made", files, _schema(table))
            return self._writer.write(made, path, order, instants, form)

    @contextmanager
    def _files(self, table: Table) -> Iterator[list[Path]]:
        """Give the files of a table: those of a kept one, or new ones that are thrown away afterwards."""
        expression = table.op()
        kept = self._folders.get(expression.name) if isinstance(expression, UnboundTable) else None
        folder = kept or self._stored(table)
        try:
            yield _parts(folder)
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _new(self) -> Path:
        return self._scratch / f"table-{next(self._numbers)}"

    def _stored(self, table: Table) -> Path:
        """Compute a table into a new folder of Parquet files; where it has an order, their names follow it."""
        folder = self._new()
        with translated():
            self._session.sql(_typed(table)).write.parquet(folder.absolute().as_uri())
        return folder

    def _named(self, name: str, folder: Path, schema: Mapping[str, str]) -> Table:
        """Give a folder's rows a name; what had it before is read no more."""
        found = self.read(name, _parts(folder), schema)
        if before := self._folders.get(name):
            shutil.rmtree(before, ignore_errors=True)
        self._folders[name] = folder
        return found


_TYPES = {
    "int64": "BIGINT",
    "int32": "INT",
    "int16": "SMALLINT",
    "int8": "TINYINT",
    "float64": "DOUBLE",
    "string": "STRING",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "array<string>": "ARRAY<STRING>",
}
"""Type of ibis -> of the engine; decimals have the same name in both."""


def _type(dtype: str) -> str:
    return _TYPES.get(dtype.lstrip("!")) or dtype.lstrip("!").upper()


def _schema(table: Table) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in table.schema().items()}


def _columns(types: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {type_}" for name, type_ in types.items())


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part*"))


def _typed(table: Table) -> str:
    """Return the SQL of an expression with the types that it declares."""
    casts = ", ".join(f"CAST(`{name}` AS {_type(dtype)}) AS `{name}`" for name, dtype in _schema(table).items())
    return f"SELECT {casts} FROM ({sql_of(table, 'pyspark')})"  # noqa: S608 # names are this package's own
