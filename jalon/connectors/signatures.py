"""What signed deliveries share: the secrets that may have signed one, and how signatures are made and compared."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

from pydantic import SecretStr


def held(*secrets: SecretStr | None) -> tuple[bytes, ...]:
    """Return the secrets that are there, as bytes, in their order. An empty one is none: anybody could sign with it."""
    given = (secret.get_secret_value().encode() for secret in secrets if secret is not None)
    return tuple(secret for secret in given if secret)


def signed(body: bytes, secret: bytes) -> bytes:
    """Return the signature of a body by the scheme that web shops share: base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.digest(secret, body, "sha256"))


def fits(claimed: str | None, right: Iterable[bytes]) -> bool:
    """Say whether a header holds one of the right signatures.

    Never raises, whatever the header holds, since bytes are compared; all are compared, whichever fits.
    """
    given = (claimed or "").strip().encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(each, given) for each in right]
    return any(matches)
