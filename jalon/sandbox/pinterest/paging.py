"""Bookmarks and parameters of Pinterest, played: https://developers.pinterest.com/docs/reference/pagination/."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from jalon.sandbox.pinterest.door import Refused

T = TypeVar("T")
_MARK = b"UHJv"


def page(rows: Sequence[T], query: Mapping[str, str], *, usual: int = 25, most: int = 250) -> dict[str, Any]:
    """Return the page of `rows` that a query asks for, and the bookmark of the next one; null at the end."""
    size = number(query, "page_size", usual, 1, most)
    first = _offset(query.get("bookmark", ""))
    last = first + size
    return {"items": list(rows[first:last]), "bookmark": _bookmark(last) if last < len(rows) else None}


def _bookmark(offset: int) -> str:
    return base64.urlsafe_b64encode(_MARK + str(offset).encode()).decode()


def _offset(mark: str) -> int:
    if not mark:
        return 0
    try:
        raw = base64.urlsafe_b64decode(mark)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(_MARK) or not raw[len(_MARK) :].isdigit():
        raise Refused(400, 1, "Invalid bookmark.")
    return int(raw[len(_MARK) :])


def number(query: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    """Return a number of a query; refuse what is none or out of its bounds."""
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise Refused(400, 1, f"Parameter '{name}' must be a number from {least} to {most}.")
    return int(text)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return a yes or no of a query, left out no; refuse what is neither."""
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise Refused(400, 1, f"Parameter '{name}' was not boolean.")
    return text == "true"


def span(words: Mapping[str, Any], today: date, back: int, longest: int, message: str) -> tuple[date, date]:
    """Return start and end date; refuse a start more than `back` days ago, or an end more than `longest` days on."""
    try:
        start, end = date.fromisoformat(str(words["start_date"])), date.fromisoformat(str(words["end_date"]))
    except (KeyError, ValueError) as error:
        raise Refused(400, 400, message) from error
    if start > end or today - start > timedelta(days=back) or end - start > timedelta(days=longest):
        raise Refused(400, 400, message)
    return start, end


def chosen(query: Mapping[str, str], name: str, known: Sequence[str], message: str, usual: str | None = None) -> str:
    """Return a word of a query out of those that are known; without `usual` it is required."""
    word = query.get(name, usual)
    if word not in known:
        raise Refused(400, 400, message)
    return str(word)
