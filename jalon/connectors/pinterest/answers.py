"""Take apart what Pinterest answers: pages with a bookmark, ids, days.

https://developers.pinterest.com/docs/reference/pagination/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jalon.connectors.base import Answer, Session, Wait

Row = dict[str, Any]
DAY = 86_400
FARTHEST = timedelta(days=89)
"""How far back figures are asked for: the platform takes a first day up to 90 days back, by its own clock."""


def items(answer: Answer) -> list[Row]:
    """Return the objects of a page. Raises `Wait` if it is no page: nothing is dropped."""
    return rows(answer.data.get("items"), "items")


def rows(found: Any, what: str) -> list[Row]:
    """Return a list of objects; left out or null is empty. Raises `Wait` for anything else."""
    found = found or []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Wait(f"the answer's {what!r} is not a list of objects")
    return found


def bookmark(answer: Answer) -> str | None:
    """Return the mark of the next page; None (null, left out, empty) says that this was the last, however short."""
    return text(answer.data.get("bookmark")) or None


def page(query: Mapping[str, str], mark: str | None) -> Mapping[str, str]:
    """Return the query of a page: the first has no bookmark."""
    return {**query, "bookmark": mark} if mark else query


def text(value: Any) -> str:
    """Return an id as text, exactly, whether it came as text or as a whole number; else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def part(row: Row, name: str) -> Row:
    """Return an object within a row; empty where it is left out or something else."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def is_id(value: str) -> bool:
    """Say whether a text can be an id of the platform (it becomes part of a path)."""
    return value.isascii() and value.isdigit() and len(value) <= 24


def today(session: Session) -> date:
    """Return the UTC day that it is: Pinterest counts by these."""
    return datetime.fromtimestamp(session.now(), UTC).date()


def earliest(session: Session) -> date:
    """Return the first day that figures are asked for: the first one wanted, at most 89 days back."""
    now = today(session)
    since: date = session.settings.since or now - FARTHEST
    return min(max(since, now - FARTHEST), now)
