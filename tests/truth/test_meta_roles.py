"""Whose owner loses the role on a page or account: the source stops and says so, and nothing counts as read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jalon.store import windows
from jalon.sync.engine import sync_all
from jalon.sync.source import SourceOutcome
from tests.truth import meta_posts
from tests.truth.stage import Stage, staged

PARTS = ("facebook", "instagram", "meta_ads")


async def synced(stage: Stage) -> SourceOutcome:
    (outcome,) = await sync_all([stage.place.source(name) for name in stage.place.config.sources], stage.workshop())
    return outcome


@pytest.mark.parametrize("part", PARTS)
async def test_an_account_that_is_not_shown_any_more_stops_its_source_and_loses_no_window(
    tmp_path: Path, part: str
) -> None:
    """Also on the day on which it was greeted: what it said of itself then is believed until the next."""
    posts = getattr(meta_posts, part, None)
    async with staged(tmp_path, {}, parts=(part,), hooks=False, posts=posts) as stage:
        played: Any = stage.sandbox.parts[part]
        await stage.sync()
        stage.sandbox.clock.advance(22 * 3600)
        played.limits["role_lost"] = 1.0
        outcome = await synced(stage)
        assert outcome.state == "auth", outcome
        assert "not shown" in outcome.message
        assert "role" in outcome.remedy
        assert not refused(stage)
        assert unread(stage)
        played.limits["role_lost"] = 0.0
        await stage.sync()
        assert not unread(stage)


def refused(stage: Stage) -> list[Any]:
    with stage.place.store.read() as db:
        return db.execute("SELECT stream, key FROM quarantine WHERE reason = 'refused'").fetchall()


def unread(stage: Stage) -> list[str]:
    with stage.place.store.read() as db:
        return [window.stream for name in stage.place.config.sources for window in windows.open_windows(db, name)]
