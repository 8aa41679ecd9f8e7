"""Reading any table of touchpoints and conversions: pandas, polars, Arrow, or the path of a Parquet file."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.numbers import whole
from jalon.attribution.stages import UNKNOWN
from jalon.attribution.tables import arrow, cast, column_of, numbers, without_blanks
from jalon.errors import ConfigError

TOUCHES = {
    "touch_uid": "string",
    "name": "string",
    "person": "string",
    "occurred_at": "int64",
    "channel": "string",
    "stage": "string",
    "sale_uid": "string",
    "time_is_bound": "boolean",
    "kind": "string",
    "is_counted": "boolean",
}
SALES = {"order_uid": "string", "name": "string", "person": "string", "placed_at": "int64", "net": "int64"}
FROM_NUMBERS = (
    "Turn it into timestamps first: pandas.to_datetime(column, unit='s'), polars.from_epoch(column, time_unit='s'), "
    "column.cast(pyarrow.timestamp('s')); for milliseconds 'ms'."
)
_WIDE = pa.decimal128(38, 0)
MOST = 2**53
"""Greatest amount in minor units that is exact."""


CENTS = 2
"""Places of credit where a table says what conversions are worth."""
FINE = 6
"""The most places, and those of credit where each conversion is worth 1: the unit that cannot be divided further goes
to the earliest touchpoints, and hundredths of ones would add up to something."""


class Columns(NamedTuple):
    """How the columns of a table are called. Without a `value` each conversion is worth 1. `id` tells rows that are the
    same thing, told twice; without it each row is one of its own. `stage` is for models that look at stages, `kind` for
    settings that weigh views or name kinds."""

    person: str = "person"
    time: str = "time"
    channel: str = "channel"
    conversion: str = "conversion"
    value: str | None = "value"
    id: str | None = None
    stage: str | None = None
    kind: str | None = None


class Read(NamedTuple):
    """`touches` as `TOUCHES`, `sales` as `SALES`; whether the table says what conversions are worth, and in how many
    `decimals` that is told."""

    touches: pa.Table
    sales: pa.Table
    valued: bool
    decimals: int


def read(table: Any, columns: Columns, decimals: int | None) -> Read:
    """Return touchpoints and conversions; the order of the rows changes nothing but the numbers they are named by."""
    if decimals is not None and not (whole(decimals) and 0 <= decimals <= FINE):
        raise ConfigError(f"decimals = {decimals!r} is no number of places", f"Give a whole one from 0 to {FINE}.")
    given = arrow(table, columns)
    valued = _is_valued(given, columns)
    places = (CENTS if valued else FINE) if decimals is None else int(decimals)
    plain = _plain(given, columns, places)
    keys = [(name, "ascending") for name in ("person", "time", "converted", *(("name",) if columns.id else ()), *_TIES)]
    rows = plain.take(pc.sort_indices(plain, sort_keys=keys))
    if columns.id:
        rows = _once(rows)
    digits = len(str(len(rows)))
    uid = pa.array([f"{number:0{digits}}" for number in range(len(rows))], pa.string())
    rows = rows.append_column("uid", uid)
    touches, sales = rows.filter(pc.is_valid(rows["channel"])), rows.filter(rows["converted"])
    return Read(_touches(touches), _sales(sales), valued, places)


def _is_valued(given: pa.Table, columns: Columns) -> bool:
    return columns.value is not None and (columns.value != "value" or "value" in given.column_names)


_TIES = ("channel", "net", "stage", "kind")
"""What decides between rows of one person and time, after whether they are conversions and after their names."""


def _plain(given: pa.Table, columns: Columns, decimals: int) -> pa.Table:
    """Return the rows with names and types of our own."""
    size = len(given)

    def column(name: str | None) -> pa.ChunkedArray:
        known = ", ".join(given.column_names)
        return column_of(given, name, f"Name it in `columns`; the table has {known}.")

    named = column(columns.id) if columns.id else pa.chunked_array([pa.array(range(size), pa.int64())])
    worth = (
        column(columns.value) if _is_valued(given, columns) else pa.chunked_array([pa.array([1] * size, pa.int64())])
    )
    stage = column(columns.stage) if columns.stage else pa.chunked_array([pa.nulls(size, pa.string())])
    kind = column(columns.kind) if columns.kind else pa.chunked_array([pa.repeat("visit", size)])
    return pa.table(
        {
            "name": _name(named, columns.id or "id"),
            "person": _name(column(columns.person), columns.person),
            "time": _instants(column(columns.time), columns.time),
            "channel": _text(column(columns.channel), columns.channel),
            "converted": _flags(column(columns.conversion), columns.conversion),
            "net": _minor(worth, columns.value or "value", decimals),
            "stage": _text(stage, columns.stage or "stage").fill_null(UNKNOWN),
            "kind": _text(kind, columns.kind or "kind").fill_null("visit"),
        }
    )


def _name(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return names as texts. Whole numbers that a missing one has made floats are whole numbers again."""
    if pa.types.is_floating(column.type):
        column = cast(column, pa.int64(), name)
    return _text(column, name)


def _text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return a column as texts; those that are blank are missing."""
    return without_blanks(cast(column, pa.string(), name))


def _instants(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return microseconds since the epoch; times without a zone are UTC."""
    if not len(column):
        return pa.chunked_array([pa.array([], pa.int64())])
    if column.null_count:
        first = _first(pc.is_null(column))
        many = f"{column.null_count} rows have no {name}, the first of them row {first}"
        missing = many if column.null_count > 1 else f"row {first} has no {name}"
        raise ConfigError(missing, "Leave out what has none, or tell when it was.")
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        raise ConfigError(f"the column {name!r} holds numbers, of seconds or of what else is not said", FROM_NUMBERS)
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise ConfigError(f"the column {name!r} is of {column.type}", "Turn it into timestamps first.")
    unit = pa.timestamp("us", getattr(column.type, "tz", None))
    if getattr(column.type, "unit", None) == "ns":
        return column.cast(unit, safe=False).cast(pa.int64())
    return cast(column, unit, name, "Correct the times: these are too far from now.").cast(pa.int64())


def _first(wrong: pa.ChunkedArray) -> int:
    """Return the number of the first row of which something holds."""
    found: int = pc.index(wrong, True).as_py()
    return found


def _flags(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if not pa.types.is_boolean(column.type):
        told = numbers(column, name)
        if unknown := pc.sum(pc.is_nan(told)).as_py():
            first = _first(pc.is_nan(told))
            raise ConfigError(
                f"the column {name!r} holds what is no number (NaN) in {unknown} rows, the first of them row {first}",
                "Put 0 or null in its place.",
            )
        column = pc.not_equal(told, 0.0)
    return pc.fill_null(column, False)


def _minor(column: pa.ChunkedArray, name: str, decimals: int) -> pa.ChunkedArray:
    """Return whole minor units; half a unit is rounded to the even one."""
    if pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        minor, most = _minor_exactly(column, name, decimals), pa.scalar(MOST, _WIDE)
    else:
        amounts = pc.fill_null(numbers(column, name), 0.0)
        minor, most = pc.round(pc.multiply(amounts, float(10**decimals)), round_mode="half_to_even"), float(MOST)
    fits = pc.less(pc.abs(minor), most)
    if not pc.all(fits, min_count=0).as_py():
        first = _first(pc.invert(fits))
        raise ConfigError(
            f"the column {name!r} holds {column[first]} in row {first}, which is too great, or no number",
            f"Correct the amount: with {decimals} decimals the greatest is {MOST // 10**decimals:,}.",
        )
    return minor.cast(pa.int64())


def _minor_exactly(column: pa.ChunkedArray, name: str, decimals: int) -> pa.ChunkedArray:
    """Return decimals or whole numbers as minor units, without a detour by floats."""
    wide = cast(column, pa.decimal128(38, getattr(column.type, "scale", 0)), name)
    amounts = cast(pc.round(wide, decimals, round_mode="half_to_even"), pa.decimal128(38, decimals), name)
    return pa.chunked_array([pc.fill_null(amounts.combine_chunks(), 0).view(_WIDE)])


def _once(rows: pa.Table) -> pa.Table:
    """Keep the first of the rows that have one id, and all that have none."""
    numbered = rows.append_column("row", pa.array(range(len(rows)), pa.int64()))
    named = numbered.filter(pc.is_valid(numbered["name"]))
    first = named.group_by("name").aggregate([("row", "min")])["row_min"].combine_chunks()
    without = numbered.filter(pc.is_null(numbered["name"]))["row"].combine_chunks()
    kept = pa.concat_arrays([first, without])
    return rows.take(kept.take(pc.sort_indices(kept)))


def _touches(rows: pa.Table) -> pa.Table:
    """Return the touchpoints; one that is a conversion too, of somebody known, belongs to that one."""
    size = len(rows)
    own = pc.and_(rows["converted"], pc.is_valid(rows["person"]))
    return pa.table(
        {
            "touch_uid": rows["uid"],
            "name": rows["name"],
            "person": rows["person"],
            "occurred_at": rows["time"],
            "channel": rows["channel"],
            "stage": rows["stage"],
            "sale_uid": pc.if_else(own, rows["uid"], pa.scalar(None, pa.string())),
            "time_is_bound": pa.repeat(False, size),
            "kind": rows["kind"],
            "is_counted": pa.repeat(True, size),
        }
    )


def _sales(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "order_uid": rows["uid"],
            "name": rows["name"],
            "person": rows["person"],
            "placed_at": rows["time"],
            "net": rows["net"],
        }
    )
