"""The account's rate is kept, by one process and by several."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from toy import Asked, PlayedClock, Reply, Server, Settings, Toy, served, source, workshop

from jalon.connectors.base import Allowance, Level, Request, Wait
from jalon.store.database import Store
from jalon.sync.budget import Budget, Budgets
from jalon.sync.clock import SystemClock
from jalon.sync.halt import Halt
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts, Source, Workshop


async def budget(store: Store, clock: PlayedClock, rate: float | None) -> tuple[Budget, Workshop]:
    async with served(lambda _: Reply()) as server:
        shop = workshop(store, clock)
        return Budget.of(source(server, requests_per_second=rate), shop, Halt(clock).sleep), shop


@pytest.mark.parametrize("rate", [2.0, 10.0, 50.0])
async def test_no_second_sees_more_requests_than_the_rate(store: Store, rate: float) -> None:
    clock = PlayedClock()
    paced, _ = await budget(store, clock, rate)
    sent = []
    for _ in range(int(rate * 6)):
        await paced.take(1.0)
        sent.append(clock.time)
        paced.returned(1.0)
    for moment in sent:
        assert sum(moment <= other < moment + 1 for other in sent) <= rate
    assert len(sent) / (sent[-1] - sent[0]) > rate * 0.75


async def test_one_commit_serves_many_requests_of_a_fast_account(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    paced, shop = await budget(store, PlayedClock(), 2000.0)
    commits = 0
    commit = shop.store.commit

    async def counted(job: object) -> object:
        nonlocal commits
        commits += 1
        return await commit(job)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.store, "commit", counted)
    for _ in range(360):
        await paced.take(1.0)
    assert commits <= 6


async def test_a_pause_holds_for_all_who_share_the_account(store: Store) -> None:
    clock = PlayedClock()
    one, _ = await budget(store, clock, 100.0)
    other, _ = await budget(store, clock, 100.0)
    await other.take(1.0)
    await one.pause(20)
    began = clock.time
    await one.take(1.0)
    assert 20 <= clock.time - began <= 23
    await one.pause(500)
    with pytest.raises(Wait, match="budget of toy is spent"):
        await one.take(1.0)


async def test_what_the_platform_tells_is_kept_to(store: Store) -> None:
    """Cost points: 1,000 at most, 50 restored per second, and the answer says what is left."""
    clock = PlayedClock()
    paced, _ = await budget(store, clock, None)
    await paced.take(100.0)
    paced.returned(100.0, Level(90.0, 1000.0, 50.0))
    began = clock.time
    await paced.take(300.0)
    assert clock.time - began >= (300 - 90) / 50
    paced.returned(300.0)


async def test_an_estimate_holds_no_longer_than_it_says(store: Store) -> None:
    """One answer that tells of a limit does not slow the account down for all days to come."""
    clock = PlayedClock()
    paced, _ = await budget(store, clock, 50.0)
    await paced.take(1.0)
    paced.returned(1.0, Level(198.0, 200.0, 200 / 3600, lasts=36.0))
    await paced.take(1.0)
    paced.returned(1.0)
    clock.time += 86_400
    began = clock.time
    for _ in range(400):
        await paced.take(1.0)
        paced.returned(1.0)
    assert clock.time - began < 10


async def test_requests_under_way_are_not_counted_as_available(store: Store) -> None:
    clock = PlayedClock()
    paced, _ = await budget(store, clock, None)
    await paced.take(100.0)
    await paced.take(100.0)
    paced.returned(100.0, Level(150.0, 1000.0, 50.0))  # tells of the first; the second has yet to arrive
    began = clock.time
    await paced.take(100.0)
    assert clock.time - began >= 50 / 50


# --- limits of their own ----------------------------------------------------------------------------------------------

FIGURES, LISTS = Request("GET", "/figures"), Request("GET", "/lists")


class Parted(Toy):
    """A platform that allows sixty questions for figures a minute, and a thousand of all kinds a day."""

    def allowances(self, request: Request, settings: object) -> list[Allowance]:
        daily = Allowance("all", 1000, 86_400, burst=0.5)
        return [Allowance("figures", 60, 60), daily] if request == FIGURES else [daily]


def parted(shop: Workshop, server: Server | None = None) -> Source:
    return Source("shop", Parted(), Settings(connector="toy", url=server.address if server else "http://127.0.0.1:1"))


def busiest(sent: list[float], seconds: float) -> int:
    return max(sum(moment <= other < moment + seconds for other in sent) for moment in sent)


async def test_no_minute_sees_more_of_one_kind_than_its_allowance(store: Store) -> None:
    clock = PlayedClock()
    shop = workshop(store, clock)
    budgets = Budgets(parted(shop), shop, Halt(clock).sleep)
    sent = []
    for _ in range(240):
        await budgets.take(FIGURES)
        sent.append(clock.time)
        budgets.returned(FIGURES, None)
    assert busiest(sent, 60) <= 60
    assert len(sent) / (sent[-1] - sent[0]) * 60 > 60 * 0.85


async def test_an_allowance_of_a_day_ends_the_run_instead_of_trickling(store: Store) -> None:
    clock = PlayedClock()
    shop = workshop(store, clock)
    budgets = Budgets(parted(shop), shop, Halt(clock).sleep)
    began = clock.time
    for _ in range(500):
        await budgets.take(LISTS)
    assert clock.time == began, "the half of a day's allowance goes out at once"
    with pytest.raises(Wait, match="budget of toy all is spent") as spent:
        await budgets.take(LISTS)
    assert spent.value.throttled
    clock.time += 86_400
    for _ in range(500):
        await budgets.take(LISTS)


async def test_a_kind_that_is_paused_holds_up_no_other(store: Store) -> None:
    clock = PlayedClock()
    shop = workshop(store, clock)
    budgets, others = (Budgets(parted(shop), shop, Halt(clock).sleep) for _ in "ab")
    await budgets.pause(FIGURES, 600)
    with pytest.raises(Wait, match="toy figures"):
        await others.take(FIGURES)
    began = clock.time
    await others.take(LISTS)
    assert clock.time == began


async def test_a_platform_that_says_tomorrow_is_not_asked_again_today(store: Store) -> None:
    """A wait too long for this run is remembered: neither it nor the next one spends a request on hearing it again."""
    clock = PlayedClock()
    reply = Reply(body={"error": "throttled"}, headers={"retry-after": "67150"})
    async with served(lambda _: reply) as server:
        shop = workshop(store, clock)
        for run in range(2):
            asking = SourceSession(source(server, token="access-token-0"), shop, Halt(clock), Counts())
            with pytest.raises(Wait) as told:
                await asking.ask(LISTS)
            assert told.value.seconds == pytest.approx(67_150 - 600 * run, abs=10)
            await asking.close()
            clock.time += 600
        assert len(server.asked) == 1
        clock.time += 67_150
        asking = SourceSession(source(server, token="access-token-0"), shop, Halt(clock), Counts())
        with pytest.raises(Wait):
            await asking.ask(LISTS)
        await asking.close()
        assert len(server.asked) == 2


# --- several processes ------------------------------------------------------------------------------------------------

CHILD = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from toy import KEYRING, Settings, Store, Toy, Source, Workshop, Request
from jalon.sync.halt import Halt
from jalon.sync.session import SourceSession
from jalon.sync.source import Counts

async def main(store, url, name):
    shop = Workshop(store, KEYRING)
    settings = Settings(connector="toy", url=url, token="access-token-0", requests_per_second=20)
    session = SourceSession(Source(name, Toy(), settings), shop, Halt(shop.clock), Counts())
    await asyncio.gather(*(ask_on(session, name) for _ in range(4)))

async def ask_on(session, name):
    while True:
        await session.ask(Request("GET", "/" + name))

with Store.open(Path(sys.argv[2])) as store:
    asyncio.run(main(store, sys.argv[3], sys.argv[4]))
"""


async def test_two_processes_share_the_rate_and_both_get_on(store: Store) -> None:
    arrivals: list[tuple[float, str]] = []

    def handler(asked: Asked) -> Reply:
        arrivals.append((time.monotonic(), asked.path))
        return Reply(body={})

    async with served(handler) as server:
        command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(store.folder), server.address]
        children = [subprocess.Popen([*command, name]) for name in ("one", "two")]
        try:
            while len({path for _, path in arrivals}) < 2:
                await asyncio.sleep(0.05)
            arrivals.clear()
            await asyncio.sleep(3)
        finally:
            for child in children:
                child.kill()
                child.wait()
    times = [moment for moment, _ in arrivals]
    assert (
        max(sum(moment <= other < moment + 1 for other in times) for moment in times) <= 22
    )  # 20, and what a busy machine hands over late
    assert len(times) > 30
    shares = Counter(path for _, path in arrivals)
    assert min(shares.values()) > len(times) / 5


async def test_the_machines_clock_jitters_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0.01)
    assert clock.now() - before >= 0.009
    assert len({clock.jitter() for _ in range(10)}) > 1
