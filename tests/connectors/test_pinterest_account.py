"""Pinterest's account: tokens that are replaced and tokens that are not, whose account, what doctor says, settings."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from jalon.connectors.base import Answer, Credentials, Request, Stop
from jalon.connectors.pinterest import Settings
from tests.connectors.pinterest_fakes import (
    AD_ACCOUNT,
    CONNECTOR,
    NOW,
    TOKEN,
    FakeSession,
    Official,
    answer,
    page,
    refused,
    settings,
)

GIVEN = {
    "access_token": "pina_new",
    "refresh_token": "pinr_new",
    "response_type": "refresh_token",
    "token_type": "bearer",
    "expires_in": 2_592_000,
    "refresh_token_expires_in": 5_184_000,
    "refresh_token_expires_at": 1_769_184_000,
    "scope": "pins:read boards:read",
}
USER = {"id": "2783136121146311751", "username": "paperhouse", "account_type": "BUSINESS"}


def form(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_a_refresh_hands_out_a_new_refresh_token_too(described: Official) -> None:
    session = FakeSession(lambda _: answer(GIVEN))
    found = await CONNECTOR.renew(session, Credentials("pina_old", "pinr_stored", NOW, NOW + 9))
    assert found == Credentials("pina_new", "pinr_new", NOW + 2_592_000, 1_769_184_000.0)
    (request,) = session.asked
    described.hold(request)
    assert form(request) == {"grant_type": "refresh_token", "refresh_token": "pinr_stored"}
    assert (request.host, request.anonymous, request.idempotent) == ("auth", True, False)
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"1480000:secret"
    assert not request.query, "no secret is in an address"


async def test_the_configured_refresh_token_is_the_first() -> None:
    session = FakeSession(lambda _: answer(GIVEN))
    await CONNECTOR.renew(session, None)
    assert form(session.asked[0])["refresh_token"] == "pinr_first"


async def test_a_code_is_exchanged_with_its_address(described: Official) -> None:
    session = FakeSession(
        lambda _: answer(GIVEN), refresh_token=None, auth_code="once", redirect_uri="https://shop.example/done"
    )
    await CONNECTOR.renew(session, None)
    described.hold(session.asked[0])
    assert form(session.asked[0]) == {
        "grant_type": "authorization_code",
        "code": "once",
        "redirect_uri": "https://shop.example/done",
    }


async def test_an_app_of_before_september_2025_asks_for_tokens_that_go_on() -> None:
    session = FakeSession(lambda _: answer(GIVEN), continuous_refresh=True)
    await CONNECTOR.renew(session, None)
    assert form(session.asked[0])["continuous_refresh"] == "true"
    plain = FakeSession(lambda _: answer(GIVEN))
    await CONNECTOR.renew(plain, None)
    assert "continuous_refresh" not in form(plain.asked[0])


async def test_a_refresh_token_of_the_old_kind_stays_and_keeps_its_end() -> None:
    old = {name: value for name, value in GIVEN.items() if not name.startswith("refresh_token")}
    session = FakeSession(lambda _: answer(old))
    before = Credentials("pina_old", "pinr_of_a_year", NOW, NOW + 86_400 * 20)
    found = await CONNECTOR.renew(session, before)
    assert found == Credentials("pina_new", "pinr_of_a_year", NOW + 2_592_000, NOW + 86_400 * 20)
    first = await CONNECTOR.renew(FakeSession(lambda _: answer(old)), None)
    assert (first.refresh_token, first.refresh_expires_at) == ("pinr_first", None)


def test_a_refresh_token_of_the_old_kind_is_told() -> None:
    tokens = Request("POST", "/oauth/token", host="auth", anonymous=True)
    told = CONNECTOR.remark(tokens, answer({"access_token": "pina_new"}))
    assert told is not None
    assert "continuous_refresh" in told
    assert "pina" not in told
    assert CONNECTOR.remark(tokens, answer(GIVEN)) is None
    assert CONNECTOR.remark(Request("GET", "/pins"), page([])) is None


async def test_the_end_that_is_told_as_a_time_stands_above_the_seconds() -> None:
    """An old token's end does not move: seconds alone would be counted from each reading on."""
    ends = int(NOW) + 77
    found = await CONNECTOR.renew(FakeSession(lambda _: answer({**GIVEN, "refresh_token_expires_at": ends})), None)
    assert found.refresh_expires_at == ends


async def test_an_answer_with_only_the_seconds_tells_the_end_as_well() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "refresh_token_expires_at"}
    found = await CONNECTOR.renew(FakeSession(lambda _: answer(given)), None)
    assert found.refresh_expires_at == NOW + 5_184_000


@pytest.mark.parametrize("data", [{}, {"access_token": ""}, {"access_token": None}])
async def test_an_answer_without_a_token_stops_the_source(data: Any) -> None:
    with pytest.raises(Stop, match="no access token"):
        await CONNECTOR.renew(FakeSession(lambda _: answer(data)), None)


async def test_a_refresh_token_that_is_over_stops_the_source() -> None:
    with pytest.raises(Stop, match="refuses the refresh token") as stopped:
        await CONNECTOR.renew(FakeSession(lambda _: refused(401, 2)), None)
    assert stopped.value.kind == "auth"


async def test_a_token_made_by_hand_cannot_be_renewed() -> None:
    hand = {"client_secret": None, "refresh_token": None, "access_token": "pina_by_hand"}
    assert CONNECTOR.credentials(settings(**hand)) == Credentials("pina_by_hand")
    assert CONNECTOR.credentials(settings(access_token="pina_by_hand")) is None, "a refresh token stands above it"
    with pytest.raises(Stop, match="client_secret"):
        await CONNECTOR.renew(FakeSession(lambda _: answer(GIVEN), **hand), None)


async def test_nothing_to_exchange_names_the_remedy() -> None:
    session = FakeSession(lambda _: answer(GIVEN), refresh_token=None, access_token="pina_by_hand")
    with pytest.raises(Stop, match="neither") as stopped:
        await CONNECTOR.renew(session, None)
    assert "refresh_token" in stopped.value.remedy


# --- requests ---------------------------------------------------------------------------------------------------------


def test_the_token_is_in_a_header_and_whose_account_is_meant_in_the_query() -> None:
    mine = settings(ad_account_id=AD_ACCOUNT)
    pins = CONNECTOR.prepare(Request("GET", "/pins"), mine, TOKEN, {}, NOW)
    assert pins.headers["authorization"] == "Bearer pina_of_the_account"
    assert pins.query == {"ad_account_id": AD_ACCOUNT}
    report = CONNECTOR.prepare(Request("GET", f"/ad_accounts/{AD_ACCOUNT}/reports"), mine, TOKEN, {}, NOW)
    assert not report.query
    own = CONNECTOR.prepare(Request("GET", "/pins"), settings(), TOKEN, {}, NOW)
    assert not own.query
    file = Request("GET", "/x", anonymous=True)
    assert CONNECTOR.prepare(file, mine, TOKEN, {}, NOW) is file


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"refresh_token": None}, "set refresh_token"),
        ({"client_secret": None}, "need client_secret"),
        ({"refresh_token": None, "auth_code": "once"}, "redirect_uri"),
        ({"timezone": "Europe/Paris"}, "UTC"),
        ({"ad_account_id": "mine"}, "ad_account_id"),
        ({"click_window_days": 60}, "click_window_days"),
        ({"access": "advanced"}, "access"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], what: str) -> None:
    given = {"client_id": "1", "client_secret": "s", "refresh_token": "r", **changes}
    with pytest.raises(ValidationError, match=what):
        Settings(connector="pinterest", **given)


def test_secrets_are_not_shown() -> None:
    shown = repr(settings(access_token="pina_by_hand", auth_code="once", redirect_uri="https://x.example"))
    assert not [secret for secret in ("pinr_first", "'secret'", "pina_by_hand", "once'") if secret in shown]


# --- whose account ----------------------------------------------------------------------------------------------------


async def test_the_account_is_greeted_and_counts_by_utc(described: Official) -> None:
    session = FakeSession(lambda _: answer(USER))
    found = await CONNECTOR.greet(session)
    described.hold(session.asked[0])
    assert found == {
        "shop_id": "2783136121146311751",
        "username": "paperhouse",
        "account_type": "BUSINESS",
        "zone": "UTC",
    }


def ads(reply: Answer) -> Any:
    return lambda request: reply if request.path.startswith("/ad_accounts") else answer(USER)


async def test_the_currency_of_the_ads_is_their_account_s(described: Official) -> None:
    session = FakeSession(ads(answer({"id": AD_ACCOUNT, "currency": "JPY"})), ad_account_id=AD_ACCOUNT)
    assert (await CONNECTOR.greet(session))["currency"] == "JPY"
    for request in session.asked:
        described.hold(request)


async def test_without_a_right_to_the_ads_the_pins_are_read_all_the_same() -> None:
    session = FakeSession(ads(refused(403, 29)), ad_account_id=AD_ACCOUNT)
    assert "currency" not in await CONNECTOR.greet(session)


async def test_an_ad_account_that_is_not_there_is_a_matter_of_settings() -> None:
    with pytest.raises(Stop, match="the ad account") as stopped:
        await CONNECTOR.greet(FakeSession(ads(refused(404, 404)), ad_account_id=AD_ACCOUNT))
    assert stopped.value.kind == "config"


# --- doctor -----------------------------------------------------------------------------------------------------------


async def test_doctor_names_what_is_wrong_and_goes_on(described: Official) -> None:
    def play(request: Request) -> Answer:
        if request.path == "/user_account":
            return answer({**USER, "account_type": "PINNER"})
        if request.path == "/user_account/analytics":
            return refused(403, 403)
        if request.path == "/catalogs":
            return refused(401, 29)
        if request.path.endswith("/reports"):
            return answer({"token": "t", "report_status": "IN_PROGRESS"})
        return answer({"id": AD_ACCOUNT, "currency": "EUR"}) if request.path.startswith("/ad_accounts") else page([])

    session = FakeSession(play, ad_account_id=AD_ACCOUNT)
    findings = {finding.name: finding async for finding in CONNECTOR.examine(session)}
    for request in session.asked:
        described.hold(request)
    assert {name: finding.level for name, finding in findings.items()} == {
        "account": "warn",
        "access": "warn",
        "pins": "ok",
        "figures": "warn",
        "catalogs": "warn",
        "ads": "ok",
    }
    assert "business" in findings["account"].detail
    assert "only their creator" in findings["access"].detail, "of an app on trial nobody else sees the Pins"
    assert "standard" in findings["access"].remedy
    assert findings["catalogs"].remedy


async def test_doctor_asks_for_nothing_that_is_switched_off() -> None:
    session = FakeSession(
        lambda r: answer(USER) if r.path == "/user_account" else page([]),
        analytics=False,
        catalogs=False,
        access="standard",
    )
    findings = {finding.name: finding.level async for finding in CONNECTOR.examine(session)}
    assert findings == {"account": "ok", "access": "ok", "pins": "ok"}


async def test_doctor_without_an_account_says_only_that() -> None:
    findings = [finding async for finding in CONNECTOR.examine(FakeSession(lambda _: refused(403, 403)))]
    assert [(finding.name, finding.level) for finding in findings] == [("account", "fail")]


async def test_without_pins_doctor_fails() -> None:
    def play(request: Request) -> Answer:
        return refused(401, 3) if request.path == "/pins" else answer(USER)

    found = {f.name: f.level async for f in CONNECTOR.examine(FakeSession(play, analytics=False, catalogs=False))}
    assert found["pins"] == "fail"
