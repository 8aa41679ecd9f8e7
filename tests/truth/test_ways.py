"""By whichever way the news comes (polled, delivered, both, late, not at all), jalon holds the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from jalon.workplace import Workplace
from tests.truth.life import DAY
from tests.truth.stage import Stage, staged

DELIVERED_ONLY = "content_tags"
"""The stream of which no list can be asked."""
Held = dict[tuple[str, str, str], Any]
"""(source, stream, key) -> the newest body."""


def held(place: Workplace) -> Held:
    with place.store.read() as db:
        rows = db.execute(
            "SELECT source, stream, key, body FROM inbox WHERE stream <> ? ORDER BY version, id", (DELIVERED_ONLY,)
        ).fetchall()
    return {(source, stream, key): orjson.loads(body) for source, stream, key, body in rows}


async def lived(folder: Path, *, hooks: bool = True, poll: bool = True) -> tuple[Held, set[tuple[str, str]]]:
    """Live through three days; return what is held, and which orders were placed or changed in them."""
    folder.mkdir()
    (folder / "jalon.key").write_text("ab" * 32)  # one key, so that one person has one pseudonym in all three
    first = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    settings = {} if poll else {name: {"since": first} for name in ("tiktok_shop", "shopify")}
    async with staged(folder, settings, hooks=hooks) as stage:
        began = stage.sandbox.clock.now()
        await stage.sync()
        for _ in range(3):
            await stage.pass_days(1)
            await stage.sync()
        await stage.pass_days(0.5)
        await stage.sync()
        return held(stage.place), changed(stage, began)


def changed(stage: Stage, began: float) -> set[tuple[str, str]]:
    until = stage.sandbox.clock.now() - DAY / 2
    sales = stage.sandbox.world.sales
    return {(sale.platform, sale.order_id) for sale in sales if any(began < c.at < until for c in sale.changes)}


async def test_polled_delivered_or_both_gives_the_same_records(tmp_path: Path) -> None:
    """Hazards 1, 2, 3 and 19."""
    polled, happened = await lived(tmp_path / "polled", hooks=False)
    both, _ = await lived(tmp_path / "both")
    delivered, _ = await lived(tmp_path / "delivered", poll=False)
    assert both == polled
    orders = {(source, key) for source, stream, key in delivered if stream == "orders"}
    assert len(happened) > 10
    assert happened <= orders
    assert {name: body for name, body in polled.items() if name in delivered} == delivered


async def test_a_subscription_that_is_gone_is_made_again_and_what_it_missed_is_read(tmp_path: Path) -> None:
    """Hazards 20 and 21."""
    async with staged(tmp_path, {}) as stage:
        await stage.sync()
        subscribed = {known.topic for known in stage.shop.hooks.by_number.values()}
        stage.shop.hooks.by_number.clear()
        posted = len([event for event in stage.posted if event.key.startswith("shopify")])
        await stage.pass_days(1)
        assert len([event for event in stage.posted if event.key.startswith("shopify")]) == posted, "nothing is told"
        outcomes = await stage.sync()
        made = [finding for outcome in outcomes for finding in outcome.findings if finding.detail == "created"]
        assert len(made) == len(subscribed) > 3
        assert {known.topic for known in stage.shop.hooks.by_number.values()} == subscribed
        now = stage.sandbox.clock.now() - 120
        placed = {s.order_id for s in stage.sandbox.world.sales if s.platform == "shopify" and s.placed_at < now}
        assert placed <= {key for source, stream, key in held(stage.place) if (source, stream) == ("shopify", "orders")}


async def test_another_version_that_answers_is_told_and_read_all_the_same(tmp_path: Path) -> None:
    """Hazard 22: Shopify falls forward silently."""
    async with staged(tmp_path, {}, parts=("shopify",)) as stage:
        assert [outcome.notes for outcome in await stage.sync()] == [[]]
        stage.shop.door.version = "2027-10"
        await stage.pass_days(1)
        (outcome,) = await stage.sync()
        assert [note for note in outcome.notes if "2026-10, answered by 2027-10" in note]
        assert outcome.counts.new
