"""PrestaShop, the whole way: with faults on, jalon holds what really happened in the shop, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jalon.sandbox.faults import NAMES
from jalon.sandbox.hosting import PHP_WARNING
from tests.truth import life
from tests.truth.life import DAY, finish
from tests.truth.shops import HeldShop, check_lines, check_money
from tests.truth.stage import staged

PLATFORM = "prestashop"
FAULTS = dict.fromkeys(NAMES, 0.05)


async def test_everything_that_happened_is_held_once(tmp_path: Path) -> None:
    truth = await life.live(tmp_path, seed=3, orders=200, days=14, faults=FAULTS, hooks=False, parts=(PLATFORM,))
    told, shop = truth["parts"][PLATFORM], HeldShop(tmp_path, PLATFORM)
    check_money(told, shop)
    check_lines(told, shop)


async def test_through_the_night_in_which_the_clock_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop's times carry no zone, and an hour of them comes twice."""
    monkeypatch.setattr(life, "PLAYED_ON", int(datetime(2026, 10, 23, tzinfo=UTC).timestamp()))
    truth = await life.live(tmp_path, seed=3, orders=200, days=14, faults={}, hooks=False, parts=(PLATFORM,))
    told, shop = truth["parts"][PLATFORM], HeldShop(tmp_path, PLATFORM)
    check_money(told, shop)
    placed = {sale["order_id"]: sale["placed_at"] * 1_000_000 for sale in told["sales"]}
    assert dict(shop.facts("orders", "order_id, epoch_us(placed_at)")) == placed


async def test_a_key_with_few_rights_reads_what_it_may_and_says_what_is_missing(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PLATFORM,), hooks=False) as stage:
        part = stage.sandbox.parts[PLATFORM]
        part.granted -= {"order_slip", "customers", "order_histories", "configurations"}
        part.host.prints = PHP_WARNING
        (outcome,) = await stage.sync()
        assert any("display_errors" in note for note in outcome.notes)
        told = part.truth(stage.sandbox.clock.now() - 60)
        with stage.place.store.read() as db:
            notices = [row[0] for row in db.execute("SELECT detail FROM notices").fetchall()]
        assert any("order_slip" in notice for notice in notices)
        part.granted |= {"order_slip", "customers"}
        stage.sandbox.clock.advance(DAY + 1)
        await stage.sync()
        finish(stage.place)
    shop = HeldShop(tmp_path, PLATFORM)
    assert {sale["order_id"] for sale in told["sales"]} <= {row[0] for row in shop.facts("orders", "order_id")}
    assert {back["id"] for back in told["refunds"]} <= {row[0] for row in shop.facts("refunds", "refund_id")}


@pytest.mark.parametrize("shares_orders", [False, True])
async def test_a_shop_of_several_is_read_alone(tmp_path: Path, shares_orders: bool) -> None:
    """Shops that share orders list each other's, and slips are listed for all shops of an installation."""
    async with staged(tmp_path, {PLATFORM: {"shop": 2}}, parts=(PLATFORM,), hooks=False) as stage:
        part = stage.sandbox.parts[PLATFORM]
        part.orders.shops, part.shares_orders = 2, shares_orders
        stage.sandbox.clock.advance(4 * DAY)
        await stage.sync()
        stage.derive()
        with stage.place.store.read() as db:
            assert db.execute("SELECT key, reason FROM quarantine").fetchall() == []
        now = int(stage.sandbox.clock.now() - 60)
        mine = [entry for entry in part.orders.placed(now) if part.orders.shop_of(entry) == 2]
        finish(stage.place)
    shop = HeldShop(tmp_path, PLATFORM)
    assert {row[0] for row in shop.facts("orders", "order_id")} == {str(entry.number) for entry in mine}
    assert {row[0] for row in shop.facts("refunds", "refund_id")} == {
        back.id for entry in mine for back in entry.slips(now)
    }


async def test_a_customer_of_several_shops_is_one_person_by_the_address(tmp_path: Path) -> None:
    """Shopify's customer, WooCommerce's and PrestaShop's, guests among them: their numbers have nothing in common."""
    contact = {"shopify": {"customer_contact": True}}
    parts = ("shopify", "woocommerce", PLATFORM)
    async with staged(tmp_path, contact, parts=parts, hooks=False) as stage:
        world = stage.sandbox.world
        stage.sandbox.clock.advance(4 * DAY)
        await stage.sync()
        finish(stage.place)
    shoppers = {**world.shoppers, **{name: who for shop in world.shops for name, who in shop.shoppers.items()}}
    sales = [sale for sale in world.sales if sale.platform == "shopify"]
    sales += [sale for shop in world.shops for sale in shop.sales]
    persons: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    for platform in parts:
        held = dict(HeldShop(tmp_path, platform).sales("order_id, person", "origin IS NULL"))
        for sale in sales:
            if sale.platform == platform and sale.order_id in held:
                email = shoppers[sale.shopper].email
                persons.setdefault(email, set()).add(held[sale.order_id])
                places.setdefault(email, set()).add(platform)
    assert {len(found) for found in persons.values()} == {1}
    assert len({next(iter(found)) for found in persons.values()}) == len(persons), "and nobody is two people"
    assert {platform for found in places.values() if len(found) > 1 for platform in found} == set(parts)
