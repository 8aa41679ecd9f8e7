"""How far in-app orders without a path, shared out over content, are from the contents that brought them.

`python -m tests.truth.sharing_errors [ORDERS [SEED...]]` plays the two brands of `model_errors`, reads what their
network tells, and prints it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Container, Iterable
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import duckdb

from tests.truth.life import NEWEST, brand
from tests.truth.model_errors import LIVES, attributed, played

SHARED = """
    SELECT DISTINCT s.order_id, s.is_sale
    FROM '{tables}/credit.parquet' c JOIN '{tables}/sales.parquet' s USING (order_uid)
    WHERE s.platform = 'tiktok_shop' AND c.model = 'last'
        AND (c.basis = 'modelled' OR c.reason = 'no_content')
"""
ESTIMATES = "SELECT content_id, orders_low, orders_high FROM '{tables}/modelled.parquet'"
CREDITED = """
    SELECT m.content_id, sum(c.weight)::DOUBLE FROM '{tables}/credit.parquet' c
    JOIN '{tables}/sales.parquet' s USING (order_uid) JOIN '{tables}/modelled.parquet' m USING (touch_uid)
    WHERE s.is_sale AND s.platform = 'tiktok_shop' AND c.model = 'last' AND c.basis = 'modelled' GROUP BY ALL
"""
CANDIDATES = """
    WITH clicks AS (
        SELECT content_id, product_id, start_date AS day, value AS clicks FROM ({measures})
        WHERE metric = 'tag_clicks' AND value > 0 AND product_id IS NOT NULL AND content_id IN (SELECT unnest($own))
            AND date_diff('day', start_date, end_date) = 1
    ), bought AS (
        SELECT order_id, product_id, sum(goods) AS goods FROM ({lines}) WHERE order_id IN (SELECT unnest($orders))
        GROUP BY ALL
    ), goods AS (
        SELECT b.order_id, b.product_id, s.placed_date AS day, b.goods / sum(b.goods) OVER (PARTITION BY b.order_id) AS
            share
        FROM bought b JOIN '{tables}/sales.parquet' s USING (order_id)
    )
    SELECT order_id, g.product_id, share, content_id, clicks, date_diff('day', c.day, g.day) AS age
    FROM goods g JOIN clicks c ON c.product_id = g.product_id AND c.day BETWEEN g.day - 6 AND g.day
"""


class Shared(NamedTuple):
    """How many sales were shared out; what is wrong over contents by what is true, of the share-out, of the same sales
    by clicks of seven days, and to the content clicked last; contents whose true orders lie in the interval, which is
    of all orders that were shared out, cancelled ones among them."""

    orders: float
    error: float
    by_clicks: float
    by_last: float
    covered: float


def shared_out(truth: dict[str, Any], folder: Path, tables: Path) -> Shared:
    """Return what the share-out errs, beside the two usual ways to do it, told the same."""
    shared = dict(duckdb.sql(SHARED.format(tables=tables)).fetchall())
    orders = {order for order, is_sale in shared.items() if is_sale}
    true = _true(truth, orders)
    ours = dict(duckdb.sql(CREDITED.format(tables=tables)).fetchall())
    met = _candidates(truth, folder, tables, orders)
    found = (ours, _by_clicks(met), _by_last(met))
    brought, ends = _true(truth, shared), duckdb.sql(ESTIMATES.format(tables=tables)).fetchall()
    inside = [low <= brought.get(content, 0.0) <= high for content, low, high in ends]
    return Shared(len(orders), *(_error(each, true) for each in found), sum(inside) / len(inside))


def _true(truth: dict[str, Any], orders: Container[str]) -> dict[str, float]:
    """Return content -> how many of these orders it brought."""
    true: dict[str, float] = {}
    for sale in truth["sales"]:
        if sale["order_id"] in orders and sale["content"]:
            true[sale["content"]] = true.get(sale["content"], 0.0) + 1
    return true


def _candidates(truth: dict[str, Any], folder: Path, tables: Path, orders: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return (order, product, share, content, clicks, age) of contents whose orders the platform does not name."""
    counted = truth["content_measures"]
    own = {row["content"] for row in counted if row["kind"] == "VIDEO" and not row["is_affiliate"]}
    (facts,) = (found for found in folder.rglob("facts") if found.is_dir())
    measures, lines = (NEWEST.format(files=f"{facts}/{kind}/*.parquet") for kind in ("measures", "order_lines"))
    query = CANDIDATES.format(measures=measures, lines=lines, tables=tables)
    return duckdb.execute(query, {"own": sorted(own), "orders": sorted(orders)}).fetchall()


def _by_clicks(met: list[tuple[Any, ...]]) -> dict[str, float]:
    whole: dict[tuple[str, str], float] = {}
    for order, product, _, _, clicks, _ in met:
        whole[order, product] = whole.get((order, product), 0.0) + clicks
    found: dict[str, float] = {}
    for order, product, share, content, clicks, _ in met:
        found[content] = found.get(content, 0.0) + share * clicks / whole[order, product]
    return found


def _by_last(met: list[tuple[Any, ...]]) -> dict[str, float]:
    """Give each order's product to the content clicked last; of one day, to the most clicked."""
    latest: dict[tuple[str, str], tuple[tuple[float, float, str], float]] = {}
    for order, product, share, content, clicks, age in met:
        rank = (-age, clicks, content)
        latest[order, product] = max(latest.get((order, product), (rank, share)), (rank, share))
    found: dict[str, float] = {}
    for (_, _, content), share in latest.values():
        found[content] = found.get(content, 0.0) + share
    return found


def _error(found: dict[str, float], true: dict[str, float]) -> float:
    wrong = sum(abs(found.get(name, 0.0) - true.get(name, 0.0)) for name in found.keys() | true.keys())
    return wrong / sum(true.values())


# --- told -------------------------------------------------------------------------------------------------------------


async def measured(orders: int, seed: int, *, unmoved: bool, folder: Path) -> Shared:
    """Play a brand, and return what the share-out of its in-app orders errs."""
    world = brand(seed=seed, orders=orders, days=60, unmoved=unmoved)
    lived = await played(world, folder, ("tiktok_shop",))
    return shared_out(lived.truth, folder, attributed(lived, ("last",)))


def main(words: list[str]) -> None:
    """Print a row for each life: the mean over seeds, and the most that the error is of last content's."""
    orders, seeds = int(words[0]) if words else 3000, [int(word) for word in words[1:]] or [1, 2, 3]
    write = sys.stdout.write
    write("| who would have bought anyway | orders | error | by clicks of 7 days | last content | covered | worst |\n")
    write("| --- |" + " --- |" * 6 + "\n")
    for life, unmoved in LIVES.items():
        found = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as name:
                found.append(asyncio.run(measured(orders, seed, unmoved=unmoved, folder=Path(name))))
        many, *wrong, covered = (mean(figures) for figures in zip(*found, strict=True))
        cells = " | ".join(f"{figure:.2f}" for figure in wrong)
        worst = max(each.error / each.by_last for each in found)
        write(f"| {life} | {many:.0f} | {cells} | {covered:.0%} | {worst:.2f} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
