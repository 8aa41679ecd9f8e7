"""One sale is counted once, by the right order, with the right money."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jalon.normalize.vocabulary import Order
from tests.handmade import Plain, link, order, refund

NATIVE: dict[str, Any] = {"source": "net", "platform": "network", "selling_mode": "native", "channel": "network"}


def native(order_id: str, days: float, goods: int = 1000, **fields: Any) -> Order:
    return order(order_id, days, goods, **{**NATIVE, **fields})


def copy(order_id: str, days: float, goods: int = 1000, **fields: Any) -> Order:
    return order(order_id, days, goods, **{"origin": "network", **fields})


def test_an_order_of_the_shop_counts(tmp_path: Path) -> None:
    row = Plain(tmp_path, [order("1", 1)]).order("1")
    assert (row["is_counted"], row["why"], row["is_sale"], row["net"]) == (True, "own", True, 1000)


def test_a_copy_that_names_the_original_counts_nothing_and_points_to_it(tmp_path: Path) -> None:
    run = Plain(tmp_path, [native("77", 1), copy("1", 1.1, 2000, external_ids=("network:77",))])
    row = run.order("1")
    assert (row["is_counted"], row["duplicate_of"], row["why"], row["net"]) == (False, "net:77", "copy_by_id", 0)
    assert run.order("77")["net"] == 1000


def test_the_platforms_own_statement_of_the_copy_is_as_good(tmp_path: Path) -> None:
    run = Plain(tmp_path, [native("77", 1), order("1", 1.1), link("77", "webshop:1", source="net")])
    assert run.order("1")["duplicate_of"] == "net:77"
    assert run.order("77")["is_sale"]


def test_one_copy_of_two_originals_leaves_both_sales(tmp_path: Path) -> None:
    run = Plain(tmp_path, [native("77", 1), native("78", 1), copy("1", 1.1, external_ids=("network:77", "network:78"))])
    assert [run.order(each)["is_sale"] for each in ("77", "78", "1")] == [True, True, False]


def claim(order_id: str, names: str, days: float = 1.2) -> Order:
    """A sale that an affiliate network claims, naming the shop's order."""
    made: dict[str, Any] = {"source": "files", "platform": "affiliate", "kind": "draft", "status": "pending"}
    return copy(order_id, days, origin="webshop", external_ids=(f"webshop:{names}",), **made)


@pytest.mark.parametrize("named", ["88379", "1494", "#1494"])
def test_an_order_is_named_by_its_id_or_by_the_number_that_people_see(tmp_path: Path, named: str) -> None:
    shop = [order("88379", 1, external_ids=("webshop:#1494",)), order("88380", 1, external_ids=("webshop:#1495",))]
    run = Plain(tmp_path, [*shop, claim("t-1", named)])
    assert (run.order("t-1")["duplicate_of"], run.order("t-1")["why"]) == ("shop:88379", "copy_by_id")
    assert [run.order(each)["why"] for each in ("88379", "88380")] == ["own", "own"]
    assert run.result.claims_unmatched == 0


def test_a_number_that_two_orders_have_names_neither_and_an_id_goes_first(tmp_path: Path) -> None:
    shops = [order("88379", 1, external_ids=("webshop:#7",)), order("500", 1, source="b", external_ids=("webshop:#7",))]
    numbered = [order("9", 1, external_ids=("webshop:#500",)), order("10", 1, external_ids=("webshop:#9",))]
    run = Plain(tmp_path, [*shops, *numbered, claim("t-1", "7"), claim("t-2", "500"), claim("t-3", "404")])
    assert [run.order(each)["duplicate_of"] for each in ("t-1", "t-2", "t-3")] == [None, "b:500", None]
    assert all(run.order(each)["is_sale"] for each in ("88379", "500", "9", "10"))
    assert run.result.claims_unmatched == 2


def test_a_copy_of_a_copy_points_to_the_sale(tmp_path: Path) -> None:
    again = copy("E", 1.2, source="erp", platform="erp", external_ids=("webshop:1",))
    run = Plain(tmp_path, [native("77", 1), copy("1", 1.1, external_ids=("network:77",)), again])
    assert run.order("E")["sale_uid"] == "net:77"
    assert sum(row["net"] for row in run.rows("sales")) == 1000


@pytest.mark.parametrize("money", [{"total": 5555}, {"goods": 999, "total": 1000}])
def test_a_copy_without_id_is_known_by_money_and_time(tmp_path: Path, money: dict[str, int]) -> None:
    run = Plain(tmp_path, [native("77", 1), native("78", 1, 3000), copy("1", 1.9, **money)])
    assert (run.order("1")["duplicate_of"], run.order("1")["why"]) == ("net:77", "copy_by_rule")


@pytest.mark.parametrize(
    "others",
    [
        [native("77", 1), native("78", 1.2)],
        [native("77", 1), copy("2", 1.2)],
        [native("77", 8)],
        [native("77", 1, currency="USD")],
        [native("77", 1, 4000)],
    ],
    ids=["two originals", "two copies", "too far", "other currency", "other money"],
)
def test_what_cannot_be_told_is_a_possible_duplicate_and_not_counted(tmp_path: Path, others: list[Order]) -> None:
    run = Plain(tmp_path, [copy("1", 1.1), *others])
    row = run.order("1")
    assert (row["is_counted"], row["why"], row["duplicate_of"], row["net"]) == (False, "possible_duplicate", None, 0)
    assert run.result.possible_duplicates == sum(each.origin is not None for each in others) + 1


def test_an_original_that_a_copy_names_is_not_open_to_the_rule(tmp_path: Path) -> None:
    run = Plain(tmp_path, [native("77", 1), copy("1", 1.1, external_ids=("network:77",)), copy("2", 1.1)])
    assert run.order("2")["why"] == "possible_duplicate"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([copy("1", 1)], "origin_not_connected"),
        ([copy("1", 1, external_ids=("network:99",)), native("77", 1)], "original_not_here"),
    ],
)
def test_a_copy_that_doubles_nothing_counts(tmp_path: Path, facts: list[Order], why: str) -> None:
    row = Plain(tmp_path, facts).order("1")
    assert (row["is_sale"], row["why"], row["net"]) == (True, why, 1000)


def test_the_same_order_in_two_sources_counts_once(tmp_path: Path) -> None:
    run = Plain(
        tmp_path, [order("1", 1), order("1", 1, source="shop-again"), order("2", 1), order("2", 5, source="shop-again")]
    )
    rows = {row["order_uid"]: row for row in run.rows("sales")}
    assert rows["shop:1"]["duplicate_of"] == "shop-again:1", "of equals the first by name counts"
    assert rows["shop-again:1"]["is_sale"]
    assert rows["shop-again:2"]["is_sale"], "another shop counts its orders from 1 too"
    assert rows["shop:2"]["is_sale"]


NET = [
    ({}, 1000, 1000, "paid"),
    ({"kind": "exchange"}, 1000, 1000, "paid"),
    ({"kind": "sample"}, 0, 0, "sample"),
    ({"kind": "replacement"}, 0, 0, "replacement"),
    ({"kind": "test"}, 0, 0, "test"),
    ({"kind": "draft", "status": "pending"}, 0, 0, "draft"),
    ({"status": "pending", "paid_at": None}, 0, 0, "unpaid"),
    ({"status": "cancelled"}, 1000, 0, "cancelled"),
    ({"status": "cancelled", "paid_at": None}, 0, 0, "cancelled"),
    ({"status": "deleted"}, 0, 0, "deleted"),
]


def test_net_revenue_is_of_paid_sales_alone(tmp_path: Path) -> None:
    run = Plain(tmp_path, [order(f"{n}", 1, **fields) for n, (fields, *_) in enumerate(NET)])
    for n, (fields, booked, net, rule) in enumerate(NET):
        row = run.order(f"{n}")
        assert (row["booked"], row["net"], row["reversed"], row["net_rule"]) == (booked, net, booked - net, rule), (
            fields
        )


def test_refunds_that_are_done_take_goods_money_back(tmp_path: Path) -> None:
    refunds = [
        refund("1", 2, 300),
        refund("1", 3, 100, shipping=50, total=150),
        refund("1", 4, 500, state="pending"),
        refund("1", 5, 500, state="failed"),
        refund("1", 6, 500, currency="USD"),
        refund("1", 7, 500, source="net"),
        refund("2", 7, 200),
    ]
    run = Plain(tmp_path, [order("1", 1), order("2", 1, status="pending"), *refunds])
    assert run.order("1")["net"] == 600
    assert run.order("2")["net"] == 0


def test_refunds_above_the_order_make_its_net_negative(tmp_path: Path) -> None:
    run = Plain(tmp_path, [order("1", 1, 500), refund("1", 2, 700)])
    assert run.order("1")["net"] == -200


def test_a_refund_of_the_copy_is_not_taken_from_the_sale(tmp_path: Path) -> None:
    facts = [native("77", 1), copy("1", 1.1, external_ids=("network:77",)), refund("1", 3, 400)]
    run = Plain(tmp_path, facts)
    assert run.order("77")["net"] == 1000
    assert run.order("1")["net"] == 0


@pytest.mark.parametrize(
    ("told", "of_copy", "own", "warns"),
    [
        ({}, 400, 0, True), ({}, 400, 300, True), ({}, 400, 400, False), ({}, 400, 500, False),
        ({}, 1200, 1000, False),
        ({"currency": "USD"}, 400, 0, True), ({"currency": "USD"}, 400, 300, False),
        ({"state": "pending"}, 400, 0, False),
    ],
)  # fmt: skip
def test_a_sale_whose_copy_was_refunded_more_says_so(
    tmp_path: Path, told: dict[str, Any], of_copy: int, own: int, warns: bool
) -> None:
    state = told.get("state", "succeeded")
    currency = told.get("currency", "EUR")
    back = [refund("1", 3, of_copy, currency=currency, state=state), refund("1", 4, 0)]
    back += [refund("77", 3, own, source="net")] if own else []
    again = copy("E", 1.2, source="erp", platform="erp", external_ids=("webshop:1",))
    sold = [native("77", 1), copy("1", 1.1, external_ids=("network:77",), currency=currency), again, native("78", 1)]
    run = Plain(tmp_path, [*sold, *back])
    assert run.order("77")["net"] == 1000 - own
    assert run.order("77")["net_warning"] == ("refund_of_copy" if warns else None)
    assert run.result.net_warnings == ({"refund_of_copy": 1} if warns else {})
    assert len(run.rows("sales")) == 4


def test_a_cancelled_sale_has_nothing_that_a_refund_of_its_copy_could_take_off(tmp_path: Path) -> None:
    sold = [native("77", 1, status="cancelled"), copy("1", 1.1, external_ids=("network:77",))]
    assert Plain(tmp_path, [*sold, refund("1", 3, 400)]).result.net_warnings == {}


def test_only_the_newest_revision_holds(tmp_path: Path) -> None:
    revisions = [
        order("1", 1, 1000, version=5, observed_at=10, inbox_id=1),
        order("1", 1, 1500, version=7, observed_at=20, inbox_id=2),
        order("1", 1, 900, version=6, observed_at=30, inbox_id=3),
        order("2", 1, 400, version=1, observed_at=10, inbox_id=4),
        order("2", 1, 400, version=1, observed_at=10, inbox_id=5, removed=True),
    ]
    run = Plain(tmp_path, revisions)
    assert [(row["order_id"], row["net"]) for row in run.rows("sales")] == [("1", 1500)]
    before = Plain(tmp_path / "before", revisions, as_of=10)
    assert before.order("1")["net"] == 1000, "as of an instant later revisions are unknown"
