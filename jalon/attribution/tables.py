"""Any table as Arrow, and its columns in types of our own: pandas, polars, Arrow, or the path of Parquet files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import dataset

from jalon.errors import ConfigError

_UNREADABLE = (pa.ArrowException, TypeError, ValueError)
_ONE_TYPE = "Give all its values one type that fits."


def arrow(table: Any, wanted: Collection[str | None] | None = None) -> pa.Table:
    """Return any table as Arrow. Raises `ConfigError` if it is none.

    Of a frame of pandas only the columns that are `wanted` (None: all) are read; the others are there without a value.
    """
    if isinstance(table, (str, Path)):
        return _of_file(Path(table))
    if isinstance(table, pa.Table):
        return table
    if type(table).__module__.partition(".")[0] == "pandas" and hasattr(table, "columns") and hasattr(table, "iloc"):
        return _of_pandas(table, wanted)
    if hasattr(table, "__arrow_c_stream__"):
        try:
            return pa.table(table)
        except _UNREADABLE as error:
            if not hasattr(table, "columns"):
                raise _no_table(table) from error
            said = str(error).partition("\n")[0]
            raise ConfigError(f"the table cannot be read: {said}", "Give its columns types that Arrow has.") from error
    raise _no_table(table)


def _no_table(given: Any) -> ConfigError:
    begin = "Call its collect(): needed is" if hasattr(given, "collect") else "Give"
    kinds = "a DataFrame of pandas or polars, an Arrow table, or the path of a Parquet file or of a folder of them."
    return ConfigError(f"a {type(given).__name__} is no table", f"{begin} {kinds}")


def _of_file(path: Path) -> pa.Table:
    """Return a Parquet file, or all files of a folder and of those in it, in the order of their paths."""
    remedy = "Give the path of a Parquet file, or of a folder with such files."
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise ConfigError(f"there is no {'Parquet file in' if path.is_dir() else 'file'} {path}", remedy)
    try:
        return pq.read_table(path) if files == [path] else _as_one(files, path)
    except pa.ArrowTypeError as error:
        said = str(error).partition("\n")[0]
        raise ConfigError(f"the files in {path} have one column in several types: {said}", _ONE_TYPE) from error
    except pa.ArrowInvalid as error:
        told = str(path) if files == [path] else f"one of the files in {path}"
        raise ConfigError(f"{told} is no Parquet file", remedy) from error


def _as_one(files: list[Path], folder: Path) -> pa.Table:
    """Return the columns that stand in any file, and those that the folders' names tell (`day=2026-11-01`)."""
    found = dataset.dataset(files, format="parquet", partitioning="hive", partition_base_dir=str(folder))
    schemas = [found.schema, *(fragment.physical_schema for fragment in found.get_fragments())]
    return found.replace_schema(pa.unify_schemas(schemas, promote_options="permissive")).to_table()


def _of_pandas(frame: Any, wanted: Collection[str | None] | None) -> pa.Table:
    names = [str(name) for name in frame.columns]
    columns = [
        _series(frame.iloc[:, place], name) if wanted is None or name in wanted else pa.nulls(len(frame))
        for place, name in enumerate(names)
    ]
    return pa.table(columns, names) if columns else pa.table({})


def _series(series: Any, name: str) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(series, from_pandas=True)
    except _UNREADABLE as error:
        raise _wrong_column(name, error) from error


def column_of(table: pa.Table, name: str | None, remedy: str) -> pa.ChunkedArray:
    """Return a column, categories as what they stand for. Raises `ConfigError` if there is none, or more than one."""
    often = table.column_names.count(name)
    if often > 1:
        raise ConfigError(f"the table has {often} columns {name!r}", "Keep one of them.")
    if not often:
        raise ConfigError(f"the table has no column {name!r}", remedy)
    return _plain(table.column(name))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return categories as what they stand for, and UUIDs as they are written."""
    if isinstance(column.type, getattr(pa, "UuidType", ())):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if not pa.types.is_dictionary(column.type):
        return column
    kind = column.type.value_type
    kind = pa.string() if kind == pa.string_view() else kind
    return pa.chunked_array([chunk.dictionary.cast(kind).take(chunk.indices) for chunk in column.chunks], kind)


def cast(column: pa.ChunkedArray, kind: pa.DataType, name: str, remedy: str = _ONE_TYPE) -> pa.ChunkedArray:
    """Return a column in another type. Raises `ConfigError` if its values cannot be that."""
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _wrong_column(name, error, remedy) from error


def numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return a column as floats; of texts those that are blank are missing. Raises `ConfigError` for what is none."""
    if not any(is_text(column.type) for is_text in _TEXTS):
        return cast(column, pa.float64(), name)
    bare = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return cast(without_blanks(bare), pa.float64(), name, "Give numbers there, such as 1 or 99.99.")


_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def without_blanks(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts; one that is empty or of spaces alone is missing: exports write so what is not there."""
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), None, texts)


def _wrong_column(name: str, error: Exception, remedy: str = _ONE_TYPE) -> ConfigError:
    said = str(error).partition("\n")[0]
    return ConfigError(f"the column {name!r} cannot be read: {said}", remedy)
