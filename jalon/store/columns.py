"""Columns out of rows: Arrow arrays built from Python values without the library's own converter.

That converter imports pandas wherever pandas is installed, which costs 50 MiB for a test that is always answered no,
and takes 1.0 for 1. Here each value must be of its column's type.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from jalon.store.arrow import arrow

if TYPE_CHECKING:
    import pyarrow as pa

Values = Sequence[Any]
_EPOCH = date(1970, 1, 1).toordinal()
_DIGITS = bytes.maketrans(b"\0\1", b"01")


class Misfit(ValueError):
    """A value that is not of its column's type, or none of its column's words."""


def column(values: Values, field: pa.Field) -> pa.Array:
    """Return the values of one field as an Arrow array. Raises `Misfit`."""
    pa = arrow()

    missing = values.count(None)
    if missing and not field.nullable:
        raise Misfit(f"{field.name} is missing")
    if missing == len(values):
        return pa.nulls(missing, field.type)
    try:
        return _BUILDERS[str(field.type)](values, field.type, missing)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Misfit(f"{field.name} is not {field.type} ({type(error).__name__})") from None


def _texts(values: Values, kind: pa.DataType, missing: int) -> pa.Array:
    pa = arrow()

    if missing or not (joined := "".join(values)).isascii():
        builder = pa.lib.StringBuilder()
        builder.append_values(values)
        return builder.finish()
    size = len(values[0])
    if size and values.count(values[0]) == len(values):  # most columns say the same in every row
        offsets = array("i", range(0, len(joined) + 1, size))
    else:
        offsets = array("i", accumulate(map(len, values), initial=0))
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(offsets), pa.py_buffer(joined.encode())], 0)


def _numbers(values: Values, kind: pa.DataType, missing: int) -> pa.Array:
    return _fixed(array("q", [value or 0 for value in values] if missing else values), values, kind, missing)


def _dates(values: Values, kind: pa.DataType, missing: int) -> pa.Array:
    days = [value.toordinal() - _EPOCH if value is not None else 0 for value in values]
    return _fixed(array("i", days), values, kind, missing)


def _booleans(values: Values, kind: pa.DataType, _missing: int) -> pa.Array:
    pa = arrow()

    if not all(value is True or value is False for value in values):
        raise TypeError("neither true nor false")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(_bits(values))], 0)


def _lists(values: Values, kind: pa.DataType, _missing: int) -> pa.Array:
    pa = arrow()

    flat: list[str] = []
    offsets = array("i", [0])
    for texts in values:
        if not isinstance(texts, tuple):
            raise TypeError("not a tuple")
        flat.extend(texts)
        offsets.append(len(flat))
    child = column(flat, kind.value_field) if flat else pa.nulls(0, kind.value_type)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(offsets)], 0, children=[child])


def _fixed(numbers: array[int], values: Values, kind: pa.DataType, missing: int) -> pa.Array:
    """Return an array over fixed-width numbers, with the mask of what is there where something is missing."""
    pa = arrow()

    mask = pa.py_buffer(_bits([value is not None for value in values])) if missing else None
    return pa.Array.from_buffers(kind, len(numbers), [mask, pa.py_buffer(numbers)], missing)


def _bits(flags: Sequence[bool]) -> bytes:
    """Return flags as a bitmap, the first in the lowest bit."""
    return int(bytes(flags)[::-1].translate(_DIGITS) or b"0", 2).to_bytes((len(flags) + 7) // 8, "little")


_BUILDERS: dict[str, Callable[[Values, Any, int], Any]] = {
    "string": _texts,
    "int64": _numbers,
    "timestamp[us, tz=UTC]": _numbers,
    "date32[day]": _dates,
    "bool": _booleans,
    "list<element: string not null>": _lists,
}
