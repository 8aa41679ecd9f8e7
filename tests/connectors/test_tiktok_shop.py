"""TikTok Shop's wire, against the official schema: signatures, windows, pages, keys, days, tokens, subscriptions."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Ref, Request, Skip, Stream
from jalon.connectors.tiktok_shop.signing import sign
from tests.connectors.played import all_of
from tests.connectors.tiktok_fakes import (
    ACCOUNT,
    CONNECTOR,
    NOW,
    STREAMS,
    TOKEN,
    FakeSession,
    Official,
    good,
    refused,
    settings,
    window,
)

SEARCHED = ["orders", "affiliate_orders", "returns", "cancellations", "products"]


# --- signatures -------------------------------------------------------------------------------------------------------


def test_the_official_signing_vectors(contracts: Path) -> None:
    for vector in json.loads((contracts / "tiktok-shop" / "signing_vectors.json").read_text()):
        body = (vector["body"] or "").encode()
        assert sign(vector["path"], vector["query"], body, vector["app_secret"]) == vector["sign"], vector["name"]


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=5), st.binary(max_size=50))
def test_a_signature_covers_every_parameter_and_byte_but_no_token(query: dict[str, str], body: bytes) -> None:
    signed = sign("/p", query, body, "secret")
    assert sign("/p", {**query, "access_token": "x", "sign": "y"}, body, "secret") == signed or {
        "sign",
        "access_token",
    } & set(query)
    assert sign("/p", query, body + b" ", "secret") != signed
    assert sign("/q", query, body, "secret") != signed
    assert sign("/p", dict(reversed(query.items())), body, "secret") == signed


def test_a_request_is_signed_over_decoded_values_and_its_very_bytes() -> None:
    request = Request("POST", "/order/202309/orders/search", {"page_token": "aDJ0/Lk=+"}, b'{"a": 1}')
    prepared = CONNECTOR.prepare(request, settings(), TOKEN, ACCOUNT, 1_700_000_000.9)
    text = (
        "e59af819cc/order/202309/orders/searchapp_key68xu9ks5p4i8page_tokenaDJ0/Lk=+"
        'shop_cipherROW_ciphertimestamp1700000000{"a": 1}e59af819cc'
    )
    assert prepared.query["sign"] == hmac.new(b"e59af819cc", text.encode(), hashlib.sha256).hexdigest()
    assert prepared.headers["x-tts-access-token"] == TOKEN.access_token
    assert prepared.body == request.body


def test_analytics_are_begun_slowly_and_throttled_apart_from_orders() -> None:
    figures = Request("GET", "/analytics/202605/shop_videos/performance")
    orders = Request("POST", "/order/202309/orders/search")
    (allowance,) = CONNECTOR.allowances(figures, settings())
    assert allowance.requests / allowance.seconds <= 1.0 < CONNECTOR.starting_rate
    assert CONNECTOR.allowances(orders, settings()) == ()
    assert CONNECTOR.allowances(figures, settings(requests_per_second=10)) == (), "who knows the rate may use it"


def test_an_anonymous_request_carries_no_credential() -> None:
    request = Request("GET", "/api/v2/token/refresh", {"app_key": "k"}, host="auth", anonymous=True)
    assert CONNECTOR.prepare(request, settings(), TOKEN, ACCOUNT, NOW) is request


# --- searches ---------------------------------------------------------------------------------------------------------


def pages(stream: str, *found: list[dict[str, Any]]) -> Any:
    """Play a search: its pages in order, a token between them, the list left out where it is empty."""
    names = {"returns": "return_orders", "affiliate_orders": "orders"}
    left = list(found)

    def play(request: Request) -> Answer:
        rows, more = left.pop(0), bool(left)
        data = {names.get(stream, stream): rows} if rows else {}
        return good({**data, "total_count": 3, "next_page_token": "aDJ0/Lk=" if more else ""})

    return play


@pytest.mark.parametrize("stream", SEARCHED)
async def test_a_search_is_the_documented_request(stream: str, official: Official) -> None:
    session = FakeSession(pages(stream, [], []))
    batches = await all_of(CONNECTOR.pull(session, window(stream)))
    for request in session.asked:
        official.hold(request)
    assert [batch.cursor for batch in batches] == ["aDJ0/Lk=", None]
    assert [request.query.get("page_token") for request in session.asked] == [None, "aDJ0/Lk="]
    assert len({request.body for request in session.asked}) == 1, "the bounds must stay the same from page to page"


@pytest.mark.parametrize("stream", SEARCHED)
async def test_windows_that_meet_share_no_second_and_leave_none_out(stream: str) -> None:
    seconds: list[int] = []
    for low, high in [(NOW, NOW + 10.4), (NOW + 10.4, NOW + 20)]:
        session = FakeSession(pages(stream, []))
        await all_of(CONNECTOR.pull(session, window(stream, low, high)))
        body = json.loads(session.asked[0].body)
        first, last = min(body.values()), max(body.values())
        seconds += range(first, last + 1 if any(name.endswith("_le") for name in body) else last)
    assert seconds == [*range(int(NOW), int(NOW) + 20)]


@pytest.mark.parametrize(
    ("stream", "field", "order"),
    [
        ("orders", "update_time", {"sort_field": "update_time", "sort_order": "ASC"}),
        ("returns", "update_time", {"sort_field": "update_time", "sort_order": "ASC"}),
        ("cancellations", "update_time", {"sort_field": "update_time", "sort_order": "ASC"}),
        ("affiliate_orders", "create_time", {}),
        ("products", "update_time", {}),
    ],
)
async def test_what_changes_is_walked_by_its_update_time_oldest_first(
    stream: str, field: str, order: dict[str, str]
) -> None:
    session = FakeSession(pages(stream, []))
    await all_of(CONNECTOR.pull(session, window(stream)))
    (request,) = session.asked
    assert {name.rpartition("_")[0] for name in json.loads(request.body)} == {field}
    assert {name: request.query[name] for name in request.query if name.startswith("sort_")} == order


def test_windows_and_look_backs_are_those_that_the_platform_bears() -> None:
    for name in ("orders", "returns", "cancellations"):
        assert STREAMS[name].lookback >= STREAMS[name].every > timedelta(0), "update times move while they are paged"
    affiliate = STREAMS["affiliate_orders"]
    assert affiliate.window <= timedelta(days=89), "one request may span three months"
    assert timedelta(days=60) <= affiliate.lookback, "settlement and returns move for weeks"
    assert affiliate.every <= timedelta(days=1)
    assert STREAMS["orders"].batch <= 50


async def test_a_window_within_one_second_asks_nothing() -> None:
    session = FakeSession(pages("orders"))
    assert [
        batch.cursor for batch in await all_of(CONNECTOR.pull(session, window("orders", NOW + 0.2, NOW + 0.8)))
    ] == [None]
    assert not session.asked


async def test_a_window_goes_on_from_its_cursor() -> None:
    session = FakeSession(pages("orders", []))
    await all_of(CONNECTOR.pull(session, window("orders", cursor="page/3=")))
    assert session.asked[0].query["page_token"] == "page/3="


async def test_orders_are_keyed_by_id_and_versioned_by_their_update() -> None:
    rows = [{"id": "576486316948490001", "update_time": 1763600000}, {"id": 576486316948490002}, {"update_time": 1}]
    (batch,) = await all_of(CONNECTOR.pull(FakeSession(pages("orders", rows)), window("orders")))
    assert [(r.key, r.version) for r in batch.records] == [
        ("576486316948490001", 1763600000_000000),
        ("576486316948490002", 0),
        ("", 1_000_000),  # the engine puts what has no key aside, with its body
    ]
    assert batch.total == 3


async def test_one_affiliate_order_on_two_pages_loses_no_sku() -> None:
    sku = {"sku_id": "1", "content_id": "77", "quantity": 1}
    first = [{"id": "5", "create_time": 1763000000, "skus": [sku]}]
    second = [
        {
            "id": "5",
            "create_time": 1763000000,
            "skus": [{**sku, "sku_id": "2"}, {**sku, "content_id": "", "content_type": "SHOP"}],
        }
    ]
    batches = await all_of(
        CONNECTOR.pull(FakeSession(pages("affiliate_orders", first, second)), window("affiliate_orders"))
    )
    records = [record for batch in batches for record in batch.records]
    assert [record.key for record in records] == ["5/1/77", "5/2/77", "5/1/SHOP"]
    assert all(record.body["order_id"] == "5" and record.body["create_time"] == 1763000000 for record in records)


async def test_a_list_that_is_none_is_never_taken_for_an_empty_one() -> None:
    with pytest.raises(Exception, match="not a list"):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: good({"orders": {"id": "1"}})), window("orders")))


async def test_switched_off_streams_ask_nothing() -> None:
    session = FakeSession(pages("orders"), affiliate=False, analytics=False)
    for stream in ("affiliate_orders", "videos", "lives"):
        assert [batch.cursor for batch in await all_of(CONNECTOR.pull(session, window(stream)))] == [None]
    assert [b.records for b in await all_of(CONNECTOR.fetch(session, STREAMS["video_products"], ["1/2025-11-19"]))] == [
        ()
    ]
    assert not session.asked


# --- by key -----------------------------------------------------------------------------------------------------------


async def test_orders_by_id(official: Official) -> None:
    session = FakeSession(lambda _: good({"orders": [{"id": "1", "update_time": 5}]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["orders"], ["1", "2", "../3"]))
    official.hold(session.asked[0])
    assert session.asked[0].query["ids"] == "1,2"
    assert [record.key for record in batch.records] == ["1"]
    assert [(s.key, s.reason) for s in batch.skipped] == [("../3", "bad_id"), ("2", "not_found")]


@pytest.mark.parametrize(
    ("stream", "name", "key"),
    [("returns", "return_orders", "return_id"), ("cancellations", "cancellations", "cancel_id")],
)
async def test_aftersales_by_order(stream: str, name: str, key: str, official: Official) -> None:
    answers = [
        good({name: [{key: "8", "order_id": "1"}], "next_page_token": "t"}),
        good({name: [{key: "9", "order_id": "1"}]}),
    ]
    session = FakeSession(lambda _: answers.pop(0))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS[stream], ["1", "2"]))
    for request in session.asked:
        official.hold(request)
    assert json.loads(session.asked[1].body) == {"order_ids": ["1", "2"]}
    assert [record.key for record in batch.records] == ["8", "9"]
    assert not batch.skipped, "an order without returns is no fault"


async def test_a_return_that_changes_while_pages_are_read_hides_no_other() -> None:
    returns = [{"return_id": key, "create_time": at, "update_time": at} for key, at in (("8", 1), ("9", 2))]

    def play(request: Request) -> Answer:
        at = int(request.query.get("page_token", "0"))
        shown = sorted(returns, key=lambda row: row[request.query["sort_field"]])[at]
        returns[0]["update_time"] = 3
        return good({"return_orders": [shown], "next_page_token": "" if at else "1"})

    (batch,) = await all_of(CONNECTOR.fetch(FakeSession(play), STREAMS["returns"], ["1", "2"]))
    assert {record.key for record in batch.records} == {"8", "9"}


async def test_a_refused_key_is_left_to_the_engine() -> None:
    with pytest.raises(Skip):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: refused(12345)), STREAMS["orders"], ["1", "2"]))


async def test_external_ids_are_looked_up_only_where_wanted(official: Official) -> None:
    row = {"id": "1", "create_time": 1763000000}
    (none,) = await all_of(CONNECTOR.pull(FakeSession(pages("orders", [row])), window("orders")))
    assert not none.follow
    asked = FakeSession(pages("orders", [row]), external_platforms=("SHOPIFY",))
    (batch,) = await all_of(CONNECTOR.pull(asked, window("orders")))
    assert batch.follow == [Ref("external_orders", "1", 1763000000 + 7200)]

    def play(request: Request) -> Answer:
        return good(
            {"external_orders": [{"id": "55", "platform": "SHOPIFY"}]} if request.query["platform"] == "SHOPIFY" else {}
        )

    session = FakeSession(play, external_platforms=("SHOPIFY", "WOOCOMMERCE"))
    (found,) = await all_of(CONNECTOR.fetch(session, STREAMS["external_orders"], ["1"]))
    for request in session.asked:
        official.hold(request)
    assert [record.key for record in found.records] == ["1/SHOPIFY"]


def test_streams_are_what_the_documentation_lists() -> None:
    text = (Path(__file__).parents[2] / "docs" / "connectors" / "tiktok_shop.md").read_text()
    assert all(f"`{name}`" in text for name in STREAMS)
    assert all(isinstance(stream, Stream) for stream in STREAMS.values())
