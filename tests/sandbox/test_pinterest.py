"""The played Pinterest: its answers fit the platform's description; its door, limits and delays are the platform's."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pinner import Pinner

from jalon.connectors.base import Request
from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.pinterest.figures import day_of
from jalon.sandbox.pinterest.organic import GROUP
from jalon.sandbox.server import Sandbox
from jalon.sandbox.world import World
from tests.connectors.pinterest_fakes import Official

DAY = 86_400
TODAY = day_of(NOW)
SPAN = {"start_date": (TODAY - timedelta(days=40)).isoformat(), "end_date": TODAY.isoformat()}
REPORT = {
    **SPAN,
    "start_date": (TODAY - timedelta(days=20)).isoformat(),
    "granularity": "DAY",
    "level": "PIN_PROMOTION",
    "columns": ["AD_ID", "PIN_ID", "IMPRESSION_1", "TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT", "TOTAL_CHECKOUT"],
    "report_format": "JSON",
}


@pytest.fixture(scope="module")
def described(contracts: Path) -> Official:
    return Official(contracts)


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    clock = Clock(NOW, frozen=True)
    async with Sandbox(world, clock, Faults(7, hang=1.0), parts=["pinterest"], deliver=False) as running:
        yield running


@pytest.fixture
async def pinner(sandbox: Sandbox) -> AsyncIterator[Pinner]:
    app = Pinner(sandbox)
    await app.refresh()
    yield app
    await app.client.aclose()


# --- answers ----------------------------------------------------------------------------------------------------------

OPERATIONS = [
    ("/user_account", {}),
    ("/ad_accounts/{ad_account}", {}),
    ("/pins", {"page_size": "5", "pin_metrics": "true"}),
    ("/pins/{pin}/analytics", SPAN | {"metric_types": "IMPRESSION,OUTBOUND_CLICK,SAVE"}),
    ("/pins/{video}/analytics", SPAN | {"metric_types": "IMPRESSION,VIDEO_MRC_VIEW"}),
    ("/pins/{product}/analytics", SPAN | {"metric_types": "IMPRESSION,OUTBOUND_CLICK"}),
    ("/user_account/analytics", SPAN | {"source": "OTHER_PINS", "pin_format": "ALL"}),
    ("/user_account/analytics", SPAN | {"source": "YOUR_PINS", "pin_format": "ORGANIC_PRODUCT"}),
    ("/user_account/analytics/top_pins", SPAN | {"sort_by": "OUTBOUND_CLICK", "num_of_pins": "50"}),
    ("/catalogs", {}),
    ("/catalogs/product_groups", {"catalog_id": "864344156814050986"}),
    (f"/catalogs/product_groups/{GROUP}/products", {"page_size": "7", "pin_metrics": "true"}),
    ("/ad_accounts/{ad_account}/reports", {"token": "nothing"}),
]


@pytest.mark.parametrize(("path", "query"), OPERATIONS)
async def test_an_answer_fits_the_description(
    pinner: Pinner, described: Official, path: str, query: dict[str, str]
) -> None:
    own = pinner.part.figures.own
    names = {
        "ad_account": pinner.ad_account,
        "pin": next(pin.id for pin in own if pin.creative_type == "REGULAR"),
        "video": next(pin.id for pin in own if pin.creative_type == "VIDEO"),
        "product": pinner.part.figures.products[0].id,
    }
    request = Request("GET", path.format(**names), query)
    described.hold(request)
    found = await pinner.call(request.path, query)
    described.check(described.answers(request), found)


async def test_no_field_is_shown_that_the_description_does_not_have(pinner: Pinner, described: Official) -> None:
    """A schema lets unknown fields pass, so a misspelt one would."""
    (group,) = [g for g in (await pinner.call("/catalogs/product_groups"))["items"] if g["id"] == GROUP]
    product = (await pinner.call(f"/catalogs/product_groups/{GROUP}/products", {"pin_metrics": "true"}))["items"][0]
    shown = {
        "Account": await pinner.call("/user_account"),
        "AdAccount": await pinner.call(f"/ad_accounts/{pinner.ad_account}"),
        "Pin": (await pinner.call("/pins", {"pin_metrics": "true"}))["items"][0],
        "Catalog": (await pinner.call("/catalogs"))["items"][0],
        "CatalogsRetailProductGroup": group,
        "CatalogsRetailProduct": product,
        "CatalogsRetailProductMetadata": product["metadata"],
    }
    for name, found in shown.items():
        assert set(found) <= described.properties(name), name


async def test_a_report_s_answers_fit_the_description(pinner: Pinner, described: Official) -> None:
    path = f"/ad_accounts/{pinner.ad_account}/reports"
    order = Request("POST", path, body=json.dumps(REPORT).encode(), headers={"content-type": "application/json"})
    described.hold(order)
    ordered = await pinner.send("POST", path, body=REPORT)
    described.check(described.answers(order), ordered.json())
    state = Request("GET", path, {"token": ordered.json()["token"]})
    for seconds in (0, 60, 3600):
        pinner.part._clock.advance(seconds)
        described.check(described.answers(state), await pinner.call(path, dict(state.query)))


async def test_tokens_fit_the_description(pinner: Pinner, described: Official) -> None:
    found = (await pinner.refresh()).json()
    described.check(described.schemas["OauthAccessTokenResponseRefresh"], found)


@pytest.mark.parametrize(("status", "path"), [(401, "/user_account"), (404, "/pins/1/analytics"), (404, "/nothing")])
async def test_a_refusal_fits_the_description(pinner: Pinner, described: Official, status: int, path: str) -> None:
    if status == 401:
        pinner.access_token = "pina_unknown"
    answer = await pinner.send("GET", path, SPAN | {"metric_types": "IMPRESSION"})
    assert answer.status_code == status
    described.check(described.schemas["Error"], answer.json())


# --- pages ------------------------------------------------------------------------------------------------------------


async def test_bookmarks_lead_through_all_pins_and_end_with_null(pinner: Pinner) -> None:
    found: list[str] = []
    mark = ""
    while mark is not None:
        page = await pinner.call("/pins", {"page_size": "3"} | ({"bookmark": mark} if mark else {}))
        found += [pin["id"] for pin in page["items"]]
        mark = page["bookmark"]
    up = {pin.id for pin in pinner.part.figures.own if pin.post is not None and pin.post.is_up(NOW)}
    assert len(found) == len(set(found))
    assert set(found) == up
    assert len(up) > 6


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": "0"},
        {"page_size": "251"},
        {"page_size": "x"},
        {"bookmark": "old"},
        {"pin_metrics": "1"},
        {"include_protected_pins": "yes"},
        {"ad_account_id": "mine"},
    ],
)
async def test_a_page_that_cannot_be_is_refused(pinner: Pinner, query: dict[str, str]) -> None:
    assert (await pinner.send("GET", "/pins", query)).status_code == 400


# --- figures ----------------------------------------------------------------------------------------------------------


async def days_of(pinner: Pinner, pin: str, **more: str) -> list[dict[str, Any]]:
    query = SPAN | {"metric_types": "IMPRESSION,OUTBOUND_CLICK"} | more
    found = await pinner.call(f"/pins/{pin}/analytics", query)
    days: list[dict[str, Any]] = found["all"]["daily_metrics"]
    return days


async def test_a_day_is_counted_late_estimated_first_and_then_ready(pinner: Pinner, sandbox: Sandbox) -> None:
    product = pinner.part.figures.products[0].id
    states = {day["date"]: day["data_status"] for day in await days_of(pinner, product)}
    last = [states[(TODAY - timedelta(days=age)).isoformat()] for age in range(4)]
    assert last == ["PROCESSING", "PROCESSING", "ESTIMATE", "READY"]
    day = (TODAY - timedelta(days=2)).isoformat()
    before = next(each for each in await days_of(pinner, product) if each["date"] == day)
    sandbox.clock.advance(2 * DAY)
    after = next(each for each in await days_of(pinner, product) if each["date"] == day)
    assert (before["data_status"], after["data_status"]) == ("ESTIMATE", "READY")
    assert after["metrics"]["IMPRESSION"] >= before["metrics"]["IMPRESSION"]


async def test_a_day_before_the_pin_was_made_has_no_figures(pinner: Pinner) -> None:
    pin = max((p for p in pinner.part.figures.own if p.made_at < NOW - 4 * DAY), key=lambda p: p.made_at)
    if pin.creative_type == "VIDEO" or pin.post is None or not pin.post.is_up(NOW):
        pin = next(p for p in pinner.part.figures.own if p.creative_type == "REGULAR" and p.post and p.post.is_up(NOW))
    early = [day for day in await days_of(pinner, pin.id) if date.fromisoformat(day["date"]) < day_of(pin.made_at)]
    assert all(day["data_status"] == "BEFORE_PIN_CREATED" and not day["metrics"] for day in early)


@pytest.mark.parametrize(
    "query",
    [
        {"metric_types": ""},
        {"metric_types": "VIDEO_MRC_VIEW"},
        {"metric_types": "LOVE"},
        {"start_date": (TODAY - timedelta(days=91)).isoformat()},
        {"start_date": (TODAY + timedelta(days=1)).isoformat()},
        {"end_date": "soon"},
        {"app_types": "TV"},
        {"split_field": "APP"},
        {"ad_account_id": "1" * 19},
    ],
)
async def test_figures_that_cannot_be_had_are_refused(pinner: Pinner, query: dict[str, str]) -> None:
    product = pinner.part.figures.products[0].id
    good = SPAN | {"metric_types": "IMPRESSION"}
    assert (await pinner.send("GET", f"/pins/{product}/analytics", good)).status_code == 200
    assert (await pinner.send("GET", f"/pins/{product}/analytics", good | query)).status_code == 400


async def test_of_strangers_pins_no_more_than_50_are_shown(pinner: Pinner) -> None:
    query = SPAN | {"sort_by": "OUTBOUND_CLICK", "source": "OTHER_PINS", "num_of_pins": "50"}
    found = await pinner.call("/user_account/analytics/top_pins", query)
    clicks = [pin["metrics"]["OUTBOUND_CLICK"] for pin in found["pins"]]
    assert len(clicks) == 50
    assert clicks == sorted(clicks, reverse=True)
    strangers = pinner.part.figures.strangers
    assert len(strangers) > 50
    assert {pin["pin_id"] for pin in found["pins"]} < {pin.id for pin in strangers}
    assert (
        await pinner.send("GET", "/user_account/analytics/top_pins", query | {"num_of_pins": "51"})
    ).status_code == 400


# --- reports ----------------------------------------------------------------------------------------------------------


async def made(pinner: Pinner, **changes: Any) -> tuple[str, dict[str, Any]]:
    path = f"/ad_accounts/{pinner.ad_account}/reports"
    token = (await pinner.send("POST", path, body=REPORT | changes)).json()["token"]
    assert (await pinner.call(path, {"token": token}))["report_status"] == "IN_PROGRESS"
    pinner.part._clock.advance(20)
    return token, await pinner.call(path, {"token": token})


async def test_a_file_lives_five_minutes_and_its_report_an_hour(pinner: Pinner) -> None:
    path = f"/ad_accounts/{pinner.ad_account}/reports"
    token, state = await made(pinner)
    assert state["report_status"] == "FINISHED"
    file = await pinner.client.get(state["url"])
    assert file.status_code == 200
    assert len(file.content) == state["size"]
    signed = await pinner.client.get(state["url"], headers={"authorization": "Bearer x"})
    assert signed.status_code == 403, "an address that is signed takes no token beside it"
    pinner.part._clock.advance(301)
    assert (await pinner.client.get(state["url"])).status_code == 403
    again = await pinner.call(path, {"token": token})
    assert (await pinner.client.get(again["url"])).status_code == 200
    pinner.part._clock.advance(3600)
    assert (await pinner.call(path, {"token": token}))["report_status"] == "EXPIRED"


async def test_a_report_leaves_zeros_and_empty_rows_out(pinner: Pinner) -> None:
    _, state = await made(pinner)
    rows = [row for several in (await pinner.client.get(state["url"])).json().values() for row in several]
    assert rows
    assert all(value for row in rows for value in row.values())
    assert any("TOTAL_CHECKOUT" not in row for row in rows)


async def test_conversions_of_an_ad_s_day_come_in_over_days(pinner: Pinner) -> None:
    ad, day = pinner.part.figures.ads[0], TODAY - timedelta(days=1)
    known = [
        pinner.part.figures.ad_row(ad, day, day + timedelta(days=age)).get("TOTAL_CHECKOUT", 0) for age in range(14)
    ]
    assert known == sorted(known)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "start_date": (TODAY - timedelta(days=915)).isoformat(),
            "end_date": (TODAY - timedelta(days=800)).isoformat(),
        },
        {"start_date": (TODAY - timedelta(days=186)).isoformat()},
        {"level": "PRODUCT_ITEM"},
        {"level": "PRODUCT_ITEM", "columns": ["IMPRESSION_1"], "start_date": (TODAY - timedelta(days=31)).isoformat()},
        {"level": "KEYWORD"},
        {"columns": []},
        {"click_window_days": 3},
        {"columns": "AD_ID"},
        {"columns": ["AD_ID", "LOVE_1"]},
        {"conversion_report_time": "TIME_OF_DELIVERY"},
        {"primary_sort": "BY_LOVE"},
    ],
)
async def test_a_report_that_cannot_be_made_is_refused(pinner: Pinner, changes: dict[str, Any]) -> None:
    path = f"/ad_accounts/{pinner.ad_account}/reports"
    assert (await pinner.send("POST", path, body=REPORT)).status_code == 200
    answer = await pinner.send("POST", path, body=REPORT | changes)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


async def test_a_report_is_ordered_by_its_body_alone(pinner: Pinner) -> None:
    path = f"/ad_accounts/{pinner.ad_account}/reports"
    beside = await pinner.send("POST", path, {"ad_account_id": pinner.ad_account}, body=REPORT)
    headers = {"authorization": f"Bearer {pinner.access_token}"}
    form = await pinner.client.post(pinner.api + path, content=json.dumps(REPORT), headers=headers)
    assert (beside.status_code, form.status_code) == (400, 400)
    assert (await pinner.send("GET", path)).status_code == 400, "the state of no report"


async def test_another_s_ad_account_is_refused(pinner: Pinner) -> None:
    assert (await pinner.send("POST", "/ad_accounts/1/reports", body=REPORT)).json()["code"] == 29
    assert (await pinner.send("GET", "/pins", {"ad_account_id": "1"})).json()["code"] == 29
    assert (await pinner.send("GET", "/pins", {"ad_account_id": pinner.ad_account})).status_code == 200


@pytest.mark.parametrize("scheme", ["", "Token "])
async def test_a_token_without_the_right_word_before_it_is_refused(pinner: Pinner, scheme: str) -> None:
    headers = {"authorization": f"{scheme}{pinner.access_token}"}
    assert (await pinner.client.get(f"{pinner.api}/user_account", headers=headers)).status_code == 401


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_each_refresh_replaces_the_refresh_token(pinner: Pinner) -> None:
    old = pinner.refresh_token
    assert (await pinner.refresh()).status_code == 200
    assert pinner.refresh_token != old
    assert (await pinner.refresh(old)).status_code == 401
    assert (await pinner.refresh()).status_code == 200


async def test_a_refresh_token_dies_after_60_days_without_use(pinner: Pinner, sandbox: Sandbox) -> None:
    sandbox.clock.advance(59 * DAY)
    assert (await pinner.refresh()).status_code == 200
    sandbox.clock.advance(59 * DAY)
    assert (await pinner.refresh()).status_code == 200, "continuous: each has 60 days of its own"
    sandbox.clock.advance(61 * DAY)
    assert (await pinner.refresh()).status_code == 401


async def test_an_old_app_must_ask_for_a_token_that_goes_on(pinner: Pinner) -> None:
    pinner.part.limits["old_app"] = 1
    before = pinner.refresh_token
    assert "refresh_token" not in (await pinner.refresh()).json()
    assert "refresh_token" in (await pinner.refresh(before, continuous_refresh="true")).json()


async def test_an_access_token_dies_after_30_days(pinner: Pinner, sandbox: Sandbox) -> None:
    await pinner.call("/user_account")
    sandbox.clock.advance(30 * DAY + 1)
    assert (await pinner.send("GET", "/user_account")).json() == {"code": 2, "message": "Authentication failed."}


async def test_a_code_is_good_once(pinner: Pinner) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": "canary-code-7",
        "redirect_uri": "https://atelier-jalon.example/authorised",
    }
    assert (await pinner.exchange(**form | {"redirect_uri": "https://else.example"})).status_code == 400
    assert [(await pinner.exchange(**form)).status_code for _ in "ab"] == [200, 400]


@pytest.mark.parametrize("secret", ["wrong", "é"])
async def test_a_wrong_secret_is_refused(pinner: Pinner, secret: str) -> None:
    answer = await pinner.exchange(secret, grant_type="refresh_token", refresh_token=pinner.refresh_token)
    assert answer.status_code == 401


async def test_a_scope_that_is_not_granted_is_refused(pinner: Pinner) -> None:
    pinner.part.tokens.scopes.discard("ads:read")
    answer = await pinner.send("GET", f"/ad_accounts/{pinner.ad_account}")
    assert (answer.status_code, answer.json()["code"]) == (401, 3)


async def test_each_category_has_a_minute_of_its_own(pinner: Pinner, sandbox: Sandbox) -> None:
    pinner.part.limits["standard"] = 1
    asked = [await pinner.send("GET", "/user_account/analytics", SPAN) for _ in range(61)]
    assert [answer.status_code for answer in asked] == [200] * 60 + [429]
    refused = asked[-1]
    assert refused.json()["code"] == 8
    assert 0 < int(refused.headers["x-ratelimit-reset"]) <= 61
    await pinner.call("/user_account")
    sandbox.clock.advance(61)
    await pinner.call("/user_account/analytics", SPAN)


async def test_a_trial_has_a_day_for_all(pinner: Pinner) -> None:
    pinner.part.limits["trial"] = 1
    pinner.part.door.asked[""] = deque([NOW] * 1000)
    answer = await pinner.send("GET", "/user_account")
    assert answer.status_code == 429
    assert int(answer.headers["x-ratelimit-reset"]) > 80_000
