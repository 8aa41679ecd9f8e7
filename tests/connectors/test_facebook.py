"""The wire of Facebook pages: what is asked, and what becomes of what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jalon.connectors.base import Answer, Batch, Delivery, Request, Stop, Undelivered, Window
from jalon.connectors.facebook import Facebook, Settings, account, reading
from tests.connectors.graph_session import APP, NOW, GraphSession, good, refused
from tests.connectors.played import all_of

CONNECTOR = Facebook()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
POST = "109876543210987_122101000000000001"
Play = Callable[[Request], Answer]


def settings(**more: Any) -> Settings:
    return Settings(**{"connector": "facebook", "access_token": "EAAG-canary-token", **APP, **more})


def session(play: Play, at: float = NOW, **more: Any) -> GraphSession:
    return GraphSession(CONNECTOR, settings(**more), play, {"shop_id": "1098", "name": "Atelier"}, at)


def listed(*rows: dict[str, Any], after: str | None = None) -> Answer:
    paging = {"cursors": {"after": after}, "next": f"https://x.example/?after={after}"} if after else {}
    return good({"data": list(rows), "paging": paging})


def post(at: float, name: str = POST) -> dict[str, Any]:
    return {"id": name, "created_time": written(at), "updated_time": written(at + 60)}


def written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


async def pulled(talk: GraphSession, stream: str, cursor: str | None = None) -> list[Batch]:
    begin = datetime.fromtimestamp(NOW - 86_400, UTC)
    return await all_of(CONNECTOR.pull(talk, Window(STREAMS[stream], begin, begin + timedelta(days=1), cursor)))


async def fetched(talk: GraphSession, key: str) -> list[Batch]:
    return await all_of(CONNECTOR.fetch(talk, STREAMS["post_insights"], [key]))


# --- contents ---------------------------------------------------------------------------------------------------------


async def test_posts_outside_the_window_are_left_and_end_its_reading() -> None:
    """The edge's time filter is asked for, and not relied upon."""
    answers = iter(
        [
            listed(post(NOW + 10, "1_1"), post(NOW - 10, "1_2"), after="A"),
            listed(post(NOW - 20, "1_3"), post(NOW - 90_000, "1_4"), after="B"),
            listed(post(NOW - 91_000, "1_5"), after="C"),
        ]
    )
    talk = session(lambda _: next(answers))
    batches = await pulled(talk, "posts")
    assert [[record.key for record in batch.records] for batch in batches] == [["1_2"], ["1_3"], []]
    assert [batch.cursor for batch in batches] == ["A", "B", None]
    assert {"since", "until"} <= talk.asked[0].query.keys()


async def test_a_post_that_stands_out_of_its_order_ends_no_reading() -> None:
    """One that was dated back, or pinned, may stand before newer ones: a page ends it that is too old altogether."""
    answers = iter(
        [
            listed(post(NOW - 90_000, "1_1"), post(NOW - 10, "1_2"), after="A"),
            listed(post(NOW - 20, "1_3"), post(NOW - 90_000, "1_4"), after="B"),
            listed(post(NOW - 30, "1_5"), {"id": "1_6"}, after="C"),
            listed(post(NOW - 90_000, "1_7"), post(NOW - 95_000, "1_8"), after="D"),
        ]
    )
    batches = await pulled(session(lambda _: next(answers)), "posts")
    assert [[record.key for record in batch.records] for batch in batches] == [["1_2"], ["1_3"], ["1_5", "1_6"], []]
    assert [batch.cursor for batch in batches] == ["A", "B", "C", None]


async def test_a_post_has_its_update_as_version_and_brings_its_figures() -> None:
    (batch,) = await pulled(session(lambda _: listed(post(NOW - 10))), "posts")
    (record,) = batch.records
    assert record.version == int(NOW + 50) * 1_000_000
    assert [ref.key for ref in batch.follow] == [f"{POST}/{int(NOW - 10)}/2026-11-20"]


async def test_a_post_without_a_time_is_read_all_the_same() -> None:
    (batch,) = await pulled(session(lambda _: listed({"id": POST})), "posts")
    assert (batch.records[0].version, batch.follow[0].key) == (0, f"{POST}/0/2026-11-20")


async def test_reels_bring_the_end_of_the_consent() -> None:
    def play(request: Request) -> Answer:
        if "debug_token" in request.path:
            return good({"data": {"is_valid": True, "type": "PAGE", "data_access_expires_at": int(NOW + 9)}})
        return listed({"id": "5"})

    (batch,) = await pulled(session(play), "reels")
    assert [record.key for record in batch.records] == ["5"]
    assert [(each.key, each.at) for each in batch.deadlines] == [("data_access/1098", NOW + 9)]


async def test_lives_and_products_are_lists() -> None:
    (lives,) = await pulled(session(lambda _: listed({"id": "7"})), "lives")
    assert [record.key for record in lives.records] == ["7"]
    talk = session(lambda _: listed({"id": "8", "retailer_id": "sku"}), catalog_id="22")
    (products,) = await pulled(talk, "products")
    assert products.records[0].body == {"id": "8", "retailer_id": "sku", "catalog_id": "22"}
    assert talk.asked[0].path == "/v26.0/22/products"


async def test_without_a_catalogue_no_product_is_asked_for() -> None:
    talk = session(lambda _: listed())
    assert await pulled(talk, "products") == [Batch()]
    assert talk.asked == []


# --- figures ----------------------------------------------------------------------------------------------------------


def without(bad: set[str]) -> Play:
    def play(request: Request) -> Answer:
        names = request.query["metric"].split(",")
        if bad & set(names):
            return refused(3001, 1504028, "The value must be a valid insights metric")
        return good({"data": [{"name": name, "values": [{"value": 1}]} for name in names]})

    return play


@pytest.mark.parametrize("bad", [set(), {"post_clicks_by_type"}, set(reading.POST_METRICS)])
async def test_a_metric_out_of_service_costs_only_itself(bad: set[str]) -> None:
    (batch,) = await fetched(session(without(bad)), f"{POST}/5/2026-11-20")
    (record,) = batch.records
    assert record.key == f"{POST}/2026-11-20"
    assert {row["name"] for row in record.body["data"]} == set(reading.POST_METRICS) - bad
    assert record.body["refused"] == sorted(bad)


async def test_a_deleted_post_does_not_stop_the_rest() -> None:
    (batch,) = await fetched(session(lambda _: refused(100, 33)), f"{POST}/5/2026-11-20")
    assert [(each.key, each.reason) for each in batch.skipped] == [(POST, "gone")]


@pytest.mark.parametrize("key", ["", "me", "1_2_3/5/2026-11-20", "1/../2026-11-20"])
async def test_a_key_that_names_nothing_is_never_put_into_a_path(key: str) -> None:
    talk = session(lambda _: good({"data": []}))
    (batch,) = await fetched(talk, key)
    assert [each.reason for each in batch.skipped] == ["bad_id"]
    assert talk.asked == []


async def test_nothing_else_is_read_by_key() -> None:
    with pytest.raises(LookupError):
        await all_of(CONNECTOR.fetch(session(lambda _: listed()), STREAMS["posts"], ["1"]))


async def test_a_day_of_the_page_ends_at_pacific_midnight() -> None:
    talk = session(lambda _: good({"data": []}), timezone="Europe/Paris")
    (batch,) = await pulled(talk, "page_insights")
    (record,) = batch.records
    assert record.key == "2026-11-19"
    end = datetime.fromisoformat("2026-11-20T08:00:00+00:00").timestamp()
    assert (record.body["end"], talk.asked[0].query["until"]) == (int(end), str(int(end)))
    assert record.body["settled"] is False


def test_metrics_of_the_withdrawn_families_are_not_asked_for() -> None:
    assert not [name for name in reading.POST_METRICS + reading.PAGE_METRICS if "impression" in name]


# --- account and deliveries -------------------------------------------------------------------------------------------


async def test_the_page_must_be_the_one_of_the_settings() -> None:
    talk = session(lambda _: good({"id": "1098", "name": "Atelier"}))
    assert await account.greet(talk) == {"shop_id": "1098", "name": "Atelier"}
    with pytest.raises(Stop, match="opens page 1098"):
        await account.greet(session(lambda _: good({"id": "1098"}), page_id="9"))


@pytest.mark.parametrize(("likes", "level"), [(99, "warn"), (100, "ok"), (None, "ok")])
async def test_doctor_says_why_a_small_page_has_no_figures(likes: int | None, level: str) -> None:
    def play(request: Request) -> Answer:
        if "debug_token" in request.path:
            return good({"data": {"is_valid": True, "type": "PAGE", "scopes": []}})
        return good({"id": "1098", "name": "Atelier", "fan_count": likes})

    found = {finding.name: finding async for finding in CONNECTOR.examine(session(play))}
    assert found["figures"].level == level
    assert found["deliveries"].level == "warn"
    assert found["permission pages_messaging"].level == "warn"


def delivered(*events: dict[str, Any], object: str = "page", page: str = "1098") -> Delivery:
    body = {"object": object, "entry": [{"id": page, "time": int(NOW * 1000), "messaging": list(events)}]}
    return Delivery({}, json.dumps(body).encode(), NOW)


CART = {
    "sender": {"id": "7412"},
    "recipient": {"id": "1098"},
    "timestamp": int(NOW * 1000),
    "order": {
        "products": [{"id": "123", "retailer_id": "sku", "name": "n", "unit_price": 11, "quantity": 1}],
        "note": "n",
    },
}


def test_a_cart_is_a_cart_and_no_order() -> None:
    opened = CONNECTOR.open(delivered(CART), settings(page_id="1098"))
    (record,) = opened.records
    assert (record.stream, record.body["kind"]) == ("messages", "cart")
    assert "note" not in record.body
    assert "orders" not in STREAMS


def test_a_delivery_about_another_page_is_said_and_left() -> None:
    opened = CONNECTOR.open(delivered(CART, page="5"), settings(page_id="1098"))
    assert opened.records == []
    assert [notice.kind for notice in opened.notices] == ["mismatch"]
    with pytest.raises(Undelivered):
        CONNECTOR.open(delivered(CART, object="instagram"), settings())


def test_an_odd_event_holds_back_no_cart() -> None:
    odd = {name: value for name, value in CART.items() if name != "sender"}
    opened = CONNECTOR.open(delivered(odd, CART), settings(page_id="1098"))
    assert [record.body["kind"] for record in opened.records] == ["cart"]
    assert (opened.known, opened.topic) == (False, "cart, 1 odd")


def test_the_end_of_orders_is_said_in_words() -> None:
    told = {capability.offer: capability for capability in CONNECTOR.capabilities}
    assert told["native_orders"].grain == "none"
    assert "2026-10-27" in told["native_orders"].note
    assert "cart" in told["native_orders"].note


def test_every_subscribed_field_exists(contracts: Path) -> None:
    found = json.loads((contracts / "meta" / "specs" / "enum_types.extract.json").read_text())
    name = "pagesubscribed_apps_subscribed_fields_enum_param"
    assert set(account.FIELDS) <= set(next(each["values"] for each in found if each["name"] == name))
