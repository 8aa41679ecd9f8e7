"""Let jalon live through a played brand's weeks, then compare what it holds with what really happened."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.commands.demo import write_workplace
from jalon.commands.serving import receiver_of
from jalon.config import load
from jalon.sandbox.brand import generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World
from jalon.store.database import Store
from jalon.sync.engine import sync_all
from jalon.sync.source import SourceOutcome, Workshop
from jalon.workplace import Workplace
from tests.spine import SPINE

DAY = 86_400
PLAYED_ON = 1_795_737_600
"""2026-11-27, midnight UTC: when brands are played, on whatever day. A brand differs by the day that it is played on,
and on some days lacks what a test looks for."""
DAYS_TO_COME = 4
"""So many days of a world are lived, each with a sync; those before are read at once."""
PLATFORM_DAYS = 7
"""How long after the last event figures are restated and journeys become ready."""


class PlayedClock:
    """The sandbox's time; a sleep passes at once, and the played time moves on by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(max(seconds, 0.0))
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return 0.5


async def live(
    folder: Path,
    *,
    seed: int,
    orders: int,
    days: int,
    faults: dict[str, float],
    hooks: bool = True,
    parts: tuple[str, ...] = SPINE,
) -> dict[str, Any]:
    """Play a brand under faults, sync day by day until it has come to rest, and return the truth."""
    return await live_through(
        folder, brand(seed=seed, orders=orders, days=days), faults=faults, hooks=hooks, parts=parts
    )


def brand(*, seed: int, orders: int, days: int, **traits: Any) -> World:
    """Return a world of which some days are still to come."""
    return generate(seed, orders=orders, days=days, horizon_days=DAYS_TO_COME, now=PLAYED_ON, **traits)


async def live_through(
    folder: Path,
    world: World,
    *,
    faults: dict[str, float],
    hooks: bool = True,
    parts: tuple[str, ...] = SPINE,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Play a world under faults, sync day by day until it has come to rest, and return the truth.

    `settings` are added to those of the sources by name.
    """
    clock = Clock(float(world.horizon - DAYS_TO_COME * DAY), frozen=True)
    played = Faults(world.seed, faults, hang=0.2, slow=0.02)
    async with Sandbox(world, clock, played, parts=parts, deliver=False) as sandbox:
        given = {name: {**own, **(settings or {}).get(name, {})} for name, own in sandbox.settings().items()}
        write_workplace(folder, given)
        with Workplace(load(folder / "jalon.toml")) as place:
            receiver = receiver_of(place)
            port, _ = await receiver.start("127.0.0.1", 0)
            if hooks:
                place.config = load(write_workplace(folder, given, f"http://127.0.0.1:{port}"))
            if "hook" in sandbox.parts:
                sandbox.parts["hook"].deliver_to(place.address("hook"))  # type: ignore[attr-defined]
            for _ in range(DAYS_TO_COME + PLATFORM_DAYS):
                await sync_once(place, clock)
                clock.advance(DAY)
                await sandbox.deliverer.pump()
            await settle(place, clock)
            clock.advance(DAY)  # a look-back that was cut short by a fault comes round again
            await settle(place, clock)
            await receiver.stop()
            finish(place)
        products = {product.sku: product.tiktok_product_id for product in world.products}
        return {**sandbox.truth(), "product_ids": products}


async def sync_once(place: Workplace, clock: Clock, names: Iterable[str] = ()) -> list[SourceOutcome]:
    """Run one sync over all sources, or the named ones, as cron would."""
    shop = Workshop(place.store, place.keyring, PlayedClock(clock), address=place.address)
    return await sync_all([place.source(name) for name in names or place.config.sources], shop)


async def settle(place: Workplace, clock: Clock) -> None:
    """Sync until every source says that nothing is left, within a bounded number of runs."""
    names: list[str] = []
    for _ in range(60):
        outcomes = await sync_once(place, clock, names)
        names = [outcome.source for outcome in outcomes if not _at_rest(outcome, clock.now())]
        if not names:
            return
        clock.advance(DAY / 24)
    raise AssertionError(
        f"does not come to rest: {[(o.source, o.state, o.message, o.notes[:3], o.counts) for o in outcomes]}"
    )


def _at_rest(outcome: SourceOutcome, now: float) -> bool:
    """Say whether a run left nothing but days that the platform has not counted yet."""
    counts = outcome.counts
    return (
        outcome.state == "ok"
        and not counts.pending_fetches
        and (not counts.pending_windows or (counts.next_due or 0) > now)
    )


def finish(place: Workplace) -> None:
    """Derive and attribute."""
    place.derive()
    attribute(place.store.facts, place.store.folder / "attribution", Options())


NEWEST = """
    SELECT * EXCLUDE (age) FROM (
        SELECT *, row_number() OVER (
            PARTITION BY source, key ORDER BY version DESC, observed_at DESC, inbox_id DESC
        ) AS age FROM '{files}'
    ) WHERE age = 1 AND NOT removed
"""
AFTER_THE_WAY = ("purchase", "checkout", "delivery", "return_requested", "refund")
"""Kinds of touchpoint that are no visit."""


class Held:
    """What jalon holds, in the truth's words: read from its files, with nothing of its code."""

    def __init__(self, store: Path) -> None:
        self._db = duckdb.connect()
        for table in ("sales", "credit"):
            self._db.execute(f"CREATE VIEW {table} AS SELECT * FROM '{store}/attribution/{table}.parquet'")
        for kind in ("refunds", "measures", "contents", "touchpoints"):
            self._db.execute(f"CREATE VIEW {kind} AS {NEWEST.format(files=f'{store}/facts/{kind}/*.parquet')}")

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query).fetchall()

    def sales(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """(platform, order id) -> (kind, currency, goods, net), counted orders alone."""
        found = self._rows("SELECT platform, order_id, kind, currency, goods, net FROM sales WHERE is_counted")
        return {(row[0], row[1]): row[2:] for row in found}

    def copies(self) -> set[tuple[str, str]]:
        """(copy's order id, order id of the sale that counts)."""
        found = self._rows("SELECT order_id, duplicate_of FROM sales WHERE duplicate_of IS NOT NULL")
        return {(row[0], str(row[1]).rpartition(":")[2]) for row in found}

    def suspected(self) -> set[str]:
        found = self._rows("SELECT order_id FROM sales WHERE NOT is_counted AND duplicate_of IS NULL")
        return {row[0] for row in found}

    def refunds(self) -> Counter[tuple[Any, ...]]:
        query = "SELECT platform, order_id, goods, tax, shipping FROM refunds WHERE state = 'succeeded' AND total > 0"
        return Counter(self._rows(query))

    def measures(self) -> Counter[tuple[str, str, str, str]]:
        """(content, product id, day or "" for a whole LIVE, metric) -> value, of figures per content and product."""
        found = self._rows(
            "SELECT content_id, product_id, CASE WHEN kind = 'live' THEN '' ELSE start_date::TEXT END, metric, value "
            "FROM measures JOIN (SELECT DISTINCT content_id, kind FROM contents) USING (content_id) "
            "WHERE product_id IS NOT NULL"
        )
        return _summed((row[:4], row[4]) for row in found)

    def journeys(self) -> dict[str, list[str]]:
        """Web order id -> keys of its visits, oldest first."""
        found = self._rows(
            "SELECT order_id, list(key ORDER BY occurred_at, key) FROM touchpoints "
            f"WHERE platform = 'shopify' AND kind NOT IN {AFTER_THE_WAY} AND order_id IS NOT NULL GROUP BY order_id"
        )
        return {row[0]: row[1] for row in found}

    def named_contents(self) -> dict[str, set[str]]:
        """In-app order id -> contents that the platform names on it."""
        found = self._rows(
            "SELECT order_id, list(DISTINCT content_id) FROM touchpoints "
            "WHERE platform = 'tiktok_shop' AND content_id IS NOT NULL AND order_id IS NOT NULL GROUP BY order_id"
        )
        return {row[0]: set(row[1]) for row in found}

    def credit(self) -> list[tuple[Any, ...]]:
        """(order, model, credit net of what went back), summed over the touchpoints."""
        return self._rows("SELECT order_uid, model, sum(net) FROM credit GROUP BY ALL")


def _summed(rows: Iterable[tuple[Any, int]]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for key, value in rows:
        found[key] += value
    return found


def held(folder: Path) -> Held:
    """Open what jalon holds in a workplace."""
    with Store.open(folder / "data", create=False):
        return Held(folder / "data")
