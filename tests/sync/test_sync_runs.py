"""A run as a whole: its end, its lock, its figures, and the account that it greets."""

from __future__ import annotations

import pytest
from toy import (
    DAYS_AGO_50,
    NOW,
    Asked,
    Orders,
    PlayedClock,
    Reply,
    halted,
    inbox,
    orders,
    served,
    source,
    stream,
    workshop,
)

from jalon.store import runs
from jalon.store.database import Store
from jalon.store.lock import RunLock
from jalon.sync.engine import sync_all, sync_source
from jalon.sync.source import Sign

# --- ending early -----------------------------------------------------------------------------------------------------


async def test_the_time_limit_is_kept_and_what_was_read_is_kept_too(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(100, DAYS_AGO_50, 40_000), page=5)
    shop.between = lambda _: setattr(clock, "time", clock.time + 1)
    async with served(shop) as server:
        hall = workshop(store, clock)
        halted(hall, 10.0)
        outcome = await sync_source(source(server, token="access-token-0", in_flight=2), hall)
        assert (outcome.state, outcome.exit_status) == ("deadline", 4)
        assert len(server.asked) <= 13
        assert len(inbox(store)) == outcome.counts.new > 20
        shop.between = lambda _: None
        again = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
    assert (again.state, set(inbox(store))) == ("ok", set(shop.rows))


async def test_a_second_run_over_the_same_source_is_refused_and_told_who_holds_it(store: Store) -> None:
    async with served(Orders([])) as server:
        with RunLock(store.locks, "source-shop", "sync"):
            outcome = await sync_source(source(server, token="access-token-0"), workshop(store))
        assert (outcome.state, outcome.exit_status) == ("locked", 5)
        assert "process" in outcome.message
        assert server.asked == []
        assert (await sync_source(source(server, token="access-token-0"), workshop(store))).state == "ok"


async def test_sources_run_side_by_side_and_one_that_stops_leaves_the_other_alone(store: Store) -> None:
    good = Orders(orders(30, DAYS_AGO_50, 100_000))

    async with served(good) as one, served(lambda _: Reply(body={"error": "stop", "reason": "closed"})) as two:
        both = [source(one, token="access-token-0"), source(two, token="access-token-0", name="other")]
        first, second = await sync_all(both, workshop(store, PlayedClock(NOW)))
    assert (first.state, first.counts.new, second.state) == ("ok", 30, "auth")


async def test_a_run_is_written_down_with_its_figures(store: Store) -> None:
    told: list[Sign] = []
    async with served(Orders(orders(30, DAYS_AGO_50, 100_000), page=4)) as server:
        shop = workshop(store, PlayedClock(NOW), progress=told.append)
        outcome = await sync_source(source(server, token="access-token-0"), shop)
    with store.read() as db:
        [run] = runs.recent(db, 5)
    assert (run.command, run.outcome, run.finished_at) == ("sync", "ok", NOW)
    assert run.counts["new"] == outcome.counts.new == 30
    assert run.counts["requests"] == len(server.asked)
    assert (told[-1].pages, told[-1].rows) == (outcome.counts.pages, 30)


# --- the account ------------------------------------------------------------------------------------------------------


async def test_the_account_is_greeted_once_a_day_and_may_not_turn_into_another(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = {"id": "1"}
    async with served(lambda asked: Reply(body=shop if asked.path == "/shop" else {"rows": []})) as server:
        of = source(server, token="access-token-0")
        for _ in range(3):
            await sync_source(of, workshop(store, clock))
            clock.time += 3600
        assert sum(asked.path == "/shop" for asked in server.asked) == 1
        shop["id"] = "2"
        clock.time += 86_400
        outcome = await sync_source(of, workshop(store, clock))
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "open shop 2, but this source has read shop 1" in outcome.message


async def test_other_settings_are_asked_about_at_once(store: Store) -> None:
    shop = {"id": "1"}
    async with served(lambda asked: Reply(body=shop if asked.path == "/shop" else {"rows": []})) as server:
        await sync_source(source(server, token="access-token-0"), workshop(store))
        shop["id"] = "2"
        outcome = await sync_source(
            source(server, token="access-token-0", other_url="http://127.0.0.1:2"), workshop(store)
        )
    assert outcome.state == "config"
    assert "open shop 2, but this source has read shop 1" in outcome.message


async def test_a_scope_that_greeting_tells_of_counts_in_the_next_run(store: Store) -> None:
    """A connector may do without a stream because of what greeting told: then that is not believed for a day."""

    def handler(asked: Asked) -> Reply:
        return Reply(body={"error": "skip"} if asked.path == "/extras" else {"rows": [], "id": "1"})

    extras = stream(name="extras", optional=True)
    async with served(handler) as server:
        for _ in range(2):
            await sync_source(source(server, stream(), extras, token="access-token-0"), workshop(store))
        assert sum(asked.path == "/shop" for asked in server.asked) == 2


async def test_a_time_zone_that_does_not_exist_is_a_matter_of_configuration(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def greet(*_: object) -> dict[str, str]:
        return {"shop_id": "1", "zone": "Europe/Pari"}

    async with served(Orders([])) as server:
        own = source(server, token="access-token-0")
        monkeypatch.setattr(type(own.connector), "greet", greet)
        outcome = await sync_source(own, workshop(store))
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "'Europe/Pari' is no time zone" in outcome.message


async def test_hooks_that_cannot_be_ensured_do_not_stop_the_run(store: Store) -> None:
    shop = Orders(orders(5, DAYS_AGO_50))

    def handler(asked: Asked) -> Reply:
        return Reply(body={"error": "skip", "reason": "no hooks for you"}) if asked.method == "PUT" else shop(asked)

    async with served(handler) as server:
        hall = workshop(store, PlayedClock(NOW), address=lambda name: f"https://jalon.example/{name}")
        outcome = await sync_source(source(server, token="access-token-0"), hall)
    assert (outcome.state, outcome.counts.new) == ("ok", 5)
    assert outcome.notes == ["subscribing to deliveries: no hooks for you"]


async def test_hooks_are_ensured_where_there_is_an_address(store: Store) -> None:
    def handler(asked: Asked) -> Reply:
        return Reply(body={"id": "1", "rows": []})

    async with served(handler) as server:
        shop = workshop(store, PlayedClock(NOW), address=lambda name: f"https://jalon.example/hooks/{name}")
        outcome = await sync_source(source(server, token="access-token-0"), shop)
        hooks = [asked.query for asked in server.asked if asked.method == "PUT"]
    assert hooks == [{"address": "https://jalon.example/hooks/shop"}]
    assert [finding.name for finding in outcome.findings] == ["hooks"]
