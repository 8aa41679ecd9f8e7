"""The envelope of TikTok Shop's answers: code, message, request id, data; errors of business come in it too."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web


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
