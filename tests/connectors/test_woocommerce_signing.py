"""Signing WooCommerce's requests by OAuth 1.0a: the official vector, and what travels and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Request
from jalon.connectors.woocommerce.signing import base_string, signed
from tests.connectors.played import all_of
from tests.connectors.woocommerce_shop import CONNECTOR, NOW, FakeSession, listed, order, window

SITE = "https://boutique.example/shop"


def test_the_official_vector_is_made(contracts: Path) -> None:
    vectors = json.loads((contracts / "woocommerce" / "signing_vectors.json").read_text())
    vector = next(each for each in vectors if each["name"].startswith("oauth1"))
    parts = urlsplit(vector["url"])
    asked = Request(vector["method"], parts.path, dict(parse_qsl(parts.query)))
    made = signed(
        asked,
        f"{parts.scheme}://{parts.netloc}",
        vector["consumer_key"],
        vector["consumer_secret"],
        now=vector["oauth_timestamp"] + 0.9,
        nonce=vector["oauth_nonce"],
    )
    assert made.query["oauth_signature"] == vector["oauth_signature"]
    query = {name: value for name, value in made.query.items() if name != "oauth_signature"}
    assert base_string(asked.method, vector["url"].partition("?")[0], query) == vector["base_string"]


@pytest.mark.parametrize(
    ("site", "path", "address"),
    [
        (SITE, "/wp-json/wc/v3/orders", f"{SITE}/wp-json/wc/v3/orders"),
        (f"{SITE}/", "/wp-json/wc/v3/orders", f"{SITE}/wp-json/wc/v3/orders"),
        (SITE, "/", SITE),
    ],
)
def test_an_address_is_signed_as_wordpress_writes_it_for_itself(site: str, path: str, address: str) -> None:
    made = signed(Request("GET", path), site, "ck", "cs", now=1.0, nonce="n")
    query = {name: value for name, value in made.query.items() if name != "oauth_signature"}
    assert signed(Request("GET", ""), address, "ck", "cs", now=1.0, nonce="n").query == made.query
    assert base_string("GET", address, query).startswith("GET&https%3A%2F%2Fboutique.example%2Fshop")


async def test_with_sign_no_secret_and_no_header_travels() -> None:
    session = FakeSession(lambda _: listed([order(1)]), {"route": "plain"}, sign=True)
    await all_of(CONNECTOR.pull(session, window()))
    for asked in session.asked:
        assert "authorization" not in asked.headers
        assert "cs_canary" not in str(asked)
        assert asked.query["oauth_consumer_key"] == "ck_canary"
        assert asked.query["oauth_timestamp"] == str(int(NOW))
        assert asked.query["rest_route"] == "/wc/v3/orders", "what the route is, is signed too"
    nonces = {asked.query["oauth_nonce"] for asked in session.asked}
    assert len(nonces) == len(session.asked) > 1, "a nonce is good once"


@given(
    st.dictionaries(st.text(min_size=1), st.text(), max_size=4),
    st.sampled_from(["GET", "POST", "PUT"]),
    st.text(),
)
def test_another_question_has_another_signature(query: dict[str, str], method: str, more: str) -> None:
    def signature(verb: str, path: str, words: dict[str, str], secret: str = "cs") -> str:
        return signed(Request(verb, path, words), SITE, "ck", secret, now=1.0, nonce="n").query["oauth_signature"]

    own = signature(method, "/a", query)
    assert own == signature(method, "/a", dict(reversed(query.items()))), "whatever their order"
    assert own != signature(method, "/b", query)
    assert own != signature("DELETE", "/a", query)
    assert own != signature(method, "/a", query, f"cs{more}x")
    assert own != signature(method, "/a", {**query, "status": f"{query.get('status', '')}{more}x"})
