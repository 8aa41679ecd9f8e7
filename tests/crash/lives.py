"""Lives of a workplace: one that nobody disturbs, and others in which every process is killed at some moment."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

from jalon.sandbox.server import Sandbox
from tests.crash.played import DELIVERIES, Stream, answered, played
from tests.crash.process import Ended, Moment, Running, done, holding, making, reached
from tests.crash.stored import Stored

TRIES = 12
SOONER = 0.4
"""Processes started for one kill at most. Each that ends before its moment makes the next moment come sooner."""
KILLS = ("sync", "sync", "sync", "both", "serve", "serve", "normalize", "normalize", "normalize --all", "attribute")
"""What is killed in one life. `both` is a receiver and a sync at the same time."""
PUBLISHING = 0.3
"""Share of the kills of `attribute` that come when its tables are made and about to be put in place."""
READ = 0.6
"""Part of what is left to ask that a sync asks at most before it is killed."""
SOURCES = ("source-tiktok_shop", "source-shopify")


class Undisturbed(NamedTuple):
    """The life that the others are compared with, and how long its parts took."""

    store: Path
    requests: int
    rows: int
    derive_seconds: float
    attribute_seconds: float


async def undisturbed(folder: Path) -> Undisturbed:
    """Live without a kill."""
    async with played(folder) as sandbox:
        await served(folder, Stream(sandbox))
        await done(folder, "sync", "--no-normalize")
        requests = answered(sandbox)
        derive_seconds = await _held_for(folder, "derive", "normalize")
        attribute_seconds = await _held_for(folder, "attribute", "attribute")
    rows = Stored(folder / "data").revisions().total()
    return Undisturbed(folder / "data", requests, rows, derive_seconds, attribute_seconds)


async def serving(folder: Path) -> tuple[Running, dict[str, str]]:
    """Start a receiver; return it and its addresses."""
    receiver = await Running.start(folder, "serve", "--port", "0", "--json")
    return receiver, (await receiver.line())["addresses"]


async def served(folder: Path, stream: Stream) -> None:
    """Receive what is left of a stream, and stop as an operator would."""
    receiver, addresses = await serving(folder)
    await stream.send(addresses)
    receiver.send(signal.SIGTERM)
    status, _ = await receiver.end()
    assert status == 0, receiver.talk()
    assert len(stream.acknowledged) == DELIVERIES


async def _held_for(folder: Path, lock: str, command: str) -> float:
    """Run a command and return for how many seconds it held its lock."""
    running = await Running.start(folder, command)
    await running.until(lambda: running.holds(lock))
    begun = time.monotonic()
    status, _ = await running.end()
    assert status == 0, running.talk()
    return time.monotonic() - begun


class Life:
    """A workplace whose processes are killed at moments that a seed draws, and begin again until all is done."""

    def __init__(self, folder: Path, sandbox: Sandbox, seed: int, measured: Undisturbed) -> None:
        self.folder = folder
        self.stored = Stored(folder / "data")
        self.kills: list[str] = []
        """What was hit while it worked."""
        self.killed: set[int] = set()
        """All processes that were killed."""
        self._sandbox = sandbox
        self._stream = Stream(sandbox)
        self._chance = random.Random(seed)
        self._measured = measured

    async def live(self) -> None:
        """Go through all kills in an order that the seed draws, then bring everything to its end."""
        first, *others = KILLS
        self._chance.shuffle(others)
        for what in (first, *others):
            await self._kill_one(what)
            self.stored.check_whole()
            lost = {self._stream.deliveries[number].key for number in self._stream.acknowledged} - self.stored.keys()
            assert not lost, f"{len(lost)} acknowledged deliveries are gone after killing {what}"
        await self._finish()

    async def _kill_one(self, what: str) -> None:
        part = self._chance.random()
        for attempt in range(TRIES):
            if await self._killed(what, part * SOONER**attempt):
                self.kills.append(what)
                return
        raise AssertionError(f"{what} could not be hit while it worked")

    async def _killed(self, what: str, part: float) -> bool:
        """Start what is to be killed, kill it after `part` of its work, and say whether it was at work then."""
        match what:
            case "serve":
                return await self._kill_receiver(part)
            case "both":
                return all(await asyncio.gather(self._kill_receiver(part), self._kill_sync(part)))
            case "sync":
                return await self._kill_sync(part)
            case "attribute":
                moment = holding(("attribute",), part * self._measured.attribute_seconds)
                if self._chance.random() < PUBLISHING:
                    moment = making(self.stored.folder / "attribution", self._chance.uniform(0.0, 0.003))
                return await self._kill(("attribute",), ("attribute",), moment)
            case _:
                share = self._rows() / self._measured.rows
                moment = holding(("derive",), part * share * self._measured.derive_seconds)
                return await self._kill(tuple(what.split()), ("derive",), moment)

    def _rows(self) -> int:
        return int(self.stored.ask("SELECT count(*) FROM inbox")[0][0])

    async def _kill_sync(self, part: float) -> bool:
        """Kill a sync after some of the requests that are left; something is left for the next one."""
        left = max(self._measured.requests - answered(self._sandbox), 0)
        growth = round(part * READ * left)
        moment = reached(lambda: answered(self._sandbox), growth, SOURCES, self._chance.uniform(0.0, 0.02))
        return await self._kill(("sync",), SOURCES, moment)

    async def _kill(self, words: tuple[str, ...], locks: tuple[str, ...], moment: Moment) -> bool:
        running = await Running.start(self.folder, *words)
        try:
            await moment(running)
        except Ended:
            status, out = await running.end()
            assert status == 0, f"jalon {' '.join(words)} ended with {status}: {out}{running.talk()}"
            return False
        self.killed.add(running.pid)
        return await running.kill() and running.holds(*locks)

    async def _kill_receiver(self, part: float) -> bool:
        """Kill a receiver under deliveries, after it has acknowledged some of them."""
        receiver, addresses = await serving(self.folder)
        left = DELIVERIES - len(self._stream.acknowledged)
        moment = reached(lambda: self._stream.answers, 1 + round(part * left / 3), (), self._chance.uniform(0.0, 0.01))
        sending = asyncio.create_task(self._stream.send(addresses))
        await moment(receiver)
        self.killed.add(receiver.pid)
        killed = await receiver.kill()
        await sending
        return killed

    async def _finish(self) -> None:
        """Do undisturbed what is left to do."""
        await served(self.folder, self._stream)
        for command in ("sync", "attribute"):
            await done(self.folder, command)
