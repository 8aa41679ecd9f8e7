"""WhatsApp, played: its forms are those that are documented, its account answers as the connector's contract says."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.graph_api.hooks import Subscription
from jalon.sandbox.graph_api.words import Row
from jalon.sandbox.webhooks import Deliverer
from jalon.sandbox.whatsapp import ACCOUNT, OBJECT, OFFERED, WhatsAppPart
from jalon.sandbox.whatsapp.chats import acts
from jalon.sandbox.world import World

DAY = 86_400


@pytest.fixture(scope="module")
def world() -> World:
    return generate(3, orders=80, days=10)


def part_of(world: World) -> WhatsAppPart:
    clock, faults = Clock(float(NOW), frozen=True), Faults(3)
    part = WhatsAppPart(world, clock, faults, Deliverer(clock, faults))
    part.hooks.subscriptions[OBJECT] = Subscription(OBJECT, "http://127.0.0.1:1/hook", tuple(sorted(OFFERED)))
    part.hooks.accounts[ACCOUNT] = tuple(OFFERED)
    return part


def changes(part: WhatsAppPart) -> list[Row]:
    events = part.events(NOW - 12 * DAY, NOW + 12 * DAY)
    bodies = [json.loads(event.body) for event in events]
    assert {body["object"] for body in bodies} == {OBJECT}
    return [change for body in bodies for entry in body["entry"] for change in entry["changes"]]


def listed(part: WhatsAppPart, name: str) -> list[Row]:
    return [row for change in changes(part) for row in change["value"].get(name, ())]


def test_the_same_brand_writes_the_same(world: World) -> None:
    assert acts(world) == acts(generate(3, orders=80, days=10))
    kinds = {act.kind for act in acts(world)}
    assert kinds == {"ad", "question", "cart", "click", "landing", "chat", "inferred", "new_number"}


def test_every_delivery_is_signed_over_its_bytes(world: World) -> None:
    part = part_of(world)
    secret = part.settings({"whatsapp.api": ""})["secrets"]["app_secret"].encode()
    events = part.events(NOW - 12 * DAY, NOW + 12 * DAY)
    assert len(events) > 30
    assert len({event.key for event in events}) == len(events)
    for event in events:
        right = hmac.new(secret, event.body, hashlib.sha256).hexdigest()
        assert event.headers["X-Hub-Signature-256"] == f"sha256={right}"


def test_messages_have_the_documented_forms(world: World) -> None:
    found = listed(part_of(world), "messages")
    assert {message["type"] for message in found} == {"text", "order", "system"}
    assert all(message["id"].startswith("wamid.") and message["timestamp"].isdecimal() for message in found)
    named = {("from" in message, "from_user_id" in message) for message in found}
    assert named == {(True, True), (True, False), (False, True)}, "by number, by user id, by both"
    items = [item for message in found if message["type"] == "order" for item in message["order"]["product_items"]]
    assert {type(item["quantity"]) for item in items} == {int, str}, "numbers come in both forms"
    assert any(message.get("referral", {}).get("ctwa_clid") for message in found)
    assert any(message.get("context", {}).get("referred_product") for message in found)


def test_a_click_names_nobody_and_its_visit_carries_its_id(world: World) -> None:
    found = listed(part_of(world), "user_actions")
    clicks = {
        row["marketing_messages_link_click_data"]["click_id"]
        for row in found
        if row["action_type"] == "marketing_messages_link_click"
    }
    visits = {row["landing_page_view_data"]["click_id"] for row in found if row["action_type"] == "landing_page_view"}
    assert clicks & visits
    assert not any("from" in row or "user_id" in str(row) for row in found)


def test_receipts_echoes_and_repetitions_come_among_the_messages(world: World) -> None:
    part = part_of(world)
    assert listed(part, "statuses")
    assert listed(part, "message_echoes")
    ids = [message["id"] for message in listed(part, "messages")]
    assert len(set(ids)) < len(ids)


def test_nobody_who_is_not_subscribed_is_told(world: World) -> None:
    part = part_of(world)
    part.hooks.accounts.clear()
    assert part.events(NOW - 12 * DAY, NOW) == []


def test_the_truth_tells_what_has_happened_by_now(world: World) -> None:
    part = part_of(world)
    told: list[Any] = part.truth(NOW)["acts"]
    assert told
    assert max(act["at"] for act in told) <= NOW
