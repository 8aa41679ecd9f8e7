"""The door of TikTok Shop, played: who may call, how often, and in which envelope answers come.

Own reading of Partner Center, "Sign your API request", "Authorization overview", "Common parameters" and "Rate limits".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.tiktok_shop.envelope import Call, Refused, envelope, refusal
from jalon.sandbox.tiktok_shop.tokens import Tokens

MINUTES_BACK = 300
SECONDS_AHEAD = 30
UNSIGNED = frozenset({"sign", "access_token"})

Answer = Callable[[Call], bytes | dict[str, Any]]


def sign(secret: str, path: str, query: Mapping[str, str], body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA256 over secret + path + sorted decoded query + raw body + secret."""
    pairs = "".join(f"{name}{query[name]}" for name in sorted(query) if name not in UNSIGNED)
    text = f"{secret}{path}{pairs}".encode() + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class Allowance:
    """So many requests per second of real time, one second's worth at once; 0 means no limit."""

    def __init__(self) -> None:
        self._left = 0.0
        self._seen = 0.0
        self._refusals = 0

    def take(self, per_second: float) -> None:
        """Take one request, or raise Refused in one of the two forms that the platform uses."""
        if per_second <= 0:
            return
        now = time.monotonic()
        self._left = min(max(1.0, per_second), self._left + (now - self._seen) * per_second)
        self._seen = now
        if self._left < 1:
            raise self.refused()
        self._left -= 1

    def refused(self) -> Refused:
        """Return the refusal: by turns HTTP 429 with Retry-After and a code inside HTTP 200."""
        self._refusals += 1
        if self._refusals % 2:
            return Refused(36009002, "Request rate limit exceeded.", 429, {"Retry-After": "1"})
        return Refused(36009002, "Request rate limit exceeded.")


@dataclass(slots=True)
class Door:
    """Check each request before it is answered."""

    app_key: str
    app_secret: str
    cipher: str
    clock: Clock
    tokens: Tokens
    limits: dict[str, float]
    allowance: Allowance

    def route(
        self, scope: str | None, answer: Answer, *, shop: bool = True
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the handler of an endpoint that needs `scope`, and a shop's cipher unless `shop` is False."""

        async def handle(request: web.Request) -> web.Response:
            try:
                words = await self._admit(request, scope, shop)
                data = answer(Call(request.query, words, request.match_info))
            except Refused as refused:
                return refusal(refused)
            text = data if isinstance(data, bytes) else orjson.dumps(data)
            return web.Response(body=envelope(text), content_type="application/json")

        return handle

    async def _admit(self, request: web.Request, scope: str | None, shop: bool) -> Mapping[str, Any]:
        """Run every check in the platform's order, and return the JSON body (empty when there is none)."""
        query = request.query
        if query.get("app_key") != self.app_key:
            message = "Invalid credentials. Invalid 'app_key' query parameter. Please use a valid 'app_key'."
            raise Refused(36009004, message, 400)
        self._check_time(query.get("timestamp", ""))
        raw = await request.read()
        self._check_sign(request, raw)
        self.tokens.check(request.headers.get("x-tts-access-token", ""), scope)
        if shop and not query.get("shop_cipher"):
            raise Refused(106013, "Invalid 'shop_cipher' query parameter: it is missing.")
        if shop and query["shop_cipher"] != self.cipher:
            raise Refused(101000, "The access token does not fit this shop.")
        self.allowance.take(self.limits["requests_per_second"])
        return _body(raw)

    def _check_time(self, text: str) -> None:
        """Accept the client's clock when it agrees with real time or with the sandbox's own."""
        skew = self.limits["clock_skew"]
        moments = (self.clock.real() + skew, self.clock.now() + skew)
        given = int(text) if text.isascii() and text.isdigit() and len(text) == 10 else None
        if given is None or not any(now - MINUTES_BACK <= given <= now + SECONDS_AHEAD for now in moments):
            raise Refused(36009004, "Invalid timestamp: it is expired or too far ahead. Check the clock.", 400)

    def _check_sign(self, request: web.Request, raw: bytes) -> None:
        body = b"" if request.content_type == "multipart/form-data" else raw
        right = sign(self.app_secret, request.path, dict(request.query), body)
        given = request.query.get("sign", "").encode()
        if not hmac.compare_digest(right.encode(), given):
            raise Refused(106001, "The signature is invalid.", 401)


def _body(raw: bytes) -> Mapping[str, Any]:
    if not raw:
        return {}
    try:
        words = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(36009004, "The body is not valid JSON.", 400) from error
    if not isinstance(words, dict):
        raise Refused(36009004, "The body must be a JSON object.", 400)
    return words
