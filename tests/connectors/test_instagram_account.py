"""Which Instagram account it is, and that its deliveries come and mean what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jalon.connectors.base import Answer, Delivery, Finding, Request, Stop, Undelivered
from jalon.connectors.instagram.account import APP_FIELDS, PAGE_FIELDS, greet
from tests.connectors.graph_session import NOW, GraphSession, good, refused
from tests.connectors.instagram_fakes import (
    ACCOUNT,
    CONNECTOR,
    STORY,
    Play,
    edge,
    listed,
    session,
    settings,
)

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
