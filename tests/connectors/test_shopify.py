"""The Shopify connector's wire: what it asks, how it pages and exports, what refusals mean."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from jalon.connectors import base
from jalon.connectors.base import Answer, Credentials, Record, Request
from jalon.connectors.shopify import CHANNELS, Settings, Shopify
from tests.connectors.shopify_shop import (
    ALL_SCOPES,
    NOW,
    SETTINGS,
    SHOP,
    Script,
    answer,
    fetched,
    order,
    page,
    pulled,
    stream,
    window,
)

DAY = timedelta(days=1)
ASKED = Request("POST", "/admin/api/2026-10/graphql.json")


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_a_search_names_a_window_in_quoted_whole_seconds() -> None:
    shop = Script(lambda name, variables: {"orders": page([])})
    await pulled(shop, window(NOW - timedelta(hours=1, microseconds=1), NOW + timedelta(microseconds=1)))
    assert shop.asked[0][1]["search"] == "updated_at:>='2026-07-01T10:59:59Z' AND updated_at:<'2026-07-01T12:00:01Z'"


async def test_a_token_travels_in_a_header_and_never_where_no_credential_belongs() -> None:
    prepared = Shopify().prepare(ASKED, SETTINGS, Credentials("shpat_x"), {}, 0.0)
    assert prepared.headers["x-shopify-access-token"] == "shpat_x"
    assert "shpat_x" not in prepared.path + str(prepared.query)
    anonymous = Request("POST", "/admin/oauth/access_token", anonymous=True)
    assert Shopify().prepare(anonymous, SETTINGS, Credentials("shpat_x"), {}, 0.0) == anonymous


@pytest.mark.parametrize(
    "shop", ["example.com", "x.myshopify.com.evil.example", "X.myshopify.com", "a/b.myshopify.com", ""]
)
def test_only_a_shops_permanent_domain_is_a_shop(shop: str) -> None:
    with pytest.raises(ValidationError):
        Settings(connector="shopify", shop=shop)


def test_every_setting_and_scope_is_documented() -> None:
    told = (Path(__file__).parents[2] / "docs/connectors/shopify.md").read_text()
    own = set(Settings.model_fields) - set(base.Settings.model_fields)
    assert not [name for name in (*own, *ALL_SCOPES.split()) if f"`{name}`" not in told]
    assert all(f"`{name}` | `{platform}`" in told for name, platform in CHANNELS.items())


def test_nothing_else_is_connected_to_than_the_shop_and_the_store_of_exports() -> None:
    assert Shopify().hosts(SETTINGS) == {"api": (f"https://{SHOP}",), "storage": ("https://storage.googleapis.com",)}


# --- pages ------------------------------------------------------------------------------------------------------------


async def test_pages_follow_the_cursor_and_say_where_to_go_on() -> None:
    pages = {None: page([order(1), order(2)], "c1"), "c1": page([order(3)])}
    shop = Script(lambda name, variables: {"orders": pages[variables["after"]]})
    first, last = await pulled(shop, window(NOW - DAY))
    assert ([record.key for record in first.records], first.cursor) == (["1", "2"], "page:c1")
    assert ([record.key for record in last.records], last.cursor) == (["3"], None)
    (resumed,) = await pulled(shop, window(NOW - DAY, cursor="page:c1"))
    assert resumed == last


async def test_a_record_is_versioned_by_its_update_time() -> None:
    shop = Script(lambda name, variables: {"orders": page([order(1, updatedAt="1970-01-02T00:00:01Z")])})
    (batch,) = await pulled(shop, window(NOW - DAY))
    assert batch.records[0].version == 86_401_000_000


@pytest.mark.parametrize("info", [{"hasNextPage": True, "endCursor": None}, {"hasNextPage": True, "endCursor": "c1"}])
async def test_a_next_page_that_leads_nowhere_does_not_end_the_window(info: dict[str, Any]) -> None:
    shop = Script(lambda name, variables: {"orders": {"pageInfo": info, "nodes": []}})
    with pytest.raises(base.Wait, match="next page"):
        await pulled(shop, window(NOW - DAY, cursor="page:c1"))


async def test_a_query_that_costs_too_much_is_asked_for_less() -> None:
    def reply(name: str, variables: dict[str, Any]) -> Any:
        if variables["first"] > 50:
            return {"errors": [{"message": "Query cost is 1066", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
        return {"orders": page([order(1)])}

    shop = Script(reply)
    (batch,) = await pulled(shop, window(NOW - DAY))
    assert len(batch.records) == 1
    assert [variables["first"] for _, variables in shop.asked] == [250, 100, 50]


@pytest.mark.parametrize("cut", [{"orders": {}}, {"orders": None}, {}])
async def test_an_answer_that_lacks_something_is_asked_for_again(cut: dict[str, Any]) -> None:
    with pytest.raises(base.Wait, match="lacks"):
        await pulled(Script(lambda name, variables: cut), window(NOW - DAY))


async def test_an_order_is_made_whole_whatever_it_holds_many_of() -> None:
    refund = {"id": "gid://shopify/Refund/7", "refundLineItems": page(["rl1"], "r"), "transactions": page(["t1"], "t")}
    journey = {"ready": True, "moments": page(["m1"], "m")}
    long = order(
        1, lineItems=page(["l1"], "l"), returns=page(["b1"], "b"), refunds=[refund], customerJourneySummary=journey
    )
    more = {
        "l": {"lineItems": page(["l2"], "l'")},
        "l'": {"lineItems": page(["l3"])},
        "b": {"returns": page(["b2"])},
        "m": {"customerJourneySummary": {"moments": page(["m2"])}},
        "r": {"refundLineItems": page(["rl2"])},
        "t": {"transactions": page(["t2"])},
    }
    shop = Script(
        lambda name, variables: {"orders": page([long])} if name == "Orders" else {"node": more[variables["after"]]}
    )
    (batch,) = await pulled(shop, window(NOW - DAY))
    body = batch.records[0].body
    assert body["lineItems"] == {"nodes": ["l1", "l2", "l3"]}
    assert body["returns"] == {"nodes": ["b1", "b2"]}
    assert body["customerJourneySummary"]["moments"] == {"nodes": ["m1", "m2"]}
    assert body["refunds"][0]["refundLineItems"] == {"nodes": ["rl1", "rl2"]}
    assert body["refunds"][0]["transactions"] == {"nodes": ["t1", "t2"]}


async def test_fields_without_their_scope_are_not_asked() -> None:
    shop = Script(lambda name, variables: {"orders": page([order(1)])}, scopes="read_orders")
    await pulled(shop, window(NOW - DAY))
    query = json.loads(shop.requests[0].body)["query"]
    assert "customer {" not in query
    assert "returns(" not in query
    assert not re.search(r"\b(return|product|variant) \{", query)


async def test_contact_is_asked_only_where_the_settings_say_so() -> None:
    for contact in (False, True):
        settings = SETTINGS.model_copy(update={"customer_contact": contact})
        shop = Script(lambda name, variables: {"orders": page([])}, settings=settings)
        await pulled(shop, window(NOW - DAY))
        assert (" email phone " in json.loads(shop.requests[0].body)["query"]) is contact


async def test_what_the_app_may_not_see_is_said() -> None:
    shop = Script(lambda name, variables: {"orders": page([]), "ordersCount": {"count": 0}}, scopes="read_orders")
    (batch,) = await pulled(shop, window(NOW - 90 * DAY, NOW - 80 * DAY))
    assert [skipped.reason for skipped in batch.skipped] == ["history_hidden"]
    (recent,) = await pulled(shop, window(NOW - 60 * DAY))
    assert not recent.skipped


async def test_products_come_with_all_their_variants() -> None:
    product = {"id": "gid://shopify/Product/5", "updatedAt": "2026-06-30T12:00:05Z", "variants": page(["v1"], "v")}
    more = {"node": {"variants": page(["v2"])}}
    shop = Script(lambda name, variables: {"products": page([product])} if name == "Products" else more)
    (batch,) = await pulled(shop, window(NOW - DAY, name="products"))
    assert (batch.records[0].key, batch.records[0].body["variants"]) == ("5", {"nodes": ["v1", "v2"]})


async def test_products_that_changed_before_the_first_window_are_read_with_it() -> None:
    shop = Script(lambda name, variables: {"products": page([])})
    for low, backfill in ((NOW - 60 * DAY, False), (NOW - 60 * DAY, True), (NOW - 50 * DAY, False)):
        await pulled(shop, window(low, low + DAY, name="products", backfill=backfill))
    assert [variables["search"].count("updated_at") for _, variables in shop.asked] == [1, 2, 2]
    shop.settings = SETTINGS.model_copy(update={"since": NOW.date()})
    await pulled(shop, window(NOW, name="products"))
    assert shop.asked[-1][1]["search"] == "updated_at:<'2026-07-01T12:00:00Z'"


async def test_products_are_done_without_where_the_scope_is_missing() -> None:
    with pytest.raises(base.Skip, match="read_products"):
        await pulled(Script(lambda name, variables: {}, scopes="read_orders"), window(NOW - DAY, name="products"))


def test_orders_are_looked_back_at_since_some_show_late() -> None:
    orders = stream("orders")
    assert orders.lookback >= orders.every >= timedelta(hours=1)
    assert orders.lag > timedelta(0)


# --- by id ------------------------------------------------------------------------------------------------------------


async def test_an_order_read_by_id_is_the_same_record_as_in_a_page() -> None:
    shop = Script(
        lambda name, variables: {"nodes": [order(1)]} if name == "OrdersById" else {"orders": page([order(1)])}
    )
    (by_id,), (by_page,) = await fetched(shop, "1"), await pulled(shop, window(NOW - DAY))
    assert by_id.records == by_page.records


async def test_an_order_that_cannot_be_seen_is_not_taken_for_deleted() -> None:
    shop = Script(lambda name, variables: {"nodes": [order(1), None, None]})
    (batch,) = await fetched(shop, "1", "2", "3?gone")
    deleted = Record("3", int(NOW.timestamp() * 1_000_000), {"id": "gid://shopify/Order/3", "deleted": True})
    assert batch.records[1:] == [deleted]
    assert [(skipped.key, skipped.reason) for skipped in batch.skipped] == [("2", "not_visible")]
    assert shop.asked[0][1]["ids"] == [f"gid://shopify/Order/{n}" for n in (1, 2, 3)]


async def test_an_order_said_to_be_deleted_that_is_there_is_read() -> None:
    (batch,) = await fetched(Script(lambda name, variables: {"nodes": [order(1)]}), "1?gone")
    assert [(record.key, "deleted" in record.body) for record in batch.records] == [("1", False)]


@pytest.mark.parametrize(("age", "wait"), [(60, 600), (7200, 3600), (4 * 86_400, 43_200), (6 * 86_400, None)])
async def test_an_order_whose_journey_is_not_ready_is_read_again_later(age: float, wait: float | None) -> None:
    created = (NOW - timedelta(seconds=age)).isoformat()
    waiting = order(1, createdAt=created, customerJourneySummary={"ready": False, "moments": page([])})
    ready = order(2, createdAt=created, customerJourneySummary={"ready": True, "moments": page([])})
    (batch,) = await fetched(Script(lambda name, variables: {"nodes": [waiting, ready]}), "1", "2")
    expected = [] if wait is None else [base.Ref("orders", "1", NOW.timestamp() + wait)]
    assert list(batch.follow) == expected


async def test_a_page_asks_for_its_orders_that_wait_for_their_journey() -> None:
    created = (NOW - timedelta(hours=2)).isoformat()
    waiting = order(1, createdAt=created, customerJourneySummary={"ready": False, "moments": page([])})
    shop = Script(lambda name, variables: {"orders": page([waiting, order(2)])})
    (batch,) = await pulled(shop, window(NOW - DAY))
    assert list(batch.follow) == [base.Ref("orders", "1", NOW.timestamp() + 3600)]


# --- exports ----------------------------------------------------------------------------------------------------------

URL = "https://storage.googleapis.com/export.jsonl"
COMPLETED = {"status": "COMPLETED", "url": URL, "objectCount": "4", "createdAt": "2026-07-01T11:00:00Z"}


def exporting(operation: Any = None, errors: Any = ()) -> Script:
    def reply(name: str, variables: dict[str, Any]) -> Any:
        started = {"bulkOperation": {"id": "gid://shopify/BulkOperation/88"}, "userErrors": list(errors)}
        return {
            "Count": {"ordersCount": {"count": 5001}},
            "Export": {"bulkOperation": operation} if "id" in variables else {"bulkOperationRunQuery": started},
            "Orders": {"orders": page([order(9)])},
        }[name]

    return Script(reply)


def line(body: Any) -> bytes:
    return json.dumps(body).encode()


EXPORT = [
    line(order(1, taxesIncluded=True, refunds=[{"id": "gid://shopify/Refund/1"}])),
    line(order(2, taxesIncluded=False)),
    line({"id": "gid://shopify/LineItem/11", "__parentId": "gid://shopify/Order/1", "quantity": 1}),
    line({"id": "gid://shopify/CustomerVisit/21", "__parentId": "gid://shopify/Order/2"}),
]


async def test_a_large_window_is_exported_and_comes_back_when_it_is_done() -> None:
    (batch,) = await pulled(exporting(), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.records) == ("bulk:88:0", ())
    assert batch.later is not None
    assert batch.later > NOW.timestamp()
    running = {"status": "RUNNING", "createdAt": "2026-07-01T11:59:00Z"}
    (again,) = await pulled(exporting(running), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert (again.cursor, again.later) == ("bulk:88:0", NOW.timestamp() + 15)


async def test_a_short_window_is_not_even_counted() -> None:
    shop = exporting()
    await pulled(shop, window(NOW - timedelta(hours=6)))
    assert [name for name, _ in shop.asked] == ["Orders"]
    await pulled(shop, window(NOW - timedelta(hours=6), backfill=True))
    assert shop.asked[1][0] == "Count"


async def test_an_exports_lines_become_records_of_their_own() -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = EXPORT
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(record.stream, record.key) for record in batch.records] == [
        (None, "1"), (None, "2"), ("order_lines", "11"), ("visits", "21"),
    ]  # fmt: skip
    assert batch.records[2].body["order"] == {"id": "gid://shopify/Order/1"}
    assert [record.body.get("taxesIncluded") for record in batch.records[2:]] == [True, False]
    assert list(batch.follow) == [base.Ref("orders", "1")], "an export cannot hold the lines of refunds"


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ({}, False),
        ({"refunds": [{"id": "gid://shopify/Refund/1"}]}, True),
        ({"edited": True}, True),
        ({"customerJourneySummary": {"ready": False}}, True),
        ({"customerJourneySummary": {"ready": True}}, False),
        ({"sourceName": "tiktok", "totalDiscountsSet": {"shopMoney": {"amount": "5.0"}}}, True),
        ({"sourceName": "tiktok", "totalDiscountsSet": {"shopMoney": {"amount": "0.0"}}}, False),
        ({"sourceName": "web", "totalDiscountsSet": {"shopMoney": {"amount": "5.0"}}}, False),
    ],
)
async def test_what_an_export_cannot_hold_of_an_order_is_read_by_id(told: dict[str, Any], again: bool) -> None:
    shop = exporting({**COMPLETED, "objectCount": "1"})
    shop.account = {**shop.account, "channel:tiktok": "tiktok_shop"}
    shop.files[URL] = [line(order(1, **told))]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert list(batch.follow) == [base.Ref("orders", "1")] * again


async def test_an_order_with_a_return_is_read_whole_after_an_export_whatever_its_own_status_says() -> None:
    """`Order.returnStatus` stays NO_RETURN where all returns were declined or cancelled."""
    shop = exporting({**COMPLETED, "objectCount": "2"})
    declined = {"id": "gid://shopify/Return/31", "__parentId": "gid://shopify/Order/1", "status": "DECLINED"}
    shop.files[URL] = [line(order(1, returnStatus="NO_RETURN")), line(declined)]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert ([record.key for record in batch.records], list(batch.skipped)) == (["1"], [])
    assert list(batch.follow) == [base.Ref("orders", "1")]


async def test_an_order_of_a_gift_card_is_read_whole_after_an_export() -> None:
    shop = exporting({**COMPLETED, "objectCount": "1"})
    card = {"id": "gid://shopify/LineItem/11", "__parentId": "gid://shopify/Order/1", "isGiftCard": True}
    shop.files[URL] = [line(card)]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert list(batch.follow) == [base.Ref("orders", "1")]


async def test_an_export_is_gone_on_with_at_the_line_where_it_was_left() -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = EXPORT
    (rest,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:2"))
    assert [(record.key, record.body["taxesIncluded"]) for record in rest.records] == [("11", True), ("21", False)]


async def test_an_export_is_read_in_batches_of_bounded_size() -> None:
    shop = exporting({**COMPLETED, "objectCount": "1200"})
    shop.files[URL] = [line(order(n, taxesIncluded=False)) for n in range(1200)]
    batches = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(len(batch.records), batch.cursor) for batch in batches] == [
        (500, "bulk:88:500"),
        (500, "bulk:88:1000"),
        (200, None),
    ]


@pytest.mark.parametrize("lines", [EXPORT[:3], [*EXPORT[:3], EXPORT[3][:20]]])
async def test_a_file_that_was_cut_does_not_count_as_read(lines: list[bytes]) -> None:
    shop = exporting(COMPLETED)
    shop.files[URL] = lines
    with pytest.raises(base.Wait, match="export"):
        await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))


async def test_an_export_of_nothing_has_no_file() -> None:
    (batch,) = await pulled(
        exporting({**COMPLETED, "objectCount": "0", "url": None}), window(NOW - 30 * DAY, cursor="bulk:88:0")
    )
    assert (list(batch.records), batch.cursor, batch.later) == ([], None, None)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "CANCELED"])
async def test_a_failed_export_is_replaced_by_paging(status: str) -> None:
    shop = exporting({"status": status, "errorCode": "TIMEOUT", "partialDataUrl": URL})
    told, paged = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:500"))
    assert [skipped.reason for skipped in told.skipped] == ["bulk_failed"]
    assert [record.key for record in paged.records] == ["9"]


@pytest.mark.parametrize(
    "ended",
    [
        {"completedAt": (NOW - timedelta(days=7, seconds=1)).isoformat()},
        {"completedAt": (NOW - timedelta(hours=1)).isoformat(), "url": None},
    ],
)
async def test_an_export_whose_file_is_not_there_any_more_is_replaced_by_paging(ended: dict[str, Any]) -> None:
    """Files lie ready for seven days: a source that was not read meanwhile must not wait for one for ever."""
    told, paged = await pulled(exporting({**COMPLETED, **ended}), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [(skipped.reason, "EXPIRED" in skipped.detail) for skipped in told.skipped] == [("bulk_failed", True)]
    assert [record.key for record in paged.records] == ["9"]
    shop = exporting({**COMPLETED, "completedAt": (NOW - timedelta(days=6)).isoformat()})
    shop.files[URL] = EXPORT
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert len(batch.records) == 4


async def test_an_export_that_is_denied_stops_with_a_remedy() -> None:
    denied = exporting({"status": "FAILED", "errorCode": "ACCESS_DENIED"})
    with pytest.raises(base.Stop) as stopped:
        await pulled(denied, window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert stopped.value.kind == "auth"


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
async def test_an_export_for_which_there_is_no_place_is_asked_for_again(code: str) -> None:
    (batch,) = await pulled(exporting(errors=[{"message": "busy", "code": code}]), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.later) == (None, NOW.timestamp() + 60)


async def test_an_export_that_is_gone_is_replaced_by_paging() -> None:
    _, paged = await pulled(exporting(None), window(NOW - 30 * DAY, cursor="bulk:88:0"))
    assert [record.key for record in paged.records] == ["9"]


async def test_the_recorded_refusals_of_exports(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/bulk_concurrency_limit.json").read_text())
    busy = recorded["sixthRun"]["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
    (batch,) = await pulled(exporting(errors=busy), window(NOW - 30 * DAY))
    assert (batch.cursor, batch.later) == (None, NOW.timestamp() + 60), "places are taken: the same again later"
    recorded = json.loads((contracts / "shopify/recorded/bulk_run_query_validators.json").read_text())
    for case in recorded["validations"].values():
        refused = case["response"]["data"]["bulkOperationRunQuery"]["userErrors"]
        (batch,) = await pulled(exporting(errors=refused), window(NOW - 30 * DAY))
        assert (batch.cursor, batch.skipped[0].reason) == ("page:", "bulk_refused")


async def test_the_recorded_life_of_an_export(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/bulk_poll_and_result.json").read_text())
    run = recorded["runs"]["runQueryGroupObjectsTrue"]
    created, done = (poll["response"]["data"]["bulkOperation"] for poll in run["statusPolls"])
    (waiting,) = await pulled(exporting(created), window(NOW - 30 * DAY, cursor="bulk:8001977286962:0"))
    assert waiting.later is not None
    shop = exporting({**done, "objectCount": str(len(run["result"]["records"]))})
    shop.files[done["url"]] = [line(record) for record in run["result"]["records"]]
    (batch,) = await pulled(shop, window(NOW - 30 * DAY, cursor="bulk:8001977286962:0"))
    assert {skipped.reason for skipped in batch.skipped} == {"unknown_row"}, (
        "products are no orders, and are not lost in silence"
    )


# --- refusals ---------------------------------------------------------------------------------------------------------


def judged(body: Any, status: int = 200, **headers: str) -> base.Fault | None:
    return Shopify().judge(ASKED, answer(body, status, **headers))


def test_a_spent_budget_says_when_there_is_enough_again(contracts: Path) -> None:
    told = json.loads((contracts / "shopify/webhook_contract.json").read_text())["throttled_body"]
    fault = judged(told)
    assert isinstance(fault, base.Wait)
    assert fault.throttled
    assert fault.seconds == pytest.approx((752 - 666) / 50)
    level = Shopify().level(answer(told))
    assert level is not None
    assert level[:3] == (666.0, 1000.0, 50.0)


def test_a_denied_access_names_what_it_needs(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/access_denied_manual_payment.json").read_text())
    fault = judged(recorded["mutation"]["response"])
    assert isinstance(fault, base.Stop)
    assert fault.kind == "auth"
    assert "write_orders" in fault.reason
    assert "orderCreateManualPayment" in fault.reason


def test_every_recorded_search_warning_is_a_refusal(contracts: Path) -> None:
    recorded = json.loads((contracts / "shopify/recorded/search_warnings.json").read_text())
    assert recorded
    for case in recorded:
        fault = judged({"data": {"orders": {}}, "extensions": {"search": case["search"]}})
        warned = any(search.get("warnings") for search in case["search"])
        assert isinstance(fault, base.Stop) is warned, case


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("THROTTLED", base.Wait),
        ("INTERNAL_SERVER_ERROR", base.Wait),
        ("MAX_COST_EXCEEDED", base.Split),
        ("ACCESS_DENIED", base.Stop),
        ("BAD_REQUEST", base.Stop),
        ("undefinedField", base.Stop),
        ("RESOURCE_NOT_FOUND", base.Skip),
    ],
)
def test_the_code_of_an_error_says_what_happens_next(code: str, kind: type[base.Fault]) -> None:
    assert type(judged({"errors": [{"message": "no", "extensions": {"code": code}}], "data": None})) is kind


@pytest.mark.parametrize(
    ("body", "status", "throttled"),
    [
        ({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}, 200, True),
        ({"errors": "Exceeded 2 calls per second"}, 429, True),
        ({"errors": "no"}, 503, False),
    ],
)
def test_a_spent_budget_is_known_inside_a_good_status_and_by_the_edge_s_own(
    body: Any, status: int, throttled: bool
) -> None:
    fault = judged(body, status)
    assert isinstance(fault, base.Wait)
    assert fault.throttled is throttled


def test_an_internal_error_comes_without_costs() -> None:
    error = {"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "r"}}
    fault = judged({"errors": [error]})
    assert (type(fault), Shopify().level(answer({"errors": [error]}))) == (base.Wait, None)


def test_an_answer_by_another_version_is_remarked() -> None:
    def told(version: str) -> str | None:
        return Shopify().remark(ASKED, answer({"data": {}}, **{"x-shopify-api-version": version}))

    assert told("2026-10") is None
    assert "asked for API version 2026-10, answered by 2027-04" in str(told("2027-04"))
    assert Shopify().remark(ASKED, answer({"data": {}})) is None


def test_of_several_errors_the_weightiest_counts() -> None:
    errors = [{"message": "no", "extensions": {"code": code}} for code in ("INTERNAL_SERVER_ERROR", "ACCESS_DENIED")]
    assert isinstance(judged({"errors": errors}), base.Stop)
    errors.append({"message": "Throttled", "extensions": {"code": "THROTTLED"}})
    assert isinstance(judged({"errors": errors}), base.Wait)


def test_a_forgotten_cursor_is_no_reason_to_stop() -> None:
    assert isinstance(judged({"errors": [{"message": "Invalid cursor for current pagination sort."}]}), base.Skip)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, base.Stop), (401, base.Renew), (402, base.Stop), (403, base.Stop), (404, base.Stop), (418, base.Stop),
        (423, base.Stop), (429, base.Wait), (430, base.Wait), (500, base.Wait), (503, base.Wait), (599, base.Wait),
    ],
)  # fmt: skip
def test_a_status_says_what_happens_next(status: int, kind: type[base.Fault]) -> None:
    assert type(judged({"errors": "no"}, status)) is kind


@pytest.mark.parametrize("body", [[], "text", 7, None, {}, {"data": None}, {"data": []}])
def test_an_answer_of_another_shape_is_asked_for_again(body: Any) -> None:
    assert isinstance(judged(body), base.Wait)


def test_a_good_answer_is_good() -> None:
    assert judged({"data": {}, "extensions": {"search": [{"query": "x"}]}}) is None


@given(st.text(max_size=400))
def test_what_a_platform_writes_into_a_reason_is_bounded(text: str) -> None:
    fault = judged({"errors": [{"message": text, "extensions": {"code": "BAD_REQUEST"}}]})
    assert fault is not None
    assert len(fault.reason) < 500


# --- tokens -----------------------------------------------------------------------------------------------------------

APP = SETTINGS.model_copy(update={"access_token": None, "client_id": "id"})


async def test_an_own_app_takes_a_token_by_its_grant() -> None:
    shop = Script(lambda name, variables: Answer(200, {}, b'{"access_token":"new","expires_in":86399}'), settings=APP)
    assert Shopify().credentials(APP) is None
    assert await Shopify().renew(shop, None) == Credentials("new", None, NOW.timestamp() + 86399, None)
    (request,) = shop.requests
    assert (request.anonymous, request.idempotent) == (True, True)
    assert parse_qs(request.body.decode()) == {
        "client_id": ["id"], "client_secret": ["hush"], "grant_type": ["client_credentials"]
    }  # fmt: skip


async def test_a_refresh_token_is_used_once_and_replaced() -> None:
    settings = SETTINGS.model_copy(update={"client_id": "id", "refresh_token": SecretStr("r1")})
    body = b'{"access_token":"a2","expires_in":3600,"refresh_token":"r2","refresh_token_expires_in":7776000}'
    shop = Script(lambda name, variables: Answer(200, {}, body), settings=settings)
    fresh = await Shopify().renew(shop, Shopify().credentials(settings))
    assert fresh == Credentials("a2", "r2", NOW.timestamp() + 3600, NOW.timestamp() + 7776000)
    assert shop.requests[0].idempotent is False
    assert b"refresh_token=r1" in shop.requests[0].body


async def test_a_refresh_token_alone_is_enough() -> None:
    settings = APP.model_copy(update={"refresh_token": SecretStr("r1")})
    shop = Script(
        lambda name, variables: Answer(200, {}, b'{"access_token":"a2","refresh_token":"r2"}'), settings=settings
    )
    assert await Shopify().renew(shop, Shopify().credentials(settings)) == Credentials("a2", "r2", None, None)
    assert b"refresh_token=r1" in shop.requests[0].body


async def test_a_token_that_cannot_be_renewed_stops_with_a_remedy() -> None:
    with pytest.raises(base.Stop, match="renew") as stopped:
        await Shopify().renew(Script(lambda name, variables: {}), Credentials("shpat_x"))
    assert stopped.value.kind == "auth"
    assert "access_token" in stopped.value.remedy


async def test_a_refused_grant_stops_instead_of_renewing_for_ever() -> None:
    refused = Answer(401, {}, b'{"error":"invalid_client"}')
    with pytest.raises(base.Stop, match="401"):
        await Shopify().renew(Script(lambda name, variables: refused, settings=APP), None)


# --- who the shop is --------------------------------------------------------------------------------------------------


def shop_of(domain: str = SHOP, scopes: str = ALL_SCOPES, topics: Any = (), version: str = "2026-10") -> Script:
    told = {"id": "gid://shopify/Shop/77", "name": "J", "myshopifyDomain": domain, "currencyCode": "EUR"}
    data = {
        "shop": {**told, "ianaTimezone": "Europe/Paris", "taxesIncluded": True},
        "currentAppInstallation": {"accessScopes": [{"handle": handle} for handle in scopes.split()]},
    }
    subscribed = {"webhookSubscriptions": page(topics)}
    return Script(
        lambda name, variables: answer(
            {"data": data if name == "Shop" else subscribed}, **{"x-shopify-api-version": version}
        )
    )


async def test_greeting_learns_what_the_meaning_of_records_needs() -> None:
    shop = shop_of()
    shop.settings = SETTINGS.model_copy(update={"channels": {"Insta-Shop": "instagram", "2329312": ""}})
    account = await Shopify().greet(shop)
    assert (account["shop_id"], account["zone"], account["currency"], account["taxes_included"]) == (
        "77",
        "Europe/Paris",
        "EUR",
        "true",
    )
    assert {name: found for name, found in account.items() if name.startswith("channel:")} == {
        "channel:tiktok": "tiktok_shop",
        "channel:insta-shop": "instagram",
    }


async def test_a_token_of_another_shop_stops() -> None:
    with pytest.raises(base.Stop, match=r"belongs to other\.myshopify\.com"):
        await Shopify().greet(shop_of("other.myshopify.com"))


async def test_a_shops_own_time_zone_is_no_mismatch_where_none_is_named() -> None:
    found = [one async for one in Shopify().examine(shop_of()) if one.name == "time zone"]
    assert [(one.level, one.detail) for one in found] == [("ok", "Europe/Paris")]


async def test_doctor_says_what_is_missing() -> None:
    shop = shop_of(scopes="write_orders read_customers", version="2027-01")
    shop.settings = SETTINGS.model_copy(update={"timezone": "UTC"})
    findings = {one.name: one async for one in Shopify().examine(shop)}
    levels = {name: one.level for name, one in findings.items()}
    assert levels == {
        "shop": "ok",
        "time zone": "warn",
        "API version": "warn",
        "scope read_all_orders": "warn",
        "scope read_returns": "warn",
        "scope read_products": "warn",
        "subscriptions": "warn",
    }
    assert "2027-01" in findings["API version"].detail
    assert all(one.remedy for one in findings.values() if one.level != "ok")


# --- copies -----------------------------------------------------------------------------------------------------------


async def test_an_address_that_a_platform_made_up_tells_the_platform_and_no_person() -> None:
    orders = [order(1, email="v4bcanary@SCS.tiktokw.us"), order(2, email="ann@example.com"), order(3, email=None)]
    for shop, asked in (
        (Script(lambda name, variables: {"orders": page(orders)}), None),
        (Script(lambda name, variables: {"nodes": orders}), ("1", "2", "3")),
    ):
        (batch,) = await (fetched(shop, *asked) if asked else pulled(shop, window(NOW - DAY)))
        told = [(record.body.get("alias_of"), record.body["email"]) for record in batch.records]
        assert told == [("tiktok_shop", None), (None, "ann@example.com"), (None, None)]
        assert stream("orders").door(batch.records[0].body, lambda kind, value: value)["alias_of"] == "tiktok_shop"


# --- the door ---------------------------------------------------------------------------------------------------------


def test_nothing_personal_comes_in_in_clear() -> None:
    private = "Ann Example, 12 High Street"
    visit = {
        "id": "v",
        "landingPage": f"https://u:{private}@s.example/p?utm_source=tiktok&email=a@b.c&ttclid=clear#x",
        "referrerUrl": "https://m.example/?q=secret",
    }
    body = order(
        1,
        email="a@b.c",
        phone="+49301",
        checkoutToken="clear-token",
        note=private,
        customer={"id": "gid://shopify/Customer/191167", "firstName": private},
        shippingAddress={"name": private},
        customAttributes=[
            {"key": "gift note", "value": private},
            {"key": "order_id", "value": private},
            {"key": "TikTok Order ID", "value": "576461413038785752"},
        ],
        customerJourneySummary={"ready": True, "firstVisit": visit, "lastVisit": None, "moments": {"nodes": [visit]}},
        transactions=[{"id": "t", "receiptJson": private, "accountNumber": private}],
    )
    hashed: list[tuple[str, str]] = []

    def hasher(kind: str, value: str) -> str:
        hashed.append((kind, value))
        return f"{kind}:hash"

    passed = json.dumps(stream("orders").door(body, hasher))
    for clear in (private, "High Street", "a@b.c", "+49301", "191167", "clear-token", "secret", "ttclid=clear"):
        assert clear not in passed
    assert "576461413038785752" in passed
    assert "utm_source=tiktok" in passed
    assert ("shopify_customer", "191167") in hashed, "erasures name a customer by this number"
    assert Shopify().customer(SETTINGS, "gid://shopify/Customer/191167") == "191167"
