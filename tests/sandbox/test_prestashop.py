"""The played PrestaShop: rows with documented fields, the query language of the webservice, and its refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.prestashop import PrestaShopPart
from jalon.sandbox.server import Sandbox
from jalon.sandbox.truth import goods_paid
from jalon.sandbox.world import World

ROW = "product_id product_attribute_id product_quantity product_name product_reference product_ean13 product_isbn"
ROW_FIELDS = set(f"id {ROW} product_upc product_price id_customization unit_price_tax_incl unit_price_tax_excl".split())


class Keeper:
    """A client of the played shop with its key."""

    def __init__(self, sandbox: Sandbox) -> None:
        part = sandbox.parts["prestashop"]
        assert isinstance(part, PrestaShopPart)
        given = part.settings(sandbox.addresses)
        self.part, self.url, self.key = part, given["url"], given["secrets"]["key"]
        self.client = httpx.AsyncClient()

    async def send(self, resource: str, key: str | None = None, **query: str) -> httpx.Response:
        auth = (self.key if key is None else key, "")
        asked = {"output_format": "JSON", **query}
        return await self.client.get(f"{self.url}/api/{resource}", params=asked, auth=auth if auth[0] else None)

    async def rows(self, resource: str, **query: str) -> list[dict[str, Any]]:
        answer = await self.send(resource, **query)
        assert answer.status_code == 200, answer.text
        value = answer.json()
        return [] if value == [] else next(iter(value.values()))

    async def refused(self, resource: str, **query: str) -> tuple[int, int]:
        answer = await self.send(resource, **query)
        return answer.status_code, answer.json()["errors"][0]["code"]


@pytest.fixture
async def keeper(world: World) -> AsyncIterator[Keeper]:
    clock = Clock(NOW, frozen=True)
    async with Sandbox(world, clock, Faults(7), parts=["prestashop"], deliver=False) as sandbox:
        keeper = Keeper(sandbox)
        yield keeper
        await keeper.client.aclose()


@pytest.mark.parametrize("resource", ["orders", "order_slip", "order_histories", "order_states", "customers"])
async def test_rows_have_documented_fields(keeper: Keeper, contracts: Path, resource: str) -> None:
    documented = json.loads((contracts / "prestashop" / "resource_fields.json").read_text())
    fields = {field["name"] for field in documented[resource]} | {"id"}
    rows = await keeper.rows(resource, display="full")
    assert len(rows) > 5
    for row in rows:
        assert set(row) <= fields, set(row) - fields
        assert all(set(one) == ROW_FIELDS for one in row.get("associations", {}).get("order_rows", ()))


async def test_the_money_of_an_order_adds_up(keeper: Keeper, world: World) -> None:
    sales = {int(sale.order_id): sale for sale in world.shops[1].sales}
    vouchers = 0
    for row in await keeper.rows("orders", display="full"):
        names = ("products", "discounts_tax_excl", "shipping_tax_excl")
        cents = {name: round(float(row[f"total_{name}"]) * 100) for name in names}
        sale = sales[row["id"]]
        charged = cents["products"] + cents["shipping_tax_excl"] - cents["discounts_tax_excl"]
        assert charged == goods_paid(sale) + sale.shipping
        by_row = sum(
            float(one["unit_price_tax_excl"]) * int(one["product_quantity"])
            for one in row["associations"]["order_rows"]
        )
        assert round(by_row * 100) == cents["products"]
        vouchers += bool(cents["discounts_tax_excl"])
    assert vouchers


async def test_vouchers_are_told_one_by_one_and_make_up_the_discounts_of_their_order(keeper: Keeper) -> None:
    """Fields: https://devdocs.prestashop-project.org/8/webservice/resources/order_cart_rules/."""
    fields = "id id_order id_cart_rule id_order_invoice name value value_tax_excl free_shipping deleted"
    given: dict[str, float] = {}
    kinds = set()
    for row in await keeper.rows("order_cart_rules", display="full"):
        assert set(row) == set(fields.split())
        kinds.add((row["free_shipping"], row["deleted"]))
        if row["deleted"] == "0":
            given[row["id_order"]] = given.get(row["id_order"], 0.0) + float(row["value_tax_excl"])
    assert kinds == {("0", "0"), ("1", "0"), ("1", "1")}
    for row in await keeper.rows("orders", display="full"):
        assert round(float(row["total_discounts_tax_excl"]) - given.get(str(row["id"]), 0.0), 6) == 0


async def test_times_are_the_shop_s_own_and_say_nothing_of_it(keeper: Keeper, world: World) -> None:
    sale = world.shops[1].sales[0]
    (row,) = await keeper.rows("orders", display="[id,date_add]", **{"filter[id]": f"[{sale.order_id}]"})
    local = datetime.fromisoformat(row["date_add"]).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert local.timestamp() == sale.placed_at


async def test_an_empty_list_has_no_name_and_ids_alone_are_shown_unless_asked(keeper: Keeper) -> None:
    assert (await keeper.send("orders", **{"filter[id]": "[999999]"})).json() == []
    assert set((await keeper.rows("orders"))[0]) == {"id"}


async def test_filters_sorts_limits_and_displays(keeper: Keeper) -> None:
    rows = await keeper.rows("orders", display="[id,date_upd]", date="1", sort="[date_upd_ASC,id_ASC]")
    assert [(row["date_upd"], row["id"]) for row in rows] == sorted((row["date_upd"], row["id"]) for row in rows)
    low, high = rows[3]["date_upd"], rows[8]["date_upd"]
    window = {"date": "1", "filter[date_upd]": f"[{low},{high}]", "sort": "[date_upd_ASC,id_ASC]"}
    assert [row["id"] for row in await keeper.rows("orders", **window)] == [row["id"] for row in rows[3:9]], "inclusive"
    assert [row["id"] for row in await keeper.rows("orders", limit="2,3", **window)] == [row["id"] for row in rows[5:8]]
    some = [rows[0]["id"], rows[5]["id"]]
    found = await keeper.rows("orders", **{"filter[id]": f"[{some[0]}|{some[1]}]"})
    assert sorted(row["id"] for row in found) == sorted(some)
    (one,) = await keeper.rows(
        "orders", display="[id,order_rows[product_id,product_reference]]", **{"filter[id]": f"[{some[0]}]"}
    )
    assert set(one["associations"]["order_rows"][0]) == {"product_id", "product_reference"}


async def test_the_ends_of_an_interval_may_stand_the_wrong_way_round(keeper: Keeper) -> None:
    rows = await keeper.rows("orders", display="[id,date_upd]", date="1", sort="[date_upd_ASC]")
    low, high = rows[3]["date_upd"], rows[8]["date_upd"]
    asked = {"date": "1", "display": "[id]", "sort": "[date_upd_ASC]"}
    right = await keeper.rows("orders", **asked, **{"filter[date_upd]": f"[{low},{high}]"})
    assert await keeper.rows("orders", **asked, **{"filter[date_upd]": f"[{high},{low}]"}) == right


async def test_rows_are_read_after_they_were_listed(keeper: Keeper) -> None:
    """So a row may show a time of change that is not one of those asked for."""
    order = next(entry for entry in keeper.part.orders.entries if len(entry.steps(NOW)) > 1)
    last, before = order.moved(NOW), order.moved(order.moved(NOW) - 1)
    keeper.part.loading = NOW - last + 1
    then = datetime.fromtimestamp(before, ZoneInfo("Europe/Berlin"))
    asked = {"date": "1", "filter[date_upd]": f"[2020-01-01 00:00:00,{then:%Y-%m-%d %H:%M:%S}]"}
    rows = await keeper.rows("orders", display="[id,date_upd]", **asked)
    (row,) = [row for row in rows if row["id"] == order.number]
    assert row["date_upd"] > f"{then:%Y-%m-%d %H:%M:%S}"


async def test_shops_of_one_installation_have_orders_of_their_own_unless_they_share_them(keeper: Keeper) -> None:
    keeper.part.orders.shops = 2
    asked = {"display": "[id,id_shop]"}
    first, second = [await keeper.rows("orders", id_shop=shop, **asked) for shop in ("1", "2")]
    assert ({row["id_shop"] for row in first}, {row["id_shop"] for row in second}) == ({"1"}, {"2"})
    keeper.part.shares_orders = True
    assert await keeper.rows("orders", id_shop="1", **asked) == await keeper.rows("orders", id_shop="2", **asked)
    assert await keeper.rows("orders", id_shop="2", **asked, **{"filter[id_shop]": "[2]"}) == second
    slips = await keeper.rows("order_slip", id_shop="2", display="[id,id_order]")
    assert {int(slip["id_order"]) for slip in slips} & {row["id"] for row in first}, "slips are not told apart"


async def test_what_it_does_not_understand_it_refuses_by_number(keeper: Keeper) -> None:
    between = {"filter[date_upd]": "[2020-01-01,2030-01-01]"}
    assert await keeper.refused("orders", **between) == (400, 32), "dates need date=1"
    assert await keeper.refused("orders", sort="[date_upd_ASC]") == (400, 38)
    assert await keeper.refused("orders", **{"filter[nothing]": "[1]"}) == (400, 32)
    assert await keeper.refused("orders", **{"filter[id]": "1"}) == (400, 33)
    assert await keeper.refused("orders", **{"filter[current_state]": "[2]"}) == (400, 34), "worked out for each row"
    assert await keeper.refused("orders", display="[nothing]") == (400, 35)
    assert await keeper.refused("orders", display="id") == (400, 36)
    assert await keeper.refused("orders", sort="id") == (400, 37)
    assert await keeper.refused("orders", limit="1,2,3") == (400, 39)
    assert await keeper.refused("nothing") == (400, 27)
    assert await keeper.refused("orders", id_shop="2") == (404, 999)


async def test_the_key_is_checked_and_opens_what_was_granted(keeper: Keeper) -> None:
    assert await keeper.refused("orders", key="") == (401, 17)
    assert await keeper.refused("orders", key="short") == (401, 18)
    assert await keeper.refused("orders", key="X" * 32) == (401, 20)
    keeper.part.granted.discard("customers")
    assert await keeper.refused("customers") == (401, 26)
    keeper.part.granted.clear()
    assert await keeper.refused("orders") == (401, 21)
    keeper.part.host.drops_authorization = True
    assert await keeper.refused("orders") == (401, 17)
    keeper.part.enabled = False
    assert await keeper.refused("orders") == (503, 22)


async def test_a_shop_that_knows_xml_alone_answers_in_it(keeper: Keeper) -> None:
    keeper.part.speaks_json = False
    answer = await keeper.send("orders")
    assert answer.text.startswith("<?xml")
    assert "<code><![CDATA[27]]></code>" in (await keeper.send("nothing")).text


async def test_states_go_forward_and_the_last_is_the_order_s(keeper: Keeper) -> None:
    histories = await keeper.rows("order_histories", display="full", sort="[id_ASC]")
    last = {row["id_order"]: row["id_order_state"] for row in histories}
    orders = await keeper.rows("orders", display="[id,current_state]")
    assert {str(row["id"]): row["current_state"] for row in orders} == last
    assert set(last.values()) >= {"5", "6", "7"}
    assert {row["id_order_state"] for row in histories} >= {"2", "4", "10"}


async def test_guests_are_customers_anew_each_time_under_one_address(keeper: Keeper) -> None:
    rows = await keeper.rows("customers", display="full")
    assert {row["is_guest"] for row in rows} == {"0", "1"}
    assert len({row["id"] for row in rows}) == len(rows)


async def test_combinations_carry_the_reference_of_their_product(keeper: Keeper, world: World) -> None:
    products = await keeper.rows("products", display="full")
    combinations = await keeper.rows("combinations", display="full")
    assert combinations
    references = [row["reference"] for row in (*products, *combinations) if row["reference"]]
    assert sorted(references) == sorted(product.sku for product in world.products)


async def test_it_tells_nobody_of_anything(keeper: Keeper) -> None:
    assert keeper.part.events(0, NOW) == []
