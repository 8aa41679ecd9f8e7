"""A run reads everything, once, whatever the platform does meanwhile; and what it leaves, the next run reads."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from toy import (
    KEYRING,
    Asked,
    Orders,
    PlayedClock,
    Reply,
    Server,
    Toy,
    halted,
    inbox,
    mark,
    orders,
    served,
    source,
    workshop,
)

from jalon.connectors.base import Batch, Record, Session, Settings, Stream, Wait, Window
from jalon.connectors.door import fields
from jalon.store import fetches, quarantine, runs, sources, windows
from jalon.store.database import Store
from jalon.store.lock import RunLock
from jalon.sync.engine import backfill_source, estimate, sync_all, sync_source
from jalon.sync.pages import Page, Pages, quarantined_body
from jalon.sync.plan import BEGINNING
from jalon.sync.planning import PER_PLACE
from jalon.sync.retry import TRIES
from jalon.sync.source import Progress, Source
from jalon.sync.work import TOO_MANY

NOW = 1_790_000_000
DAYS_AGO_50 = NOW - 50 * 86_400
ORDERS = fields("id at status")


def stream(**more: object) -> Stream:
    return Stream(**{"name": "orders", "door": ORDERS, "window": timedelta(days=400), "batch": 3, **more})  # type: ignore[arg-type]


def single(server: Server, **more: object) -> Source:
    """A source whose first sync is one window, so that what happens between two pages is known."""
    return source(server, stream(**more), token="access-token-0", in_flight=1)


def open_windows(store: Store, backfill: str | None = None) -> list[windows.OpenWindow]:
    with store.read() as db:
        return windows.open_windows(db, "shop", backfill)


def entries(store: Store) -> list[quarantine.Entry]:
    with store.read() as db:
        return quarantine.entries(db)


# --- reading ----------------------------------------------------------------------------------------------------------


async def test_a_first_run_reads_everything_and_the_next_one_only_what_is_new(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(137, DAYS_AGO_50, 30_000))
    async with served(shop) as server:
        first = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
        assert (first.state, first.counts.new, first.exit_status) == ("ok", 137, 0)
        assert set(inbox(store)) == set(shop.rows)
        assert mark(store) == NOW
        assert open_windows(store) == []

        clock.time += 3600
        shop.rows["o3"] = {"id": "o3", "at": NOW + 60, "version": NOW + 60, "status": "paid"}
        server.asked.clear()
        second = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
        assert (second.state, second.counts.new, len(server.asked)) == ("ok", 1, 1)
        assert [body["status"] for _, body in inbox(store)["o3"]] == ["new", "paid"]
        assert mark(store) == NOW + 3600


@pytest.mark.parametrize("ahead", [3600, 90 * 86_400])
async def test_what_happened_while_the_clock_had_been_ahead_is_read(store: Store, ahead: int) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(20, DAYS_AGO_50, 30_000))
    async with served(shop) as server:
        own = source(server, token="access-token-0")
        await sync_source(own, workshop(store, clock))
        clock.time = NOW + 900 + ahead
        await sync_source(own, workshop(store, clock))
        clock.time = NOW + 1800
        shop.rows |= {"late": {"id": "late", "at": NOW + 1000, "status": "paid"}}
        told = await sync_source(own, workshop(store, clock))
        assert "late" in inbox(store)
        assert mark(store) == NOW + 1800
        with store.read() as db:
            assert ["clock was ahead" in each.detail for each in sources.notices(db, "shop")] == [True]
        clock.time += 900
        assert (await sync_source(own, workshop(store, clock))).counts.new == 0
        with store.read() as db:
            assert sources.notices(db, "shop") == []
    assert told.state == "ok"


async def test_a_clock_that_is_ahead_of_the_platforms_moves_the_mark_no_further_than_that(store: Store) -> None:
    shop = Orders(orders(20, DAYS_AGO_50, 30_000))

    def dated(asked: Asked) -> Reply:
        reply = shop(asked)
        return replace(reply, headers={**reply.headers, "date": format_datetime(at_platform, usegmt=True)})

    at_platform = datetime.fromtimestamp(NOW, UTC)
    clock = PlayedClock(NOW + 7200)
    async with served(dated) as server:
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
        assert mark(store) == NOW
        assert any("7200 s ahead of the platform's" in note for note in outcome.notes)
        shop.rows |= {"late": {"id": "late", "at": NOW + 1000, "status": "paid"}}
        at_platform = datetime.fromtimestamp(NOW + 86_400, UTC)
        clock.time = NOW + 86_400
        await sync_source(source(server, token="access-token-0"), workshop(store, clock))
    assert "late" in inbox(store)


@pytest.mark.parametrize("wrong", [300_000.0, NOW - 3 * 365 * 86_400])
@pytest.mark.parametrize("tells_time", [True, False])
@pytest.mark.parametrize("fresh", [True, False])
async def test_a_run_whose_clock_was_years_behind_does_not_have_the_next_one_read_all_of_them(
    store: Store, wrong: float, tells_time: bool, fresh: bool
) -> None:
    """As on a small machine whose clock is set only when the network is there, some seconds after cron."""
    shop = Orders(orders(20, DAYS_AGO_50, 30_000))

    def dated(asked: Asked) -> Reply:
        reply = shop(asked)
        told = {"date": format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True)} if tells_time else {}
        return replace(reply, headers={**reply.headers, **told})

    clock = PlayedClock(NOW)
    async with served(dated) as server:
        own = source(server, stream(grain="day"), token="access-token-0")
        if not fresh:
            await sync_source(own, workshop(store, clock))
        clock.time = wrong
        await sync_source(own, workshop(store, clock))
        clock.time = NOW + 900
        server.asked.clear()
        await sync_source(own, workshop(store, clock))
    days = len([asked for asked in server.asked if asked.path == "/orders"])
    assert days <= 70 or (wrong > BEGINNING and not tells_time), (
        "sixty days, as of a first sync, and not all since then"
    )
    assert len(inbox(store)) == 20


async def test_windows_are_read_at_the_same_time_but_no_more_than_allowed(store: Store) -> None:
    shop = Orders(orders(100, DAYS_AGO_50, 30_000))
    at_once = most = 0

    async with served(shop) as server:
        serve = server.handler

        def counting(asked: Asked) -> Reply:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            asyncio.get_running_loop().call_later(0.02, ended)
            return replace(serve(asked), after=0.02)

        def ended() -> None:
            nonlocal at_once
            at_once -= 1

        server.handler = counting
        outcome = await sync_source(source(server, token="access-token-0", in_flight=4), workshop(store))
    assert (outcome.counts.new, most) == (100, 4)


async def test_rows_that_share_a_timestamp_are_neither_lost_nor_doubled(store: Store) -> None:
    rows = [{"id": f"o{n}", "at": NOW - 86_400 * 10, "version": 1} for n in range(95)]
    async with served(Orders(rows)) as server:
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store))
    assert outcome.counts.new == 95
    assert all(len(revisions) == 1 for revisions in inbox(store).values())


@pytest.mark.parametrize("seed", range(25))
async def test_rows_that_move_while_they_are_paged_are_all_read(store: Store, seed: int) -> None:
    """Offset paging over rows that change: each changed row leaves the window, and the rest shifts forward."""
    chance = random.Random(seed)
    clock = PlayedClock(NOW)
    shop = Orders(orders(60, DAYS_AGO_50, 60_000), page=chance.choice([3, 7, 10]))

    def change(_: Asked) -> None:
        clock.time += chance.choice([0, 1, 5])
        for key in chance.sample(sorted(shop.rows), chance.choice([0, 0, 1, 2])):
            at = int(clock.time)
            shop.rows[key] = {"id": key, "at": at, "version": at, "status": f"changed {at}"}

    shop.between = change
    async with served(shop) as server:
        outcome = await sync_source(source(server, token="access-token-0", in_flight=2), workshop(store, clock))
        shop.between = lambda _: None
        clock.time += 60
        again = await sync_source(source(server, token="access-token-0"), workshop(store, clock))
    assert {outcome.state, again.state} <= {"ok", "partial"}
    assert {key: revisions[-1][1]["at"] for key, revisions in inbox(store).items()} == {
        key: row["at"] for key, row in shop.rows.items()
    }


async def test_a_window_whose_rows_go_on_moving_is_halved(store: Store) -> None:
    shop = Orders(orders(40, DAYS_AGO_50, 100_000), page=5)
    left = 6

    def change(asked: Asked) -> None:
        nonlocal left
        if left and asked.query.get("cursor") == "5":
            left -= 1
            del shop.rows[min(shop.rows, key=lambda key: shop.rows[key]["at"])]

    shop.between = change
    async with served(shop) as server:
        outcome = await sync_source(single(server), workshop(store))
    assert outcome.state == "ok"
    assert len({(asked.query["low"], asked.query["high"]) for asked in server.asked if asked.path == "/orders"}) > 1
    assert set(shop.rows) <= set(inbox(store))


async def test_late_changes_are_found_by_looking_back(store: Store) -> None:
    """A platform without a filter on changes: rows keep their time, and change all the same."""
    clock = PlayedClock(NOW)
    shop = Orders(orders(20, DAYS_AGO_50, 200_000))
    look = stream(lookback=timedelta(days=30), every=timedelta(hours=12))
    async with served(shop) as server:
        await sync_source(source(server, look, token="access-token-0"), workshop(store, clock))
        old, recent = "o2", "o19"
        for key in (old, recent):
            shop.rows[key] = {**shop.rows[key], "status": "settled"}
        clock.time += 3600
        await sync_source(source(server, look, token="access-token-0"), workshop(store, clock))
        assert len(inbox(store)[recent]) == 1
        clock.time += 12 * 3600
        await sync_source(source(server, look, token="access-token-0"), workshop(store, clock))
    assert [body["status"] for _, body in inbox(store)[recent]] == ["new", "settled"]
    assert len(inbox(store)[old]) == 1


# --- paging that makes no sense ---------------------------------------------------------------------------------------


def page(*keys: str, **more: object) -> Reply:
    return Reply(body={"rows": [{"id": key, "at": 1} for key in keys], **more})


async def played(store: Store, *pages: Reply, **more: object) -> tuple[object, Server]:
    left = list(pages)

    def handler(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return Reply(body={"id": "1"})
        return left.pop(0) if len(left) > 1 else left[0]

    async with served(handler) as server:
        return await sync_source(single(server, **more), workshop(store, PlayedClock(NOW))), server


WINDOWS = Settings.model_fields["in_flight"].default * PER_PLACE
"""Into which a first sync is cut with the usual number of requests in flight."""


async def test_the_next_page_is_asked_for_while_one_is_stored_and_stored_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, cursors = asyncio.Event(), []
    commit = Pages.commit

    async def late(self: Pages, page: Page, stream: str, also: Callable[[sqlite3.Connection], Any]) -> Any:
        await asyncio.wait_for(asked.wait(), 5)
        asked.clear()
        left = await commit(self, page, stream, also)
        cursors.extend(window.cursor for window in open_windows(store))
        return left

    def handler(question: Asked) -> Reply:
        if question.path == "/shop":
            return Reply(body={"id": "1"})
        number = int(question.query.get("cursor", 0))
        if number:
            asked.set()
        return page(f"o{number}", next=str(number + 1)) if number < 3 else Reply(503)

    monkeypatch.setattr(Pages, "commit", late)
    async with served(handler) as server:
        outcome = await sync_source(single(server), workshop(store, PlayedClock(NOW)))
    assert (outcome.state, cursors, set(inbox(store))) == ("partial", ["1", "2", "3"], {"o0", "o1", "o2"})


async def test_a_page_mark_that_comes_twice_is_told_and_the_window_kept(store: Store) -> None:
    outcome, server = await played(store, page("a", next="1"), page("b", next="2"), page("c", next="1"))
    assert outcome.state == "partial"
    assert "same page mark twice" in outcome.message
    assert len(server.asked) == 4
    assert [window.cursor for window in open_windows(store)] == [None]
    again, _ = await played(store, page("a", next="1"), page("b"))
    assert (again.state, open_windows(store)) == ("ok", [])


async def test_endless_paging_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jalon.sync.windowed.MAX_EMPTY", 20)
    number = 0

    def handler(asked: Asked) -> Reply:
        nonlocal number
        number += 1
        return Reply(body={"id": "1"}) if asked.path == "/shop" else page(next=str(number))

    async with served(handler) as server:
        outcome = await sync_source(single(server), workshop(store, PlayedClock(NOW)))
    assert (outcome.state, len(server.asked)) == ("partial", 21)
    assert "there is more after 20 pages" in outcome.message


async def test_an_empty_page_in_between_is_not_the_end(store: Store) -> None:
    outcome, _ = await played(store, page("a", next="1"), page(next="2"), page("b"))
    assert (outcome.state, set(inbox(store))) == ("ok", {"a", "b"})


async def test_a_page_mark_that_has_expired_costs_a_second_reading_only(store: Store) -> None:
    await played(store, page("a", next="1"), Reply(body={"error": "stop"}))
    assert [window.cursor for window in open_windows(store)] == ["1"]
    for refusal in ("skip", "split"):
        outcome, server = await played(
            store, Reply(body={"error": refusal, "reason": "cursor expired"}), page("a", next="1"), page("b")
        )
        asked = [each.query.get("cursor") for each in server.asked if each.path == "/orders"]
        assert (outcome.state, asked) == ("ok", ["1", None, "1"])
        assert set(inbox(store)) == {"a", "b"}
        store.write(lambda db: windows.plan(db, "shop", "orders", [(1, NOW - 1)], None))
        store.write(lambda db: windows.advance(db, windows.open_windows(db, "shop")[0].id, "1", 1, None))


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


# --- by key -----------------------------------------------------------------------------------------------------------


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


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_bulk_file_is_read_by_a_window_and_goes_on_after_a_cut(store: Store) -> None:
    class Bulk(Toy):
        async def pull(self, session: Session, window: Window) -> AsyncIterator[Batch]:
            start = int(window.cursor or 0)
            number = 0
            async for line in session.lines(session.settings.other_url + "/file"):
                number += 1
                if number > start:
                    yield Batch([Record(line.decode(), 0, {"id": line.decode()})], str(number))
            if number < 4:
                raise Wait("the file ends early")
            yield Batch()

    bodies = [b"r1\nr2\n", b"r1\nr2\nr3\nr4\n"]
    async with served(Orders([])) as server, served(lambda _: Reply(body=bodies.pop(0))) as files:
        of = source(server, token="access-token-0", other_url=files.address, in_flight=1)
        of = replace(of, connector=Bulk(stream()))
        first = await sync_source(of, workshop(store, PlayedClock(NOW)))
        assert (first.state, set(inbox(store)), open_windows(store)[0].cursor) == ("partial", {"r1", "r2"}, "2")
        second = await sync_source(of, workshop(store, PlayedClock(NOW)))
    assert (second.state, second.counts.new, set(inbox(store))) == ("ok", 2, {"r1", "r2", "r3", "r4"})


# --- back-fill --------------------------------------------------------------------------------------------------------

MARCH = date(2026, 3, 1), date(2026, 3, 31)


def instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


async def test_a_back_fill_reads_its_days_and_moves_no_mark(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(60, instant(date(2026, 2, 20)), 86_400))
    async with served(shop) as server:
        of = source(server, token="access-token-0", timezone="UTC")
        await sync_source(of, workshop(store, clock))
        before = mark(store)
        number = estimate(of, workshop(store, clock), *MARCH)["orders"]
        clock.time += 500
        server.asked.clear()
        outcome = await backfill_source(of, workshop(store, clock), *MARCH)
        assert outcome.state == "ok"
        assert len(server.asked) == number
    low, high = instant(MARCH[0]), instant(date(2026, 4, 1))
    assert set(inbox(store)) == {key for key, row in shop.rows.items() if low <= row["at"] < high}
    assert mark(store) == before


async def test_a_back_fill_that_was_cut_off_goes_on_where_it_was(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(310, instant(MARCH[0]), 8640), page=5)
    async with served(shop) as server:
        of = source(server, token="access-token-0", timezone="UTC", in_flight=2)
        hall = workshop(store, clock)
        halt = halted(hall)
        shop.between = lambda _: halt.stop() if len(server.asked) == 30 else None
        cut_off = await backfill_source(of, hall, *MARCH)
        assert (cut_off.state, cut_off.exit_status) == ("interrupted", 130)
        read = len(inbox(store))
        assert 100 < read < 200
        server.asked.clear()
        rest = await backfill_source(of, workshop(store, clock), *MARCH)
        pages = -(-310 // 5)
        assert len(server.asked) <= pages - read // 5 + 6
        assert mark(store) is None
    assert (rest.state, set(inbox(store))) == ("ok", set(shop.rows))
    with store.read() as db:
        [told] = windows.backfills(db)
    assert told.windows == told.done


async def test_a_back_fill_that_was_read_is_read_anew_when_asked_again(store: Store) -> None:
    shop = Orders(orders(40, instant(MARCH[0]), 60_000))
    refused = stream(name="extras", optional=True)

    def handler(asked: Asked) -> Reply:
        return Reply(body={"error": "skip", "reason": "no"}) if asked.path == "/extras" else shop(asked)

    async with served(handler) as server:
        of = source(server, stream(), refused, token="access-token-0", timezone="UTC")
        await backfill_source(of, workshop(store), *MARCH)
        shop.rows["o7"]["status"] = "changed without saying so"
        outcome = await backfill_source(of, workshop(store), *MARCH)
    assert (outcome.state, outcome.counts.new) == ("ok", 1)
    assert [body["status"] for _, body in inbox(store)["o7"]] == ["new", "changed without saying so"]


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
    told: list[Progress] = []
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
