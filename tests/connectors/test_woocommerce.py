"""WooCommerce's wire: what is asked, how pages and lists follow each other, what a refusal means, what comes in."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Fault, Request, Skip, Stop, Wait
from jalon.connectors.faults import Gone
from jalon.sync.network import AllowList
from tests.connectors.played import all_of
from tests.connectors.woocommerce_shop import (
    CONNECTOR,
    LISTED,
    NOW,
    STREAMS,
    FakeSession,
    answer,
    listed,
    order,
    refused,
    settings,
    window,
)

ORDERS = Request("GET", "/wc/v3/orders")
PAGE = b"<!DOCTYPE html><html><title>Attention Required!</title></html>"
WARNING = b"<br />\n<b>Warning</b>: x in <b>/a.php</b> on line <b>1</b><br />\n"


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_a_window_is_asked_in_gmt_without_a_zone_and_with_exclusive_ends() -> None:
    session = FakeSession(lambda _: listed([]))
    await all_of(CONNECTOR.pull(session, window(low=NOW - 3600, high=NOW)))
    asked = session.asked[0]
    assert (asked.method, asked.path) == ("GET", "/wp-json/wc/v3/orders")
    assert asked.query == {
        "status": "any",
        "modified_after": "2025-11-24T14:59:59",
        "modified_before": "2025-11-24T16:00:00",
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
        "per_page": "100",
        "offset": "0",
    }
    assert set(asked.query) <= LISTED


async def test_the_key_is_in_a_header_and_in_no_address() -> None:
    session = FakeSession(lambda _: listed([]))
    await all_of(CONNECTOR.pull(session, window()))
    for asked in session.asked:
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"ck_canary:cs_canary").decode()
        assert "canary" not in str(asked.query) + asked.path


async def test_where_permalinks_are_plain_the_route_is_a_parameter() -> None:
    session = FakeSession(lambda _: listed([]), {"route": "plain"})
    await all_of(CONNECTOR.pull(session, window()))
    assert session.asked[0].path == "/"
    assert session.asked[0].query["rest_route"] == "/wc/v3/orders"
    assert session.asked[0].query["offset"] == "0"


@pytest.mark.parametrize("url", ["boutique.example", "https://", "https://ck:cs@b.example", "https://b.example/?a=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(url=url)


def test_a_shop_over_plain_http_is_not_read() -> None:
    with pytest.raises(Stop, match="without TLS"):
        AllowList(CONNECTOR.hosts(settings(url="http://shop.example")))


# --- pages and lists --------------------------------------------------------------------------------------------------


class Shelf:
    """A list of orders as WooCommerce pages it: what leaves it moves the rest up, what is hidden keeps its place."""

    def __init__(self, ids: Iterable[int], hidden: Iterable[int] = (), *, counts: bool = True) -> None:
        self.ids, self.hidden, self.counts = sorted(ids), frozenset(hidden), counts
        self.asked: list[int] = []

    def page(self, asked: Request) -> Answer:
        first, size = int(asked.query["offset"]), int(asked.query["per_page"])
        self.asked.append(first)
        rows = [order(each) for each in self.ids[first : first + size] if each not in self.hidden]
        return listed(rows, -(-len(self.ids) // size) if self.counts else None, len(self.ids))


def of_shelves(shelf: Shelf, trash: Shelf | None = None) -> Callable[[Request], Answer]:
    trashed = trash or Shelf([], counts=shelf.counts)
    return lambda asked: (shelf if asked.query["status"] == "any" else trashed).page(asked)


async def read_ids(session: FakeSession, cursor: str | None = None) -> list[int]:
    batches = await all_of(CONNECTOR.pull(session, window(cursor=cursor)))
    assert batches[-1].cursor is None
    return [int(record.key) for batch in batches for record in batch.records]


async def test_all_pages_are_read_and_then_the_trash() -> None:
    session = FakeSession(of_shelves(Shelf(range(1, 251)), Shelf([300, 301])))
    batches = await all_of(CONNECTOR.pull(session, window()))
    assert [len(batch.records) for batch in batches] == [100, 99, 51, 2]
    assert [batch.cursor for batch in batches] == ["0:99:100:0", "0:198:199:0", "1:0:0:0", None]
    assert [asked.query["status"] for asked in session.asked] == ["any", "any", "any", "trash"]


async def test_a_window_goes_on_where_it_was_left() -> None:
    session = FakeSession(of_shelves(Shelf([]), Shelf(range(1, 121))))
    assert await read_ids(session, "1:99:100:0") == list(range(101, 121))
    assert [asked.query["status"] for asked in session.asked] == ["trash"]


async def test_what_leaves_the_window_hides_nothing_behind_it() -> None:
    shelf = Shelf(range(1, 251))

    def play(asked: Request) -> Answer:
        if shelf.asked == [0]:
            shelf.ids = [each for each in shelf.ids if each > 20]  # shipped, say, while the first page was read
        return of_shelves(shelf)(asked)

    assert await read_ids(FakeSession(play)) == list(range(1, 251))
    assert shelf.asked[:4] == [0, 99, 91, 75], "stepped back until the last row that was read is there again"


async def test_a_short_page_is_not_the_last_one() -> None:
    """Orders that cannot be loaded are left out of a page, not moved up from the next one."""
    shelf = Shelf(range(1, 151), hidden=range(50, 101))
    assert await read_ids(FakeSession(of_shelves(shelf))) == [*range(1, 50), *range(101, 151)]


@pytest.mark.parametrize("many", [0, 1, 99, 100, 101, 250])
async def test_where_a_host_strips_the_counts_an_empty_page_ends_a_list(many: int) -> None:
    shelf = Shelf(range(1, many + 1), counts=False)
    assert await read_ids(FakeSession(of_shelves(shelf, Shelf([400], counts=False)))) == [*range(1, many + 1), 400]


@given(
    st.sets(st.integers(1, 400), max_size=330),
    st.lists(st.sets(st.integers(1, 400), max_size=60), max_size=12),
    st.sets(st.integers(1, 400), max_size=20),
    st.booleans(),
)
def test_all_that_stays_in_a_window_is_read_once_whatever_leaves_it(
    ids: set[int], leave: list[set[int]], hidden: set[int], counts: bool
) -> None:
    """Between any two pages some rows leave; without the shop's counts, all of its rows can be loaded."""
    shelf = Shelf(ids, hidden if counts else (), counts=counts)
    leaving = iter(leave)

    def play(asked: Request) -> Answer:
        found = of_shelves(shelf)(asked)
        gone = next(leaving, set())
        shelf.ids = [each for each in shelf.ids if each not in gone]
        return found

    read = asyncio.run(read_ids(FakeSession(play)))
    assert len(read) == len(set(read))
    assert set(shelf.ids) - shelf.hidden <= set(read) <= ids


async def test_a_shop_that_does_not_sort_is_not_read() -> None:
    session = FakeSession(lambda _: listed([order(2), order(1)]))
    with pytest.raises(Stop, match="does not sort"):
        await all_of(CONNECTOR.pull(session, window()))


def test_orders_are_read_again_for_as_long_as_their_attribution_may_come_late() -> None:
    """It was seen to come after the order, whose time of change does not move then."""
    assert STREAMS["orders"].lookback >= timedelta(days=2)
    assert timedelta(0) < STREAMS["orders"].every <= timedelta(days=1)


async def test_a_shop_that_ignores_the_filter_is_not_read() -> None:
    session = FakeSession(lambda _: listed([order(1, "2020-01-01T00:00:00")]))
    with pytest.raises(Stop, match="does not filter") as caught:
        await all_of(CONNECTOR.pull(session, window()))
    assert "5.8" in caught.value.remedy


@pytest.mark.parametrize("rows", [{}, "x", [None], [{"id": "7"}], [{"number": "7"}], [order(1, "yesterday")]])
async def test_a_list_of_something_else_is_asked_again(rows: Any) -> None:
    with pytest.raises(Wait):
        await all_of(
            CONNECTOR.pull(FakeSession(lambda _: listed(rows) if isinstance(rows, list) else answer(rows)), window())
        )


async def test_refunds_are_read_whole_where_there_are_any() -> None:
    def play(asked: Request) -> Answer:
        if asked.path.endswith("/2/refunds"):
            page = int(asked.query["page"])
            return listed([{"id": 100 + page, "amount": "1.00"}], 2, 2)
        rows = [order(1), order(2, refunds=[{"id": 101, "reason": "", "total": "-1.00"}])]
        return listed(rows if asked.query["status"] == "any" else [])

    session = FakeSession(play)
    batches = await all_of(CONNECTOR.pull(session, window()))
    first, second = batches[0].records
    assert first.body["refunds"] == []
    assert [refund["id"] for refund in second.body["refunds"]] == [101, 102]
    assert not [asked for asked in session.asked if asked.path.endswith("/1/refunds")]


@pytest.mark.parametrize(
    ("listed_apart", "held"),
    [
        ([], [{"id": 101, "total": "-4.00"}]),
        ([{"id": 101, "amount": "4.00"}], [{"id": 101, "amount": "4.00"}]),
        ([{"id": 101, "amount": "0.00"}], [{"id": 101, "amount": "0.00", "total": "-4.00"}]),
        ([{"id": 101, "amount": ""}], [{"id": 101, "amount": "", "total": "-4.00"}]),
        ([{"id": 102, "amount": "0.00"}], [{"id": 102, "amount": "0.00"}, {"id": 101, "total": "-4.00"}]),
    ],
)
async def test_what_the_list_of_refunds_does_not_tell_the_order_tells(
    listed_apart: list[Any], held: list[dict[str, Any]]
) -> None:
    row = order(2, refunds=[{"id": 101, "reason": "canary", "total": "-4.00"}])
    session = FakeSession(lambda asked: listed(listed_apart if asked.path.endswith("/refunds") else [row]))
    first = (await all_of(CONNECTOR.pull(session, window())))[0].records[0]
    assert first.body["refunds"] == held


async def test_refunds_of_an_order_that_is_refunded_are_asked_for_though_it_names_none() -> None:
    row = order(2, status="refunded")
    session = FakeSession(lambda asked: listed([{"id": 101}] if asked.path.endswith("/2/refunds") else [row]))
    first = (await all_of(CONNECTOR.pull(session, window())))[0].records[0]
    assert [refund["id"] for refund in first.body["refunds"]] == [101]


async def test_variations_are_read_of_variable_products_alone() -> None:
    def play(asked: Request) -> Answer:
        if asked.path.endswith("/variations"):
            return listed([{"id": 501, "sku": "S"}])
        simple = {"id": 1, "type": "simple", "variations": [], "date_modified_gmt": "2025-11-24T15:30:00"}
        return listed([simple, {**simple, "id": 2, "type": "variable", "variations": [501]}])

    session = FakeSession(play)
    (batch,) = await all_of(CONNECTOR.pull(session, window("products")))
    assert [len(record.body["variations"]) for record in batch.records] == [0, 1]
    assert [asked.path for asked in session.asked] == [
        "/wp-json/wc/v3/products",
        "/wp-json/wc/v3/products/2/variations",
    ]


# --- by id ------------------------------------------------------------------------------------------------------------


async def test_an_order_that_woocommerce_knows_no_more_is_marked_as_deleted() -> None:
    gone = refused("woocommerce_rest_shop_order_invalid_id", 404)
    (batch,) = await all_of(CONNECTOR.fetch(FakeSession(lambda _: gone), STREAMS["orders"], ["727"]))
    (record,) = batch.records
    assert (record.key, record.version, record.body) == ("727", int(NOW * 1e6), {"id": 727, "status": "deleted"})


@pytest.mark.parametrize("page", [answer(PAGE, 404), refused("rest_no_route", 404), refused("other", 404)])
async def test_any_other_404_is_no_deletion(page: Answer) -> None:
    with pytest.raises(Fault) as caught:
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: page), STREAMS["orders"], ["727"]))
    assert not isinstance(caught.value, Gone)


async def test_a_product_that_is_gone_is_skipped_with_a_reason() -> None:
    gone = refused("woocommerce_rest_product_invalid_id", 404)
    (batch,) = await all_of(CONNECTOR.fetch(FakeSession(lambda _: gone), STREAMS["products"], ["9"]))
    assert [skipped.reason for skipped in batch.skipped] == ["not_found"]


@pytest.mark.parametrize("key", ["../1", "1/refunds", "", "٣", "1?x"])
async def test_a_key_that_is_no_id_never_becomes_a_path(key: str) -> None:
    session = FakeSession(lambda _: listed([]))
    with pytest.raises(Skip):
        await all_of(CONNECTOR.fetch(session, STREAMS["orders"], [key]))
    assert session.asked == []


async def test_another_order_than_was_asked_for_is_not_taken() -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.fetch(FakeSession(lambda _: answer(order(8))), STREAMS["orders"], ["7"]))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (refused("woocommerce_rest_authentication_error", 401), Stop, "refused"),
        (refused("woocommerce_rest_authentication_missing_parameter", 401), Stop, "signature"),
        (refused("woocommerce_rest_cannot_view", 401), Stop, "anonymous"),
        (refused("woocommerce_rest_cannot_view", 403), Stop, "may not read"),
        (refused("woocommerce_rest_cannot_create", 401), Stop, "may not write"),
        (refused("woocommerce_rest_cannot_edit", 403), Stop, "may not write"),
        (refused("woocommerce_rest_shop_order_invalid_id", 404), Gone, "no such order"),
        (refused("rest_no_route", 404), Stop, "no such REST route"),
        (refused("rest_invalid_param", 400), Stop, "parameter"),
        (refused("rest_missing_callback_param", 400), Stop, "parameter"),
        (refused("internal_server_error", 500), Wait, "critical"),
        (refused("itsec_rest_api_access_restricted", 401), Stop, "in front"),
        (refused("something_new", 418), Fault, "something_new"),
        (refused("something_new", 502), Wait, "failed"),
        (answer({"code": "woocommerce_rest_cannot_view", "message": "", "data": {"status": 401}}), Stop, "anonymous"),
        (answer(PAGE, 401), Stop, "in front"),
        (answer(PAGE, 403), Stop, "in front"),
        (answer(PAGE, 404), Stop, "nothing is found"),
        (answer(PAGE, 406), Stop, "firewall"),
        (answer(PAGE, 429), Wait, "too often"),
        (answer(PAGE, 503), Wait, "failed"),
        (answer(PAGE, 200), Wait, "a page"),
        (answer(b"", 200), Wait, "a page"),
        (answer(b'[{"id":1', 200), Wait, "a page"),
        (answer(b'[{"id":1}]}}', 200), Wait, "a page"),
    ],
)
def test_a_refusal_means_one_thing(reply: Answer, kind: type[Fault], said: str) -> None:
    fault = CONNECTOR.judge(ORDERS, reply)
    assert type(fault) is kind
    assert said in fault.reason
    if isinstance(fault, Stop):
        assert fault.remedy


def test_a_401_for_nobody_says_that_the_header_may_be_dropped() -> None:
    fault = CONNECTOR.judge(ORDERS, refused("woocommerce_rest_cannot_view", 401))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"
    assert "CGIPassAuth" in fault.remedy
    assert "sign = true" in fault.remedy
    assert "https" in fault.remedy


def test_only_a_host_that_is_asked_too_often_throttles() -> None:
    fault = CONNECTOR.judge(ORDERS, answer(PAGE, 429))
    assert isinstance(fault, Wait)
    assert fault.throttled


@pytest.mark.parametrize("value", [[], {"code": "EUR", "name": "Euro"}, {"id": 1, "message": "x", "code": 5}])
def test_data_with_a_code_of_its_own_is_no_error(value: Any) -> None:
    assert CONNECTOR.judge(ORDERS, answer(value)) is None


def test_warnings_before_an_answer_are_cut_off_and_told() -> None:
    noisy = answer(WARNING + json.dumps([order(1)]).encode())
    assert CONNECTOR.judge(ORDERS, noisy) is None
    assert "display_errors" in str(CONNECTOR.remark(ORDERS, noisy))
    assert CONNECTOR.remark(ORDERS, listed([])) is None


@given(st.integers(200, 599), st.binary(max_size=80))
def test_any_answer_is_judged(status: int, body: bytes) -> None:
    fault = CONNECTOR.judge(ORDERS, Answer(status, {}, body))
    assert isinstance(fault, Fault) or (fault is None and status < 400)


# --- the shop ---------------------------------------------------------------------------------------------------------

INDEX = {
    "name": "Boutique",
    "url": "https://www.boutique.example/",
    "timezone_string": "Europe/Paris",
    "namespaces": ["wp/v2", "wc/v3"],
}
EURO = {"code": "EUR", "name": "Euro", "symbol": "&euro;"}


def site(index: Answer, plain: Answer | None = None) -> Any:
    def play(asked: Request) -> Answer:
        if "currencies" in asked.path + asked.query.get("rest_route", ""):
            return answer(EURO)
        return plain if asked.path == "/" and plain is not None else index

    return play


async def test_greeting_learns_zone_currency_and_what_the_settings_say() -> None:
    session = FakeSession(site(answer(INDEX)), channels={"Amz": "amazon", "tiktok": ""}, statuses={"wc-sent": "paid"})
    assert await CONNECTOR.greet(session) == {
        "shop_id": "boutique.example",
        "name": "Boutique",
        "zone": "Europe/Paris",
        "currency": "EUR",
        "route": "pretty",
        "channel:amz": "amazon",
        "status:sent": "paid",
    }


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize(
    ("refunds", "order_told", "apart"),
    [
        (listed([{"id": 9, "parent_id": 7}]), answer(order(7)), True),
        (listed([{"id": 9, "parent_id": 7}]), answer(order(7, refunds=[{"id": 9, "total": "-1.00"}])), False),
        (listed([{"id": 9, "parent_id": 7}]), answer(order(7, refunds=[{"id": 8, "total": "-1.00"}])), True),
        (listed([{"id": 9, "parent_id": 7}]), refused("woocommerce_rest_shop_order_invalid_id", 404), False),
        (listed([{"id": 9, "parent_id": 0}]), answer(PAGE, 404), False),
        (listed([{"id": 9}]), answer(PAGE, 404), False),
        (listed([]), answer(PAGE, 404), False),
        (refused("rest_no_route", 404), answer(PAGE, 404), False),
        (answer(PAGE, 500), answer(PAGE, 404), False),
    ],
)
async def test_greeting_finds_whether_orders_name_their_refunds(
    refunds: Answer, order_told: Answer, apart: bool, pretty: bool
) -> None:
    def play(asked: Request) -> Answer:
        route = asked.path.removeprefix("/wp-json") + asked.query.get("rest_route", "")
        if "/wc/v3/refunds" in route:
            return refunds
        if "/wc/v3/orders/7" in route:
            return order_told
        return site(answer(INDEX))(asked) if pretty else site(answer(PAGE, 404), answer(INDEX))(asked)

    account = await CONNECTOR.greet(FakeSession(play))
    assert account.get("refunds") == ("apart" if apart else None)


async def test_where_orders_do_not_name_their_refunds_each_that_may_have_some_is_asked_for_them() -> None:
    rows = [order(1, status="pending"), order(2, status="processing"), order(3, status="of-a-plugin")]
    session = FakeSession(
        lambda asked: listed([{"id": 101}] if "/refunds" in asked.path else rows), {"refunds": "apart"}
    )
    batch = (await all_of(CONNECTOR.pull(session, window())))[0]
    assert [len(record.body["refunds"]) for record in batch.records] == [0, 1, 1]


async def test_greeting_finds_plain_permalinks() -> None:
    session = FakeSession(site(answer(PAGE, 404), answer(INDEX)))
    assert (await CONNECTOR.greet(session))["route"] == "plain"
    assert [asked.path for asked in session.asked][:3] == ["/wp-json/", "/", "/"]
    assert session.asked[2].query["rest_route"] == "/wc/v3/data/currencies/current"


async def test_an_index_that_a_plugin_hides_is_done_without() -> None:
    account = await CONNECTOR.greet(FakeSession(site(refused("rest_not_logged_in", 401))))
    assert (account["shop_id"], account["route"]) == ("boutique.example", "pretty")
    assert "zone" not in account


@pytest.mark.parametrize(
    ("index", "plain"), [(answer(PAGE, 404), answer(PAGE, 404)), (answer({**INDEX, "namespaces": ["wp/v2"]}), None)]
)
async def test_a_site_without_woocommerce_stops_with_a_remedy(index: Answer, plain: Answer | None) -> None:
    with pytest.raises(Stop) as caught:
        await CONNECTOR.greet(FakeSession(site(index, plain)))
    assert "WooCommerce is active" in caught.value.remedy


@pytest.mark.parametrize(
    ("offset", "zone"), [(2, "Etc/GMT-2"), ("-5", "Etc/GMT+5"), (5.5, None), (0, None), (13, None), ("x", None)]
)
async def test_a_zone_that_is_a_mere_offset_is_understood_if_it_has_whole_hours(offset: Any, zone: str | None) -> None:
    index = answer({**INDEX, "timezone_string": "", "gmt_offset": offset})
    assert (await CONNECTOR.greet(FakeSession(site(index)))).get("zone") == zone


async def test_doctor_looks_at_permalinks_zone_rights_and_webhooks() -> None:
    def play(asked: Request) -> Answer:
        route = asked.path + asked.query.get("rest_route", "")
        if route.endswith("/products"):
            return refused("woocommerce_rest_cannot_view", 403)
        if route.endswith(("/refunds", "/orders/7")):
            return listed([{"id": 9, "parent_id": 7}]) if route.endswith("s") else answer(order(7))
        return listed([]) if route.endswith(("/orders", "/webhooks")) else site(answer(PAGE, 404), answer(INDEX))(asked)

    session = FakeSession(play, {"route": "plain"}, timezone="Europe/Lisbon")
    found = {finding.name: finding async for finding in CONNECTOR.examine(session)}
    assert {name: finding.level for name, finding in found.items()} == {
        "shop": "ok",
        "permalinks": "warn",
        "time zone": "warn",
        "orders": "ok",
        "products": "warn",
        "refunds": "warn",
        "webhooks": "warn",
    }
    assert all(finding.remedy for finding in found.values() if finding.level == "warn")


# --- what comes in ----------------------------------------------------------------------------------------------------


async def test_nothing_of_a_person_comes_in_but_hashes(contracts: Path) -> None:
    sample = json.loads((contracts / "woocommerce" / "orders.samples.json").read_text())[0]
    personal = ["John", "Doe", "969 Market", "94103", "john.doe@example.com", "(555) 555-5555"]
    assert all(word in json.dumps(sample) for word in personal)
    sample["date_modified_gmt"] = "2025-11-24T15:30:00"
    sample |= {"customer_note": "canary", "customer_ip_address": "203.0.113.9", "customer_id": 26}
    batch = (await all_of(CONNECTOR.pull(FakeSession(lambda _: listed([sample])), window())))[0]
    hashed: list[tuple[str, str]] = []
    body = STREAMS["orders"].door(batch.records[0].body, lambda kind, value: hashed.append((kind, value)) or "hash")
    text = json.dumps(body)
    assert [word for word in [*personal, "canary", "203.0.113.9", "wc_order_"] if word in text] == []
    assert hashed == [
        ("woocommerce_customer", "boutique.example:26"),
        ("email", "john.doe@example.com"),
        ("phone", "(555) 555-5555"),
    ]


@pytest.mark.parametrize(("more", "taken"), [({}, "utm"), ({"attribution_prefix": "_shop_from_"}, "organic")])
async def test_the_prefix_of_the_attribution_s_fields_may_be_another(more: dict[str, str], taken: str) -> None:
    meta = [
        {"id": 1, "key": "_wc_order_attribution_source_type", "value": "utm"},
        {"id": 2, "key": "_shop_from_source_type", "value": "organic"},
        {"id": 3, "key": "_wc_order_attribution_device_type", "value": "Mobile"},
        {"id": 4, "key": "_shop_from_user_agent", "value": "canary"},
    ]
    session = FakeSession(lambda _: listed([order(1, meta_data=meta)]), **more)
    batch = (await all_of(CONNECTOR.pull(session, window())))[0]
    assert batch.records[0].body["attribution"] == {"source_type": taken}


@pytest.mark.parametrize(
    ("number", "country", "told"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06-12345678", "NL", "+31612345678"),
        ("06 12 34 56 78", "", "06 12 34 56 78"),
        ("+44 20 7946 0000", "FR", "+44 20 7946 0000"),
    ],
)
async def test_a_national_number_is_one_of_the_country_that_the_bill_goes_to(
    number: str, country: str, told: str
) -> None:
    billing = {"phone": number, "country": country}
    batch = (await all_of(CONNECTOR.pull(FakeSession(lambda _: listed([order(1, billing=billing)])), window())))[0]
    body = STREAMS["orders"].door(batch.records[0].body, lambda kind, value: f"{kind}:{value}")
    assert body["billing"] == {"phone": f"phone:{told}"}


async def test_customers_of_two_shops_are_not_confused_by_their_numbers() -> None:
    people = []
    for url in ("https://boutique.example", "https://www.boutique.example/fr/"):
        session = FakeSession(lambda _: listed([order(1, customer_id=5)]), url=url)
        batch = (await all_of(CONNECTOR.pull(session, window())))[0]
        people.append(batch.records[0].body["customer"])
        assert CONNECTOR.customer(session.settings, "5") == people[-1], "whoever is to be erased is named so"
    assert people == ["boutique.example:5", "boutique.example/fr:5"]
