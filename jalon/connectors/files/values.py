"""From what stands in a cell to what a record holds, as the user told how files are written. Nothing is guessed.

A cell is text (CSV), or what JSON and Parquet hold: numbers, true and false, times. Refusals (`Unusable`) name the
field, never the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jalon.connectors.base import Unusable
from jalon.connectors.templates.fields import Field
from jalon.identifiers import of_country

_CLOCK = re.compile(r"%(?!%)[HIMSfpXcT]")
"""Directives of a date format that tell a time of day."""
_GROUPS = {".": ",' \u00a0\u202f\u2009\u2019", ",": ".' \u00a0\u202f\u2009\u2019"}
"""Decimal mark -> marks that may part thousands beside it."""
_NUMBERS = {
    mark: re.compile(rf"(-?)(\d+|\d{{1,3}}(?:[{re.escape(others)}]\d{{3}})+)(?:{re.escape(mark)}(\d+))?(-?)", re.ASCII)
    for mark, others in _GROUPS.items()
}
"""Decimal mark -> sign, digits in threes or not, decimal places, sign."""
_SPLIT = re.compile(r"[\s,;]+")
TRUE, FALSE = frozenset(("true", "1", "yes", "oui", "ja", "y")), frozenset(("false", "0", "no", "non", "nein", "n"))
SAFE_INTEGER = 1 << 53
"""Above it a number that went through a floating point number is another number."""


class Manner(NamedTuple):
    """How values are written in a file."""

    decimal: str
    dates: str
    zone: ZoneInfo
    phone_prefix: str
    words: Mapping[str, Mapping[str, str]]
    """Field -> folded word of the file -> word of the record."""


def fold(text: str) -> str:
    """Return a head or a word without case, accents and punctuation: 'Receipt No.' is 'receipt_no'."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def convert(field: Field, cell: Any, manner: Manner) -> Any:
    """Return what a record holds for a cell; None where it is empty. Raises `Unusable`."""
    if isinstance(cell, str):
        cell = cell.strip()
    if cell is None or cell == "" or cell != cell:  # noqa: PLR0124  # not a number, which Parquet writes for nothing
        return None
    return _CONVERT.get(field.kind, _text)(field, cell, manner)


def _text(field: Field, cell: Any, _: Manner) -> str:
    """Return a text, or an id that came as a number."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < SAFE_INTEGER:
        cell = int(cell)
    if isinstance(cell, Decimal) and cell == cell.to_integral_value():
        cell = int(cell)
    if isinstance(cell, int):
        return str(cell)
    raise Unusable("misplaced", f"{field.name} is neither text nor a whole number")


def _number(field: Field, cell: Any, manner: Manner) -> str:
    """Return a plain decimal. Thousands may be parted by what is not the decimal mark, in threes."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float | Decimal) and isfinite(cell):
        return format(Decimal(repr(cell)) if isinstance(cell, float) else cell, "f")
    if not isinstance(cell, str):
        raise Unusable("bad_number", f"{field.name} is no number")
    found = _NUMBERS[manner.decimal].fullmatch(cell.replace("\u2212", "-"))
    if found is None or (found[1] and found[4]):
        raise Unusable("bad_number", f"{field.name} is no number with {manner.decimal!r} before its decimal places")
    sign = "-" if found[1] or found[4] else ""
    whole = "".join(digit for digit in found[2] if digit.isdigit())
    return f"{sign}{whole}.{found[3]}" if found[3] else f"{sign}{whole}"


def _whole(field: Field, cell: Any, manner: Manner) -> int:
    whole, _, places = _number(field, cell, manner).partition(".")
    if places.strip("0") or len(whole) > 18:
        raise Unusable("bad_number", f"{field.name} is no whole number")
    return int(whole)


def _time(field: Field, cell: Any, manner: Manner) -> str:
    """Return a time in ISO 8601 with its offset, or a day where nothing else is told."""
    try:
        found = _moment(cell, manner)
    except (ValueError, ArithmeticError, OSError, TypeError):
        raise Unusable("impossible_date", f"{field.name} is no time as {manner.dates!r} says") from None
    if not isinstance(found, datetime):
        return found.isoformat()
    return (found if found.tzinfo else found.replace(tzinfo=manner.zone)).isoformat()


def _moment(cell: Any, manner: Manner) -> date:
    if isinstance(cell, date):
        return cell
    if manner.dates in ("unix", "unix_ms"):
        seconds = Decimal(str(cell)) / (1000 if manner.dates == "unix_ms" else 1)
        return datetime.fromtimestamp(float(seconds), UTC)
    if not isinstance(cell, str):
        raise ValueError
    if manner.dates == "iso":
        return date.fromisoformat(cell) if len(cell) == 10 else datetime.fromisoformat(cell)
    found = datetime.strptime(cell, manner.dates)  # noqa: DTZ007  # the zone is told apart, or in the text
    return found if _CLOCK.search(manner.dates) else found.date()


def _day(field: Field, cell: Any, manner: Manner) -> str:
    """Return the day of a time: the one that is written, wherever that was."""
    return _time(field, cell, manner)[:10]


def _word(field: Field, cell: Any, manner: Manner) -> str:
    """Return a word of the record for a word of the file."""
    word = fold(_text(field, cell, manner))
    found = manner.words.get(field.name, {}).get(word, word)
    if field.words and found not in field.words:
        how = f'map it: words = {{ {field.name} = {{ "…" = "{field.words[0]}" }} }}'
        raise Unusable("unknown_word", f"{field.name} is none of {', '.join(field.words)}", how)
    return found


def _code(field: Field, cell: Any, manner: Manner) -> str:
    """Return a chosen code: by the user's words, else as it stands. Free text is refused at the door."""
    text = _text(field, cell, manner)
    return manner.words.get(field.name, {}).get(fold(text), text)


def _flag(field: Field, cell: Any, manner: Manner) -> bool:
    word = fold(_text(field, cell, manner))
    if word not in TRUE | FALSE:
        raise Unusable("misplaced", f"{field.name} is neither true nor false")
    return word in TRUE


def _currency(field: Field, cell: Any, manner: Manner) -> str:
    return _text(field, cell, manner).upper()


def _phone(field: Field, cell: Any, manner: Manner) -> str:
    """Return a number with its calling code, where the user tells the country of those that have none."""
    return of_country(_text(field, cell, manner), manner.phone_prefix)


def _ids(field: Field, cell: Any, manner: Manner) -> list[str]:
    items = cell if isinstance(cell, list) else _SPLIT.split(_text(field, cell, manner))
    return [_text(field, item, manner) for item in items if item not in (None, "")]


_CONVERT: Mapping[str, Any] = {
    "money": _number,
    "count": _whole,
    "integer": _whole,
    "time": _time,
    "day": _day,
    "word": _word,
    "name": _word,
    "code": _code,
    "flag": _flag,
    "currency": _currency,
    "phone": _phone,
    "ids": _ids,
}
