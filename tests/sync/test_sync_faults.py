"""What a refused or unready answer costs: its window, its key or its source, and nothing else."""

from __future__ import annotations

import json

import pytest
from toy import (
    DAYS_AGO_50,
    KEYRING,
    NOW,
    WINDOWS,
    Asked,
    Orders,
    PlayedClock,
    Reply,
    entries,
    inbox,
    mark,
    open_windows,
    orders,
    page,
    played,
    served,
    single,
    source,
    stream,
    workshop,
)

from jalon.store import sources, windows
from jalon.store.database import Store
from jalon.sync.engine import sync_source
from jalon.sync.pages import quarantined_body
from jalon.sync.planning import PER_PLACE
from jalon.sync.retry import TRIES
from jalon.sync.work import TOO_MANY

# --- faults -----------------------------------------------------------------------------------------------------------


async def test_too_much_at_once_is_halved_until_it_fits(store: Store) -> None:
    shop = Orders(orders(30, DAYS_AGO_50, 100_000), page=50)

    def handler(asked: Asked) -> Reply:
        if asked.path == "/orders" and int(asked.query["high"]) - int(asked.query["low"]) > 86_400:
            return Reply(body={"error": "split", "reason": "too many"})
        return shop(asked)

    async with served(handler) as server:
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (outcome.state, set(inbox(store))) == ("ok", set(shop.rows))
    assert entries(store) == []


async def test_what_cannot_be_halved_any_more_is_named_and_left_out(store: Store) -> None:
    clock = PlayedClock(NOW)
    refused = Reply(body={"error": "split", "reason": "too many"})
    async with served(lambda asked: Reply(body={"id": "1"}) if asked.path == "/shop" else refused) as server:
        store.write(lambda db: windows.plan(db, "shop", "orders", [(NOW - 2, NOW)], NOW))
        outcome = await sync_source(single(server), workshop(store, clock))
    assert (outcome.state, outcome.counts.skipped, open_windows(store)) == ("ok", 2, [])
    assert {(entry.reason, entry.detail) for entry in entries(store)} == {("too_large", "too many")}


async def test_a_refused_window_is_named_and_left_out(store: Store) -> None:
    outcome, _ = await played(store, Reply(body={"error": "skip", "reason": "not for you"}))
    assert (outcome.state, open_windows(store)) == ("ok", [])
    [entry] = entries(store)
    assert (entry.reason, entry.detail, entry.stream) == ("refused", "not for you", "orders")
    assert entry.key.endswith("/2026-09-21T14:13:20Z")


@pytest.mark.parametrize("name", ["skip", "stop"])
async def test_an_optional_stream_without_permission_is_left_out_and_read_once_it_is_granted(
    store: Store, name: str
) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(40, DAYS_AGO_50, 100_000))
    refused = Reply(body={"error": name, "reason": "scope x is missing"})
    granted = False

    def handler(asked: Asked) -> Reply:
        if asked.path == "/extras":
            return shop.search(asked) if granted else refused
        return Reply(body={"rows": [], "id": "1"})

    extras = stream(name="extras", optional=True)
    async with served(handler) as server:
        of = source(server, stream(), extras, token="access-token-0")
        for _ in range(30):
            outcome = await sync_source(of, workshop(store, clock))
            assert (outcome.state, outcome.counts.pending_windows) == ("ok", WINDOWS)
            clock.time += 7200
        with store.read() as db:
            [notice] = sources.notices(db, "shop")
        assert (notice.kind, notice.detail.split(";")[0]) == ("without extras", "scope x is missing")
        assert sum(asked.path == "/extras" for asked in server.asked) <= WINDOWS + 29
        granted = True
        outcome = await sync_source(of, workshop(store, clock))
    assert (outcome.state, set(inbox(store)), open_windows(store)) == ("ok", set(shop.rows), [])
    assert mark(store, stream="extras") == clock.time
    with store.read() as db:
        assert sources.notices(db, "shop") == []


async def test_a_token_that_is_over_is_no_matter_of_an_optional_stream(store: Store) -> None:
    alive = True

    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(body={"access": "a-1", "refresh": "r-1"} if alive else {"error": "stop", "reason": "left"})
        return Reply(body={"rows": [], "id": "1"} if alive else {"error": "renew"})

    clock = PlayedClock(NOW)
    async with served(handler) as server:
        of = source(server, stream(name="extras", optional=True), refresh_token="r-0")
        await sync_source(of, workshop(store, clock))
        alive, clock.time = False, NOW + 7200
        outcome = await sync_source(of, workshop(store, clock))
    assert (outcome.state, outcome.message) == ("auth", "shop: left")
    with store.read() as db:
        assert sources.notices(db, "shop") == []


async def test_a_stop_ends_the_source_and_says_what_to_do(store: Store) -> None:
    shop = Orders(orders(200, DAYS_AGO_50, 20_000), page=5)
    asked_for = 0

    def handler(asked: Asked) -> Reply:
        nonlocal asked_for
        asked_for += 1
        return Reply(body={"error": "stop", "reason": "shop is closed"}) if asked_for == 6 else shop(asked)

    async with served(handler) as server:
        outcome = await sync_source(
            source(server, token="access-token-0", in_flight=3), workshop(store, PlayedClock(NOW))
        )
        assert (outcome.state, outcome.message, outcome.remedy) == ("auth", "shop: shop is closed", "do this")
        assert outcome.exit_status == 3
        # What is on its way ends, and while the stop is written down each of the others may ask once more or twice.
        assert len(server.asked) <= 6 + 3 * 3
        assert outcome.counts.new == len(inbox(store)) > 0
        again = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW)))
    assert (again.state, set(inbox(store))) == ("ok", set(shop.rows))
    assert again.counts.requests > 3 * 9, "far more was left"


async def test_one_failing_window_does_not_hold_up_the_others(store: Store) -> None:
    shop = Orders(orders(40, DAYS_AGO_50, 100_000), page=5)
    bad: list[str] = []

    def handler(asked: Asked) -> Reply:
        if asked.path == "/orders":
            bad[:] = bad or [asked.query["low"]]
            if asked.query["low"] == bad[0]:
                return Reply(body={"rows": [{"nothing": "as promised"}]})
        return shop(asked)

    async with served(handler) as server:
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW)))
        assert (outcome.state, outcome.exit_status, outcome.counts.pending_windows) == ("partial", 1, 1)
        [window] = open_windows(store)
        assert window.note == "KeyError in toy, line " + window.note.rpartition(" ")[2]
        bad[:] = ["none"]
        again = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock(NOW + 1)))
    assert (again.state, set(inbox(store))) == ("ok", set(shop.rows))


async def test_a_platform_that_is_away_is_not_asked_for_ever(store: Store) -> None:
    shop = Orders(orders(40, DAYS_AGO_50, 100_000), page=5)

    def handler(asked: Asked) -> Reply:
        return shop(asked) if asked.path == "/shop" else Reply(503, b"down for maintenance")

    clock = PlayedClock(NOW)
    async with served(handler) as server:
        outcome = await sync_source(source(server, token="access-token-0", in_flight=4), workshop(store, clock))
        assert (outcome.state, len(open_windows(store))) == ("partial", 4 * PER_PLACE)
        assert "keeps failing" in outcome.message
        assert len(server.asked) <= 1 + TRIES * (
            4 + TOO_MANY - 1
        )  # those that run when the third fails end by themselves
        server.handler = shop
        again = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
    assert (again.state, set(inbox(store))) == ("ok", set(shop.rows))


async def test_a_spent_quota_ends_the_run_as_such(store: Store) -> None:
    told = Reply(body={"error": "throttled", "reason": "quota"}, headers={"retry-after": "7200"})
    outcome, _ = await played(store, page("a", next="1"), told)
    assert (outcome.state, outcome.exit_status) == ("budget", 4)
    assert outcome.counts.next_due is not None
    assert NOW + 7199 < outcome.counts.next_due < NOW + 7202
    [window] = open_windows(store)
    assert (window.cursor, window.note) == ("1", "quota")


async def test_a_record_that_cannot_be_stored_does_not_stop_the_others(store: Store) -> None:
    rows = [{"id": "a", "at": 1}, {"id": "", "at": 1}, {"id": "b", "at": 1, "version": 2**70}, {"id": "c", "at": 1}]
    outcome, _ = await played(store, Reply(body={"rows": rows, "skipped": [["d", "gone", "it was deleted"]]}))
    assert (outcome.state, set(inbox(store)), outcome.counts.skipped) == ("ok", {"a", "c"}, 3 * outcome.counts.pages)
    [kept] = [entry for entry in entries(store) if entry.key == "b"]
    assert json.loads(quarantined_body(KEYRING, kept) or b"")["id"] == "b"
    assert {(entry.key, entry.reason, entry.sealed) for entry in entries(store)} == {
        ("", "no_identity", True),
        ("b", "no_identity", True),
        ("d", "gone", False),
    }


# --- what is not ready yet --------------------------------------------------------------------------------------------


async def test_what_is_ready_soon_is_waited_for_and_the_rest_left(store: Store) -> None:
    outcome, server = await played(
        store, page("a", next="job:1", later=NOW + 5), page(next="job:1", later=NOW + 30), page("b")
    )
    assert (outcome.state, set(inbox(store))) == ("ok", {"a", "b"})
    assert [asked.query.get("cursor") for asked in server.asked[1:]] == [None, "job:1", "job:1"]

    store.write(lambda db: windows.plan(db, "shop", "orders", [(1, 2)], None))
    outcome, _ = await played(store, page(next="job:2", later=NOW + 7200))
    assert (outcome.state, outcome.counts.next_due) == ("ok", NOW + 7200)
    [window] = open_windows(store)
    assert (window.cursor, window.not_before) == ("job:2", NOW + 7200)
