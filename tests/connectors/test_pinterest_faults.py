"""What refusals of Pinterest mean: by status first, since one code stands for several things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Fault, Renew, Request, Skip, Stop, Wait
from tests.connectors.pinterest_fakes import CONNECTOR, Official, answer, refused

PINS = Request("GET", "/pins")
NEXT = Request("GET", "/pins", {"bookmark": "Y2JVSG8="})
PIN = Request("GET", "/pins/813744226420795884/analytics")
GROUPS = Request("GET", "/catalogs/product_groups")
REPORT = Request("POST", "/ad_accounts/549755885175/reports")
STATE = Request("GET", "/ad_accounts/549755885175/reports", {"token": "t"})
TOKEN = Request("POST", "/oauth/token", host="auth", anonymous=True)


def judged(request: Request, reply: Answer) -> Fault:
    fault = CONNECTOR.judge(request, reply)
    assert fault is not None
    return fault


@pytest.mark.parametrize(
    ("request_", "status", "code", "kind"),
    [
        (PINS, 400, 1, Fault),
        (PINS, 400, 400, Fault),
        (NEXT, 400, 1, Skip),
        (PIN, 400, 400, Skip),
        (REPORT, 400, 400, Fault),
        (STATE, 400, 400, Skip),
        (PINS, 401, 2, Renew),
        (PIN, 401, 2, Renew),
        (PINS, 401, 3, Stop),
        (PIN, 401, 3, Stop),
        (PIN, 403, 3, Stop),
        (GROUPS, 401, 29, Stop),
        (REPORT, 403, 29, Stop),
        (PINS, 403, 403, Stop),
        (PIN, 401, 7, Skip),
        (PIN, 403, 403, Skip),
        (GROUPS, 403, 2625, Stop),
        (GROUPS, 403, 2626, Stop),
        (PIN, 404, 50, Skip),
        (PIN, 404, 404, Skip),
        (PIN, 404, 40, Skip),
        (GROUPS, 404, 4180, Skip),
        (GROUPS, 404, 678, Skip),
        (GROUPS, 409, 4182, Skip),
        (PINS, 408, 408, Wait),
        (PINS, 425, 425, Wait),
        (PINS, 429, 8, Wait),
        (PINS, 429, 30, Wait),
        (PINS, 500, 500, Wait),
        (PINS, 503, 4197, Wait),
        (PINS, 405, 5, Fault),
        (PINS, 422, 4170, Fault),
        (TOKEN, 400, 1, Stop),
        (TOKEN, 401, 2, Stop),
        (TOKEN, 429, 8, Wait),
        (TOKEN, 500, 500, Wait),
    ],
)
def test_what_a_refusal_means(request_: Request, status: int, code: int, kind: type[Fault]) -> None:
    fault = judged(request_, refused(status, code))
    assert type(fault) is kind
    assert str(status) in fault.reason
    assert str(code) in fault.reason
    if isinstance(fault, Stop):
        assert fault.remedy
        assert fault.kind == "auth"


def test_code_30_is_a_limit_or_a_user_that_is_not_there() -> None:
    """The same code on two operations: only the status tells them apart."""
    limit, gone = judged(PINS, refused(429, 30)), judged(PIN, refused(404, 30))
    assert isinstance(limit, Wait)
    assert limit.throttled
    assert isinstance(gone, Skip)


def test_a_throttled_request_never_ends_well(described: Official) -> None:
    """A peer takes code 8 for a good answer, and the stream ends with rows missing."""
    assert (429, 8) in described.codes()
    for status in (429, 400, 401, 403, 404, 500):
        assert CONNECTOR.judge(PINS, refused(status, 8)) is not None


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("67150", 67150.0), ("12", 12.0), ("3.5", 3.5), ("", None), ("soon", None), ("-5", None), ("1795176000", None)],
)
def test_how_long_a_limit_lasts_is_in_the_header(told: str, seconds: float | None) -> None:
    fault = judged(PINS, refused(429, 8, x_ratelimit_reset=told, x_envoy_ratelimited="true"))
    assert isinstance(fault, Wait)
    assert fault.throttled
    assert fault.seconds == seconds


def test_every_code_of_the_description_is_judged_as_some_fault(described: Official) -> None:
    found = described.codes()
    assert len(found) > 40
    for status, code in found:
        for request in (PINS, PIN, GROUPS, REPORT):
            fault = judged(request, refused(status, code))
            assert isinstance(fault, Wait) == (status in {429} or status >= 500), (status, code)


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_another_server_in_the_platform_s_place_is_named(status: int) -> None:
    fault = judged(PINS, Answer(status, {"content-type": "text/html"}, b"<html>"))
    assert isinstance(fault, Stop)
    assert "api_url" in fault.remedy


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"items":[', b"<html>"])
def test_a_good_status_without_an_object_is_no_answer(body: bytes) -> None:
    assert isinstance(judged(PINS, Answer(200, {}, body)), Wait)


def test_a_fault_repeats_nothing_that_the_platform_echoes() -> None:
    reply = answer({"code": 2, "message": "The token pina_canary-secret is over"}, 401)
    assert "canary" not in judged(PINS, reply).reason


@given(st.integers(200, 599), st.binary(max_size=60), st.sampled_from([PINS, NEXT, PIN, REPORT, TOKEN]))
def test_any_answer_is_judged(status: int, body: bytes, request_: Request) -> None:
    fault = CONNECTOR.judge(request_, Answer(status, {}, body))
    assert isinstance(fault, Fault) or (200 <= status < 300 and body.strip().startswith(b"{"))
