"""Own links and site, the whole way over HTTP: click id -> landing -> order, and never without consent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.commands.demo import write_workplace
from jalon.commands.links import _source
from jalon.commands.serving import receiver_of
from jalon.config import load
from jalon.receive.receiver import Receiver
from jalon.receive.routes import LOOK_SECONDS
from jalon.sandbox.site import Visitor
from jalon.sandbox.world import Sale
from jalon.store import links
from jalon.store.links import Link
from tests.truth.life import DAY, finish
from tests.truth.stage import Stage, staged

SHOP = "https://atelier-jalon.example"
"""The played brand's web shop."""
CONTENT, PRODUCT = "17912345678901234", "8001"


class Site:
    """The brand's own site, on stage: its links, and visitors of it."""

    def __init__(self, stage: Stage, receiver: Receiver, address: str) -> None:
        self.stage, self.receiver, self.address = stage, receiver, address
        token = stage.place.keyring.hook_token("site")
        self.events = f"{address}/e/{token}"

    @property
    def now(self) -> float:
        return self.stage.sandbox.clock.now()

    def visitor(self, seed: str, **more: Any) -> Visitor:
        return Visitor(self.events, SHOP, seed, **more)

    def buys(self, sale: Sale, landed: str) -> None:
        """Let an order's first visit be the one that a link led to, as the shop's own script would see it."""
        visits, first = self.stage.sandbox.world.visits, int(self.now) + 2
        for place, name in enumerate(sale.visits):
            visits[name] = replace(visits[name], at=max(visits[name].at, first + place))
        visits[sale.visits[0]] = replace(visits[sale.visits[0]], at=first, landing_page=landed, utm={})

    def new_buyers(self) -> list[Sale]:
        """Return web orders yet to come of people who have bought nothing before, each with a visit before it."""
        world, now = self.stage.sandbox.world, self.now + 60
        first: dict[str, Sale] = {}
        for sale in sorted(world.sales, key=lambda sale: sale.placed_at):
            first.setdefault(sale.shopper, sale)
        found = [
            sale for sale in first.values()
            if sale.platform == "shopify" and sale.kind == "sale" and sale.placed_at > now and sale.visits
            and not any(change.kind == "cancelled" for change in sale.changes)
        ]  # fmt: skip
        assert len(found) >= 4, "the played brand sells too little"
        return found

    async def until_attributed(self, days: float = 4.5) -> None:
        """Let days pass, once all clicks are stored; then sync, derive and attribute."""
        await self.receiver.sites.queue.drain()
        self.stage.sandbox.clock.advance(days * DAY)
        await self.stage.sync()
        finish(self.stage.place)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        folder = self.stage.place.store.folder
        with duckdb.connect() as db:
            for name in ("steps", "touches", "sales"):
                db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder}/attribution/{name}.parquet'")
            return db.execute(query).fetchall()

    def journey(self, sale: Sale) -> list[tuple[Any, ...]]:
        """Return (source, kind, content, product, evidence) of an order's steps, oldest first."""
        return self.rows(
            "SELECT touches.source, kind, content_id, product_id, touches.evidence FROM steps "
            f"JOIN touches USING (touch_uid) WHERE order_uid = 'shopify:{sale.order_id}' ORDER BY position"
        )


@asynccontextmanager
async def on_stage(folder: Path, **settings: Any) -> AsyncIterator[tuple[Site, Link]]:
    async with staged(folder, {}, parts=("shopify",), hooks=False) as stage:
        own = {
            "connector": "site",
            "allowed_hosts": [SHOP.partition("//")[2]],
            "origins": [SHOP],
            "shop": "shopify",
            "visits": False,
            "secrets": {},
            **settings,
        }
        stage.place.config = load(write_workplace(folder, {**stage.sandbox.settings(), "site": own}))
        receiver = receiver_of(stage.place, stage.sandbox.clock.now)
        link = made(stage)
        port, _ = await receiver.start("127.0.0.1", 0)
        try:
            yield Site(stage, receiver, f"http://127.0.0.1:{port}"), link
        finally:
            await receiver.stop()


def made(stage: Stage) -> Link:
    assert _source(stage.place, None).name == "site"
    target, names = f"{SHOP}/products/lamp?size=2", (CONTENT, PRODUCT, "instagram/story", "winter")
    code = links.code_of(stage.place.keyring, "site", target, *names)
    return stage.place.store.write(lambda db: links.add(db, Link(code, "site", target, *names, created_at=time.time())))


TAG_CLICK = ("site", "tag_click", CONTENT, PRODUCT, "own_click")


async def test_the_journey_of_an_order_begins_with_the_tag_click(tmp_path: Path) -> None:
    """By the click id that the shop saw on the landing page, and by the order that the visitor's browser named."""
    async with on_stage(tmp_path) as (site, link):
        by_landing, by_order, refused, silent = site.new_buyers()[:4]
        address = f"{site.address}/l/{link.code}"
        async with site.visitor("landing") as visitor:
            landed = await visitor.follow(address)
            assert landed.startswith(f"{link.target}&utm_source=instagram&utm_medium=story&utm_campaign=winter")
            assert await visitor.land() == 204
            assert await visitor.do("add_to_cart", product=PRODUCT) == 204
            site.buys(by_landing, landed)
        async with site.visitor("order", fast=-86_400 * 3) as visitor:
            await visitor.follow(address)
            assert await visitor.land() == 204
            site.buys(by_order, f"{SHOP}/")
            assert await visitor.do("purchase", order=f"gid://shopify/Order/{by_order.order_id}") == 204
        async with site.visitor("refused", agrees=False) as visitor:
            site.buys(refused, await visitor.follow(address))
            assert await visitor.land() == 204
            assert await visitor.do("purchase", order=refused.order_id) == 204
        async with site.visitor("silent", agrees=None) as visitor:
            site.buys(silent, await visitor.follow(address))
            assert await visitor.land() == 204
        await site.until_attributed()
        journey = site.journey(by_landing)
        assert journey[0] == TAG_CLICK
        assert ("site", "add_to_cart", None, PRODUCT, "declared") in journey
        assert site.journey(by_order)[0] == TAG_CLICK
        for sale in (refused, silent):
            assert site.journey(sale)
            assert not [step for step in site.journey(sale) if step[0] == "site"]
        clicks = site.rows("SELECT person IS NULL FROM touches WHERE source = 'site' AND kind = 'tag_click' ORDER BY 1")
        assert clicks == [(False,), (False,), (True,), (True,)], "two are of nobody, and counted all the same"
        assert not site.rows("SELECT * FROM sales WHERE source = 'site'"), "a purchase event makes no order"


async def test_an_order_that_tells_no_person_is_the_visitors_who_named_it(tmp_path: Path) -> None:
    """The shop exports its orders without persons: the click is exactly known all the same, by the order's number."""
    async with on_stage(tmp_path, shop="export") as (site, link):
        place = site.stage.place
        text = (tmp_path / "jalon.toml").read_text()
        (tmp_path / "jalon.toml").write_text(f'{text}\n[sources.export]\nconnector = "files"\nfolder = "drop"\n')
        place.config = load(tmp_path / "jalon.toml")
        async with site.visitor("guest") as visitor:
            await visitor.follow(f"{site.address}/l/{link.code}")
            assert await visitor.land() == 204
            assert await visitor.do("add_to_cart", product=PRODUCT) == 204
            assert await visitor.do("purchase", order="1234") == 204
        placed = datetime.fromtimestamp(site.now + 600, UTC).isoformat(timespec="minutes")
        (tmp_path / "drop").mkdir()
        heads = "order_id,platform,channel,placed_at,currency,total,tax"
        written = tmp_path / "drop/orders.csv"
        written.write_text(
            f"{heads}\n1234,shop1,site,{placed},EUR,100.00,13.04\n1235,shop1,site,{placed},EUR,1.00,0.13\n"
        )
        os.utime(written, (time.time() - 60,) * 2)
        await site.until_attributed()
        steps = (
            "SELECT kind FROM steps JOIN touches USING (touch_uid) WHERE order_uid = 'export:1234' ORDER BY position"
        )
        assert site.rows(steps) == [("tag_click",), ("add_to_cart",)]
        known = site.rows("SELECT order_id, person IS NOT NULL FROM sales WHERE source = 'export' ORDER BY order_id")
        assert known == [("1234", True), ("1235", False)]


async def test_where_consent_is_not_needed_the_shops_landing_page_is_enough(tmp_path: Path) -> None:
    async with on_stage(tmp_path, consent="not_required") as (site, link):
        bought = site.new_buyers()[0]
        async with site.visitor("no script") as visitor:
            site.buys(bought, await visitor.follow(f"{site.address}/l/{link.code}"))
        await site.until_attributed()
        assert site.journey(bought)[0] == TAG_CLICK


async def test_a_consent_that_is_taken_back_parts_the_visitor_from_the_order(tmp_path: Path) -> None:
    """Threats 27, 29: the click stays as a count; whose it was is gone, for good."""
    async with on_stage(tmp_path) as (site, link):
        bought = site.new_buyers()[0]
        async with site.visitor("regrets") as visitor:
            site.buys(bought, await visitor.follow(f"{site.address}/l/{link.code}"))
            await visitor.land()
            await visitor.do("purchase", order=bought.order_id)
            await site.stage.sync()
            assert await visitor.tell({"id": "0" * 32, "type": "withdrawn", "visitor": visitor.id}) == 204
            again = list(visitor.told)
            await site.until_attributed()
            await visitor.tell(*again)
        await site.until_attributed(0.1)
        assert not [step for step in site.journey(bought) if step[0] == "site"]
        assert site.rows("SELECT count(*), count(person) FROM touches WHERE source = 'site'") == [(1, 0)]
        known = site.stage.place.keyring.pseudonym("visitor", visitor.id).partition(":")[2].encode()
        files = [path for path in site.stage.place.store.folder.rglob("*") if path.is_file()]
        assert not [path.name for path in files if known in path.read_bytes()]


async def test_a_click_of_a_lost_record_is_proven_by_its_landing(tmp_path: Path) -> None:
    """Whether or not the click was stored before the process died, its id says all about it."""
    async with on_stage(tmp_path, clicks_per_day=1) as (site, link):
        async with site.visitor("first") as visitor:
            await visitor.follow(f"{site.address}/l/{link.code}")
        async with site.visitor("second") as visitor:
            await visitor.follow(f"{site.address}/l/{link.code}")
            assert await visitor.land() == 204
        await site.until_attributed(0)
        found = site.rows("SELECT count(*), count(person) FROM touches WHERE source = 'site' AND kind = 'tag_click'")
        assert found == [(2, 1)], "the second was not stored by its redirect"


async def test_of_two_who_land_with_one_click_id_only_the_first_has_the_click(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (site, link):
        async with site.visitor("clicked") as one, site.visitor("was sent the address") as other:
            other.landed = await one.follow(f"{site.address}/l/{link.code}")
            assert await one.land() == 204
            site.stage.sandbox.clock.advance(1)
            assert await other.land(referrer="") == 204
        await site.until_attributed(0)
        person = site.stage.place.keyring.pseudonym("visitor", one.id)
        people = duckdb.sql(
            f"SELECT DISTINCT person FROM '{site.stage.place.store.folder}/attribution/people.parquet'"
        ).fetchall()
        assert len(people) == 1
        touched = site.rows("SELECT person FROM touches WHERE source = 'site' AND kind = 'tag_click'")
        assert touched == people
        members = duckdb.sql(
            f"SELECT identifier FROM '{site.stage.place.store.folder}/attribution/people.parquet'"
        ).fetchall()
        assert (person,) in members
        assert len(members) == 2


@pytest.mark.parametrize("late", [True, False])
async def test_a_link_that_is_made_while_serve_runs_is_answered(tmp_path: Path, late: bool) -> None:
    async with on_stage(tmp_path) as (site, link):
        if late:
            site.stage.place.store.write(lambda db: links.disable(db, link.code))
            await asyncio.sleep(LOOK_SECONDS * 1.5)
            async with site.visitor("x") as visitor:
                with pytest.raises(AssertionError, match="404"):
                    await visitor.follow(f"{site.address}/l/{link.code}")
            site.stage.place.store.write(lambda db: links.disable(db, link.code, False))
            await asyncio.sleep(LOOK_SECONDS * 1.5)
        async with site.visitor("y") as visitor:
            assert await visitor.follow(f"{site.address}/l/{link.code.upper()}")
