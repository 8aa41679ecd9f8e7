"""Meta ads the whole way: figures restated for weeks, read at once, by report, in parts, are the platform's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.sync.doctor import examine
from jalon.sync.engine import sync_all
from tests.truth.life import NEWEST
from tests.truth.stage import Stage, staged

PART = "meta_ads"
METRICS = {
    "spend": "spend",
    "impressions": "impressions",
    "clicks": "clicks",
    "link_clicks": "link_clicks",
    "outbound_clicks": "outbound_clicks",
    "attributed_purchases": "purchases",
    "attributed_gmv": "gmv",
}
BY_PRODUCT = {"spend", "impressions", "clicks", "attributed_purchases", "attributed_gmv"}
Held = dict[tuple[str, str, str], int]


def part_of(stage: Stage) -> Any:
    return stage.sandbox.parts[PART]


def rows(stage: Stage, query: str) -> list[tuple[Any, ...]]:
    """Return what a query over the newest measures says."""
    files = stage.place.store.facts / "measures" / "*.parquet"
    return duckdb.sql(f"WITH measures AS ({NEWEST.format(files=files)}) {query}").fetchall()


def held(stage: Stage, what: str) -> Held:
    query = f"SELECT {what}, start_date::TEXT, metric, sum(value)::BIGINT FROM measures "
    condition = "product_id IS NULL" if what == "campaign_id" else "product_id IS NOT NULL"
    return {row[:3]: row[3] for row in rows(stage, f"{query} WHERE {condition} GROUP BY ALL")}


def by_ad(told: list[dict[str, Any]]) -> Held:
    """Return the truth by ad; purchases of which there are none are not told."""
    return {
        ("/".join((ad["campaign"], ad["adset"], ad["ad"])), ad["day"], metric): ad[name]
        for ad in told
        for metric, name in METRICS.items()
        if ad["purchases"] or not metric.startswith("attributed")
    }


def by_product(told: list[dict[str, Any]], ids: dict[str, str]) -> Held:
    found: Held = {}
    for ad in told:
        for sku, figures in ad["products"].items():
            for metric in BY_PRODUCT:
                key = ids[sku], ad["day"], metric
                found[key] = found.get(key, 0) + figures[METRICS[metric]]
    bought = {key[:2] for key, value in found.items() if key[2] == "attributed_purchases" and value}
    return {key: value for key, value in found.items() if key[:2] in bought or not key[2].startswith("attributed")}


def check(stage: Stage) -> None:
    """Assert that jalon holds what the platform shows by now."""
    stage.derive()
    truth = part_of(stage).truth(stage.sandbox.clock.now())
    assert len(truth["ads"]) > 50
    assert held(stage, "campaign_id") == by_ad(truth["ads"])
    assert held(stage, "product_id") == by_product(truth["ads"], truth["product_ids"])


@pytest.mark.parametrize("faults", [{}, {"5xx": 0.08, "throttle": 0.04, "truncated": 0.05, "malformed": 0.04}])
async def test_figures_are_the_platform_s_also_after_they_were_restated(
    tmp_path: Path, faults: dict[str, float]
) -> None:
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        await stage.sync()
        check(stage)
        stage.sandbox.faults.set(faults)
        await stage.pass_days(2)
        await stage.sync()
        check(stage)


@pytest.mark.parametrize("limits", [{}, {"rows_at_once": 4.0}], ids=["at once", "by report"])
async def test_what_a_day_does_not_tell_any_more_is_taken_back(tmp_path: Path, limits: dict[str, float]) -> None:
    """What an ad did on some days is found to be void; what its products are called stays."""
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        part = part_of(stage)
        part.limits.update(limits)
        await stage.sync()
        check(stage)
        before = {what: set(held(stage, what)) for what in ("campaign_id", "product_id")}
        names = named_products(stage)
        part.limits["void_after"] = 3
        await stage.pass_days(1)
        await stage.sync()
        stage.derive()
        first = (datetime.fromtimestamp(stage.sandbox.clock.now(), UTC) - timedelta(days=30)).date().isoformat()
        told = part.truth(stage.sandbox.clock.now())
        truths = {"campaign_id": by_ad(told["ads"]), "product_id": by_product(told["ads"], told["product_ids"])}
        for what, truth in truths.items():
            now = held(stage, what)
            assert {key[2] for key in before[what] - set(now)} >= {"spend", "attributed_gmv"}
            assert {k: v for k, v in now.items() if k[1] > first} == {k: v for k, v in truth.items() if k[1] > first}
        assert named_products(stage) >= names
        part.limits["void_after"] = 0
        await stage.pass_days(1)
        await stage.sync()
        check(stage)


def named_products(stage: Stage) -> set[tuple[Any, ...]]:
    files = stage.place.store.facts / "products" / "*.parquet"
    return set(duckdb.sql(f"SELECT product_id, sku, title FROM ({NEWEST.format(files=files)})").fetchall())


async def test_figures_are_final_once_nothing_is_restated_any_more(tmp_path: Path) -> None:
    """Also where a sync comes only every third day."""
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        for _ in range(10):
            await stage.sync()
            await stage.pass_days(3)
        await stage.sync()
        check(stage)
        today = datetime.fromtimestamp(stage.sandbox.clock.now(), UTC).date()
        found = rows(stage, "SELECT finality, min(start_date), max(start_date) FROM measures GROUP BY ALL")
        spans = {finality: (first, last) for finality, first, last in found}
        assert spans["final"][1] < today - timedelta(days=28)
        assert spans["estimate"][0] >= today - timedelta(days=28 + 1 + 3)


async def test_what_is_too_much_at_once_is_read_by_report_and_what_fails_in_parts(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        part = part_of(stage)
        part.limits.update(rows_at_once=4, reports_failing=3)
        await stage.sync()
        check(stage)
        assert len(part.insights.runs) > 10


async def test_what_no_report_holds_either_is_read_in_parts(tmp_path: Path) -> None:
    async with staged(tmp_path, {"meta_ads": {"products": False}}, parts=(PART,)) as stage:
        part_of(stage).limits.update(rows_at_once=3, rows_by_report=3, report_seconds=20)
        await stage.sync()
        stage.derive()
        assert held(stage, "campaign_id") == by_ad(part_of(stage).truth(stage.sandbox.clock.now())["ads"])
        assert held(stage, "product_id") == {}


async def test_what_is_too_much_of_one_ad_on_one_day_is_read_by_field(tmp_path: Path) -> None:
    """By ad, and by product of a campaign: the same figures as if they had come at once, none twice."""
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        part_of(stage).limits.update(lists_at_once=1, report_seconds=0)
        await stage.sync()
        check(stage)


async def test_nothing_of_it_is_an_order_or_a_person(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        await stage.sync()
        stage.derive()
        kinds = {path.name for path in stage.place.store.facts.iterdir() if any(path.glob("*.parquet"))}
        assert kinds == {"measures", "products"}
        skus = duckdb.sql(
            f"SELECT DISTINCT product_id, sku FROM '{stage.place.store.facts}/products/*.parquet'"
        ).fetchall()
        ids = part_of(stage).truth(stage.sandbox.clock.now())["product_ids"]
        assert skus
        assert all(ids[sku] == product for product, sku in skus)


async def levels(stage: Stage) -> set[str]:
    """Return how `doctor` finds the source; the clock that is played is another one than the wire's."""
    source = stage.place.source(PART)
    return {finding.level for finding in await examine(source, stage.workshop()) if finding.name != "clock"}


async def test_doctor_is_content_until_the_token_dies_and_then_says_what_to_do(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=(PART,)) as stage:
        await stage.sync()
        source = stage.place.source(PART)
        assert await levels(stage) == {"ok"}
        (token,) = part_of(stage).tokens.held.values()
        token.dead = (460, "The session was invalidated because the password was changed.")
        assert "fail" in await levels(stage)
        stage.sandbox.clock.advance(86_400)
        (outcome,) = await sync_all([source], stage.workshop())
        assert outcome.state == "auth"
        assert outcome.remedy
