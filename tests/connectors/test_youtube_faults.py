"""What each refusal means: 403 is a spent quota, a rate, a missing scope or an API that is off, by its reason alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Fault, Renew, Request, Skip, Stop, Wait
from jalon.connectors.wire import Malformed
from jalon.connectors.youtube.faults import APIS, HTTP, REASONS, STATUSES, judge
from tests.connectors.youtube_fakes import answer, classic, plain

API, ANALYTICS, REPORTING, MERCHANT, AUTH, HUB = (
    Request("GET", "/x", host=host) for host in ("api", "analytics", "reporting", "merchant", "auth", "hub")
)


def fault(request: Request, reply: Answer) -> Fault:
    found = judge(request, reply)
    assert found is not None
    return found


@pytest.mark.parametrize("reason", ["quotaExceeded", "dailyLimitExceeded"])
def test_a_spent_day_ends_the_source_until_tomorrow(reason: str) -> None:
    found = fault(API, classic(reason))
    assert isinstance(found, Stop)
    assert found.kind == "budget"
    assert "midnight Pacific" in found.remedy


@pytest.mark.parametrize(("reason", "status"), [("rateLimitExceeded", 403), ("userRateLimitExceeded", 403)])
def test_a_rate_is_waited_for(reason: str, status: int) -> None:
    found = fault(API, classic(reason, status))
    assert isinstance(found, Wait)
    assert found.throttled
    assert found.seconds == 30


def test_what_the_answer_says_about_waiting_is_left_to_the_engine() -> None:
    reply = classic("rateLimitExceeded")
    found = fault(API, Answer(403, {**reply.headers, "retry-after": "7"}, reply.body))
    assert isinstance(found, Wait)
    assert found.seconds is None


@pytest.mark.parametrize("request_", [REPORTING, MERCHANT], ids=["reporting", "merchant"])
@pytest.mark.parametrize(
    ("limit", "kind"),
    [("FreeQuotaRequestsPerMinutePerProject", Wait), ("FreeQuotaRequestsPerDayPerProject", Stop)],
)
def test_a_quota_by_the_minute_is_waited_for_and_one_by_the_day_is_not(
    request_: Request, limit: str, kind: type[Fault]
) -> None:
    reply = plain(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", quota_limit=limit, quota_limit_value="60")
    found = fault(request_, reply)
    assert type(found) is kind
    if isinstance(found, Stop):
        assert found.kind == "budget"


MINUTE_OF_A_MERCHANT, DAY_OF_A_MERCHANT = "quota/request_rate_too_high", "quota/daily_limit_exceeded"
"""https://developers.google.com/merchant/api/guides/quotas-limits"""


@pytest.mark.parametrize(
    "reply",
    [
        plain(429, "RESOURCE_EXHAUSTED"),
        plain(429, "RESOURCE_EXHAUSTED", MINUTE_OF_A_MERCHANT),
        plain(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", REASON=MINUTE_OF_A_MERCHANT),
        plain(429, "RESOURCE_EXHAUSTED", "rate", REASON="quota/of_another_kind"),
    ],
)
@pytest.mark.parametrize("request_", [REPORTING, MERCHANT], ids=["reporting", "merchant"])
def test_a_rate_is_waited_for_wherever_its_reason_stands(request_: Request, reply: Answer) -> None:
    """A question to the Merchant API is about one day, which cannot be cut: it is asked again."""
    found = fault(request_, reply)
    assert isinstance(found, Wait)
    assert (found.throttled, found.seconds) == (True, 30)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("Sun, 22 Nov 2026 11:59:00 GMT", 60),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 86_400),
        ("Sun, 22 Nov 2026 18:30:00 GMT", 17.5 * 3600),
        ("Thu, 31 Dec 2026 13:00:00 GMT", 23 * 3600),
        ("soon", 3600),
        ("", 3600),
    ],
)
@pytest.mark.parametrize(
    "reply",
    [
        plain(429, "RESOURCE_EXHAUSTED", DAY_OF_A_MERCHANT),
        plain(429, "RESOURCE_EXHAUSTED", "dailyLimitExceeded", REASON=DAY_OF_A_MERCHANT),
    ],
)
def test_a_merchants_spent_day_is_waited_for_until_noon_and_holds_up_nothing_else(
    reply: Answer, written: str, seconds: float
) -> None:
    found = fault(MERCHANT, Answer(reply.status, {**reply.headers, "date": written}, reply.body))
    assert isinstance(found, Wait)
    assert (found.throttled, found.seconds) == (False, seconds)
    assert "until 12:00 UTC (quota/daily_limit_exceeded" in found.reason


def test_forbidden_is_neither() -> None:
    found = fault(API, classic("forbidden"))
    assert isinstance(found, Stop)
    assert found.kind == "auth"
    assert "youtube.readonly" in found.remedy


@pytest.mark.parametrize("request_", [ANALYTICS, REPORTING, MERCHANT], ids=["analytics", "reporting", "merchant"])
@pytest.mark.parametrize(
    "reply",
    [
        plain(403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
        plain(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        plain(403, "PERMISSION_DENIED"),
        classic("accessNotConfigured"),
    ],
)
def test_an_optional_api_that_is_closed_leaves_its_streams_out(request_: Request, reply: Answer) -> None:
    found = fault(request_, reply)
    assert isinstance(found, Stop)
    assert found.kind == "auth", "of this kind the engine leaves an optional stream out"
    assert found.remedy


@pytest.mark.parametrize(
    "reply",
    [
        plain(401, "UNAUTHENTICATED", "unauthorized", REASON="GCP_NOT_REGISTERED"),
        plain(401, "UNAUTHENTICATED", "GCP_NOT_REGISTERED"),
    ],
)
def test_a_project_that_is_not_registered_is_no_expired_token(reply: Answer) -> None:
    """No renewal helps, and authorising again does not either."""
    found = fault(MERCHANT, reply)
    assert isinstance(found, Stop)
    assert found.kind == "auth"
    assert "registerGcp" in found.remedy


def test_the_data_api_that_is_off_stops_the_source() -> None:
    found = fault(API, classic("accessNotConfigured"))
    assert isinstance(found, Stop)
    assert (found.kind, found.remedy) == ("config", "switch it on in the Google Cloud project of the OAuth client")


def test_an_account_without_a_channel_is_no_expired_token() -> None:
    found = fault(API, classic("youtubeSignupRequired", 401))
    assert isinstance(found, Stop)
    assert found.kind == "auth"
    assert "owns the channel" in found.remedy


@pytest.mark.parametrize(
    "reply", [classic("authError", 401), plain(401, "UNAUTHENTICATED"), answer({"error": {"code": 401}}, 401)]
)
def test_an_expired_token_is_renewed(reply: Answer) -> None:
    assert isinstance(fault(API, reply), Renew)


def test_a_failure_inside_a_good_status_is_one() -> None:
    """https://developers.google.com/youtube/analytics: the presence of `errors` says that the operation has failed."""
    body = {"kind": "youtubeAnalytics#resultTable", "errors": {"code": "INTERNAL_ERROR", "error": []}}
    assert isinstance(fault(ANALYTICS, answer(body)), Wait)
    spent = {"errors": {"code": "FORBIDDEN", "error": [{"domain": "youtube.quota", "code": "quotaExceeded"}]}}
    found = fault(ANALYTICS, answer(spent))
    assert isinstance(found, Stop)
    assert found.kind == "budget"


def test_a_dead_refresh_token_says_what_may_have_ended_it() -> None:
    reply = answer({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
    found = fault(AUTH, reply)
    assert isinstance(found, Stop)
    assert found.kind == "auth"
    assert "7 days" in found.remedy
    assert "6 months" in found.remedy


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer({"error": "invalid_client"}, 401), Stop),
        (answer({"error": "who_knows"}, 400), Stop),
        (answer({"error": "internal_failure"}, 500), Wait),
        (answer({"error": "rate"}, 429), Wait),
    ],
)
def test_the_token_service_is_not_asked_in_vain(reply: Answer, kind: type[Fault]) -> None:
    assert isinstance(fault(AUTH, reply), kind)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (classic("invalidPageToken", 400), Skip),
        (classic("playlistNotFound", 404), Skip),
        (classic("badRequest", 400), Skip),
        (plain(400, "INVALID_ARGUMENT"), Skip),
        (plain(404, "NOT_FOUND"), Skip),
        (plain(409, "ALREADY_EXISTS"), Skip),
        (classic("backendError", 503), Wait),
        (plain(503, "UNAVAILABLE"), Wait),
        (answer({"error": {"code": 418}}, 418), Skip),
    ],
)
def test_other_refusals(reply: Answer, kind: type[Fault]) -> None:
    assert isinstance(fault(REPORTING, reply), kind)


@pytest.mark.parametrize(
    ("status", "kind"), [(204, type(None)), (202, type(None)), (409, Skip), (400, Skip), (503, Wait), (429, Wait)]
)
def test_the_hub_answers_in_plain_text(status: int, kind: type) -> None:
    found = judge(HUB, Answer(status, {"content-type": "text/plain"}, b"not JSON"))
    assert type(found) is kind
    if status == 409:
        assert "could not reach" in str(found)


@pytest.mark.parametrize(("status", "kind"), [(502, Wait), (408, Wait), (429, Wait), (404, Stop), (403, Stop)])
def test_a_refusal_that_is_none_of_googles(status: int, kind: type[Fault]) -> None:
    assert type(judge(API, Answer(status, {"content-type": "text/html"}, b"<html>"))) is kind


def test_a_good_answer_that_was_cut_is_asked_for_again() -> None:
    for body in (b'{"items": [', b"[]", b""):
        with pytest.raises(Malformed):
            judge(API, Answer(200, {}, body))


def test_every_row_of_the_tables_makes_a_fault() -> None:
    for reason in REASONS:
        assert isinstance(fault(API, classic(reason)), Fault)
    for name in STATUSES:
        assert isinstance(fault(MERCHANT, plain(400, name)), Fault)
    assert {"youtube.readonly", "yt-analytics.readonly", "content"} == {api.scope for api in APIS.values()}
    assert HTTP[429].act == "throttled"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "details", "reason", "code", "status", "metadata"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([API, ANALYTICS, MERCHANT, AUTH]), JSON, st.sampled_from([200, 400, 401, 403, 404, 429, 500]))
def test_no_body_leads_the_judge_astray(request_: Request, body: object, status: int) -> None:
    try:
        found = judge(request_, answer(body, status))
    except Malformed:
        assert status < 400
        return
    if status >= 400:
        assert isinstance(found, Fault)
    if found is not None:
        assert len(found.reason) < 400


@given(st.text(max_size=200))
def test_a_reason_brings_nothing_strange_into_a_sentence(reason: str) -> None:
    said = fault(API, classic(reason, 400)).reason
    assert all(char.isascii() and char.isprintable() for char in said)
