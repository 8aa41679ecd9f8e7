"""Webhooks of the played TikTok Shop: signed, tried again, duplicated, delayed, dropped."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.server import Sandbox
from jalon.sandbox.tiktok_shop import APP_KEY, TikTokShopPart
from jalon.sandbox.webhooks import Event
from jalon.sandbox.world import World

TYPES = (
    "ORDER_STATUS_CHANGE",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
)


@dataclass
class Listener:
    """A receiver that keeps what it gets and answers with the statuses in turn, the last one for ever."""

    address: str = ""
    got: list[tuple[bytes, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [200])

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), request.headers.get("Authorization", "")))
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    @property
    def words(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.got]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    app = web.Application()
    app.router.add_post("/hook", listening.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listening.address = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield listening
    await runner.cleanup()


async def _subscribe(seller: Seller, listener: Listener) -> None:
    for event_type in TYPES:
        body = {"event_type": event_type, "address": listener.address}
        await seller.call("PUT", "/event/202309/webhooks", {}, body)


async def _pass(sandbox: Sandbox, seconds: float) -> int:
    sandbox.clock.advance(seconds)
    return await sandbox.deliverer.pump()


async def test_each_change_is_told_once_signed_and_in_the_platforms_form(
    seller: Seller, sandbox: Sandbox, listener: Listener, world: World, contracts: Path
) -> None:
    await _subscribe(seller, listener)
    part = sandbox.parts["tiktok_shop"]
    assert isinstance(part, TikTokShopPart)
    part.hooks.configured = listener.address
    await _pass(sandbox, 25 * 86_400)
    described = json.loads((contracts / "tiktok-shop" / "webhooks.schemas.json").read_text())
    secret = seller.secret.encode()
    for (body, signature), words in zip(listener.got, listener.words, strict=True):
        assert hmac.new(secret, APP_KEY.encode() + body, hashlib.sha256).hexdigest() == signature
        Draft202012Validator(described[str(words["type"])]["payload"]).validate(words)
        assert NOW < words["timestamp"] <= sandbox.clock.now()
    assert {words["type"] for words in listener.words} == {1, 7, 11, 12, 17, 67}
    ids = [words["tts_notification_id"] for words in listener.words]
    assert len(set(ids)) == len(ids)
    placed = {w["data"]["order_id"] for w in listener.words if w["type"] == 1 and w["data"]["order_status"] == "UNPAID"}
    until = sandbox.clock.now()
    assert placed == {s.order_id for s in world.sales if s.platform == "tiktok_shop" and NOW < s.placed_at <= until}


async def test_a_refused_delivery_is_tried_again_by_the_platforms_schedule(
    seller: Seller, sandbox: Sandbox, listener: Listener
) -> None:
    listener.statuses = [500]
    await _subscribe(seller, listener)
    event = Event(NOW, "one", listener.address, b"{}", {}, 3.0, (120.0, 1800.0, 10_800.0, 43_200.0))
    sandbox.deliverer.sources.clear()
    sandbox.deliverer.send(event)
    assert await sandbox.deliverer.pump() == 1
    tries = [await _pass(sandbox, seconds) for seconds in (119, 1, 1799, 1, 10_800, 43_199, 1, 10**6)]
    assert tries == [0, 1, 0, 1, 1, 0, 1, 0]
    assert len(listener.got) == 5
    assert {attempt.status for attempt in sandbox.deliverer.attempts} == {500}


async def test_only_200_counts_as_taken(seller: Seller, sandbox: Sandbox, listener: Listener) -> None:
    listener.statuses = [204, 200]
    await _subscribe(seller, listener)
    part = sandbox.parts["tiktok_shop"]
    assert isinstance(part, TikTokShopPart)
    part.deauthorize()
    assert await sandbox.deliverer.pump() == 1
    sandbox.deliverer.sources.clear()
    assert await _pass(sandbox, 120) == 1
    assert [words["type"] for words in listener.words] == [6, 6]
    assert listener.got[0] == listener.got[1]


async def test_a_deaf_receiver_ends_in_giving_up(sandbox: Sandbox) -> None:
    given_up = []
    event = Event(NOW, "x", "http://127.0.0.1:9/none", b"", {}, 1.0, (1.0,), given_up=lambda: given_up.append("x"))
    sandbox.deliverer.send(event)
    await sandbox.deliverer.pump()
    assert not given_up
    await _pass(sandbox, 1)
    assert given_up == ["x"]


async def test_deliveries_go_wrong_by_name(seller: Seller, sandbox: Sandbox, listener: Listener) -> None:
    rates = {"hook_duplicate": 0.3, "hook_delay": 0.2, "hook_reorder": 0.5, "hook_drop": 0.2}
    sandbox.faults.set(rates)
    await _subscribe(seller, listener)
    for _ in range(40):
        await _pass(sandbox, 6 * 3600)
    ids = [words["tts_notification_id"] for words in listener.words]
    stamps = [words["timestamp"] for words in listener.words]
    assert len(set(ids)) < len(ids), "some come twice"
    assert stamps != sorted(stamps), "some overtake others"
    assert sandbox.deliverer.dropped, "some never come"
    assert not {f"tiktok_shop {identity}" for identity in ids} & set(sandbox.deliverer.dropped)


async def test_a_hook_is_listed_and_taken_away(seller: Seller, sandbox: Sandbox, listener: Listener) -> None:
    await _subscribe(seller, listener)
    listed = await seller.call("GET", "/event/202309/webhooks")
    assert listed["total_count"] == len(TYPES)
    assert {hook["address"] for hook in listed["webhooks"]} == {listener.address}
    for event_type in TYPES:
        await seller.call("DELETE", "/event/202309/webhooks", {}, {"event_type": event_type})
    assert await seller.call("GET", "/event/202309/webhooks") == {"total_count": 0}
    assert await _pass(sandbox, 86_400) == 0
    bad = await seller.send("PUT", "/event/202309/webhooks", {}, {"event_type": "NOPE", "address": "https://x.example"})
    assert bad.json()["code"] == 36009004


@pytest.mark.parametrize(
    "address",
    ["http://a.example/x", "https://a.example:8443/x", "https://203.0.113.7/x", "https://[2001:db8::1]/x", "x", ""],
)
async def test_a_hook_is_a_domain_name_by_https(seller: Seller, address: str) -> None:
    wish = {"event_type": "ORDER_STATUS_CHANGE", "address": address}
    assert (await seller.send("PUT", "/event/202309/webhooks", {}, wish)).json()["code"] == 36009004
    wish["address"] = "https://a.example/x"
    await seller.call("PUT", "/event/202309/webhooks", {}, wish)
