"""The sealed form of a delivery: what the receiver stores and what the engine opens.

Clear form: length of the headers (4 bytes, big-endian), the headers as a JSON object, the body's bytes. Sealed with the
installation key and bound to the delivery's source and key, so that it cannot be passed off as another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import orjson

from jalon.privacy import Keyring

_LENGTH = 4
_DROPPED = frozenset(
    {
        "accept", "accept-encoding", "authorization", "connection", "content-length", "cookie", "expect", "forwarded",
        "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
        "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip",
    }
)  # fmt: skip
"""Headers that are about the connection or carry a signature or an address: nothing of a delivery's meaning."""


class Opened(NamedTuple):
    """A delivery in clear: header names in lower case, values as the raw latin-1 text; the exact body bytes."""

    headers: dict[str, str]
    body: bytes


class Sealer:
    """Seals and digests the deliveries of one installation."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        # Keyed: an erased person must not be found again by trying bodies against the digests that are kept.
        self._digest_key = keyring.fingerprint("delivery digest").encode()

    def warm(self) -> None:
        """Load what sealing needs, so that the first delivery does not wait for it."""
        self.seal("", "", {}, b"")

    def digest(self, body: bytes) -> bytes:
        """Return the keyed digest (128 bits) by which the same body is recognised."""
        return blake2b(body, digest_size=16, key=self._digest_key).digest()

    def seal(self, source: str, key: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """Return the sealed delivery; headers that mean nothing later are left out."""
        kept = orjson.dumps({name: value for name, value in headers.items() if name not in _DROPPED})
        clear = len(kept).to_bytes(_LENGTH, "big") + kept + body
        return self._keyring.seal(clear, _about(source, key))

    def unseal(self, source: str, key: str, sealed: bytes) -> Opened:
        """Return what `seal` was given. Raises `ConfigError` where the installation key is another one."""
        clear = self._keyring.unseal(sealed, _about(source, key))
        end = _LENGTH + int.from_bytes(clear[:_LENGTH], "big")
        return Opened(orjson.loads(clear[_LENGTH:end]), clear[end:])


def _about(source: str, key: str) -> bytes:
    return f"delivery\0{source}\0{key}".encode()
