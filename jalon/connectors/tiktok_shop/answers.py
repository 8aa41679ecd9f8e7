"""Take apart what TikTok Shop answers: lists that are left out when empty, page tokens, ids, update times."""

from __future__ import annotations

from collections.abc import Mapping

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Answer


def data_of(answer: Answer) -> Row:
    """Return the `data` of a good answer; an empty object where the platform sends null."""
    return answer.data.get("data") or {}


def total(data: Row) -> int | None:
    """Return how many rows the platform counts in what was asked for."""
    count = data.get("total_count")
    return count if type(count) is int else None


def page_token(data: Row) -> str | None:
    """Return the token of the next page; None (or an empty one) says that this was the last."""
    return text(data.get("next_page_token")) or None


def with_token(query: Mapping[str, str], token: str | None) -> Mapping[str, str]:
    """Return the query of a page: the first has no token."""
    return {**query, "page_token": token} if token else query


def version(row: Row) -> int:
    """Return a record's own update time in microseconds; 0 where it has none."""
    at = row.get("update_time")
    return at * 1_000_000 if isinstance(at, int) and 0 < at < 1 << 40 else 0
