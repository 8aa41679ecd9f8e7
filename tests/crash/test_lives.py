"""A workplace whose processes are killed again and again ends like one that nobody disturbed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

from jalon.privacy import read_key
from tests.crash.lives import KILLS, TRIES, WRITING, Life, Undisturbed
from tests.crash.played import KEY, customers, orders_of, played
from tests.crash.process import Ended, Running, done, seen
from tests.crash.stored import Stored

KEYRING = read_key(KEY)


def test_a_life_full_of_kills_ends_like_an_undisturbed_one(seed: int, measured: Undisturbed, tmp_path: Path) -> None:
    asyncio.run(_live(tmp_path / "place", seed, measured))


async def _live(folder: Path, seed: int, measured: Undisturbed) -> None:
    async with played(folder) as sandbox:
        life = Life(folder, sandbox, seed, measured)
        await life.live()
        assert Counter(life.kills) == Counter(KILLS), "a kill that hit nothing at work shows nothing"
        check_same(life.stored, Stored(measured.store))
        assert life.stored.unfinished_runs() <= life.killed
        erased, kept = (KEYRING.pseudonym("shopify_customer", one.shopify_customer_id) for one in customers())
        assert (life.stored.tells_of(erased), life.stored.tells_of(kept)) == (False, True)
        files = life.stored.fact_files()
        await done(folder, "normalize", "--all")
        assert life.stored.fact_files() == files
        assert life.stored.left_over() == {}


async def test_a_run_with_nothing_to_do_removes_what_a_killed_one_left(place: Path) -> None:
    stored = Stored(place / "data")
    files = stored.fact_files()
    for _ in range(TRIES):
        running = await Running.start(place, "normalize", "--all")
        with suppress(Ended):
            await seen(stored.folder / "facts", WRITING, 0.0)(running)
        await running.kill()
        if "files" in stored.left_over():
            break
    assert "files" in stored.left_over()
    await done(place, "normalize")
    assert stored.left_over() == {}
    assert stored.fact_files() == files


def check_same(stored: Stored, other: Stored) -> None:
    """Fail unless two stores hold the same, in sound files, with nothing left to do."""
    stored.check_whole()
    assert stored.left_over() == {}
    assert stored.schema() == other.schema()
    check_revisions(stored, other)
    assert stored.facts() == other.facts()
    assert stored.attribution() == other.attribution()


def check_revisions(stored: Stored, other: Stored) -> None:
    """Fail unless two inboxes hold the same revisions, each once.

    An order that was read before its buyer was erased, and again before that was carried out, is there twice: the two
    revisions differed when they came in, and are the same now.
    """
    found = stored.revisions()
    assert set(found) == set(other.revisions())
    twice = {row[2] for row, times in found.items() if times > 1}
    assert twice <= set(orders_of(customers()[0]))
