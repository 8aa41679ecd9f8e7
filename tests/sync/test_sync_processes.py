"""Real processes: stopped, killed, and several at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from toy import Asked, Orders, PlayedClock, Reply, Server, inbox, mark, orders, served, source, workshop

from jalon.store import runs, windows
from jalon.store.database import Store
from jalon.sync.engine import sync_source

CHILD = """
import asyncio, json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from toy import KEYRING, Settings, Source, Store, Toy, Workshop
from jalon.sync.clock import SystemClock
from jalon.sync.engine import sync_source
from jalon.sync.halt import Halt, stopped_by_signals

async def main(store, settings):
    shop = Workshop(store, KEYRING)
    shop.halt = Halt(shop.clock)
    with stopped_by_signals(shop.halt):
        return await sync_source(Source("shop", Toy(), settings), shop)

with Store.open(Path(sys.argv[2])) as store:
    outcome = asyncio.run(main(store, Settings(connector="toy", **json.loads(sys.argv[3]))))
told = {"state": outcome.state, "message": outcome.message, "notes": outcome.notes, "new": outcome.counts.new}
print(json.dumps(told))
sys.exit(outcome.exit_status)
"""


def child(store: Store, server: Server, **settings: object) -> subprocess.Popen[str]:
    chosen = json.dumps({"url": server.address, "token": "access-token-0", "in_flight": 2, **settings})
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-W", "error", "-c", CHILD, folder, str(store.folder), chosen]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, object]]:
    out, err = await asyncio.to_thread(process.communicate, None, 60)
    assert not err, err
    return process.returncode, json.loads(out)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def many() -> Orders:
    from time import time

    return Orders(orders(300, int(time()) - 50 * 86_400, 14_000), page=5)


def slowed(shop: Orders, seconds: float = 0.02) -> Callable[[Asked], Reply]:
    def handler(asked: Asked) -> Reply:
        reply = shop(asked)
        reply.after = seconds
        return reply

    return handler


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_run_at_the_page(store: Store, number: int) -> None:
    shop = many()
    async with served(slowed(shop)) as server:
        process = child(store, server)
        await until(lambda: len(server.asked) > 12)
        process.send_signal(number)
        asked = len(server.asked)
        status, told = await ended(process)
        assert (status, told["state"]) == (130, "interrupted")
        assert len(server.asked) <= asked + 2
        assert told["new"] == len(inbox(store)) >= 5 * (asked - 3)
        status, told = await ended(child(store, server))
    assert (status, told["state"], set(inbox(store))) == (0, "ok", set(shop.rows))


async def test_a_killed_run_costs_at_most_the_pages_in_hand(store: Store) -> None:
    shop = many()
    async with served(slowed(shop)) as server:
        kills = 0
        for limit in (8, 14, 20):
            server.asked.clear()
            process = child(store, server)
            await until(lambda limit=limit: len(server.asked) > limit)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()
            kills += 1
        server.asked.clear()
        held = len(inbox(store))
        status, told = await ended(child(store, server))
        assert (status, told["state"], set(inbox(store))) == (0, "ok", set(shop.rows))
        assert all(len(revisions) == 1 for revisions in inbox(store).values())
        with store.read() as db:
            assert windows.open_windows(db, "shop") == []
            assert sum(run.finished_at is None for run in runs.recent(db, 100)) == kills
            assert runs.abandoned(db) == [], "a later run has made them good"
        assert len(server.asked) <= (300 - held) // 5 + 34
    notes = told["notes"]
    assert isinstance(notes, list)
    assert "an earlier run ended without a word" in notes[0]


async def test_of_many_runs_at_once_one_works_and_the_others_say_who(store: Store) -> None:
    shop = many()
    async with served(slowed(shop, 0.05)) as server:
        processes = [child(store, server) for _ in range(4)]
        results = [await ended(process) for process in processes]
    states = sorted(str(told["state"]) for _, told in results)
    assert states == ["locked", "locked", "locked", "ok"]
    winner = next(process for process, (_, told) in zip(processes, results, strict=True) if told["state"] == "ok")
    for status, told in results:
        if told["state"] == "locked":
            assert status == 5
            assert f"process {winner.pid}" in str(told["message"])
    assert len(inbox(store)) == 300


async def test_a_stopped_process_is_still_its_sources_holder(store: Store) -> None:
    shop = many()
    async with served(slowed(shop)) as server:
        process = child(store, server)
        await until(lambda: len(server.asked) > 5)
        os.kill(process.pid, signal.SIGSTOP)
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store))
        os.kill(process.pid, signal.SIGCONT)
        assert outcome.state == "locked"
        status, _ = await ended(process)
    assert (status, set(inbox(store))) == (0, set(shop.rows))


# --- tokens -----------------------------------------------------------------------------------------------------------

REFRESH = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from toy import KEYRING, Request, Settings, Source, Store, Toy, Workshop
from jalon.sync.halt import Halt
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts

async def main(store, url):
    shop = Workshop(store, KEYRING)
    settings = Settings(connector="toy", url=url, refresh_token="refresh-token-0")
    session = SourceSession(Source("shop", Toy(), settings), shop, Halt(shop.clock), Counts())
    for _ in range(40):
        await session.ask(Request("GET", "/orders"))
    await session.close()

with Store.open(Path(sys.argv[2])) as store:
    asyncio.run(main(store, sys.argv[3]))
"""


class ShortLived:
    """Access tokens are good for eight questions, refresh tokens once."""

    def __init__(self) -> None:
        self.generation = self.used = self.refused = 0

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            if asked.query["refresh_token"] != f"refresh-token-{self.generation}":
                self.refused += 1
                return Reply(body={"error": "stop", "reason": "refresh token refused"})
            self.generation += 1
            self.used = 0
            return Reply(
                body={"access": f"access-token-{self.generation}", "refresh": f"refresh-token-{self.generation}"}
            )
        self.used += 1
        if asked.headers.get("x-toy-token") != f"access-token-{self.generation}" or self.used > 8:
            return Reply(body={"error": "renew"})
        return Reply(body={"rows": []})


def refreshing(store: Store, server: Server) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        REFRESH,
        str(Path(__file__).parent),
        str(store.folder),
        server.address,
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


async def test_two_processes_never_spend_a_refresh_token_twice(store: Store) -> None:
    platform = ShortLived()
    async with served(platform) as server:
        processes = [refreshing(store, server) for _ in range(2)]
        results = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in processes))
    assert [(process.returncode, err) for process, (_, err) in zip(processes, results, strict=True)] == [(0, "")] * 2
    assert platform.refused == 0
    assert platform.generation >= 10


async def test_a_crash_right_after_a_refresh_loses_no_account(store: Store) -> None:
    """Killed the moment it uses a new token: the store already holds the pair that is now the only good one."""
    platform = ShortLived()
    process: subprocess.Popen[str] | None = None

    def handler(asked: Asked) -> Reply:
        if asked.path != "/token" and platform.generation == 2 and process is not None:
            process.send_signal(signal.SIGKILL)
        return platform(asked)

    async with served(handler) as server:
        process = refreshing(store, server)
        await asyncio.to_thread(process.communicate)
        assert process.returncode == -signal.SIGKILL
        process = None
        again = refreshing(store, server)
        _, err = await asyncio.to_thread(again.communicate)
    assert (again.returncode, err, platform.refused) == (0, "", 0)


async def test_the_mark_stands_where_the_rows_are(store: Store) -> None:
    """Killed before the first page came in: the windows are planned, nothing is skipped."""
    shop = many()
    async with served(slowed(shop, 1.0)) as server:
        process = child(store, server)
        await until(lambda: any(asked.path == "/orders" for asked in server.asked))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert mark(store) is not None
        assert inbox(store) == {}
        server.handler = shop
        outcome = await sync_source(source(server, token="access-token-0"), workshop(store, PlayedClock()))
    assert outcome.counts.new == len(inbox(store)) == 300
