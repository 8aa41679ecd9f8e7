"""The products that were sold most: one by its SKU over all shops, and shares that say of what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from jalon.report.figures.gathering import Row
from jalon.report.page.blocks import products
from jalon.report.page.language import language
from tests.handmade import line, measure, order, product
from tests.report.test_page import told_of

ENGLISH = language("en")


def sold(number: int, shop: str, goods: int, product_id: str, **fields: Any) -> list[Any]:
    """An order of one line in a shop."""
    own = {"source": shop, "platform": shop}
    return [
        order(f"o{number}", 1, goods, person=f"p{number}", **own),
        line(f"o{number}", "1", goods=goods, product_id=product_id, **own, **fields),
    ]


def shown(told: Row) -> tuple[list[tuple[str, str, int]], str]:
    """Name, shops and money of what is listed, and the sentence."""
    it = products.prepared(told, ENGLISH)
    assert it is not None
    (group,) = it["groups"]
    rows = [(row["name"], row["shops"], row["goods_minor"]) for row in group["rows"]]
    return rows, re.sub("<[^>]*>", "", group["says"])


def test_products_of_several_shops_with_one_sku_are_one_with_the_costs_of_all_their_ids(tmp_path: Path) -> None:
    facts = [
        *(product(f"{shop}-mug", "1", source=shop, platform=shop, sku="MUG", title="Mug") for shop in ("a", "b", "ad")),
        *sold(1, "a", 300, "a-mug", sku="MUG"),
        *sold(2, "b", 200, "b-mug", sku=None),
        *sold(3, "c", 50, "c-mug", sku="MUG", title="mug-1"),
        *sold(4, "a", 400, "pot", sku="POT", title="Pot"),
        measure("spend", 70, source="ad", product_id="ad-mug", currency="EUR", key="1"),
        measure("spend", 30, source="ad", product_id="a-mug", currency="EUR", key="2"),
    ]
    told = told_of(tmp_path, facts)
    rows, says = shown(told)
    assert rows == [("Mug", "", 550), ("Pot", "", 400)]
    assert says == "Mug was sold most: €5.50 in 3 orders, 58% of all that was sold."
    assert [row["cost_minor"] for row in told["products"][0]["costs"]] == [100]


def test_products_of_one_name_that_no_sku_joins_stand_with_their_shops(tmp_path: Path) -> None:
    """Two shops that both count their products from 1 are two, too."""
    facts = [
        *(product("1", shop, source=shop, platform=shop, sku=None, title="Mug") for shop in ("woocommerce", "till")),
        *sold(1, "woocommerce", 300, "1", sku=None, title="Mug"),
        *sold(2, "till", 200, "1", sku=None, title="Mug"),
    ]
    rows, _ = shown(told_of(tmp_path, facts))
    assert rows == [("Mug", "Woocommerce", 300), ("Mug", "Till", 200)]


def test_a_product_does_not_take_the_sku_of_another_shops_product_of_the_same_id(tmp_path: Path) -> None:
    facts = [
        product("1", "1", source="prestashop", platform="prestashop", sku="MUG", title="Mug"),
        *sold(1, "prestashop", 300, "1", sku="MUG", title="Mug"),
        *sold(2, "woocommerce", 200, "1", sku=None, title="Teapot"),
    ]
    rows, _ = shown(told_of(tmp_path, facts))
    assert rows == [("Mug", "", 300), ("Teapot", "", 200)]


def test_an_id_that_means_a_product_in_each_shop_is_one_in_no_mart(tmp_path: Path) -> None:
    """Shops count from 1. What a network calls by such an id is neither; shops of one SKU have one product."""
    shops = {"paris": "Vase", "lyon": "Lamp"}
    facts = [
        *(product("17", "1", source=shop, platform="shop", sku=None, title=title) for shop, title in shops.items()),
        *(product("18", "1", source=shop, platform="shop", sku="MUG", title="Mug") for shop in shops),
        *sold(1, "paris", 300, "17", sku=None, title="Vase"),
        *sold(2, "lyon", 200, "17", sku=None, title="Lamp"),
        *sold(3, "lyon", 100, "18", sku="MUG", title="Mug"),
        *sold(4, "paris", 50, "18", sku="MUG", title="Mug"),
        measure("spend", 70, source="ad", product_id="17", currency="EUR"),
    ]
    rows, _ = shown(told_of(tmp_path, facts))
    assert rows == [("Vase", "", 300), ("Lamp", "", 200), ("Mug", "", 150)]
    marts = tmp_path / "marts"
    known = {row["product_id"]: row["title"] for row in pq.read_table(marts / "dim_products.parquet").to_pylist()}
    assert known == {"(none)": None, "17": None, "paris:17": "Vase", "lyon:17": "Lamp", "18": "Mug"}
    lines = pq.read_table(marts / "fct_order_lines.parquet").to_pylist()
    assert {row["title"]: row["product_id"] for row in lines} == {"Vase": "paris:17", "Lamp": "lyon:17", "Mug": "18"}


def test_lines_without_an_id_are_of_the_product_that_their_sku_or_title_names(tmp_path: Path) -> None:
    """As a till tells them: by no id, some by no SKU."""
    told = [("MUG", "Mug", 300), ("POT", "Pot", 200), (None, "Gift wrap", 40), (None, "Card", 30), (None, None, 900)]
    facts = [
        order("receipt", 1, sum(goods for *_, goods in told), source="till", platform="till"),
        *(
            line("receipt", f"{n}", source="till", platform="till", product_id=None, sku=sku, title=title, goods=goods)
            for n, (sku, title, goods) in enumerate(told)
        ),
        *sold(2, "shop", 10, "mug-in-shop", sku="MUG", title="Mug"),
    ]
    rows, says = shown(told_of(tmp_path, facts))
    assert rows == [("not named", "", 900), ("Mug", "", 310), ("Pot", "", 200), ("Gift wrap", "", 40), ("Card", "", 30)]
    assert says.startswith("Mug was sold most: €3.10 in 2 orders")


def test_a_product_that_only_orders_name_is_called_as_the_latest_of_them_calls_it(tmp_path: Path) -> None:
    """Renamed meanwhile: in each currency it has its new name, in that too in which it was only sold before."""

    def named(number: int, days: float, title: str | None, currency: str) -> list[Any]:
        own = {"source": "till", "platform": "till", "currency": currency}
        return [
            order(f"o{number}", days, 300, **own),
            line(f"o{number}", "1", goods=300, product_id="17", sku=None, title=title, **own),
        ]

    facts = [*named(1, 1, "Zinc lamp", "EUR"), *named(2, 9, "Lamp, zinc", "USD"), *named(3, 12, None, "USD")]
    told = told_of(tmp_path, facts)
    assert {(row["currency"], row["title"]) for row in told["products"]} == {
        ("EUR", "Lamp, zinc"), ("USD", "Lamp, zinc"),
    }  # fmt: skip


def test_a_share_of_what_has_lines_says_how_much_that_is_of_all(tmp_path: Path) -> None:
    facts = [
        *sold(1, "a", 300, "mug", sku="MUG", title="Mug"),
        *sold(2, "a", 100, "pot", sku="POT", title="Pot"),
        order("without", 1, 600, person="x"),
        order("void", 1, 5000, person="y", status="cancelled"),
    ]
    _, says = shown(told_of(tmp_path, facts))
    assert says == (
        "Mug was sold most: €3.00 in 1 order, 75% of what was sold in orders whose lines are told; "
        "these are 40% of all that was sold."
    )
