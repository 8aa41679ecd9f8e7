"""A workplace whose processes are killed again and again ends like one that nobody disturbed."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from tests.crash.lives import KILLS, Life, Undisturbed
from tests.crash.played import played
from tests.crash.process import done
from tests.crash.stored import Stored


def test_a_life_full_of_kills_ends_like_an_undisturbed_one(seed: int, measured: Undisturbed, tmp_path: Path) -> None:
    asyncio.run(_live(tmp_path / "place", seed, measured))


async def _live(folder: Path, seed: int, measured: Undisturbed) -> None:
    async with played(folder) as sandbox:
        life = Life(folder, sandbox, seed, measured)
        await life.live()
        assert Counter(life.kills) == Counter(KILLS), "a kill that hit nothing at work shows nothing"
        check_same(life.stored, Stored(measured.store))
        assert life.stored.unfinished_runs() <= life.killed
        files = life.stored.fact_files()
        await done(folder, "normalize", "--all")
        assert life.stored.fact_files() == files
        assert life.stored.left_over() == {}


def check_same(stored: Stored, other: Stored) -> None:
    """Fail unless two stores hold the same, in sound files, with nothing left to do."""
    stored.check_whole()
    assert stored.left_over() == {}
    assert stored.schema() == other.schema()
    assert stored.revisions() == other.revisions()
    for kind, rows in other.facts().items():
        assert stored.facts()[kind] == rows, kind
    for table, rows in other.attribution().items():
        assert stored.attribution()[table] == rows, table
