"""The played YouTube: every answer fits Google's own description; it refuses, is late and changes as YouTube does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from aiohttp import web
from jsonschema import Draft7Validator

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World
from jalon.sandbox.youtube import CHANNEL, CLIENT_ID, CONTENTS, MERCHANT, PRODUCTS, YouTubePart
from jalon.sandbox.youtube.hub import TOPIC
from tests.connectors.youtube_fakes import Official

DAY = 86_400
SEARCH = f"/reports/v1alpha/accounts/{MERCHANT}/reports:search"
SELECT = "SELECT video_id, channel_id, views, clicks, orders, gross_sales, net_sales, commissions, tagged_product_ids"


class App:
    """An app that was let in: it holds an access token."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.client = client
        self.part = sandbox.parts["youtube"]
        self.secrets = sandbox.settings()["youtube"]["secrets"]
        self.token = ""

    @property
    def youtube(self) -> YouTubePart:
        assert isinstance(self.part, YouTubePart)
        return self.part

    async def refresh(self, **changes: str) -> httpx.Response:
        form = {
            "client_id": CLIENT_ID,
            "client_secret": self.secrets["client_secret"],
            "refresh_token": self.secrets["refresh_token"],
            "grant_type": "refresh_token",
            **changes,
        }
        reply = await self.client.post(f"{self.sandbox.addresses['youtube.auth']}/token", data=form)
        self.token = reply.json().get("access_token", self.token)
        return reply

    async def ask(self, role: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        address = self.sandbox.addresses[f"youtube.{role}"] + path
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            return await self.client.post(address, params=query, json=body, headers=headers)
        return await self.client.get(address, params=query, headers=headers)

    async def get(self, role: str, path: str, body: Any = None, **query: str) -> Any:
        reply = await self.ask(role, path, body, **query)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    clock = Clock(NOW, frozen=True)
    async with (
        Sandbox(world, clock, Faults(7), parts=["youtube"], deliver=False) as sandbox,
        httpx.AsyncClient() as client,
    ):
        found = App(sandbox, client)
        await found.refresh()
        yield found


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


# --- as Google describes it -------------------------------------------------------------------------------------------


async def test_answers_of_the_data_api_fit(app: App, described: Official) -> None:
    uploads = await app.get("api", "/youtube/v3/channels", part="contentDetails,snippet,statistics", mine="true")
    fits(described, "api", "ChannelListResponse", uploads)
    playlist = uploads["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"]
    first = await app.get(
        "api", "/youtube/v3/playlistItems", part="contentDetails", playlistId=playlist, maxResults="2"
    )
    fits(described, "api", "PlaylistItemListResponse", first)
    second = await app.get(
        "api",
        "/youtube/v3/playlistItems",
        part="contentDetails",
        playlistId=playlist,
        maxResults="2",
        pageToken=first["nextPageToken"],
    )
    ids = [item["contentDetails"]["videoId"] for page in (first, second) for item in page["items"]]
    assert len(set(ids)) == 4
    parts = "snippet,statistics,contentDetails,status,liveStreamingDetails,paidProductPlacementDetails"
    videos = await app.get("api", "/youtube/v3/videos", part=parts, id=",".join([*ids, "gone"]))
    fits(described, "api", "VideoListResponse", videos)
    assert [item["id"] for item in videos["items"]] == ids
    links = await app.get("api", "/youtube/v3/thirdPartyLinks", part="snippet,status", type="channelToStoreLink")
    fits(described, "api", "ThirdPartyLinkListResponse", links)


async def test_answers_of_analytics_fit(app: App, described: Official) -> None:
    video = app.youtube.figures.up(NOW)[0].id
    for more in ({"dimensions": "day"}, {"dimensions": "day,video", "filters": f"video=={video}"}, {}):
        found = await figures(app, "2026-10-20", "2026-11-30", "views,likes", **more)
        fits(described, "analytics", "QueryResponse", found)
        assert found["rows"]
    empty = await figures(app, "2001-01-01", "2001-01-02", "views", dimensions="day")
    fits(described, "analytics", "QueryResponse", empty)
    assert "rows" not in empty


async def test_answers_of_reporting_fit(app: App, described: Official) -> None:
    types = await app.get("reporting", "/v1/reportTypes")
    fits(described, "reporting", "ListReportTypesResponse", types)
    job = await app.get("reporting", "/v1/jobs", {"reportTypeId": "channel_cards_a1", "name": "x"})
    fits(described, "reporting", "Job", job)
    assert (
        await app.ask("reporting", "/v1/jobs", {"reportTypeId": "channel_cards_a1", "name": "x"})
    ).status_code == 409
    fits(described, "reporting", "ListJobsResponse", await app.get("reporting", "/v1/jobs"))
    app.sandbox.clock.advance(2 * DAY)
    await app.refresh()
    found = await app.get("reporting", f"/v1/jobs/{job['id']}/reports", pageSize="3")
    fits(described, "reporting", "ListReportsResponse", found)
    assert len(found["reports"]) == 3
    assert found["nextPageToken"]
    one = found["reports"][0]
    fits(described, "reporting", "Report", await app.get("reporting", f"/v1/jobs/{job['id']}/reports/{one['id']}"))
    file = await app.client.get(one["downloadUrl"], headers={"Authorization": f"Bearer {app.token}"})
    assert file.headers["content-encoding"] == "gzip"
    assert file.text.startswith("date,channel_id,video_id,live_or_on_demand,subscribed_status,country_code,card_clicks")
    assert (await app.client.get(one["downloadUrl"])).status_code == 401


@pytest.mark.parametrize(("view", "columns"), [(CONTENTS, SELECT), (PRODUCTS, "SELECT offer_id, impressions, clicks")])
async def test_answers_of_the_merchant_api_name_columns_of_the_view(
    app: App, described: Official, view: str, columns: str
) -> None:
    app.youtube.limits["rows_on_a_page"] = 2
    query = f"{columns} FROM {view} WHERE date BETWEEN '2026-10-20' AND '2026-11-18'"
    first = await app.get("merchant", SEARCH, {"query": query, "pageSize": 1000})
    assert len(first["results"]) == 2
    second = await app.get("merchant", SEARCH, {"query": query, "pageSize": 1000, "pageToken": first["nextPageToken"]})
    assert second["results"] != first["results"]
    camels = {_camel(column) for column in described.columns(view)}
    for result in first["results"]:
        (member,) = result
        assert member == _camel(view)
        assert set(result[member]) <= camels
        assert result[member]["clicks"].isdecimal(), "int64 is written as text"


def fits(described: Official, role: str, name: str, found: Any) -> None:
    Draft7Validator(described.schema(role, name)).validate(found)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


async def figures(app: App, first: str, last: str, metrics: str, **more: str) -> Any:
    await app.refresh()
    return await app.get(
        "analytics", "/v2/reports", ids="channel==MINE", startDate=first, endDate=last, metrics=metrics, **more
    )


# --- late, and changed afterwards -------------------------------------------------------------------------------------


async def test_a_slow_metric_shortens_an_answer(app: App) -> None:
    days = {}
    for metrics in ("views", "cardImpressions", "views,cardImpressions"):
        found = await figures(app, "2026-11-01", "2026-12-31", metrics, dimensions="day")
        names = [header["name"] for header in found["columnHeaders"]]
        assert names == sorted(names), "columns come in an order of their own"
        days[metrics] = max(row[names.index("day")] for row in found["rows"])
    assert days["views"] > days["cardImpressions"] == days["views,cardImpressions"]


async def test_a_deleted_video_is_in_the_totals_and_in_no_row(app: App) -> None:
    part, gone = app.youtube, app.youtube.figures.up(NOW)[3]
    one = {"dimensions": "day,video", "filters": f"video=={gone.id}"}
    assert "rows" in await figures(app, "2026-10-01", "2026-11-18", "views", **one)
    before = await figures(app, "2026-10-01", "2026-11-10", "views")
    part.figures.posts = tuple(replace(p, deleted_at=int(NOW)) if p is gone else p for p in part.figures.posts)
    assert "rows" not in await figures(app, "2026-10-01", "2026-11-18", "views", **one)
    assert await figures(app, "2026-10-01", "2026-11-10", "views") == before


async def test_counters_may_fall(app: App) -> None:
    post = app.youtube.figures.up(NOW)[-1]
    seen = [app.youtube.figures.totals(post, NOW + day * DAY).views for day in range(8)]
    assert any(later < earlier for earlier, later in pairwise(seen))


async def test_a_later_report_replaces_one_and_reports_end(app: App) -> None:
    await app.get("reporting", "/v1/jobs", {"reportTypeId": "channel_basic_a3", "name": "x"})
    (job,) = app.youtube.reporting.jobs
    app.sandbox.clock.advance(10 * DAY)
    found = app.youtube.reporting.there(job)
    days = [report.on for report in found]
    assert len(days) > len(set(days)), "some days are filled back"
    history = [report for report in found if report.on.isoformat() < "2026-11-18"]
    app.sandbox.clock.advance(35 * DAY)
    left = {report.id for report in app.youtube.reporting.there(job)}
    assert not left & {report.id for report in history}
    assert left & {report.id for report in found}


async def test_an_expired_job_keeps_its_reports_and_makes_no_more(app: App, described: Official) -> None:
    reporting = app.youtube.reporting
    over = reporting.order("channel_cards_a1", "x", NOW - 62 * DAY, expires=NOW - 57.5 * DAY)
    listed = await app.get("reporting", f"/v1/jobs/{over.id}/reports")
    fits(described, "reporting", "ListReportsResponse", listed)
    assert 0 < len(listed["reports"]) <= 4
    assert all(NOW < report.ends < NOW + 3 * DAY for report in reporting.there(over))
    made = await app.get("reporting", "/v1/jobs", {"reportTypeId": "channel_cards_a1", "name": "y"})
    jobs = await app.get("reporting", "/v1/jobs")
    fits(described, "reporting", "ListJobsResponse", jobs)
    assert [("expireTime" in job, job["id"] == made["id"]) for job in jobs["jobs"]] == [(True, False), (False, True)]


async def test_files_may_be_away_while_all_else_answers(app: App) -> None:
    app.youtube.reporting.order("channel_cards_a1", "x", NOW - 5 * DAY)
    app.youtube.limits["files_away"] = 3600
    (job,) = app.youtube.reporting.jobs
    (one, *_) = (await app.get("reporting", f"/v1/jobs/{job.id}/reports"))["reports"]
    file = await app.client.get(one["downloadUrl"], headers={"Authorization": f"Bearer {app.token}"})
    assert (file.status_code, file.headers["retry-after"]) == (503, "3600")


async def test_net_sales_sink_when_goods_come_back(app: App) -> None:
    query = {"query": f"{SELECT} FROM {CONTENTS} WHERE date BETWEEN '2026-11-10' AND '2026-11-18'"}
    before = await app.get("merchant", SEARCH, query)
    app.sandbox.clock.advance(15 * DAY)
    await app.refresh()
    after = await app.get("merchant", SEARCH, query)

    def money(found: Any, name: str) -> int:
        return sum(int(row["youtubeContentPerformanceView"][name]["amountMicros"]) for row in found["results"])

    assert money(before, "grossSales") == money(after, "grossSales")
    assert money(before, "netSales") > money(after, "netSales")


# --- refusals ---------------------------------------------------------------------------------------------------------


async def test_tokens_are_refused_as_google_refuses_them(app: App) -> None:
    part = app.youtube
    assert (await app.refresh(client_secret="x")).json()["error"] == "invalid_client"
    assert (await app.refresh(refresh_token="x")).json()["error"] == "invalid_grant"
    app.sandbox.clock.advance(3601)
    expired = await app.ask("api", "/youtube/v3/channels", part="id", mine="true")
    assert (expired.status_code, expired.json()["error"]["errors"][0]["reason"]) == (401, "authError")
    await app.refresh()
    part.tokens.scopes.discard("https://www.googleapis.com/auth/content")
    refused = await app.ask("merchant", SEARCH, {"query": ""})
    assert (refused.status_code, refused.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    part.tokens.revoked = True
    assert (await app.refresh()).status_code == 400


async def test_quotas_of_a_day_and_a_minute(app: App) -> None:
    part = app.youtube
    part.limits["units_per_day"] = 1
    ask = ("/youtube/v3/channels",)
    query = {"part": "id", "mine": "true"}
    assert (await app.ask("api", *ask, **query)).status_code == 200
    spent = (await app.ask("api", *ask, **query)).json()["error"]
    assert (spent["code"], spent["errors"][0]["reason"]) == (403, "quotaExceeded")
    app.sandbox.clock.advance(DAY)
    await app.refresh()
    assert (await app.ask("api", *ask, **query)).status_code == 200
    part.limits.update(units_per_day=0, requests_per_minute=1)
    await app.get("reporting", "/v1/jobs")
    fast = (await app.ask("reporting", "/v1/jobs")).json()["error"]
    assert (fast["code"], fast["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert "PerMinute" in fast["details"][0]["metadata"]["quota_limit"]


async def test_each_so_many_th_answer_of_analytics_fails_inside_a_good_status(app: App) -> None:
    app.youtube.limits["errors_in_200"] = 2
    found = [await figures(app, "2026-11-01", "2026-11-02", "views") for _ in range(4)]
    assert [("errors" in each) for each in found] == [False, True, False, True]


MINE = {"ids": "channel==MINE", "startDate": "2026-11-01", "endDate": "2026-11-01", "metrics": "views"}


def about(columns: str, first: str = "2026-11-01") -> dict[str, str]:
    return {"query": f"SELECT {columns} FROM {CONTENTS} WHERE date BETWEEN '{first}' AND '2026-11-01'"}


@pytest.mark.parametrize(
    ("role", "path", "query", "body", "status"),
    [
        ("api", "/youtube/v3/videos", {"part": "id", "id": ",".join("a" * 51)}, None, 400),
        ("api", "/youtube/v3/videos", {"id": "a"}, None, 400),
        ("api", "/youtube/v3/videos", {"part": "id", "id": "a", "maxResults": "5"}, None, 400),
        ("api", "/youtube/v3/videos", {"part": "id,productTags", "id": "a"}, None, 400),
        ("api", "/youtube/v3/thirdPartyLinks", {"part": "snippet", "type": "channelToShop"}, None, 400),
        ("api", "/youtube/v3/channels", {"part": "id"}, None, 400),
        ("api", "/youtube/v3/playlistItems", {"part": "id", "playlistId": "UUx"}, None, 404),
        ("analytics", "/v2/reports", MINE | {"endDate": "x"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"metrics": "tagClicks"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"metrics": "views,views"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"endDate": "2026-10-31"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"dimensions": "day", "sort": "video"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"maxResults": "0"}, None, 400),
        ("analytics", "/v2/reports", MINE | {"dimensions": "day,video"}, None, 400),
        ("reporting", "/v1/jobs", {}, {"reportTypeId": "channel_basic_a2", "name": "x"}, 400),
        ("reporting", "/v1/jobs", {}, {"reportTypeId": "channel_basic_a3", "name": "x", "type": "x"}, 400),
        ("reporting", "/v1/jobs", {}, ["channel_basic_a3"], 400),
        ("reporting", "/v1/jobs/none/reports", {}, None, 404),
        ("merchant", SEARCH, {}, about("date"), 400),
        ("merchant", SEARCH, {}, about("clicks, clicks"), 400),
        ("merchant", SEARCH, {}, about("clicks") | {"page_token": ""}, 400),
        ("merchant", SEARCH, {}, about("clicks") | {"pageSize": -1}, 400),
        ("merchant", SEARCH, {}, about("clicks") | {"pageToken": "amFsb24gMQ=="}, 400),
        ("merchant", SEARCH, {}, {"query": f"SELECT clicks FROM {CONTENTS}"}, 400),
        ("merchant", SEARCH, {}, about("clicks", "2026-01-01"), 429),
        ("merchant", SEARCH.replace(MERCHANT, "1"), {}, {"query": ""}, 403),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused(
    app: App, role: str, path: str, query: dict[str, str], body: Any, status: int
) -> None:
    assert (await app.ask(role, path, body, **query)).status_code == status


async def test_a_page_mark_is_good_for_its_own_query(app: App) -> None:
    app.youtube.limits["rows_on_a_page"] = 1
    asked = {"query": f"{SELECT} FROM {CONTENTS} WHERE date BETWEEN '2026-10-01' AND '2026-11-01'"}
    first = await app.get("merchant", SEARCH, asked)
    mark = {"pageToken": first["nextPageToken"]}
    assert (await app.get("merchant", SEARCH, asked | mark))["results"] != first["results"]
    assert (await app.ask("merchant", SEARCH, about("clicks") | mark)).status_code == 400


async def test_a_project_that_is_not_registered_gets_no_answer_of_the_merchant_api(app: App) -> None:
    app.youtube.limits["unregistered"] = 1
    reply = await app.ask("merchant", SEARCH, about("clicks"))
    error = reply.json()["error"]
    assert (reply.status_code, error["status"]) == (401, "UNAUTHENTICATED"), "not 403, as one would think"
    assert error["details"][0]["metadata"]["REASON"] == "GCP_NOT_REGISTERED"


async def test_analytics_wants_both_of_its_scopes(app: App) -> None:
    assert (await app.ask("analytics", "/v2/reports", **MINE)).status_code == 200
    app.youtube.tokens.scopes.discard("https://www.googleapis.com/auth/youtube.readonly")
    assert (await app.ask("analytics", "/v2/reports", **MINE)).status_code == 403


async def test_reports_are_asked_for_after_a_time(app: App) -> None:
    job = await app.get("reporting", "/v1/jobs", {"reportTypeId": "channel_basic_a3", "name": "x"})
    for after, status in (("2026-11-01T00:00:00Z", 200), ("2026-11-01T00:00:00", 400), ("yesterday", 400)):
        reply = await app.ask("reporting", f"/v1/jobs/{job['id']}/reports", createdAfter=after)
        assert reply.status_code == status, after


# --- the hub ----------------------------------------------------------------------------------------------------------


async def test_a_subscription_is_confirmed_signed_and_ends(app: App) -> None:
    part, got = app.youtube, []

    async def confirm(request: web.Request) -> web.Response:
        assert request.query["hub.topic"] == TOPIC + CHANNEL
        return web.Response(text=request.query["hub.challenge"])

    async def take(request: web.Request) -> web.Response:
        got.append((request.headers["X-Hub-Signature"], await request.read()))
        return web.Response()

    first, second = (
        replace(part.figures.posts[n], posted_at=int(NOW) + at, deleted_at=None) for n, at in ((0, 60), (1, 6 * DAY))
    )
    part.figures.posts = (replace(first, deleted_at=int(NOW) + 120), second)
    subscriber = web.Application()
    subscriber.router.add_get("/hook", confirm)
    subscriber.router.add_post("/hook", take)
    async with listening(subscriber) as address:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": TOPIC + CHANNEL,
            "hub.callback": f"{address}/hook",
            "hub.verify": "sync",
            "hub.secret": "s3cret-s3cret",
        }
        hub = app.sandbox.addresses["youtube.hub"] + "/subscribe"
        assert (await app.client.post(hub, data=form)).status_code == 204
        assert (await app.client.post(hub, data={**form, "hub.callback": f"{address}/nowhere"})).status_code == 409
        for wrong in ({"hub.secret": "x" * 200}, {"hub.verify": "later"}, {"hub.lease_seconds": "long"}):
            assert (await app.client.post(hub, data={**form, **wrong})).status_code == 400
        for _ in range(2):
            app.sandbox.clock.advance(5 * DAY)
            await app.sandbox.deliverer.pump()
    assert len(got) == 2, "the lease of five days is over before the second video"
    for signature, body in got:
        assert signature == "sha1=" + hmac.new(b"s3cret-s3cret", body, hashlib.sha1).hexdigest()
        assert first.id in ElementTree.tostring(ElementTree.fromstring(body)).decode()
    assert b"552394234+00:00" in got[0][1], "nine digits of a second"
    assert b"deleted-entry" in got[1][1]
    assert b"yt:channelId" not in got[1][1]


class listening:  # noqa: N801 - reads as a word where it is used
    """Serve an application on loopback."""

    def __init__(self, application: web.Application) -> None:
        self._runner = web.AppRunner(application)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await asyncio.wait_for(self._runner.cleanup(), 5)
