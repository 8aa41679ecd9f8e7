"""What the played Google APIs say: calls that were let in, and refusals in the envelopes of each.

Own reading of the error pages of the YouTube Data API, Google's API design guide (Errors) and RFC 6749.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web

T = TypeVar("T")
PACIFIC = ZoneInfo("America/Los_Angeles")
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the door let in: decoded query, JSON body (empty where there is none), variables of the path."""

    query: Mapping[str, str]
    words: Mapping[str, Any]
    path: Mapping[str, str]
    base: str
    """The address that was called, without path."""


class Refused(Exception):
    """A refusal: HTTP status, reason, domain, message; `quota` is the name of the limit that was hit.

    `exact` is what the Merchant API tells beside its reason.
    """

    def __init__(
        self, status: int, reason: str, message: str, domain: str = "global", quota: str = "", exact: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.quota = quota
        self.exact = exact


def classic(refused: Refused) -> web.Response:
    """Return a refusal as the Data API and Analytics write it."""
    one = {"message": refused.message, "domain": refused.domain, "reason": refused.reason}
    error = {"code": refused.status, "message": refused.message, "errors": [one]}
    return web.json_response({"error": error}, status=refused.status)


def plain(refused: Refused) -> web.Response:
    """Return a refusal as the Reporting and the Merchant API write it."""
    metadata = {"quota_limit": refused.quota, "quota_limit_value": "60"} if refused.quota else {}
    metadata |= {"REASON": refused.exact} if refused.exact else {}
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": refused.reason, "metadata": metadata}
    status = "RESOURCE_EXHAUSTED" if refused.status == 429 else STATUS.get(refused.status, "INTERNAL")
    details = [info] if refused.reason else []
    error = {"code": refused.status, "message": refused.message, "status": status, "details": details}
    return web.json_response({"error": error}, status=refused.status)


# --- times ------------------------------------------------------------------------------------------------------------


def zulu(at: float) -> str:
    """Return a unix time as 2026-11-10T08:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def midnight(day: date, zone: ZoneInfo = PACIFIC) -> float:
    """Return the unix time at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def today(now: float, zone: ZoneInfo = PACIFIC) -> date:
    """Return the local day at a unix time."""
    return datetime.fromtimestamp(now, UTC).astimezone(zone).date()


def day(text: str, name: str) -> date:
    """Return a day of a query; raise Refused for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, "badRequest", f"Invalid value '{text}' for {name}.") from error


def known(words: Mapping[str, Any], *names: str) -> None:
    """Refuse a body that is no object, or names what a message does not have."""
    if not isinstance(words, dict):
        raise Refused(400, "", "Invalid JSON payload received.")
    if unknown := set(words) - set(names):
        raise Refused(400, "", f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.')


# --- pages ------------------------------------------------------------------------------------------------------------


def page(rows: Sequence[T], token: str, size: int) -> tuple[Sequence[T], str]:
    """Return the rows of the page behind a token, and the token of the next one, empty at the end."""
    first = _offset(token)
    last = first + size
    following = base64.urlsafe_b64encode(b"jalon %d" % last).decode() if last < len(rows) else ""
    return rows[first:last], following


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        raw = base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(b"jalon ") or not raw[6:].isdigit():
        raise Refused(400, "invalidPageToken", "The request specifies an invalid page token.", "youtube.parameter")
    return int(raw[6:])


def size(query: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """Return how many rows a query wants on a page."""
    text = query.get(name, str(usual))
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise Refused(400, "invalidParameter", f"Invalid value '{text}'. Values must be within the range: [1, {most}]")
    return int(text)
