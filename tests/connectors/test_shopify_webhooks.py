"""Deliveries of Shopify: who signed them, what they mean, and seeing to it that they come."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Delivery, Erasure, Finding, Opened, Ref, Undelivered
from jalon.connectors.shopify import Shopify
from jalon.connectors.shopify.subscriptions import enum
from jalon.connectors.shopify.webhooks import SUBSCRIBED, TOPICS
from tests.connectors.shopify_shop import SETTINGS, SHOP, Script, answer, delivery, page

CONNECTOR = Shopify()
SECRETS = CONNECTOR.secrets(SETTINGS)
BIG = 820982911946154508
"""An id beyond 2^53."""


def opened(topic: str, body: Any, **headers: Any) -> Opened:
    return CONNECTOR.open(delivery(topic, body, **headers), SETTINGS)


# --- signatures -------------------------------------------------------------------------------------------------------


def test_the_official_vectors(contracts: Path) -> None:
    told = json.loads((contracts / "shopify/webhook_contract.json").read_text())
    good, bad = told["vectors"]
    for prefix in ("x-shopify", "shopify"):
        headers = {f"{prefix}-hmac-sha256": good["hmac_base64"]}
        signed = Delivery(headers, good["raw_body"].encode(), 0.0)
        assert CONNECTOR.verify(signed, SETTINGS, [good["secret"].encode()])
        assert not CONNECTOR.verify(signed._replace(body=bad["raw_body"].encode()), SETTINGS, [good["secret"].encode()])


def test_every_flipped_bit_is_refused() -> None:
    good = delivery("orders/create", {"id": 1})
    assert CONNECTOR.verify(good, SETTINGS, SECRETS)
    for place in range(len(good.body) * 8):
        body = bytearray(good.body)
        body[place // 8] ^= 1 << place % 8
        assert not CONNECTOR.verify(good._replace(body=bytes(body)), SETTINGS, SECRETS)
    claimed = good.headers["x-shopify-hmac-sha256"]
    for place in range(len(claimed)):
        other = claimed[:place] + ("A" if claimed[place] != "A" else "B") + claimed[place + 1 :]
        headers = {**good.headers, "x-shopify-hmac-sha256": other}
        assert not CONNECTOR.verify(good._replace(headers=headers), SETTINGS, SECRETS)


def test_both_secrets_are_good_while_one_replaces_the_other() -> None:
    rotating = CONNECTOR.settings.model_validate({**SETTINGS.model_dump(), "webhook_secret_old": "older"})
    secrets = CONNECTOR.secrets(rotating)
    assert secrets == (b"hush", b"older")
    for secret, is_good in (("hush", True), ("older", True), ("oldest", False)):
        assert CONNECTOR.verify(delivery("orders/create", {"id": 1}, secret=secret), rotating, secrets) is is_good


@given(st.binary(max_size=60), st.text(alphabet=st.characters(max_codepoint=0x2FFF), max_size=60))
def test_no_bytes_and_no_header_make_verifying_fail(body: bytes, claimed: str) -> None:
    told = Delivery({"x-shopify-hmac-sha256": claimed}, body, 0.0)
    assert CONNECTOR.verify(told, SETTINGS, SECRETS) is False


def test_a_lone_surrogate_in_a_header_is_a_refusal() -> None:
    assert CONNECTOR.verify(Delivery({"x-shopify-hmac-sha256": "\ud800"}, b"{}", 0.0), SETTINGS, SECRETS) is False


# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_retry_has_the_key_of_its_first_sending() -> None:
    first = delivery("orders/create", {"id": 1}, triggered_at="2026-07-01T12:00:00Z", event_id="e")
    retry = delivery("orders/create", {"id": 1}, triggered_at="2026-07-01T13:00:00Z", event_id="e")
    assert CONNECTOR.delivery_key(first) == CONNECTOR.delivery_key(retry)


def test_topics_that_share_an_action_have_keys_of_their_own() -> None:
    keys = {
        CONNECTOR.delivery_key(delivery(topic, {"id": 1}, event_id="e"))
        for topic in ("orders/create", "orders/updated")
    }
    assert len(keys) == 2


def test_deliveries_of_one_action_are_told_apart_by_their_own_id_and_shop() -> None:
    """An order that is changed twice by one action is delivered twice, with one event id."""
    told = [
        delivery("orders/updated", {"id": 1}, event_id="e", webhook_id="w-1"),
        delivery("orders/updated", {"id": 1}, event_id="e", webhook_id="w-2"),
        delivery("orders/updated", {"id": 1}, event_id="e", webhook_id="w-1", shop_domain="other.myshopify.com"),
    ]
    assert len({CONNECTOR.delivery_key(one) for one in told}) == 3
    assert CONNECTOR.delivery_key(told[0]) == CONNECTOR.delivery_key(
        told[0]._replace(headers={**told[0].headers, "x-shopify-shop-domain": SHOP.upper()})
    )


# --- meaning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", {"id": BIG, "admin_graphql_api_id": f"gid://shopify/Order/{BIG}", "updated_at": "x"}),
        ("orders/updated", {"id": BIG, "updated_at": "x", "email": "ann@example.com", "line_items": []}),
        ("orders/cancelled", {"id": BIG}),
        ("orders/edited", {"order_edit": {"id": 4, "order_id": BIG}}),
        ("refunds/create", {"id": 4, "order_id": BIG}),
        ("order_transactions/create", {"id": 4, "order_id": BIG}),
        ("returns/approve", {"id": 4, "order": {"id": BIG}}),
    ],
)
def test_a_delivery_says_which_order_to_read_and_nothing_more(topic: str, body: dict[str, Any]) -> None:
    assert opened(topic, body) == Opened(topic, refs=[Ref("orders", str(BIG))])


def test_the_recorded_body_of_an_order_names_it(contracts: Path) -> None:
    (sample, *_) = json.loads((contracts / "shopify/rest_order_samples.json").read_text())
    assert opened("orders/updated", sample["order"]).refs == [Ref("orders", str(sample["order"]["id"]))]


def test_a_deletion_is_looked_into() -> None:
    assert opened("orders/delete", {"id": BIG}).refs == [Ref("orders", f"{BIG}?gone")]


def test_another_body_under_the_topic_of_a_deletion_only_makes_the_order_be_read() -> None:
    assert opened("orders/delete", {"id": BIG, "updated_at": "x"}).refs == [Ref("orders", str(BIG))]


def test_an_unknown_topic_is_kept_as_such() -> None:
    assert opened("carts/create", {"id": 1}) == Opened("carts/create", known=False)


def test_a_finished_export_and_an_uninstalled_app() -> None:
    assert opened("bulk_operations/finish", {"status": "completed"}) == Opened("bulk_operations/finish")
    (notice,) = opened("app/uninstalled", {"id": 1, "myshopify_domain": SHOP}).notices
    assert notice.kind == "uninstalled"


@pytest.mark.parametrize(("hours", "stale"), [(1, False), (30, False), (72, True)])
def test_what_is_older_than_shopifys_retries_is_marked(hours: int, stale: bool) -> None:
    told = opened(
        "orders/create", {"id": 1}, triggered_at="2026-07-01T12:00:00Z", received_at=1_782_907_200 + hours * 3600
    )
    assert told.stale is stale


# --- what contradicts itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", b"\xff\xfe"),
        ("orders/create", b"[" * 100),
        ("orders/create", []),
        ("orders/create", {}),
        ("orders/create", {"id": "12x"}),
        ("orders/create", {"id": True}),
        ("orders/create", {"id": -1}),
        ("refunds/create", {"id": 4}),
        ("returns/approve", {"id": 4, "order": 7}),
        ("app/uninstalled", {"id": 4}),
        ("customers/redact", {"id": 4}),
        ("shop/redact", {"shop_domain": SHOP, "customer": {"id": 4}, "orders_to_redact": []}),
        ("customers/redact", {"shop_domain": SHOP, "customer": {"id": 4}, "orders_requested": []}),
        ("customers/data_request", {"shop_domain": SHOP, "customer": {"id": 4}, "orders_to_redact": []}),
        ("shop/redact", {"shop_domain": "other.myshopify.com"}),
        ("app/uninstalled", {"id": 1, "myshopify_domain": "other.myshopify.com"}),
    ],
)
def test_a_body_that_does_not_fit_its_topic_or_shop_is_kept_with_a_reason(topic: str, body: Any) -> None:
    with pytest.raises(Undelivered):
        opened(topic, body)


def test_a_delivery_of_another_shop_is_not_ours() -> None:
    with pytest.raises(Undelivered, match="another shop"):
        opened("orders/create", {"id": 1}, shop_domain="other.myshopify.com")


@given(
    st.sampled_from([*TOPICS, "carts/create", ""]),
    st.binary(max_size=80)
    | st.builds(
        lambda value: json.dumps(value).encode(),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "order", "order_id", "customer", "shop_domain"]), inner)
            ),
            max_leaves=6,
        ),
    ),
)
def test_any_body_is_opened_or_kept_with_a_reason(topic: str, body: bytes) -> None:
    with suppress(Undelivered):
        assert opened(topic, body).topic == topic


# --- people -----------------------------------------------------------------------------------------------------------


def compliance(contracts: Path, topic: str) -> dict[str, Any]:
    told = json.loads((contracts / "shopify/webhook_contract.json").read_text())["compliance_payloads"][topic]
    return {**told, "shop_domain": SHOP}


def test_a_person_is_erased_under_every_name(contracts: Path) -> None:
    (erasure,) = opened("customers/redact", compliance(contracts, "customers/redact")).erasures
    names = (("shopify_customer", "191167"), ("email", "john@example.com"), ("phone", "555-625-1199"))
    assert erasure == Erasure(names, ("299938", "280263", "220458"))


def test_what_is_held_about_a_person_is_asked_for(contracts: Path) -> None:
    told = opened("customers/data_request", compliance(contracts, "customers/data_request"))
    (disclosure,) = told.disclosures
    assert (disclosure.request, disclosure.orders, told.erasures) == ("9999", ("299938", "280263", "220458"), ())


def test_a_shop_that_leaves_is_erased(contracts: Path) -> None:
    (erasure,) = opened("shop/redact", compliance(contracts, "shop/redact")).erasures
    assert erasure.everything


# --- subscriptions ----------------------------------------------------------------------------------------------------

ADDRESS = "https://jalon.example/in/abc"


def subscribed(*names: str, fields: Any = None, uri: str = ADDRESS) -> list[dict[str, Any]]:
    return [
        {
            "id": f"s/{name}",
            "topic": enum(name),
            "uri": uri,
            "format": "JSON",
            "includeFields": list(fields or SUBSCRIBED[name].fields),
        }
        for name in names
    ]


async def subscribing(found: Any, outcome: Any = None) -> tuple[Script, list[Finding]]:
    payload = outcome or {"webhookSubscriptionCreate": {"webhookSubscription": {"id": "s"}, "userErrors": []}}
    shop = Script(lambda name, variables: {"webhookSubscriptions": page(found)} if name == "Subscriptions" else payload)
    return shop, [finding async for finding in CONNECTOR.subscribe(shop, ADDRESS)]


def test_every_topic_exists(contracts: Path) -> None:
    lines = (contracts / "shopify/webhook_topics_2026-10.tsv").read_text().splitlines()
    assert {enum(topic) for topic in SUBSCRIBED} <= {line.partition("\t")[0] for line in lines}


def test_what_is_delivered_holds_no_personal_field() -> None:
    known = {
        "id",
        "admin_graphql_api_id",
        "updated_at",
        "order_id",
        "order",
        "order_edit",
        "myshopify_domain",
        "status",
    }
    assert {field for topic in SUBSCRIBED.values() for field in topic.fields} <= known


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/cancelled"])
def test_an_order_s_deliveries_keep_their_update_time(topic: str) -> None:
    """Shopify compares what it would send, so a change must show in the fields that were asked for."""
    assert "updated_at" in SUBSCRIBED[topic].fields


async def test_missing_subscriptions_are_made_and_others_left() -> None:
    present = [name for name in SUBSCRIBED if name != "orders/updated"]
    shop, findings = await subscribing(subscribed(*present))
    (made,) = [variables for name, variables in shop.asked if name == "Subscribe"]
    assert made["topic"] == "ORDERS_UPDATED"
    assert made["subscription"]["uri"] == ADDRESS
    assert made["subscription"]["includeFields"] == ["id", "admin_graphql_api_id", "updated_at"]
    assert {finding.level for finding in findings} == {"ok"}
    assert len(findings) == len(SUBSCRIBED)


async def test_a_subscription_that_sends_too_much_is_set_right() -> None:
    shop, _ = await subscribing(subscribed("orders/create", fields=["id", "email"]))
    (changed,) = [variables for name, variables in shop.asked if name == "Resubscribe"]
    assert changed["id"] == "s/orders/create"


async def test_a_subscription_to_another_address_is_none_of_ours() -> None:
    shop, _ = await subscribing(subscribed("orders/create", uri="https://other.example/"))
    assert not [name for name, _ in shop.asked if name == "Resubscribe"]


async def test_a_refused_subscription_is_said_and_the_others_go_on() -> None:
    refused = {
        "webhookSubscriptionCreate": {
            "webhookSubscription": None,
            "userErrors": [{"field": None, "message": "Address not allowed"}],
        }
    }
    _, findings = await subscribing([], refused)
    assert {(finding.level, bool(finding.remedy)) for finding in findings} == {("warn", True)}
    denied = answer(
        {"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "read_returns"}}]}
    )
    _, findings = await subscribing([], denied)
    assert all("read_returns" in finding.detail for finding in findings)


async def test_the_list_of_subscriptions_is_read_to_its_end() -> None:
    pages = {
        None: page(subscribed("orders/create"), "c"),
        "c": page(subscribed(*[name for name in SUBSCRIBED if name != "orders/create"])),
    }
    shop = Script(lambda name, variables: {"webhookSubscriptions": pages[variables["after"]]})
    findings = [finding async for finding in CONNECTOR.subscribe(shop, ADDRESS)]
    assert {finding.detail for finding in findings} == {"in place"}
