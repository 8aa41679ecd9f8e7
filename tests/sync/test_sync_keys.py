"""What is asked for by key is read once it is due, and stays on the list until it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from toy import (
    NOW,
    Asked,
    Orders,
    PlayedClock,
    Reply,
    Toy,
    entries,
    inbox,
    orders,
    served,
    source,
    stream,
    workshop,
)

from jalon.connectors.base import Batch, Session, Stream
from jalon.store import fetches
from jalon.store.database import Store
from jalon.sync.engine import sync_source


def want(store: Store, *refs: tuple[str, float]) -> None:
    store.write(lambda db: fetches.add(db, "shop", [("orders", key, at) for key, at in refs]))


def waiting(store: Store) -> int:
    with store.read() as db:
        return sum(each.keys for each in fetches.pending(db, "shop"))


KEYED = stream(grain="keyed")


async def test_what_is_asked_for_by_key_is_read_in_batches_once_it_is_due(store: Store) -> None:
    shop = Orders(orders(7, NOW - 1000))
    want(store, *((key, 0.0) for key in shop.rows), ("o99", NOW + 600))
    async with served(shop) as server:
        outcome = await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (outcome.counts.new, len(server.asked), waiting(store)) == (7, 1 + 3, 1)


class OneByOne(Toy):
    """Yields a batch for each key."""

    async def fetch(self, session: Session, stream: Stream, keys: Sequence[str]) -> AsyncIterator[Batch]:
        for key in keys:
            async for batch in super().fetch(session, stream, [key]):
                yield batch


async def test_a_fetch_ends_where_its_generator_ends(store: Store) -> None:
    shop = Orders(orders(7, NOW - 1000))
    want(store, *((key, 0.0) for key in shop.rows))
    async with served(shop) as server:
        each = replace(source(server, token="access-token-0"), connector=OneByOne(KEYED))
        outcome = await sync_source(each, workshop(store, PlayedClock(NOW)))
    assert (outcome.state, set(inbox(store)), waiting(store)) == ("ok", set(shop.rows), 0)


async def test_a_key_that_is_not_ready_is_not_lost_among_others_that_are(store: Store) -> None:
    want(store, ("a", 0.0), ("b", 0.0), ("c", 0.0))
    ready = False

    def handler(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        if asked.path == "/orders/b" and not ready:
            return Reply(body={"rows": [], "later": NOW + 3600})
        return Reply(body={"rows": [{"id": asked.path.removeprefix("/orders/"), "at": 1}]})

    async with served(handler) as server:
        each = replace(source(server, token="access-token-0"), connector=OneByOne(KEYED))
        outcome = await sync_source(each, workshop(store, PlayedClock(NOW)))
        assert (outcome.state, set(inbox(store))) == ("ok", {"a", "c"})
        ready = True
        await sync_source(each, workshop(store, PlayedClock(NOW + 3601)))
    assert (set(inbox(store)), waiting(store)) == ({"a", "b", "c"}, 0)


async def test_a_key_may_ask_for_itself_again(store: Store) -> None:
    """An order whose journey is not ready is kept as it is and read again: later, not at once."""
    want(store, ("a", 0.0))
    follow = [["orders", "a", NOW + 900]]

    def handler(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        return Reply(body={"rows": [{"id": "a", "at": len(server.asked)}], "follow": follow})

    async with served(handler) as server:
        await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW)))
        assert (len(server.asked), waiting(store)) == (2, 1)
        follow.clear()
        await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW + 901)))
    assert (len(inbox(store)["a"]), waiting(store)) == (2, 0)


async def test_a_key_asked_for_while_it_is_read_is_read_again(store: Store) -> None:
    want(store, ("a", 0.0))
    times = 0

    def handler(asked: Asked) -> Reply:
        nonlocal times
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        times += 1
        if times == 1:
            want(store, ("a", 0.0))
        return Reply(body={"rows": [{"id": "a", "at": times}]})

    async with served(handler) as server:
        await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (times, waiting(store), len(inbox(store)["a"])) == (2, 0, 2)


async def test_one_refused_key_is_found_among_the_others(store: Store) -> None:
    want(store, *((f"o{n}", 0.0) for n in range(3)))

    def handler(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        keys = asked.path.removeprefix("/orders/").split(",")
        if "o1" in keys:
            return Reply(body={"error": "skip", "reason": "no such order"})
        return Reply(body={"rows": [{"id": key, "at": 1} for key in keys]})

    async with served(handler) as server:
        outcome = await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (outcome.state, set(inbox(store)), waiting(store)) == ("ok", {"o0", "o2"}, 0)
    assert [(entry.key, entry.reason) for entry in entries(store)] == [("o1", "refused")]


async def test_a_key_that_nobody_understands_is_tried_less_and_less_and_then_put_aside(store: Store) -> None:
    want(store, ("a", 0.0))
    clock = PlayedClock(NOW)

    def handler(asked: Asked) -> Reply:
        return Reply(body={"id": "1"} if asked.path == "/shop" else {"rows": ["no object"]})

    asked = 0
    async with served(handler) as server:
        for _ in range(200):
            outcome = await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, clock))
            if not waiting(store):
                break
            clock.time += 3600
        asked = sum(each.path != "/shop" for each in server.asked)
    assert (asked, outcome.state) == (8, "partial")
    assert [(entry.key, entry.reason) for entry in entries(store)] == [("a", "unreadable")]


async def test_keys_that_are_not_ready_stay_on_the_list(store: Store) -> None:
    want(store, ("a", 0.0), ("b", 0.0))

    def handler(asked: Asked) -> Reply:
        return Reply(body={"id": "1"} if asked.path == "/shop" else {"rows": [], "later": NOW + 3600})

    async with served(handler) as server:
        outcome = await sync_source(source(server, KEYED, token="access-token-0"), workshop(store, PlayedClock(NOW)))
        assert (outcome.state, outcome.counts.pending_fetches, outcome.counts.next_due) == ("ok", 2, NOW + 3600)
        assert len(server.asked) == 2


@pytest.mark.parametrize("optional", [True, False])
async def test_keys_without_permission_stop_the_source_unless_it_can_do_without(store: Store, optional: bool) -> None:
    want(store, ("a", 0.0))
    refused = Reply(body={"error": "stop", "reason": "scope y is missing"})
    each = stream(grain="keyed", optional=optional)
    async with served(lambda asked: Reply(body={"id": "1"}) if asked.path == "/shop" else refused) as server:
        outcome = await sync_source(source(server, each, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (outcome.state, waiting(store)) == ("ok" if optional else "auth", 1)
