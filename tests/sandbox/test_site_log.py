"""The played site's log: everybody's visits, whoever buys; the world is the same with it as without."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from jalon.sandbox import site_log
from jalon.sandbox.brand import generate
from jalon.sandbox.world import World

DAY = 86_400


@pytest.fixture(scope="module")
def world() -> World:
    return generate(3, orders=200, days=30, horizon_days=4)


def test_visits_of_those_who_buy_nothing_are_told_too(world: World) -> None:
    people = set(site_log.web_people(world))
    bought = {sale.shopper: sale.platform for sale in world.sales}
    assert {who for who, where in bought.items() if where == "shopify"} <= people
    assert not {who for who, where in bought.items() if where == "tiktok_shop"} & people
    found = site_log.visits(world)
    assert {visit.shopper for visit in found} <= people
    of_others = sum(visit.shopper not in bought for visit in found)
    assert len(found) / 4 < of_others < len(found)
    assert all(before.at <= after.at for before, after in pairwise(found))


def test_every_click_of_the_web_shops_people_is_told_once_as_the_shop_tells_it(world: World) -> None:
    people = set(site_log.web_people(world))
    told = {visit.id: visit for visit in site_log.visits(world)}
    clicks = Counter((each.shopper, each.content, each.at + 5) for each in world.exposures if each.clicked)
    wanted = Counter({click: many for click, many in clicks.items() if click[0] in people})
    assert Counter((v.shopper, v.content, v.at) for v in told.values() if v.content) == wanted
    by_shop = [visit for visit in world.visits.values() if visit.content]
    assert by_shop
    assert all(told[visit.id] is visit for visit in by_shop)


def test_visits_of_ones_own_accord_come_at_any_time(world: World) -> None:
    own = [visit for visit in site_log.visits(world) if visit.content is None]
    days = (world.horizon - world.start) / DAY
    assert len(own) == pytest.approx(len(site_log.web_people(world)) * days * site_log.OFTEN, rel=0.25)
    early = sum(visit.at < (world.start + world.horizon) / 2 for visit in own)
    assert early / len(own) == pytest.approx(0.5, abs=0.1)
    told = site_log.visits(world, told_with_orders=True)
    assert {visit.id for visit in told} >= world.visits.keys()


def test_an_export_tells_what_has_happened_and_names_who_has_bought(world: World, tmp_path: Path) -> None:
    now = world.start + 20 * DAY
    first = site_log.drop(world, tmp_path, now)
    assert site_log.drop(world, tmp_path, now) == []
    rows = [line for path in tmp_path.glob("visits-*.csv") for line in path.read_text().splitlines()[1:]]
    assert len(rows) == sum(visit.at <= now for visit in site_log.visits(world))
    bought = {sale.shopper for sale in world.sales if sale.platform == "shopify" and sale.placed_at <= now}
    named = (tmp_path / "browsers.csv").read_text()
    assert {who for who, shopper in world.shoppers.items() if shopper.email in named} == bought
    before = {path: path.read_text() for path in first if path.name != "browsers.csv"}
    site_log.drop(world, tmp_path, now + DAY)
    assert all(path.read_text().startswith(text) for path, text in before.items()), "an export grows at its end"


def test_whom_no_content_moves_buys_at_a_moment_of_their_own() -> None:
    """Purchases that no content brought follow a click by a day at most: many, or as few as chance has it."""

    def followed(*, unmoved: bool) -> float:
        world = generate(3, orders=600, days=60, horizon_days=4, unmoved=unmoved)
        clicks = {(each.shopper, each.at // DAY) for each in world.exposures if each.clicked}
        of_nobody = [sale for sale in world.sales if sale.content is None]
        after = sum(bool({(s.shopper, s.placed_at // DAY - day) for day in (0, 1)} & clicks) for s in of_nobody)
        return after / len(of_nobody)

    assert followed(unmoved=True) < followed(unmoved=False) / 3
