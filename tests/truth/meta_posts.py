"""What the brand posts on Meta's networks in the tests: one of each kind, at times that the tests know."""

from __future__ import annotations

from typing import Any

import duckdb

from jalon.sandbox.world import Network, Post, PostKind, World
from tests.truth.life import DAY, sync_once
from tests.truth.stage import Stage

HOUR = 3600
FIRST_STORY, SECOND_STORY, DELETED = "17895695000900001", "17895695000900002", "17895695000000004"
TAGGED, CAROUSEL = "17895695000000001", "17895695000000002"
NOISE = {"5xx": 0.05, "reset": 0.05, "malformed": 0.03, "truncated": 0.03, "throttle": 0.03}
LATE = {"hook_duplicate": 0.3, "hook_reorder": 0.5}


def present(world: World) -> int:
    """Return the moment at which the tests begin: four days before the horizon."""
    return world.horizon - 4 * DAY


def instagram(world: World) -> tuple[Post, ...]:
    """Return the posts of an Instagram account: the first story is ten hours old when the tests begin."""
    now, skus = present(world), [product.sku for product in world.products]
    return (
        _post("17895695000000000", "instagram", "image", now - 12 * DAY, skus[:1]),
        _post(TAGGED, "instagram", "image", now - 9 * DAY, skus[:2]),
        _post(CAROUSEL, "instagram", "carousel", now - 6 * DAY, skus[2:5]),
        _post("17895695000000003", "instagram", "reel", now - 3 * DAY, skus[5:6]),
        _post(DELETED, "instagram", "image", now - 2 * DAY, skus[6:7], deleted_at=now + DAY),
        _post(FIRST_STORY, "instagram", "story", now - 10 * HOUR, skus[:1], ended_at=now + 14 * HOUR),
        _post(SECOND_STORY, "instagram", "story", now + 2 * DAY, skus[:1], ended_at=now + 3 * DAY),
    )


def facebook(world: World) -> tuple[Post, ...]:
    """Return the posts of a page."""
    now = present(world)
    kinds: tuple[PostKind, ...] = ("image", "video", "link", "image")
    return tuple(
        _post(str(122_101_000_000_000_001 + n), "facebook", kind, now - (10 - 3 * n) * DAY, [])
        for n, kind in enumerate(kinds)
    )


def _post(
    name: str,
    network: Network,
    kind: PostKind,
    at: int,
    skus: list[str],
    *,
    ended_at: int | None = None,
    deleted_at: int | None = None,
) -> Post:
    return Post(name, network, kind, f"{network} {kind} ✨", at, ended_at, deleted_at, tuple(skus))


async def lived(stage: Stage, *, faults: bool) -> float:
    """Live through four days, then sync in peace; return when deliveries began."""
    began = stage.sandbox.clock.now()
    await stage.sync()
    if faults:
        stage.sandbox.faults.set({**NOISE, **LATE})
    for _ in range(4):
        await stage.pass_days(1)
        await sync_once(stage.place, stage.sandbox.clock)
    stage.sandbox.faults.set({})
    await stage.pass_days(2)
    await stage.sync()
    await stage.sync()
    stage.derive()
    return began


def facts(stage: Stage, kind: str, what: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Return what jalon holds of a kind of fact: of each, its newest revision."""
    files = stage.place.store.folder / "facts" / kind / "*.parquet"
    newest = "row_number() OVER (PARTITION BY source, key ORDER BY version DESC, observed_at DESC, inbox_id DESC) = 1"
    return duckdb.sql(f"SELECT {what} FROM (SELECT * FROM '{files}' QUALIFY {newest}) WHERE {where}").fetchall()


def truth(stage: Stage, platform: str) -> dict[str, Any]:
    """Return what the platform shows now."""
    part: Any = stage.sandbox.parts[platform]
    found: dict[str, Any] = part.truth(stage.sandbox.clock.now())
    return found
