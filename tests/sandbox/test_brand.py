"""The simulated brand: the same each time, whole, and its truth adds up."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.truth import goods_paid, net_revenue, refunded_goods, truth
from jalon.sandbox.world import Sale, World, shares

DAY = 86_400


@given(st.integers(0, 10**12), st.integers(1, 50))
def test_shares_lose_no_cent(total: int, quantity: int) -> None:
    parts = shares(total, quantity)
    assert sum(parts) == total
    assert len(parts) == quantity
    assert max(parts) - min(parts) <= 1


def test_one_seed_is_one_world() -> None:
    assert generate(3, orders=150) == generate(3, orders=150)
    assert generate(3, orders=150).sales != generate(4, orders=150).sales


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 120))
def test_a_world_holds_together(seed: int, orders: int) -> None:
    world = generate(seed, orders=orders)
    assert len(world.sales) == orders
    ids = [sale.order_id for sale in world.sales]
    ids += [sale.copy.order_id for sale in world.sales if sale.copy]
    assert len(set(ids)) == len(ids)
    assert all(int(identity) > 2**53 for identity in ids)
    for sale in world.sales:
        _check(world, sale)


def _check(world: World, sale: Sale) -> None:
    assert world.start <= sale.placed_at <= world.horizon
    assert [change.at for change in sale.changes] == sorted(change.at for change in sale.changes)
    assert sale.changes[0].kind == "placed"
    assert sale.shopper in world.shoppers
    for identity in sale.visits:
        assert 0 < sale.placed_at - world.visits[identity].at <= 30 * DAY
    for index, line in enumerate(sale.lines):
        assert line.list_price >= line.paid >= 0
        back = [c for c in sale.changes if c.kind == "return_requested" and index in c.lines]
        assert sum(c.quantities[c.lines.index(index)] for c in back) <= line.quantity


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(-30, 60))
def test_net_revenue_is_never_negative_and_never_more_than_was_paid(seed: int, days: int) -> None:
    now = NOW + days * DAY
    for sale in generate(seed, orders=80).sales:
        assert 0 <= net_revenue(sale, now) <= goods_paid(sale)
        assert refunded_goods(sale, now) <= goods_paid(sale)


def test_the_truth_adds_up(world: World) -> None:
    told = truth(world, NOW)
    assert [sale["order_id"] for sale in told["sales"]] == [s.order_id for s in world.sales if s.placed_at <= NOW]
    back: dict[str, int] = defaultdict(int)
    for refund in told["refunds"]:
        assert refund["total"] == refund["goods"] + refund["tax"] + refund["shipping"]
        back[refund["order_id"]] += refund["goods"]
    for sale in told["sales"]:
        assert sale["refunded_goods"] == back[sale["order_id"]]
        counts = sale["kind"] == "sale" and sale["paid"]
        assert sale["net"] == (sale["goods"] - sale["refunded_goods"] if counts else 0)
        if sale["status"] == "cancelled":
            assert sale["net"] == 0
    caused = sum(row["sales"] for row in told["causes"])
    expected = [s for s in told["sales"] if s["content"] and s["kind"] == "sale" and s["paid"]]
    assert caused == len(expected) > 0


def test_a_world_has_every_kind_of_thing(world: World) -> None:
    sales = Counter((sale.platform, sale.kind) for sale in world.sales)
    for kind in ("sale", "sample", "replacement"):
        assert sales["tiktok_shop", kind]
    assert sales["shopify", "test"]
    assert {sale.copy.mark for sale in world.sales if sale.copy} == {
        "source_identifier",
        "note_attribute",
        "name",
        "none",
    }
    assert {sale.presentment for sale in world.sales} >= {"", "JPY", "KWD"}
    assert max(Counter(sale.placed_at for sale in world.sales).values()) > 1
    assert any(sum(c.kind == "refunded" for c in sale.changes) > 1 for sale in world.sales)
    assert any(sale.content and sale.content != sale.credited for sale in world.sales)
    links = {tuple(sorted(visit.utm)) for visit in world.visits.values() if visit.content}
    assert links == {(), ("campaign", "content", "medium", "source")}
    assert any("ttclid=" in visit.landing_page for visit in world.visits.values())


def test_a_cause_is_an_exposure_that_came_before(world: World) -> None:
    seen = {(e.shopper, e.content): e.at for e in reversed(world.exposures)}
    caused = [sale for sale in world.sales if sale.content]
    assert caused
    for sale in caused:
        assert seen[sale.shopper, sale.content or ""] < sale.placed_at


def test_a_content_that_lifts_nobody_is_no_cause(world: World) -> None:
    lifts: dict[tuple[str, str], float] = defaultdict(float)
    for exposure in world.exposures:
        lifts[exposure.shopper, exposure.content] += exposure.lift
    assert all(lifts[sale.shopper, sale.content] > 0 for sale in world.sales if sale.content)
