"""Facts on disk: one Parquet file per kind of fact and segment of the inbox.

`facts/<kind>/<segment>.parquet` holds the facts of one fixed range of inbox ids, in the order in which they were
derived. The name says what is inside, so that a crash and a re-run give the same files, and any engine reads them
without a lock. The table shapes are those of `jalon.normalize.vocabulary`; nothing is declared twice.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any

from jalon.errors import StoreError
from jalon.normalize.vocabulary import KINDS, Fact, Instant
from jalon.store.arrow import arrow, parquet
from jalon.store.columns import Misfit, column

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
MAX_ROW_GROUP = 65_536
_KIND = {row: kind for kind, row in KINDS.items()}
REMEDY = "Run `jalon normalize --all` to make the facts again from the inbox."


# --- shapes ---------------------------------------------------------------------------------------------------------


@cache
def schema(kind: str) -> pa.Schema:
    """Return the columns of a kind of fact as an Arrow schema, from the annotations of its row."""
    pa = arrow()

    hints = typing.get_type_hints(KINDS[kind])
    return pa.schema([_field(name, hints[name]) for name in KINDS[kind]._fields])


def _field(name: str, hint: Any) -> pa.Field:
    pa = arrow()

    kept, optional = _parted(hint)
    return pa.field(name, _arrow(kept), nullable=optional)


def _parted(hint: Any) -> tuple[Any, bool]:
    """Return an annotation without its None, and whether it has one."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (UnionType, typing.Union) else (hint,)
    (kept,) = [option for option in options if option is not type(None)]
    return kept, len(options) > 1


@cache
def _words(kind: str) -> dict[int, tuple[str | None, ...]]:
    """Return the words of the vocabulary that a kind of fact may hold, by the place of the field."""
    hints = typing.get_type_hints(KINDS[kind])
    found = {}
    for place, name in enumerate(KINDS[kind]._fields):
        kept, optional = _parted(hints[name])
        if typing.get_origin(kept) is typing.Literal:
            found[place] = (*typing.get_args(kept), *((None,) if optional else ()))
    return found


def _arrow(hint: Any) -> pa.DataType:
    """Return the column type of an annotation; texts are what literals and lists are made of."""
    pa = arrow()

    simple = {
        Instant: pa.timestamp("us", "UTC"),
        date: pa.date32(),
        int: pa.int64(),
        bool: pa.bool_(),
        str: pa.string(),
    }
    if hint in simple:
        return simple[hint]
    if typing.get_origin(hint) is typing.Literal:
        return pa.string()
    return pa.list_(pa.field("element", pa.string(), nullable=False))


def batch(kind: str, rows: Sequence[Fact]) -> pa.RecordBatch:
    """Return rows of one kind as columns. Raises `Misfit` for another type than the column's, or another word."""
    pa = arrow()

    shape, values = schema(kind), list(zip(*rows, strict=True))
    columns = list(map(column, values, shape))
    for place, words in _words(kind).items():
        if not frozenset(words).issuperset(values[place]):
            known = ", ".join(word for word in words if word)
            raise Misfit(f"{shape.names[place]} is no word of the vocabulary ({known})")
    return pa.RecordBatch.from_arrays(columns, schema=shape)


def columns_of(found: Iterable[Fact]) -> dict[str, pa.RecordBatch]:
    """Return facts as columns by kind. Raises `Misfit`."""
    rows: dict[type, list[Fact]] = {}
    for fact in found:
        rows.setdefault(type(fact), []).append(fact)
    if strangers := rows.keys() - _KIND.keys():
        raise Misfit(f"{strangers.pop().__name__} is no kind of fact")
    return {_KIND[row]: batch(_KIND[row], rows[row]) for row in rows}


# --- writing --------------------------------------------------------------------------------------------------------


def write_segment(folder: Path, segment: int, batches: Mapping[str, Sequence[pa.RecordBatch]]) -> dict[str, int]:
    """Put the facts of one segment in place, each kind in one durable step, and return the rows per kind.

    A kind without facts has no file; one left from before is removed. The same rows give the same bytes.
    """
    counts = {}
    for kind in KINDS:
        path = path_of(folder, kind, segment)
        if batches.get(kind):
            counts[kind] = _write(path, kind, batches[kind])
        elif path.exists():
            path.unlink()
            _sync_folder(path.parent)
    return counts


def _write(path: Path, kind: str, batches: Sequence[pa.RecordBatch]) -> int:
    pa = arrow()

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = pa.Table.from_batches(batches, schema(kind))
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open_private(temporary) as file:
            _write_table(table, file)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return int(table.num_rows)


def _write_table(table: pa.Table, file: typing.BinaryIO) -> None:
    pq = parquet()

    pq.write_table(
        table,
        file,
        row_group_size=MAX_ROW_GROUP,
        version="2.6",
        compression="zstd",
        compression_level=1,
        write_statistics=True,
        write_page_checksum=True,
        store_schema=False,
    )
    file.flush()


def open_private(path: Path) -> typing.BinaryIO:
    """Open a file for writing that only its owner can read, and never through a link that someone planted."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, segments: int) -> None:
    """Remove what a killed run left half-written, and files of segments that an inbox of `segments` does not have.

    Only for the one who may write facts.
    """
    for left in folder.glob("*/.*.parquet.tmp"):
        left.unlink(missing_ok=True)
    for path in chain.from_iterable(_files(folder, kind) for kind in KINDS):
        if int(path.stem) >= segments:
            path.unlink(missing_ok=True)


# --- reading --------------------------------------------------------------------------------------------------------


def open_facts(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each kind, in the order of the inbox; a kind without facts has none.

    Looks at both ends of each file. Raises `StoreError` naming the one that was cut or overwritten.
    """
    found = {kind: _files(folder, kind) for kind in KINDS}
    for path in chain.from_iterable(found.values()):
        _check_ends(path)
    return found


def sizes(folder: Path) -> dict[int, dict[str, int]]:
    """Return how many bytes each kind's file of each segment has; a segment without files has none."""
    found: dict[int, dict[str, int]] = {}
    for kind in KINDS:
        for path in _files(folder, kind):
            found.setdefault(int(path.stem), {})[kind] = path.stat().st_size
    return found


def sizes_of(folder: Path, segment: int) -> dict[str, int]:
    """Return how many bytes each kind's file of one segment has."""
    paths = {kind: path_of(folder, kind, segment) for kind in KINDS}
    return {kind: path.stat().st_size for kind, path in paths.items() if path.exists()}


def path_of(folder: Path, kind: str, segment: int) -> Path:
    """Return where the facts of a kind from one segment are."""
    return folder / kind / f"{segment:08d}.parquet"


def _files(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / kind).glob("[0-9]" * 8 + ".parquet"))


def check_facts(folder: Path) -> int:
    """Read every page of every file against its checksum and return how many files there are.

    For whoever met an error while reading, and for `doctor`. Raises `StoreError` naming the damaged file.
    """
    pa = arrow()
    pq = parquet()

    paths = list(chain.from_iterable(open_facts(folder).values()))
    for path in paths:
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                names = file.schema_arrow.names
                for _ in file.iter_batches():
                    pass
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, f"cannot be read ({type(error).__name__})") from None
        if names != schema(path.parent.name).names:
            raise _damaged(path, "has other columns than this version writes")
    return len(paths)


def _check_ends(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            size = file.seek(0, os.SEEK_END)
            tail = file.read(8) if file.seek(max(size - 8, 0)) or size else b""
    except OSError as error:
        raise StoreError(
            f"the facts file {path} cannot be read: {error.strerror}", "Check its owner and mode."
        ) from None
    footer = int.from_bytes(tail[:4], "little")
    if size < 12 or head != MAGIC or tail[4:] != MAGIC or footer > size - 12:
        raise _damaged(path, "is damaged: it does not begin and end as Parquet does")


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(f"the facts file {path} {what}", REMEDY)
