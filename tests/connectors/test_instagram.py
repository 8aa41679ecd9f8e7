"""The wire of Instagram: what is asked, in which order, and what becomes of what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.base import Answer, Batch, Delivery, Finding, Request, Stop, Undelivered, Window
from jalon.connectors.facebook import reading as facebook_reading
from jalon.connectors.graph_api.settings import FACEBOOK_HOST, INSTAGRAM_HOST
from jalon.connectors.instagram import Instagram, Settings, reading
from jalon.connectors.instagram.account import APP_FIELDS, PAGE_FIELDS, greet
from tests.connectors.graph_session import APP, NOW, GraphSession, good, refused
from tests.connectors.played import all_of

CONNECTOR = Instagram()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
ACCOUNT = {"shop_id": "17841", "name": "atelier", "page_id": "1045"}
MEDIA, STORY = "17895695668004550", "17895695668004560"
Play = Callable[[Request], Answer]


def settings(**more: Any) -> Settings:
    return Settings(**{"connector": "instagram", "access_token": "EAAG-canary-token", **APP, **more})


def session(play: Play, at: float = NOW, **more: Any) -> GraphSession:
    return GraphSession(CONNECTOR, settings(**more), play, ACCOUNT, at)


def edge(request: Request) -> str:
    return request.path.removeprefix("/v26.0/")


async def pulled(talk: GraphSession, stream: str, low: float = NOW - 86_400, cursor: str | None = None) -> list[Batch]:
    begin = datetime.fromtimestamp(low, UTC)
    return await all_of(CONNECTOR.pull(talk, Window(STREAMS[stream], begin, begin + timedelta(days=1), cursor)))


async def fetched(talk: GraphSession, stream: str, key: str) -> list[Batch]:
    return await all_of(CONNECTOR.fetch(talk, STREAMS[stream], [key]))


def listed(*rows: dict[str, Any], after: str | None = None) -> Answer:
    paging = {"cursors": {"after": after}, "next": f"https://x.example/?after={after}"} if after else {}
    return good({"data": list(rows), "paging": paging})


def media(**more: Any) -> dict[str, Any]:
    return {
        "id": MEDIA,
        "media_type": "IMAGE",
        "media_product_type": "FEED",
        "timestamp": "2026-11-19T12:00:00+0000",
        **more,
    }


# --- contents ---------------------------------------------------------------------------------------------------------


async def test_a_media_brings_refs_to_its_figures_and_tags() -> None:
    talk = session(lambda _: listed(media(), after="K"))
    gen = CONNECTOR.pull(talk, _window("media"))
    batch = await anext(gen)
    assert batch.cursor == "K"
    assert {(ref.stream, ref.key) for ref in batch.follow} == {
        ("media_insights", f"{MEDIA}/FEED/1795089600/2026-11-20"),
        ("product_tags", MEDIA),
    }
    (asked,) = talk.asked
    assert edge(asked) == "17841/media"
    assert {"since", "until"} <= asked.query.keys()


def _window(stream: str) -> Window:
    begin = datetime.fromtimestamp(NOW - 86_400, UTC)
    return Window(STREAMS[stream], begin, begin + timedelta(days=1))


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (
            {"media_type": "CAROUSEL_ALBUM", "children": {"data": [{"id": "1"}, {"id": "2"}]}},
            [f"{MEDIA}/1", f"{MEDIA}/2"],
        ),
        ({"media_type": "CAROUSEL_ALBUM"}, []),
        ({"media_product_type": "REELS", "media_type": "VIDEO"}, []),
        ({"media_product_type": "STORY"}, []),
        ({"media_type": "VIDEO"}, [MEDIA]),
    ],
)
async def test_tags_are_asked_of_feed_posts_and_of_the_children_of_carousels(
    more: dict[str, Any], wanted: list[str]
) -> None:
    (batch,) = await pulled(session(lambda _: listed(media(**more))), "media")
    assert [ref.key for ref in batch.follow if ref.stream == "product_tags"] == wanted


async def test_with_instagram_login_no_tag_and_no_product_is_asked_for() -> None:
    talk = session(lambda _: listed(media()), login="instagram")
    (batch,) = await pulled(talk, "media")
    assert {ref.stream for ref in batch.follow} == {"media_insights"}
    assert await pulled(talk, "products") == [Batch()]


def test_each_login_has_its_host() -> None:
    assert CONNECTOR.hosts(settings()) == {"api": (FACEBOOK_HOST,)}
    assert CONNECTOR.hosts(settings(login="instagram")) == {"api": (INSTAGRAM_HOST,)}
    assert CONNECTOR.hosts(settings(login="instagram", api_url="http://127.0.0.1:1")) == {
        "api": ("http://127.0.0.1:1",)
    }


async def test_a_media_without_a_time_is_read_all_the_same() -> None:
    (batch,) = await pulled(session(lambda _: listed({"id": MEDIA})), "media")
    assert batch.follow[0].key == f"{MEDIA}/FEED/0/2026-11-20"
    assert reading.Fetched(reading.fetch_media_insights, r"\d+/[A-Z_]+/\d+/\d{4}-\d\d-\d\d").well_formed(
        batch.follow[0].key
    )


# --- stories ----------------------------------------------------------------------------------------------------------

POSTED = int(NOW - 20 * 3600)
LIFE = good({"data": {"is_valid": True, "data_access_expires_at": int(NOW + 50 * 86_400)}})


def stories(request: Request) -> Answer:
    if edge(request) == "debug_token":
        return LIFE
    at = datetime.fromtimestamp(POSTED, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return listed(media(id=STORY, media_product_type="STORY", timestamp=at))


async def test_a_story_brings_its_end_as_a_deadline_and_is_read_at_once() -> None:
    (batch,) = await pulled(session(stories), "stories")
    assert [(ref.stream, ref.key) for ref in batch.follow] == [("story_insights", f"{STORY}/{POSTED}")]
    consent, story = batch.deadlines
    assert (story.key, story.at, story.warn) == (f"story/{STORY}", POSTED + 86_400.0, 86_400.0)
    assert consent.key == "data_access/17841"


async def test_how_long_before_it_is_named_is_a_setting() -> None:
    (batch,) = await pulled(session(stories, story_warning_hours=2), "stories")
    assert batch.deadlines[-1].warn == 7200.0


@pytest.mark.parametrize(("hours", "taken_back"), [(1, False), (17, False), (18, True), (23, True), (30, True)])
async def test_a_reading_in_its_last_hours_takes_the_deadline_back(hours: int, taken_back: bool) -> None:
    talk = session(lambda _: listed({"name": "reach", "values": [{"value": 7}]}), at=POSTED + hours * 3600)
    (batch,) = await fetched(talk, "story_insights", f"{STORY}/{POSTED}")
    assert [(each.key, each.at) for each in batch.deadlines] == ([(f"story/{STORY}", 0.0)] if taken_back else [])


async def test_a_story_of_too_few_viewers_says_nothing_and_is_no_failure() -> None:
    talk = session(lambda _: refused(10, message=FEW))
    (batch,) = await fetched(talk, "story_insights", f"{STORY}/{POSTED}")
    assert [each.reason for each in batch.skipped] == ["no_figures"]
    assert batch.records == ()
    assert batch.deadlines, "its last hours have come, and there is nothing to lose"


FEW = "(#10) Not enough viewers for the media to show insights"


@pytest.mark.parametrize("rest", [refused(10, message=FEW), refused(100, 33)])
async def test_what_is_not_told_of_a_story_takes_nothing_from_what_was(rest: Answer) -> None:
    """Values below five are refused as a story of too few viewers is, and one may vanish between two requests."""

    def play(request: Request) -> Answer:
        if "breakdown" in request.query:
            return rest
        return listed({"name": "reach", "values": [{"value": 700}]})

    (batch,) = await fetched(session(play), "story_insights", f"{STORY}/{POSTED}")
    (record,) = batch.records
    assert [row["name"] for row in record.body["data"]] == ["reach"]
    assert record.body["refused"] == ["navigation", "profile_activity"]
    assert batch.skipped == ()


async def test_a_story_that_is_gone_leaves_its_deadline_to_be_told() -> None:
    (batch,) = await fetched(session(lambda _: refused(100, 33)), "story_insights", f"{STORY}/{POSTED}")
    assert [each.reason for each in batch.skipped] == ["gone"]
    assert batch.deadlines == ()


async def test_a_missing_permission_of_figures_is_not_swallowed() -> None:
    with pytest.raises(Stop):
        await fetched(session(lambda _: refused(10)), "story_insights", f"{STORY}/{POSTED}")


# --- figures ----------------------------------------------------------------------------------------------------------

KEY = f"{MEDIA}/REELS/1795089600/2026-11-20"


def figures(bad: set[str], *, named: bool) -> Play:
    """Return a platform that refuses the whole request for one bad metric, naming it or not."""

    def play(request: Request) -> Answer:
        names = request.query["metric"].split(",")
        wrong = [name for name in names if name in bad]
        if wrong and named:
            words = f"(#100) The Media Insights API does not support the {wrong[0]} metric for this media product type"
            return refused(100, message=words)
        if wrong:
            return refused(3001, 1504028, "The value must be a valid insights metric")
        return good({"data": [{"name": name, "values": [{"value": 1}]} for name in names]})

    return play


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "bad", [set(), {"views"}, {"views", "reposts", "saved"}, set(reading.BY_KIND["REELS"][0].metrics)]
)
async def test_one_bad_metric_costs_only_itself(bad: set[str], named: bool) -> None:
    talk = session(figures(bad, named=named))
    (batch,) = await fetched(talk, "media_insights", KEY)
    (record,) = batch.records
    asked = set(reading.BY_KIND["REELS"][0].metrics)
    assert {row["name"] for row in record.body["data"]} == asked - bad
    assert record.body["refused"] == sorted(bad)
    if len(bad) == 1:
        assert len(talk.asked) == (2 if named else 7), "named it is left out at once, else halves are asked for"


async def test_a_refusal_that_lists_what_is_allowed_names_nothing() -> None:
    def play(request: Request) -> Answer:
        if "," in request.query["metric"]:
            return refused(100, message="(#100) metric[3] must be one of the following values: impressions, reach")
        return good({"data": []})

    talk = session(play)
    (batch,) = await fetched(talk, "media_insights", KEY)
    assert batch.records[0].body["refused"] == []
    assert {request.query["metric"] for request in talk.asked} >= set(reading.BY_KIND["REELS"][0].metrics)


async def test_no_data_is_a_record_without_figures() -> None:
    (batch,) = await fetched(session(lambda _: good({"data": []})), "media_insights", KEY)
    assert batch.records[0].key == f"{MEDIA}/2026-11-20"
    assert batch.records[0].body["data"] == []


@pytest.mark.parametrize(("answer", "reason"), [(refused(100, 2108006), "no_figures"), (refused(100, 33), "gone")])
async def test_one_old_or_deleted_media_does_not_stop_the_rest(answer: Answer, reason: str) -> None:
    (batch,) = await fetched(session(lambda _: answer), "media_insights", KEY)
    assert [(each.key, each.reason) for each in batch.skipped] == [(MEDIA, reason)]


async def test_a_breakdown_that_does_not_suit_is_left_out() -> None:
    def play(request: Request) -> Answer:
        if "breakdown" in request.query:
            return refused(1, message="An unknown error has occurred.", status=500)
        return good({"data": [{"name": "reach", "values": [{"value": 1}]}]})

    (batch,) = await fetched(session(play), "media_insights", KEY.replace("REELS", "FEED"))
    assert batch.records[0].body["refused"] == ["profile_activity"]


@pytest.mark.parametrize("stream", ["media_insights", "story_insights", "product_tags"])
@pytest.mark.parametrize("key", ["", "x", "../me", "1/2/3/4/5", "1?x=1", "\u0661"])
async def test_a_key_that_names_nothing_is_never_put_into_a_path(stream: str, key: str) -> None:
    talk = session(lambda _: good({"data": []}))
    (batch,) = await fetched(talk, stream, key)
    assert [each.reason for each in batch.skipped] == ["bad_id"]
    assert talk.asked == []


@pytest.mark.parametrize(
    ("day", "hours", "since"),
    [
        ("2026-11-10", 24, "2026-11-10T08:00:00+00:00"),
        ("2026-07-10", 24, "2026-07-10T07:00:00+00:00"),
        ("2026-11-01", 25, "2026-11-01T07:00:00+00:00"),
        ("2026-03-08", 23, "2026-03-08T08:00:00+00:00"),
    ],
)
async def test_a_day_of_the_account_is_one_of_pacific_time(day: str, hours: int, since: str) -> None:
    talk = session(lambda _: good({"data": []}), timezone="Europe/Paris")
    midnight = datetime.fromisoformat(f"{day}T00:00:00+01:00").timestamp()
    (batch,) = await pulled(talk, "account_insights", midnight if day != "2026-07-10" else midnight - 3600)
    bounds = talk.asked[0].query
    assert int(bounds["until"]) - int(bounds["since"]) == hours * 3600
    assert bounds["since"] == str(int(datetime.fromisoformat(since).timestamp()))
    assert batch.records[0].body["day"] == day
    assert [record.key for record in batch.records] == [
        f"{day}/whole",
        f"{day}/follow_type",
        f"{day}/contact_button_type",
    ]


@pytest.mark.parametrize(("late", "settled"), [(30, False), (47, False), (49, True)])
async def test_a_day_is_settled_once_it_was_read_two_days_after_it(late: int, settled: bool) -> None:
    end = datetime.fromisoformat("2026-11-11T08:00:00+00:00").timestamp()
    talk = session(lambda _: good({"data": []}), at=end + late * 3600)
    (batch,) = await pulled(talk, "account_insights", datetime.fromisoformat("2026-11-10T00:00:00+00:00").timestamp())
    assert batch.records[0].body["settled"] is settled


# --- tags and products ------------------------------------------------------------------------------------------------


async def test_all_tags_of_a_child_are_one_record_of_the_carousel() -> None:
    def play(request: Request) -> Answer:
        assert edge(request) == "9/product_tags"
        more = request.query.get("after") is None
        return listed({"product_id": 3231775643511089 + more}, after="A" if more else None)

    (batch,) = await fetched(session(play), "product_tags", f"{MEDIA}/9")
    (record,) = batch.records
    assert record.key == f"{MEDIA}/9"
    assert (record.body["media_id"], record.body["child_id"]) == (MEDIA, "9")
    assert [tag["product_id"] for tag in record.body["product_tags"]] == [3231775643511090, 3231775643511089]


def shop(request: Request) -> Answer:
    if edge(request) == "17841/available_catalogs":
        return listed({"catalog_id": "1"}, {"catalog_id": "2"})
    catalog, first = request.query["catalog_id"], "after" not in request.query
    return listed({"product_id": int(catalog) * 10 + first, "retailer_id": "sku"}, after="A" if first else None)


async def test_products_are_read_catalogue_by_catalogue_and_go_on_from_any_page() -> None:
    batches = await pulled(session(shop), "products")
    assert [batch.cursor for batch in batches] == ["1|A", "2|", "2|A", None]
    assert [record.key for batch in batches for record in batch.records] == ["1/11", "1/10", "2/21", "2/20"]
    for place, batch in enumerate(batches[:-1]):
        rest = await pulled(session(shop), "products", cursor=batch.cursor)
        assert rest == batches[place + 1 :]


async def test_an_account_without_catalogues_has_no_products() -> None:
    assert await pulled(session(lambda _: listed()), "products") == [Batch()]


# --- account and deliveries -------------------------------------------------------------------------------------------

LINKED = {"id": "1045", "instagram_business_account": {"id": "17841", "username": "atelier"}}


async def test_the_account_is_found_by_its_page() -> None:
    talk = session(lambda _: listed(LINKED, {"id": "1046", "name": "without"}))
    assert await greet(talk) == ACCOUNT


async def test_a_page_token_finds_its_own_account() -> None:
    def play(request: Request) -> Answer:
        return refused(100, message="Tried accessing nonexisting field") if "accounts" in request.path else good(LINKED)

    assert await greet(session(play)) == ACCOUNT


async def test_instagram_login_names_its_account_as_a_number() -> None:
    talk = session(lambda _: good({"user_id": 17841, "username": "atelier", "id": "5"}), login="instagram")
    assert (await greet(talk))["shop_id"] == "17841"
    with pytest.raises(Stop, match="opens account 17841"):
        await greet(session(lambda _: good({"user_id": 17841}), login="instagram", instagram_id="9"))


async def test_instagram_login_names_its_account_in_a_list_as_well() -> None:
    """https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started"""
    listed = good({"data": [{"user_id": "17841", "username": "atelier"}]})
    assert await greet(session(lambda _: listed, login="instagram")) == {"shop_id": "17841", "name": "atelier"}


@pytest.mark.parametrize("told", [{}, {"data": []}, {"data": ["17841"]}, {"data": [{"username": "atelier"}]}])
@pytest.mark.parametrize("wanted", [None, "17841"])
async def test_instagram_login_that_names_no_account_stops_the_source(told: Any, wanted: str | None) -> None:
    with pytest.raises(Stop, match="no Instagram account") as stop:
        await greet(session(lambda _: good(told), login="instagram", instagram_id=wanted))
    assert stop.value.kind == "auth"
    assert "instagram_business_basic" in stop.value.remedy


@pytest.mark.parametrize(
    ("rows", "more", "said"),
    [
        ([], {}, "no page"),
        ([LINKED], {"instagram_id": "9"}, "not among"),
        ([LINKED, {**LINKED, "instagram_business_account": {"id": "2"}}], {}, "opens 2"),
    ],
)
async def test_where_it_is_not_clear_which_account_it_is_said(rows: list[Any], more: dict[str, str], said: str) -> None:
    with pytest.raises(Stop, match=said):
        await greet(session(lambda _: listed(*rows), **more))


ADDRESS = "https://shop.example/hooks/x"


async def findings(talk: GraphSession, address: str = ADDRESS) -> list[Finding]:
    return [each async for each in CONNECTOR.subscribe(talk, address) if isinstance(each, Finding)]


def hooks(app: dict[str, Any] | None, page: list[str] | None) -> Play:
    def play(request: Request) -> Answer:
        if request.method == "POST":
            return good({"success": True})
        if "subscriptions" in request.path:
            return listed(*([app] if app else []))
        if "subscribed_apps" in request.path:
            return listed(*([{"id": "111222333", "subscribed_fields": page}] if page else []))
        return good({"id": "1045", "access_token": "EAAG-canary-page"})

    return play


THERE = {
    "object": "instagram",
    "callback_url": ADDRESS,
    "active": True,
    "fields": [{"name": name} for name in APP_FIELDS],
}


async def test_both_subscriptions_are_made_where_they_lack() -> None:
    talk = session(hooks(None, None), verify_token="canary-word")
    await findings(talk)
    app, account = [request for request in talk.asked if request.method == "POST"]
    assert edge(app) == "111222333/subscriptions"
    assert b"callback_url=https%3A%2F%2Fshop.example%2Fhooks%2Fx" in app.body
    assert b"verify_token=canary-word" in app.body
    assert "canary" not in str(app.query)
    assert edge(account) == "1045/subscribed_apps"
    assert account.headers["authorization"] == "Bearer EAAG-canary-page"
    assert set(account.query["subscribed_fields"].split(",")) == set(PAGE_FIELDS)


async def test_what_is_there_is_left_alone() -> None:
    talk = session(hooks(THERE, [*PAGE_FIELDS, "feed"]), verify_token="canary-word")
    assert {finding.level for finding in await findings(talk)} == {"ok"}
    assert all(request.method == "GET" for request in talk.asked)


async def test_what_somebody_else_had_subscribed_is_not_taken_away() -> None:
    talk = session(hooks(THERE, ["feed"]), verify_token="canary-word")
    await findings(talk)
    (account,) = [request for request in talk.asked if request.method == "POST"]
    assert "feed" in account.query["subscribed_fields"].split(",")


async def test_two_sources_with_one_app_do_not_take_its_deliveries_from_each_other() -> None:
    """An app has one address for a kind of object: each run would turn it to the source that comes last."""
    first, second = (f"https://shop.example/hooks/{name}/{token * 32}" for name, token in (("one", "a"), ("two", "b")))
    talk = session(hooks({**THERE, "callback_url": first}, list(PAGE_FIELDS)), verify_token="canary-word")
    (left, _) = await findings(talk, second)
    assert (left.level, left.detail) == ("warn", "instagram: are sent to the source 'one', and left so")
    assert "app of its own" in left.remedy
    assert "aaaa" not in str(left), "an address is a secret"
    assert all(request.method == "GET" for request in talk.asked)


@pytest.mark.parametrize(
    "before", ["https://shop.example/hooks/two/old", "https://old.example/hooks/one/t", "https://shop.example/else"]
)
async def test_an_address_of_no_other_source_is_replaced(before: str) -> None:
    talk = session(hooks({**THERE, "callback_url": before}, list(PAGE_FIELDS)), verify_token="canary-word")
    await findings(talk, "https://shop.example/hooks/two/new")
    (app,) = [request for request in talk.asked if request.method == "POST"]
    assert b"callback_url=https%3A%2F%2Fshop.example%2Fhooks%2Ftwo%2Fnew" in app.body


async def test_an_address_that_went_elsewhere_is_told() -> None:
    elsewhere = {**THERE, "callback_url": "https://other.example/x"}
    found = await findings(session(hooks(elsewhere, list(PAGE_FIELDS)), verify_token="canary-word"))
    assert [(each.level, "other.example" in each.detail) for each in found if each.name == "deliveries"] == [
        ("warn", True)
    ]


async def test_without_the_word_deliveries_cannot_be_asked_for() -> None:
    found = await findings(session(hooks(None, list(PAGE_FIELDS))))
    assert found[0].level == "warn"
    assert "verify_token" in found[0].remedy


def delivered(*entries: dict[str, Any], object: str = "instagram") -> Delivery:
    return Delivery({}, json.dumps({"object": object, "entry": list(entries)}).encode(), NOW)


def told(value: dict[str, Any], account: str = "17841") -> dict[str, Any]:
    return {"id": account, "time": int(NOW), "changes": [{"field": "story_insights", "value": value}]}


def test_the_last_figures_of_a_story_stand_above_every_poll_and_end_its_deadline() -> None:
    opened = CONNECTOR.open(delivered(told({"media_id": STORY, "reach": 9})), settings())
    (record,) = opened.records
    assert (record.stream, record.key, record.version) == ("story_insights", STORY, int(NOW) * 1_000_000)
    assert [(each.key, each.at) for each in opened.deadlines] == [(f"story/{STORY}", 0.0)]
    assert opened.topic == "story_insights"


def test_a_batch_of_messages_and_stories_is_opened_whole() -> None:
    event = {"sender": {"id": "9"}, "recipient": {"id": "17841"}, "timestamp": int(NOW * 1000), "message": {"mid": "m"}}
    echo = {**event, "message": {"mid": "e", "is_echo": True}}
    entry = {"id": "17841", "time": int(NOW), "messaging": [event, event, echo]}
    opened = CONNECTOR.open(delivered(entry, told({"media_id": STORY})), settings())
    assert [record.stream for record in opened.records] == ["messages", "messages", "story_insights"]
    assert opened.records[0] == opened.records[1], "a duplicate is the same record"
    assert not opened.stale


def test_a_message_may_come_as_a_change_with_its_time_as_text_in_seconds() -> None:
    """Instagram Login delivers so; it is the same record as in the other form, whoever delivers it."""
    event = {"sender": {"id": "9"}, "recipient": {"id": "17841"}, "message": {"mid": "m", "text": "words"}}
    change = {"field": "messages", "value": {**event, "timestamp": str(int(NOW))}}
    as_change = {"id": "17841", "time": int(NOW), "changes": [change]}
    as_message = {"id": "17841", "time": int(NOW), "messaging": [{**event, "timestamp": int(NOW) * 1000}]}
    opened = CONNECTOR.open(delivered(as_change), settings())
    assert opened.known
    assert len(opened.records) == 1
    assert opened.records == CONNECTOR.open(delivered(as_message), settings()).records


def test_who_is_known_by_a_reference_alone_is_a_person_too() -> None:
    event = {"sender": {"user_ref": "ref-1"}, "timestamp": str(int(NOW)), "message": {"mid": "m"}}
    opened = CONNECTOR.open(delivered({"id": "17841", "changes": [{"field": "messages", "value": event}]}), settings())
    assert [record.body["person"] for record in opened.records] == ["ref-1"]


def test_what_is_about_another_account_is_said_and_left() -> None:
    event = {"sender": {"id": "9"}, "timestamp": int(NOW * 1000), "message": {"mid": "m"}}
    entry = {"id": "2", "messaging": [event]}
    opened = CONNECTOR.open(delivered(entry, told({"media_id": "5"}, "2")), settings(instagram_id="17841"))
    assert opened.records == []
    assert [notice.kind for notice in opened.notices] == ["mismatch"]


GOOD = {"sender": {"id": "9"}, "timestamp": int(NOW * 1000), "message": {"mid": "m"}}


@pytest.mark.parametrize(
    "odd",
    [
        {"messaging": [{**GOOD, "sender": {}}]},
        {"messaging": [{"sender": {"id": "9"}, "postback": {"mid": "p"}}]},
        {"messaging": ["odd"]},
        {"time": int(NOW), "changes": [{"field": "story_insights", "value": {"reach": 3}}]},
    ],
)
def test_one_odd_update_holds_back_no_other(odd: dict[str, Any]) -> None:
    """What was understood is taken, and the body is kept, so that an update of jalon may understand the rest."""
    entries = {"id": "17841", "messaging": [GOOD]}, {"id": "17841", **odd}, told({"media_id": STORY})
    opened = CONNECTOR.open(delivered(*entries), settings())
    assert [record.stream for record in opened.records] == ["messages", "story_insights"]
    assert [each.key for each in opened.deadlines] == [f"story/{STORY}"]
    assert not opened.known
    assert opened.topic.endswith(", 1 odd")


def test_a_delivery_of_another_kind_is_refused_and_an_unknown_field_is_unknown() -> None:
    with pytest.raises(Undelivered):
        CONNECTOR.open(delivered(object="page"), settings())
    entry = {"id": "17841", "time": 1, "changes": [{"field": "comments", "value": {"text": "words"}}]}
    opened = CONNECTOR.open(delivered(entry), settings())
    assert not opened.known
    assert opened.records == []


# --- the platform's own description -----------------------------------------------------------------------------------


def spec(contracts: Path, node: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((contracts / "meta" / "specs" / f"{node}.json").read_text())
    return found


def enum(contracts: Path, name: str) -> set[str]:
    found = json.loads((contracts / "meta" / "specs" / "enum_types.extract.json").read_text())
    return set(next(each["values"] for each in found if each["name"] == name))


@pytest.mark.parametrize("node", ["IGMedia", "IGMediaForIGOnlyAPI"])
def test_every_field_asked_for_exists_under_both_logins(contracts: Path, node: str) -> None:
    described = spec(contracts, node)
    known = {field["name"] for field in described["fields"]} | {api.get("endpoint") for api in described["apis"]}
    assert {name.partition("{")[0] for name in reading.FIELDS.replace("{id,media_type}", "").split(",")} <= known


DOCUMENTED_ONLY = {"link_clicks"}
"""In the reference of media insights for stories, and in no enumeration of v25."""


def test_every_metric_and_breakdown_of_media_exists(contracts: Path) -> None:
    groups = [group for kind in reading.BY_KIND.values() for group in kind]
    metrics = {name for group in groups for name in group.metrics}
    assert metrics - DOCUMENTED_ONLY <= enum(contracts, "shadowigmediainsights_metric_enum_param")
    cuts = {group.breakdown for group in groups if group.breakdown}
    assert cuts <= enum(contracts, "shadowigmediainsights_breakdown_enum_param")


def test_every_metric_and_breakdown_of_the_account_exists(contracts: Path) -> None:
    metrics = {name for group in reading.OF_ACCOUNT for name in group.metrics}
    assert metrics <= enum(contracts, "shadowiguserinsights_metric_enum_param")
    cuts = {group.breakdown for group in reading.OF_ACCOUNT if group.breakdown}
    assert cuts <= enum(contracts, "shadowiguserinsights_breakdown_enum_param")


def test_every_edge_exists_and_tags_and_catalogues_with_facebook_login_alone(contracts: Path) -> None:
    shared = {"media", "stories", "live_media", "insights"}
    apart = {"available_catalogs", "catalog_product_search"}
    facebook, own = (
        {api.get("endpoint") for api in spec(contracts, node)["apis"]} for node in ("IGUser", "IGUserForIGOnlyAPI")
    )
    assert shared | apart <= facebook
    assert shared <= own
    assert not apart & own
    assert "product_tags" in {api.get("endpoint") for api in spec(contracts, "IGMedia")["apis"]}
    assert "product_tags" not in {api.get("endpoint") for api in spec(contracts, "IGMediaForIGOnlyAPI")["apis"]}


def test_every_field_of_posts_and_products_exists(contracts: Path) -> None:
    post = spec(contracts, "PagePost")
    known = {field["name"] for field in post["fields"]} | {api.get("endpoint") for api in post["apis"]}
    asked = facebook_reading.POST_FIELDS.replace("{media_type,type}", "").split(",")
    assert set(asked) <= known
    for node, names in (("ProductItem", facebook_reading.PRODUCT_FIELDS), ("LiveVideo", facebook_reading.LIVE_FIELDS)):
        assert set(names.split(",")) <= {field["name"] for field in spec(contracts, node)["fields"]}
    edges = {api.get("endpoint") for api in spec(contracts, "Page")["apis"]}
    assert {"published_posts", "video_reels", "live_videos", "insights", "subscribed_apps"} <= edges


def test_every_subscribed_field_of_a_page_exists(contracts: Path) -> None:
    assert set(PAGE_FIELDS) <= enum(contracts, "pagesubscribed_apps_subscribed_fields_enum_param")
