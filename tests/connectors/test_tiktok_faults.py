"""What refusals of TikTok Shop mean, by code, by message, by status; and that no fault tells a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Fault, Renew, Request, Skip, Split, Stop, Wait
from jalon.connectors.tiktok_shop.account import SHOPS, WEBHOOKS
from jalon.connectors.tiktok_shop.analytics import LIVES
from jalon.connectors.tiktok_shop.analytics import VIDEOS as VIDEO_LIST
from jalon.connectors.tiktok_shop.faults import FAMILIES, LISTS
from jalon.connectors.tiktok_shop.search import SEARCHES
from tests.connectors.tiktok_fakes import CONNECTOR, answer, refused

ORDERS = Request("POST", "/order/202309/orders/search")
DETAIL = Request("GET", "/order/202507/orders", {"ids": "1"})
AFFILIATE = Request("POST", "/affiliate_seller/202410/orders/search")
VIDEOS = Request("GET", "/analytics/202605/shop_videos/performance")
TOKEN = Request("GET", "/api/v2/token/refresh", host="auth", anonymous=True)


def judged(request: Request, reply: Answer) -> Fault:
    fault = CONNECTOR.judge(request, reply)
    assert fault is not None
    return fault


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (105001, Renew),
        (105002, Renew),
        (105005, Stop),
        (106001, Stop),
        (106013, Stop),
        (101000, Stop),
        (36009002, Wait),
        (36009003, Wait),
        (36009007, Wait),
        (36009009, Stop),
        (36009014, Stop),
        (36009033, Stop),
        (36009037, Wait),
        (36009043, Stop),
        (36009044, Stop),
        (45101004, Stop),
        (66009315, Stop),
        (36004001, Stop),
        (36004005, Stop),
        (1, Wait),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_means_the_same_whatever_the_status(code: int, kind: type[Fault], status: int) -> None:
    fault = judged(ORDERS, refused(code, status=status))
    assert type(fault) is kind
    assert str(code) in fault.reason
    if isinstance(fault, Stop):
        assert fault.remedy


def test_the_scope_that_is_missing_is_named() -> None:
    fault = judged(ORDERS, refused(105005))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"
    assert "seller.order.info" in fault.reason
    assert "seller.order.info" in fault.remedy


@pytest.mark.parametrize(
    ("request_", "scope"),
    [(AFFILIATE, "seller.affiliate_collaboration.read"), (VIDEOS, "data.shop_analytics.public.read")],
)
def test_a_scope_that_orders_do_without_skips_its_streams(request_: Request, scope: str) -> None:
    fault = judged(request_, refused(105005))
    assert isinstance(fault, Skip)
    assert scope in fault.reason


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (45101004, "budget"),
        (101000, "auth"),
        (36009043, "auth"),
        (36009044, "auth"),
        (36004001, "auth"),
        (106001, "config"),
        (106013, "config"),
        (36009033, "config"),
    ],
)
def test_what_stops_the_source_says_whether_it_is_money_rights_or_settings(code: int, kind: str) -> None:
    fault = judged(ORDERS, refused(code))
    assert isinstance(fault, Stop)
    assert fault.kind == kind


@pytest.mark.parametrize("code", [105005, 66009315, 13017003])
def test_what_is_not_open_to_the_seller_stops_orders_and_skips_the_rest(code: int) -> None:
    assert isinstance(judged(ORDERS, refused(code)), Stop)
    assert isinstance(judged(VIDEOS, refused(code)), Skip)


@pytest.mark.parametrize(("code", "status"), [(36009002, 200), (36009002, 429), (36009037, 200), (0, 429), (7, 429)])
def test_throttling_is_seen_in_the_body_and_in_the_status(code: int, status: int) -> None:
    fault = judged(ORDERS, refused(code, status=status))
    assert isinstance(fault, Wait)
    assert fault.throttled


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Invalid credentials. Invalid 'app_key' query parameter.", Stop),
        ("Invalid timestamp", Stop),
        ("page_token is invalid or expired", Split),
        ("the access token is invalid", Renew),
        ("Invalid 'x-tts-access-token' header", Renew),
        ("too many requests", Wait),
        ("something else", Fault),
    ],
)
def test_the_code_with_several_meanings_goes_by_its_message(message: str, kind: type[Fault]) -> None:
    assert type(judged(ORDERS, refused(36009004, message, 400))) is kind


def test_every_list_is_known_as_one_under_the_version_that_is_asked() -> None:
    """A list that is not known as one would be skipped over a code that no table has, and its rows with it."""
    assert {search.path for search in SEARCHES.values()} | {VIDEO_LIST, LIVES, SHOPS, WEBHOOKS} == LISTS


def test_every_permission_is_documented() -> None:
    told = (Path(__file__).parents[2] / "docs" / "connectors" / "tiktok_shop.md").read_text()
    assert [family.scope for family in FAMILIES if f"`{family.scope}`" not in told] == []


def test_what_is_refused_for_its_ids_is_skipped_and_blocks_nothing_else() -> None:
    by_order = Request("POST", "/return_refund/202602/returns/search", body=b'{"order_ids":["1"]}')
    for request in (DETAIL, by_order, Request("GET", "/analytics/202509/shop_videos/1/products/performance")):
        assert isinstance(judged(request, refused(40404)), Skip)
        assert isinstance(judged(request, refused(36009003)), Wait)


@pytest.mark.parametrize(("said", "kind"), [("The access token is not found", Renew), ("no", Wait)])
def test_a_code_about_tokens_that_is_in_no_row_goes_by_its_message(said: str, kind: type[Fault]) -> None:
    assert type(judged(ORDERS, refused(105099, said))) is kind


def test_a_token_that_was_withdrawn_costs_no_id_that_is_read_by_itself() -> None:
    assert isinstance(judged(DETAIL, refused(105001, "access token is invalid", 401)), Renew)


def test_no_token_means_that_a_person_must_act() -> None:
    for code in (36004001, 36004005, 5):
        fault = judged(TOKEN, refused(code))
        assert isinstance(fault, Stop)
        assert fault.kind == "auth"
    assert isinstance(judged(TOKEN, refused(5, status=503)), Wait)


@pytest.mark.parametrize("status", [200, 401, 500, 502])
def test_a_cut_body_is_asked_for_again(status: int) -> None:
    reply = Answer(status, {"content-type": "application/json"}, b'{"code":0,"data":{"orders":[')
    assert isinstance(judged(ORDERS, reply), Wait)


def test_another_server_in_the_platform_s_place_is_named() -> None:
    fault = judged(ORDERS, Answer(404, {"content-type": "text/html"}, b"<html>"))
    assert isinstance(fault, Stop)
    assert "api_url" in fault.remedy


@pytest.mark.parametrize("value", [[], 1, None, {"code": "0"}, {"data": {}}, {"code": True}, {"code": 0, "data": []}])
def test_json_that_is_not_the_envelope_is_no_answer(value: object) -> None:
    assert isinstance(judged(ORDERS, answer(value)), Wait)


@pytest.mark.parametrize("data", [{}, None, {"orders": []}])
def test_success_is_success_with_or_without_data(data: object) -> None:
    assert CONNECTOR.judge(ORDERS, answer({"code": 0, "data": data})) is None


def test_a_fault_repeats_nothing_that_the_platform_echoes() -> None:
    fault = judged(DETAIL, refused(36009004, "Invalid access_token canary-secret", 400))
    assert "canary-secret" not in fault.reason


@given(st.integers(200, 599), st.binary(max_size=60), st.sampled_from([ORDERS, DETAIL, TOKEN, VIDEOS]))
def test_any_answer_is_judged(status: int, body: bytes, request_: Request) -> None:
    assert isinstance(CONNECTOR.judge(request_, Answer(status, {}, body)), Fault)
