"""Lives of a workplace: one that nobody disturbs, and others in which every process is killed at some moment."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from jalon.sandbox.server import Sandbox
from tests.crash.played import DELIVERIES, Stream, answered, played
from tests.crash.process import Ended, Moment, Running, done, holding, reached, seen
from tests.crash.stored import Stored

TRIES = 12
SOONER = 0.4
"""Processes started for one kill at most. Each that ends before its moment makes the next moment come sooner."""
BEGIN = ("sync", "normalize")
ROUNDS = (("sync", "normalize"), ("sync",), ("both",), ("serve",), ("serve",), ("normalize --all",), ("attribute",))
KILLS = (*BEGIN, *chain.from_iterable(ROUNDS))
"""What is killed in one life: first of all `BEGIN`, then the rounds in any order. `both` is a receiver and a sync at
the same time."""
WRITING = "*/.*.parquet.tmp"
"""What a derivation is writing."""
PUBLISHING = ".making-*-set/run.json"
"""The last of what an attribution makes before it puts it in place."""
READ = 0.6
"""Part of what is left to ask that a sync asks at most before it is killed."""
SOURCES = ("source-tiktok_shop", "source-shopify")


class Undisturbed(NamedTuple):
    """The life that the others are compared with, and how long its parts took."""

    store: Path
    requests: int
    rows: int
    write_seconds: float
    attribute_seconds: float


async def undisturbed(folder: Path) -> Undisturbed:
    """Live without a kill."""
    async with played(folder) as sandbox:
        await served(folder, Stream(sandbox))
        await done(folder, "sync", "--no-normalize")
        requests = answered(sandbox)
        write_seconds = await _seconds_after(seen(folder / "data" / "facts", WRITING, 0.0), folder, "normalize")
        attribute_seconds = await _seconds_after(holding(("attribute",), 0.0), folder, "attribute")
    rows = Stored(folder / "data").revisions().total()
    return Undisturbed(folder / "data", requests, rows, write_seconds, attribute_seconds)


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


async def _seconds_after(moment: Moment, folder: Path, command: str) -> float:
    """Run a command and return how many seconds it takes from a moment to its end."""
    running = await Running.start(folder, command)
    await moment(running)
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
        rounds = self._chance.sample(ROUNDS, len(ROUNDS))
        for what in chain(BEGIN, *rounds):
            await self._kill_one(what)
            self.stored.check_whole()
            lost = {self._stream.deliveries[number].key for number in self._stream.acknowledged} - self.stored.keys()
            assert not lost, f"{len(lost)} acknowledged deliveries are gone after killing {what}"
        await self._finish()

    async def _kill_one(self, what: str) -> None:
        part = self._chance.random()
        for attempt in range(TRIES):
            if await self._killed(what, part * SOONER**attempt, attempt):
                self.kills.append(what)
                return
        raise AssertionError(f"{what} could not be hit while it worked")

    async def _killed(self, what: str, part: float, attempt: int) -> bool:
        """Start what is to be killed, kill it after `part` of its work, and say whether it was at work then."""
        match what:
            case "serve":
                return await self._kill_receiver(part)
            case "both":
                return all(await asyncio.gather(self._kill_receiver(part), self._kill_sync(part)))
            case "sync":
                return await self._kill_sync(part)
            case "attribute":
                return await self._kill_attribute(part)
            case _:
                return await self._kill_normalize(what.split(), part, attempt)

    async def _kill_normalize(self, words: Sequence[str], part: float, attempt: int) -> bool:
        """Kill a derivation while it writes; where there is nothing to write, while it looks for that."""
        rows = int(self.stored.ask("SELECT count(*) FROM inbox")[0][0])
        seconds = part * self._measured.write_seconds * rows / self._measured.rows
        moment = seen(self.stored.folder / "facts", WRITING, seconds)
        if attempt > 1:
            moment = holding(("derive",), seconds)
        return await self._kill(words, ("derive",), moment)

    async def _kill_attribute(self, part: float) -> bool:
        """Kill an attribution while it works, or as it puts in place what it has made."""
        moment = holding(("attribute",), part * self._measured.attribute_seconds)
        if self._chance.random() < 0.3:
            moment = seen(self.stored.folder / "attribution", PUBLISHING, self._chance.uniform(0.0, 0.003))
        return await self._kill(("attribute",), ("attribute",), moment)

    async def _kill_sync(self, part: float) -> bool:
        """Kill a sync after some of the requests that are left; something is left for the next one."""
        left = max(self._measured.requests - answered(self._sandbox), 0)
        growth = round(part * READ * left)
        moment = reached(lambda: answered(self._sandbox), growth, SOURCES, self._chance.uniform(0.0, 0.02))
        return await self._kill(("sync",), SOURCES, moment)

    async def _kill(self, words: Sequence[str], locks: Sequence[str], moment: Moment) -> bool:
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
