"""The brand's further shops: sales of their own beside a world that stays as it was."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.shops import DAY, FEWEST
from jalon.sandbox.truth import goods_paid, net_revenue, truth
from jalon.sandbox.world import OwnShop, World


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 150))
def test_a_shop_holds_together(seed: int, orders: int) -> None:
    world = generate(seed, orders=orders)
    assert [shop.platform for shop in world.shops] == ["woocommerce", "prestashop"]
    for shop in world.shops:
        _check(world, shop)


def _check(world: World, shop: OwnShop) -> None:
    assert len(shop.sales) == max(FEWEST, len(world.sales) // 10)
    numbers = [int(each.order_id) for each in sorted((*shop.sales, *shop.copies), key=_placed)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 10**6
    for sale in shop.sales:
        assert world.start <= sale.placed_at <= world.horizon
        assert sale.shopper in shop.shoppers
        assert 0 <= net_revenue(sale, world.horizon + 90 * DAY) <= goods_paid(sale)
        times = [shop.visits[visit].at for visit in sale.visits]
        assert times == sorted(times)
        assert all(0 < sale.placed_at - at <= 29 * DAY for at in times)
    native = {sale.order_id: sale for sale in world.sales if sale.platform == "tiktok_shop"}
    assert all(native[copy.sale.order_id].copy is None for copy in shop.copies)


def _placed(order: object) -> int:
    return getattr(order, "placed_at", 0) or getattr(order, "at", 0)


def test_the_same_seed_gives_the_same_shops_and_nothing_else_depends_on_them(world: World) -> None:
    assert generate(7, orders=600).shops == world.shops
    without = replace(world, shops=())
    assert truth(without, NOW) == truth(world, NOW)


def test_shops_have_every_kind_of_thing(world: World) -> None:
    for shop in world.shops:
        kinds = {change.kind for sale in shop.sales for change in sale.changes}
        assert {"paid", "cancelled", "edited", "refunded", "completed"} <= kinds
        assert {sale.currency for sale in shop.sales} == {"EUR", "GBP"}
        assert set(shop.shoppers) & set(world.shoppers), "some buy elsewhere too"
        assert set(shop.shoppers) - set(world.shoppers)
        assert max(len(sale.visits) for sale in shop.sales) > 1
        posts = {post.id: post for post in world.posts}
        named = [visit for visit in shop.visits.values() if visit.content]
        assert {posts[visit.utm["content"]].network for visit in named} == {
            "instagram",
            "facebook",
            "pinterest",
            "youtube",
            "tiktok",
        }
        assert all(posts[visit.utm["content"]].is_up(visit.at) for visit in named)
    assert {copy.mark for copy in world.shops[0].copies} == {"meta", "alias"}
