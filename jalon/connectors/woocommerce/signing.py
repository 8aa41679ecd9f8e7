"""Sign requests by OAuth 1.0a, with a key and without a token, where the key cannot travel as Basic authorization.

https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-http. WooCommerce looks at an Authorization
header only where WordPress knows that it is reached by https, and never sees one that the web server drops. A signature
stands in the query, which every server passes on; the secret itself does not travel. It is good for fifteen minutes and
its nonce once, so that one that is read in a log is worth nothing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from jalon.connectors.base import Request

METHOD = "HMAC-SHA256"


def signed(request: Request, site: str, key: str, secret: str, *, now: float, nonce: str) -> Request:
    """Return a request with its signature in the query; `site` is the address of the site's root."""
    query = {
        **request.query,
        "oauth_consumer_key": key,
        "oauth_nonce": nonce,
        "oauth_signature_method": METHOD,
        "oauth_timestamp": str(int(now)),
    }
    text = base_string(request.method, _address(site, request.path), query)
    digest = hmac.digest(f"{secret}&".encode(), text.encode(), "sha256")
    return replace(request, query={**query, "oauth_signature": base64.b64encode(digest).decode()})


def base_string(method: str, address: str, query: Mapping[str, str]) -> str:
    """Return what is signed: the method, the address without its query, and the query sorted by name."""
    pairs = "&".join(f"{_quoted(name)}={_quoted(query[name])}" for name in sorted(query))
    return "&".join((method, _quoted(address), _quoted(pairs)))


def _address(site: str, path: str) -> str:
    """Return an address as WordPress writes it for itself: its root has no slash at the end."""
    return site.rstrip("/") + ("" if path == "/" else path)


def _quoted(text: str) -> str:
    return quote(text, safe="")
