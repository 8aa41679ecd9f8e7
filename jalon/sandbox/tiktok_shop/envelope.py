"""The envelope of TikTok Shop's answers: code, message, request id, data; errors of business come in it too."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

SORTED_BY = frozenset({"create_time", "update_time"})
ORDERS = frozenset({"ASC", "DESC"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the door let in: decoded query, JSON body (empty where there is none), variables of the path."""

    query: Mapping[str, str]
    words: Mapping[str, Any]
    path: Mapping[str, str]


class Refused(Exception):
    """A business error: the platform's `code` and `message`, mostly inside HTTP 200."""

    def __init__(self, code: int, message: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}


def word(query: Mapping[str, str], name: str, known: Collection[str], usual: str | None = None) -> str:
    """Return a word of a query, `usual` where it is left out; raise Refused for one that the platform does not know."""
    given = query.get(name, usual)
    if given is None or given not in known:
        raise Refused(36009004, f"Invalid '{name}' query parameter.")
    return given


def second(words: Mapping[str, Any], name: str) -> int | None:
    """Return a time of a body, None where it is left out; raise Refused unless it is a whole number of seconds."""
    value = words.get(name)
    if value is None:
        return None
    if type(value) is not int or value >= 1 << 33:
        raise Refused(36009004, f"Invalid '{name}': give a Unix timestamp in seconds.")
    return value


def texts(words: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of a body, empty where it is left out; raise Refused unless it is one of texts."""
    value = words.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(36009004, f"Invalid '{name}': give a list of strings.")
    return value


_REQUESTS = itertools.count(1)


def envelope(data: bytes, code: int = 0, message: str = "Success") -> bytes:
    """Return the bytes of an answer around the JSON text `data`."""
    return b'{"code":%d,"data":%b,"message":%b,"request_id":"%026d"}' % (
        code,
        data,
        orjson.dumps(message),
        2026112000 * 10**16 + next(_REQUESTS),
    )


def refusal(refused: Refused) -> web.Response:
    """Return the answer that tells a caller no."""
    return web.Response(
        status=refused.status,
        headers=dict(refused.headers),
        body=envelope(b"null", refused.code, refused.message),
        content_type="application/json",
    )
