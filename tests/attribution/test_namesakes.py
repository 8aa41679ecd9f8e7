"""Two sales of one source that have one number stay two sales, and each keeps what belongs to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jalon.attribution.explain import explain
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact, Order
from jalon.report.marts.making import MartOptions, build_marts
from tests.handmade import Run, line, order, refund, touch

TILL: dict[str, Any] = {"platform": "till", "key": "till|1001"}
PHONE: dict[str, Any] = {"platform": "phone", "key": "phone|1001"}


def sales(**fields: Any) -> list[Order]:
    return [order("1001", 40, 3000, **TILL, **fields), order("1001", 41, 8000, **PHONE, **fields)]


def net(run: Run) -> dict[str, int]:
    return {row["order_uid"]: row["net"] for row in run.rows("sales")}


def test_an_order_that_shares_its_number_is_named_by_its_platform_too(tmp_path: Path) -> None:
    run = Run(tmp_path, [*sales(), order("1002", 42, 100, platform="till", key="till|1002")])
    assert net(run) == {"shop:till|1001": 3000, "shop:phone|1001": 8000, "shop:1002": 100}


def test_a_refund_and_a_line_belong_to_the_order_of_their_platform(tmp_path: Path) -> None:
    facts: list[Fact] = [*sales(), refund("1001", 42, 500, platform="phone")]
    facts += [line("1001", "1", platform=name, key=name, goods=goods) for name, goods in (("till", 3), ("phone", 8))]
    run = Run(tmp_path, facts)
    assert net(run) == {"shop:till|1001": 3000, "shop:phone|1001": 7500}
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    rows = pq.read_table(tmp_path / "marts" / "fct_order_lines.parquet").to_pylist()
    assert {(row["order_uid"], row["goods_minor"]) for row in rows} == {("shop:till|1001", 3), ("shop:phone|1001", 8)}


def test_a_refund_of_another_platform_comes_off_none_of_them_and_both_say_so(tmp_path: Path) -> None:
    run = Run(tmp_path, [*sales(), refund("1001", 42, 500, platform="desk")])
    assert net(run) == {"shop:till|1001": 3000, "shop:phone|1001": 8000}
    assert run.result.net_warnings == {"refund_of_several": 2}


def test_a_refund_of_another_platform_comes_off_the_only_order_of_its_number(tmp_path: Path) -> None:
    others = [order("1002", 41, 8000, platform="phone", key="phone|1002")]
    run = Run(tmp_path, [sales()[0], *others, refund("1001", 42, 500, platform="desk")])
    assert net(run)["shop:1001"] == 2500
    assert run.result.net_warnings == {}


def test_a_refund_of_a_receipt_that_is_not_known_does_not_come_off_a_strangers_order(tmp_path: Path) -> None:
    others = [order("1002", 41, 8000, platform="phone", key="phone|1002")]
    run = Run(tmp_path, [sales()[0], *others, refund("1001", 42, 500, platform="phone")])
    assert net(run)["shop:1001"] == 3000


@pytest.mark.parametrize(("platform", "joined"), [("phone", "phone|1001"), ("mailing", None)])
def test_a_touchpoint_that_names_the_number_joins_whom_its_platform_means(
    tmp_path: Path, platform: str, joined: str | None
) -> None:
    seen = touch("t", 39, None, order_id="1001", platform=platform)
    run = Run(tmp_path, [*sales(), seen])
    assert [row["sale_uid"] for row in run.rows("touches", key="t")] == [joined and f"shop:{joined}"]


def test_a_copy_elsewhere_still_names_the_order_by_its_number(tmp_path: Path) -> None:
    copy = order("C", 41.1, 8000, source="erp", platform="erp", origin="phone", external_ids=("phone:1001",))
    run = Run(tmp_path, [*sales(), copy])
    assert run.order("C")["duplicate_of"] == "shop:phone|1001"


def test_the_same_order_in_another_source_is_known_by_its_number(tmp_path: Path) -> None:
    told = sales()
    again = told[0]._replace(source="z", key="1001")
    run = Run(tmp_path, [*told, again])
    assert run.rows("sales", source="z")[0]["why"] == "same_order_in_two_sources"


def test_a_receipt_of_a_till_is_not_the_order_that_looks_like_it(tmp_path: Path) -> None:
    tills = [order("T/1", days, 10, platform="till", key=key) for days, key in ((40, "till|T|1"), (41, "till|T/1"))]
    assert net(Run(tmp_path, tills)) == {"shop:till|T|1": 10, "shop:till|T/1": 10}


def test_explain_asks_which_of_them_is_meant_and_tells_the_refund_of_that_one(tmp_path: Path) -> None:
    run = Run(tmp_path, [*sales(), refund("1001", 42, 500, platform="phone")])
    for word in ("1001", "shop:1001", "order:1001"):
        with pytest.raises(ConfigError, match="several things are called") as refused:
            explain(run.facts, run.folder, word)
        assert "order:shop:phone|1001" in refused.value.remedy
    told = {name: explain(run.facts, run.folder, f"shop:{name}|1001")["refunds"] for name in ("till", "phone")}
    assert {name: [row["goods"] for row in rows] for name, rows in told.items()} == {"till": [], "phone": [500]}
