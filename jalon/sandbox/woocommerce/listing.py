"""How WordPress lists: filters by time, pages by number, and refuses parameters that it cannot read.

Parameters that it does not know it ignores, and lists everything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
MOST = 100


class Refused(Exception):
    """An error of the REST API."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.data = code, message, status, data

    def form(self) -> dict[str, Any]:
        """Return the error as it is written."""
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}


def window(query: Mapping[str, str], zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Return the seconds [low, high) that `modified_after` and `modified_before` mean: both ends are exclusive."""
    gmt = query.get("dates_are_gmt", "false") in ("1", "true")
    after, before = (_moment(query, name, zone, gmt) for name in ("modified_after", "modified_before"))
    return (None if after is None else after + 1), before


def _moment(query: Mapping[str, str], name: str, zone: ZoneInfo, gmt: bool) -> int | None:
    """Return a time as it is compared: one with a zone becomes the site's time first, even where GMT is compared."""
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name])
    except ValueError:
        raise _invalid(name) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    return int(moment.replace(tzinfo=UTC if gmt else zone).timestamp())


def cut(
    rows: Sequence[T], query: Mapping[str, str], counts: bool, created: Callable[[T], int] | None = None
) -> tuple[Sequence[T], dict[str, str]]:
    """Return the rows of the page asked for, and the headers that count rows and pages if there are such.

    `rows` are by id; they are listed by when they were `created` unless another order is asked for. An `offset` stands
    above the number of a page.
    """
    size, number = _number(query, "per_page", 10, MOST), _number(query, "page", 1, 1 << 30)
    first = _number(query, "offset", (number - 1) * size, 1 << 40, least=0)
    for name, known in (("order", ("asc", "desc")), ("orderby", ("date", "id", "include", "title", "slug"))):
        if query.get(name, known[0]) not in known:
            raise _invalid(name)
    if created is not None and query.get("orderby", "date") == "date":
        rows = sorted(rows, key=created)
    pages = -(-len(rows) // size)
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)} if counts else {}
    ordered = rows if query.get("order", "desc") == "asc" else rows[::-1]
    return ordered[first : first + size], headers


def statuses(query: Mapping[str, str], known: Collection[str]) -> set[str]:
    """Return the statuses asked for; without any it is `any`."""
    asked = set(query.get("status", "any").split(","))
    if not asked <= {"any", "trash", *known}:
        raise _invalid("status")
    return asked


def _number(query: Mapping[str, str], name: str, usual: int, most: int, least: int = 1) -> int:
    text = query.get(name, str(usual))
    if not text.isdigit() or not least <= int(text) <= most:
        raise _invalid(name)
    return int(text)


def _invalid(name: str) -> Refused:
    return Refused("rest_invalid_param", f"Invalid parameter(s): {name}", 400, params={name: f"{name} is invalid."})
