"""Access tokens: one that stays, those of the app's own grant (a day), and those that a refresh token renews (an hour).

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from jalon.sandbox.bearers import Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults

GRANT_LIFE, OFFLINE_LIFE, REFRESH_LIFE = 86_399, 3_600, 90 * 86_400


class Denied(Exception):
    """A token call is refused; the text is the OAuth error code."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one app in one shop.

    A refresh gives a new pair. The refresh token used for it works until the new access token was used once, so that an
    answer lost on its way loses no account.
    """

    clock: Clock
    faults: Faults
    client_id: str
    client_secret: str
    lasting: str
    """The token that never expires."""
    refresh_token: str
    revoked: bool = False
    _previous: str | None = None
    _newest: str = ""
    _refresh_expires: float = field(init=False)
    _bearers: Bearers = field(init=False)

    def __post_init__(self) -> None:
        """Let the first refresh token live from now."""
        self._bearers = Bearers(self.clock, self.faults, "shopify")
        self._refresh_expires = self.clock.wall() + REFRESH_LIFE

    def grant(self, words: dict[str, Any]) -> dict[str, Any]:
        """Answer a token call; raise Denied."""
        known = (words.get("client_id"), words.get("client_secret")) == (self.client_id, self.client_secret)
        if not known or self.revoked:
            raise Denied("invalid_client")
        kind = words.get("grant_type")
        if kind == "client_credentials":
            return self._access_token(GRANT_LIFE)
        if kind != "refresh_token":
            raise Denied("unsupported_grant_type")
        return self._refresh(str(words.get("refresh_token", "")))

    def _refresh(self, token: str) -> dict[str, Any]:
        if token not in (self.refresh_token, self._previous) or self.clock.wall() > self._refresh_expires:
            raise Denied("invalid_grant")
        self._previous = token
        self.refresh_token = f"shprt_canary{secrets.token_hex(16)}"
        self._refresh_expires = self.clock.wall() + REFRESH_LIFE
        answer = self._access_token(OFFLINE_LIFE)
        self._newest = answer["access_token"]
        return answer | {"refresh_token": self.refresh_token, "refresh_token_expires_in": REFRESH_LIFE}

    def _access_token(self, life: int) -> dict[str, Any]:
        token = f"shpca_canary{secrets.token_hex(16)}"
        self._bearers.give(token, life)
        return {"access_token": token, "expires_in": life}

    def accepts(self, token: str) -> bool:
        """Tell whether a request may be answered; what is used up by the fault counts down."""
        if self.revoked:
            return False
        if secrets.compare_digest(token.encode(), self.lasting.encode()):
            return True
        if not self._bearers.use(token):
            return False
        if token == self._newest:
            self._previous = None
        return True
