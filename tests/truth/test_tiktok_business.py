"""TikTok for Business the whole way: what jalon holds is what the platform shows, and none of it is a sale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.sync.doctor import examine
from jalon.sync.engine import sync_all
from jalon.sync.source import SourceOutcome
from tests.truth.life import NEWEST
from tests.truth.stage import Stage, staged

PART = "tiktok_business"
ONLY = (PART,)
DAY = 86_400
FAULTS = {"5xx": 0.05, "throttle": 0.05, "truncated": 0.04, "malformed": 0.04, "reset": 0.02, "token_expiry": 1.0}
OF_VIDEO = {
    "video_views": "views",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "favorites": "saves",
    "reach": "reach",
    "website_clicks": "website_clicks",
    "profile_views": "profile_visits",
}
OF_ACCOUNT = {
    "video_views": "views",
    "profile_views": "profile_visits",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "followers_count": "followers",
}
OF_AD = {
    "spend": "spend",
    "impressions": "impressions",
    "clicks": "clicks",
    "conversion": "attributed_conversions",
}
OF_GMV_MAX = {"cost": "spend", "orders": "attributed_orders", "gmv": "attributed_gmv"}
Held = dict[tuple[str, ...], int]


def part_of(stage: Stage) -> Any:
    return stage.sandbox.parts[PART]


def rows(stage: Stage, query: str, kind: str = "measures") -> list[tuple[Any, ...]]:
    """Return what a query over the newest facts of a kind, called `facts`, says."""
    files = stage.place.store.facts / kind / "*.parquet"
    return duckdb.sql(f"WITH facts AS ({NEWEST.format(files=files)}) {query}").fetchall()


def held(stage: Stage, what: str, condition: str) -> Held:
    query = f"SELECT {what}, start_date::TEXT, metric, value FROM facts WHERE {condition}"
    return {tuple(row[:-1]): row[-1] for row in rows(stage, query)}


def told(found: list[dict[str, Any]], names: dict[str, str], *about: str) -> Held:
    return {(*(row[name] for name in about), metric): row[name] for row in found for name, metric in names.items()}


def check(stage: Stage) -> dict[str, Any]:
    """Assert that jalon holds what the platform shows by now, and return that."""
    stage.derive()
    truth: dict[str, Any] = part_of(stage).truth(stage.sandbox.clock.now())
    check_videos(stage, truth["videos"])
    days = held(stage, "'account'", "starts_with(key, 'account/')")
    assert days == {("account", *key): value for key, value in told(truth["account_days"], OF_ACCOUNT, "date").items()}
    paths = [row | {"path": f"{row['campaign']}/{row['group']}/{row['ad']}"} for row in truth["ads"]]
    assert held(stage, "campaign_id", "starts_with(key, 'ad/')") == told(paths, OF_AD, "path", "day")
    cuts = "campaign_id, coalesce(product_id, ''), coalesce(content_id, '')"
    found = held(stage, cuts, "starts_with(key, 'gmv_max/') AND metric <> 'net_spend'")
    assert found == told(truth["gmv_max"], OF_GMV_MAX, "campaign", "product", "content", "day")
    tags = rows(stage, "SELECT content_id, product_id FROM facts WHERE NOT removed", "content_tags")
    assert set(tags) == {(item, spu) for item, spu in truth["anchored"]}
    assert min(map(len, truth.values())) > 0
    return truth


def check_videos(stage: Stage, videos: list[dict[str, Any]]) -> None:
    """Every video that is up is content, and its last snapshot is what is shown."""
    contents = rows(stage, "SELECT content_id, title, epoch_us(posted_at) FROM facts", "contents")
    assert {(row["id"], row["title"], row["posted_at"] * 1_000_000) for row in videos} <= set(contents)
    query = "SELECT content_id, metric, arg_max(value, end_date) FROM facts WHERE span = 'lifetime' GROUP BY ALL"
    last = {row[:2]: row[2] for row in rows(stage, query)}
    for video in videos:
        for name, metric in OF_VIDEO.items():
            if name in video:
                assert last[video["id"], metric] == video[name]


@pytest.mark.parametrize("faults", [{}, FAULTS])
async def test_figures_are_the_platform_s_also_after_they_were_restated(
    tmp_path: Path, faults: dict[str, float]
) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        await stage.sync()
        check(stage)
        stage.sandbox.faults.set(faults)
        await stage.pass_days(3)
        await until_quiet(stage)
        check(stage)
        assert bool(stage.sandbox.struck) is bool(faults)


async def until_quiet(stage: Stage) -> None:
    """Sync until nothing is left to do, as cron would."""
    source = stage.place.source(PART)
    for _ in range(12):
        (outcome,) = await sync_all([source], stage.workshop())
        if outcome.state == "ok":
            return
        stage.sandbox.clock.advance(60)
    raise AssertionError(outcome)


async def synced(stage: Stage) -> SourceOutcome:
    (outcome,) = await sync_all([stage.place.source(PART)], stage.workshop())
    return outcome


async def test_figures_become_final_and_the_last_reading_stands(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        for _ in range(8):
            await stage.sync()
            await stage.pass_days(5)
        await stage.sync()
        stage.derive()
        today = datetime.fromtimestamp(stage.sandbox.clock.now(), UTC).date()
        query = (
            "SELECT finality, min(start_date), max(start_date) FROM facts WHERE campaign_id IS NOT NULL GROUP BY ALL"
        )
        spans = {finality: (first, last) for finality, first, last in rows(stage, query)}
        assert spans["final"][1] < today - timedelta(days=28)
        assert spans["estimate"][0] >= today - timedelta(days=28 + 1 + 5)
        assert spans["processing"][0] >= today - timedelta(days=1)


async def test_claims_are_the_shop_s_own_orders_and_stay_out_of_them(tmp_path: Path) -> None:
    """GMV Max claims organic orders too: added to the shop's, they would count twice."""
    async with staged(tmp_path, {}, parts=("tiktok_shop", PART)) as stage:
        await stage.sync()
        stage.derive()
        kinds = {
            path.name
            for path in stage.place.store.facts.iterdir()
            if any(path.glob("*.parquet")) and rows(stage, f"SELECT 1 FROM facts WHERE source = '{PART}'", path.name)
        }
        assert kinds == {"measures", "contents", "content_tags"}
        claimed = "SELECT DISTINCT product_id FROM facts WHERE source = 'tiktok_business' AND product_id IS NOT NULL"
        products = set(rows(stage, claimed))
        assert products
        assert products <= set(rows(stage, "SELECT DISTINCT product_id FROM facts", "products")), "the shop's own ids"
        orders = {row[0] for row in rows(stage, "SELECT DISTINCT source FROM facts", "orders")}
        assert orders == {"tiktok_shop"}
        query = "SELECT sum(value) FROM facts WHERE source = 'tiktok_business' AND metric = 'attributed_gmv'"
        assert rows(stage, query)[0][0] > 0


async def test_an_app_s_limit_within_http_200_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        part_of(stage).limits["refusing"] = 7
        (outcome,) = await stage.sync()
        assert (outcome.counts.throttled, part_of(stage).limits["refusing"]) == (7, 0)
        check(stage)


async def test_without_a_scope_or_a_permission_the_rest_is_read_and_it_is_told(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        part = part_of(stage)
        part.tokens.scopes.discard("user.insights")
        await synced(stage)
        with stage.place.store.read() as db:
            assert "without account_days" in {row[0] for row in db.execute("SELECT kind FROM notices")}
        part.tokens.scopes.add("user.insights")
        stage.sandbox.clock.advance(DAY)
        await until_quiet(stage)
        check(stage)


async def test_after_a_year_the_owner_must_authorise_again(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        await stage.sync()
        source = stage.place.source(PART)
        stage.sandbox.clock.advance(355 * DAY)
        await synced(stage)
        (token,) = [each for each in await examine(source, stage.workshop()) if each.name == "token"]
        assert token.level == "warn", "a renewal does not prolong it"
        stage.sandbox.clock.advance(20 * DAY)
        outcome = await synced(stage)
        assert outcome.state == "auth"
        assert "authorise the app again" in outcome.remedy


async def test_an_ad_account_s_token_that_is_taken_back_is_told_with_what_to_do(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY, hooks=False) as stage:
        await stage.sync()
        part_of(stage).tokens.advertiser_token = "another one"
        stage.sandbox.clock.advance(DAY)
        outcome = await synced(stage)
        assert (outcome.state, "advertiser_token" in outcome.remedy) == ("auth", True)


async def test_deliveries_are_taken_in_and_a_withdrawal_is_told_and_stops_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, {}, parts=ONLY) as stage:
        part = part_of(stage)
        part.webhook = stage.place.address(PART)
        await stage.post([part.withdraw(), part.withdraw()])
        assert [each.status for each in stage.sandbox.deliverer.attempts] == [200, 200]
        await stage.sync()
        with stage.place.store.read() as db:
            assert "withdrawn" in {row[0] for row in db.execute("SELECT kind FROM notices")}
