"""Access tokens that a played platform has handed out, and which of them still open its door."""

from __future__ import annotations

from dataclasses import dataclass, field

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults

FEWEST_USES = 3
"""Enough for a refreshed request and its retries, so that work goes on."""


@dataclass(slots=True)
class _Access:
    expires: float
    uses_left: int | None


@dataclass(slots=True)
class Bearers:
    """Each lives for its time, and for a few requests only while the fault `token_expiry` is on."""

    clock: Clock
    faults: Faults
    name: str = ""
    """What tells one platform's lot from another's."""
    _access: dict[str, _Access] = field(default_factory=dict)

    def give(self, token: str, life: float) -> None:
        """Let a token live for `life` seconds from now."""
        self._access[token] = _Access(self.clock.wall() + life, self._uses())

    def _uses(self) -> int | None:
        if not self.faults.rate("token_expiry"):
            return None
        which = f"{self.name} {len(self._access) + 1}".strip()
        return FEWEST_USES + int(self.faults.uniform("token_expiry", which) * 10)

    def use(self, token: str) -> bool:
        """Say whether a token opens the door once more, and count that it did."""
        access = self._access.get(token)
        if access is None or self.clock.wall() >= access.expires or access.uses_left == 0:
            return False
        if access.uses_left is not None:
            access.uses_left -= 1
        return True
