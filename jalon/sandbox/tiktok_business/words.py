"""The words of the played TikTok API for Business: its envelope, its refusals, lists and objects in a query.

Own reading of https://business-api.tiktok.com/portal/docs?id=1737172488964097: almost everything comes with HTTP 200,
and `code` says whether it is good.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web

Row = dict[str, Any]
ZONE = ZoneInfo("America/Chicago")
"""Of the ad account, which is elsewhere than the shop."""
CURRENCY = "USD"
LONGEST = 30
"""Days that a report by day may span."""
_NUMBERS = itertools.count(1)


class Refused(Exception):
    """An error in the platform's form."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    """A question that the door let in."""

    query: Mapping[str, str]
    words: Row

    def needed(self, name: str) -> str:
        """Return a parameter that must be there."""
        if not self.query.get(name):
            raise Refused(40002, f"{name}: Missing data for required field.")
        return self.query[name]

    def value(self, name: str, kind: type, usual: Any = None) -> Any:
        """Return a list or an object that is written as JSON."""
        if name not in self.query:
            return usual
        try:
            found = orjson.loads(self.query[name])
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, kind):
            raise Refused(40002, f"{name}: Field must be set to {'object' if kind is dict else 'array'}.")
        return found

    def number(self, name: str, usual: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        written = self.query.get(name, str(usual))
        if not written.isdecimal() or not 1 <= int(written) <= most:
            raise Refused(40002, f"{name}: Invalid value, must be between 1 and {most}.")
        return int(written)

    def named(self, name: str, known: frozenset[str], usual: Sequence[str]) -> list[str]:
        """Return the words of a list, all of which are known."""
        found: list[str] = self.value(name, list, list(usual))
        if strange := [word for word in found if word not in known]:
            raise Refused(40002, f"{name}: Invalid value {strange[0]!r}.")
        return found

    def days(self) -> tuple[date, date]:
        """Return the first and the last day that are asked for, both included."""
        try:
            first, last = (date.fromisoformat(self.needed(name)) for name in ("start_date", "end_date"))
        except ValueError:
            raise Refused(40002, "start_date, end_date: Not a valid date.") from None
        if last < first or (last - first).days >= LONGEST:
            raise Refused(40002, f"The time span of the query cannot exceed {LONGEST} days.")
        return first, last


def envelope(data: Row, code: int = 0, message: str = "OK") -> web.Response:
    """Return an answer in the platform's form."""
    number = f"2026112500000000{next(_NUMBERS):08d}"
    body = {"code": code, "message": message, "request_id": number, "data": data}
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def refusal(refused: Refused) -> web.Response:
    """Return the answer that says no: with HTTP 200."""
    return envelope({}, refused.code, refused.message)


def too_fast() -> web.Response:
    """Return the answer to a request too many."""
    return refusal(Refused(40100, "Too many requests. Please retry later."))


def paged(call: Call, found: list[Row], name: str, *, most: int) -> Row:
    """Return a page of rows; where it has none, the list is left out."""
    page, size = call.number("page", 1, 1 << 30), call.number("page_size", 10, most)
    rows = found[(page - 1) * size : page * size]
    pages = max(1, -(-len(found) // size))
    info = {"page": page, "page_size": size, "total_number": len(found), "total_page": pages}
    return {"page_info": info} | ({name: rows} if rows else {})


def local_day(at: float) -> date:
    """Return the ad account's day at a unix time."""
    return datetime.fromtimestamp(at, ZONE).date()


def utc_day(at: float) -> date:
    """Return the UTC day at a unix time."""
    return datetime.fromtimestamp(at, UTC).date()
