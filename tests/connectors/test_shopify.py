"""The Shopify connector's wire: what it asks, how it pages, what is read by id, what comes in."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from jalon.connectors import base
from jalon.connectors.base import Credentials, Record, Request
from jalon.connectors.shopify import CHANNELS, Settings, Shopify
from tests.connectors.shopify_shop import (
    ALL_SCOPES,
    NOW,
    SETTINGS,
    SHOP,
    Script,
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
