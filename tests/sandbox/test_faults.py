"""Faults by name: seeded, bounded, and each what it says on the wire."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import NAMES, REQUEST_FAULTS, Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World

SEARCH = "/order/202309/orders/search"


@given(st.integers(0, 99), st.floats(0, 1), st.integers(1, 4))
def test_a_fault_strikes_one_request_only_so_often_in_a_row(seed: int, rate: float, in_a_row: int) -> None:
    faults = Faults(seed, dict.fromkeys(REQUEST_FAULTS, rate), in_a_row=in_a_row)
    row = 0
    for _ in range(40):
        row = row + 1 if faults.on_request("the same") else 0
        assert row <= in_a_row


@given(st.integers(0, 99), st.floats(0, 1))
def test_a_seed_fixes_the_schedule(seed: int, rate: float) -> None:
    one, other = (Faults(seed, {"reset": rate, "slow": rate}) for _ in "ab")
    assert [one.on_request(str(n % 3)) for n in range(30)] == [other.on_request(str(n % 3)) for n in range(30)]
    assert one.strikes("hook_drop", "x") is False


@pytest.mark.parametrize("rates", [{"typo": 0.1}, {"reset": 1.5}, {"reset": -0.1}])
def test_a_wrong_name_or_rate_is_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(rates))):
        Faults(0, rates)


@pytest.fixture
async def app(sandbox: Sandbox) -> AsyncIterator[Seller]:
    seller = Seller(sandbox)
    seller.client.timeout = httpx.Timeout(5.0)
    await seller.refresh()
    yield seller
    await seller.client.aclose()


async def _struck(sandbox: Sandbox, app: Seller, name: str) -> httpx.Response:
    sandbox.faults.set({name: 1.0})
    return await app.send("POST", SEARCH, {"page_size": "50"}, {})


@pytest.mark.parametrize(
    ("name", "error"),
    [("timeout", httpx.ReadTimeout), ("reset", httpx.ReadError), ("truncated", httpx.RemoteProtocolError)],
)
async def test_a_broken_connection_is_broken(
    sandbox: Sandbox, app: Seller, name: str, error: type[httpx.TransportError]
) -> None:
    if name == "timeout":
        app.client.timeout = httpx.Timeout(0.2)
    with pytest.raises(error):
        await _struck(sandbox, app, name)
    assert sandbox.struck == [name]


async def test_a_server_error_is_a_page_of_html(sandbox: Sandbox, app: Seller) -> None:
    answer = await _struck(sandbox, app, "5xx")
    assert answer.status_code >= 500
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_throttle_speaks_as_the_platform_does(sandbox: Sandbox, app: Seller) -> None:
    answer = await _struck(sandbox, app, "throttle")
    assert answer.json()["code"] == 36009002


async def test_a_malformed_answer_is_200_and_no_json(sandbox: Sandbox, app: Seller) -> None:
    answer = await _struck(sandbox, app, "malformed")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_a_slow_answer_is_right(sandbox: Sandbox, app: Seller) -> None:
    answer = await _struck(sandbox, app, "slow")
    assert answer.json()["code"] == 0


async def test_tokens_are_never_lost_on_the_way(sandbox: Sandbox, app: Seller) -> None:
    sandbox.faults.set({"truncated": 0.5, "malformed": 0.5, "5xx": 0.5, "throttle": 0.5})
    for _ in range(20):
        try:
            await app.refresh()
        except json.JSONDecodeError:
            continue
    sandbox.faults.set({})
    assert (await app.refresh())["code"] == 0


async def test_a_client_that_tries_again_gets_everything(world: World) -> None:
    rates = {name: 0.15 for name in NAMES if name not in ("timeout", "token_expiry")}
    faults = Faults(5, rates, slow=0.01)
    async with Sandbox(world, Clock(NOW, frozen=True), faults, parts=["tiktok_shop"], deliver=False) as sandbox:
        seller = Seller(sandbox)
        while not seller.access_token:
            seller = await _refreshed(seller)
        orders, token = set(), ""
        while True:
            data = await _until_answered(seller, token)
            orders |= {order["id"] for order in data["orders"]}
            token = data["next_page_token"]
            if not token:
                break
        await seller.client.aclose()
        native = {s.order_id for s in world.sales if s.platform == "tiktok_shop" and s.placed_at <= NOW}
        assert orders == native
        assert len(set(sandbox.struck)) >= 4


async def _refreshed(seller: Seller) -> Seller:
    with contextlib.suppress(httpx.TransportError, json.JSONDecodeError):
        await seller.refresh()
    return seller


async def _until_answered(seller: Seller, token: str) -> dict[str, object]:
    for _ in range(5):
        try:
            query = {"page_size": "10", "page_token": token} if token else {"page_size": "10"}
            words = (await seller.send("POST", SEARCH, query, {})).json()
        except (httpx.TransportError, json.JSONDecodeError):
            continue
        if words["code"] == 0:
            return words["data"]
    raise AssertionError("a fault struck the same request too often")
