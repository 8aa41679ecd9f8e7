"""Meta ads on the wire: what is asked and by which rule, at once, by report and in parts, and what a refusal means."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Batch, Delivery, Fault, Request, Split, Stop, Stream, Wait, Window
from jalon.connectors.graph_api import tokens
from jalon.connectors.graph_api.deliveries import SIGNATURE, signature
from jalon.connectors.meta_ads import MetaAds, Settings, by_field, insights
from jalon.connectors.meta_ads.doors import RESTATED, STREAMS
from jalon.connectors.meta_ads.insights import CUTS, PURCHASED, product_id
from jalon.connectors.meta_ads.reading import OVERDUE, Node, Place, Reading, place_of
from tests.connectors.graph_session import APP, NOW, GraphSession, good, refused
from tests.connectors.played import all_of

CONNECTOR = MetaAds()
ACCOUNT = {"shop_id": "1015", "zone": "America/New_York", "currency": "USD"}
BY_NAME = {stream.name: stream for stream in STREAMS}
TOO_BIG = refused(100, 1487534, "Please reduce your query")


def settings(**more: Any) -> Settings:
    return Settings(connector="meta_ads", access_token="EAAG-canary-token", ad_account_id="1015", **{**APP, **more})


def session(play: Callable[[Request], Answer], at: float = NOW, **more: Any) -> GraphSession:
    played = GraphSession(CONNECTOR, settings(**more), play, ACCOUNT, at)
    played.kept["consent"] = tokens.consent(None, ACCOUNT["shop_id"])
    return played


def day(stream: str = "ads", text: str = "2026-11-19", cursor: str | None = None) -> Window:
    low = datetime.fromisoformat(f"{text}T05:00:00+00:00")  # midnight in New York
    return Window(BY_NAME[stream], low, low + timedelta(days=1), cursor)


def rows(*ads: str, after: str = "") -> Answer:
    found = [{"ad_id": ad, "campaign_id": "1", "adset_id": "2", "spend": "1.00"} for ad in ads]
    paging = {"cursors": {"before": "B", "after": after or "Z"}}
    if after:
        paging["next"] = f"https://graph.facebook.com/v26.0/act_1015/insights?access_token=canary&after={after}"
    return good({"data": found, "paging": paging})


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_a_day_is_asked_for_with_every_rule_said() -> None:
    played = session(lambda _: rows("7"))
    (batch,) = await all_of(CONNECTOR.pull(played, day()))
    (asked,) = played.asked
    assert (asked.method, asked.path) == ("GET", "/v26.0/act_1015/insights")
    query = asked.query
    assert json.loads(query["time_range"]) == {"since": "2026-11-19", "until": "2026-11-19"}
    assert (query["level"], query["time_increment"]) == ("ad", "1")
    assert json.loads(query["action_attribution_windows"]) == ["7d_click", "1d_view"]
    assert query["action_report_time"] == "impression"
    (every,) = json.loads(query["filtering"])
    assert (every["field"], every["operator"]) == ("ad.effective_status", "IN")
    assert {"ACTIVE", "ARCHIVED", "DELETED", "PAUSED"} < set(every["value"])
    assert "breakdowns" not in query
    assert batch.cursor is None
    (record,) = batch.records
    assert record.key == "2026-11-19/7"
    assert record.body["windows"] == ["7d_click", "1d_view"]
    assert record.body["action"] == "omni_purchase"


async def test_a_day_brings_the_end_of_the_consent_which_is_asked_for_once_in_a_run() -> None:
    """After it the token still looks alive, and answers are empty."""

    def play(request: Request) -> Answer:
        life = {"is_valid": True, "type": "USER", "data_access_expires_at": int(NOW + 9)}
        return good({"data": life}) if "debug_token" in request.path else rows("7")

    played = GraphSession(CONNECTOR, settings(), play, ACCOUNT, NOW)
    for text in ("2026-11-18", "2026-11-19"):
        (batch,) = await all_of(CONNECTOR.pull(played, day(text=text)))
        assert [(each.key, each.at) for each in batch.deadlines] == [("data_access/1015", NOW + 9)]
    assert sum("debug_token" in request.path for request in played.asked) == 1


async def test_by_product_only_the_field_of_the_chosen_action_is_asked_for() -> None:
    played = session(lambda _: good({"data": []}), purchase_action="offsite_conversion.fb_pixel_purchase")
    await all_of(CONNECTOR.pull(played, day("products")))
    fields = set(played.asked[0].query["fields"].split(","))
    assert json.loads(played.asked[0].query["breakdowns"]) == ["product_id"]
    assert "converted_product_website_pixel_purchase" in fields
    assert not {name for name in fields if "omni" in name}
    assert "product_retailer_id" in fields


async def test_products_that_are_switched_off_are_not_asked_for() -> None:
    played = session(lambda _: rows(), products=False)
    assert await all_of(CONNECTOR.pull(played, day("products"))) == [Batch()]
    assert not played.asked


async def test_the_token_is_in_no_address_and_a_next_link_is_not_followed() -> None:
    pages = [rows("7", after="MAZDZD"), rows("8")]
    played = session(lambda _: pages.pop(0))
    await all_of(CONNECTOR.pull(played, day()))
    assert [request.query.get("after") for request in played.asked] == [None, "MAZDZD"]
    for request in played.asked:
        assert "canary" not in request.path + str(request.query)
        assert request.headers["authorization"] == "Bearer EAAG-canary-token"
        assert len(request.query["appsecret_proof"]) == 64


def gone(batches: list[Batch]) -> list[str]:
    return [record.key for batch in batches for record in batch.records if record.body.get("gone")]


@pytest.mark.parametrize("stream", ["ads", "products"])
async def test_what_a_day_told_before_and_does_not_tell_now_is_gone(stream: str) -> None:
    known = frozenset({"2026-11-19/7", "2026-11-19/8", "2026-11-19/9", "2026-11-19/1/52"})
    pages = [rows("7", after="MAZDZD"), rows("8")]
    batches = await all_of(CONNECTOR.pull(session(lambda _: pages.pop(0)), replace(day(stream), known=known)))
    assert gone(batches) == sorted(known - ({"2026-11-19/7", "2026-11-19/8"} if stream == "ads" else set()))
    assert [batch.cursor is None for batch in batches] == [False, True]


async def test_a_day_of_which_only_a_part_was_read_takes_nothing_back() -> None:
    """Read from a page on, from a campaign on, or without what is gone or too much: the next look back does."""
    known = frozenset({"2026-11-19/9"})
    for place in (Place((Node("act_1015"),), after="MAZDZD"), Place((Node("3", "campaign"),))):
        window = replace(day(cursor=place.cursor()), known=known)
        assert gone(await all_of(CONNECTOR.pull(session(lambda _: rows("7")), window))) == []
    reading = Reading(session(lambda _: refused(100, 33)), replace(day(), known=known), Place((Node("act_1015"),)))
    batch, _ = await reading.step(Place((Node("3", "campaign"),)))
    assert batch.skipped
    assert reading.gone() == []


async def test_a_row_of_no_product_is_left_to_the_figures_by_ad() -> None:
    found = [
        {"campaign_id": "1", "product_id": "52, Gummy Bears"},
        {"campaign_id": "1", "product_id": ""},
        {"campaign_id": "1"},
    ]
    (batch,) = await all_of(CONNECTOR.pull(session(lambda _: good({"data": found})), day("products")))
    assert [record.key for record in batch.records] == ["2026-11-19/1/52", "product/52"]


def test_everything_that_is_asked_for_is_in_the_official_specification(contracts: Path) -> None:
    node = json.loads((contracts / "meta" / "sdk-26.0.3-fields-extract.json").read_text())["nodes"]["AdsInsights"]
    fields = {name for cut in CUTS.values() for name in cut.fields} | {f for pair in PURCHASED.values() for f in pair}
    assert fields | {"shop_clicks", "product_views"} <= set(node["fields"])
    assert {cut.level for cut in CUTS.values()} <= set(node["enums"]["Level"])
    assert {cut.breakdown for cut in CUTS.values()} - {""} <= set(node["enums"]["Breakdowns"])
    assert {"1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"} <= set(node["enums"]["ActionAttributionWindows"])
    assert {"impression", "conversion", "mixed"} <= set(node["enums"]["ActionReportTime"])
    run = json.loads((contracts / "meta" / "specs" / "AdReportRun.json").read_text())
    assert {"async_status", "async_percent_completion"} <= {each["name"] for each in run["fields"]}


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", ["7d_view", "28d_view"])
def test_windows_that_return_nothing_are_refused_with_the_reason(window: str) -> None:
    with pytest.raises(ValidationError, match="2026-01-12"):
        settings(attribution_windows=("7d_click", window))


@pytest.mark.parametrize("windows", [(), ("1d_click", "7d_click"), ("7d_click", "dda"), ("7d_click", "7d_click")])
def test_windows_that_lie_within_each_other_are_refused(windows: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        settings(attribution_windows=windows)


def test_one_window_of_each_kind_is_taken() -> None:
    assert settings(attribution_windows=("28d_click", "1d_view", "1d_ev")).attribution_windows[0] == "28d_click"


def test_two_purchase_actions_cannot_be_chosen() -> None:
    with pytest.raises(ValidationError):
        settings(purchase_action=["omni_purchase", "onsite_web_purchase"])


# --- finality ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "settled"), [(27.9, False), (28.1, True)])
async def test_a_day_is_settled_28_days_after_its_end_in_the_account_s_zone(age: float, settled: bool) -> None:
    at = datetime.fromisoformat("2026-11-20T05:00:00+00:00").timestamp() + age * 86_400
    (batch,) = await all_of(CONNECTOR.pull(session(lambda _: rows("7"), at), day()))
    assert batch.records[0].body["settled"] is settled


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_the_last_look_back_still_reads_a_settled_day(stream: Stream) -> None:
    once_in_six_days = timedelta(days=6)
    assert stream.every < once_in_six_days
    assert stream.lookback - once_in_six_days - timedelta(days=1) >= RESTATED


# --- too much: by report, then in parts -------------------------------------------------------------------------------


class Reports:
    """Plays an account for which some nodes are too much at once, and whose reports end as they are told to."""

    def __init__(self, *states: tuple[str, int], too_big: tuple[str, ...] = ("act_1015",)) -> None:
        self.states = list(states)
        self.too_big = too_big
        self.begun = 0

    def __call__(self, request: Request) -> Answer:
        name = request.path.split("/")[2]
        if request.method == "POST":
            self.begun += 1
            return good({"report_run_id": f"60{self.begun}"})
        if request.path.endswith("/insights"):
            level = request.query.get("level", "")
            if level in ("campaign", "adset") or (level == "ad" and request.query["fields"] == "ad_id"):
                return good({"data": [{f"{level}_id": f"{level[0]}1"}, {f"{level}_id": f"{level[0]}2"}]})
            return TOO_BIG if name in self.too_big else rows(f"of-{name}")
        state, percent = self.states.pop(0)
        return good({"id": name, "async_status": state, "async_percent_completion": percent})


async def read_on(played: GraphSession, cursor: str | None = None, most: int = 60) -> list[Batch]:
    """Read a window to its end, coming back whenever it is put off."""
    batches: list[Batch] = []
    for _ in range(most):
        batches += await all_of(CONNECTOR.pull(played, day(cursor=cursor)))
        cursor = batches[-1].cursor
        played.time = max(played.time, batches[-1].later or 0.0)
        if batches[-1].later is None:
            return batches
    raise AssertionError("the window has no end")


def keys(batches: list[Batch]) -> list[str]:
    return [record.key for batch in batches for record in batch.records]


async def test_what_is_too_big_is_read_by_report_once_it_is_whole() -> None:
    play = Reports(("Job Not Started", 0), ("Job Running", 40), ("Job Completed", 90), ("Job Completed", 100))
    played = session(play)
    batches = await read_on(played)
    assert keys(batches) == ["2026-11-19/of-601"]
    assert [batch.later is not None for batch in batches] == [False, True, True, True, True, False]
    assert play.begun == 1
    posted = next(request for request in played.asked if request.method == "POST")
    assert posted.query["level"] == "ad"
    assert sum(request.path == "/v26.0/act_1015/insights" and request.method == "GET" for request in played.asked) == 1


async def test_a_report_that_was_begun_is_gone_on_with_by_another_run() -> None:
    play = Reports(("Job Running", 1), ("Job Completed", 100))
    first = await all_of(CONNECTOR.pull(session(play), day()))
    assert first[-1].later is not None
    batches = await read_on(session(play), first[-1].cursor)
    assert keys(batches) == ["2026-11-19/of-601"]
    assert play.begun == 1


@pytest.mark.parametrize("state", ["Job Failed", "Job Skipped"])
async def test_a_report_that_failed_is_made_once_more(state: str) -> None:
    play = Reports((state, 30), ("Job Completed", 100))
    assert keys(await read_on(session(play))) == ["2026-11-19/of-602"]


async def test_a_report_that_keeps_failing_is_asked_for_in_parts() -> None:
    play = Reports(("Job Failed", 0), ("Job Failed", 0))
    batches = await read_on(session(play))
    assert keys(batches) == ["2026-11-19/of-c1", "2026-11-19/of-c2"]
    assert not [one for batch in batches for one in batch.skipped]


async def test_a_report_that_is_gone_or_never_done_has_failed() -> None:
    play = Reports(*[("Job Running", 5)] * 2, ("Job Completed", 100))
    played = session(play)
    (_, begun) = await all_of(CONNECTOR.pull(played, day()))
    played.time += OVERDUE + 1
    (again, _) = await all_of(CONNECTOR.pull(played, day(cursor=begun.cursor)))
    assert again.cursor is not None
    assert place_of(again.cursor).left[0].report == 2

    def lost(request: Request) -> Answer:
        return refused(100, 33) if request.path == "/v26.0/601" else play(request)

    other = session(lost)
    (again, *_) = await all_of(CONNECTOR.pull(other, day(cursor=begun.cursor)))
    assert again.cursor is not None
    assert place_of(again.cursor).left[0].report == 2


async def test_an_ad_that_is_too_much_by_itself_is_left_out_by_name_and_the_rest_goes_on() -> None:
    failing = [("Job Failed", 0)] * 8
    play = Reports(*failing, too_big=("act_1015", "c1", "a1"))
    batches = await read_on(session(play))
    skipped = [one for batch in batches for one in batch.skipped]
    assert [(one.key, one.reason) for one in skipped] == [("2026-11-19/ad/a1", "too_large")]
    assert keys(batches) == ["2026-11-19/of-a2", "2026-11-19/of-a2", "2026-11-19/of-c2"]


async def test_parts_are_listed_by_the_rules_that_their_figures_are_asked_for_by() -> None:
    """An ad that was deleted, or of which nothing but a purchase fell on the day, would be left out else."""
    played = session(Reports(("Job Failed", 0), ("Job Failed", 0)), report_time="conversion")
    await read_on(played)
    (listed, *_) = [request.query for request in played.asked if request.query.get("fields") == "campaign_id"]
    whole = played.asked[0].query
    assert {name: text for name, text in whole.items() if name not in ("level", "fields")} == {
        name: text for name, text in listed.items() if name not in ("level", "fields")
    }


async def test_of_what_is_gone_below_the_account_the_rest_is_read() -> None:
    """A campaign that is not there any more holds back no other; the account itself stops the source."""
    play = Reports(("Job Failed", 0), ("Job Failed", 0))

    def without(request: Request) -> Answer:
        return refused(100, 33) if request.path.startswith("/v26.0/c1/") else play(request)

    batches = await read_on(session(without))
    assert keys(batches) == ["2026-11-19/of-c2"]
    skipped = [one for batch in batches for one in batch.skipped]
    assert [(one.key, one.reason) for one in skipped] == [("2026-11-19/campaign/c1", "gone")]
    with pytest.raises(Stop, match="not shown") as stop:
        await read_on(session(lambda _: refused(100, 33)))
    assert stop.value.kind == "auth"


async def test_a_report_that_is_gone_once_it_was_done_is_made_once_more() -> None:
    play = Reports(("Job Completed", 100), ("Job Completed", 100))

    def lost(request: Request) -> Answer:
        return refused(100, 33) if request.path == "/v26.0/601/insights" else play(request)

    assert keys(await read_on(session(lost))) == ["2026-11-19/of-602"]


class Wide:
    """Plays an account that gives one field with a list at a time, and one of them (`refused`) not even alone."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, request: Request) -> Answer:
        if request.method == "POST":
            return TOO_BIG
        fields = request.query["fields"].split(",")
        if fields in (["ad_id"], ["campaign_id"], ["adset_id"]):
            return good({"data": [{fields[0]: f"{fields[0][:1]}1"}]})
        lists = [name for name in fields if name.startswith(by_field.LISTED)]
        if len(lists) > 1 or self.refused in lists:
            return TOO_BIG
        self.asked.append(tuple(fields))
        product = {"product_id": f"7, {'/'.join(lists)}"} if "breakdowns" in request.query else {}
        page = [{**{name: name for name in fields}, "campaign_id": "c1", "date_start": "d", **product}]
        return good({"data": [{**row, "ad_id": "a1"} if "ad_id" in fields else row for row in page]})


@pytest.mark.parametrize(("stream", "key"), [("ads", "2026-11-19/a1"), ("products", "2026-11-19/c1/7")])
async def test_what_is_too_much_for_one_day_and_node_is_read_by_field(stream: str, key: str) -> None:
    """And put together: one record with all that was asked for, as if it had come at once."""
    play = Wide()
    played = session(play)
    batches = await all_of(CONNECTOR.pull(played, day(stream)))
    record, *named = [record for batch in batches for record in batch.records]
    assert record.key == key
    assert [one.key for one in named] == (["product/7"] if stream == "products" else [])
    whole = insights.question(played, stream, date(2026, 11, 19))["fields"].split(",")
    assert set(whole) <= set(record.body)
    assert len(play.asked) == 1 + sum(name.startswith(by_field.LISTED) for name in whole)
    assert not [one for batch in batches for one in batch.skipped]
    assert batches[-1].cursor is None


async def test_of_a_node_of_which_one_field_is_too_much_no_part_is_taken() -> None:
    """A part would say of the rest that nothing was counted."""
    batches = await all_of(CONNECTOR.pull(session(Wide("action_values")), day()))
    assert keys(batches) == []
    assert [(one.key, one.reason) for batch in batches for one in batch.skipped] == [("2026-11-19/ad/a1", "too_large")]


async def test_a_campaign_s_products_are_not_asked_for_by_ad_set() -> None:
    """Each ad set's part would take the place of the campaign's row, under one key."""
    played = session(Wide())
    await all_of(CONNECTOR.pull(played, day("products")))
    assert {request.path.split("/")[2] for request in played.asked} == {"act_1015", "c1"}


async def test_the_words_for_too_much_are_understood_too() -> None:
    says = "Please reduce the amount of data you're asking for, then retry your request"
    play = Reports(("Job Completed", 100))

    def wordy(request: Request) -> Answer:
        reply = play(request)
        return refused(1, 99, says, 500) if reply is TOO_BIG else reply

    assert keys(await read_on(session(wordy))) == ["2026-11-19/of-601"]


@given(
    st.lists(st.builds(Node, st.text(max_size=9), st.sampled_from(["account", "ad"]), st.integers(0, 2)), min_size=1),
    st.text(max_size=20),
    st.floats(0, 1e10),
    st.text(max_size=20),
)
def test_a_place_survives_being_written_down(left: list[Node], run: str, begun: float, after: str) -> None:
    place = Place(tuple(left), run, begun, after)
    cursor = place.cursor()
    assert cursor is not None
    assert place_of(cursor) == place


@given(st.text(max_size=40))
def test_a_product_s_id_has_no_comma_and_no_margin(value: str) -> None:
    assert "," not in product_id(value)
    assert product_id(f" {product_id(value)} , name") == product_id(value)


# --- refusals ---------------------------------------------------------------------------------------------------------

USAGE = {"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 19}


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (refused(80000, **{"x-business-use-case-usage": json.dumps({"1015": [USAGE]})}), Wait, 1140.0),
        (refused(80004, **{"x-business-use-case-usage": json.dumps({"1015": [USAGE]})}), Wait, 1140.0),
        (
            refused(17, 2446079, **{"x-ad-account-usage": '{"acc_id_util_pct":100,"reset_time_duration":300}'}),
            Wait,
            300.0,
        ),
        (refused(613, 1996), Wait, 60.0),
        (refused(4), Wait, 60.0),
        (refused(2), Wait, None),
        (TOO_BIG, Split, None),
        (refused(190, 463, status=401), Stop, None),
        (refused(200), Stop, None),
        (refused(100, 0, "(#100) x is not valid for fields param"), Fault, None),
        (refused(3018, 0, "The start date of the time range cannot be beyond 37 months"), Fault, None),
    ],
)
def test_what_a_refusal_means(answer: Answer, kind: type[Fault], seconds: float | None) -> None:
    fault = CONNECTOR.judge(Request("GET", "/v26.0/act_1015/insights"), answer)
    assert type(fault) is kind
    if isinstance(fault, Wait):
        assert fault.seconds == seconds
        assert fault.throttled is (seconds is not None)


def test_what_the_ad_account_has_used_is_known_from_each_answer() -> None:
    header = '{"acc_id_util_pct":75.0,"reset_time_duration":100,"ads_api_access_tier":"standard_access"}'
    level = CONNECTOR.level(good({"data": []}, **{"x-ad-account-usage": header}))
    assert level is not None
    assert level.available == pytest.approx(level.capacity / 4)


def test_no_window_reaches_further_back_than_the_platform_answers() -> None:
    for stream in STREAMS:
        assert stream.retention is not None
        assert stream.retention < timedelta(days=365 * 3 + 28)


# --- account ----------------------------------------------------------------------------------------------------------

DATA = {
    "account_id": "1015",
    "id": "act_1015",
    "name": "Atelier",
    "currency": "USD",
    "timezone_name": "America/New_York",
    "account_status": 1,
}
TOKEN_INFO = {"data": {"is_valid": True, "type": "SYSTEM_USER", "expires_at": 0, "scopes": ["ads_read"]}}


def account(request: Request, **more: Any) -> Answer:
    return good(TOKEN_INFO) if request.path.endswith("debug_token") else good({**DATA, **more})


async def test_zone_and_currency_are_the_account_s_own() -> None:
    assert await CONNECTOR.greet(session(account)) == {
        "shop_id": "1015",
        "name": "Atelier",
        "zone": "America/New_York",
        "currency": "USD",
    }


async def test_doctor_tells_how_the_account_stands() -> None:
    found = [finding async for finding in CONNECTOR.examine(session(account))]
    assert {finding.level for finding in found} == {"ok"}
    assert found[-1].detail == "are counted by omni_purchase within 7d_click or 1d_view"


async def test_doctor_warns_of_another_zone_and_of_a_closed_account() -> None:
    played = session(lambda request: account(request, account_status=101), timezone="Europe/Paris")
    found = {finding.name: finding async for finding in CONNECTOR.examine(played)}
    assert found["timezone"].level == "warn"
    assert "America/New_York" in found["timezone"].detail
    assert found["account"].level == "warn"
    assert "closed" in found["account"].detail


async def test_doctor_says_what_to_do_about_a_dead_token() -> None:
    (found,) = [finding async for finding in CONNECTOR.examine(session(lambda _: refused(190, 460, status=401)))]
    assert found.level == "fail"
    assert found.remedy


def test_it_takes_no_delivery_though_one_is_signed_with_the_secret_of_the_app() -> None:
    body = b'{"object":"user","entry":[]}'
    signed = Delivery({SIGNATURE: signature(body, APP["app_secret"].encode()).decode()}, body, NOW)
    assert CONNECTOR.secrets(settings()) == ()
    assert CONNECTOR.verify(signed, settings(), (APP["app_secret"].encode(),)) is False
