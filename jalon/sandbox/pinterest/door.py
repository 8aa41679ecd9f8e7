"""The door of Pinterest, played: tokens, scopes, limits, and the form in which it says no.

Own reading of https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/ and
https://developers.pinterest.com/docs/reference/rate-limits/.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.bearers import Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults

DAY = 86_400
AD_ACCOUNT = "549755885175"
SCOPES = ("pins:read", "boards:read", "user_accounts:read", "ads:read", "catalogs:read")
PER_MINUTE = {"org_read": 1000, "org_analytics": 60, "ads_analytics": 300, "ads_read": 120_000, "catalogs_read": 100}


class Refused(Exception):
    """An error in the platform's form."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def refusal(refused: Refused) -> web.Response:
    """Return the answer that tells a caller no."""
    return web.json_response(
        {"code": refused.code, "message": refused.message}, status=refused.status, headers=refused.headers
    )


def too_fast(seconds: float) -> Refused:
    """Return the refusal of a request too many; it names the seconds until there are more."""
    message = "This request exceeded a rate limit."
    return Refused(429, 8, message, {"X-RateLimit-Reset": str(int(seconds) + 1), "x-envoy-ratelimited": "true"})


@dataclass(slots=True)
class Tokens:
    """The tokens of one authorisation; each refresh replaces the refresh token, and the old one is over at once."""

    clock: Clock
    faults: Faults
    limits: dict[str, float]
    client_id: str
    client_secret: str
    refresh_token: str
    auth_code: str
    redirect_uri: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    _refresh_until: float = 0.0
    _bearers: Bearers = field(init=False)

    def __post_init__(self) -> None:
        """Let the first refresh token live from now."""
        self._bearers = Bearers(self.clock, self.faults)
        self._refresh_until = self.clock.wall() + self.limits["refresh_token_life"]

    def exchange(self, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer POST /oauth/token."""
        self._check_app(authorization)
        grant = form.get("grant_type")
        if grant == "refresh_token":
            if form.get("refresh_token") != self.refresh_token or self.clock.wall() > self._refresh_until:
                raise Refused(401, 2, "Authentication failed.")
        elif grant == "authorization_code":
            if (form.get("code"), form.get("redirect_uri")) != (self.auth_code, self.redirect_uri):
                raise Refused(400, 1, "The authorization code is invalid, expired or already used.")
            self.auth_code = ""
        else:
            raise Refused(400, 1, "Invalid grant_type.")
        return self._give(str(grant), continuous=form.get("continuous_refresh") == "true")

    def _check_app(self, authorization: str) -> None:
        kind, _, both = authorization.partition(" ")
        try:
            given = base64.b64decode(both, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if kind != "Basic" or given != f"{self.client_id}:{self.client_secret}":
            raise Refused(401, 2, "Authentication failed.")

    def _give(self, grant: str, *, continuous: bool) -> dict[str, Any]:
        now, life = self.clock.wall(), self.limits["access_token_life"]
        access = f"pina_canary-{secrets.token_hex(16)}"
        self._bearers.give(access, life)
        answer = {
            "access_token": access,
            "response_type": grant,
            "token_type": "bearer",
            "expires_in": int(life),
            "scope": " ".join(sorted(self.scopes)),
        }
        if self.limits["old_app"] and not continuous:
            return answer  # the refresh token of the old kind goes on to its fixed end
        self.refresh_token = f"pinr_canary-{secrets.token_hex(16)}"
        self._refresh_until = now + self.limits["refresh_token_life"]
        seconds = int(self.limits["refresh_token_life"])
        return answer | {
            "refresh_token": self.refresh_token,
            "refresh_token_expires_in": seconds,
            "refresh_token_expires_at": int(self._refresh_until),
        }

    def check(self, authorization: str, scopes: tuple[str, ...]) -> None:
        """Raise Refused unless the bearer is alive and carries the scopes."""
        kind, _, token = authorization.partition(" ")
        if kind != "Bearer" or not self._bearers.use(token):
            raise Refused(401, 2, "Authentication failed.")
        if not self.scopes.issuperset(scopes):
            raise Refused(401, 3, "Your token does not have sufficient permissions to perform this operation.")


@dataclass(slots=True)
class Call:
    """A request that the door let in."""

    query: Mapping[str, str]
    words: Mapping[str, Any]
    path: Mapping[str, str]
    base: str
    """Scheme, host and port at which files lie."""


Answer = Callable[[Call], Any]


@dataclass(slots=True)
class Door:
    """Check each request before it is answered."""

    clock: Clock
    tokens: Tokens
    limits: dict[str, float]
    files: Callable[[], str] = lambda: ""
    asked: dict[str, deque[float]] = field(default_factory=dict)
    """When requests came, by category: for limits, and for tests that count them."""

    def route(
        self, category: str, scopes: tuple[str, ...], answer: Answer
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the handler of an operation of `category` that needs `scopes`."""

        async def handle(request: web.Request) -> web.Response:
            try:
                self._allow(category)
                self.tokens.check(request.headers.get("authorization", ""), scopes)
                _check_ad_account(request.query.get("ad_account_id"))
                words = await _words(request) if request.method == "POST" else {}
                data = answer(Call(request.query, words, request.match_info, self.files()))
            except Refused as refused:
                return refusal(refused)
            return web.Response(body=orjson.dumps(data), content_type="application/json")

        return handle

    def _allow(self, category: str) -> None:
        """Count a request; refuse it where its category's minute, or a trial's day, is full."""
        now = self.clock.now()
        trial = self.limits["trial"]
        name, most, seconds = ("", 1000.0, DAY) if trial else (category, PER_MINUTE[category], 60)
        times = self.asked.setdefault(name, deque())
        while times and times[0] <= now - seconds:
            times.popleft()
        if (trial or self.limits["standard"]) and len(times) >= most:
            raise too_fast(times[0] + seconds - now)
        times.append(now)


def _check_ad_account(named: str | None) -> None:
    """Refuse an account of ads that is none, or that is not this user's."""
    if named is None:
        return
    if not re.fullmatch(r"[0-9]{1,18}", named):
        raise Refused(400, 1, "Parameter 'ad_account_id' must match the pattern: ^\\d+$")
    if named != AD_ACCOUNT:
        raise Refused(403, 29, "You are not permitted to access that resource.")


async def _words(request: web.Request) -> Mapping[str, Any]:
    """Return what a request asks for by its body, which takes no parameters in the address beside it."""
    raw = await request.read()
    try:
        words = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        words = None
    if not isinstance(words, dict) or request.content_type != "application/json":
        raise Refused(400, 1, "Invalid request: the body is no JSON object.")
    if request.query:
        raise Refused(400, 1, "Invalid request: this endpoint does not support URL query parameters.")
    return words
