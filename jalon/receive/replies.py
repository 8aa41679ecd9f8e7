"""Answers of the receiver, made once and sent as they are.

An answer tells the sender what to do next and nothing else; none repeats anything of the question.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

RETRY_SECONDS = 30
_HEADERS = "X-Content-Type-Options: nosniff\r\n"


class Reply(web.StreamResponse):
    """A finished answer, the same for every question: one write, and nothing kept between requests."""

    def __init__(
        self, status: int, text: str = "", *, keep: bool = False, extra: str = "", kind: str = "text/plain"
    ) -> None:
        super().__init__(status=status)
        self._stays = keep
        body = text.encode()
        about = f"Content-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n" if status != 204 else ""
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_HEADERS}{extra}{about}"
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
FOREIGN = Reply(403, "events are taken from the site's own pages\n")
UNKNOWN = Reply(404, "nothing here\n")
WRONG_METHOD = Reply(405, "send deliveries with POST\n", extra="Allow: POST\r\n")
SLOW = Reply(408, "the request took too long\n")
LARGE = Reply(413, "the body is too large\n")
ENCODED = Reply(415, "send the body without a Content-Encoding\n")
BROKEN = Reply(500, "the request could not be answered\n")
BUSY = Reply(503, "cannot be stored now, send it again later\n", extra=f"Retry-After: {RETRY_SECONDS}\r\n")
HEALTHY = Reply(200, "ok\n")


def stays(request: web.BaseRequest, closing: bool) -> bool:
    """Say whether the connection goes on after the answer."""
    return bool(request.keep_alive) and not closing and request.version >= HttpVersion11


def stored(request: web.BaseRequest, closing: bool) -> Reply:
    """Return the acknowledgement that suits the connection."""
    return STORED if stays(request, closing) else STORED_LAST


class Redirect(web.StreamResponse):
    """A redirect, and what is done once it is on its way."""

    def __init__(self, location: bytes, then: Callable[[], None] | None = None, *, keep: bool = False) -> None:
        super().__init__(status=302)
        self._location, self._then, self._stays = location, then, keep

    @property
    def keep_alive(self) -> bool:
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the redirect; whoever has gone meanwhile was not sent on, and has not clicked."""
        transport = request.transport
        if transport is not None and not transport.is_closing():
            transport.write(_FOUND + self._location + (_FOUND_STAYS if self._stays else _FOUND_LAST))
            if self._then is not None:
                self._then()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: `prepare` has sent all."""


_FOUND = b"HTTP/1.1 302 Found\r\nLocation: "
_FOUND_STAYS = (
    b"\r\nCache-Control: no-store\r\nReferrer-Policy: strict-origin-when-cross-origin\r\nX-Robots-Tag: noindex\r\n"
    b"Content-Length: 0\r\n\r\n"
)
_FOUND_LAST = _FOUND_STAYS[:-2] + b"Connection: close\r\n\r\n"
