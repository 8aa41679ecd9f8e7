"""Pinterest's Pins, figures, strangers' Pins and catalogs: pages, days, what is asked and what is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors.base import Answer, Ref, Request, Skip, Wait
from jalon.connectors.pinterest import SWITCHES
from tests.connectors.pinterest_fakes import (
    AD_ACCOUNT,
    CONNECTOR,
    NOW,
    STREAMS,
    TODAY,
    FakeSession,
    Official,
    answer,
    page,
    refused,
    replies,
    window,
    without,
)
from tests.connectors.played import all_of

PIN = {"id": "813744226420795884", "media": {"media_type": "image"}}
VIDEO = {"id": "813744226420795885", "media": {"media_type": "video"}}


def seen(pin: dict[str, Any], **counted: int) -> dict[str, Any]:
    return {**pin, "pin_metrics": {"90d": counted, "lifetime_metrics": {"impression": 9}}}


def daily(*days: tuple[str, str, dict[str, float]]) -> Answer:
    rows = [{"date": on, "data_status": status, "metrics": metrics} for on, status, metrics in days]
    return answer({"all": {"daily_metrics": rows, "lifetime_metrics": {}, "summary_metrics": {}}})


# --- the description itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/pins", {"page_sise": "1"}),
        Request("GET", "/pins", {"page_size": "251"}),
        Request("GET", "/pins/1/analytics", {"start_date": "2025-11-01", "end_date": "2025-11-02"}),
        Request("GET", "/user_account/analytics", {"start_date": "1 May", "end_date": "2025-11-02"}),
        Request("GET", "/orders"),
    ],
)
def test_what_the_description_does_not_know_is_found(described: Official, request_: Request) -> None:
    with pytest.raises((AssertionError, jsonschema.ValidationError)):
        described.hold(request_)


def test_metric_types_are_refused_if_the_description_is_taken_at_its_word(described: Official) -> None:
    """Why `oneOf` is read as `anyOf`: two lists in it overlap."""
    (parameter,) = [
        each for each in described.parameters(Request("GET", "/pins/1/analytics")) if each["name"] == "metric_types"
    ]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(["IMPRESSION"], parameter["schema"])
    described.check(parameter["schema"], ["IMPRESSION"])


# --- pins -------------------------------------------------------------------------------------------------------------


async def test_pins_are_paged_by_bookmark_to_the_platform_s_own_end(described: Official) -> None:
    """An empty or a short page is no end; a bookmark that is null, empty or left out is."""
    session = FakeSession(replies(page([PIN], "b1"), page([], "b2"), page([VIDEO], "")))
    batches = await all_of(CONNECTOR.pull(session, window("pins")))
    for request in session.asked:
        described.hold(request)
    assert [request.query.get("bookmark") for request in session.asked] == [None, "b1", "b2"]
    assert {request.query["pin_metrics"] for request in session.asked} == {"true"}, "counters, and who was seen at all"
    assert [batch.cursor for batch in batches] == ["b1", "b2", None]
    assert [record.key for batch in batches for record in batch.records] == [PIN["id"], VIDEO["id"]]
    again = FakeSession(replies(answer({"items": [PIN]})))
    (last,) = await all_of(CONNECTOR.pull(again, window("pins", cursor="b2")))
    assert again.asked[0].query["bookmark"] == "b2"
    assert last.cursor is None


async def test_a_bookmark_that_is_not_known_any_more_has_the_list_read_anew() -> None:
    with pytest.raises(Skip, match="bookmark"):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: refused(400, 1)), window("pins", cursor="old")))


@pytest.mark.parametrize("protected", [True, False])
async def test_protected_pins_are_never_asked_for_by_creative_type(described: Official, protected: bool) -> None:
    """Together the two are known to time out."""
    session = FakeSession(lambda _: page([]), protected_pins=protected)
    await all_of(CONNECTOR.pull(session, window("pins")))
    described.hold(session.asked[0])
    assert ("include_protected_pins" in session.asked[0].query) is protected
    assert "creative_types" not in session.asked[0].query


async def test_pins_of_a_business_are_asked_for_as_its_ad_account_s(described: Official) -> None:
    session = FakeSession(lambda _: page([]), ad_account_id=AD_ACCOUNT)
    await all_of(CONNECTOR.pull(session, window("pins")))
    described.hold(session.asked[0])
    assert session.asked[0].query["ad_account_id"] == AD_ACCOUNT


async def test_figures_are_asked_for_where_there_may_be_any() -> None:
    pins = [
        seen(PIN, impression=4, pin_click=0),
        seen(VIDEO, impression=1),
        {**PIN, "id": "3"},  # the platform tells nothing: it may have been seen
        seen({"id": "4"}, impression=0, pin_click=0),
        {"id": "5", "media": {"media_type": "multiple_videos"}, "pin_metrics": None},
        {**PIN, "id": "6", "pin_metrics": {"90d": {"impression": None, "pin_click": 0}}},  # what is not told is no zero
        {"id": "not/an/id"},
        {},
    ]
    (batch,) = await all_of(CONNECTOR.pull(FakeSession(lambda _: page(pins)), window("pins")))
    assert batch.follow == [
        Ref("pin_days", f"{PIN['id']}/standard"),
        Ref("pin_days", f"{VIDEO['id']}/video"),
        Ref("pin_days", "3/standard"),
        Ref("pin_days", "5/video"),
        Ref("pin_days", "6/standard"),
    ]


@pytest.mark.parametrize("items", [{}, "x", [1], [None]])
async def test_a_page_that_is_none_is_asked_for_again(items: Any) -> None:
    session = FakeSession(lambda _: answer({"items": items or 7}))
    with pytest.raises(Wait, match="'items'"):
        await all_of(CONNECTOR.pull(session, window("pins")))


# --- figures of a pin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["standard", "video"])
async def test_a_pin_s_days_cost_one_request(described: Official, kind: str) -> None:
    session = FakeSession(
        lambda _: daily(
            ("2025-11-01", "READY", {"IMPRESSION": 44, "OUTBOUND_CLICK": 3}),
            ("2025-11-02", "READY", {"IMPRESSION": 0}),
            ("2025-11-20", "ESTIMATE", {"IMPRESSION": 9}),
            ("2025-11-24", "PROCESSING", {}),
        )
    )
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["pin_days"], [f"{PIN['id']}/{kind}"]))
    (request,) = session.asked
    described.hold(request)
    described.check(described.answers(request), session_answer(session))
    assert (request.query["start_date"], request.query["end_date"]) == ("2025-08-27", "2025-11-24")
    assert [record.key for record in batch.records] == [
        f"{PIN['id']}/2025-11-01",
        f"{PIN['id']}/2025-11-02",
        f"{PIN['id']}/2025-11-20",
    ], "a day without figures is not there; a zero is one"
    assert batch.records[0].body["data_status"] == "READY"


def session_answer(session: FakeSession) -> Any:
    return session.play(session.asked[0]).data


async def test_the_two_lists_of_metrics_are_not_mixed(described: Official) -> None:
    (parameter,) = [
        each for each in described.parameters(Request("GET", "/pins/1/analytics")) if each["name"] == "metric_types"
    ]
    standard, video = (set(each["enum"]) for each in parameter["schema"]["items"]["oneOf"])
    for kind, known in (("standard", standard), ("video", video)):
        session = FakeSession(lambda _: daily())
        await all_of(CONNECTOR.fetch(session, STREAMS["pin_days"], [f"1/{kind}"]))
        asked = set(session.asked[0].query["metric_types"].split(","))
        assert asked <= known
        assert {"IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE"} <= asked


@given(st.dates(date(2025, 1, 1), date(2026, 6, 1)), st.floats(0, 86_399))
async def test_figures_are_never_asked_for_from_beyond_90_days(since: date, second: float) -> None:
    session = FakeSession(lambda _: daily(), now=NOW - NOW % 86_400 + second, since=since)
    await all_of(CONNECTOR.fetch(session, STREAMS["pin_days"], ["1/standard"]))
    start, end = (date.fromisoformat(session.asked[0].query[name]) for name in ("start_date", "end_date"))
    assert TODAY - start < timedelta(days=90)
    assert end == TODAY
    assert min(since, TODAY) <= start <= end


@given(st.text(max_size=40))
async def test_no_key_leads_astray(key: str) -> None:
    session = FakeSession(lambda _: daily())
    (batch,) = await all_of(CONNECTOR.fetch(session, STREAMS["pin_days"], [key]))
    assert batch.skipped
    assert not session.asked


@pytest.mark.parametrize(("status", "code"), [(404, 50), (403, 403), (401, 7)])
async def test_a_pin_that_may_not_be_read_is_skipped(status: int, code: int) -> None:
    with pytest.raises(Skip):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: refused(status, code)), STREAMS["pin_days"], ["1/standard"]))


@pytest.mark.parametrize("data", [{}, {"WEB": {}}, {"all": None}, {"all": {"daily_metrics": {"a": 1}}}])
async def test_figures_of_another_shape_are_not_taken_for_none(data: Any) -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: answer(data)), STREAMS["pin_days"], ["1/standard"]))


# --- figures of the account -------------------------------------------------------------------------------------------


async def test_the_account_is_asked_about_once_for_each_cut(described: Official) -> None:
    session = FakeSession(lambda _: daily(("2025-11-01", "READY", {"IMPRESSION": 4}), ("2025-11-24", "PROCESSING", {})))
    batches = await all_of(CONNECTOR.pull(session, window("account_days")))
    for request in session.asked:
        described.hold(request)
        assert request.query["content_type"] == "ORGANIC"
    assert [(r.query["source"], r.query["pin_format"]) for r in session.asked] == [
        ("YOUR_PINS", "ALL"),
        ("YOUR_PINS", "ORGANIC_PRODUCT"),
        ("OTHER_PINS", "ALL"),
        ("OTHER_PINS", "ORGANIC_PRODUCT"),
    ]
    assert [batch.cursor for batch in batches] == ["own_product", "others", "others_product", None]
    assert [record.key for batch in batches for record in batch.records] == [
        "own/2025-11-01",
        "own_product/2025-11-01",
        "others/2025-11-01",
        "others_product/2025-11-01",
    ]
    again = FakeSession(lambda _: daily())
    await all_of(CONNECTOR.pull(again, window("account_days", cursor="others")))
    assert len(again.asked) == 2


# --- strangers' pins --------------------------------------------------------------------------------------------------

DAY = 86_400
MIDNIGHT = NOW - NOW % DAY


def top(latest: float | None, *pins: str, status: str = "READY") -> Answer:
    told = {} if latest is None else {"latest_available_timestamp": latest * 1000, "is_realtime": False}
    rows = [{"pin_id": pin, "metrics": {"SAVE": 3}, "data_status": {"SAVE": status}} for pin in pins]
    return answer({"date_availability": told, "pins": rows, "sort_by": "OUTBOUND_CLICK"})


async def test_a_day_of_strangers_pins_is_one_list_of_at_most_50(described: Official) -> None:
    session = FakeSession(lambda _: top(MIDNIGHT, "642396334344813594", "642396334344813595"))
    (batch,) = await all_of(CONNECTOR.pull(session, window("top_pins", high=MIDNIGHT)))
    (request,) = session.asked
    described.hold(request)
    described.check(described.answers(request), session_answer(session))
    assert request.query["start_date"] == request.query["end_date"] == "2025-11-23"
    assert (request.query["source"], request.query["num_of_pins"]) == ("OTHER_PINS", "50")
    assert batch.cursor is None
    assert [record.key for record in batch.records] == [
        "2025-11-23/642396334344813594",
        "2025-11-23/642396334344813595",
    ]


@pytest.mark.parametrize(
    ("latest", "status", "now", "there"),
    [
        (MIDNIGHT - 0.001, "READY", NOW, True),
        (MIDNIGHT - 2, "READY", NOW, False),
        (MIDNIGHT - DAY, "READY", NOW, False),
        (MIDNIGHT - 0.001, "ESTIMATE", NOW, False),
        (MIDNIGHT - 0.001, "PROCESSING", NOW, False),
        (MIDNIGHT - 0.001, "BEFORE_METRIC_START_DATE", NOW, True),
        (None, "READY", MIDNIGHT + 6.9 * DAY, False),
        (None, "ESTIMATE", MIDNIGHT + 7.1 * DAY, True),
    ],
)
async def test_a_list_is_kept_once_its_figures_are_firm(
    latest: float | None, status: str, now: float, there: bool
) -> None:
    """While they are estimates, Pins come into the list and fall out of it: what fell out would stay for ever."""
    session = FakeSession(lambda _: top(latest, "1", status=status), now=now)
    (batch,) = await all_of(CONNECTOR.pull(session, window("top_pins", high=MIDNIGHT)))
    assert bool(batch.records) is there
    assert (batch.later is None) is there
    assert there or batch.later == now + 6 * 3600


async def test_a_day_that_has_become_too_old_is_told_as_such() -> None:
    session = FakeSession(lambda _: top(MIDNIGHT))
    (batch,) = await all_of(CONNECTOR.pull(session, window("top_pins", high=MIDNIGHT - 90 * DAY)))
    assert [skipped.reason for skipped in batch.skipped] == ["too_old"]
    assert not session.asked


# --- catalogs ---------------------------------------------------------------------------------------------------------


def catalog(number: int, kind: str = "RETAIL") -> dict[str, str]:
    return {"id": str(number), "catalog_type": kind, "name": "n"}


def group(number: int, kind: str = "ALL_PRODUCTS", status: str = "ACTIVE") -> dict[str, str]:
    return {"id": str(number), "type": kind, "status": status}


def product(number: int, **counted: int) -> dict[str, Any]:
    return {
        "catalog_type": "RETAIL",
        "metadata": {"item_id": f"SKU-{number}"},
        "pin": seen({"id": str(number)}, **counted),
    }


class Shop:
    """Answers for some catalogs, their groups and products, two products a page."""

    def __init__(self, catalogs: Sequence[Any], groups: dict[str, Any], products: dict[str, Any]) -> None:
        self.catalogs, self.groups, self.products = catalogs, groups, products

    def __call__(self, request: Request) -> Answer:
        if request.path == "/catalogs":
            return page(self.catalogs)
        if request.path == "/catalogs/product_groups":
            return page(self.groups.get(request.query["catalog_id"], []))
        found = self.products.get(request.path.split("/")[3])
        if found is None:
            return refused(404, 4180)
        start = int(request.query.get("bookmark", "0"))
        return page(found[start : start + 2], str(start + 2) if start + 2 < len(found) else None)


SHOP = Shop(
    [catalog(7), catalog(8, "HOTEL"), catalog(9)],
    {"7": [group(20), group(3, "BEST_DEALS"), group(100), group(5, status="INACTIVE")], "9": [group(4, "TOP_SELLERS")]},
    {"20": [product(1, pin_click=2), product(2, impression=9), product(3)], "100": [product(4, clickthrough=1)]},
)


async def test_products_of_every_catalog_are_read_group_by_group(described: Official) -> None:
    session = FakeSession(SHOP)
    batches = await all_of(CONNECTOR.pull(session, window("products")))
    for request in session.asked:
        described.hold(request)
    products = [request for request in session.asked if request.path.endswith("/products")]
    assert {request.query["pin_metrics"] for request in products} == {"true"}
    assert [record.key for batch in batches for record in batch.records] == ["1", "2", "3", "4"]
    assert {record.body["catalog_id"] for batch in batches for record in batch.records} == {"7"}
    assert [batch.cursor for batch in batches] == ["20|2", "100|", None]
    assert [(skipped.key, skipped.reason) for batch in batches for skipped in batch.skipped] == [
        ("9", "no_product_group")
    ]


async def test_a_product_s_days_are_asked_for_once_somebody_clicked_on_it() -> None:
    batches = await all_of(CONNECTOR.pull(FakeSession(SHOP), window("products")))
    assert [ref.key for batch in batches for ref in batch.follow] == ["1/standard", "4/standard"]


async def test_products_go_on_where_they_were_left() -> None:
    session = FakeSession(SHOP)
    batches = await all_of(CONNECTOR.pull(session, window("products", cursor="20|2")))
    assert [record.key for batch in batches for record in batch.records] == ["3", "4"]
    assert not [skipped for batch in batches for skipped in batch.skipped]
    gone = await all_of(CONNECTOR.pull(FakeSession(SHOP), window("products", cursor="19|2")))
    assert len([record for batch in gone for record in batch.records]) == 4, "a group that is gone: from the start"


async def test_a_group_that_went_meanwhile_does_not_hold_up_the_others() -> None:
    shop = Shop([catalog(7)], {"7": [group(1), group(20)]}, {"20": [product(1)]})
    batches = await all_of(CONNECTOR.pull(FakeSession(shop), window("products")))
    assert [batch.cursor for batch in batches] == ["20|", None]
    assert [skipped.key for batch in batches for skipped in batch.skipped] == ["1"]
    assert [record.key for batch in batches for record in batch.records] == ["1"]


async def test_an_account_without_a_catalog_has_no_products() -> None:
    (batch,) = await all_of(CONNECTOR.pull(FakeSession(Shop([], {}, {})), window("products")))
    assert (batch.records, batch.cursor) == ((), None)
    with pytest.raises(Skip, match="no catalog"):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: refused(409, 4182)), window("products")))


# --- switches and doors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", SWITCHES)
async def test_what_is_switched_off_asks_nothing(stream: str) -> None:
    session = FakeSession(lambda _: refused(500), analytics=False, catalogs=False, ad_account_id=None)
    read = CONNECTOR.fetch(session, STREAMS[stream], ["1/standard"])
    batches = await all_of(read if stream == "pin_days" else CONNECTOR.pull(session, window(stream)))
    assert not session.asked
    assert [batch.cursor for batch in batches] == [None]


def test_the_door_keeps_what_is_about_the_pin_and_drops_what_people_wrote() -> None:
    pin = {
        "id": "1",
        "title": "Journal",
        "description": "canary-words",
        "alt_text": "canary-alt",
        "dominant_color": "canary",
        "link": "https://user:canary@shop.example/p?utm_source=pinterest&email=canary#canary",
        "board_owner": {"username": "paperhouse", "email": "canary"},
        "media": {"media_type": "image", "images": {"600x": {"url": "canary"}}},
        "pin_metrics": {"90d": {"impression": 1}, "lifetime_metrics": {"impression": 3, "x": "canary"}},
    }
    passed = STREAMS["pins"].door(pin, lambda kind, value: f"{kind} hashed")
    assert "canary" not in json.dumps(passed)
    assert passed["link"] == "https://shop.example/p?utm_source=pinterest"
    assert "90d" not in passed["pin_metrics"], "it moves every day and would be a new revision each time"


def test_the_door_of_a_product_drops_the_same() -> None:
    passed = STREAMS["products"].door({"pin": {"id": "1", "description": "canary"}}, lambda kind, value: "hash")
    assert passed == {"pin": {"id": "1"}}


def test_every_field_that_may_come_in_is_described(described: Official) -> None:
    """A misspelt name in a door would drop a field for ever without a word."""
    pin = described.properties("Pin")
    door = STREAMS["pins"].door(dict.fromkeys([*pin, "product_tags"]), lambda kind, value: None)
    assert {"id", "created_at", "title", "link", "creative_type", "media", "pin_metrics", "board_owner"} <= set(door)
    everything = {name: {} for name in (*pin, "product_tags", "x")}
    assert set(STREAMS["pins"].door(everything, lambda kind, value: None)) <= pin | {"product_tags"}
    metadata = described.properties("CatalogsRetailProductMetadata")
    kept = STREAMS["products"].door({"metadata": dict.fromkeys(metadata, 1)}, lambda kind, value: None)
    assert set(kept["metadata"]) == metadata


def test_a_request_that_lost_what_is_required_is_found(described: Official) -> None:
    good = Request(
        "GET",
        "/user_account/analytics/top_pins",
        {"start_date": "2025-11-01", "end_date": "2025-11-01", "sort_by": "OUTBOUND_CLICK"},
    )
    described.hold(good)
    with pytest.raises(AssertionError, match="lacks sort_by"):
        described.hold(without(good, "sort_by"))
