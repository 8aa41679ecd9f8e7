"""What every connector promises, tested over all that are installed: a new one gets these by existing.

The promises themselves are in `jalon.testing`, for the tests of other distributions too. Here stand besides the rules
of this tree: one name everywhere, a page of its own, samples in their place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon import registry
from jalon.connectors.base import Connector, Delivery
from jalon.testing import promises

ROOT = Path(__file__).parent.parent
NAMES = registry.names()
RECEIVING = [name for name in NAMES if promises.receives(registry.connector(name))]
"""Those that say that they receive deliveries."""
OF_ITSELF = (
    promises.keeps_the_contract,
    promises.answers_each_offer,
    promises.explains_what_is_missing,
)
"""Promises for which no settings are needed."""
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
    assert type(connector).__module__ == f"jalon.connectors.{name}"
    assert connector.normalizer == f"jalon.normalize.{name}:normalize"
    assert (ROOT / "docs" / "connectors" / f"{name}.md").is_file()
    assert (ROOT / "tests" / "samples" / name).is_dir()


@pytest.mark.parametrize("promise", OF_ITSELF, ids=lambda promise: promise.__name__)
def test_what_a_connector_says_of_itself_holds(connector: Connector, promise: promises.Promise) -> None:
    assert list(promise(connector, None)) == []


def test_of_each_stream_it_says_whether_it_is_wanted(connector: Connector) -> None:
    assert list(promises.says_what_it_wants(connector, some_settings(connector))) == []


def test_what_must_have_a_form_has_an_example_of_it(connector: Connector) -> None:
    """`jalon init` and a mistake in the configuration show it."""
    for name, field in connector.settings.model_fields.items():
        for form in filter(None, (getattr(each, "pattern", None) for each in field.metadata)):
            (shown, *_) = field.examples or [field.default]
            assert re.fullmatch(form, shown), name


def test_the_kind_of_its_customers_is_one_that_its_records_tell(connector: Connector) -> None:
    samples = (ROOT / "tests" / "samples" / connector.name).rglob("*.json")
    told = any(f'"hashed {connector.customer_kind}: ' in path.read_text() for path in samples)
    assert told or not connector.customer_kind


def test_no_stream_lets_unknown_fields_in(connector: Connector) -> None:
    assert list(promises.lets_no_unknown_field_in(connector, None)) == []


@given(
    st.sampled_from(NAMES), HEADERS, st.binary(max_size=200), st.lists(st.binary(min_size=8, max_size=64), max_size=2)
)
def test_an_unsigned_delivery_is_refused_whatever_its_bytes(
    name: str, headers: dict[str, str], body: bytes, secrets: list[bytes]
) -> None:
    connector = registry.connector(name)
    assert list(promises.accepted(connector, some_settings(connector), Delivery(headers, body, 0.0), secrets)) == []


def test_deliveries_with_anything_in_any_header_are_refused(connector: Connector) -> None:
    assert list(promises.refuses_what_nobody_signed(connector, some_settings(connector))) == []


@given(st.sampled_from(RECEIVING), HEADERS, st.binary(max_size=200))
def test_the_key_of_a_delivery_is_stable(name: str, headers: dict[str, str], body: bytes) -> None:
    assert list(promises.mistaken(registry.connector(name), Delivery(headers, body, 0.0))) == []


def test_a_source_without_secrets_receives_nothing(connector: Connector) -> None:
    assert list(promises.accepted(connector, some_settings(connector), Delivery({}, b"{}", 0.0), ())) == []


def some_settings(connector: Connector) -> object:
    return connector.settings.model_construct(app_key="key", shop="s.myshopify.com")
