"""The played TikTok for Business: its forms are those of the descriptions; it refuses, is late and restates."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.tiktok_business import TikTokBusinessPart
from jalon.sandbox.tiktok_business.door import APP_ID, OPEN_ID, REDIRECT
from jalon.sandbox.tiktok_business.reports import ADVERTISER, CENTRE, STORE
from jalon.sandbox.tiktok_business.words import local_day, utc_day
from jalon.sandbox.world import World
from tests.connectors.business_fakes import Official

DAY = 86_400
TODAY = utc_day(NOW)
SPAN = {"start_date": (TODAY - timedelta(days=20)).isoformat(), "end_date": (TODAY - timedelta(days=1)).isoformat()}
ADS = {
    "advertiser_id": ADVERTISER,
    "report_type": "BASIC",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id", "stat_time_day"],
    "metrics": ["campaign_id", "spend", "clicks"],
    **SPAN,
}
GMV_MAX = {
    "advertiser_id": ADVERTISER,
    "store_ids": [STORE],
    "dimensions": ["campaign_id", "stat_time_day"],
    "metrics": ["cost", "orders", "gross_revenue"],
    **SPAN,
}
VIDEOS = {"advertiser_id": ADVERTISER, "store_id": STORE, "store_authorized_bc_id": CENTRE}


class App:
    """An app that holds the tokens of both accounts."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self._http = sandbox, client
        part = sandbox.parts["tiktok_business"]
        assert isinstance(part, TikTokBusinessPart)
        self.part = part
        given = sandbox.settings()["tiktok_business"]
        self._api, self._auth, self._secrets = given["api_url"], given["auth_url"], given["secrets"]
        self.refresh_token: str = self._secrets["refresh_token"]
        self.access_token = ""

    async def tokens(self, path: str = "refresh_token", **words: str) -> dict[str, Any]:
        """Ask the token service; keep what it gives."""
        words = {"grant_type": "refresh_token", "refresh_token": self.refresh_token, **words}
        asked = {"client_id": APP_ID, "client_secret": self._secrets["app_secret"], **words}
        found: dict[str, Any] = (await self._http.post(f"{self._auth}/tt_user/oauth2/{path}/", json=asked)).json()
        if found["code"] == 0:
            self.access_token, self.refresh_token = found["data"]["access_token"], found["data"]["refresh_token"]
        return found

    async def get(self, path: str, token: str | None = None, **query: Any) -> dict[str, Any]:
        """Ask as the ad account, or with another token."""
        written = {name: each if isinstance(each, str) else json.dumps(each) for name, each in query.items()}
        headers = {"Access-Token": self._secrets["advertiser_token"] if token is None else token}
        answer = await self._http.get(f"{self._api}/{path}/", params=written, headers=headers)
        assert answer.status_code == 200, "refusals come with HTTP 200 too"
        found: dict[str, Any] = answer.json()
        assert set(found) == {"code", "message", "request_id", "data"}
        return found

    async def own(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask as the business account."""
        return await self.get(path, self.access_token, business_id=OPEN_ID, **query)

    async def gmv_max(self, **more: Any) -> dict[str, Any]:
        return await self.get("gmv_max/report/get", **{**GMV_MAX, **more})


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    clock = Clock(float(NOW), frozen=True)
    async with (
        Sandbox(world, clock, Faults(7), parts=["tiktok_business"], deliver=False) as sandbox,
        httpx.AsyncClient() as client,
    ):
        found = App(sandbox, client)
        await found.tokens()
        yield found


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_a_refresh_ends_the_old_pair_and_does_not_prolong_the_year(app: App) -> None:
    old = app.access_token, app.refresh_token
    app.sandbox.clock.advance(100 * DAY)
    data = (await app.tokens())["data"]
    assert data["refresh_token_expires_in"] <= 265 * DAY
    assert (await app.get("business/video/list", old[0], business_id=OPEN_ID))["code"] == 40105
    assert (await app.tokens(refresh_token=old[1]))["code"] == 40107
    app.sandbox.clock.advance(266 * DAY)
    assert (await app.tokens())["code"] == 40107


async def test_an_access_token_lasts_a_day(app: App) -> None:
    assert (await app.own("business/video/list"))["code"] == 0
    app.sandbox.clock.advance(DAY + 1)
    assert (await app.own("business/video/list"))["code"] == 40105


async def test_a_code_is_good_once(app: App) -> None:
    given = {"grant_type": "authorization_code", "auth_code": app.part.tokens.auth_code, "redirect_uri": REDIRECT}
    assert (await app.tokens("token", **given | {"redirect_uri": "https://elsewhere"}))["code"] == 40110
    assert (await app.tokens("token", **given))["code"] == 0
    assert (await app.tokens("token", **given))["code"] == 40110


@pytest.mark.parametrize(("token", "code"), [("", 40105), ("Bearer x", 40105)])
async def test_an_ad_account_s_token_stands_alone_in_its_header(app: App, token: str, code: int) -> None:
    assert (await app.get("advertiser/info", token, advertiser_ids=[ADVERTISER]))["code"] == code
    assert (await app.get("advertiser/info", advertiser_ids=[ADVERTISER]))["code"] == 0
    assert (await app.get("advertiser/info", app.access_token, advertiser_ids=[ADVERTISER]))["code"] == 40105


async def test_an_app_that_asks_too_often_is_told_so_within_http_200(app: App) -> None:
    app.part.limits["requests_per_second"] = 0.001
    codes = [(await app.get("advertiser/info", advertiser_ids=[ADVERTISER]))["code"] for _ in range(3)]
    assert codes[-1] == 40100


async def test_a_missing_scope_is_refused(app: App) -> None:
    app.part.tokens.scopes.discard("video.list")
    assert (await app.own("business/video/list"))["code"] == 40001


# --- the business account ---------------------------------------------------------------------------------------------


async def test_videos_come_in_pages_of_at_most_20_with_what_was_asked_for(app: App) -> None:
    first = (await app.own("business/video/list", fields=["item_id", "video_views"], max_count="2"))["data"]
    assert [set(row) for row in first["videos"]] == [{"item_id", "video_views"}] * 2
    assert first["has_more"] is True
    rest = (await app.own("business/video/list", cursor=str(first["cursor"]), max_count="20"))["data"]
    assert not {row["item_id"] for row in first["videos"]} & {row["item_id"] for row in rest["videos"]}
    for wrong in ({"max_count": "21"}, {"fields": ["hologram"]}, {"fields": "item_id"}, {"cursor": "x"}):
        assert (await app.own("business/video/list", **wrong))["code"] == 40002
    assert (await app.get("business/video/list", app.access_token, business_id="another"))["code"] == 40001


def posted_next(app: App) -> Any:
    """Return a video just after it was posted."""
    post = next(post for post in app.part.organic.posts if post.posted_at > NOW and post.deleted_at is None)
    app.sandbox.clock.set(post.posted_at + 60)
    return post


async def test_counters_are_two_days_late_and_frozen_after_a_year(app: App) -> None:
    clock, post = app.sandbox.clock, posted_next(app)
    clock.advance(DAY)
    assert app.part.organic.counted(post)["video_views"] == 0, "nothing of the last two days is counted"
    clock.advance(4 * DAY)
    early = app.part.organic.counted(post)["video_views"]
    clock.advance(400 * DAY)
    frozen = app.part.organic.counted(post)
    clock.advance(400 * DAY)
    assert 0 < early < frozen["video_views"] == app.part.organic.counted(post)["video_views"]


async def test_reach_is_missing_for_an_idle_account(app: App) -> None:
    post = posted_next(app)
    of_active = {"reach", "total_time_watched"}
    assert of_active <= set(app.part.organic.counted(post))
    app.sandbox.clock.advance(400 * DAY)
    assert not of_active & set(app.part.organic.counted(post))


async def test_the_account_s_days_end_yesterday_and_go_back_60(app: App) -> None:
    fields = ["username", "video_views", "followers_count"]
    data = (await app.own("business/get", fields=fields, **SPAN))["data"]
    assert data["username"]
    assert {tuple(sorted(row)) for row in data["metrics"]} == {("date", "followers_count", "video_views")}
    for first, last in ((5, 0), (61, 40), (40, 5)):
        days = {"start_date": first, "end_date": last}
        query = {name: (TODAY - timedelta(days=n)).isoformat() for name, n in days.items()}
        assert (await app.own("business/get", fields=fields, **query))["code"] == 40002
    assert "metrics" not in (await app.own("business/get", fields=fields))["data"]


# --- reports ----------------------------------------------------------------------------------------------------------


async def test_answers_hold_names_that_the_descriptions_have(app: App, contracts: Path) -> None:
    official = Official(contracts)
    for path, query in (
        ("report/integrated/get", ADS),
        ("gmv_max/report/get", GMV_MAX),
        ("gmv_max/store/list", {"advertiser_id": ADVERTISER}),
        ("gmv_max/video/get", VIDEOS),
    ):
        data = (await app.get(path, **query))["data"]
        names = official.answered(f"/{path}/")
        assert set(data) <= names
        for row in [*data.get("store_list", ()), *data.get("item_list", ())]:
            assert set(row) <= names


async def test_an_empty_page_has_no_list(app: App) -> None:
    whole = (await app.get("report/integrated/get", **ADS, page_size="1000"))["data"]
    assert whole["page_info"]["total_number"] == len(whole["list"]) > 0
    past = (await app.get("report/integrated/get", **ADS, page="99", page_size="1000"))["data"]
    assert set(past) == {"page_info"}
    assert all(isinstance(value, str) for row in whole["list"] for value in row["metrics"].values())


@pytest.mark.parametrize(
    "more",
    [
        {"page_size": "1001"},
        {"page": "0"},
        {"start_date": "yesterday"},
        {"start_date": (TODAY - timedelta(days=31)).isoformat()},
        {"dimensions": "ad_id"},
        {"dimensions": ["ad_id"]},
        {"metrics": ["hologram"]},
        {"report_type": "TT_SHOP"},
    ],
)
async def test_questions_that_the_ads_report_does_not_take(app: App, more: dict[str, Any]) -> None:
    assert (await app.get("report/integrated/get", **{**ADS, **more}))["code"] == 40002


@pytest.mark.parametrize(
    "more",
    [
        {"store_ids": [STORE, STORE]},
        {"store_ids": ["1"]},
        {"filtering": [{"field_name": "campaign_ids"}]},
        {"filtering": {"gmv_max_promotion_types": ["SEARCH"]}},
        {"dimensions": ["campaign_id", "item_group_id", "item_id", "stat_time_day"]},
        {"dimensions": ["item_group_id", "stat_time_day"]},
        {"dimensions": ["item_id", "stat_time_day"], "filtering": {"campaign_ids": ["1"]}},
        {"start_date": (TODAY - timedelta(days=31)).isoformat()},
    ],
)
async def test_questions_that_gmv_max_does_not_take(app: App, more: dict[str, Any]) -> None:
    assert (await app.gmv_max(**more))["code"] == 40002


async def test_gmv_max_by_video_is_part_of_its_product_and_that_of_its_campaign(app: App) -> None:
    selling, now = app.part.selling, app.sandbox.clock.now()
    day = local_day(NOW) - timedelta(days=10)
    for campaign, skus in selling.product_campaigns.items():
        products = [selling.of_product(sku, day, now) for sku in skus]
        assert sum(each.cost for each in products) == selling.of_campaign(campaign, day, now).cost
        for sku, whole in zip(skus, products, strict=True):
            videos = [selling.of_video(sku, video, day, now) for video in selling.videos[sku]]
            assert sum(each.cost for each in videos) == whole.cost
            assert sum(each.orders for each in videos) <= whole.orders, "organic orders are claimed too"
            assert selling.of_card(sku, day, now).plus(*videos) == whole, "the card has the rest"


async def test_claims_come_in_for_six_days(app: App) -> None:
    selling = app.part.selling
    days = [local_day(NOW) - timedelta(days=n) for n in range(2, 20)]
    campaign = next(iter(selling.product_campaigns))

    def claimed(day: date, at: float) -> int:
        return selling.of_campaign(campaign, day, at).orders

    early = sum(claimed(day, NOW) for day in days)
    late = sum(claimed(day, NOW + 10 * DAY) for day in days)
    assert early < late == sum(claimed(day, NOW + 20 * DAY) for day in days)


async def test_what_is_published_is_delivered_signed_anew_in_each_try(app: App) -> None:
    part = app.part
    posted = [post.posted_at for post in part.organic.posts if post.posted_at > NOW]
    assert part.events(NOW, posted[0]) == []
    part.webhook = "http://127.0.0.1:1/hook"
    (event,) = part.events(NOW, posted[0])
    headers = event.headers() if callable(event.headers) else event.headers
    at, _, signature = headers["TikTok-Signature"].partition(",s=")
    secret = app.sandbox.settings()["tiktok_business"]["secrets"]["client_secret"].encode()
    message = at.removeprefix("t=").encode() + b"." + event.body
    assert signature == hmac.new(secret, message, hashlib.sha256).hexdigest()
    assert "share_id" in json.loads(json.loads(event.body)["content"]), "JSON in text within JSON"
    assert sum(event.retries) == 72 * 3600
