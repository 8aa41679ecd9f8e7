"""Tokens of TikTok Shop, played: given, refreshed with rotation, expired (Partner Center, "Authorization overview")."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from jalon.sandbox.bearers import Bearers
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.tiktok_shop.envelope import Refused

SCOPES = (
    "seller.authorization.info",
    "seller.order.info",
    "seller.affiliate_collaboration.read",
    "seller.return_refund.basic",
    "seller.product.basic",
    "data.shop_analytics.public.read",
)
CODE_LIFE = 1800


@dataclass(slots=True)
class Tokens:
    """The tokens of one authorisation.

    A refresh replaces both tokens and the old refresh token is refused from then on; with the limit `rotation_grace`
    set, it still works until the new access token was used once. Access tokens already given live on until they expire.
    """

    clock: Clock
    faults: Faults
    limits: dict[str, float]
    refresh_expires: float
    """By `clock.wall`."""
    refresh_token: str
    auth_code: str
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    deauthorized: bool = False
    _previous: str | None = None
    _newest: str = ""
    _bearers: Bearers = field(init=False)
    _code_until: float = 0.0

    def __post_init__(self) -> None:
        """Let the code live from now."""
        self._bearers = Bearers(self.clock, self.faults)
        self._code_until = self.clock.wall() + CODE_LIFE

    def get(self, code: str) -> dict[str, Any]:
        """Exchange the authorisation code, once; raise Refused when it is not (or no longer) good."""
        if not self.auth_code or code != self.auth_code or self.clock.wall() > self._code_until:
            raise Refused(36004005, "The auth_code is invalid, expired or already used.")
        self.auth_code = ""
        return self._rotate()

    def refresh(self, token: str) -> dict[str, Any]:
        """Rotate both tokens; raise Refused for a token that was rotated away or has expired."""
        if self.deauthorized or self.clock.wall() > self.refresh_expires:
            raise Refused(36004001, "The authorization has ended; the seller has to authorize the app again.")
        graced = self.limits["rotation_grace"] and self._previous is not None and token == self._previous
        if token != self.refresh_token and not graced:
            raise Refused(36004001, "The refresh_token is invalid: it was already used.")
        return self._rotate()

    def _rotate(self) -> dict[str, Any]:
        now = self.clock.wall()
        self._previous, self.refresh_token = self.refresh_token, f"ROW_canary-refresh-{secrets.token_hex(16)}"
        access = self._newest = f"ROW_canary-access-{secrets.token_hex(16)}"
        life = self.limits["access_token_life"]
        self._bearers.give(access, life)
        return {
            "access_token": access,
            "access_token_expire_in": int(now + life),
            "refresh_token": self.refresh_token,
            "refresh_token_expire_in": int(self.refresh_expires),
            "open_id": "7010736057180325637",
            "seller_name": "Atelier Jalon",
            "seller_base_region": "US",
            "user_type": 0,
            "granted_scopes": sorted(self.scopes),
        }

    def check(self, token: str, scope: str | None) -> None:
        """Raise Refused unless `token` is alive and carries `scope`."""
        if self.deauthorized:
            raise Refused(105001, "The access_token is invalid: it has been deauthorized.", 401)
        if not self._bearers.use(token):
            raise Refused(105002, "The access_token is expired or invalid. Please refresh it.", 401)
        if token == self._newest:
            self._previous = None
        if scope is not None and scope not in self.scopes:
            raise Refused(105005, f"Access denied: the app has not been granted the scope {scope}.", 403)
