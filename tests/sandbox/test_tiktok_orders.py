"""Orders, affiliate rows, returns and cancellations as the played TikTok Shop shows them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.server import Sandbox
from jalon.sandbox.truth import truth
from jalon.sandbox.world import World

ORDERS = "/order/202309/orders/search"
BY_UPDATE = {"page_size": "50", "sort_field": "update_time", "sort_order": "ASC"}
RETURNS = "/return_refund/202602/returns/search"
CANCELLATIONS = "/return_refund/202602/cancellations/search"
PRODUCTS = "/product/202502/products/search"
AFFILIATE = "/affiliate_seller/202410/orders/search"


def _cents(text: str) -> int:
    return int(Decimal(text.lstrip("$").replace(",", "")) * 100)


def _native(world: World, now: float = NOW) -> dict[str, dict[str, Any]]:
    return {s["order_id"]: s for s in truth(world, now)["sales"] if s["platform"] == "tiktok_shop"}


async def test_all_orders_come_with_the_money_of_the_truth(seller: Seller, world: World) -> None:
    orders = {order["id"]: order for order in await seller.all("orders", ORDERS, BY_UPDATE, {})}
    told = _native(world)
    assert orders.keys() == told.keys()
    for identity, order in orders.items():
        payment, sale = order["payment"], told[identity]
        assert _cents(payment["sub_total"]) == sale["goods"]
        assert _cents(payment["tax"]) == sale["tax"]
        total = sale["goods"] + sale["shipping"] + sale["tax"]
        assert _cents(payment["total_amount"]) == total
        assert sum(_cents(line["sale_price"]) for line in order["line_items"]) == sale["goods"]
        assert len(order["line_items"]) == sum(line["quantity"] for line in sale["lines"])
        assert order["is_sample_order"] == (sale["kind"] == "sample")
        assert order["is_replacement_order"] == (sale["kind"] == "replacement")
        assert ("paid_time" in order) == sale["paid"]


async def test_an_order_is_held_for_an_hour(seller: Seller, sandbox: Sandbox, world: World) -> None:
    sale = next(
        s
        for s in world.sales
        if s.platform == "tiktok_shop" and s.placed_at > NOW and len(s.changes) > 3 and s.changes[1].at > s.placed_at
    )
    seen = []
    paid = sale.changes[1].at
    for moment in (sale.placed_at, paid, paid + 3599, paid + 3600, sale.changes[-1].at + 1):
        sandbox.clock.set(moment) if moment > sandbox.clock.now() else None
        await seller.refresh()
        data = await seller.call("GET", "/order/202507/orders", {"ids": sale.order_id})
        seen.append(data["orders"][0]["status"])
    assert seen[:4] == ["UNPAID", "ON_HOLD", "ON_HOLD", "AWAITING_SHIPMENT"]


async def test_rows_that_change_while_paged_shift_the_pages(seller: Seller, sandbox: Sandbox) -> None:
    window = {"update_time_lt": NOW + 1}
    before = await seller.all("orders", ORDERS, BY_UPDATE, window)
    query = BY_UPDATE | {"page_size": "10"}
    got: set[str] = set()
    while len(got) < len(before) * 0.9:
        page = await seller.call("POST", ORDERS, query, window)
        got |= {order["id"] for order in page["orders"]}
        query = query | {"page_token": page["next_page_token"]}
    sandbox.clock.advance(2 * 86_400)
    got |= {order["id"] for order in await seller.all("orders", ORDERS, query, window)}
    after = await seller.all("orders", ORDERS, BY_UPDATE, window)
    assert len(after) < len(before), "orders changed and left the window"
    assert {order["id"] for order in after} - got, "an offset over fewer rows skips some"


async def test_windows_by_time_are_half_open_and_leave_nothing_out(seller: Seller) -> None:
    everything = await seller.all("orders", ORDERS, BY_UPDATE, {})
    middle = everything[len(everything) // 2]["update_time"]
    older = await seller.all("orders", ORDERS, BY_UPDATE, {"update_time_lt": middle})
    newer = await seller.all("orders", ORDERS, BY_UPDATE, {"update_time_ge": middle})
    assert [order["id"] for order in older + newer] == [order["id"] for order in everything]
    assert max(order["update_time"] for order in older) < middle == newer[0]["update_time"]


async def test_a_page_token_is_opaque_and_needs_encoding(seller: Seller) -> None:
    token = (await seller.call("POST", ORDERS, {"page_size": "10"}, {}))["next_page_token"]
    assert {"+", "/", "="} <= set(token)
    answer = await seller.send("POST", ORDERS, {"page_size": "10", "page_token": "bm90IG9uZQ=="}, {})
    assert answer.json()["code"] == 36009004


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"sort_order": "ASC"}, {}),
        ({"page_size": "20"}, {}),
        ({}, {"update_time_ge": 1}),
        ({}, {"order_status": "UNPAID"}),
    ],
)
async def test_a_page_token_is_good_for_its_own_question_alone(
    seller: Seller, query: dict[str, str], body: dict[str, Any]
) -> None:
    asked = {"page_size": "10"}
    following = {"page_token": (await seller.call("POST", ORDERS, asked, {}))["next_page_token"]}
    assert (await seller.send("POST", ORDERS, asked | following | query, body)).json()["code"] == 36009004
    assert (await seller.send("POST", ORDERS, asked | following, {})).json()["code"] == 0


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        (ORDERS, {"sort_field": "id"}, {}),
        (ORDERS, {"sort_order": "asc"}, {}),
        (ORDERS, {}, {"order_status": "CANCEL"}),
        (ORDERS, {}, {"update_time_ge": "1763000000"}),
        (ORDERS, {}, {"update_time_ge": 1_763_000_000_000}),
        (RETURNS, {"sort_field": "id"}, {}),
        (RETURNS, {}, {"order_ids": "576486316948490001"}),
        (RETURNS, {}, {"update_time_lt": 1.5}),
        (CANCELLATIONS, {"sort_order": "up"}, {}),
        (CANCELLATIONS, {}, {"order_ids": [576486316948490001]}),
        (AFFILIATE, {}, {"create_time_ge": "1763000000"}),
        (AFFILIATE, {}, {"create_time_lt": 1_763_000_000}),
        (PRODUCTS, {}, {"status": "GONE"}),
        (PRODUCTS, {}, {"seller_skus": "JRN-A5"}),
    ],
)
async def test_what_the_platform_does_not_know_is_refused(
    seller: Seller, path: str, query: dict[str, str], body: dict[str, Any]
) -> None:
    assert (await seller.send("POST", path, {"page_size": "10"} | query, body)).json()["code"] == 36009004


@pytest.mark.parametrize("size", ["0", "101", "x", "-1", ""])
async def test_a_page_size_out_of_range_is_refused(seller: Seller, size: str) -> None:
    assert (await seller.send("POST", ORDERS, {"page_size": size}, {})).json()["code"] == 36009004


async def test_an_empty_search_has_no_list(seller: Seller) -> None:
    data = await seller.call("POST", ORDERS, {"page_size": "10"}, {"create_time_lt": 1})
    assert data == {"next_page_token": "", "total_count": 0}


async def test_at_most_fifty_orders_in_detail(seller: Seller) -> None:
    answer = await seller.send("GET", "/order/202507/orders", {"ids": ",".join(str(n) for n in range(51))})
    assert answer.json()["code"] == 36009004


async def test_money_that_went_back_is_the_money_of_the_truth(seller: Seller, world: World) -> None:
    back: dict[str, int] = defaultdict(int)
    query = {"page_size": "20", "sort_field": "update_time", "sort_order": "ASC"}
    returns = await seller.all("return_orders", RETURNS, query, {})
    for row in returns:
        lines = sum(_cents(line["refund_amount"]["refund_subtotal"]) for line in row["return_line_items"])
        assert lines == _cents(row["refund_amount"]["refund_subtotal"])
        if row["return_status"] == "RETURN_OR_REFUND_REQUEST_COMPLETE":
            back[row["order_id"]] += _cents(row["refund_amount"]["refund_subtotal"])
    for row in await seller.all("cancellations", CANCELLATIONS, query, {}):
        back[row["order_id"]] += _cents(row.get("refund_amount", {}).get("refund_subtotal", "0"))
    assert dict(back) | {} == {i: s["refunded_goods"] for i, s in _native(world).items() if i in back}
    assert sum(back.values()) == sum(sale["refunded_goods"] for sale in _native(world).values())


async def test_an_edited_return_is_two_that_point_at_each_other(seller: Seller) -> None:
    rows = {row["return_id"]: row for row in await seller.all("return_orders", RETURNS, {"page_size": "50"}, {})}
    edited = [row for row in rows.values() if "next_return_id" in row]
    assert edited
    for row in edited:
        assert row["return_status"] == "RETURN_OR_REFUND_REQUEST_CANCEL"
        assert rows[row["next_return_id"]]["pre_return_id"] == row["return_id"]


async def test_a_refund_leaves_the_order_as_it_was(seller: Seller) -> None:
    orders = {order["id"]: order for order in await seller.all("orders", ORDERS, BY_UPDATE, {})}
    returns = await seller.all("return_orders", RETURNS, {"page_size": "50"}, {})
    assert any(orders[row["order_id"]]["update_time"] < row["update_time"] for row in returns)


async def test_affiliate_pages_are_cut_before_they_are_grouped(seller: Seller, world: World) -> None:
    whole = await seller.all("orders", AFFILIATE, {"page_size": "100"}, {})
    rows = [(order["id"], sku["sku_id"], sku["content_id"]) for order in whole for sku in order["skus"]]
    assert (
        (await seller.call("POST", AFFILIATE, {"page_size": "100"}, {}))["total_count"] == len(rows) == len(set(rows))
    )
    single = await seller.all("orders", AFFILIATE, {"page_size": "1"}, {})
    assert [(o["id"], o["skus"][0]["sku_id"], o["skus"][0]["content_id"]) for o in single] == rows
    assert len({order["id"] for order in single}) < len(single), "one order comes on two pages"
    named = {j["order_id"]: j["content"] for j in truth(world, NOW)["journeys"] if j["platform"] == "tiktok_shop"}
    assert all(named[identity] == content for identity, _, content in rows)


async def test_affiliate_rows_move_for_weeks_and_have_no_update_time(seller: Seller, sandbox: Sandbox) -> None:
    span = {"create_time_ge": NOW - 30 * 86_400, "create_time_lt": NOW}
    before = {o["id"]: o for o in await seller.all("orders", AFFILIATE, {"page_size": "100"}, span)}
    sandbox.clock.advance(20 * 86_400)
    await seller.refresh()
    after = {o["id"]: o for o in await seller.all("orders", AFFILIATE, {"page_size": "100"}, span)}
    assert before.keys() <= after.keys()
    assert any(before[i]["skus"] != after[i]["skus"] for i in before)
    too_long = {"create_time_ge": NOW - 200 * 86_400, "create_time_lt": NOW}
    assert (await seller.send("POST", AFFILIATE, {"page_size": "10"}, too_long)).json()["code"] == 36009004


async def test_amounts_for_people_have_symbols_and_thousands(seller: Seller) -> None:
    orders = await seller.all("orders", AFFILIATE, {"page_size": "100"}, {})
    texts = [sku["estimated_commission_base"]["amount"] for order in orders for sku in order["skus"]]
    assert any(text.startswith("$") for text in texts)
    assert any(not text.startswith("$") for text in texts)


async def test_a_live_is_named_on_the_lines_of_its_orders(seller: Seller, world: World) -> None:
    lives = {content.id for content in world.contents if content.kind == "LIVE"}
    orders = await seller.all("orders", ORDERS, BY_UPDATE, {})
    rooms = {order["id"]: {line["room_id"] for line in order["line_items"]} - {""} for order in orders}
    named = {j["order_id"]: j["content"] for j in truth(world, NOW)["journeys"] if j["platform"] == "tiktok_shop"}
    assert any(rooms.values())
    assert {i: next(iter(r)) for i, r in rooms.items() if r} == {i: c for i, c in named.items() if c in lives}


async def test_a_copy_is_known_where_the_app_told_of_it(seller: Seller, world: World) -> None:
    for sale in [s for s in world.sales if s.copy and s.copy.at < NOW][:30]:
        assert sale.copy is not None
        path = f"/order/202406/orders/{sale.order_id}/external_orders"
        data = await seller.call("GET", path, {"platform": "SHOPIFY"})
        known = [order["id"] for order in data.get("external_orders", [])]
        assert known == ([sale.copy.order_id] if sale.copy.external else [])
        query = {"platform": "SHOPIFY", "external_order_id": sale.copy.order_id}
        found = await seller.call("POST", "/order/202406/orders/external_order_search", query)
        assert [order["id"] for order in found.get("orders", [])] == ([sale.order_id] if known else [])


async def test_people_are_recognisable_as_canaries(seller: Seller) -> None:
    order = (await seller.call("POST", ORDERS, {"page_size": "1"}, {}))["orders"][0]
    personal = [order["buyer_email"], order["cpf"], *order["recipient_address"].values()]
    assert sum("canary" in str(value) for value in personal) >= 6
