"""What every connector promises, tested over all that are installed: a new one gets these by existing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon import registry
from jalon.connectors.base import Connector, Delivery
from jalon.matrix import OFFERS

ROOT = Path(__file__).parent.parent
NAMES = registry.names()
RECEIVING = [
    name
    for name in NAMES
    if any(each.offer == "webhooks" and each.grain != "none" for each in registry.connector(name).capabilities)
]
"""Those that say that they receive deliveries."""
HEADERS = st.dictionaries(
    st.sampled_from(
        ["authorization", "x-shopify-hmac-sha256", "x-shopify-topic", "shopify-hmac-sha256", "x-signature"]
    ),
    st.text(alphabet=st.characters(max_codepoint=255), max_size=100),
)


@pytest.fixture(params=NAMES)
def connector(request: pytest.FixtureRequest) -> Connector:
    return registry.connector(request.param)


def test_at_least_the_shipped_connectors_are_found() -> None:
    assert {"tiktok_shop", "shopify"} <= set(NAMES)


def test_one_name_everywhere(connector: Connector) -> None:
    name = connector.name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert type(connector).__module__ == f"jalon.connectors.{name}"
    assert connector.normalizer == f"jalon.normalize.{name}:normalize"
    assert (ROOT / "docs" / "connectors" / f"{name}.md").is_file()
    assert (ROOT / "tests" / "samples" / name).is_dir()
    assert callable(registry.normalizer(name))


def test_streams_have_names_of_their_own(connector: Connector) -> None:
    names = [stream.name for stream in connector.streams]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in names)


def test_every_offer_is_answered_also_by_no(connector: Connector) -> None:
    assert {capability.offer for capability in connector.capabilities} == set(OFFERS)
    for capability in connector.capabilities:
        assert capability.grain == "none" or capability.delay, f"{capability.offer} names no delay"


def test_what_is_not_offered_is_said_in_words(connector: Connector) -> None:
    """An empty column is explained by these words: in the matrix, the docs and the report."""
    for capability in connector.capabilities:
        if capability.grain == "none":
            assert re.search(r"\w+ \w+", capability.note), f"{capability.offer} says nothing"
            assert not capability.delay
            assert not capability.lookback


def test_no_stream_lets_unknown_fields_in(connector: Connector) -> None:
    for stream in connector.streams:
        passed = stream.door({"canary_field": "canary", "id": "1"}, lambda kind, value: "hash")
        assert "canary" not in str(passed), stream.name


@given(
    st.sampled_from(NAMES), HEADERS, st.binary(max_size=200), st.lists(st.binary(min_size=8, max_size=64), max_size=2)
)
def test_an_unsigned_delivery_is_refused_whatever_its_bytes(
    name: str, headers: dict[str, str], body: bytes, secrets: list[bytes]
) -> None:
    connector = registry.connector(name)
    settings = connector.settings.model_construct(app_key="key", shop="s.myshopify.com")
    assert connector.verify(Delivery(headers, body, 0.0), settings, secrets) is False


@given(st.sampled_from(RECEIVING), HEADERS, st.binary(max_size=200))
def test_the_key_of_a_delivery_is_stable(name: str, headers: dict[str, str], body: bytes) -> None:
    connector = registry.connector(name)
    first, again = (connector.delivery_key(Delivery(headers, body, at)) for at in (1.0, 2.0))
    assert first == again
    assert first


def test_a_source_without_secrets_receives_nothing(connector: Connector) -> None:
    settings = connector.settings.model_construct(app_key="key", shop="s.myshopify.com")
    assert connector.verify(Delivery({}, b"{}", 0.0), settings, ()) is False
