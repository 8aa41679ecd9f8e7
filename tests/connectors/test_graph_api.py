"""What all of Meta's platforms share on the wire: credentials, paging, refusals, usage, versions."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Fault, Request, Skip, Split, Stop, Wait
from jalon.connectors.facebook import Facebook, Settings
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api import asking, faults, usage
from jalon.connectors.graph_api.asking import get, page_of, pages
from jalon.connectors.graph_api.faults import BadMetric, Unmet
from tests.connectors.graph_session import APP, NOW, TOKEN, GraphSession, good, refused

CONNECTOR = Facebook()
LIST = Request("GET", "/v26.0/1/posts", {"limit": "100"})
FIGURES = Request("GET", "/v26.0/1/insights", {"metric": "views"})


def settings(**more: Any) -> Settings:
    return Settings(connector="facebook", **{"access_token": "EAAG-canary-token", **APP, **more})


def session(play: Any) -> GraphSession:
    return GraphSession(CONNECTOR, settings(), play, {"shop_id": "1"})


# --- credentials ------------------------------------------------------------------------------------------------------


def test_the_token_is_in_the_header_and_never_in_the_address() -> None:
    prepared = asking.prepare(get(settings(), "me", {"fields": "id"}), settings(), TOKEN)
    assert prepared.headers["authorization"] == f"Bearer {TOKEN.access_token}"
    assert prepared.path == "/v26.0/me"
    assert TOKEN.access_token not in str(prepared.query)


def test_the_proof_is_the_tokens_digest_under_the_apps_secret() -> None:
    prepared = asking.prepare(get(settings(), "me"), settings(), TOKEN)
    wanted = hmac.new(APP["app_secret"].encode(), TOKEN.access_token.encode(), hashlib.sha256).hexdigest()
    assert prepared.query["appsecret_proof"] == wanted
    without = asking.prepare(get(settings(), "me"), settings(app_secret=None), TOKEN)
    assert "appsecret_proof" not in without.query


def test_an_anonymous_request_carries_no_credential() -> None:
    asked = get(settings(), "oauth/access_token", anonymous=True)
    assert asking.prepare(asked, settings(), TOKEN) == asked


def test_a_version_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ValidationError):
        settings(version="26")


# --- paging -----------------------------------------------------------------------------------------------------------

NEXT = "https://graph.facebook.com/v26.0/1/posts?access_token=EAAG-canary-token&limit=100&after="


def listed(rows: int, after: str | None, last: bool = False) -> dict[str, Any]:
    paging: dict[str, Any] = {"cursors": {"before": "b", "after": after}} if after else {}
    if not last and after:
        paging["next"] = f"{NEXT}{after}"
    return {"data": [{"id": str(n)} for n in range(rows)], "paging": paging}


async def test_pages_go_on_after_short_and_empty_ones_and_end_where_next_is_absent() -> None:
    answers = [listed(100, "A"), listed(3, "B"), listed(0, "C"), listed(100, "D", last=True)]
    replies = iter(answers)
    talk = session(lambda _: good(next(replies)))
    found = [page async for page in pages(talk, LIST)]
    assert [len(page.rows) for page in found] == [100, 3, 0, 100]
    assert [request.query.get("after") for request in talk.asked] == [None, "A", "B", "C"]
    assert all("access_token" not in request.query for request in talk.asked), "the address of next is never followed"


async def test_a_reading_goes_on_from_its_cursor() -> None:
    talk = session(lambda _: good(listed(1, "Z", last=True)))
    assert [page.after async for page in pages(talk, LIST, "K")] == [None]
    assert talk.asked[0].query["after"] == "K"


async def test_a_cursor_that_comes_twice_is_a_fault() -> None:
    talk = session(lambda _: good(listed(1, "same")))
    with pytest.raises(Fault, match="twice"):
        [page async for page in pages(talk, LIST)]


def test_a_cursor_may_stand_in_the_address_alone() -> None:
    assert page_of({"data": [], "paging": {"next": f"{NEXT}Q2"}}).after == "Q2"
    with pytest.raises(Fault, match="not which"):
        page_of({"data": [], "paging": {"next": "https://graph.facebook.com/v26.0/1/insights?since=1&until=2"}})


async def test_a_page_that_is_too_much_is_asked_for_by_halves() -> None:
    def play(request: Request) -> Answer:
        if int(request.query["limit"]) > 25:
            return refused(1, 99, "Please reduce the amount of data you're asking for, then retry", 500)
        return good(listed(1, "A", last=True))

    talk = session(play)
    assert len([page async for page in pages(talk, LIST)]) == 1
    assert [request.query["limit"] for request in talk.asked] == ["100", "50", "25"]


async def test_a_row_that_is_too_much_by_itself_is_told() -> None:
    talk = session(lambda _: refused(1, 99, "Please reduce the amount of data you're asking for", 500))
    with pytest.raises(Split):
        [page async for page in pages(talk, LIST)]


# --- refusals ---------------------------------------------------------------------------------------------------------

THROTTLED = [4, 17, 32, 613, 80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014]


def judged(answer: Answer, request: Request = LIST) -> Fault:
    fault = CONNECTOR.judge(request, answer)
    assert fault is not None
    return fault


@pytest.mark.parametrize("code", THROTTLED)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_limit_is_waited_for_whatever_the_status(code: int, status: int) -> None:
    fault = judged(refused(code, status=status))
    assert isinstance(fault, Wait)
    assert fault.throttled
    assert fault.seconds == 60.0, "nobody tells how long, and asking on lengthens the block"


def test_a_limit_waits_as_long_as_its_header_tells() -> None:
    uses = [{"type": "instagram", "estimated_time_to_regain_access": 19}, {"type": "pages", "call_count": 3}]
    header = {"x-business-use-case-usage": json.dumps({"17841": uses})}
    assert _seconds(refused(80002, **header)) == 19 * 60
    assert _seconds(refused(4, **header)) == 19 * 60
    account = {"x-ad-account-usage": '{"acc_id_util_pct":100.0,"reset_time_duration":100}'}
    assert _seconds(refused(17, 2446079, **account)) == 100


def test_a_use_case_waits_for_itself_and_not_for_another() -> None:
    uses = [
        {"type": "instagram", "estimated_time_to_regain_access": 2},
        {"type": "ads_insights", "estimated_time_to_regain_access": 50},
    ]
    header = {"x-business-use-case-usage": json.dumps({"17841": uses})}
    assert _seconds(refused(80002, **header)) == 120
    assert _seconds(refused(80000, **header)) == 3000


def _seconds(answer: Answer) -> float | None:
    fault = judged(answer)
    assert isinstance(fault, Wait)
    return fault.seconds


@pytest.mark.parametrize("code", [341, 368])
def test_a_block_is_waited_out_for_long(code: int) -> None:
    fault = judged(refused(code))
    assert isinstance(fault, Wait)
    assert fault.throttled
    assert (fault.seconds or 0) >= 3600


@pytest.mark.parametrize(("code", "subcode"), [(102, 0), (190, 0), (190, 463), (190, 467), (190, 99)])
def test_a_dead_token_stops_the_source(code: int, subcode: int) -> None:
    fault = judged(refused(code, subcode, status=401))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"
    assert "access_token" in fault.remedy


@pytest.mark.parametrize("subcode", [458, 459, 460, 464])
def test_where_a_person_must_act_the_remedy_says_so(subcode: int) -> None:
    fault = judged(refused(190, subcode))
    assert isinstance(fault, Stop)
    assert "log in again" in fault.remedy


@pytest.mark.parametrize("code", [3, 10, 200, 230, 299])
def test_a_missing_permission_is_one_of_rights(code: int) -> None:
    fault = judged(refused(code, status=403))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"


@pytest.mark.parametrize("code", [1, 2])
def test_what_is_temporary_is_asked_again(code: int) -> None:
    fault = judged(refused(code, status=500))
    assert isinstance(fault, Wait)
    assert not fault.throttled


def test_what_says_itself_to_be_temporary_is_asked_again() -> None:
    error = {"error": {"code": 98765, "message": "hm", "is_transient": True}}
    assert isinstance(judged(Answer(400, {"content-type": "application/json"}, json.dumps(error).encode())), Wait)


@pytest.mark.parametrize(
    ("code", "subcode", "message", "kind"),
    [
        (100, 33, "Unsupported get request", Gone),
        (803, 0, "Some of the aliases you requested do not exist", Gone),
        (100, 2108006, "Media posted before business account conversion", Unmet),
        (10, 0, "(#10) Not enough viewers for the media to show insights", Unmet),
        (100, 0, "(#100) The Media Insights API does not support the views metric for this media type", BadMetric),
        (3001, 1504028, "The value must be a valid insights metric", BadMetric),
        (3001, 0, "no", BadMetric),
        (100, 1487534, "Please reduce", Split),
        (1, 0, "Please reduce the amount of data you're asking for, then retry your request", Split),
        (100, 0, "Tried accessing nonexisting field (x) on node type (Page)", Fault),
        (424242, 0, "something new", Fault),
        (12, 0, "deprecated", Stop),
        (101, 0, "Error validating application", Stop),
        (1, 0, "Error validating client secret.", Stop),
        (100, 0, "Invalid appsecret_proof provided in the API argument", Stop),
        (2200, 0, "Callback verification failed", Stop),
    ],
)
def test_each_refusal_means_what_happens_next(code: int, subcode: int, message: str, kind: type[Fault]) -> None:
    assert type(judged(refused(code, subcode, message))) is kind
    assert issubclass(Gone, Skip)
    assert issubclass(Unmet, Skip)


AFTER = Request("GET", "/v26.0/1/posts", {"limit": "100", "after": "QVFIU"})


@pytest.mark.parametrize("code", [100, 2642])
def test_a_page_mark_that_is_not_known_any_more_is_told_as_such(code: int) -> None:
    """So that the engine reads its window from the start, and not for ever from a mark that leads nowhere."""
    fault = judged(refused(code, message="Invalid cursors values"), AFTER)
    assert isinstance(fault, Skip)
    assert not isinstance(fault, Gone | Unmet | BadMetric)
    assert "page mark" in fault.reason


@pytest.mark.parametrize(
    ("code", "subcode", "message", "kind"),
    [
        (100, 33, "Unsupported get request", Gone),
        (100, 1487534, "Please reduce", Split),
        (100, 0, "Invalid appsecret_proof provided in the API argument", Stop),
        (190, 0, "expired", Stop),
        (4, 0, "Application request limit reached", Wait),
        (424242, 0, "something new", Fault),
    ],
)
def test_behind_a_page_mark_other_refusals_mean_what_they_mean_elsewhere(
    code: int, subcode: int, message: str, kind: type[Fault]
) -> None:
    assert type(judged(refused(code, subcode, message), AFTER)) is kind


def test_an_unknown_error_of_a_breakdown_is_the_breakdown() -> None:
    cut = Request("GET", "/v26.0/1/insights", {"metric": "views", "breakdown": "action_type"})
    answer = refused(1, 0, "An unknown error has occurred.", 500)
    assert isinstance(judged(answer, cut), BadMetric)
    assert isinstance(judged(answer, FIGURES), Wait)


def test_an_error_inside_a_good_status_is_one() -> None:
    assert isinstance(judged(refused(190, status=200)), Stop)


def test_without_the_platforms_words_the_status_decides() -> None:
    html = {"content-type": "text/html"}
    assert isinstance(judged(Answer(503, html, b"<html>")), Wait)
    assert isinstance(judged(Answer(404, html, b"<html>")), Stop)
    throttled = judged(Answer(429, html, b""))
    assert isinstance(throttled, Wait)
    assert throttled.throttled
    assert isinstance(judged(good([1])), Wait)
    assert CONNECTOR.judge(LIST, good({"data": []})) is None


@given(st.integers(0, 90_000), st.integers(0, 3_000_000), st.text(max_size=60), st.sampled_from([200, 400, 403, 500]))
def test_any_refusal_means_something_and_tells_no_more_than_words(
    code: int, subcode: int, message: str, status: int
) -> None:
    fault = judged(refused(code, subcode, message, status))
    assert fault.reason
    assert not set('<>"{}&?=\\\n') & set(fault.reason)


# --- usage and version ------------------------------------------------------------------------------------------------


def test_the_fullest_header_counts() -> None:
    headers = {
        "x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}',
        "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":90,"total_time":1,"total_cputime":1}]}',
        "x-ad-account-usage": '{"acc_id_util_pct":9.67,"reset_time_duration":100}',
    }
    level = usage.level(good({}, **headers))
    assert level is not None
    assert level.available == pytest.approx(20.0)
    assert level.capacity == 200


@pytest.mark.parametrize(("used", "lasts"), [(0, 0), (1, 36), (50, 1800), (100, 3600), (130, 3600)])
def test_what_a_header_tells_holds_until_what_was_used_is_whole_again(used: int, lasts: float) -> None:
    """The limit itself is not told: an estimate that held for longer would be a limit that nobody has set."""
    level = usage.level(good({}, **{"x-app-usage": json.dumps({"call_count": used})}))
    assert level is not None
    assert level.lasts == pytest.approx(lasts)


@pytest.mark.parametrize("name", ["x-fb-ads-insights-throttle", "x-fb-ads-insights-reach-throttle"])
@pytest.mark.parametrize("fullest", ["app_id_util_pct", "acc_id_util_pct"])
def test_insights_have_a_load_of_their_own(name: str, fullest: str) -> None:
    told = {"app_id_util_pct": 5, "acc_id_util_pct": 5, "ads_api_access_tier": "standard_access", fullest: 75}
    level = usage.level(good({}, **{"x-app-usage": '{"call_count":1}', name: json.dumps(told)}))
    assert level is not None
    assert level.available == pytest.approx(50.0)


def test_without_a_header_nothing_is_told() -> None:
    assert usage.level(good({})) is None
    assert usage.level(good({}, **{"x-app-usage": "soon"})) is None
    assert usage.level(good({}, **{"x-business-use-case-usage": '{"1":"full"}'})) is None


def test_a_use_case_that_must_wait_leaves_nothing() -> None:
    header = {
        "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":1,"estimated_time_to_regain_access":3}]}'
    }
    level = usage.level(good({}, **header))
    assert level is not None
    assert level.available == 0


def test_another_version_than_asked_is_told() -> None:
    told = faults.other_version(LIST, good({}, **{"facebook-api-version": "v27.0"}))
    assert told is not None
    assert "v26.0, answered by v27.0" in told
    assert faults.other_version(LIST, good({}, **{"facebook-api-version": "v26.0"})) is None
    assert faults.other_version(LIST, good({})) is None
    assert (
        faults.other_version(Request("GET", "/refresh_access_token"), good({}, **{"facebook-api-version": "v27.0"}))
        is None
    )


def test_the_time_of_the_session_is_that_of_the_tests() -> None:
    assert session(lambda _: good({})).now() == NOW
