"""Take apart what Pinterest answers: pages with a bookmark, ids, days.

https://developers.pinterest.com/docs/reference/pagination/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta

from jalon.connectors import days
from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Answer, Session

DAY = 86_400
FARTHEST = timedelta(days=89)
"""How far back figures are asked for: the platform takes a first day up to 90 days back, by its own clock."""


def items(answer: Answer) -> list[Row]:
    """Return the objects of a page. Raises `Wait` if it is no page: nothing is dropped."""
    return rows(answer.data, "items")


def bookmark(answer: Answer) -> str | None:
    """Return the mark of the next page; None (null, left out, empty) says that this was the last, however short."""
    return text(answer.data.get("bookmark")) or None


def page(query: Mapping[str, str], mark: str | None) -> Mapping[str, str]:
    """Return the query of a page: the first has no bookmark."""
    return {**query, "bookmark": mark} if mark else query


def is_id(value: str) -> bool:
    """Say whether a text can be an id of the platform (it becomes part of a path)."""
    return value.isascii() and value.isdigit() and len(value) <= 24


def today(session: Session) -> date:
    """Return the UTC day that it is: Pinterest counts by these."""
    return days.today(session, UTC)


def earliest(session: Session) -> date:
    """Return the first day that figures are asked for: the first one wanted, at most 89 days back."""
    now = today(session)
    since: date = session.settings.since or now - FARTHEST
    return min(max(since, now - FARTHEST), now)
