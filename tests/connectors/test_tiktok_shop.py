"""TikTok Shop's wire, against the official schema: signatures, windows, pages, keys, days, tokens, subscriptions."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tiktok_fakes import (
    ACCOUNT,
    CONNECTOR,
    NOW,
    STREAMS,
    TOKEN,
    FakeSession,
    Official,
    all_of,
    day_window,
    good,
    refused,
    settings,
    window,
)
from jalon.connectors.base import Answer, Credentials, Ref, Request, Skip, Stop, Stream
from jalon.connectors.tiktok_analytics import SETTLED
from jalon.connectors.tiktok_signing import sign

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


# --- days -------------------------------------------------------------------------------------------------------------


async def test_videos_of_a_day_and_what_was_clicked_in_them(official: Official) -> None:
    found = [{"id": "71", "product_clicks": 3}, {"id": 72, "product_clicks": 0}, {"id": "73"}]
    session = FakeSession(
        lambda _: good({"latest_available_date": "2025-11-19", "videos": found, "total_count": 3}),
        timezone="America/New_York",
    )
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("videos")))
    official.hold(session.asked[0])
    assert session.asked[0].query["start_date_ge"] == "2025-11-19"
    assert session.asked[0].query["end_date_lt"] == "2025-11-20"
    assert [record.key for record in batch.records] == ["2025-11-19/71", "2025-11-19/72", "2025-11-19/73"]
    assert batch.follow == [Ref("video_products", "71/2025-11-19")]
    assert batch.records[0].body["api"] == "202605"


@pytest.mark.parametrize(("stream", "rows"), [("videos", "videos"), ("lives", "live_stream_sessions")])
async def test_a_day_that_is_not_available_is_never_written(stream: str, rows: str) -> None:
    data = {"latest_available_date": "2025-11-18", rows: [{"id": "1"}]}
    (batch,) = await all_of(
        CONNECTOR.pull(FakeSession(lambda _: good(data), timezone="America/New_York"), day_window(stream))
    )
    assert not batch.records
    assert batch.later is not None
    assert batch.later > NOW


@pytest.mark.parametrize(("age", "records"), [(1, 0), (4, 1)])
async def test_an_answer_without_its_latest_day_is_believed_after_three_days(age: int, records: int) -> None:
    now = datetime.fromisoformat("2025-11-20T05:00:00+00:00").timestamp() + age * 86400
    session = FakeSession(lambda _: good({"videos": [{"id": "1"}]}), now, timezone="America/New_York")
    (batch,) = await all_of(CONNECTOR.pull(session, day_window("videos")))
    assert len(batch.records) == records


@pytest.mark.parametrize(("age", "settled"), [(11.9, False), (12.1, True)])
async def test_figures_are_settled_twelve_days_after_their_day(age: float, settled: bool) -> None:
    now = datetime.fromisoformat("2025-11-20T05:00:00+00:00").timestamp() + age * 86400
    data = {"latest_available_date": "2026-01-01", "videos": [{"id": "1"}]}
    (batch,) = await all_of(
        CONNECTOR.pull(FakeSession(lambda _: good(data), now, timezone="America/New_York"), day_window("videos"))
    )
    assert batch.records[0].body["settled"] is settled


@pytest.mark.parametrize("name", ["videos", "lives"])
def test_the_last_look_back_still_reads_a_settled_day(name: str) -> None:
    since_its_end = STREAMS[name].lookback - STREAMS[name].every - timedelta(days=1)
    assert since_its_end >= SETTLED


async def test_lives_are_asked_for_by_each_kind_of_account(official: Official) -> None:
    def play(request: Request) -> Answer:
        kind = request.query["account_type"]
        token = "next" if kind == "MARKETING_ACCOUNTS" and "page_token" not in request.query else ""
        live = {
            "id": str(len(kind)),
            "start_time": "1763584200",
            "end_time": "1763616600",
        }  # 15:30 to 00:30 in New York
        return good({"latest_available_date": "2025-11-20", "live_stream_sessions": [live], "next_page_token": token})

    session = FakeSession(play, timezone="America/New_York")
    batches = await all_of(CONNECTOR.pull(session, day_window("lives")))
    for request in session.asked:
        official.hold(request)
    assert [batch.cursor for batch in batches] == [
        "MARKETING_ACCOUNTS|",
        "MARKETING_ACCOUNTS|next",
        "AFFILIATE_ACCOUNTS|",
        None,
    ]
    assert batches[0].follow == [Ref("live_products", "17/2025-11-19/2025-11-21")]
    assert not batches[3].follow, "the platform counts no products in the LIVEs of others"
    again = FakeSession(play, timezone="America/New_York")
    await all_of(CONNECTOR.pull(again, day_window("lives", cursor="MARKETING_ACCOUNTS|next")))
    assert [request.query["account_type"] for request in again.asked] == ["MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS"]


async def test_a_seller_who_may_not_see_the_lives_of_others_still_sees_their_own() -> None:
    def play(request: Request) -> Answer:
        if request.query["account_type"] == "AFFILIATE_ACCOUNTS":
            return refused(99999)
        return good({"latest_available_date": "2025-11-20"})

    *_, last = await all_of(CONNECTOR.pull(FakeSession(play), day_window("lives")))
    assert last.cursor is None
    assert [skipped.key for skipped in last.skipped] == ["2025-11-19/AFFILIATE_ACCOUNTS"]


async def test_products_of_a_video_on_a_day(official: Official) -> None:
    answers = [
        good({"latest_available_date": "2025-11-19", "products": [{"id": "1"}], "next_page_token": "t"}),
        good({"latest_available_date": "2025-11-19", "products": [{"id": "2"}]}),
    ]
    session = FakeSession(lambda _: answers.pop(0))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["video_products"], ["71/2025-11-19"]))
    for request in session.asked:
        official.hold(request)
    assert [record.key for record in batch.records] == ["2025-11-19/71/1", "2025-11-19/71/2"]


async def test_products_of_a_video_wait_for_their_day() -> None:
    session = FakeSession(lambda _: good({"latest_available_date": "2025-11-18", "products": [{"id": "1"}]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["video_products"], ["71/2025-11-19"]))
    assert not batch.records
    assert batch.later is not None


async def test_products_of_a_live(official: Official) -> None:
    session = FakeSession(lambda _: good({"products": [{"id": "1", "traffic": {"produt_clicks": 4}}]}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["live_products"], ["17/2025-11-19/2025-11-21"]))
    official.hold(session.asked[0])
    assert [(r.key, r.body["start"], r.body["end"]) for r in batch.records] == [("17/1", "2025-11-19", "2025-11-21")]


@given(st.sampled_from(["video_products", "live_products"]), st.text(max_size=40))
async def test_no_key_leads_astray(stream: str, key: str) -> None:
    session = FakeSession(lambda _: good({}))
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS[stream], [key]))
    assert batch.skipped
    assert not session.asked


async def test_a_stream_that_is_not_read_by_key_says_so() -> None:
    with pytest.raises(LookupError, match="content_tags"):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: good({})), STREAMS["content_tags"], ["1"]))


def test_streams_are_what_the_documentation_lists() -> None:
    text = (Path(__file__).parents[2] / "docs" / "connectors" / "tiktok_shop.md").read_text()
    assert all(f"`{name}`" in text for name in STREAMS)
    assert all(isinstance(stream, Stream) for stream in STREAMS.values())


# --- tokens -----------------------------------------------------------------------------------------------------------

PAIR = {
    "access_token": "new",
    "access_token_expire_in": 1_764_600_000,
    "refresh_token": "newer",
    "refresh_token_expire_in": 1_800_000_000,
    "user_type": 0,
}


async def test_the_stored_refresh_token_is_exchanged_first_and_once() -> None:
    session = FakeSession(lambda _: good(PAIR), refresh_token="first", auth_code="code")
    renewed = await CONNECTOR.renew(session, Credentials("old", "stored"))
    assert renewed == Credentials("new", "newer", 1_764_600_000.0, 1_800_000_000.0)
    (request,) = session.asked
    assert request.query == {
        "app_key": "68xu9ks5p4i8",
        "app_secret": "e59af819cc",
        "refresh_token": "stored",
        "grant_type": "refresh_token",
    }
    assert (request.host, request.anonymous, request.idempotent) == ("auth", True, False)


async def test_a_first_code_is_exchanged_as_the_platform_spells_it() -> None:
    session = FakeSession(lambda _: good(PAIR), auth_code="4/once")
    await CONNECTOR.renew(session, None)
    assert session.asked[0].path == "/api/v2/token/get"
    assert session.asked[0].query["grant_type"] == "authorized_code"
    assert session.asked[0].query["auth_code"] == "4/once"
    assert "4/once" not in repr(session.settings)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({**PAIR, "user_type": 1}, "not a seller's"),
        ({"access_token": "only"}, "no pair"),
        ({}, "no pair"),
        (None, "no pair"),
    ],
)
async def test_tokens_that_are_of_no_use_stop_the_source(data: Any, what: str) -> None:
    with pytest.raises(Stop, match=what) as stopped:
        await CONNECTOR.renew(FakeSession(lambda _: good(data), refresh_token="r"), None)
    assert stopped.value.kind == "auth"


async def test_nothing_to_exchange_names_the_remedy() -> None:
    with pytest.raises(Stop) as stopped:
        await CONNECTOR.renew(FakeSession(lambda _: good(PAIR)), None)
    assert "authorise" in stopped.value.remedy


# --- shops and subscriptions ------------------------------------------------------------------------------------------

ONE = {"id": "7495540735365777507", "name": "Paper House", "region": "US", "cipher": "ROW_a", "seller_type": "LOCAL"}
TWO = {**ONE, "id": "7495540735365777508", "cipher": "ROW_b", "region": "GB"}


async def test_the_only_shop_is_taken(official: Official) -> None:
    session = FakeSession(lambda _: good({"shops": [ONE]}))
    account = await CONNECTOR.greet(session)
    official.hold(session.asked[0])
    assert "shop_cipher" not in session.asked[0].query
    assert account["shop_cipher"] == "ROW_a"


async def test_of_several_shops_one_must_be_named() -> None:
    shops = {"shops": [ONE, TWO]}
    with pytest.raises(Stop) as stopped:
        await CONNECTOR.greet(FakeSession(lambda _: good(shops)))
    assert ONE["id"] in stopped.value.remedy
    assert TWO["id"] in stopped.value.remedy
    account = await CONNECTOR.greet(FakeSession(lambda _: good(shops), shop_id=TWO["id"]))
    assert account["shop_cipher"] == "ROW_b"


@pytest.mark.parametrize("shops", [[], [TWO]])
async def test_a_shop_that_is_not_authorised_stops_the_source(shops: list[dict[str, str]]) -> None:
    with pytest.raises(Stop, match="not authorised"):
        await CONNECTOR.greet(FakeSession(lambda _: good({"shops": shops}), shop_id=ONE["id"]))


async def test_missing_topics_are_subscribed_and_foreign_addresses_replaced(official: Official) -> None:
    here = "https://jalon.example/hook/secret-part"
    there = [
        {"event_type": "ORDER_STATUS_CHANGE", "address": here},
        {"event_type": "RETURN_STATUS_CHANGE", "address": "https://old.example/x"},
    ]
    session = FakeSession(lambda request: good({"webhooks": there} if request.method == "GET" else {}))
    findings = [finding async for finding in CONNECTOR.subscribe(session, here)]
    for request in session.asked:
        official.hold(request)
    put = [json.loads(request.body) for request in session.asked if request.method == "PUT"]
    assert {hook["event_type"] for hook in put} == {
        "CANCELLATION_STATUS_CHANGE",
        "RETURN_STATUS_CHANGE",
        "SELLER_DEAUTHORIZATION",
        "UPCOMING_AUTHORIZATION_EXPIRATION",
    }
    assert {hook["address"] for hook in put} == {here}
    assert [finding.detail for finding in findings if finding.level == "warn"] == [
        "was delivered to old.example before"
    ]
    assert "secret-part" not in str(findings)


async def test_doctor_names_what_is_wrong_and_goes_on(official: Official) -> None:
    def play(request: Request) -> Answer:
        if request.path.startswith("/affiliate_seller"):
            return refused(105005)
        return good({"shops": [ONE]} if request.path.startswith("/authorization") else {})

    session = FakeSession(play, timezone="Europe/Paris")
    findings = {finding.name: finding async for finding in CONNECTOR.examine(session)}
    for request in session.asked:
        official.hold(request)
    assert findings["shop"].level == "ok"
    assert findings["timezone"].level == "warn"
    assert findings["orders"].level == "ok"
    assert findings["affiliate orders"].level == "warn"
    assert "seller.affiliate_collaboration.read" in findings["affiliate orders"].remedy


async def test_doctor_without_a_shop_says_only_that() -> None:
    findings = [finding async for finding in CONNECTOR.examine(FakeSession(lambda _: good({"shops": []})))]
    assert [(finding.name, finding.level) for finding in findings] == [("shop", "fail")]
