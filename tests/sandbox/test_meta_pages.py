"""The played Instagram and Facebook: what they answer, refuse and deliver, in the platform's own words."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World
from tests.truth import meta_posts

DAY = 86_400
ACCOUNT, PAGE = "17841405822304914", "109876543210987"


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    """Both parts, their clock frozen four days before the horizon."""
    both = replace(world, posts=(*meta_posts.instagram(world), *meta_posts.facebook(world)))
    clock = Clock(float(world.horizon - 4 * DAY), frozen=True)
    async with Sandbox(both, clock, Faults(7), parts=["instagram", "facebook"], deliver=False) as running:
        yield running


class Asker:
    """A client that holds the token of a part."""

    def __init__(self, sandbox: Sandbox, name: str, role: str = "api") -> None:
        self.part: Any = sandbox.parts[name]
        self.base = sandbox.addresses[f"{name}.{role}"]
        self.token = self.part.own.text if role == "own" else self.part.token.text

    async def get(self, path: str, version: str = "v26.0", **query: Any) -> httpx.Response:
        return await self._ask("GET", path, version, query)

    async def post(self, path: str, **query: Any) -> httpx.Response:
        return await self._ask("POST", path, "v26.0", query)

    async def _ask(self, method: str, path: str, version: str, query: dict[str, Any]) -> httpx.Response:
        token = query.pop("token", self.token)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(base_url=self.base, headers=headers) as client:
            return await client.request(method, f"/{version}/{path}", params=query)


@pytest.fixture
def instagram(sandbox: Sandbox) -> Asker:
    return Asker(sandbox, "instagram")


@pytest.fixture
def facebook(sandbox: Sandbox) -> Asker:
    asker = Asker(sandbox, "facebook")
    asker.token = asker.part.page_token.text
    return asker


def code(answer: httpx.Response) -> tuple[int, int]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode", 0)


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_a_dead_version_is_served_by_the_oldest_and_none_by_the_newest(instagram: Asker) -> None:
    for asked, served in (("v26.0", "v26.0"), ("v25.0", "v25.0"), ("v12.0", "v21.0")):
        answer = await instagram.get(f"{ACCOUNT}/media", version=asked)
        assert answer.headers["facebook-api-version"] == served


async def test_tokens_and_proofs_are_checked(instagram: Asker) -> None:
    assert code(await instagram.get(f"{ACCOUNT}/media", token="")) == (2500, 0)
    assert code(await instagram.get(f"{ACCOUNT}/media", token="another")) == (190, 0)
    assert code(await instagram.get(f"{ACCOUNT}/media", appsecret_proof="0" * 64)) == (100, 0)
    instagram.part.limits["proof_needed"] = 1
    assert code(await instagram.get(f"{ACCOUNT}/media")) == (100, 0)
    instagram.part.token.dead = (460, "changed")
    assert code(await instagram.get(f"{ACCOUNT}/media")) == (190, 460)


async def test_a_token_ends_and_one_that_was_exchanged_lives_on(sandbox: Sandbox, instagram: Asker) -> None:
    part = instagram.part
    app = {"client_id": part.tokens.app_id, "client_secret": part.tokens.secret, "grant_type": "fb_exchange_token"}
    longer = (await instagram.get("oauth/access_token", **app, fb_exchange_token=part.token.text)).json()
    assert longer["expires_in"] == 60 * DAY
    sandbox.clock.advance(31 * DAY)
    assert code(await instagram.get(f"{ACCOUNT}/media")) == (190, 463)
    assert (await instagram.get(f"{ACCOUNT}/media", token=longer["access_token"])).status_code == 200
    assert code(await instagram.get("oauth/access_token", **app, fb_exchange_token=part.token.text)) == (190, 463)


async def test_a_token_of_instagram_login_must_be_a_day_old_to_be_refreshed(sandbox: Sandbox) -> None:
    own = Asker(sandbox, "instagram", "own")
    first = {"grant_type": "ig_refresh_token", "access_token": own.token}
    fresh = (await own.get("refresh_access_token", **first)).json()["access_token"]
    again = {"grant_type": "ig_refresh_token", "access_token": fresh}
    assert code(await own.get("refresh_access_token", **again)) == (190, 0)
    sandbox.clock.advance(DAY + 60)
    assert (await own.get("refresh_access_token", **again)).status_code == 200


async def test_the_app_alone_looks_into_a_token(instagram: Asker) -> None:
    asked = {"input_token": instagram.token}
    assert code(await instagram.get("debug_token", **asked)) == (100, 0)
    told = (await instagram.get("debug_token", token=instagram.part.tokens.app_token, **asked)).json()["data"]
    assert told["is_valid"]
    assert told["data_access_expires_at"] - told["expires_at"] == 60 * DAY


async def test_too_many_calls_are_refused_by_code_and_not_by_status(sandbox: Sandbox, instagram: Asker) -> None:
    instagram.part.limits["calls_per_hour"] = 4
    usage = [json.loads((await instagram.get("me/accounts")).headers["x-app-usage"])["call_count"] for _ in range(4)]
    assert usage == [25, 50, 75, 100]
    first, second = [await instagram.get("me/accounts") for _ in range(2)]
    assert (first.status_code, code(first)) == (403, (4, 0))
    assert (second.status_code, code(second)) == (400, (80002, 0))
    told = json.loads(second.headers["x-business-use-case-usage"])[ACCOUNT][0]
    sandbox.clock.advance(told["estimated_time_to_regain_access"] * 60)
    assert (await instagram.get("me/accounts")).status_code == 200


async def test_a_missing_permission_is_code_ten(instagram: Asker) -> None:
    instagram.part.token.scopes = frozenset()
    assert code(await instagram.get(f"{ACCOUNT}/media")) == (10, 0)


# --- contents ---------------------------------------------------------------------------------------------------------


async def test_pages_end_where_next_is_absent_and_next_carries_the_token(sandbox: Sandbox, instagram: Asker) -> None:
    sandbox.clock.advance(2 * DAY)  # one post is deleted by then, and leaves a gap in its page
    seen: list[str] = []
    sizes: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await instagram.get(f"{ACCOUNT}/media", **query)).json()
        seen += [row["id"] for row in page["data"]]
        sizes.append(len(page["data"]))
        if "next" not in page.get("paging", {}):
            break
        assert instagram.token in page["paging"]["next"]
        query["after"] = page["paging"]["cursors"]["after"]
    assert len(seen) == len(set(seen)) == 4
    assert sizes == [1, 2, 1], "a short page is not the last one"


async def test_a_field_that_a_node_has_not_is_refused(instagram: Asker) -> None:
    assert code(await instagram.get(f"{ACCOUNT}/media", fields="id,product_tags")) == (100, 0)
    assert code(await instagram.get(f"{ACCOUNT}/media", fields="id,children{id")) == (2500, 0)


async def test_rows_fit_the_platforms_own_description(contracts: Path, instagram: Asker) -> None:
    def fields(node: str) -> set[str]:
        found = json.loads((contracts / "meta" / "specs" / f"{node}.json").read_text())
        return {field["name"] for field in found["fields"]}

    everything = "id,ig_id,caption,media_type,media_product_type,permalink,timestamp,media_url,username,owner,children"
    media = (await instagram.get(f"{ACCOUNT}/media", fields=everything)).json()["data"]
    assert {name for row in media for name in row} <= fields("IGMedia") | {"children"}
    assert all(row["timestamp"].endswith("+0000") for row in media)
    tagged = next(row["id"] for row in media if row["media_type"] == "IMAGE")
    tags = (await instagram.get(f"{tagged}/product_tags")).json()["data"]
    assert {name for row in tags for name in row} <= fields("ShadowIGMediaProductTags")
    assert all(type(row["product_id"]) is int for row in tags), "ids are numbers here, and text elsewhere"
    catalogs = (await instagram.get(f"{ACCOUNT}/available_catalogs")).json()["data"]
    assert {name for row in catalogs for name in row} <= fields("UserAvailableCatalogs")
    found = {"catalog_id": catalogs[0]["catalog_id"]}
    products = (await instagram.get(f"{ACCOUNT}/catalog_product_search", **found)).json()["data"]
    assert {name for row in products for name in row} <= fields("ShadowIGUserCatalogProductSearch")
    assert {row["product_id"] for row in tags} <= {row["product_id"] for row in products}


async def test_stories_vanish_after_a_day_and_their_figures_with_them(sandbox: Sandbox, instagram: Asker) -> None:
    assert [row["id"] for row in (await instagram.get(f"{ACCOUNT}/stories")).json()["data"]] == [meta_posts.FIRST_STORY]
    answer = await instagram.get(f"{meta_posts.FIRST_STORY}/insights", metric="reach,link_clicks")
    assert [row["name"] for row in answer.json()["data"]] == ["reach", "link_clicks"]
    sandbox.clock.advance(15 * 3600)
    assert (await instagram.get(f"{ACCOUNT}/stories")).json() == {"data": []}
    assert code(await instagram.get(f"{meta_posts.FIRST_STORY}/insights", metric="reach")) == (100, 33)


async def test_tags_of_reels_and_stories_and_under_instagram_login_are_not_shown(
    sandbox: Sandbox, instagram: Asker
) -> None:
    assert code(await instagram.get("17895695000000003/product_tags")) == (100, 33)
    assert code(await instagram.get(f"{meta_posts.FIRST_STORY}/product_tags")) == (100, 33)
    own = Asker(sandbox, "instagram", "own")
    assert code(await own.get("17895695000000001/product_tags")) == (100, 33)
    assert (await own.get("17895695000000001/insights", metric="views")).status_code == 200


# --- insights ---------------------------------------------------------------------------------------------------------


async def test_one_metric_that_does_not_suit_fails_the_request(instagram: Asker) -> None:
    answer = await instagram.get("17895695000000003/insights", metric="views,profile_visits")
    assert code(answer) == (100, 0)
    assert "does not support the profile_visits metric" in answer.json()["error"]["message"]
    cut = await instagram.get("17895695000000001/insights", metric="views", breakdown="action_type")
    assert (code(cut), cut.json()["error"]["message"]) == ((1, 0), "An unknown error has occurred.")
    assert code(await instagram.get("17895695000000000/insights", metric="views")) == (100, 2108006)


async def test_figures_of_a_page_belong_to_days_that_end_at_pacific_midnight(sandbox: Sandbox, facebook: Asker) -> None:
    now = int(sandbox.clock.now())
    answer = await facebook.get(
        f"{PAGE}/insights", metric="page_media_view", period="day", since=now - 3 * DAY, until=now
    )
    values = answer.json()["data"][0]["values"]
    assert all(value["end_time"].endswith(("T07:00:00+0000", "T08:00:00+0000")) for value in values)
    assert answer.json()["paging"]["next"], "there is always a next, which says nothing"
    assert code(await facebook.get(f"{PAGE}/insights", metric="page_impressions", since=0, until=1)) == (3001, 1504028)
    facebook.part.page.likes = 99
    small = await facebook.get(f"{PAGE}/insights", metric="page_media_view", since=now - DAY, until=now)
    assert small.json() == {"data": []}


async def test_a_page_answers_to_its_own_token_alone(facebook: Asker) -> None:
    assert (await facebook.get(f"{PAGE}/published_posts")).status_code == 200
    assert code(await facebook.get(f"{PAGE}/published_posts", token=facebook.part.token.text)) == (190, 2069032)


# --- deliveries -------------------------------------------------------------------------------------------------------


class Receiver:
    """An address that answers the challenge, or not, and keeps what is posted."""

    def __init__(self, *, answers: bool) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._answers = answers
        self.app = web.Application()
        self.app.router.add_get("/hook", self._get)
        self.app.router.add_post("/hook", self._post)

    async def _get(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"] if self._answers else "no")

    async def _post(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response()

    async def __aenter__(self) -> str:
        self._runner = web.AppRunner(self.app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def subscribe(facebook: Asker, address: str) -> httpx.Response:
    app = facebook.part.tokens
    asked = {"object": "page", "callback_url": address, "fields": "messages,send_cart", "verify_token": "w"}
    return await facebook.post(f"{app.app_id}/subscriptions", token=app.app_token, **asked)


async def test_the_app_alone_subscribes_and_the_page_alone_hears_of_itself(instagram: Asker, facebook: Asker) -> None:
    for asker, page in ((instagram, "104567890123456"), (facebook, PAGE)):
        tokens = asker.part.tokens
        assert code(await asker.get(f"{tokens.app_id}/subscriptions")) == (15, 0)
        assert code(await asker.get(f"{page}/subscribed_apps", token=asker.part.token.text)) == (190, 2069032)
        assert (await asker.get(f"{tokens.app_id}/subscriptions", token=tokens.app_token)).status_code == 200


async def test_an_address_that_does_not_answer_the_challenge_is_not_subscribed(facebook: Asker) -> None:
    async with Receiver(answers=False) as address:
        assert code(await subscribe(facebook, address)) == (2200, 0)
    assert facebook.part.hooks.subscriptions == {}


async def test_deliveries_need_both_subscriptions_and_are_signed_as_they_are_written(
    sandbox: Sandbox, facebook: Asker
) -> None:
    receiver = Receiver(answers=True)
    async with receiver as address:
        assert (await subscribe(facebook, address)).json() == {"success": True}
        sandbox.clock.advance(DAY)
        await sandbox.deliverer.pump()
        assert receiver.got == [], "the page has not been subscribed"
        assert (
            await facebook.post(f"{PAGE}/subscribed_apps", subscribed_fields="messages,send_cart")
        ).status_code == 200
        sandbox.clock.advance(2 * DAY)
        await sandbox.deliverer.pump()
    assert receiver.got
    for headers, body in receiver.got:
        wanted = hmac.new(facebook.part.tokens.secret.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={wanted}"
        assert body.isascii(), "letters beyond ASCII are escaped"


async def test_an_hour_of_failures_takes_the_accounts_subscription_away(sandbox: Sandbox, facebook: Asker) -> None:
    async with Receiver(answers=True) as address:
        await subscribe(facebook, address)
    await facebook.post(f"{PAGE}/subscribed_apps", subscribed_fields="messages,send_cart")
    sandbox.clock.advance(DAY)
    for _ in range(8):
        await sandbox.deliverer.pump()
        sandbox.clock.advance(1800)
    assert (await facebook.get(f"{PAGE}/subscribed_apps")).json() == {"data": []}
