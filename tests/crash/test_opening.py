"""A store whose making, or whose migration, is killed is whole after the next command."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from jalon.store import schema
from jalon.store.database import Store
from tests.crash.lives import SOONER, TRIES, Undisturbed
from tests.crash.process import Ended, Running, done
from tests.crash.stored import Stored

OLD = schema.GENERATION * 1000
"""A store of the same generation that has yet to get a table, a column and an index."""


def test_a_store_that_is_killed_while_it_is_made(creations: int, measured: Undisturbed, tmp_path: Path) -> None:
    opening = Opening(tmp_path, measured.store, _remove)
    asyncio.run(opening.kill(creations))
    for place in opening.completed:
        assert Stored(place / "data").revisions() == {}


def test_a_store_that_is_killed_while_it_is_migrated(migrations: int, measured: Undisturbed, tmp_path: Path) -> None:
    opening = Opening(tmp_path, measured.store, _age)
    asyncio.run(opening.kill(migrations))
    for place in opening.completed:
        assert Stored(place / "data").revisions() == Stored(measured.store).revisions()
        assert Stored(place / "data").fact_files() == Stored(measured.store).fact_files()


def test_a_first_write_that_was_cut_off_is_undone(tmp_path: Path) -> None:
    """Before the file has its write-ahead log it has a journal, and what opens it for reading alone cannot use that."""
    making, store = tmp_path / "making.sqlite", tmp_path / "store"
    store.mkdir()
    with closing(sqlite3.connect(making, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE half (made)")
        db.executemany("INSERT INTO half VALUES (randomblob(?))", [(4000,)] * 50)
        for suffix in ("", "-journal"):
            shutil.copy(f"{making}{suffix}", store / f"jalon.sqlite{suffix}")
    with Store.open(store) as opened:
        assert opened.check() == []
    assert ("half",) not in Stored(store).ask("SELECT name FROM sqlite_master")


def _remove(store: Path) -> None:
    """Leave no store to be opened."""
    shutil.rmtree(store)


def _age(store: Path) -> None:
    """Turn a store into one that an older version made."""
    with closing(sqlite3.connect(store / "jalon.sqlite", isolation_level=None)) as db:
        db.execute("DROP TABLE erasures")
        db.execute("ALTER TABLE fetches DROP COLUMN note")
        db.execute("DROP INDEX idx_quarantine_inbox_id")
        db.execute(f"PRAGMA user_version = {OLD}")


class Opening:
    """Openings of stores that are killed before they are done; each store is opened undisturbed in the end."""

    def __init__(self, folder: Path, model: Path, age: Callable[[Path], None]) -> None:
        self.completed: list[Path] = []
        self._folder = folder
        self._model = model
        self._age = age
        self._made = 0

    async def kill(self, kills: int) -> None:
        chance = random.Random(kills)
        seconds = await self._undisturbed(self._place())
        place = self._place()
        for number in range(kills):
            place = await self._kill_one(place, chance.random() * seconds)
            if number == kills - 1 or chance.random() < 0.6:  # else the next opening of this store is killed as well
                await self._complete(place)
                place = self._place()

    def _place(self) -> Path:
        """Return a new workplace, with the store that is to be opened."""
        self._made += 1
        place = self._folder / str(self._made)
        shutil.copytree(self._model.parent, place)
        self._age(place / "data")
        return place

    async def _undisturbed(self, place: Path) -> float:
        """Open a store, and return how long it takes from the writer's lock to the first commit."""
        running = await Running.start(place, "status")
        await running.until(lambda: _writes(running))
        begun = time.monotonic()
        log = place / "data" / "jalon.sqlite-wal"
        await running.until(lambda: log.exists() and log.stat().st_size > 0)
        taken = time.monotonic() - begun
        assert (await running.end())[0] == 0, running.talk()
        return taken

    async def _kill_one(self, place: Path, seconds: float) -> Path:
        """Kill `jalon status` before it has opened the store; return the place (a new one if a kill came too late)."""
        for attempt in range(TRIES):
            running = await Running.start(place, "status")
            with suppress(Ended):
                await running.until(lambda running=running: _writes(running))
                await running.rest(seconds * SOONER**attempt)
            if await running.kill() and _version(place) < schema.VERSION:
                return place
            place = self._place()
        raise AssertionError("no opening could be killed before it was done")

    async def _complete(self, place: Path) -> None:
        await done(place, "status")
        stored = Stored(place / "data")
        stored.check_whole()
        assert stored.schema() == Stored(self._model).schema()
        self.completed.append(place)


def _writes(running: Running) -> bool:
    """Say whether the process has taken the writer's lock, which opening a store takes only to make or migrate it."""
    lock = running.store / "locks" / "writer.lock"
    return lock.exists() and lock.read_text().strip() == str(running.pid)


def _version(place: Path) -> int:
    path = place / "data" / "jalon.sqlite"
    begun = path.with_name("jalon.sqlite-journal").exists()  # not undone yet, and a reader must not
    return 0 if begun or not path.exists() else int(Stored(path.parent).ask("PRAGMA user_version")[0][0])
