"""Windows, fetches, deliveries, budgets, credentials, sources, runs, quarantine: what the engine relies on."""

from __future__ import annotations

import os
import sqlite3
import subprocess

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from jalon.errors import ConfigError
from jalon.privacy import Keyring
from jalon.store import budget, credentials, deliveries, fetches, quarantine, runs, sources, windows
from jalon.store.envelope import Sealer

# --- windows


def spans(found: list[windows.OpenWindow]) -> list[windows.Span]:
    return [(one.low, one.high) for one in found]


def test_the_mark_moves_with_the_windows_behind_it(db: sqlite3.Connection) -> None:
    assert windows.planned_until(db, "shop", "orders") is None
    assert windows.plan(db, "shop", "orders", [(0, 10), (10, 20)], 20) == 2
    assert windows.planned_until(db, "shop", "orders") == 20
    assert spans(windows.open_windows(db, "shop")) == [(0, 10), (10, 20)]
    assert windows.plan(db, "shop", "orders", [(0, 10)], None) == 0, "a span that is open already is not read twice"
    assert windows.planned_until(db, "shop", "orders") == 20


def test_a_window_goes_on_where_it_stopped(db: sqlite3.Connection) -> None:
    windows.plan(db, "shop", "orders", [(0, 10)], 10)
    (window,) = windows.open_windows(db, "shop")
    windows.advance(db, window.id, "page-2", 100, 250)
    windows.fail(db, window.id, "the platform did not answer")
    (again,) = windows.open_windows(db, "shop")
    assert (again.cursor, again.seen, again.total, again.note) == ("page-2", 100, 250, "the platform did not answer")
    windows.restart(db, window.id)
    (again,) = windows.open_windows(db, "shop")
    assert (again.cursor, again.seen, again.total, again.passes) == (None, 0, None, 1)
    windows.defer(db, window.id, "page-9", 1000.5)
    (again,) = windows.open_windows(db, "shop")
    assert (again.cursor, again.not_before) == ("page-9", 1000.5)
    windows.finish(db, window.id)
    assert windows.open_windows(db, "shop") == []
    assert windows.plan(db, "shop", "orders", [(0, 10)], None) == 1, "a look-back reads the same span again"


def test_a_split_window_is_two_unread_halves(db: sqlite3.Connection) -> None:
    windows.plan(db, "shop", "orders", [(0, 10)], 10)
    (window,) = windows.open_windows(db, "shop")
    windows.advance(db, window.id, "page-2", 1, 2)
    with pytest.raises(ValueError, match="does not lie inside"):
        windows.split(db, window.id, 10)
    windows.split(db, window.id, 5)
    halves = windows.open_windows(db, "shop")
    assert spans(halves) == [(0, 5), (5, 10)]
    assert {half.cursor for half in halves} == {None}


def test_a_backfill_resumes_and_leaves_the_live_mark_alone(db: sqlite3.Connection) -> None:
    windows.plan(db, "shop", "orders", [(90, 100)], 100)
    windows.plan(db, "shop", "orders", [(0, 10), (10, 20)], None, "2026-01")
    windows.split(db, windows.open_windows(db, "shop", "2026-01")[0].id, 5)
    for window in windows.open_windows(db, "shop", "2026-01")[:2]:
        windows.advance(db, window.id, None, 7, None)
        windows.finish(db, window.id)
    assert windows.plan(db, "shop", "orders", [(0, 10), (10, 20)], None, "2026-01") == 0
    assert spans(windows.open_windows(db, "shop", "2026-01")) == [(10, 20)]
    assert windows.backfills(db) == [windows.Backfill("shop", "2026-01", "orders", 0, 20, windows=3, done=2, seen=14)]
    assert windows.planned_until(db, "shop", "orders") == 100
    assert spans(windows.open_windows(db, "shop")) == [(90, 100)]
    assert windows.open_windows(db, "shop", "2026-01")[0].backfill == "2026-01"


def test_looking_back_is_remembered_beside_the_mark(db: sqlite3.Connection) -> None:
    assert windows.looked_back(db, "shop", "orders") == 0.0
    windows.mark_looked_back(db, "shop", "orders", 17.5)
    assert windows.planned_until(db, "shop", "orders") is None
    windows.plan(db, "shop", "orders", [], 99)
    assert (windows.looked_back(db, "shop", "orders"), windows.planned_until(db, "shop", "orders")) == (17.5, 99)


# --- fetches


def test_a_key_asked_for_while_it_is_read_is_read_again(db: sqlite3.Connection) -> None:
    fetches.add(db, "shop", [("orders", "17", 0.0)])
    (taken,) = fetches.due(db, "shop", "orders", 10.0, 5)
    fetches.add(db, "shop", [("orders", "17", 0.0)])
    fetches.done(db, "shop", "orders", [(taken.key, taken.stamp)])
    (again,) = fetches.due(db, "shop", "orders", 10.0, 5)
    fetches.done(db, "shop", "orders", [(again.key, again.stamp)])
    assert fetches.due(db, "shop", "orders", 10.0, 5) == []


def test_the_earlier_time_holds(db: sqlite3.Connection) -> None:
    fetches.add(db, "shop", [("orders", "17", 50.0), ("orders", "18", 20.0), ("days", "v/2026-01-01", 5.0)])
    fetches.add(db, "shop", [("orders", "17", 70.0)])
    assert [one.key for one in fetches.due(db, "shop", "orders", 49.0, 5)] == ["18"]
    fetches.add(db, "shop", [("orders", "17", 10.0)])
    assert [one.key for one in fetches.due(db, "shop", "orders", 49.0, 5)] == ["17", "18"]
    assert fetches.pending(db, "shop") == [("days", 1, 5.0), ("orders", 2, 10.0)]


def test_a_key_tried_in_vain_waits_and_counts(db: sqlite3.Connection) -> None:
    fetches.add(db, "shop", [("orders", "17", 0.0)])
    fetches.defer(db, "shop", "orders", "17", 100.0, "not ready")
    assert fetches.due(db, "shop", "orders", 99.0, 5) == []
    assert fetches.due(db, "shop", "orders", 100.0, 5) == [fetches.Fetch("orders", "17", 0, 1)]
    assert fetches.due(db, "other", "orders", 100.0, 5) == []


# --- deliveries


def arrive(db: sqlite3.Connection, *keys: str, source: str = "shop", body: bytes | None = None) -> None:
    deliveries.add(db, [(source, key, 10.0, body or key.encode(), b"sealed " + key.encode()) for key in keys])


def states(db: sqlite3.Connection) -> dict[str, int]:
    return {count.state: count.deliveries for count in deliveries.counts(db)}


@given(st.integers(0, 200))
def test_a_group_of_any_size_is_stored_whole_and_in_order(size: int) -> None:
    db = tiny.database()
    rows = [("shop", str(n), float(n), bytes([n]), b"x" * n) for n in range(size)]
    assert deliveries.add(db, rows) == size
    if rows:
        assert deliveries.adding(rows)(db) == size
    assert [(one.key, one.sealed) for one in deliveries.unopened(db, "shop", 1000)] == [
        (row[1], row[4]) for row in rows * 2
    ]
    db.close()


def test_of_a_delivery_that_came_twice_one_is_kept(db: sqlite3.Connection) -> None:
    arrive(db, "a", "a", "b")
    for one in deliveries.unopened(db, "shop", 10):
        deliveries.opened(db, one.id, "opened", "orders/create")
    assert states(db) == {"opened": 2}
    arrive(db, "a")
    (again,) = deliveries.unopened(db, "shop", 10)
    assert again.repeated
    deliveries.opened(db, again.id, "stale")
    assert states(db) == {"opened": 2}


def test_the_same_body_under_another_key_is_recognised(db: sqlite3.Connection) -> None:
    arrive(db, "a", body=b"digest")
    (first,) = deliveries.unopened(db, "shop", 10)
    assert not first.repeated
    deliveries.opened(db, first.id, "opened")
    arrive(db, "forged", body=b"digest")
    arrive(db, "other", body=b"another")
    arrive(db, "elsewhere", source="b", body=b"digest")
    assert [one.repeated for one in deliveries.unopened(db, "shop", 10)] == [True, False]
    assert [one.repeated for one in deliveries.unopened(db, "b", 10)] == [False]


def test_what_was_understood_loses_its_body_and_the_rest_keeps_it(db: sqlite3.Connection) -> None:
    arrive(db, "a", "b", "c", "d")
    for one, state in zip(deliveries.unopened(db, "shop", 10), ("opened", "unknown", "bad", "stale"), strict=True):
        deliveries.opened(db, one.id, state, "topic", "why")
    kept = db.execute("SELECT key FROM deliveries WHERE sealed IS NOT NULL ORDER BY key").fetchall()
    assert kept == [("b",), ("c",)]
    assert deliveries.reopen(db, "shop") == 2
    for one in deliveries.unopened(db, "shop", 10):
        assert not one.repeated
        deliveries.opened(db, one.id, "opened")
    assert states(db) == {"opened": 3, "stale": 1}


def test_purging_forgets_what_is_settled_and_old(db: sqlite3.Connection) -> None:
    arrive(db, "old", "waiting")
    old, _ = deliveries.unopened(db, "shop", 10)
    deliveries.opened(db, old.id, "opened")
    assert deliveries.purge(db, 10.0) == 0
    assert deliveries.purge(db, 10.1) == 1
    assert states(db) == {"new": 1}
    arrive(db, "old")
    assert [one.repeated for one in deliveries.unopened(db, "shop", 10)] == [False, False]


@given(
    st.dictionaries(st.text(st.characters(max_codepoint=255), max_size=20).map(str.lower), st.text(max_size=20)),
    st.binary(max_size=500),
)
def test_a_sealed_delivery_opens_as_it_was(headers: dict[str, str], body: bytes) -> None:
    sealer = Sealer(Keyring(bytes(32)))
    sealed = sealer.seal("shop", "key", headers | {"authorization": "secret", "x-topic": "é"}, body)
    opened = sealer.unseal("shop", "key", sealed)
    assert opened.body == body
    assert opened.headers["x-topic"] == "é"
    assert "authorization" not in opened.headers
    assert sealer.digest(body) == Sealer(Keyring(bytes(32))).digest(body)
    assert sealer.digest(body) != Sealer(Keyring(b"1" * 32)).digest(body)


def test_a_sealed_delivery_cannot_be_passed_off_as_another() -> None:
    sealer = Sealer(Keyring(bytes(32)))
    sealed = sealer.seal("shop", "key", {}, b"a very telling body")
    assert b"telling" not in sealed
    for source, key, opener in (
        ("other", "key", sealer),
        ("shop", "kex", sealer),
        ("shop", "key", Sealer(Keyring(b"1" * 32))),
    ):
        with pytest.raises(ConfigError):
            opener.unseal(source, key, sealed)


# --- budgets


@given(
    st.floats(0.5, 50),
    st.floats(1, 40),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0.1, 10)), min_size=1, max_size=60),
)
def test_no_stretch_of_time_yields_more_than_the_budget(
    rate: float, capacity: float, asks: list[tuple[float, float]]
) -> None:
    """Hazard 24: between any two instants at most the capacity and what was restored meanwhile is taken."""
    db, now, taken = tiny.database(), 1000.0, []
    for pause, cost in asks:
        now += pause
        if not budget.take(db, "app:shop", cost, now, rate, capacity):
            taken.append((now, min(cost, capacity)))
    for i, (start, _) in enumerate(taken):
        for j in range(i, len(taken)):
            spent = sum(cost for _, cost in taken[i : j + 1])
            assert spent <= capacity + (taken[j][0] - start) * rate + 1e-3
    db.close()


@given(st.floats(0.5, 50), st.floats(1, 40), st.floats(0.1, 100))
def test_who_waits_as_long_as_told_gets_it(rate: float, capacity: float, cost: float) -> None:
    db, now = tiny.database(), 1000.0
    budget.take(db, "app:shop", capacity, now, rate, capacity)
    wait = budget.take(db, "app:shop", cost, now, rate, capacity)
    assert 0 < wait <= capacity / rate + 1e-6
    assert budget.take(db, "app:shop", cost, now + wait + 1e-6, rate, capacity) == 0.0
    db.close()


def test_the_platforms_own_figures_win(db: sqlite3.Connection) -> None:
    budget.take(db, "app:shop", 1, 0.0, 5.0, 5.0)
    budget.observe(db, "app:shop", 20, 2000, 100, lasts=86_400, now=0.0)
    assert budget.take(db, "app:shop", 20, 0.0, 5.0, 5.0) == 0.0
    assert budget.take(db, "app:shop", 50, 0.0, 5.0, 5.0) == pytest.approx(0.5)
    budget.observe(db, "app:shop", 1, 0, 0, lasts=86_400, now=0.0)
    (state,) = budget.state(db)
    assert (state.capacity, state.rate) == (2000, 100)


def test_what_was_told_once_does_not_hold_for_good(db: sqlite3.Connection) -> None:
    budget.observe(db, "app:shop", 20, 200, 0.1, lasts=1800, now=1000.0)
    assert budget.take(db, "app:shop", 30, 1000.0, 50.0, 50.0) == pytest.approx(100)
    assert budget.take(db, "app:shop", 200, 2799.0, 50.0, 50.0) == pytest.approx(1, abs=0.2)
    assert budget.take(db, "app:shop", 50, 2800.0, 50.0, 50.0) == 0.0
    assert budget.take(db, "app:shop", 50, 2800.0, 50.0, 50.0) == 1.0


def test_a_pause_holds_for_everyone_and_ends(db: sqlite3.Connection) -> None:
    budget.pause(db, "app:shop", 1060.0)
    budget.pause(db, "app:shop", 1030.0)
    assert budget.take(db, "app:shop", 1, 1000.0, 5.0, 5.0) == 60.0
    assert budget.take(db, "app:other", 1, 1000.0, 5.0, 5.0) == 0.0
    assert budget.take(db, "app:shop", 1, 1060.0, 5.0, 5.0) == 0.0


def test_a_clock_set_back_neither_refills_nor_blocks(db: sqlite3.Connection) -> None:
    assert budget.take(db, "app:shop", 5, 1000.0, 5.0, 5.0) == 0.0
    assert budget.take(db, "app:shop", 5, 500.0, 5.0, 5.0) == 1.0
    assert budget.take(db, "app:shop", 5, 501.0, 5.0, 5.0) == 0.0


# --- credentials, sources


def test_of_two_who_refreshed_the_first_is_kept(db: sqlite3.Connection) -> None:
    assert credentials.load(db, "shop") is None
    assert credentials.save(db, "shop", b"one", "seed", 0, 100.0, None)
    assert not credentials.save(db, "shop", b"two", "seed", 0)
    assert credentials.load(db, "shop") == (b"one", "seed", 1, 100.0, None)
    assert credentials.save(db, "shop", b"three", "new seed", 1, None, 200.0)
    assert credentials.load(db, "shop") == (b"three", "new seed", 2, None, 200.0)


def test_values_and_accounts_are_kept_by_source(db: sqlite3.Connection) -> None:
    sources.put(db, "a", "address", "x")
    sources.put(db, "a", "address", "y")
    sources.put_account(db, "a", {"zone": "Europe/Paris", "id": "1"})
    sources.put_account(db, "a", {"zone": "Europe/Paris"})
    assert (sources.get(db, "a", "address"), sources.get(db, "b", "address")) == ("y", None)
    assert (sources.account(db, "a"), sources.account(db, "b")) == ({"zone": "Europe/Paris"}, {})


def test_notices_are_counted_and_cleared(db: sqlite3.Connection) -> None:
    sources.notice(db, "a", "expires_soon", "in 9 days", 1.0)
    sources.notice(db, "b", "uninstalled", "", 2.0)
    sources.notice(db, "a", "expires_soon", "in 8 days", 3.0)
    assert sources.notices(db, "a") == [("a", "expires_soon", "in 8 days", 1.0, 3.0, 2)]
    assert [one.source for one in sources.notices(db)] == ["b", "a"]
    sources.clear_notice(db, "a", "expires_soon")
    assert [one.source for one in sources.notices(db)] == ["b"]


# --- runs, quarantine


def test_runs_tell_how_they_ended_and_who_died(db: sqlite3.Connection) -> None:
    with subprocess.Popen(["true"]) as dead:
        pass
    done = runs.start(db, "shop", "sync", os.getpid(), 1.0)
    alive = runs.start(db, "shop", "sync", os.getpid(), 2.0)
    died = runs.start(db, "other", "backfill", dead.pid, 3.0)
    runs.finish(db, done, 5.0, "partial", {"rows": 7})
    assert [run.id for run in runs.recent(db, 2)] == [died, alive]
    assert [run.id for run in runs.abandoned(db)] == [died]
    (_, _, first) = runs.recent(db, 10)
    assert (first.outcome, first.counts, first.finished_at) == ("partial", {"rows": 7}, 5.0)
    later = runs.start(db, "other", "sync", os.getpid(), 6.0)
    assert [run.id for run in runs.abandoned(db)] == [died]
    runs.finish(db, later, 7.0, "ok", {})
    assert runs.abandoned(db) == []


def test_the_last_good_run_of_a_source_is_found_behind_any_number_of_others(db: sqlite3.Connection) -> None:
    def ran(source: str, at: float, outcome: str, command: str = "sync") -> None:
        runs.finish(db, runs.start(db, source, command, 1, at), at + 1, outcome, {})

    ran("slow", 1.0, "ok")
    ran("slow", 2.0, "ok")
    ran("never", 3.0, "failed")
    for n in range(2000):
        ran("busy", 10.0 + n, "ok")
    ran("slow", 5000.0, "partial")
    ran("slow", 5001.0, "ok", "backfill")
    assert runs.last_good(db, "sync") == {"busy": 2010.0, "slow": 3.0}
    assert runs.last_good(db, "sync", before=3.0) == {"slow": 2.0}
    last = runs.latest(db)
    assert {name: (run.outcome, run.started_at) for name, run in last.items()} == {
        "never": ("failed", 3.0), "busy": ("ok", 2009.0), "slow": ("ok", 5001.0)
    }  # fmt: skip


def test_the_same_trouble_is_one_entry_until_resolved(db: sqlite3.Connection) -> None:
    first = quarantine.add(db, "shop", "orders", "17", "bad_money", "1,5", at=1.0, inbox_id=3)
    assert quarantine.add(db, "shop", "orders", "17", "bad_money", "1,6", at=2.0) == first
    other = quarantine.add(db, "shop", "orders", "17", "impossible_date", "", at=3.0, payload=b"raw", sealed=True)
    entry = quarantine.get(db, first)
    assert entry is not None
    assert (entry.times, entry.detail, entry.inbox_id, entry.first_at, entry.last_at) == (2, "1,6", 3, 1.0, 2.0)
    assert [one.id for one in quarantine.entries(db, reason="impossible_date")] == [other]
    assert quarantine.counts(db) == [("shop", "orders", "bad_money", 1), ("shop", "orders", "impossible_date", 1)]
    quarantine.resolve(db, other, "replayed")
    assert [one.id for one in quarantine.entries(db)] == [first]
    (resolved,) = quarantine.entries(db, resolved=True)
    assert (resolved.resolved, resolved.payload, resolved.sealed) == ("replayed", None, True)
    assert quarantine.add(db, "shop", "orders", "17", "impossible_date", "again", at=4.0) not in (first, other)
    assert quarantine.get(db, 999) is None
