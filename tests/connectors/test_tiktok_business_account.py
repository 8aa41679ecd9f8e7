"""TikTok for Business' account matters: what a refusal means, tokens that last a day and a year, doctor, deliveries."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Credentials, Delivery, Fault, Renew, Request, Stop, Undelivered, Wait
from jalon.connectors.tiktok_business.answers import ADS
from jalon.connectors.tiktok_business.faults import Unasked
from tests.connectors.business_fakes import (
    ADVERTISER,
    CONNECTOR,
    NOW,
    OPEN_ID,
    STORE,
    FakeSession,
    answer,
    page,
    refused,
    replies,
    settings,
)

DAY = 86_400
OF_ACCOUNT = Request("GET", "/business/video/list/")
OF_ADS = Request("GET", "/report/integrated/get/", host=ADS, anonymous=True)
OF_TOKENS = Request("POST", "/tt_user/oauth2/refresh_token/", host="auth", anonymous=True)
HTML = Answer(502, {}, b"<html>Bad Gateway</html>")

# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "reply", "kind"),
    [
        (OF_ACCOUNT, refused(40001), Stop),
        (OF_ACCOUNT, refused(40002), Unasked),
        (OF_ACCOUNT, refused(40100), Wait),
        (OF_ACCOUNT, refused(40101), Stop),
        (OF_ACCOUNT, refused(40105), Renew),
        (OF_ADS, refused(40105), Stop),
        (OF_ACCOUNT, refused(40199, "Access token has expired"), Renew),
        (OF_ADS, refused(40199, "the access_token is empty"), Stop),
        (OF_ACCOUNT, refused(40199, "something else"), Fault),
        (OF_TOKENS, refused(40110), Stop),
        (OF_TOKENS, refused(40107, "Refresh token is invalid"), Stop),
        (OF_TOKENS, refused(40002), Stop),
        (OF_TOKENS, refused(40100), Wait),
        (OF_TOKENS, refused(50000), Wait),
        (OF_ACCOUNT, refused(50000), Wait),
        (OF_ACCOUNT, refused(51010), Wait),
        (OF_ACCOUNT, refused(40002, status=500), Wait),
        (OF_ACCOUNT, refused(61000), Fault),
        (OF_ACCOUNT, refused(0, status=400), Fault),
        (OF_ACCOUNT, HTML, Wait),
        (OF_ACCOUNT, Answer(429, {}, b""), Wait),
        (OF_ACCOUNT, Answer(404, {}, b"<html>"), Stop),
        (OF_ACCOUNT, Answer(200, {}, b"{}"), Wait),
        (OF_ACCOUNT, Answer(200, {}, b"<html>"), Wait),
        (OF_ACCOUNT, Answer(200, {}, b'{"code": "0"}'), Wait),
    ],
)
def test_what_a_refusal_means(request_: Request, reply: Answer, kind: type[Fault]) -> None:
    fault = CONNECTOR.judge(request_, reply)
    assert type(fault) is kind
    if isinstance(fault, Stop):
        assert fault.remedy


@pytest.mark.parametrize("reply", [refused(40100), refused(40100, status=429), Answer(429, {}, b"")])
def test_the_limit_of_an_app_within_http_200_lets_everyone_wait(reply: Answer) -> None:
    fault = CONNECTOR.judge(OF_ACCOUNT, reply)
    assert isinstance(fault, Wait)
    assert fault.throttled


def test_a_good_answer_is_no_fault_and_a_refusal_names_the_request_alone() -> None:
    assert CONNECTOR.judge(OF_ACCOUNT, answer({})) is None
    fault = CONNECTOR.judge(OF_ACCOUNT, refused(40002, "fields: canary of a person"))
    assert fault is not None
    assert "request 20251124000001" in fault.reason
    assert "canary" not in fault.reason


@given(st.integers(), st.text(max_size=30), st.sampled_from([200, 400, 401, 429, 500]))
def test_any_code_is_judged(code: int, message: str, status: int) -> None:
    fault = CONNECTOR.judge(OF_ACCOUNT, refused(code, message, status))
    assert (fault is None) == (code == 0 and status == 200)


# --- tokens -----------------------------------------------------------------------------------------------------------


def recorded(contracts: Path, name: str) -> Answer:
    body = (contracts / "tiktok-business" / f"business_account_{name}_resp.json").read_bytes()
    return Answer(200, {}, body)


async def test_a_code_is_exchanged_as_the_recorded_answer_says(contracts: Path) -> None:
    session = FakeSession(
        replies(recorded(contracts, "token")), refresh_token=None, auth_code="code", redirect_uri="https://done"
    )
    found = await CONNECTOR.renew(session, None)
    (asked,) = session.asked
    assert (asked.path, asked.idempotent, asked.anonymous) == ("/tt_user/oauth2/token/", False, True)
    assert json.loads(asked.body) == {
        "client_id": "7311",
        "client_secret": "secret",
        "grant_type": "authorization_code",
        "auth_code": "code",
        "redirect_uri": "https://done",
    }
    assert found == Credentials("act.token", "rft.token", NOW + DAY, NOW + 31_536_000)


async def test_a_refresh_does_not_prolong_the_year(contracts: Path) -> None:
    session = FakeSession(replies(recorded(contracts, "refresh")))
    before = Credentials("act.old", "rft.old", NOW - 1, NOW + 31_527_314)
    found = await CONNECTOR.renew(session, before)
    assert json.loads(session.asked[0].body)["refresh_token"] == "rft.old", "the one that is held, not the first"
    assert found == Credentials("act.token", "rft.token", NOW + DAY, NOW + 31_527_314)


async def test_an_answer_without_a_refresh_token_leaves_the_used_one_and_its_end() -> None:
    session = FakeSession(replies(answer({"access_token": "act.new", "expires_in": 86400})))
    before = Credentials("act.old", "rft.old", None, NOW + 5 * DAY)
    assert await CONNECTOR.renew(session, before) == Credentials("act.new", "rft.old", NOW + DAY, NOW + 5 * DAY)


async def test_without_a_token_in_the_answer_a_person_must_act() -> None:
    with pytest.raises(Stop):
        await CONNECTOR.renew(FakeSession(replies(answer({}))), None)
    with pytest.raises(Stop):
        await CONNECTOR.renew(FakeSession(replies(answer({})), refresh_token=None), None)


# --- whose accounts ---------------------------------------------------------------------------------------------------


def world(request: Request) -> Answer:
    """Play both accounts."""
    if request.path == "/tt_user/token_info/get/":
        assert json.loads(request.body) == {"app_id": "7311", "access_token": "act.of-the-account"}
        return answer({"app_id": "7311", "creator_id": OPEN_ID, "scope": "video.list,video.insights,user.insights"})
    if request.path == "/business/get/":
        return answer({"username": "atelier.jalon"})
    if request.path == "/advertiser/info/":
        assert json.loads(request.query["advertiser_ids"]) == [ADVERTISER]
        named = {"name": "Atelier", "currency": "EUR", "timezone": "Etc/GMT-1", "display_timezone": "Europe/Paris"}
        return answer({"list": [{"advertiser_id": int(ADVERTISER), **named, "email": "canary"}]})
    if request.path == "/gmv_max/store/list/":
        return answer({"store_list": [{"store_id": STORE, "is_gmv_max_available": True}]})
    raise AssertionError(request.path)


async def test_both_accounts_are_known_by_the_ad_account_s_zone_and_currency() -> None:
    found = await CONNECTOR.greet(FakeSession(world, account={}))
    assert found["shop_id"] == found["open_id"] == OPEN_ID
    assert (found["zone"], found["currency"], found["username"]) == ("Europe/Paris", "EUR", "atelier.jalon")
    assert "canary" not in str(found)


async def test_one_account_alone_is_known_by_itself() -> None:
    ads = await CONNECTOR.greet(FakeSession(world, account={}, refresh_token=None))
    assert (ads["shop_id"], ads["zone"]) == (ADVERTISER, "Europe/Paris")
    own = await CONNECTOR.greet(FakeSession(world, account={}, advertiser_id=None, advertiser_token=None))
    assert (own["shop_id"], own["zone"]) == (OPEN_ID, "UTC")


ADS_ALONE: dict[str, Any] = {"refresh_token": None}
OWN_ALONE: dict[str, Any] = {"advertiser_id": None, "advertiser_token": None}


async def greeted(*settings: dict[str, Any], play: Any = world) -> dict[str, str]:
    """Return what the last of several runs learns, each with other settings."""
    account: dict[str, str] = {}
    for more in settings:
        account = dict(await CONNECTOR.greet(FakeSession(play, account=account, **more)))
    return account


@pytest.mark.parametrize("first", [ADS_ALONE, OWN_ALONE])
async def test_an_account_that_joins_another_is_no_other_source(first: dict[str, Any]) -> None:
    before, after = await greeted(first), await greeted(first, {})
    assert after["shop_id"] == before["shop_id"], "by it the engine knows the source"
    assert {after["open_id"], after["advertiser_id"]} == {OPEN_ID, ADVERTISER}
    assert await greeted(first, {}, first, {}) == after, "also where one is left out for a while"


async def test_an_account_in_place_of_another_is_another_source() -> None:
    assert (await greeted(ADS_ALONE, OWN_ALONE))["shop_id"] == OPEN_ID


@pytest.mark.parametrize("changed", ["open_id", "advertiser_id"])
async def test_each_account_is_held_against_its_own_earlier_id(changed: str) -> None:
    before = {"shop_id": OPEN_ID, "open_id": OPEN_ID, "advertiser_id": ADVERTISER, changed: "71"}
    with pytest.raises(Stop, match="but this source has read 71 so far") as stop:
        await CONNECTOR.greet(FakeSession(world, account=before))
    assert "new source" in stop.value.remedy


@pytest.mark.parametrize("reply", [refused(40001), refused(40002)])
async def test_a_name_that_may_not_be_read_is_done_without(reply: Answer) -> None:
    session = FakeSession(lambda request: reply if request.path == "/business/get/" else world(request), account={})
    assert (await CONNECTOR.greet(session))["username"] == ""


async def test_an_ad_account_that_the_token_does_not_see_stops_with_the_remedy() -> None:
    session = FakeSession(
        lambda request: answer({"list": []}) if request.path == "/advertiser/info/" else world(request), account={}
    )
    with pytest.raises(Stop) as stop:
        await CONNECTOR.greet(session)
    assert "advertiser_id" in stop.value.remedy


async def levels(play: Any, **more: Any) -> dict[str, str]:
    return {each.name: each.level async for each in CONNECTOR.examine(FakeSession(play, account={}, **more))}


async def test_doctor_looks_at_scopes_zone_and_stores() -> None:
    names = {"account", "scopes", "ads", "timezone", "GMV Max"}
    assert await levels(world) == dict.fromkeys(names, "ok")
    assert (await levels(world, timezone="UTC"))["timezone"] == "warn"
    assert (await levels(world, store_ids=("999",)))["GMV Max"] == "warn"
    assert "GMV Max" not in await levels(world, gmv_max=False)


@pytest.mark.parametrize(
    ("path", "reply", "name", "level"),
    [
        ("/tt_user/token_info/get/", answer({"creator_id": OPEN_ID, "scope": "video.list"}), "scopes", "warn"),
        ("/tt_user/token_info/get/", answer({"scope": "video.list"}), "account", "fail"),
        ("/gmv_max/store/list/", refused(40001), "GMV Max", "warn"),
        ("/gmv_max/store/list/", answer({}), "GMV Max", "warn"),
        ("/advertiser/info/", refused(40105), "account", "fail"),
    ],
)
async def test_doctor_says_what_is_missing(path: str, reply: Answer, name: str, level: str) -> None:
    assert (await levels(lambda request: reply if request.path == path else world(request)))[name] == level


# --- deliveries -------------------------------------------------------------------------------------------------------

# The vector of the platform's notes that this was written from: secret, time and body there give this signature.
SECRET = b"client_secret"
BODY = (
    rb'{"client_key":"ck_demo","event":"video.publish.completed","create_time":1633174587,"user_openid":"act.demo",'
    rb'"content":"{\"share_id\":\"video.6974245311675353080.VDCxrcMJ\"}"}'
)
SIGNATURE = "3fb0ea657ff3a0e369585bffa5746adf15f7af17a933ae1446b6a41292b16b06"
AT = 1633174587


def delivery(header: str, body: bytes = BODY, at: float = AT) -> Delivery:
    return Delivery({"tiktok-signature": header}, body, at)


def signed(body: bytes, at: int = AT) -> str:
    return f"t={at},s={hmac.new(SECRET, str(at).encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def test_the_known_signature_is_taken_and_another_one_is_not() -> None:
    assert CONNECTOR.verify(delivery(f"t={AT},s={SIGNATURE}"), settings(), [b"other", SECRET])
    assert signed(BODY) == f"t={AT},s={SIGNATURE}"
    for header in (f"t={AT + 1},s={SIGNATURE}", f"t={AT},s={'0' * 64}", f"s={SIGNATURE}", f"t=,s={SIGNATURE}", ""):
        assert not CONNECTOR.verify(delivery(header), settings(), [SECRET])
    assert not CONNECTOR.verify(delivery(f"t={AT},s={SIGNATURE}", BODY + b" "), settings(), [SECRET])
    assert not CONNECTOR.verify(delivery(f"t={AT},s={SIGNATURE}"), settings(), [])


@given(st.text(alphabet=st.characters(max_codepoint=255)), st.binary())
def test_no_header_makes_the_check_fail_otherwise_than_by_no(header: str, body: bytes) -> None:
    assert CONNECTOR.verify(delivery(header, body), settings(), [SECRET]) is False


def test_secrets_are_those_of_the_app_that_delivers() -> None:
    assert CONNECTOR.secrets(settings()) == ()
    assert CONNECTOR.secrets(settings(client_secret="client_secret")) == (SECRET,)


def test_a_delivery_that_comes_again_is_the_same_one() -> None:
    first, again = delivery(signed(BODY)), delivery(signed(BODY, AT + 60), at=AT + 60)
    assert CONNECTOR.delivery_key(first) == CONNECTOR.delivery_key(again)


def test_what_deliveries_mean() -> None:
    published = CONNECTOR.open(delivery(signed(BODY)), settings())
    assert (published.topic, published.known, published.stale) == ("video.publish.completed", True, False)
    assert [*published.records, *published.refs, *published.notices] == []
    body = json.dumps({"event": "authorization.removed", "content": '{"reason":1}'}).encode()
    (notice,) = CONNECTOR.open(delivery(signed(body), body), settings()).notices
    assert notice.kind == "withdrawn", "which does not stop the reading, as deauthorised would"
    strange = CONNECTOR.open(delivery("", b'{"event":"portability.download.ready"}'), settings())
    assert not strange.known
    assert CONNECTOR.open(delivery(signed(BODY), at=AT + 74 * 3600), settings()).stale, "72 hours of retries are over"
    assert not CONNECTOR.open(delivery(signed(BODY), at=AT + 71 * 3600), settings()).stale


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event":7}', b"\xff"])
def test_what_is_no_delivery_is_kept_with_a_reason(body: bytes) -> None:
    with pytest.raises(Undelivered):
        CONNECTOR.open(delivery("", body), settings())


def test_pages_of_no_rows_are_played_as_the_platform_sends_them() -> None:
    assert "list" not in page([]).data["data"]
