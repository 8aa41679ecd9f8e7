"""A run reads everything, once, whatever the platform does meanwhile; and what it leaves, the next run reads."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from toy import (
    DAYS_AGO_50,
    NOW,
    Asked,
    Orders,
    PlayedClock,
    Reply,
    Toy,
    halted,
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

from jalon.connectors.base import Batch, Record, Session, Wait, Window
from jalon.store import fetches, sources, windows
from jalon.store.database import Store
from jalon.sync.engine import backfill_source, estimate, sync_source
from jalon.sync.pages import Page, Pages
from jalon.sync.plan import BEGINNING

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


async def test_a_connector_is_told_what_is_held_of_the_days_of_its_window(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Window] = []

    async def pull(self: Toy, session: Session, window: Window) -> AsyncIterator[Batch]:
        asked.append(window)
        day = window.low.astimezone(ZoneInfo("Europe/Paris")).date()
        yield Batch([Record(f"{day + timedelta(days=n)}/{n}", 0, {"id": "1"}) for n in (0, 1)])

    monkeypatch.setattr(Toy, "pull", pull)
    clock = PlayedClock(NOW)
    async with served(Orders([])) as server:
        own = source(server, stream(grain="day", recalled=True, lookback=timedelta(days=3)), token="access-token-0")
        await sync_source(own, workshop(store, clock))
        assert asked[0].known == frozenset()
        asked.clear()
        clock.time += 3600
        await sync_source(own, workshop(store, clock))
    days = [window.low.astimezone(ZoneInfo("Europe/Paris")).date() for window in asked]
    assert len(days) == 3
    assert [window.known for window in asked] == [frozenset({f"{day}/0", f"{day}/1"}) for day in days]


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


async def test_a_stream_that_is_switched_on_later_is_read_as_far_back_as_a_first_sync_reads(store: Store) -> None:
    clock = PlayedClock(NOW)
    shop = Orders(orders(20, DAYS_AGO_50, 30_000))
    async with served(shop) as server:
        off = source(server, token="access-token-0", without=("orders",))
        told = await sync_source(off, workshop(store, clock))
        assert (told.state, [asked.path for asked in server.asked]) == ("ok", ["/shop"])
        assert (mark(store), estimate(off, workshop(store, clock), date(2026, 9, 1), date(2026, 9, 2))) == (None, {})
        clock.time += 3600
        await sync_source(source(server, token="access-token-0"), workshop(store, clock))
    assert set(inbox(store)) == set(shop.rows)
    assert mark(store) == NOW + 3600


async def test_a_stream_that_is_switched_off_for_a_while_goes_on_before_what_was_left_unread(store: Store) -> None:
    """Meanwhile nothing of it waits, whether it was planned, a back-fill's, or asked for by key."""
    clock = PlayedClock(NOW)
    shop = Orders(orders(20, DAYS_AGO_50, 30_000))
    spans = [(NOW + 600, NOW + 1200), (NOW + 1200, NOW + 3600)]
    async with served(shop) as server:
        on = source(server, token="access-token-0")
        await sync_source(on, workshop(store, clock))
        shop.rows["late"] = {"id": "late", "at": NOW + 1000, "status": "new"}
        store.write(lambda db: windows.plan(db, "shop", "orders", spans, NOW + 3600))
        store.write(lambda db: windows.plan(db, "shop", "orders", spans, None, "of a day"))
        store.write(lambda db: fetches.add(db, "shop", [("orders", "o1", 0.0)]))
        clock.time += 7200
        server.asked.clear()
        off = source(server, token="access-token-0", without=("orders",))
        told = await sync_source(off, workshop(store, clock))
        assert (told.counts.pending_windows, told.counts.pending_fetches) == (0, 0)
        assert [asked.path for asked in server.asked] == ["/shop"]
        assert (mark(store), open_windows(store, "of a day")) == (NOW + 600, [])
        await sync_source(on, workshop(store, clock))
    assert "late" in inbox(store)


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
