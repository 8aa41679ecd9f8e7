"""Take apart what Google's APIs answer: lists that are left out when empty, page tokens, ids, times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jalon.connectors.answers import Row, text

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Where YouTube's days begin, for every channel."""


def page_token(data: Row) -> str | None:
    """Return the token of the next page; None says that this was the last."""
    return text(data.get("nextPageToken")) or None


def with_token(query: Mapping[str, str], token: str | None) -> Mapping[str, str]:
    """Return the query of a page: the first has no token."""
    return {**query, "pageToken": token} if token else query


def moment(value: Any) -> float | None:
    """Return the unix seconds of a time such as 2026-11-10T08:00:00.5Z, to the microsecond; None: it is none."""
    written = text(value)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def zulu(seconds: float) -> str:
    """Return unix seconds as the APIs write a time, to the whole second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chunks(ids: list[str], size: int) -> list[list[str]]:
    """Cut ids into lists of at most `size`."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
