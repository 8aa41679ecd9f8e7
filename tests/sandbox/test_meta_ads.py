"""Meta's ad account, played: answers of the official forms, refusals and reports as they are documented."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.meta_ads import ACCOUNT
from jalon.sandbox.meta_ads.campaigns import ads_of, by_product, drawn, shown, together
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World

DAY = 86_400


@pytest.fixture(scope="module")
def world() -> World:
    return generate(3, orders=10, days=40)


class Caller:
    """Asks the played account as anybody could."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self.sandbox, self._http = sandbox, http
        self.part: Any = sandbox.parts["meta_ads"]
        self._token = sandbox.settings()["meta_ads"]["secrets"]["access_token"]

    async def ask(self, path: str, method: str = "GET", **query: Any) -> tuple[int, Any]:
        written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        url = f"{self.sandbox.addresses['meta_ads.api']}/v26.0/{path}"
        headers = {"authorization": f"Bearer {self._token}"}
        async with self._http.request(method, url, params=written, headers=headers) as answer:
            return answer.status, await answer.json()

    async def served(self, version: str) -> str:
        """Return which version answers to another one's name."""
        url = f"{self.sandbox.addresses['meta_ads.api']}/{version}/act_{ACCOUNT}"
        async with self._http.get(url, headers={"authorization": f"Bearer {self._token}"}) as answer:
            return answer.headers["facebook-api-version"]

    async def insights(self, method: str = "GET", node: str = f"act_{ACCOUNT}", **more: Any) -> tuple[int, Any]:
        day = (datetime.fromtimestamp(NOW, UTC).date() - timedelta(days=35)).isoformat()
        query = {"level": "ad", "time_range": {"since": day, "until": day}, "time_increment": "1", "limit": "500"}
        return await self.ask(f"{node}/insights", method, **{**query, **more})


@asynccontextmanager
async def called(world: World, **limits: float) -> AsyncIterator[Caller]:
    clock = Clock(float(NOW), frozen=True)
    async with (
        Sandbox(world, clock, parts=("meta_ads",), limits={"meta_ads": limits}, deliver=False) as sandbox,
        aiohttp.ClientSession() as http,
    ):
        yield Caller(sandbox, http)


FIELDS = "account_currency,campaign_id,ad_id,spend,impressions,clicks,outbound_clicks,actions,action_values"


async def test_rows_have_the_official_fields_and_every_number_is_text(world: World, contracts: Path) -> None:
    spec = json.loads((contracts / "meta" / "sdk-26.0.3-fields-extract.json").read_text())["nodes"]
    async with called(world) as caller:
        _, found = await caller.insights(fields=FIELDS, action_attribution_windows=["7d_click", "1d_view", "28d_view"])
        _, cut = await caller.insights(
            fields=f"{FIELDS},product_retailer_id", breakdowns=["product_id"], level="campaign"
        )
    for row in (*found["data"], *cut["data"]):
        assert set(row) - {"product_id"} <= set(spec["AdsInsights"]["fields"])
        assert all(isinstance(value, str) for value in row.values() if not isinstance(value, list))
        for action in row.get("actions", ()):
            assert set(action) <= set(spec["AdsActionStats"]["fields"])
    assert all(", " in row["product_id"] and row["product_retailer_id"] for row in cut["data"])
    names = {action["action_type"] for row in found["data"] for action in row.get("actions", ())}
    assert names >= {"omni_purchase", "offsite_conversion.fb_pixel_purchase"}, "actions that hold each other"


async def test_windows_of_views_beyond_a_day_return_nothing(world: World) -> None:
    async with called(world) as caller:
        _, found = await caller.insights(fields=FIELDS, action_attribution_windows=["28d_view", "7d_view", "1d_click"])
    columns = {name for row in found["data"] for action in row.get("actions", ()) for name in action}
    assert columns == {"action_type", "value", "1d_click"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"fields": "spend,hologram"}, 100),
        ({"level": "planet"}, 100),
        ({"time_range": "yesterday"}, 100),
        ({"breakdowns": ["age"]}, 100),
        ({"filtering": [{"field": "ad.effective_status", "operator": "IN", "value": ["HOLOGRAM"]}]}, 100),
        ({"filtering": [{"field": "ad.mood", "operator": "IN", "value": ["ACTIVE"]}]}, 100),
        ({"node": "act_4711"}, 100),
    ],
)
async def test_what_it_does_not_know_is_refused(world: World, query: dict[str, Any], code: int) -> None:
    async with called(world) as caller:
        status, answer = await caller.insights(**query)
    assert (status, answer["error"]["code"]) == (400, code)


async def test_deleted_ads_are_told_to_who_names_their_status_or_asks_for_them_by_id(world: World) -> None:
    """https://developers.facebook.com/docs/marketing-api/best-practices/manage-your-ad-object-status"""
    deleted = {ad.id for ad in ads_of(world) if ad.status == "DELETED"}
    named = [{"field": "ad.effective_status", "operator": "IN", "value": ["ACTIVE", "DELETED"]}]
    span = {"since": days(world)[0].isoformat(), "until": days(world)[-2].isoformat()}
    async with called(world) as caller:

        async def ids(**more: Any) -> set[str]:
            _, found = await caller.insights(fields="ad_id", time_range=span, **more)
            return {row["ad_id"] for row in found["data"]}

        assert not await ids() & deleted
        assert deleted < await ids(filtering=named)
        (one, _) = deleted
        assert await ids(node=one) == {one}
        _, whole = await caller.insights(fields="spend", level="account", time_range=span)
        _, part = await caller.insights(fields="spend", time_range=span)
        assert total(whole) > total(part), "the account counts them"


def total(found: Any) -> float:
    return sum(float(row["spend"]) for row in found["data"])


async def test_versions_of_marketing_live_less_long_than_those_of_the_graph(world: World) -> None:
    async with called(world) as caller:
        assert [await caller.served(version) for version in ("v24.0", "v25.0", "v26.0")] == ["v25.0", "v25.0", "v26.0"]


async def test_too_much_is_refused_and_made_by_report(world: World, contracts: Path) -> None:
    run_fields = {f["name"] for f in json.loads((contracts / "meta/specs/AdReportRun.json").read_text())["fields"]}
    async with called(world, rows_at_once=2, report_seconds=100) as caller:
        status, refused = await caller.insights(fields=FIELDS)
        assert (status, refused["error"]["code"], refused["error"]["error_subcode"]) == (400, 100, 1487534)
        _, begun = await caller.insights("POST", fields=FIELDS)
        run, states = begun["report_run_id"], []
        for _ in range(3):
            _, state = await caller.ask(run)
            assert set(state) <= run_fields
            states.append((state["async_status"], state["async_percent_completion"]))
            caller.sandbox.clock.advance(48)
        assert states == [("Job Not Started", 0), ("Job Running", 48), ("Job Completed", 96)], "not whole yet"
        _, found = await caller.ask(f"{run}/insights", limit="3")
        assert len(found["data"]) == 3
        assert "access_token=" in found["paging"]["next"]


async def test_a_report_may_fail_without_a_reason(world: World) -> None:
    async with called(world, reports_failing=1) as caller:
        _, begun = await caller.insights("POST", fields=FIELDS)
        caller.sandbox.clock.advance(40)
        _, state = await caller.ask(begun["report_run_id"])
        assert state["async_status"] == "Job Failed"
        assert "error_message" not in state
        status, _ = await caller.ask(f"{begun['report_run_id']}/insights")
        assert status == 400


def test_purchases_come_in_for_28_days_and_money_stands_the_day_after(world: World) -> None:
    ad = ads_of(world)[0]
    bought = next(day for day in days(world) if drawn(world.seed, ad.id, day).by_click >= 4)
    at = [datetime(bought.year, bought.month, bought.day, 17, tzinfo=UTC).timestamp() + n * DAY for n in range(40)]
    told = [shown(world, ad, bought, moment) for moment in at]
    clicks = [figures.by_click for figures in told]
    assert clicks == sorted(clicks)
    assert clicks[0] < clicks[27] == clicks[39] == drawn(world.seed, ad.id, bought).by_click
    assert {figures.spend for figures in told[1:]} == {drawn(world.seed, ad.id, bought).spend}


def days(world: World) -> list[date]:
    first = datetime.fromtimestamp(world.start, UTC).date()
    return [first + timedelta(days=n) for n in range(1, 39)]


def test_an_ad_s_figures_are_those_of_its_products(world: World) -> None:
    ad = ads_of(world)[-1]
    whole = next(figures for day in days(world) if (figures := drawn(world.seed, ad.id, day)).impressions)
    first, *rest = by_product(ad, whole).values()
    for each in rest:
        first = together(first, each)
    assert first == whole
    assert by_product(ads_of(world)[0], whole) == {}
