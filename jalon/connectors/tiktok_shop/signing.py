"""Signatures of TikTok Shop: of the requests it is asked with, and of the deliveries it sends.

https://partner.tiktokshop.com/docv2/page/sign-your-api-request, https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from jalon.connectors.signatures import fits

UNSIGNED = frozenset({"sign", "access_token"})
"""Query parameters that are no part of the signed text."""


def sign(path: str, query: Mapping[str, str], body: bytes, secret: str) -> str:
    """Return the `sign` parameter: HMAC-SHA256, hex, over path, decoded query in key order, and the body's bytes."""
    pairs = "".join(f"{key}{query[key]}" for key in sorted(query) if key not in UNSIGNED)
    key = secret.encode()
    return hmac.digest(key, key + f"{path}{pairs}".encode() + body + key, "sha256").hex()


def signed_by(secrets: Iterable[bytes], app_key: str, body: bytes, given: str | None) -> bool:
    """Say whether a delivery's `Authorization` is the HMAC-SHA256 in hex of app key and body under one of the secrets.

    Never raises, whatever the header holds; all secrets are tried in the same time whichever fits.
    """
    text = app_key.encode() + body
    return fits(given, (hmac.digest(secret, text, "sha256").hex().encode() for secret in secrets if secret))
