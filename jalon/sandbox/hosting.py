"""The web host that a shop runs on: it limits requests, answers with pages of its own, and prints before answers."""

from __future__ import annotations

import time

from aiohttp import web

PHP_WARNING = (
    b'<br />\n<b>Warning</b>:  Undefined array key "x" in <b>/var/www/plugins/a/b.php</b> on line <b>12</b><br />\n'
)
"""What PHP prints before an answer where `display_errors` is on."""


class Host:
    """A small host in front of a shop.

    `limits["requests_per_second"]` (0: no limit) is what it bears, one second's worth at once; `prints` is put before
    each answer; with `drops_authorization` the shop never sees that header; with `blocks` its firewall lets nobody in.
    """

    def __init__(self, limits: dict[str, float]) -> None:
        self.prints = b""
        self.drops_authorization = False
        self.blocks = False
        self._limits = limits
        self._left = self._seen = 0.0
        self._refused = 0

    def in_front(self) -> web.Response | None:
        """Return what the host answers itself; None where the request gets through."""
        if self.blocks:
            return page(403, "Access denied", {})
        per_second = self._limits["requests_per_second"]
        if per_second <= 0:
            return None
        now = time.monotonic()
        self._left = min(max(1.0, per_second), self._left + (now - self._seen) * per_second)
        self._seen = now
        if self._left < 1:
            return self.too_fast()
        self._left -= 1
        return None

    def too_fast(self) -> web.Response:
        """Return a refusal, by turns in one of the two forms that hosts use."""
        self._refused += 1
        after = {"Retry-After": "1"}
        return page(429, "Too Many Requests", after) if self._refused % 2 else page(503, "Unavailable", after)

    def authorization(self, request: web.Request) -> str:
        """Return the header as the shop sees it."""
        return "" if self.drops_authorization else request.headers.get("Authorization", "")


def page(status: int, title: str, headers: dict[str, str]) -> web.Response:
    """Return a page of the host: HTML, where a client expected JSON."""
    text = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)
