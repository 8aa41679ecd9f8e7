"""Run a source: greet it, open what it delivered, plan what to read, read it.

One run per source at a time. A run that ends early, for whatever reason, leaves rows behind that say what is left to
do; the next one goes on there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from jalon.connectors.base import Stop, Unusable
from jalon.errors import ConfigError, JalonError, LockedError, StoreError
from jalon.store import deadlines, runs, sources
from jalon.store.lock import RunLock
from jalon.sync import plan
from jalon.sync.filed import FileReader, Look
from jalon.sync.halt import Halt, Halted
from jalon.sync.pages import Pages
from jalon.sync.planning import reach_of
from jalon.sync.redact import REDACTOR, sayable
from jalon.sync.retry import utc
from jalon.sync.run import Run, forget_greeting, opened
from jalon.sync.source import Source, SourceOutcome, State, Workshop
from jalon.sync.work import Away

log = logging.getLogger("jalon.sync")
_GOES_ON = "The next run goes on where this one ended."
Body = Callable[[Run], Awaitable[None]]
_HALTED = {"interrupted": "the run was stopped", "deadline": "the run reached its time limit"}


async def sync_source(source: Source, shop: Workshop) -> SourceOutcome:
    """Bring a source up to date. Never raises what a platform or the store does: the outcome says it."""
    return await _run(source, shop, "sync", _sync)


async def sync_all(found: Iterable[Source], shop: Workshop) -> list[SourceOutcome]:
    """Bring several sources up to date at the same time."""
    return list(await asyncio.gather(*(sync_source(source, shop) for source in found)))


async def backfill_source(source: Source, shop: Workshop, first: date, last: date) -> SourceOutcome:
    """Read the local days from `first` to `last`, both included, again; goes on where a call was cut off, else anew.

    The live sync's mark does not move.
    """
    name = backfill_name(first, last)

    async def back(run: Run) -> None:
        await run.plan_backfill(name, first, last)
        await run.work(name)

    return await _run(source, shop, f"backfill {name}", back)


async def import_files(source: Source, shop: Workshop, paths: Sequence[Path], table: str | None) -> SourceOutcome:
    """Read the files at `paths` for a source, by the table named or the one that their names fit."""

    async def bring_in(run: Run) -> None:
        await run.files.read_named(paths, table)

    return await _run(source, shop, "import", bring_in)


def look_at(source: Source, shop: Workshop, path: Path, table: str | None) -> Look:
    """Return how a file would be read, reading nothing into the store. Raises `ConfigError`."""
    outcome = SourceOutcome(source.name)
    pages = Pages(source, shop, outcome.counts)
    try:
        return FileReader(source, shop, Halt(shop.clock), pages, outcome).look(path, table)
    except Unusable as why:
        raise ConfigError(f"{path.name}: {why.detail}", why.remedy) from None


def backfill_name(first: date, last: date) -> str:
    """Return what a back-fill is called in the store."""
    return f"{first.isoformat()}..{last.isoformat()}"


def estimate(source: Source, shop: Workshop, first: date, last: date) -> dict[str, int]:
    """Return how many windows a back-fill would have, by stream: each costs one request at least. Asks no platform."""
    with shop.store.read() as db:
        account = sources.account(db, source.name)
    reach, now = reach_of(source, account), shop.clock.now()
    spans = {stream.name: plan.backfill(stream, reach, first, last, now) for stream in source.streams}
    return {name: len(found) for name, found in spans.items() if found}


async def _sync(run: Run) -> None:
    await run.subscribe()
    await run.open_deliveries()
    held_back = await run.plan()
    await run.work()
    if held_back:
        await run.plan()
        await run.work()
    while await run.open_deliveries():
        await run.work()
    if run.source.connector.folder(run.source.settings):
        await run.files.read_folder()
    await run.heed_refused()
    await run.forget_deliveries()


async def _run(source: Source, shop: Workshop, command: str, body: Body) -> SourceOutcome:
    outcome = SourceOutcome(source.name)
    try:
        with RunLock(shop.store.locks, f"source-{source.name}", command) as lock:
            if lock.stale is not None:
                outcome.notes.append(f"an earlier run ended without a word: {lock.stale}")
            await _recorded(source, shop, command, outcome, body)
    except JalonError as error:
        _end(outcome, _STATES.get(type(error), "partial"), error.message, error.remedy)
    return outcome


_STATES: dict[type[JalonError], State] = {ConfigError: "config", LockedError: "locked", StoreError: "store"}


async def _recorded(source: Source, shop: Workshop, command: str, outcome: SourceOutcome, body: Body) -> None:
    """Do the run, and write down that it began and how it ended."""
    store, clock = shop.store, shop.clock
    begun = await store.commit(lambda db: runs.start(db, source.name, command, os.getpid(), clock.now()))
    try:
        await _guarded(source, shop, outcome, body)
    except JalonError as error:
        _end(outcome, _STATES.get(type(error), "partial"), error.message, error.remedy)
    outcome.notes += await store.commit(lambda db: _lost(db, source.name, clock.now()))
    with store.read() as db:
        outcome.due = deadlines.near(db, source.name, clock.now())
    summary = outcome.summary()
    await store.commit(lambda db: runs.finish(db, begun, clock.now(), outcome.state, summary))


def _lost(db: sqlite3.Connection, source: str, now: float) -> list[str]:
    """Tell what has passed without having been read, or done, in time."""
    return [f"{due.what}: that was at {utc(due.at)}" for due in deadlines.passed(db, source, now)]


async def _guarded(source: Source, shop: Workshop, outcome: SourceOutcome, body: Body) -> None:
    """Do the run, and turn what ends it early into its outcome."""
    halt = (shop.halt or Halt(shop.clock)).part()
    try:
        async with opened(source, shop, halt, outcome) as run:
            await run.greet()
            await body(run)
    except Halted as halted:
        _end(outcome, halted.why, _HALTED[halted.why], _GOES_ON)
    except Stop as fault:
        await forget_greeting(source, shop)
        _end(outcome, fault.kind, REDACTOR.clean(fault.reason), REDACTOR.clean(fault.remedy))
    except Away as away:
        _end(
            outcome,
            outcome.state if outcome.state == "budget" else "partial",
            f"the platform keeps failing: {away}",
            _GOES_ON,
        )
    except JalonError:
        raise
    except Exception as error:
        log.debug("%s: the run ended early", source.name, exc_info=True)
        _end(outcome, "partial", sayable(error), _GOES_ON)


def _end(outcome: SourceOutcome, state: State, message: str, remedy: str) -> None:
    outcome.state = state
    outcome.message = f"{outcome.source}: {message}"
    outcome.remedy = remedy
