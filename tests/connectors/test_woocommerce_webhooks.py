"""WooCommerce's deliveries: signatures, the unsigned ping, what is opened, and webhooks that are kept alive."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Delivery, Ref, Request, Undelivered
from jalon.connectors.woocommerce.subscriptions import name_of
from jalon.connectors.woocommerce.webhooks import TOPICS
from tests.connectors.woocommerce_shop import CONNECTOR, SECRET, FakeSession, answer, listed, refused, settings

ADDRESS = "https://hooks.example/hooks/shop/token"
FORM = {"content-type": "application/x-www-form-urlencoded"}
ORDER = {"id": 727, "status": "processing", "line_items": [], "billing": {}}


def delivery(body: Any, topic: str = "order.updated", secret: str = SECRET, **headers: str) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256)).decode()
    named = {"x-wc-webhook-topic": topic, "x-wc-webhook-signature": signed, "x-wc-webhook-delivery-id": "d1"}
    return Delivery({**named, **{name.replace("_", "-"): text for name, text in headers.items()}}, raw, 0.0)


# --- at the door ------------------------------------------------------------------------------------------------------


def test_the_official_vectors_are_understood(contracts: Path) -> None:
    signed, ping, _ = json.loads((contracts / "woocommerce" / "signing_vectors.json").read_text())
    headers = {signed["header"].lower(): signed["expected"]}
    raw, secret = signed["raw_body"].encode(), signed["secret"].encode()
    assert CONNECTOR.verify(Delivery(headers, raw, 0.0), settings(), (secret,))
    assert not CONNECTOR.verify(Delivery(headers, raw + b" ", 0.0), settings(), (secret,))
    asked = Delivery({"content-type": ping["content_type"]}, ping["body"].encode(), 0.0)
    assert CONNECTOR.is_knock(asked, settings())
    assert not CONNECTOR.verify(asked, settings(), (secret,))


@given(
    st.binary(max_size=200),
    st.text(min_size=1, max_size=40).filter(lambda text: "&" not in text),
    st.integers(0, 7),
    st.data(),
)
def test_what_is_signed_is_taken_and_each_flipped_bit_refused(
    body: bytes, secret: str, bit: int, data: st.DataObject
) -> None:
    raw = body + b"."
    signed = delivery(raw, secret=secret)
    assert CONNECTOR.verify(signed, settings(), (secret.encode(),))
    assert CONNECTOR.verify(signed, settings(), (b"another", secret.encode()))
    place = data.draw(st.integers(0, len(raw) - 1))
    flipped = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
    assert not CONNECTOR.verify(signed._replace(body=flipped), settings(), (secret.encode(),))


def test_a_secret_with_signs_of_html_signs_as_what_they_mean() -> None:
    signed = delivery(b"{}", secret="""a<b>"c"'d'&e""")
    assert CONNECTOR.verify(signed, settings(), (b"a&lt;b&gt;&quot;c&quot;&#039;d&#39;&amp;e",))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"webhook_id=142"),
        ({"content-type": "application/json"}, b"webhook_id=142"),
        ({**FORM, "x-wc-webhook-topic": "order.created"}, b"webhook_id=142"),
        (FORM, b"webhook_id=142&id=7"),
        (FORM, b"webhook_id="),
        (FORM, b"webhook_id=1\n"),
        (FORM, b'{"id":727}'),
    ],
)
def test_only_the_ping_itself_is_a_knock(headers: dict[str, str], body: bytes) -> None:
    assert not CONNECTOR.is_knock(Delivery(headers, body, 0.0), settings())


def test_a_knock_may_name_its_charset() -> None:
    form = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    assert CONNECTOR.is_knock(Delivery(form, b"webhook_id=1", 0.0), settings())


def test_deliveries_of_one_second_are_told_apart_by_their_bodies() -> None:
    keys = [CONNECTOR.delivery_key(delivery({**ORDER, "id": number})) for number in (1, 2)]
    assert len(set(keys)) == 2
    assert CONNECTOR.delivery_key(delivery(ORDER)) == CONNECTOR.delivery_key(delivery(ORDER))


def test_an_order_that_is_deleted_twice_is_told_twice() -> None:
    first, again = (delivery({"id": 7}, "order.deleted", x_wc_webhook_delivery_id=mark) for mark in ("d1", "d2"))
    assert CONNECTOR.delivery_key(first) != CONNECTOR.delivery_key(again)
    assert CONNECTOR.delivery_key(first) != CONNECTOR.delivery_key(delivery({"id": 7}, "product.deleted"))


# --- opened -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "body", "ref"),
    [
        ("order.created", ORDER, Ref("orders", "727")),
        ("order.updated", ORDER, Ref("orders", "727")),
        ("order.restored", ORDER, Ref("orders", "727")),
        ("order.deleted", {"id": 727}, Ref("orders", "727")),
        ("order.deleted", {"id": "727"}, Ref("orders", "727")),
        ("product.updated", {"id": 9, "sku": "", "type": "simple"}, Ref("products", "9")),
        ("product.deleted", {"id": 9}, Ref("products", "9")),
    ],
)
def test_a_delivery_says_what_to_read_and_nothing_else(topic: str, body: Any, ref: Ref) -> None:
    opened = CONNECTOR.open(delivery(body, topic), settings())
    assert (opened.topic, list(opened.refs), list(opened.records)) == (topic, [ref], [])


def test_a_topic_that_was_not_asked_for_is_unknown() -> None:
    assert not CONNECTOR.open(delivery({"id": 1}, "coupon.created"), settings()).known


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("order.updated", {"id": 727}),
        ("order.updated", {"id": 9, "sku": "", "type": "simple"}),
        ("product.updated", ORDER),
        ("order.deleted", {"id": True}),
        ("order.deleted", {"id": -1}),
        ("order.deleted", {"id": "7/../8"}),
        ("order.deleted", []),
        ("order.updated", b"not json"),
    ],
)
def test_a_body_that_is_not_one_of_its_topic_is_not_understood(topic: str, body: Any) -> None:
    with pytest.raises(Undelivered):
        CONNECTOR.open(delivery(body, topic), settings())


def test_a_webhook_whose_owner_lost_the_right_to_read_is_named() -> None:
    body = {"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 403}}
    with pytest.raises(Undelivered, match="owns the webhook"):
        CONNECTOR.open(delivery(body), settings())


# --- subscribed -------------------------------------------------------------------------------------------------------


class Shop:
    """Webhooks of a shop, by API."""

    def __init__(self, *hooks: dict[str, Any], writable: bool = True) -> None:
        self.hooks = list(hooks)
        self.written: list[tuple[str, str, dict[str, Any]]] = []
        self.writable = writable

    def play(self, asked: Request) -> Answer:
        if asked.method == "GET":
            return listed(self.hooks)
        if not self.writable:
            return refused("woocommerce_rest_authentication_error", 401)
        self.written.append((asked.method, asked.path, json.loads(asked.body)))
        assert asked.idempotent is (asked.method == "PUT"), "a repeated POST would make a second webhook"
        return answer({"id": 1}, 201)


def hook(topic: str, number: int = 140, **more: Any) -> dict[str, Any]:
    return {"id": number, "topic": topic, "delivery_url": ADDRESS, "status": "active", "name": name_of(SECRET), **more}


async def subscribed(shop: Shop, **more: Any) -> dict[str, tuple[str, str]]:
    session = FakeSession(shop.play, **more)
    found = [finding async for finding in CONNECTOR.subscribe(session, ADDRESS)]
    return {finding.name.removeprefix("webhook "): (finding.level, finding.detail) for finding in found}


async def test_every_topic_is_subscribed_once(contracts: Path) -> None:
    shop = Shop()
    found = await subscribed(shop)
    assert found == dict.fromkeys(TOPICS, ("ok", "created"))
    known = json.loads((contracts / "woocommerce" / "webhooks.properties.json").read_text())["Webhook properties"]
    for method, path, body in shop.written:
        assert (method, path) == ("POST", "/wp-json/wc/v3/webhooks")
        assert set(body) <= set(known)
        assert (body["delivery_url"], body["status"]) == (ADDRESS, "active")
        assert SECRET not in body["name"]
    there = Shop(*(hook(topic, number) for number, topic in enumerate(TOPICS, 1)))
    assert await subscribed(there) == dict.fromkeys(TOPICS, ("ok", "in place"))
    assert there.written == []


async def test_a_webhook_that_was_switched_off_is_switched_on_again_and_one_that_a_person_paused_is_left() -> None:
    off, paused = hook("order.updated", 141, status="disabled"), hook("order.created", 142, status="paused")
    shop = Shop(off, paused, *(hook(topic) for topic in TOPICS if topic not in ("order.updated", "order.created")))
    found = await subscribed(shop)
    ((method, path, body),) = shop.written
    assert (method, path, body["status"]) == ("PUT", "/wp-json/wc/v3/webhooks/141", "active")
    assert found["order.updated"][0] == found["order.created"][0] == "warn"
    assert "switched off" in found["order.updated"][1]


async def test_another_secret_is_put_into_webhooks_that_sign_with_the_old_one() -> None:
    shop = Shop(*(hook(topic) for topic in TOPICS))
    found = await subscribed(shop, webhook_secret="another-long-random-text")
    assert {detail for _, detail in found.values()} == {"given the secret of the settings"}
    assert {body["secret"] for _, _, body in shop.written} == {"another-long-random-text"}


async def test_webhooks_of_other_addresses_are_left_alone() -> None:
    shop = Shop(*(hook(topic, delivery_url="https://elsewhere.example") for topic in TOPICS))
    await subscribed(shop)
    assert {method for method, _, _ in shop.written} == {"POST"}


async def test_a_key_that_may_only_read_is_told_and_polling_goes_on() -> None:
    found = await subscribed(Shop(writable=False))
    assert {level for level, _ in found.values()} == {"warn"}


async def test_without_a_secret_nothing_is_subscribed() -> None:
    shop = Shop()
    found = await subscribed(shop, webhook_secret=None)
    assert [level for level, _ in found.values()] == ["warn"]
    assert shop.written == []
    assert CONNECTOR.secrets(settings(webhook_secret=None)) == ()


def test_two_secrets_hold_while_one_replaces_the_other() -> None:
    assert CONNECTOR.secrets(settings(webhook_secret_old="old")) == (SECRET.encode(), b"old")
