"""Take apart what TikTok Shop answers: lists that are left out when empty, page tokens, ids, update times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jalon.connectors.base import Answer, Wait

Row = dict[str, Any]


def data_of(answer: Answer) -> Row:
    """Return the `data` of a good answer; an empty object where the platform sends null."""
    return answer.data.get("data") or {}


def total(data: Row) -> int | None:
    """Return how many rows the platform counts in what was asked for."""
    count = data.get("total_count")
    return count if type(count) is int else None


def rows(data: Row, name: str) -> list[Row]:
    """Return a list of objects; left out or null is empty. Raises `Wait` if it is anything else: nothing is dropped."""
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Wait(f"the answer's {name!r} is not a list of objects")
    return found


def page_token(data: Row) -> str | None:
    """Return the token of the next page; None (or an empty one) says that this was the last."""
    return text(data.get("next_page_token")) or None


def with_token(query: Mapping[str, str], token: str | None) -> Mapping[str, str]:
    """Return the query of a page: the first has no token."""
    return {**query, "page_token": token} if token else query


def text(value: Any) -> str:
    """Return an id as text, exactly, whether it came as text or as a whole number; else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def version(row: Row) -> int:
    """Return a record's own update time in microseconds; 0 where it has none."""
    at = row.get("update_time")
    return at * 1_000_000 if isinstance(at, int) and 0 < at < 1 << 40 else 0
