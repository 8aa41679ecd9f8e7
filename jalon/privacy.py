"""Pseudonyms and seals: what keeps people out of the store in clear.

Both come from one installation key that lives outside the store (a file of mode 0600, or the environment). Without it
the stored hashes cannot be tried against lists of addresses or phone numbers, and sealed bodies cannot be read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jalon.errors import ConfigError
from jalon.identifiers import digits_of, is_international, names_nobody

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
ANEW = "Put your copy of it back, or, if nothing is stored yet, move it away and run `jalon init`."
"""What to do about a key that is damaged: with another, nothing that is stored could be used."""


def canonical(kind: str, value: str) -> str:
    """Return the one form of an identifier that is hashed: e-mail lower-cased, phone as digits, others as they are."""
    text = unicodedata.normalize("NFC", value).strip()
    if kind == "email":
        return text.lower()
    if kind == "phone":
        return digits_of(text).lstrip("0")
    return text


class _Mac:
    """HMAC-SHA256 (RFC 2104) with the key taken in once.

    Hashing one identifier is then two short updates, a third of what `hmac.digest` takes, and never lets go of the
    interpreter, which on a busy page costs more than the hash.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def hex(self, message: bytes) -> str:
        """Return the code of `message` in hex. `key` must not be longer than a block of 64 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()


class Keyring:
    """The installation key and what is derived from it."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ConfigError(f"the installation key is too short: it must be {KEY_BYTES} random bytes", ANEW)
        self._pseudonym = _Mac(self._derive(key, b"pseudonym"))
        self._seal = self._derive(key, b"seal")
        self._hook = self._derive(key, b"hook")
        self.id = self._derive(key, b"id").hex()[:16]
        """Names the key without telling it: the store remembers which key its hashes were made with."""

    @staticmethod
    def _derive(key: bytes, purpose: bytes) -> bytes:
        return hmac.digest(key, b"jalon/1/" + purpose, "sha256")

    def __repr__(self) -> str:
        return "Keyring(***)"

    def pseudonym(self, kind: str, value: str) -> str:
        """Return `kind:hash`, the keyed hash (128 bits, hex) of an identifier of a person."""
        return self._hashed(kind, canonical(kind, value))

    def hasher(self, source: str) -> Callable[[str, str], str | None]:
        """Return what hashes the identifiers in a source's records: (kind, clear value) -> pseudonym.

        None where the value names nobody. A phone number that tells no country is one of this source alone.
        """

        def hashed(kind: str, value: str) -> str | None:
            if names_nobody(kind, value):
                return None
            if kind == "phone" and not is_international(value):
                return self._hashed(kind, f"{source}\0{canonical(kind, value)}")
            return self.pseudonym(kind, value)

        return hashed

    def pseudonyms(self, kind: str, value: str, source: str) -> list[str]:
        """Return all pseudonyms by which a person may be held whom a source names so."""
        found = self.hasher(source)(kind, value)
        return [] if found is None else list(dict.fromkeys((found, self.pseudonym(kind, value))))

    def _hashed(self, kind: str, value: str) -> str:
        message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return f"{kind}:{self._pseudonym.hex(message)[:32]}"

    def hook_token(self, source: str) -> str:
        """Return the unguessable part (128 bits, hex) of the address at which a source's deliveries arrive."""
        return hmac.digest(self._hook, source.encode(), "sha256").hex()[:32]

    def fingerprint(self, secret: str) -> str:
        """Return a keyed fingerprint by which a secret is recognised without being stored."""
        return self._pseudonym.hex(b"secret\0" + secret.encode())[:32]

    def seal(self, clear: bytes, about: bytes = b"") -> bytes:
        """Encrypt (AES-256-GCM); `about` is bound to it and must be given again to open it."""
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, clear, about)

    def unseal(self, sealed: bytes, about: bytes = b"") -> bytes:
        """Decrypt what `seal` made. Raises `ConfigError` if it was sealed with another key."""
        from cryptography.exceptions import InvalidTag

        try:
            return bytes(self._cipher.decrypt(sealed[:12], sealed[12:], about))
        except InvalidTag:
            raise ConfigError(
                "something in the store was sealed with another installation key",
                "Put the key back that the store was made with.",
            ) from None

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # only where something is sealed

        return AESGCM(self._seal)


def make_key(path: Path) -> None:
    """Write a new random key, readable by its owner alone. Raises `FileExistsError` rather than replace one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def read_key(text: str) -> Keyring:
    """Return the keyring for a key in hex, or for any long passphrase. Raises `ConfigError`."""
    text = text.removeprefix("\ufeff").strip()
    try:
        return Keyring(bytes.fromhex(text))
    except ValueError:
        pass
    if len(text) < KEY_BYTES:
        raise ConfigError(f"the installation key is not usable: it must be {KEY_BYTES} bytes in hex", ANEW)
    return Keyring(hashlib.sha256(text.encode()).digest())
