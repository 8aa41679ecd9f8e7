"""TikTok Shop's account: tokens that rotate, which shop, what doctor says, subscriptions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jalon.connectors.base import Answer, Credentials, Finding, Request, Stop
from jalon.connectors.tiktok_shop.account import SUBSCRIBED
from jalon.connectors.tiktok_shop.faults import SECRETS
from tests.connectors.tiktok_fakes import CONNECTOR, FakeSession, Official, good, refused

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


async def subscribing(address: str, refusal: Answer) -> list[Finding]:
    """Subscribe where all but one topic are refused."""

    def play(request: Request) -> Answer:
        if request.method == "GET" or b"RETURN_STATUS_CHANGE" in request.body:
            return good({})
        return refusal

    return [finding async for finding in CONNECTOR.subscribe(FakeSession(play), address)]


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("https://hooks.example.com/in/x", True),
        ("https://1.example/in", True),
        ("https://hooks.example.com:8443/in", False),
        ("https://203.0.113.7/in", False),
        ("https://[2001:db8::1]/in", False),
        ("http://hooks.example.com/in", False),
    ],
)
async def test_a_refused_topic_is_told_and_the_others_go_on(address: str, fits: bool) -> None:
    findings = await subscribing(address, refused(36009004, "Invalid address"))
    assert [finding.level for finding in findings].count("ok") == 1
    remedies = {finding.remedy for finding in findings if finding.level == "warn"}
    assert len(remedies) == 1
    assert ("without a port" in remedies.pop()) is not fits
    assert address not in str(findings)


async def test_a_subscription_that_is_not_permitted_names_the_remedy() -> None:
    findings = await subscribing("https://hooks.example.com/in/x", refused(106001))
    assert {finding.remedy for finding in findings if finding.level == "warn"} == {SECRETS}


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
    assert findings["orders"].level == findings["figures"].level == "ok"
    assert findings["affiliate orders"].level == "warn"
    assert "seller.affiliate_collaboration.read" in findings["affiliate orders"].remedy


async def test_doctor_says_which_deliveries_do_not_come() -> None:
    here = [{"event_type": topic, "address": "https://hooks.example.com/in/x"} for topic in SUBSCRIBED]

    async def told(hooks: Answer) -> Finding:
        session = FakeSession(lambda r: hooks if r.path.startswith("/event") else good({"shops": [ONE]}))
        return [finding async for finding in CONNECTOR.examine(session)][-1]

    assert (await told(good({"webhooks": here}))).level == "ok"
    some = await told(good({"webhooks": here[1:]}))
    assert (some.name, some.level, some.detail) == ("deliveries", "warn", "not subscribed: ORDER_STATUS_CHANGE")
    assert "public_url" in some.remedy
    assert SUBSCRIBED[-1] in (await told(good({}))).detail
    assert "seller.authorization.info" in (await told(refused(105005))).remedy


async def test_doctor_without_a_shop_says_only_that() -> None:
    findings = [finding async for finding in CONNECTOR.examine(FakeSession(lambda _: good({"shops": []})))]
    assert [(finding.name, finding.level) for finding in findings] == [("shop", "fail")]
