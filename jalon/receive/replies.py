"""Answers of the receiver, made once and sent as they are.

An answer tells the sender what to do next and nothing else; none repeats anything of the question.
"""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

RETRY_SECONDS = 30
_HEADERS = "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"


class Reply(web.StreamResponse):
    """A finished answer, the same for every question: one write, and nothing kept between requests."""

    def __init__(self, status: int, text: str = "", *, keep: bool = False, extra: str = "") -> None:
        super().__init__(status=status)
        self._stays = keep
        body = text.encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_HEADERS}{extra}Content-Length: {len(body)}\r\n"
        self._head = head.encode()
        self._whole = self._head + (b"\r\n" if keep else b"Connection: close\r\n\r\n") + body

    @property
    def keep_alive(self) -> bool:
        return self._stays

    @property
    def whole(self) -> bytes:
        """The bytes that are sent, status line to body."""
        return self._whole

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the answer."""
        transport = request.transport
        if transport is not None:
            transport.write(self._whole if request.method != "HEAD" else self._head + b"Connection: close\r\n\r\n")
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent all."""


STORED = Reply(200, keep=True)
STORED_LAST = Reply(200)
"""The same, for a connection that ends with it."""
KNOCKED = Reply(200)
"""To an unsigned question whether anybody is there: nothing is stored."""
BAD_REQUEST = Reply(400, "not a well-formed request\n")
UNSIGNED = Reply(401, "the signature is missing or wrong\n")
UNKNOWN = Reply(404, "nothing here\n")
WRONG_METHOD = Reply(405, "send deliveries with POST\n", extra="Allow: POST\r\n")
SLOW = Reply(408, "the request took too long\n")
LARGE = Reply(413, "the body is too large\n")
ENCODED = Reply(415, "send the body without a Content-Encoding\n")
BROKEN = Reply(500, "the request could not be answered\n")
BUSY = Reply(503, "cannot be stored now, send it again later\n", extra=f"Retry-After: {RETRY_SECONDS}\r\n")
HEALTHY = Reply(200, "ok\n")


def stored(request: web.BaseRequest, closing: bool) -> Reply:
    """Return the acknowledgement that suits the connection."""
    return STORED if request.keep_alive and not closing and request.version >= HttpVersion11 else STORED_LAST
