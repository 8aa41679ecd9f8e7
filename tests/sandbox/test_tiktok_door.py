"""Who gets in at the played TikTok Shop, and how the others are refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.tiktok_shop import TikTokShopPart
from jalon.sandbox.tiktok_shop.door import sign
from jalon.sandbox.tiktok_shop.hooks import authorization
from jalon.sandbox.world import World

SEARCH = "/order/202309/orders/search"
SIZE = {"page_size": "5"}


def _part(sandbox: Sandbox) -> TikTokShopPart:
    part = sandbox.parts["tiktok_shop"]
    assert isinstance(part, TikTokShopPart)
    return part


def test_requests_are_signed_as_the_official_vectors_are(contracts: Path) -> None:
    vectors = json.loads((contracts / "tiktok-shop" / "signing_vectors.json").read_text())
    assert vectors
    for vector in vectors:
        body = (vector["body"] or "").encode()
        assert sign(vector["app_secret"], vector["path"], vector["query"], body) == vector["sign"]


def test_deliveries_are_signed_as_the_official_example_is(contracts: Path) -> None:
    examples = json.loads((contracts / "tiktok-shop" / "webhook_examples.json").read_text())["examples"]
    signed = [example for example in examples if "authorization" in example]
    assert signed
    for example in signed:
        body = example["raw_body"].encode()
        assert authorization(example["app_key"], example["app_secret"], body) == example["authorization"]


async def test_a_good_request_is_let_in(seller: Seller) -> None:
    answer = await seller.send("POST", SEARCH, SIZE, {})
    assert answer.status_code == 200
    words = answer.json()
    assert (words["code"], words["message"]) == (0, "Success")
    assert words["request_id"]
    assert len(words["data"]["orders"]) == 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sign": "0" * 64}, 106001),
        ({"sign": "é"}, 106001),
        ({"sign": None}, 106001),
        ({"page_size": "6"}, 106001),
        ({"app_key": "another"}, 36009004),
        ({"timestamp": None}, 36009004),
        ({"timestamp": "١٢٣٤٥٦٧٨٩٠"}, 36009004),
    ],
)
async def test_a_request_changed_after_signing_is_refused(seller: Seller, changes: dict[str, str], code: int) -> None:
    words = (await seller.send("POST", SEARCH, SIZE, {}, **changes)).json()
    assert words["code"] == code
    assert words["data"] is None


async def test_a_changed_body_is_refused(seller: Seller) -> None:
    query = {"app_key": seller.key, "timestamp": str(int(time.time())), "shop_cipher": "x", "page_size": "5"}
    query["sign"] = sign(seller.secret, SEARCH, query, b"{}")
    headers = {"x-tts-access-token": seller.access_token}
    answer = await seller.client.post(f"{seller.api}{SEARCH}?{urlencode(query)}", content=b"{ }", headers=headers)
    assert answer.json()["code"] == 106001


@pytest.mark.parametrize("seconds", [-301, -4000, 31 + 5, 4000])
async def test_a_clock_that_is_wrong_is_refused(seller: Seller, sandbox: Sandbox, seconds: int) -> None:
    stamp = {"timestamp": str(int(time.time()) + seconds)}
    words = (await seller.send("POST", SEARCH, SIZE | stamp, {})).json()
    assert words["code"] == 36009004
    assert "clock" in words["message"]


async def test_a_missing_cipher_is_named(seller: Seller) -> None:
    query = {"app_key": seller.key, "timestamp": str(int(time.time())), "page_size": "5"}
    query["sign"] = sign(seller.secret, SEARCH, query, b"")
    headers = {"x-tts-access-token": seller.access_token}
    answer = await seller.client.post(seller.api + SEARCH, params=query, headers=headers)
    assert answer.json()["code"] == 106013


async def test_both_tokens_rotate_and_the_old_one_is_refused(seller: Seller) -> None:
    first, access = seller.refresh_token, seller.access_token
    answer = await seller.refresh()
    assert answer["code"] == 0
    assert seller.refresh_token != first
    assert seller.access_token != access
    assert answer["data"]["access_token_expire_in"] > time.time() + 6 * 86_400
    assert (await seller.refresh(first))["code"] == 36004001
    assert (await seller.refresh())["code"] == 0


async def test_with_grace_the_old_token_lives_until_the_new_one_was_used(seller: Seller, sandbox: Sandbox) -> None:
    sandbox.parts["tiktok_shop"].limits["rotation_grace"] = 1
    old = seller.refresh_token
    assert (await seller.refresh(old))["code"] == 0
    assert (await seller.refresh(old))["code"] == 0
    await seller.call("POST", SEARCH, SIZE, {})
    assert (await seller.refresh(old))["code"] == 36004001


async def test_a_code_is_good_once(seller: Seller, world: World) -> None:
    query = {
        "app_key": seller.key,
        "app_secret": seller.secret,
        "auth_code": f"ROW_canary-auth-code-{world.seed}",
        "grant_type": "authorized_code",
    }
    codes = [(await seller.client.get(f"{seller.auth}/api/v2/token/get", params=query)).json()["code"] for _ in "ab"]
    assert codes == [0, 36004005]


async def test_an_access_token_dies_after_a_week(seller: Seller, sandbox: Sandbox) -> None:
    sandbox.clock.advance(7 * 86_400 + 1)
    assert (await seller.send("POST", SEARCH, SIZE, {})).json()["code"] == 105002
    await seller.refresh()
    await seller.call("POST", SEARCH, SIZE, {})


async def test_a_revoked_scope_is_named(seller: Seller, sandbox: Sandbox) -> None:
    _part(sandbox).tokens.scopes.discard("seller.order.info")
    words = (await seller.send("POST", SEARCH, SIZE, {})).json()
    assert words["code"] == 105005
    assert "seller.order.info" in words["message"]


async def test_a_seller_can_take_everything_back(seller: Seller, sandbox: Sandbox) -> None:
    _part(sandbox).deauthorize()
    assert (await seller.send("POST", SEARCH, SIZE, {})).json()["code"] == 105001
    assert (await seller.refresh())["code"] == 36004001


async def test_tokens_that_live_a_few_requests_still_let_work_go_on(world: World) -> None:
    faults = Faults(1, {"token_expiry": 1.0})
    async with Sandbox(world, Clock(NOW, frozen=True), faults, parts=["tiktok_shop"], deliver=False) as sandbox:
        seller = Seller(sandbox)
        await seller.refresh()
        codes = [(await seller.send("POST", SEARCH, SIZE, {})).json()["code"] for _ in range(20)]
        assert codes[:3] == [0, 0, 0]
        assert codes[-1] == 105002
        await seller.refresh()
        assert (await seller.send("POST", SEARCH, SIZE, {})).json()["code"] == 0
        await seller.client.aclose()


async def test_too_fast_is_refused_in_both_forms_of_the_platform(seller: Seller, sandbox: Sandbox) -> None:
    sandbox.parts["tiktok_shop"].limits["requests_per_second"] = 2
    answers = [await seller.send("POST", SEARCH, SIZE, {}) for _ in range(8)]
    refused = [answer for answer in answers if answer.json()["code"] == 36009002]
    assert {answer.status_code for answer in refused} == {200, 429}
    assert all("Retry-After" in answer.headers for answer in refused if answer.status_code == 429)


async def test_an_unknown_path_has_the_envelope_too(seller: Seller) -> None:
    answer = await seller.send("GET", "/order/209901/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == 36009009
