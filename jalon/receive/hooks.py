"""Where deliveries arrive: one unguessable address per source."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jalon.connectors.base import Connector

_NOBODY = b"\0" * 32


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
