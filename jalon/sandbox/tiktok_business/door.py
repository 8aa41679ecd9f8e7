"""The door of the played TikTok API for Business: two kinds of tokens, scopes, the limit of an app.

Own reading of https://business-api.tiktok.com/portal/docs?id=1738084387220481: the access token of a business account
lives 24 hours, its refresh token a year from the authorisation, which a refresh does not prolong. A refresh hands out a
new pair and ends the old one. The token of an ad account lives until it is taken back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import orjson
from aiohttp import web

from jalon.sandbox.bearers import Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.tiktok_business.words import Call, Refused, Row, envelope, refusal, too_fast

APP_ID = "7311122233344455566"
REDIRECT = "https://atelier-jalon.example/authorised"
OPEN_ID = "_000atelierJalon0000openId"
SCOPES = ("user.info.basic", "user.info.username", "user.insights", "video.list", "video.insights")

Whose = Literal["account", "ads"]
Answer = Callable[[Call], Row]


@dataclass(slots=True)
class Tokens:
    """The tokens of one authorisation by the business account, and the one of the ad account."""

    clock: Clock
    faults: Faults
    limits: dict[str, float]
    secret: str
    refresh_token: str
    auth_code: str
    advertiser_token: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    _authorised_at: float = 0.0
    _bearers: Bearers = field(init=False)
    _given: int = 0

    def __post_init__(self) -> None:
        """Let the year of the authorisation begin now."""
        self._authorised_at = self.clock.wall()
        self._bearers = Bearers(self.clock, self.faults)

    def exchange(self, call: Call) -> Row:
        """Answer POST tt_user/oauth2/token/: a code is good once."""
        self._check_app(call.words)
        given = call.words.get("auth_code"), call.words.get("redirect_uri"), call.words.get("grant_type")
        if given != (self.auth_code, REDIRECT, "authorization_code") or not self.auth_code:
            raise Refused(40110, "Auth_code is invalid or expired.")
        self.auth_code = ""
        self._authorised_at = self.clock.wall()
        return self._give()

    def refresh(self, call: Call) -> Row:
        """Answer POST tt_user/oauth2/refresh_token/."""
        self._check_app(call.words)
        given = call.words.get("refresh_token"), call.words.get("grant_type")
        if given != (self.refresh_token, "refresh_token") or self._left() <= 0:
            raise Refused(40107, "Refresh token is invalid or expired.")
        return self._give()

    def info(self, call: Call) -> Row:
        """Answer POST tt_user/token_info/get/: the token is in the body as well."""
        if call.words.get("app_id") != APP_ID:
            raise Refused(40101, "The app id is illegal.")
        self.check(str(call.words.get("access_token")), "account", "")
        return {"app_id": APP_ID, "creator_id": OPEN_ID, "scope": ",".join(sorted(self.scopes))}

    def _check_app(self, words: Row) -> None:
        if (words.get("client_id"), words.get("client_secret")) != (APP_ID, self.secret):
            raise Refused(40101, "The app id or secret is illegal.")

    def _left(self) -> float:
        return self._authorised_at + self.limits["refresh_token_life"] - self.clock.wall()

    def _give(self) -> Row:
        self._given += 1
        life = int(self.limits["access_token_life"])
        access = f"act.canary-{secrets.token_hex(16)}"
        self._bearers = Bearers(self.clock, self.faults, str(self._given))
        self._bearers.give(access, life)
        self.refresh_token = f"rft.canary-{secrets.token_hex(16)}"
        return {
            "access_token": access,
            "expires_in": life,
            "open_id": OPEN_ID,
            "refresh_token": self.refresh_token,
            "refresh_token_expires_in": int(self._left()),
            "scope": ",".join(sorted(self.scopes)),
            "token_type": "Bearer",
        }

    def check(self, given: str, whose: Whose, scope: str) -> None:
        """Raise Refused unless a token is alive, of the right kind of account, and carries the scope."""
        if whose == "ads":
            if given != self.advertiser_token:
                raise Refused(40105, "Access token is incorrect or has been revoked.")
            return
        if not self._bearers.use(given):
            raise Refused(40105, "Access token is incorrect or has been revoked.")
        if scope and scope not in self.scopes:
            raise Refused(40001, f"The account has not authorized scope {scope}.")


@dataclass(slots=True)
class Door:
    """Check each request before it is answered."""

    tokens: Tokens
    limits: dict[str, float]
    _left: float = 1.0
    _seen: float = 0.0

    def route(
        self, whose: Whose | None, scope: str, answer: Answer
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return the handler of an endpoint that needs a token of an account (None: none) and a scope."""

        async def handle(request: web.Request) -> web.Response:
            try:
                if not self._has_room():
                    return too_fast()
                if whose is not None:
                    self.tokens.check(request.headers.get("Access-Token", ""), whose, scope)
                return envelope(answer(Call(request.query, await _words(request))))
            except Refused as refused:
                return refusal(refused)

        return handle

    def _has_room(self) -> bool:
        """Take one of the app's requests per second of real time; 0: there is no limit."""
        if self.limits["refusing"] > 0:
            self.limits["refusing"] -= 1
            return False
        rate = self.limits["requests_per_second"]
        if rate <= 0:
            return True
        now = time.monotonic()
        self._left = min(max(1.0, rate), self._left + (now - self._seen) * rate)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


async def _words(request: web.Request) -> Row:
    raw = await request.read()
    try:
        found = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        raise Refused(40002, "The body is not valid JSON.") from None
    return found if isinstance(found, dict) else {}
