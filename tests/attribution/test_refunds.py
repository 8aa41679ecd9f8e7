"""What of a refund comes off its order, where it tells one amount alone: to the cent, in parts as at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.explain import explain
from jalon.attribution.refunds import parted
from jalon.normalize.vocabulary import Order, Refund
from jalon.report.explanation import lines as explained
from jalon.report.marts.making import MartOptions, build_marts
from tests.handmade import Run, order, refund

Row = dict[str, Any]
_REFUND = {
    **dict.fromkeys(("source", "key", "order_id", "state", "currency"), "string"),
    **dict.fromkeys(("occurred_at", "goods", "shipping", "tax", "total"), "int64"),
}
_ORDER = {
    **dict.fromkeys(("source", "order_id", "currency", "presentment_currency"), "string"),
    **dict.fromkeys(("goods", "shipping", "tax", "total", "presentment_total"), "int64"),
}
_PARTS = ("goods", "shipping", "tax")

CENTS = st.integers(0, 10**9)
ORDERS = st.tuples(st.integers(1, 10**9), CENTS, st.integers(1, 10**9))
"""Goods, shipping and tax of an order."""
AMOUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)


def sold(goods: int, shipping: int, tax: int, **fields: Any) -> Order:
    return order("1", 1, goods, **{"shipping": shipping, "tax": tax, "total": goods + shipping + tax, **fields})


def back(amount: int, days: float = 2, **fields: Any) -> Refund:
    """A refund that tells one amount alone."""
    return refund("1", days, amount, tax=None)._replace(**fields)


def split(sale: Order, refunds: Iterable[Refund]) -> list[Row]:
    """Return the refunds, parted, in the order in which they happened."""
    with DuckDB() as engine:
        return split_by(engine, [sale], refunds)


def split_by(engine: Engine, sales: Iterable[Order], refunds: Iterable[Refund]) -> list[Row]:
    """Return the refunds, parted by an engine, in the order in which they happened."""
    tables = [
        engine.take(name, pa.table({each: _column(rows, each, kind) for each, kind in types.items()}), types)
        for name, rows, types in (("refunds", list(refunds), _REFUND), ("orders", list(sales), _ORDER))
    ]
    return engine.dicts(parted(*tables).order_by("occurred_at", "key"))


def _column(rows: Iterable[Any], name: str, kind: str) -> pa.Array:
    return pa.array([getattr(row, name) for row in rows], pa.string() if kind == "string" else pa.int64())


def sums(rows: Iterable[Row]) -> tuple[int, ...]:
    rows = list(rows)
    return tuple(sum(row[name] for row in rows) for name in _PARTS)


@settings(deadline=None, max_examples=40)
@given(ORDERS, st.lists(st.floats(0, 1), max_size=6), st.randoms())
def test_a_full_refund_in_parts_takes_off_exactly_the_order(
    money: tuple[int, int, int], cuts: list[float], chance: Any
) -> None:
    whole = sum(money)
    steps = [0, *sorted(int(whole * cut) for cut in cuts), whole]
    refunds = [back(more - less, days) for days, (less, more) in enumerate(pairwise(steps))]
    rows = split(sold(*money), refunds)
    assert sums(rows) == money
    assert all(sums([row]) == (row["goods"], row["shipping"], row["tax"]) and min(sums([row])) >= 0 for row in rows)
    assert [sum(sums([row])) for row in rows] == [row["total"] for row in rows], "each is parted without a rest"
    assert sum(row["taken_off"] for row in rows) == money[0]
    chance.shuffle(refunds)
    assert split(sold(*money), refunds) == rows, "the order of rows says nothing"


@settings(deadline=None, max_examples=40)
@given(ORDERS, AMOUNTS)
def test_parts_are_what_one_refund_takes_off_and_never_more_than_there_is(
    money: tuple[int, int, int], amounts: list[int]
) -> None:
    rows = split(sold(*money), [back(amount, days) for days, amount in enumerate(amounts)])
    (one,) = split(sold(*money), [back(sum(amounts))])
    assert sums(rows) == sums([one])
    assert all(0 <= part <= there for part, there in zip(sums(rows), money, strict=True))
    beyond = max(0, sum(amounts) - sum(money))
    assert sum(row["without_part"] for row in rows) == one["without_part"] == beyond
    assert abs(one["tax"] * sum(money) - min(sum(amounts), sum(money)) * money[2]) <= sum(money) / 2 + 1


@settings(deadline=None, max_examples=40)
@given(ORDERS, st.tuples(*[st.floats(0, 1)] * 3), AMOUNTS)
def test_what_tells_its_tax_goes_first_and_the_others_take_no_more_than_it_leaves(
    money: tuple[int, int, int], shares: tuple[float, float, float], amounts: list[int]
) -> None:
    told = [int(part * share) for part, share in zip(money, shares, strict=True)]
    certain = refund("1", 50, told[0], shipping=told[1], tax=told[2], total=sum(told))
    *rows, last = split(sold(*money), [*(back(amount, days) for days, amount in enumerate(amounts)), certain])
    assert [last[name] for name in _PARTS] == told
    left = [there - gone for there, gone in zip(money, told, strict=True)]
    assert all(0 <= part <= there for part, there in zip(sums(rows), left, strict=True))
    if sum(amounts) >= sum(left):
        assert list(sums(rows)) == left


@pytest.mark.parametrize(
    ("money", "fields", "expected"),
    [
        ((10_000, 0, 2_000), {}, (1_000, 0, 200)),
        ((10_000, 1_000, 2_200), {}, (1_000, 0, 200)),
        ((10_000, 0, 2_000), {"goods": 600, "shipping": 600}, (500, 600, 100)),
        ((10_000, 0, 2_000), {"state": "pending"}, (1_000, 0, 200)),
        ((10_000, 0, 2_000), {"tax": 0}, (1_200, 0, 0)),
        ((10_000, 0, 2_000), {"tax": 63, "goods": 1_137}, (1_137, 0, 63)),
        ((10_000, 0, 0), {}, (1_200, 0, None)),
        ((10_000, 0, 2_000), {"order_id": "2"}, (1_200, 0, None)),
        ((10_000, 0, 2_000), {"source": "other"}, (1_200, 0, None)),
        ((10_000, 0, 2_000), {"currency": "USD"}, (1_200, 0, None)),
    ],
    ids=[
        *("by the order's rate", "its shipping is taxed alike", "its own shipping is none of it", "not yet moved"),
        *("a tax of 0 is told", "a tax is told", "an order without tax", "an order that is not known"),
        *("an order of another source", "another currency"),
    ],
)
def test_a_refund_of_one_amount(money: tuple[int, int, int], fields: Row, expected: tuple[Any, ...]) -> None:
    (row,) = split(sold(*money), [back(1_200, **fields)])
    assert tuple(row[name] for name in _PARTS) == expected
    assert row["tax_is_reckoned"] == ("tax" not in fields and expected[2] is not None)


def test_a_refund_in_the_currency_that_the_buyer_was_shown() -> None:
    shown = sold(10_000, 0, 2_000, presentment_currency="USD", presentment_total=15_000)
    rows = split(shown, [back(6_000, 2, currency="USD"), back(7_200, 3), back(5_000, 4, currency="GBP")])
    assert [(row["goods"], row["tax"], row["taken_off"]) for row in rows] == [
        (5_000, 1_000, 4_000), (6_000, 1_200, 6_000), (5_000, None, None),
    ]  # fmt: skip


def test_net_mart_and_explanation_tell_the_same(tmp_path: Path) -> None:
    refunds = [back(100, 3), back(50, 4, state="pending"), back(33, 5), back(67, 6, shipping=7, total=74)]
    run = Run(tmp_path, [sold(1_000, 0, 190), *refunds, refund("1", 7, 200, tax=20, total=220)])
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    rows = sorted(
        pq.read_table(tmp_path / "marts" / "fct_refunds.parquet").to_pylist(), key=lambda row: row["refunded_at"]
    )
    told = explain(run.facts, run.folder, "shop:1")["refunds"]
    assert [(row["goods_minor"], row["tax_minor"], row["tax_is_reckoned"]) for row in rows] == [
        (each["goods"], each["tax"], each["tax_is_reckoned"]) for each in told
    ]
    assert run.order("1")["reversed"] == sum(each["goods"] for each in told if each["counts"])
    assert all(row["goods_minor"] + row["shipping_minor"] + row["tax_minor"] == row["total_minor"] for row in rows)
    assert [row["tax_is_reckoned"] for row in rows] == [True, True, True, True, False]


def test_it_is_said_what_was_reckoned_and_what_could_not_be(tmp_path: Path) -> None:
    plain = order("2", 1, 500)
    run = Run(tmp_path, [sold(10_000, 0, 2_000), back(1_200), plain, refund("2", 2, 100, tax=None)])
    said = {uid: "\n".join(explained(explain(run.facts, run.folder, uid))) for uid in ("shop:1", "shop:2")}
    said = {uid: text.replace("\u202f", " ") for uid, text in said.items()}
    assert "10.00 EUR of goods, refund" in said["shop:1"]
    assert "it tells no tax: 2.00 EUR of 12.00 EUR, reckoned by the order's rate" in said["shop:1"]
    assert "it tells no tax, and the order gives no rate" in said["shop:2"]
    assert (run.order("1")["net"], run.order("2")["net"]) == (9_000, 400)


def test_what_goes_beyond_the_order_is_told_and_taken_off_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, [sold(1_000, 0, 200), back(1_200, 2), back(1_200, 3)])
    assert (run.order("1")["net"], run.order("1")["net_warning"]) == (0, "refund_beyond_order")
    assert run.result.net_warnings == {"refund_beyond_order": 1}
