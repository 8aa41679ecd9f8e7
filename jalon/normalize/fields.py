"""Read fields of a record, strictly: what is there must be of its kind, and what is missing is told apart from empty.

For all normalizers. Everything raises `Unfit` with one of the reason codes: missing_field, bad_record, negative_amount,
negative_quantity, and those of `money` and `times`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jalon.normalize.money import MAX_DIGITS, minor
from jalon.normalize.times import instant_from_unix
from jalon.normalize.vocabulary import Instant, Unfit

Row = dict[str, Any]


def needed(row: Row, name: str) -> str:
    """Return an id, or another text without which the record means nothing. Raises `Unfit('missing_field')`."""
    value = row.get(name)
    if type(value) is str and value:
        return value
    if type(value) is int:
        return str(value)
    raise Unfit("missing_field", f"{name!r} is missing")


def objects(row: Row, name: str) -> list[Row]:
    """Return a list of objects, empty where it is left out. Raises `Unfit('bad_record')` for anything else."""
    found = row.get(name) or []
    if type(found) is not list:
        raise Unfit("bad_record", f"{name!r} is no list of objects")
    for item in found:
        if type(item) is not dict:
            raise Unfit("bad_record", f"{name!r} is no list of objects")
    return found


def inner(row: Row, name: str) -> Row:
    """Return an object, empty where it is left out. Raises `Unfit('bad_record')` for anything else."""
    found = row.get(name) or {}
    if type(found) is not dict:
        raise Unfit("bad_record", f"{name!r} is no object")
    return found


def text(row: Row, name: str) -> str | None:
    """Return a text, or an id that came as a number; None where left out or empty. Raises `Unfit('bad_record')`."""
    value = row.get(name)
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    raise Unfit("bad_record", f"{name!r} is no text")


def texts(row: Row, name: str) -> list[str]:
    """Return the texts in a list, empty where it is left out; none for null or ''. Raises `Unfit('bad_record')`."""
    found = row.get(name) or []
    if type(found) is not list or not all(each is None or type(each) in (str, int) for each in found):
        raise Unfit("bad_record", f"{name!r} is no list of texts")
    return [str(each) for each in found if each not in (None, "")]


def not_negative(units: int) -> int:
    """Return an amount of money as it is. Raises `Unfit('negative_amount')` below zero."""
    if units < 0:
        raise Unfit("negative_amount", f"{units} minor units")
    return units


def amount(row: Row, name: str, currency: str) -> int:
    """Return an amount in minor units; left out or empty is 0. Raises `Unfit`."""
    written = row.get(name)
    if written is None or written == "":
        return 0
    return _units(written, currency) if type(written) is str else not_negative(minor(written, currency))


@lru_cache(maxsize=1 << 14)
def _units(written: str, currency: str) -> int:
    """Remember the amounts of late: prices repeat."""
    return not_negative(minor(written, currency))


def count(value: Any, name: str) -> int:
    """Return a count, which may come as text. Raises `Unfit('negative_quantity')` for what is none."""
    if type(value) is str and value.isdecimal() and len(value) < MAX_DIGITS:
        value = int(value)
    if type(value) is not int or not 0 <= value < 10**MAX_DIGITS:
        raise Unfit("negative_quantity", f"{name} is {str(value)[:20]}, which is no count")
    return value


def moment(seconds: Any) -> Instant | None:
    """Return a time that may not have come yet: left out, null, empty or 0."""
    return instant_from_unix(seconds) if seconds and seconds != "0" else None
