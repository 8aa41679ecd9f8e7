"""The brand's own channels, played: the same brand has the same ones, and the sender of events keeps the standard."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from jalon.connectors.templates.schema import schema
from jalon.sandbox import own_channels
from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.hook import RETRIES, HookPart
from jalon.sandbox.server import Sandbox
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

DAY = 86_400
BODY = Draft202012Validator(schema())


@pytest.fixture(scope="module")
def world() -> World:
    return generate(3, orders=80, days=10)


def part_of(world: World, clock: Clock | None = None) -> HookPart:
    clock, faults = clock or Clock(float(NOW), frozen=True), Faults(3)
    return HookPart(world, clock, faults, Deliverer(clock, faults))


def events(part: HookPart) -> list[Event]:
    part.deliver_to("http://127.0.0.1:1/hook")
    return part.events(NOW - 10 * DAY, NOW + 30 * DAY)


def made(event: Event) -> Mapping[str, str]:
    assert callable(event.headers)
    return event.headers()


def test_the_same_brand_has_the_same_channels(world: World) -> None:
    again = generate(3, orders=80, days=10)
    assert own_channels.receipts(world, ("1", "2")) == own_channels.receipts(again, ("1", "2"))
    assert own_channels.answers(world, "nps") == own_channels.answers(again, "nps")
    assert own_channels.openings(world) == own_channels.openings(again)
    assert own_channels.costs(world, NOW) == own_channels.costs(again, NOW) != []


def test_what_a_channel_has_told_it_does_not_take_back(world: World) -> None:
    assert own_channels.costs(world, NOW + DAY)[: len(own_channels.costs(world, NOW))] == own_channels.costs(world, NOW)
    early, late = part_of(world).truth(NOW), part_of(world).truth(NOW + DAY)
    for name, rows in early.items():
        assert rows == [row for row in late[name] if row in rows]


def test_numbers_of_receipts_begin_anew_at_each_till(world: World) -> None:
    sold = own_channels.receipts(world, ("1", "2"))
    assert {one.number for one in sold if one.till == "1"} & {one.number for one in sold if one.till == "2"}
    assert any(one.shopper is None for one in sold)


def test_every_event_is_one_that_jalon_publishes_a_schema_for(world: World) -> None:
    types = set()
    for event in events(part_of(world)):
        body = json.loads(event.body)
        BODY.validate(body)
        types |= {each["type"] for each in (body if isinstance(body, list) else [body])}
    assert types == {"order", "identity", "refund", "answer"}


def test_each_try_is_signed_with_its_own_time_and_one_message(world: World) -> None:
    now = [1_700_000_000.0]
    part = part_of(world, Clock(float(NOW), frozen=True, real=lambda: now[0]))
    event = events(part)[0]
    key = base64.b64decode(part.secret.removeprefix("whsec_"))
    seen = set()
    for _ in range(2):
        headers = made(event)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + event.body
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
        assert headers["webhook-timestamp"] == str(int(now[0]))
        seen.add(headers["webhook-id"])
        now[0] += 600
    assert len(seen) == 1
    assert len({made(each)["webhook-id"] for each in events(part)}) == len(events(part))


def test_while_it_rotates_it_signs_with_both(world: World) -> None:
    part = part_of(world)
    before, event = part.secret, events(part)[0]
    assert part.rotate() == part.secret != before
    assert len(made(event)["webhook-signature"].split(" ")) == 2


def test_nothing_is_sent_before_an_address_is_known(world: World) -> None:
    assert part_of(world).events(0, NOW + 30 * DAY) == []
    assert events(part_of(world))[0].retries == RETRIES


async def test_the_address_is_written_into_its_settings(world: World) -> None:
    async with Sandbox(world, Clock(float(NOW), frozen=True), parts=["hook"], deliver=False) as sandbox:
        page = f"{sandbox.addresses['hook.settings']}/endpoint"
        async with aiohttp.ClientSession() as person:
            async with person.post(page, json={"address": "nowhere"}) as refused:
                assert refused.status == 400
            async with person.post(page, json={"address": "http://127.0.0.1:9/hook"}) as taken:
                assert taken.status == 200
        part = sandbox.parts["hook"]
        assert {event.address for event in part.events(NOW, NOW + 10 * DAY)} == {"http://127.0.0.1:9/hook"}
