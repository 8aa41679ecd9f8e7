"""The key of the played WooCommerce: as Basic authorization, or as a signature by OAuth 1.0a in the query.

Own reading of "Authentication over HTTP" of its documentation and of RFC 5849: the secret signs with `&` behind it, a
signature is good for fifteen minutes around the shop's own time, its nonce once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from jalon.sandbox.woocommerce.listing import Refused

GOOD_FOR = 900
DIGESTS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")


@dataclass
class Keys:
    """The one key of a shop, and the nonces that were used."""

    key: str
    secret: str
    nonces: set[str] = field(default_factory=set)

    def check(self, request: web.Request, authorization: str, now: float) -> None:
        """Raise Refused as WooCommerce does: a wrong secret is refused, an unknown key in a header is nobody."""
        key, secret = _basic(authorization)
        if key == self.key:
            if secret != self.secret:
                raise _refused("Consumer secret is invalid.")
        elif any(name in request.query for name in NEEDED):
            self._check_signature(request, now)
        else:
            raise Refused("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)

    def _check_signature(self, request: web.Request, now: float) -> None:
        query = dict(request.query)
        if missing := [name for name in NEEDED if not query.get(name)]:
            text = f"Missing OAuth parameters {', '.join(missing)}"
            raise Refused("woocommerce_rest_authentication_missing_parameter", text, 401)
        if query["oauth_consumer_key"] != self.key:
            raise _refused("Consumer key is invalid.")
        given, digest = query.pop("oauth_signature"), DIGESTS.get(query["oauth_signature_method"])
        if digest is None:
            raise _refused("Invalid signature - signature method is invalid.")
        if not hmac.compare_digest(_signature(request, query, self.secret, digest).encode(), given.encode()):
            raise _refused("Invalid signature - provided signature does not match.")
        if abs(float(query["oauth_timestamp"]) - now) > GOOD_FOR:
            raise _refused("Invalid timestamp.")
        if query["oauth_nonce"] in self.nonces:
            raise _refused("Invalid nonce - nonce has already been used.")
        self.nonces.add(query["oauth_nonce"])


def _refused(text: str) -> Refused:
    return Refused("woocommerce_rest_authentication_error", text, 401)


def _signature(request: web.Request, query: Mapping[str, str], secret: str, digest: str) -> str:
    address = f"{request.scheme}://{request.host}{'' if request.path == '/' else request.path}"
    listed = sorted((_percent(name), _percent(value)) for name, value in query.items())
    pairs = "&".join(f"{name}={value}" for name, value in listed)
    text = f"{request.method}&{_percent(address)}&{_percent(pairs)}"
    made = hmac.new(f"{secret}&".encode(), text.encode(), getattr(hashlib, digest)).digest()
    return base64.b64encode(made).decode()


def _percent(text: str) -> str:
    return quote(text, safe="-._~")


def _basic(header: str) -> tuple[str, str]:
    """Return user and password of a Basic authorization; nothing of anything else."""
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, _, password = text.partition(":")
    return user, password
