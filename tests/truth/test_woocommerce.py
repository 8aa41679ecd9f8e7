"""WooCommerce, the whole way: with faults on, jalon holds what really happened in the shop, to the cent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.woocommerce import reading
from jalon.sandbox.faults import NAMES
from jalon.sandbox.hosting import PHP_WARNING
from tests.truth.life import DAY, finish, live
from tests.truth.shops import HeldShop, check_lines, check_money
from tests.truth.stage import staged

PLATFORM = "woocommerce"
FAULTS = dict.fromkeys(NAMES, 0.05)


def expected(visit: dict[str, Any]) -> tuple[Any, ...]:
    """Return how the shop's last visit must be understood, told from what really happened."""
    source, utm = visit["source"], visit["utm"]
    channel = {"google": "search", "newsletter": "email", "reddit": "forum"}.get(source, source)
    marked = "ttclid" in visit["landing_page"] or "fbclid" in visit["landing_page"]
    evidence = "click_id" if marked else "utm" if utm else "referrer" if visit["referrer"] else "none"
    return channel, evidence, visit["content"], utm.get("campaign"), True


def check_touches(told: dict[str, Any], shop: HeldShop) -> None:
    """Before every order stands the one visit that the shop tells of, and nothing else."""
    wanted = {row["order_id"]: expected(visit) for row in told["journeys"] for visit in row["visits"]}
    assert len({visit[0] for visit in wanted.values()}) > 4
    assert any(visit[2] for visit in wanted.values())
    what = "order_id, channel, evidence, content_id, campaign, time_is_bound"
    held = shop.facts("touchpoints", what, "key LIKE '%/attribution'")
    assert {row[0]: row[1:] for row in held} == wanted


@pytest.mark.parametrize("hooks", [True, False], ids=["delivered", "polled"])
async def test_everything_that_happened_is_held_once(hooks: bool, tmp_path: Path) -> None:
    faults = FAULTS if hooks else {}
    truth = await live(tmp_path, seed=3, orders=200, days=14, faults=faults, hooks=hooks, parts=(PLATFORM,))
    told, shop = truth["parts"][PLATFORM], HeldShop(tmp_path, PLATFORM)
    check_money(told, shop)
    check_lines(told, shop)
    check_touches(told, shop)


async def test_a_sale_that_an_app_copied_here_is_counted_once(tmp_path: Path) -> None:
    """By TikTok's order id in a field of the order, or by the buyer's alias alone, which only flags it."""
    lean = {"tiktok_shop": {"analytics": False, "affiliate": False}}
    async with staged(tmp_path, lean, parts=("tiktok_shop", PLATFORM), hooks=False) as stage:
        stage.sandbox.clock.advance(4 * DAY)
        await stage.sync()
        finish(stage.place)
        told = stage.sandbox.parts[PLATFORM].truth(stage.sandbox.clock.now())
    shop = HeldShop(tmp_path, PLATFORM)
    assert len(told["copies"]) > 1
    found = {row[0]: row[1:] for row in shop.sales("order_id, duplicate_of, why", "NOT is_counted")}
    assert set(found) == {copy["order_id"] for copy in told["copies"]}
    for copy in told["copies"]:
        original, why = found[copy["order_id"]]
        if copy["mark"] == "meta":
            assert (original, why) == (f"tiktok_shop:{copy['of']}", "copy_by_id")
        else:
            assert (original, why) in {(f"tiktok_shop:{copy['of']}", "copy_by_rule"), (None, "possible_duplicate")}


async def test_an_order_that_is_gone_for_good_counts_no_more(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PLATFORM,)) as stage:
        await stage.sync()
        part = stage.sandbox.parts[PLATFORM]
        told = part.truth(stage.sandbox.clock.now())
        earning = next(int(sale["order_id"]) for sale in told["sales"] if sale["net"])
        part.gone.add(earning)
        await stage.post(part.hooks.deleted(earning))
        await stage.sync()
        finish(stage.place)
    assert str(earning) not in {row[0] for row in HeldShop(tmp_path, PLATFORM).sales("order_id", "TRUE")}


@pytest.mark.parametrize("told", ["without amounts", "by orders", "apart"])
async def test_refunds_that_are_told_in_one_place_only_are_held_all_the_same(tmp_path: Path, told: str) -> None:
    async with staged(tmp_path, {}, parts=(PLATFORM,), hooks=False) as stage:
        part = stage.sandbox.parts[PLATFORM]
        part.refunds_told = told
        stage.sandbox.clock.advance(4 * DAY)
        await stage.sync()
        finish(stage.place)
        backs = part.truth(stage.sandbox.clock.now() - 60)["refunds"]
    assert len(backs) > 1
    held = HeldShop(tmp_path, PLATFORM).facts("refunds", "order_id, total", "state = 'succeeded' AND total > 0")
    assert sorted(held) == sorted((back["order_id"], back["total"]) for back in backs)


async def test_webhooks_that_were_switched_off_are_switched_on_again(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PLATFORM,)) as stage:
        await stage.sync()
        hooks = stage.sandbox.parts[PLATFORM].hooks
        await stage.sandbox.deliverer.pump()
        pings = [attempt for attempt in stage.sandbox.deliverer.attempts if " ping " in attempt.key]
        assert len(pings) == len(hooks.by_number) == 8
        assert {attempt.status for attempt in pings} == {200}
        with stage.place.store.read() as db:
            assert db.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
        for hook in hooks.by_number.values():
            hook.status = "disabled"
        (outcome,) = await stage.sync()
        assert {finding.level for finding in outcome.findings} == {"warn"}
        assert {hook.status for hook in hooks.by_number.values()} == {"active"}


async def test_a_shop_with_plain_permalinks_on_a_poor_host_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PER_PAGE", 7)  # so that there are many pages
    async with staged(tmp_path, {}, parts=(PLATFORM,), hooks=False) as stage:
        part = stage.sandbox.parts[PLATFORM]
        part.pretty = part.counts = False
        part.host.prints = PHP_WARNING
        (outcome,) = await stage.sync()
        assert any("display_errors" in note for note in outcome.notes)
        finish(stage.place)
        told = part.truth(stage.sandbox.clock.now() - 60)
    held = {row[0] for row in HeldShop(tmp_path, PLATFORM).sales("order_id", "TRUE")}
    assert {sale["order_id"] for sale in told["sales"]} <= held


async def test_where_the_web_server_drops_the_key_signed_requests_are_let_in(tmp_path: Path) -> None:
    async with staged(tmp_path, {PLATFORM: {"sign": True}}, parts=(PLATFORM,)) as stage:
        part = stage.sandbox.parts[PLATFORM]
        part.host.drops_authorization = True
        (outcome,) = await stage.sync()
        assert {finding.level for finding in outcome.findings} == {"ok"}, "webhooks are made by signed requests too"
        assert len(part.keys.nonces) > 10
        finish(stage.place)
        told = part.truth(stage.sandbox.clock.now() - 60)
    held = {row[0] for row in HeldShop(tmp_path, PLATFORM).sales("order_id", "TRUE")}
    assert {sale["order_id"] for sale in told["sales"]} <= held
