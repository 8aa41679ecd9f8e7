"""The door of the played Google APIs: tokens, scopes, and the quotas of a day and a minute.

Own reading of "Using OAuth 2.0 to Access Google APIs", "Quota costs" of the Data API and the Reporting API's limits.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.bearers import Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.youtube.words import Call, Refused, classic, plain, today

CLIENT_ID = "1234-jalon.apps.googleusercontent.com"
_READ, _FIGURES = (
    "https://www.googleapis.com/auth/youtube.readonly",
    "https://www.googleapis.com/auth/yt-analytics.readonly",
)
SCOPES = {
    "api": {_READ},
    "analytics": {_READ, _FIGURES},
    "reporting": {_FIGURES},
    "merchant": {"https://www.googleapis.com/auth/content"},
}
"""Role -> the scopes that a token must have, all of them."""
CLASSIC = frozenset({"api", "analytics"})

Answer = Callable[[Call], Any]


@dataclass(slots=True)
class Tokens:
    """The tokens of one consent: an access token for an hour, a refresh token that does not rotate."""

    clock: Clock
    faults: Faults
    limits: dict[str, float]
    client_secret: str
    refresh_token: str
    scopes: set[str] = field(default_factory=lambda: set().union(*SCOPES.values()))
    revoked: bool = False
    _bearers: Bearers = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no access token."""
        self._bearers = Bearers(self.clock, self.faults)

    async def token(self, request: web.Request) -> web.Response:
        """Answer POST /token."""
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, self.client_secret):
            return _oauth(401, "invalid_client", "The OAuth client was not found.")
        if form.get("grant_type") != "refresh_token":
            return _oauth(400, "unsupported_grant_type", "Invalid grant_type")
        if self.revoked or form.get("refresh_token") != self.refresh_token:
            return _oauth(400, "invalid_grant", "Token has been expired or revoked.")
        access = f"ya29.canary-access-{secrets.token_hex(16)}"
        life = int(self.limits["access_token_life"])
        self._bearers.give(access, life)
        words = {"access_token": access, "expires_in": life, "scope": " ".join(sorted(self.scopes))}
        return web.json_response(words | {"token_type": "Bearer"})

    def check(self, given: str, scopes: set[str]) -> None:
        """Raise Refused unless a token is alive and carries `scopes`."""
        is_bearer = given.startswith("Bearer ") and not self.revoked
        if not is_bearer or not self._bearers.use(given.removeprefix("Bearer ")):
            raise Refused(401, "authError", "Request had invalid authentication credentials.")
        if not self.scopes.issuperset(scopes):
            raise Refused(403, "insufficientPermissions", "Request had insufficient authentication scopes.")


def _oauth(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


class Quota:
    """Units of a Pacific day, and requests of a minute of the sandbox's time; 0 means no limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[str, int] = {}

    def take(self, limits: dict[str, float], role: str) -> None:
        """Take one unit, or raise Refused."""
        now = self._clock.now()
        day, minute = f"{role} {today(now)}", f"{role} {int(now // 60)}"
        for name, key in (("units_per_day", day), ("requests_per_minute", minute)):
            self._spent[key] = self._spent.get(key, 0) + 1
            if 0 < limits[name] < self._spent[key]:
                raise _spent(role, name)


def _spent(role: str, name: str) -> Refused:
    if name == "units_per_day" and role in CLASSIC:
        said = "The request cannot be completed because you have exceeded your quota."
        return Refused(403, "quotaExceeded", said, "youtube.quota")
    limit = "FreeQuotaRequestsPerDayPerProject" if name == "units_per_day" else "FreeQuotaRequestsPerMinutePerProject"
    return too_fast(role, limit)


def too_fast(role: str, limit: str = "FreeQuotaRequestsPerMinutePerProject") -> Refused:
    """Return how an API says "too fast"."""
    if role in CLASSIC:
        return Refused(403, "rateLimitExceeded", "The request exceeded a rate limit.", "usageLimits")
    return Refused(429, "RATE_LIMIT_EXCEEDED", "Quota exceeded for quota metric.", quota=limit)


@dataclass(slots=True)
class Door:
    """Check each request before it is answered."""

    tokens: Tokens
    limits: dict[str, float]
    quota: Quota
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def route(self, role: str, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the handler of an endpoint of an API."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                call = await self._admitted(request, role)
                found = answer(call)
            except Refused as refused:
                return refusal(role, refused)
            if isinstance(found, web.StreamResponse):
                return found
            return web.Response(body=orjson.dumps(found), content_type="application/json")

        return handle

    async def _admitted(self, request: web.Request, role: str) -> Call:
        self.tokens.check(request.headers.get("Authorization", ""), SCOPES[role])
        self._pace(role)
        self.quota.take(self.limits, role)
        raw = await request.read()
        try:
            words = orjson.loads(raw) if raw else {}
        except orjson.JSONDecodeError as error:
            raise Refused(400, "parseError", "Parse Error") from error
        return Call(request.query, words, request.match_info, f"{request.scheme}://{request.host}")

    def _pace(self, role: str) -> None:
        """Take one request of so many per second of real time."""
        rate = self.limits["requests_per_second"]
        if rate <= 0:
            return
        left, seen = self._left.get(role, (max(1.0, rate), time.monotonic()))
        now = time.monotonic()
        left = min(max(1.0, rate), left + (now - seen) * rate)
        self._left[role] = max(0.0, left - 1), now
        if left < 1:
            raise too_fast(role)


def refusal(role: str, refused: Refused) -> web.Response:
    """Return a refusal in the envelope of an API."""
    return classic(refused) if role in CLASSIC else plain(refused)
