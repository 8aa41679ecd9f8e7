"""Tokens of the Graph API, played: of a system user, a person and a page; exchanged, looked into, out of date.

Times are of the sandbox's wall clock (`Clock.wall`), since clients compare them with their own clock.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Literal

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.words import Call, Refused, Row

DAY = 86_400
LONG = 60 * DAY
CONSENT = 90 * DAY

Kind = Literal["USER", "PAGE", "SYSTEM_USER"]


@dataclass(slots=True)
class Token:
    """One access token. `expires_at` and `consent_until` 0: never."""

    text: str
    kind: Kind
    scopes: frozenset[str]
    expires_at: float = 0.0
    consent_until: float = 0.0
    dead: tuple[int, str] | None = None
    """Subcode and words with which it is refused, once it is."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one app."""

    clock: Clock
    app_id: str
    secret: str
    held: dict[str, Token] = field(default_factory=dict)
    made: int = 0

    def add(self, token: Token) -> Token:
        """Take a token in."""
        self.held[token.text] = token
        return token

    @property
    def app_token(self) -> str:
        """Return the app's own token."""
        return f"{self.app_id}|{self.secret}"

    def check(self, text: str, proof: str | None, *, proof_needed: bool) -> Token:
        """Return the token that a call carries; raise Refused for one that is none, or not any more."""
        if not text:
            raise Refused(2500, "An active access token must be used to query information about the current user.")
        if text == self.app_token:
            return Token(text, "SYSTEM_USER", frozenset())
        token = self.held.get(text)
        if token is None:
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        self._alive(token)
        right = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if proof is None and proof_needed:
            raise Refused(100, "API calls from the server require an appsecret_proof argument")
        if proof is not None and not hmac.compare_digest(right.encode(), proof.encode()):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        return token

    def _alive(self, token: Token) -> None:
        if token.dead is not None:
            subcode, words = token.dead
            raise Refused(190, f"Error validating access token: {words}", subcode, status=401)
        if token.expires_at and token.expires_at <= self.clock.wall():
            raise Refused(190, "Error validating access token: Session has expired.", 463, status=401)

    def exchange(self, call: Call) -> Row:
        """Answer GET /oauth/access_token: a token of a person for one of 60 days."""
        query = call.query
        if query.get("client_id") != self.app_id:
            raise Refused(101, "Error validating application. Cannot get application info due to a system error.")
        if query.get("client_secret") != self.secret:
            raise Refused(1, "Error validating client secret.")
        if query.get("grant_type") != "fb_exchange_token":
            raise Refused(100, "Invalid grant_type")
        return self._longer(query.get("fb_exchange_token", ""))

    def refresh(self, call: Call) -> Row:
        """Answer GET /refresh_access_token of Instagram Login: only once the token is a day old."""
        if call.query.get("grant_type") != "ig_refresh_token":
            raise Refused(100, "Invalid grant_type")
        old = self.held.get(call.query.get("access_token", ""))
        if old is not None and old.expires_at > self.clock.wall() + LONG - DAY:
            raise Refused(190, "Error validating access token: it cannot be refreshed yet", status=400)
        return self._longer(call.query.get("access_token", ""))

    def _longer(self, text: str) -> Row:
        old = self.held.get(text)
        if old is None:
            raise Refused(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        self._alive(old)
        self.made += 1
        fresh = f"{text.partition('.')[0]}.{self.made}"
        expires = self.clock.wall() + LONG
        self.add(Token(fresh, old.kind, old.scopes, expires, old.consent_until))
        return {"access_token": fresh, "token_type": "bearer", "expires_in": LONG}

    def debug(self, call: Call) -> Row:
        """Answer GET /debug_token."""
        if call.token != self.app_token:
            raise Refused(100, "You must provide an app access token, or a user access token that is an owner")
        token = self.held.get(call.query.get("input_token", ""))
        if token is None:
            error = {"code": 190, "message": "Invalid OAuth access token."}
            return {"data": {"is_valid": False, "error": error, "scopes": []}}
        data: dict[str, Any] = {
            "app_id": self.app_id,
            "type": token.kind,
            "application": "jalon",
            "data_access_expires_at": int(token.consent_until),
            "expires_at": int(token.expires_at),
            "is_valid": True,
            "scopes": sorted(token.scopes),
        }
        try:
            self._alive(token)
        except Refused as refused:
            data |= {"is_valid": False, "error": {"code": refused.code, "subcode": refused.subcode, "message": ""}}
        return {"data": data}
