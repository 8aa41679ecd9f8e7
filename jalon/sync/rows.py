"""Cut files into rows, one after the other, in bounded memory: CSV, JSON lines, Parquet.

A row that cannot be read is told with its line, and the ones behind it are read.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from jalon.connectors.base import Format, Sheet, Unusable
from jalon.connectors.wire import Malformed, decode
from jalon.store.arrow import arrow, parquet

LONGEST = 1 << 20
"""Bytes of one line, and characters of one cell."""
LARGEST_GROUP = 1 << 30
"""Unpacked bytes of one row group of Parquet, which is read as a whole."""
AT_ONCE = 500
BOM = b"\xef\xbb\xbf"
FOREIGN = {
    b"\xff\xfe": ("bad_encoding", "is UTF-16", "save it as UTF-8"),
    b"\xfe\xff": ("bad_encoding", "is UTF-16", "save it as UTF-8"),
    b"PK\x03\x04": ("unknown_format", "is a spreadsheet or an archive", "export the sheet as CSV"),
    b"\x1f\x8b": ("unknown_format", "is packed", "unpack it first"),
}
"""First bytes of what people take for a text file -> why it is refused, and what to do."""


class Row(NamedTuple):
    """A row with the number of its first line (of its row, in Parquet); `fault`: reason code and detail."""

    line: int
    values: Mapping[str, Any]
    fault: tuple[str, str] | None = None


class Rows(NamedTuple):
    """The columns of a file, empty where each row has its own, and its rows."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def rows_of(file: BinaryIO, sheet: Sheet) -> Rows:
    """Return the rows of a file. Raises `Unusable` for a file that is something else."""
    head = file.read(4)
    file.seek(0)
    for mark, why in FOREIGN.items():
        if head.startswith(mark):
            raise Unusable(*why)
    return _READERS[sheet.format](file, sheet)


# --- CSV ------------------------------------------------------------------------------------------------------------


class _Lines:
    """The lines of a file as text. One that cannot be read becomes empty, and `faults` says why."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self.number = 0
        self.faults: dict[int, tuple[str, str]] = {}

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST:
            self._pass_over(line)
            self.faults[self.number] = ("line_too_long", f"the line is longer than {LONGEST} bytes")
            return "\n"
        try:
            return (line.removeprefix(BOM) if self.number == 1 else line).decode(self._encoding)
        except UnicodeDecodeError:
            self.faults[self.number] = ("bad_encoding", f"the line is not {self._encoding}; set encoding for its table")
            return "\n"

    def _pass_over(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(LONGEST)


def _csv(file: BinaryIO, sheet: Sheet) -> Rows:
    lines = _Lines(file, sheet.encoding)
    csv.field_size_limit(LONGEST)
    cut = csv.reader(lines, delimiter=sheet.delimiter, strict=True)
    columns = _head(cut, lines)
    return Rows(columns, _csv_rows(cut, lines, columns))


def _head(cut: Any, lines: _Lines) -> tuple[str, ...]:
    """Return the heads, each by a name of its own: a second 'Date' is 'Date (2)'."""
    try:
        head: list[str] = next((cells for cells in cut if cells and not cells[0].startswith("sep=")), [])
    except csv.Error as error:
        raise Unusable("malformed_csv", f"its first row cannot be read: {error}") from None
    if lines.faults:
        raise Unusable(*next(iter(lines.faults.values())))
    if not head:
        raise Unusable("empty_file", "has no row of column heads")
    names: list[str] = []
    for number, cell in enumerate(head, 1):
        name = cell.strip() or f"column {number}"
        names.append(name if name not in names else f"{name} ({names.count(name) + 1})")
    return tuple(names)


def _csv_rows(cut: Any, lines: _Lines, columns: tuple[str, ...]) -> Iterator[Row]:
    while True:
        first = lines.number + 1
        try:
            cells = next(cut)
        except StopIteration:
            return
        except csv.Error as error:
            lines.faults.clear()
            yield Row(first, {}, ("malformed_csv", f"it cannot be cut into cells ({error}), to line {lines.number}"))
            continue
        faults = [lines.faults.pop(number) for number in sorted(lines.faults)]
        if faults:
            yield Row(first, {}, faults[0])
        elif cells:
            yield _csv_row(first, cells, columns)


def _csv_row(line: int, cells: list[str], columns: tuple[str, ...]) -> Row:
    values = dict(zip(columns, cells, strict=False))
    more = cells[len(columns) :]
    if len(cells) < len(columns) or any(more):
        return Row(line, values, ("wrong_width", f"it has {len(cells)} cells where the first row has {len(columns)}"))
    return Row(line, values)


# --- JSON lines -----------------------------------------------------------------------------------------------------


def _jsonl(file: BinaryIO, sheet: Sheet) -> Rows:
    head = file.read(64).removeprefix(BOM).lstrip()
    file.seek(0)
    if head.startswith(b"["):
        raise Unusable(
            "one_document", "holds one JSON list, not one object per line", "`jq -c '.[]'` makes lines of it"
        )
    return Rows((), _jsonl_rows(_Lines(file, sheet.encoding)))


def _jsonl_rows(lines: _Lines) -> Iterator[Row]:
    for line in lines:
        fault = lines.faults.pop(lines.number, None)
        if fault:
            yield Row(lines.number, {}, fault)
        elif line.strip():
            yield _json_row(lines.number, line)


def _json_row(number: int, line: str) -> Row:
    try:
        values = decode(line.encode())
    except Malformed:
        return Row(number, {"line": line}, ("malformed_json", "the line is not JSON"))
    if not isinstance(values, dict):
        return Row(number, {"line": line}, ("malformed_json", "the line is no JSON object"))
    return Row(number, values)


# --- Parquet --------------------------------------------------------------------------------------------------------


def _parquet(file: BinaryIO, _: Sheet) -> Rows:
    try:
        opened = parquet().ParquetFile(file)
        _refuse_huge(opened.metadata)
    except (arrow().ArrowException, OSError, ValueError) as error:
        raise Unusable("damaged", f"is no Parquet file that can be read ({type(error).__name__})") from None
    return Rows(tuple(opened.schema_arrow.names), _parquet_rows(opened))


def _refuse_huge(metadata: Any) -> None:
    for number in range(metadata.num_row_groups):
        if metadata.row_group(number).total_byte_size > LARGEST_GROUP:
            raise Unusable("row_group_too_large", f"a row group is larger than {LARGEST_GROUP >> 20} MiB")


def _parquet_rows(opened: Any) -> Iterator[Row]:
    number = 0
    batches = opened.iter_batches(batch_size=AT_ONCE)
    while True:
        try:
            batch = next(batches, None)
        except (arrow().ArrowException, OSError) as error:
            raise Unusable("damaged", f"cannot be read beyond row {number} ({type(error).__name__})") from None
        if batch is None:
            return
        for values in _plain_times(batch).to_pylist():
            number += 1
            yield Row(number, values)


def _plain_times(batch: Any) -> Any:
    """Return a batch whose times are microseconds: Python knows nothing finer."""
    pa = arrow()
    finer = pa.types.is_timestamp
    fields = [
        field.with_type(pa.timestamp("us", field.type.tz)) if finer(field.type) and field.type.unit == "ns" else field
        for field in batch.schema
    ]
    columns = [column.cast(field.type, safe=False) for column, field in zip(batch.columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


_READERS: dict[Format, Callable[[BinaryIO, Sheet], Rows]] = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
