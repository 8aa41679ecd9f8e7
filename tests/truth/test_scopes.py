"""What an app was not granted costs what it stands for, and no order; once granted, it is read."""

from __future__ import annotations

from pathlib import Path

from jalon.store import sources
from tests.truth.stage import Stage, staged

NEEDLESS = {"read_customers", "read_products", "read_returns"}
CREATORS = "seller.affiliate_collaboration.read"


def held(stage: Stage) -> dict[tuple[str, str], int]:
    with stage.place.store.read() as db:
        found = db.execute("SELECT source, stream, count(DISTINCT key) FROM inbox GROUP BY source, stream").fetchall()
    return {(source, stream): number for source, stream, number in found}


def notices(stage: Stage) -> set[str]:
    with stage.place.store.read() as db:
        return {notice.kind for notice in sources.notices(db)}


async def test_orders_are_read_without_the_scopes_that_they_can_do_without(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, hooks=False) as stage:
        scopes = stage.shop.scopes, stage.sandbox.parts["tiktok_shop"].tokens.scopes
        stage.shop.scopes -= NEEDLESS
        scopes[1].discard(CREATORS)
        await stage.sync()
        without = held(stage)
        assert without["shopify", "orders"] > 20
        assert ("shopify", "products") not in without
        assert notices(stage) == {"without products", "without affiliate_orders"}
        scopes[0].update(NEEDLESS)
        scopes[1].add(CREATORS)
        stage.sandbox.clock.advance(3600)
        await stage.sync()
        assert held(stage).keys() >= {("shopify", "products"), ("tiktok_shop", "affiliate_orders")}
        assert notices(stage) == set()
