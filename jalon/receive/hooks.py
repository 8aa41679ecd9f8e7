"""Where deliveries arrive: one unguessable address per source."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jalon.connectors.base import Connector, Delivery

_NOBODY = b"\0" * 32
_LONGEST_KEY = 300


@dataclass(frozen=True, slots=True)
class Hook:
    """The way in of one source. `secrets`: newest first; without any, every delivery is refused."""

    connector: Connector
    settings: Any
    secrets: tuple[bytes, ...]
    token: str
    """The unguessable part of the address (`Keyring.hook_token`)."""

    def __repr__(self) -> str:
        return f"Hook({self.connector.name})"

    def challenged(self, query: Mapping[str, str]) -> str | None:
        """Return the words that a platform wants which asks whether the address is ours; to everyone else None."""
        try:
            return self.connector.challenge(dict(query), self.settings, self.secrets)
        except Exception:  # whatever a stranger wrote into the address
            return None

    def key(self, delivery: Delivery, digest: bytes) -> str:
        """Return what a delivery is known by when it is sent again; by its body where the sender's word is no use."""
        try:
            key = self.connector.delivery_key(delivery)
        except Exception:  # the key is made of unsigned header fields: any bytes may be in them
            key = ""
        return key if 0 < len(key) <= _LONGEST_KEY else "body:" + digest.hex()


def path_of(source: str, token: str) -> str:
    """Return the path at which a source's deliveries arrive."""
    return f"/hooks/{source}/{token}"


class Switchboard:
    """Finds the hook that a path means."""

    def __init__(self, hooks: Mapping[str, Hook]) -> None:
        self._hooks = {source: (hook, hook.token.encode()) for source, hook in hooks.items()}

    def find(self, path: str) -> tuple[str, Hook] | None:
        """Return the source and its hook; None for any other path, in a time that does not depend on how it differs."""
        parts = path.partition("?")[0].split("/")
        if len(parts) != 4 or parts[0] or parts[1] != "hooks":
            return None
        source, given = parts[2], parts[3].encode("utf-8", "surrogateescape")
        hook, token = self._hooks.get(source, (None, _NOBODY))
        if not hmac.compare_digest(given, token) or hook is None:
            return None
        return source, hook
