"""PrestaShop's wire: what is asked, how a window is continued, what a refusal means, what comes in."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jalon.connectors.base import Answer, Fault, Request, Stop, Wait
from jalon.connectors.faults import Gone
from jalon.connectors.prestashop import reading
from jalon.connectors.prestashop.reading import DISPLAY, RESOURCES, as_account, read_tables, tables_in
from jalon.sync.network import AllowList
from tests.connectors.prestashop_shop import (
    ACCOUNT,
    CONNECTOR,
    KEY,
    NOW,
    STREAMS,
    FakeSession,
    all_of,
    answer,
    order,
    refused,
    settings,
    table,
    window,
)

ORDERS = Request("GET", "/api/orders")
PAGE = b"<!DOCTYPE html><html><title>Attention Required!</title></html>"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n<prestashop>'


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_a_window_is_asked_by_the_shop_s_clock() -> None:
    session = FakeSession(table([]))
    await all_of(CONNECTOR.pull(session, window(low=NOW - 3600, high=NOW)))
    (asked,) = session.asked
    assert (asked.method, asked.path) == ("GET", "/api/orders")
    assert asked.query == {
        "output_format": "JSON",
        "date": "1",
        "display": DISPLAY["orders"],
        "filter[date_upd]": "[2025-11-24 16:00:00,2025-11-24 17:00:00]",
        "sort": "[date_upd_ASC,id_ASC]",
        "limit": "0,100",
    }


async def test_the_key_is_a_user_without_a_password_and_in_no_address() -> None:
    session = FakeSession(table([order(1)]))
    await all_of(CONNECTOR.pull(session, window()))
    for asked in session.asked:
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
        assert KEY not in str(asked.query) + asked.path


async def test_every_field_that_is_asked_for_is_documented(contracts: Path) -> None:
    documented = json.loads((contracts / "prestashop" / "resource_fields.json").read_text())
    for stream in ("orders", "order_slips"):
        fields = {field["name"] for field in documented[RESOURCES[stream]]} | {"id"}
        plain = DISPLAY[stream].partition(",order_rows[")[0].strip("[]")
        assert set(plain.split(",")) <= fields
    session = FakeSession(table([order(1)]))
    await all_of(CONNECTOR.pull(session, window()))
    asked = {request.path.removeprefix("/api/"): request.query["display"] for request in session.asked}
    for resource in ("order_histories", "customers"):
        assert set(asked[resource].strip("[]").split(",")) <= {f["name"] for f in documented[resource]} | {"id"}


async def test_a_shop_of_several_is_named() -> None:
    session = FakeSession(table([order(1)]), shop=3)
    await all_of(CONNECTOR.pull(session, window()))
    assert {asked.query["id_shop"] for asked in session.asked} == {"3"}
    assert {asked.query.get("filter[id_shop]") for asked in session.of("orders")} == {"[3]"}
    assert all("filter[id_shop]" not in asked.query for asked in session.asked if asked.path != "/api/orders")


@pytest.mark.parametrize("url", ["laden.example", "https://key@laden.example", "https://laden.example/?ws_key=x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        settings(url=url)


def test_a_shop_over_plain_http_is_not_read() -> None:
    with pytest.raises(Stop, match="without TLS"):
        AllowList(CONNECTOR.hosts(settings(url="http://shop.example")))


# --- pages ------------------------------------------------------------------------------------------------------------


async def read(session: FakeSession, monkeypatch: pytest.MonkeyPatch, size: int = 3) -> tuple[list[str], list[Any]]:
    monkeypatch.setattr(reading, "PAGE", size)
    batches = await all_of(CONNECTOR.pull(session, window()))
    return [record.key for batch in batches for record in batch.records], [batch.cursor for batch in batches]


async def test_a_window_is_continued_by_the_time_of_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [order(9 - n, f"2025-11-24 16:10:0{n}") for n in range(7)]
    keys, cursors = await read(FakeSession(table(rows)), monkeypatch)
    assert list(dict.fromkeys(keys)) == ["9", "8", "7", "6", "5", "4", "3"]
    assert cursors == ["2025-11-24 16:10:02", "2025-11-24 16:10:04", "2025-11-24 16:10:06", None]


async def test_rows_of_one_second_are_continued_by_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    same, later = "2025-11-24 16:10:00", "2025-11-24 16:10:01"
    rows = [order(n, same) for n in range(1, 9)] + [order(20, later)]
    keys, cursors = await read(FakeSession(table(rows)), monkeypatch)
    assert list(dict.fromkeys(keys)) == [*map(str, range(1, 9)), "20"]
    assert cursors == [f"{same}#3", f"{same}#6", later, None]


async def test_a_second_that_ends_the_window_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [order(n, "2025-11-24 17:00:00") for n in range(1, 5)]
    keys, cursors = await read(FakeSession(table(rows)), monkeypatch)
    assert list(dict.fromkeys(keys)) == ["1", "2", "3", "4"]
    assert cursors[-1] is None


async def test_a_window_goes_on_where_it_was_left() -> None:
    session = FakeSession(table([order(n, "2025-11-24 16:10:00") for n in range(1, 5)]))
    batches = await all_of(CONNECTOR.pull(session, window(cursor="2025-11-24 16:10:00#2")))
    assert session.asked[0].query["filter[id]"] == "[3,2147483647]"
    assert [record.key for batch in batches for record in batch.records] == ["3", "4"]
    assert batches[0].cursor == "2025-11-24 16:10:01"


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=30, unique_by=lambda row: row[0]), st.data())
async def test_nothing_is_passed_over_while_rows_move_out_of_the_window(
    placed: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Between two pages any rows may be changed, and leave the window: those that stay are all read."""
    rows = [order(number, f"2025-11-24 16:10:0{second}") for number, second in placed]
    staying = set(data.draw(st.lists(st.sampled_from([n for n, _ in placed] or [0]))))
    play = table(rows)

    def moving(asked: Request) -> Answer:
        reply = play(asked)
        leaving = [row for row in rows if row["id"] not in staying]
        if leaving and asked.path == "/api/orders":
            leaving[0]["date_upd"] = "2025-11-24 18:00:00"
            rows.sort(key=lambda row: row["date_upd"] > "2025-11-24 17")
        return reply

    with pytest.MonkeyPatch.context() as patch:
        keys, _ = await read(FakeSession(moving), patch)
    assert staying - {0} <= set(map(int, keys))


AFTERWARDS = "2025-11-24 17:30:00"
"""Behind the end of the window: when a row was changed that had been listed before."""


def loaded_late(rows: list[dict[str, Any]], changed: set[int]) -> Any:
    """Return what plays a list whose rows are read after they were listed: some were changed in between."""
    play, left = table(rows), set(changed)

    def late(asked: Request) -> Answer:
        reply = play(asked)
        listed = json.loads(reply.body)
        for row in listed["orders"] if listed else ():
            if row["id"] in left:
                left.remove(row["id"])
                row["date_upd"] = next(one for one in rows if one["id"] == row["id"])["date_upd"] = AFTERWARDS
        return answer(listed)

    return late


@pytest.mark.parametrize("seconds", ["0123456", "0000000", "0000123", "0012222"])
@pytest.mark.parametrize("changed", [{1}, {3}, {4}, {2, 3}, {3, 5, 6}, {3, 6}])
async def test_a_row_that_changes_while_its_page_is_made_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, seconds: str, changed: set[int]
) -> None:
    """The shop lists ids, and reads what belongs to them one after the other."""
    rows = [order(number, f"2025-11-24 16:10:0{second}") for number, second in enumerate(seconds, 1)]
    keys, _ = await read(FakeSession(loaded_late(rows, changed)), monkeypatch)
    assert set(map(int, keys)) >= set(range(1, 8)) - changed


async def test_a_page_of_which_every_row_changed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [order(number, "2025-11-24 16:10:00") for number in range(1, 6)]
    with pytest.raises(Wait, match="changed while"):
        await read(FakeSession(loaded_late(rows, {1, 2, 3})), monkeypatch)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=30, unique_by=lambda row: row[0]), st.data())
async def test_nothing_is_passed_over_while_rows_change_within_their_pages(
    placed: list[tuple[int, int]], data: st.DataObject
) -> None:
    rows = [order(number, f"2025-11-24 16:10:0{second}") for number, second in placed]
    changed = set(data.draw(st.lists(st.sampled_from([n for n, _ in placed] or [0]), max_size=2)))
    with pytest.MonkeyPatch.context() as patch:
        keys, _ = await read(FakeSession(loaded_late(rows, changed)), patch)
    assert {number for number, _ in placed} - changed <= set(map(int, keys))


@pytest.mark.parametrize("value", [{"orders": [order(1), None]}, {"orders": [order(1), 7]}])
async def test_a_list_that_holds_something_else_is_not_cut_short(value: Any) -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: answer(value)), window()))


@pytest.mark.parametrize("value", [{}, {"orders": "x"}, {"a": [], "b": []}, "x", 3, {"orders": [{"x": 1}]}])
async def test_a_list_of_something_else_is_asked_again(value: Any) -> None:
    with pytest.raises(Wait):
        await all_of(CONNECTOR.pull(FakeSession(lambda _: answer(value)), window()))


async def test_a_shop_that_does_not_sort_is_not_read_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    rows = {"orders": [order(1, "2025-11-24 16:30:00"), order(2, "2025-11-24 16:00:00")]}

    def play(asked: Request) -> Answer:
        assert len(session.asked) < 20, "it is read in circles"
        return answer(rows if asked.path == "/api/orders" else [])

    session = FakeSession(play)
    with pytest.raises(Wait, match="sort"):
        await all_of(CONNECTOR.pull(session, window()))


# --- what orders point to ---------------------------------------------------------------------------------------------


def pointed(asked: Request) -> Answer:
    resource = asked.path.removeprefix("/api/")
    found: dict[str, Any] = {
        "orders": {"orders": [order(1, id_customer="5"), order(2, id_customer=6, id_currency=2, current_state="10")]},
        "order_histories": {
            "order_histories": [
                {"id": 1, "id_order": "1", "id_order_state": "10", "date_add": "2025-11-24 16:00:00"},
                {"id": 2, "id_order": "1", "id_order_state": "2", "date_add": "2025-11-24 16:30:00"},
            ]
        },
        "order_cart_rules": {
            "order_cart_rules": [
                {"id": 1, "id_order": "2", "name": "canary", "value_tax_excl": "5.000000", "free_shipping": "1"}
            ]
        },
        "customers": {"customers": [{"id": 5, "email": "canary@shopper.example"}]},
        "order_slip": {"order_slips": [{"id": 7, "id_order": "2", "date_upd": "2025-11-24 16:30:00"}]},
        "products": {"products": [{"id": 3, "name": [{"id": "1", "value": "Mug"}], "date_upd": "2025-11-24 16:30:00"}]},
        "combinations": {"combinations": [{"id": 9, "id_product": "3", "reference": "MUG-S"}]},
    }
    return answer(found[resource])


async def test_orders_come_with_currency_states_and_customer() -> None:
    session = FakeSession(pointed)
    (batch,) = await all_of(CONNECTOR.pull(session, window()))
    first, second = (record.body for record in batch.records)
    assert (first["currency"], second["currency"]) == ("EUR", "GBP")
    assert (first["email"], second["email"]) == ("canary@shopper.example", None)
    assert (first["customer"], second["customer"]) == ("laden.example:5", "laden.example:6")
    assert [row["state"]["id"] for row in first["histories"]] == ["10", "2"]
    assert second["state"]["template"] == "bankwire"
    assert second["histories"] == []
    assert first["cart_rules"] == []
    assert [row["value_tax_excl"] for row in second["cart_rules"]] == ["5.000000"]
    assert session.of("order_histories")[0].query["filter[id_order]"] == "[1|2]"
    assert session.of("customers")[0].query["filter[id]"] == "[5|6]"


async def test_what_the_key_may_not_read_is_not_asked_for() -> None:
    session = FakeSession(pointed, {**ACCOUNT, "may": "nothing beside"})
    (batch,) = await all_of(CONNECTOR.pull(session, window()))
    assert [asked.path for asked in session.asked] == ["/api/orders"]
    assert batch.records[0].body["email"] is None


async def test_slips_come_with_the_currency_of_their_order() -> None:
    (batch,) = await all_of(CONNECTOR.pull(FakeSession(pointed), window("order_slips")))
    assert (batch.records[0].key, batch.records[0].body["currency"]) == ("7", "GBP")


async def test_slips_of_another_shop_are_left_to_it() -> None:
    """A list of slips is of all shops of an installation, and a slip does not name its shop."""
    other = {"order_slips": [{"id": 8, "id_order": "9", "date_upd": "2025-11-24 16:30:00"}]}
    session = FakeSession(lambda asked: answer(other) if asked.path == "/api/order_slip" else pointed(asked), shop=3)
    (batch,) = await all_of(CONNECTOR.pull(session, window("order_slips")))
    assert (batch.records, batch.skipped) == ([], ())


async def test_a_slip_whose_order_is_gone_is_kept_where_there_is_one_shop() -> None:
    other = {"order_slips": [{"id": 8, "id_order": "9", "date_upd": "2025-11-24 16:30:00"}]}
    session = FakeSession(lambda asked: answer(other) if asked.path == "/api/order_slip" else pointed(asked))
    (batch,) = await all_of(CONNECTOR.pull(session, window("order_slips")))
    assert [(record.key, record.body["currency"]) for record in batch.records] == [("8", None)]


async def test_products_come_with_their_combinations_and_one_name() -> None:
    (batch,) = await all_of(CONNECTOR.pull(FakeSession(pointed), window("products")))
    body = batch.records[0].body
    assert (body["name"], [one["id"] for one in body["combinations"]]) == ("Mug", [9])


async def test_a_currency_that_is_new_is_asked_for() -> None:
    def play(asked: Request) -> Answer:
        if asked.path == "/api/currencies":
            return answer({"currencies": [{"id": 3, "iso_code": "CHF", "conversion_rate": "0.950000"}]})
        if asked.path == "/api/order_states":
            return answer({"order_states": [{"id": 2, "paid": "1", "logable": 1, "template": "payment"}]})
        return answer({"orders": [order(1, id_currency="3")]}) if asked.path == "/api/orders" else answer([])

    (batch,) = await all_of(CONNECTOR.pull(FakeSession(play), window()))
    assert batch.records[0].body["currency"] == "CHF"


@pytest.mark.parametrize(
    ("rows", "many"),
    [
        (None, 0),
        ([], 0),
        ({}, 0),
        ({"order_rows": []}, 0),
        ({"order_rows": {"id": "1"}}, 1),
        ({"order_rows": [{"id": 1}]}, 1),
        ({"order_rows": [{"id": 1}, {"id": 2}]}, 2),
    ],
)
async def test_rows_come_as_a_list_as_one_or_not_at_all(rows: Any, many: int) -> None:
    session = FakeSession(table([order(1, associations=rows)]))
    batch = (await all_of(CONNECTOR.pull(session, window())))[0]
    assert len(batch.records[0].body["order_rows"]) == many


async def test_an_object_alone_may_come_without_its_list() -> None:
    session = FakeSession(lambda asked: answer({"orders": order(1)} if asked.path == "/api/orders" else []))
    (batch,) = await all_of(CONNECTOR.pull(session, window()))
    assert [record.key for record in batch.records] == ["1"]


async def test_tables_survive_the_account() -> None:
    def play(asked: Request) -> Answer:
        if asked.path == "/api/currencies":
            return answer({"currencies": [{"id": 1, "iso_code": "EUR"}, {"id": "2", "iso_code": "GBP"}]})
        states = [{"id": 2, "paid": 1, "logable": "1", "template": [{"id": 1, "value": "pay ment/x"}]}, {"id": 9}]
        return answer({"order_states": states})

    account = as_account(await read_tables(FakeSession(play)))
    tables = tables_in(account)
    assert tables.currencies == {"1": "EUR", "2": "GBP"}
    assert tables.states["2"] == {"id": "2", "paid": "1", "logable": "1", "template": "paymentx"}
    assert tables.states["9"] == {"id": "9", "paid": "0", "logable": "0", "template": ""}


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (refused(16, 401), Stop, "does not see the key"),
        (refused(17, 401), Stop, "does not see the key"),
        (refused(18, 401), Stop, "32 signs"),
        (refused(20, 401), Stop, "not enabled"),
        (refused(21, 401), Stop, "nothing at all"),
        (refused(22, 503), Stop, "switched off"),
        (refused(25, 405), Stop, "may not read orders"),
        (refused(26, 401), Stop, "may not read orders"),
        (refused(27, 400), Stop, "no resource orders"),
        (refused(32, 400), Stop, "filter"),
        (refused(35, 400), Stop, "field"),
        (refused(38, 400), Stop, "sort"),
        (refused(39, 400), Stop, "limit"),
        (refused(87, 404), Gone, "no such object"),
        (refused(132, 403), Stop, "this shop"),
        (refused(999, 404), Stop, "no such shop"),
        (refused(3, 500), Wait, "PHP"),
        (refused(12, 500), Wait, "PHP"),
        (refused(77, 400), Fault, "code 77"),
        (refused(77, 500), Wait, "failed"),
        (refused(26, 200), Stop, "may not read"),
        (answer({"errors": [{"code": None, "message": "x"}]}, 400), Fault, "refused"),
        (answer(XML + b"<errors><error><code><![CDATA[18]]></code></error></errors>", 401), Stop, "32 signs"),
        (answer(XML + b"<errors><error><code>26</code></error></errors>", 401), Stop, "may not read"),
        (answer(XML + b"<orders/></prestashop>"), Stop, "XML"),
        (answer(b"\xef\xbb\xbf\n" + XML), Stop, "XML"),
        (answer(XML, 502), Wait, "failed"),
        (answer(PAGE, 401), Stop, "in front"),
        (answer(PAGE, 403), Stop, "in front"),
        (answer(PAGE, 404), Stop, "nothing is found"),
        (answer(PAGE, 429), Wait, "too often"),
        (answer(PAGE, 503), Wait, "failed"),
        (answer(PAGE, 200), Wait, "a page"),
        (answer(b"", 200), Wait, "a page"),
        (answer(b'{"orders":[', 200), Wait, "a page"),
    ],
)
def test_a_refusal_means_one_thing(reply: Answer, kind: type[Fault], said: str) -> None:
    fault = CONNECTOR.judge(ORDERS, reply)
    assert type(fault) is kind
    assert said in fault.reason
    if isinstance(fault, Stop):
        assert fault.remedy
        assert "{" not in fault.reason + fault.remedy.replace("%{HTTP", "")


def test_a_missing_right_names_the_resource_and_where_to_give_it() -> None:
    fault = CONNECTOR.judge(Request("GET", "/api/order_slip"), refused(26, 401))
    assert isinstance(fault, Stop)
    assert fault.kind == "auth"
    assert "order_slip" in fault.reason
    assert "GET for order_slip" in fault.remedy


def test_a_key_that_does_not_arrive_tells_how_to_let_it_through() -> None:
    fault = CONNECTOR.judge(ORDERS, refused(17, 401))
    assert isinstance(fault, Stop)
    assert "CGIPassAuth" in fault.remedy


def test_warnings_before_an_answer_are_cut_off_and_told() -> None:
    noisy = answer(b"<br />\n<b>Notice</b>: x in <b>a.php</b> on line <b>1</b><br />\n" + b'{"orders":[]}')
    assert CONNECTOR.judge(ORDERS, noisy) is None
    assert "display_errors" in str(CONNECTOR.remark(ORDERS, noisy))


@given(st.integers(200, 599), st.binary(max_size=80))
def test_any_answer_is_judged(status: int, body: bytes) -> None:
    fault = CONNECTOR.judge(ORDERS, Answer(status, {}, body))
    assert isinstance(fault, Fault) or (fault is None and status < 400)


@given(st.integers(200, 599), st.recursive(st.none() | st.integers() | st.text(max_size=4), st.lists, max_leaves=4))
def test_any_errors_are_judged(status: int, errors: Any) -> None:
    for value in ({"errors": errors}, {"errors": [errors]}, {"errors": [{"code": errors}]}):
        fault = CONNECTOR.judge(ORDERS, answer(value, status))
        assert isinstance(fault, Fault) or (fault is None and status < 400)


# --- the shop ---------------------------------------------------------------------------------------------------------


def shop(*closed: str, zone: str = "Europe/Berlin") -> Any:
    rows: dict[str, Any] = {
        "configurations": [{"id": 1, "name": "PS_TIMEZONE", "value": zone}],
        "currencies": [
            {"id": 1, "iso_code": "GBP", "conversion_rate": "0.860000"},
            {"id": 2, "iso_code": "EUR", "conversion_rate": "1.000000"},
        ],
        "order_states": [{"id": 2, "paid": "1", "logable": "1", "template": "payment"}],
    }

    def play(asked: Request) -> Answer:
        resource = asked.path.removeprefix("/api/")
        return refused(26, 401) if resource in closed else answer({resource: rows.get(resource, [{"id": 1}])})

    return play


async def test_greeting_learns_zone_currency_states_and_rights() -> None:
    session = FakeSession(shop("customers"), {}, channels={"Amazon": "amazon"}, states={"15": "cancelled"})
    assert await CONNECTOR.greet(session) == {
        "shop_id": "laden.example",
        "zone": "Europe/Berlin",
        "currency": "EUR",
        "may": "order_histories order_cart_rules combinations",
        "currencies": "1=GBP 2=EUR",
        "states": "2/1/1/payment",
        "channel:amazon": "amazon",
        "state:15": "cancelled",
    }


SAME = [
    {"id": 1, "iso_code": "USD", "conversion_rate": "1.000000"},
    {"id": 2, "iso_code": "EUR", "conversion_rate": "1.000000"},
]


@pytest.mark.parametrize(
    ("said", "currencies", "priced_in"),
    [
        ("2", SAME, "EUR"),
        (2, SAME, "EUR"),
        ("2", [{**SAME[0], "conversion_rate": "1.100000"}, {**SAME[1], "conversion_rate": "0.900000"}], "EUR"),
        (None, SAME, None),
        ("9", SAME, None),
        (None, [SAME[0], {**SAME[1], "conversion_rate": "0.900000"}], "USD"),
    ],
)
async def test_products_are_priced_in_the_currency_that_the_shop_says_or_alone_is_worth_one(
    said: Any, currencies: list[Any], priced_in: str | None
) -> None:
    """A currency that was added without its rate is worth one too."""
    rows = [{"id": 1, "name": "PS_TIMEZONE", "value": "Europe/Berlin"}]
    rows += [] if said is None else [{"id": 2, "name": "PS_CURRENCY_DEFAULT", "value": said}]
    play = shop()

    def told(asked: Request) -> Answer:
        resource = asked.path.removeprefix("/api/")
        given = {"configurations": rows, "currencies": currencies}.get(resource)
        return play(asked) if given is None else answer({resource: given})

    account = await CONNECTOR.greet(FakeSession(told, {}))
    assert account.get("currency") == priced_in


async def test_without_any_zone_nothing_is_read() -> None:
    for play in (shop("configurations"), shop(zone="Middle/Earth")):
        with pytest.raises(Stop, match="without a zone") as caught:
            await CONNECTOR.greet(FakeSession(play, {}))
        assert "timezone" in caught.value.remedy
    account = await CONNECTOR.greet(FakeSession(shop("configurations"), {}, timezone="Europe/Paris"))
    assert "zone" not in account


async def test_the_settings_zone_is_the_one_that_times_are_read_in() -> None:
    session = FakeSession(table([]), timezone="Asia/Tokyo")
    await all_of(CONNECTOR.pull(session, window()))
    assert session.asked[0].query["filter[date_upd]"].startswith("[2025-11-25 00:00:00")
    with pytest.raises(ValidationError, match="no time zone"):
        FakeSession(table([]), timezone="Middle/Earth")


async def test_doctor_names_each_right_that_is_missing_and_what_for() -> None:
    session = FakeSession(shop("order_slip", "customers", "order_cart_rules"), timezone="Europe/Paris")
    found = {finding.name: finding async for finding in CONNECTOR.examine(session)}
    assert {name: finding.level for name, finding in found.items()} == {
        "shop": "ok",
        "time zone": "fail",
        "orders": "ok",
        "order_slip": "warn",
        "products": "ok",
        "order_histories": "ok",
        "order_cart_rules": "warn",
        "customers": "warn",
        "combinations": "ok",
    }
    assert "Europe/Berlin" in found["time zone"].remedy
    assert "free shipping are taken off the goods" in found["order_cart_rules"].detail
    assert "not joined with other shops" in found["customers"].detail
    assert "GET for order_slip" in found["order_slip"].remedy


# --- what comes in ----------------------------------------------------------------------------------------------------


async def test_nothing_of_a_person_comes_in_but_hashes() -> None:
    secret = {"secure_key": "canary1", "note": "canary2", "gift_message": "canary3", "id_address_delivery": "canary4"}

    def play(asked: Request) -> Answer:
        if asked.path == "/api/customers":
            person = {"id": 5, "email": "canary@shopper.example", "passwd": "canary5", "lastname": "canary6"}
            return answer({"customers": [person]})
        return table([order(1, **secret)])(asked)

    session = FakeSession(play)
    batch = (await all_of(CONNECTOR.pull(session, window())))[0]
    hashed: list[tuple[str, str]] = []
    body = STREAMS["orders"].door(batch.records[0].body, lambda kind, value: hashed.append((kind, value)) or "hash")
    assert "canary" not in json.dumps(body)
    assert hashed == [("email", "canary@shopper.example"), ("prestashop_customer", "laden.example:5")]
    assert CONNECTOR.customer(session.settings, "5") == "laden.example:5", "whoever is to be erased is named so"


def test_nothing_is_received() -> None:
    webhooks = next(each for each in CONNECTOR.capabilities if each.offer == "webhooks")
    assert webhooks.grain == "none"
    assert webhooks.note
    assert CONNECTOR.secrets(settings()) == ()
