"""Orders of the played Shopify: money, copies, journeys, pages, searches."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from graphql import execute_sync
from hypothesis import given, settings
from hypothesis import strategies as st
from shopkeeper import WORLD, Shopkeeper, open_shop

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.shopify.asking import Asking
from jalon.sandbox.shopify.execute import dumps
from jalon.sandbox.shopify.history import History
from jalon.sandbox.shopify.money import Till, exponent, padded, trimmed
from jalon.sandbox.shopify.search import Dialect, parse_search
from jalon.sandbox.shopify.shares import shares_of
from jalon.sandbox.truth import truth
from jalon.sandbox.world import Sale

DAY = 86_400
SHOP = "{shopMoney{amount currencyCode}}"
BOTH = "{shopMoney{amount currencyCode} presentmentMoney{amount currencyCode}}"
MONEY = f"""
legacyResourceId name test cancelledAt taxesIncluded sourceName sourceIdentifier displayFinancialStatus
presentmentCurrencyCode createdAt updatedAt processedAt customAttributes{{key value}} email discountCodes
subtotalPriceSet{BOTH} totalPriceSet{BOTH} totalTaxSet{SHOP} totalShippingPriceSet{SHOP} totalDiscountsSet{SHOP}
totalRefundedSet{SHOP} currentTotalPriceSet{SHOP} totalReceivedSet{SHOP}
shippingLine{{taxLines{{priceSet{SHOP}}}}}
lineItems(first:20){{nodes{{sku quantity currentQuantity originalTotalSet{SHOP} discountedTotalSet{SHOP}
 withCodes:discountedTotalSet(withCodeDiscounts:true){SHOP} discountAllocations{{allocatedAmountSet{SHOP}}}
 taxLines{{priceSet{SHOP}}}}}}}
transactions{{kind status amountSet{SHOP}}}
refunds{{id createdAt totalRefundedSet{SHOP}
 refundLineItems(first:20){{nodes{{quantity subtotalSet{SHOP} totalTaxSet{SHOP}}}}}
 refundShippingLines(first:5){{nodes{{subtotalAmountSet{SHOP} taxAmountSet{SHOP}}}}}
 orderAdjustments(first:5){{nodes{{amountSet{SHOP}}}}} transactions(first:5){{nodes{{kind status amountSet{SHOP}}}}}}}
returns(first:5){{nodes{{id status}}}}"""
JOURNEY = """legacyResourceId updatedAt customerJourneySummary{ready customerOrderIndex daysToConversion
momentsCount{count precision} firstVisit{id} lastVisit{id} moments(first:20){nodes{occurredAt ... on CustomerVisit{id
landingPage referrerUrl source utmParameters{source medium campaign content term}}}}}"""


def cents(bag: dict[str, Any]) -> int:
    money = bag["shopMoney"]
    return int(Decimal(money["amount"]).scaleb(exponent(money["currencyCode"])))


def goods_of(order: dict[str, Any]) -> int:
    """Return the product money before tax, read as a client would."""
    shipping_tax = sum(cents(line["priceSet"]) for line in order["shippingLine"]["taxLines"])
    goods_tax = cents(order["totalTaxSet"]) - shipping_tax
    return cents(order["subtotalPriceSet"]) - (goods_tax if order["taxesIncluded"] else 0)


@pytest.fixture(scope="module")
def sales() -> dict[str, dict[str, Any]]:
    """The truth's rows of web sales, by order id."""
    return {row["order_id"]: row for row in truth(WORLD, NOW)["sales"] if row["platform"] == "shopify"}


def by_id(orders: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {order["legacyResourceId"]: order for order in orders}
    assert len(found) == len(orders)
    return found


async def test_all_web_orders_with_their_money_are_there(sales: dict[str, dict[str, Any]]) -> None:
    async with open_shop() as shop:
        orders = by_id(await shop.orders(MONEY))
    web = {identity: order for identity, order in orders.items() if order["sourceName"] == "web"}
    assert web.keys() == sales.keys()
    for identity, row in sales.items():
        order = web[identity]
        assert goods_of(order) == row["goods"]
        assert cents(order["totalTaxSet"]) == row["tax"]
        whole = row["goods"] + row["tax"] + row["shipping"]
        assert cents(order["totalPriceSet"]) == whole
        assert cents(order["totalReceivedSet"]) == (whole if row["paid"] else 0)
        assert order["test"] is (row["kind"] == "test")
        assert order["presentmentCurrencyCode"] == row["presentment"]
        assert (order["cancelledAt"] is not None) is (row["status"] == "cancelled")


async def test_lines_add_up_whichever_way_the_discount_was_given() -> None:
    async with open_shop() as shop:
        orders = await shop.orders(MONEY, "source_name:web")
    by_code = [order for order in orders if order["discountCodes"]]
    assert 0 < len(by_code) < len(orders)
    for order in orders:
        lines = order["lineItems"]["nodes"]
        assert sum(cents(line["withCodes"]) for line in lines) == cents(order["subtotalPriceSet"])
        for line in lines:
            allocated = sum(cents(one["allocatedAmountSet"]) for one in line["discountAllocations"])
            assert cents(line["originalTotalSet"]) - allocated == cents(line["withCodes"])
            shown = line["originalTotalSet"] if order["discountCodes"] else line["withCodes"]
            assert line["discountedTotalSet"] == shown


async def test_refunds_are_what_their_transactions_say() -> None:
    rows = {row["id"]: row for row in truth(WORLD, NOW)["refunds"] if row["platform"] == "shopify"}
    async with open_shop() as shop:
        orders = await shop.orders(MONEY, "source_name:web")
    refunds = {refund["id"].rpartition("/")[2]: (refund, order) for order in orders for refund in order["refunds"]}
    assert refunds.keys() == rows.keys()
    kept = 0
    for identity, row in rows.items():
        refund, order = refunds[identity]
        money = [
            one for one in refund["transactions"]["nodes"] if (one["kind"], one["status"]) == ("REFUND", "SUCCESS")
        ]
        assert sum(cents(one["amountSet"]) for one in money) == row["total"] == cents(refund["totalRefundedSet"])
        lines = refund["refundLineItems"]["nodes"]
        tax = sum(cents(line["totalTaxSet"]) for line in lines)
        goods = sum(cents(line["subtotalSet"]) for line in lines) - (tax if order["taxesIncluded"] else 0)
        unexplained = -sum(cents(one["amountSet"]) for one in refund["orderAdjustments"]["nodes"])
        assert goods + unexplained == row["goods"]
        kept += bool(unexplained) and goods == 0
    assert kept > 0
    for order in orders:
        assert cents(order["totalRefundedSet"]) == sum(cents(refund["totalRefundedSet"]) for refund in order["refunds"])


def test_shares_of_lines_add_up_to_the_refund_whatever_was_asked_back_before() -> None:
    requests = 0
    for sale in generate(11, orders=2500).sales:
        shares = shares_of(sale)
        for change in sale.changes:
            if change.kind in ("refunded", "cancelled") and change.goods:
                parts = shares[change.id]
                assert sum(part.goods for part in parts) == change.goods
                assert change.tax - sum(part.tax for part in parts) == (sale.shipping_tax if change.shipping else 0)
        requests = max(requests, sum(change.kind == "return_requested" for change in sale.changes))
    assert requests > 2


def copies() -> Iterator[Sale]:
    for sale in WORLD.sales:
        if sale.copy is not None and sale.copy.at <= NOW:
            yield sale


async def test_copied_orders_carry_their_mark_and_keep_discounts_outside_the_lines() -> None:
    async with open_shop() as shop:
        orders = by_id(await shop.orders(MONEY, "source_name:tiktok"))
    assert len(orders) == sum(1 for _ in copies()) > 20
    for sale in copies():
        assert sale.copy is not None
        order = orders[sale.copy.order_id]
        shown = {
            "source_identifier": order["sourceIdentifier"] == sale.order_id,
            "note_attribute": [one["value"] for one in order["customAttributes"]] == [sale.order_id],
            "name": sale.order_id in order["name"],
        }
        assert [mark for mark, there in shown.items() if there] == (
            [sale.copy.mark] if sale.copy.mark != "none" else []
        )
        assert order["email"].endswith("@scs.tiktokw.us")
        assert order["presentmentCurrencyCode"] == "USD"
        seen = order["subtotalPriceSet"]["presentmentMoney"]["amount"]
        assert Decimal(seen) * 100 == sum(line.paid for line in sale.lines)
        for line in order["lineItems"]["nodes"]:
            assert line["discountedTotalSet"] == line["originalTotalSet"]
            assert line["discountAllocations"] == []


async def test_refunds_of_copies_are_missing_late_or_there() -> None:
    async with open_shop() as shop:
        orders = by_id(await shop.orders(MONEY, "source_name:tiktok"))
    seen = {"there": 0, "not yet or never": 0}
    for sale in copies():
        given = [change for change in sale.until(NOW) if change.kind == "refunded"]
        if given and sale.copy is not None:
            there = len(orders[sale.copy.order_id]["refunds"]) == len(given)
            seen["there" if there else "not yet or never"] += 1
    assert all(seen.values()), seen


async def test_a_journey_comes_later_and_the_update_time_stays() -> None:
    sale = next(
        sale for sale in WORLD.sales if sale.platform == "shopify" and sale.kind == "sale" and sale.placed_at > NOW
    )
    async with open_shop(now=sale.journey_ready_at - 1) as shop:
        search = f"id:{sale.order_id}"
        before = (await shop.orders(JOURNEY, search))[0]
        shop.sandbox.clock.advance(2)
        after = (await shop.orders(JOURNEY, search))[0]
    early, late = before["customerJourneySummary"], after["customerJourneySummary"]
    assert (early["ready"], early["momentsCount"], early["firstVisit"], early["moments"]["nodes"]) == (
        False,
        None,
        None,
        [],
    )
    assert late["ready"] is True
    assert before["updatedAt"] == after["updatedAt"]
    assert [visit["id"].rpartition("/")[2] for visit in late["moments"]["nodes"]] == list(sale.visits)
    assert late["momentsCount"] == {"count": len(sale.visits), "precision": "EXACT"}
    assert late["firstVisit"]["id"].endswith(sale.visits[0])
    assert late["lastVisit"]["id"].endswith(sale.visits[-1])


async def test_journeys_say_what_the_visits_were() -> None:
    async with open_shop() as shop:
        orders = by_id(await shop.orders(JOURNEY))
    clicked = 0
    for sale in WORLD.sales:
        order = orders.get(sale.order_id)
        if order is None:
            continue
        summary = order["customerJourneySummary"]
        if summary["ready"]:
            for visit, seen in zip(sale.visits, summary["moments"]["nodes"], strict=True):
                true = WORLD.visits[visit]
                assert seen["landingPage"] == true.landing_page
                assert seen["referrerUrl"] == true.referrer
                utm = seen["utmParameters"] or {}
                assert {name: value for name, value in utm.items() if value} == true.utm
                clicked += "ttclid=" in seen["landingPage"]
    assert clicked > 0
    for sale in copies():
        assert sale.copy is not None
        assert orders[sale.copy.order_id]["customerJourneySummary"] is None


async def test_an_order_that_is_a_test_says_so_and_has_no_journey() -> None:
    tests = {sale.order_id: sale.placed_at for sale in WORLD.sales if sale.kind == "test"}
    async with open_shop(now=max(tests.values()) + 3600) as shop:
        orders = by_id(await shop.orders("legacyResourceId test customerJourneySummary{ready}"))
    assert {identity for identity, order in orders.items() if order["test"]} == tests.keys()
    assert [orders[identity]["customerJourneySummary"] for identity in tests] == [None] * len(tests)


# --- amounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1350, "EUR", "13.5"),
        (0, "EUR", "0.0"),
        (-5, "USD", "-0.05"),
        (100, "JPY", "100.0"),
        (1250, "KWD", "1.25"),
        (7, "KWD", "0.007"),
    ],
)
def test_amounts_are_trimmed_as_the_platform_trims_them(minor: int, currency: str, text: str) -> None:
    assert trimmed(minor, currency) == text


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_no_amount_is_lost_in_writing(minor: int, currency: str) -> None:
    assert Decimal(trimmed(minor, currency)).scaleb(exponent(currency)) == minor
    assert Decimal(padded(trimmed(minor, currency), currency)) == Decimal(trimmed(minor, currency))


@given(st.integers(0, 10**9), st.decimals("0.001", "1000", places=3))
def test_the_amount_in_the_order_s_own_currency_is_exact(minor: int, rate: Decimal) -> None:
    for own, side in (("EUR", "shopMoney"), ("JPY", "presentmentMoney")):
        bag: Any = Till("EUR", "JPY", own, rate).bag(minor)
        assert bag[side] == {"amount": trimmed(minor, own), "currencyCode": own}


# --- pages and searches ---------------------------------------------------------------------------------------------


async def test_pages_lose_and_double_nothing_while_orders_change() -> None:
    text = (
        "query($after:String){orders(first:40,after:$after,sortKey:UPDATED_AT,query:\"updated_at:>='2020-01-01'\")"
        "{pageInfo{hasNextPage endCursor} nodes{id updatedAt}}}"
    )
    async with open_shop(now=NOW - 20 * DAY) as shop:
        existing = {order["id"] for order in await shop.orders("id")}
        seen: list[tuple[str, str]] = []
        after = None
        while True:
            page = (await shop.data(text, after=after))["orders"]
            seen += [(order["updatedAt"], order["id"]) for order in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            shop.sandbox.clock.advance(1.5 * DAY)
    assert existing <= {identity for _, identity in seen}
    assert len(seen) == len(set(seen)), "the same revision twice"
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)


async def test_cursors_name_the_last_row() -> None:
    query = (
        "query($q:String){orders(first:1,sortKey:CREATED_AT,query:$q)"
        "{pageInfo{endCursor} nodes{legacyResourceId createdAt}}}"
    )
    async with open_shop() as shop:
        plain = (await shop.data(query))["orders"]
        searched = (await shop.data(query, q="created_at:>='2020-01-01T00:00:00Z'"))["orders"]
    place = json.loads(base64.b64decode(plain["pageInfo"]["endCursor"]))
    first = plain["nodes"][0]
    created = datetime.fromisoformat(first["createdAt"])
    assert place == {"last_id": int(first["legacyResourceId"]), "last_value": int(created.timestamp() * 1000)}
    text = json.loads(base64.b64decode(searched["pageInfo"]["endCursor"]))["last_value"]
    assert datetime.fromisoformat(text).replace(tzinfo=UTC) == created


async def test_backward_pages_mirror_forward_ones() -> None:
    query = (
        "query($n:Int,$before:String){orders(last:$n,before:$before,sortKey:ID)"
        "{pageInfo{hasPreviousPage startCursor} nodes{id}}}"
    )
    async with open_shop() as shop:
        forward = [order["id"] for order in await shop.orders("id", sort="ID")]
        backward: list[str] = []
        before = None
        while True:
            page = (await shop.data(query, n=100, before=before))["orders"]
            backward = [order["id"] for order in page["nodes"]] + backward
            if not page["pageInfo"]["hasPreviousPage"]:
                break
            before = page["pageInfo"]["startCursor"]
    assert backward == forward


@pytest.mark.parametrize("cursor", ["x", "e30=", base64.b64encode(b'{"last_id":"a","last_value":1}').decode()])
async def test_a_broken_cursor_is_refused(cursor: str) -> None:
    async with open_shop() as shop:
        answer = await shop.ask("query($c:String){orders(first:1,after:$c){nodes{id}}}", c=cursor)
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_quoted_window_is_exact_and_an_unquoted_one_is_not() -> None:
    async with open_shop() as shop:
        everything = await shop.orders("id updatedAt")
        just_before_the_edge = datetime.fromisoformat(everything[len(everything) // 2]["updatedAt"])
        edge = (just_before_the_edge + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        quoted = await shop.orders("id updatedAt", f"updated_at:>='{edge}'")
        answer = await shop.ask(
            "query($q:String){orders(first:250,query:$q,sortKey:UPDATED_AT){nodes{id}}}", q=f"updated_at:>={edge}"
        )
    assert quoted == [order for order in everything if order["updatedAt"] >= edge]
    (warned,) = answer["extensions"]["search"]
    assert warned["path"] == ["orders"]
    assert [warning["code"] for warning in warned["warnings"]] == ["invalid_field"]
    assert {order["id"] for order in quoted} != {order["id"] for order in answer["data"]["orders"]["nodes"]}


async def test_an_unknown_filter_matches_everything() -> None:
    async with open_shop() as shop:
        answer = await shop.ask('{all:ordersCount{count} some:ordersCount(query:"colour:red"){count precision}}')
    assert answer["data"]["some"] == {"count": answer["data"]["all"]["count"], "precision": "EXACT"}
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


async def test_counting_stops_at_its_limit() -> None:
    async with open_shop() as shop:
        data = await shop.data(
            "{few:ordersCount(limit:5){count precision} all:ordersCount(limit:null){count precision}}"
        )
    assert data["few"] == {"count": 5, "precision": "AT_LEAST"}
    assert data["all"]["precision"] == "EXACT"
    assert data["all"]["count"] > 100


@given(st.text(alphabet="abAND OR()-:<>=' \"01TZ", max_size=60))
@settings(max_examples=300)
def test_any_text_is_a_search(text: str) -> None:
    node = parse_search(text)
    if node is not None:
        dialect = Dialect({"id": "id"}, UTC)
        dialect.echo(node)
        assert dialect.matcher(node)(lambda name: 1) in (True, False)


@given(st.lists(st.integers(NOW - 80 * DAY, NOW + 20 * DAY), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_the_sorted_lists_follow_the_clock(moments: list[int]) -> None:
    history = History(WORLD)
    for moment in sorted(moments):
        history.advance(moment)
    last = max(moments)
    expected = []
    for entry in history.entries:
        happened = [change.at for change in entry.happened if change.at <= last]
        if happened:
            expected.append((happened[-1], entry.id))
    assert [(entry.updated_at, entry.id) for entry in history.walk("updated_at")] == sorted(expected)
    low, high = last - 9 * DAY, last - 2 * DAY
    inside = [(entry.updated_at, entry.id) for entry in history.walk("updated_at", low=low, high=high, reverse=True)]
    assert inside == sorted((place for place in expected if low <= place[0] < high), reverse=True)


# --- short cuts -----------------------------------------------------------------------------------------------------


async def test_short_cuts_answer_what_graphql_core_answers() -> None:
    text = f"{{orders(first:60,sortKey:UPDATED_AT){{nodes{{{MONEY} {JOURNEY}}}}}}}"
    async with open_shop() as shop:
        fast = [await shop.data(text), await shop.data(text)]
        plain = _plainly(shop, text)
    assert fast[0] == fast[1] == plain


def _plainly(shop: Shopkeeper, text: str) -> Any:
    """Answer a query with nothing but graphql-core."""
    library = shop.part.door.library
    asking = Asking(library.prepare(text), shop.part.door.sight(), shop.sandbox.clock.now())
    page = shop.part.roots.all_orders(None, _info(asking), first=60, sortKey="UPDATED_AT")
    trees = [ref.tree for ref in page["nodes"]]
    done = execute_sync(
        library.schema,
        library.prepare(text).document,
        context_value=asking,
        field_resolver=None,
        type_resolver=lambda value, *_: value["__typename"],
        middleware=[_serve(trees)],
    )
    assert done.errors is None
    return orjson.loads(dumps(done.data))


def _info(asking: Asking) -> Any:
    class Info:
        context = asking

    return Info()


def _serve(trees: list[Any]) -> Any:
    def middleware(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
        return {"nodes": trees} if info.field_name == "orders" else resolve(source, info, **arguments)

    return middleware
