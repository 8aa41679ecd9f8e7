"""What jalon holds of a played web shop, in the truth's words, and how the two are compared."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from tests.truth.life import NEWEST


class HeldShop:
    """What jalon holds of one platform, read from its files with nothing of its code."""

    def __init__(self, folder: Path, platform: str) -> None:
        self.platform = platform
        self._store = folder / "data"
        self._db = duckdb.connect()

    def facts(self, kind: str, what: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
        """Return the newest revisions of a kind of fact of the platform; none where there are none at all."""
        if not list((self._store / "facts" / kind).glob("*.parquet")):
            return []
        newest = NEWEST.format(files=f"{self._store}/facts/{kind}/*.parquet")
        return self._db.execute(
            f"SELECT {what} FROM ({newest}) WHERE platform = ? AND {where}", [self.platform]
        ).fetchall()

    def sales(self, what: str, where: str) -> list[tuple[Any, ...]]:
        table = self._store / "attribution" / "sales.parquet"
        return self._db.execute(
            f"SELECT {what} FROM '{table}' WHERE platform = ? AND {where}", [self.platform]
        ).fetchall()

    def credited(self) -> dict[str, set[int]]:
        """Return order uid -> what each model's credit sums to."""
        table = self._store / "attribution" / "credit.parquet"
        rows = self._db.execute(f"SELECT order_uid, model, sum(net) FROM '{table}' GROUP BY ALL").fetchall()
        found: dict[str, set[int]] = {}
        for order, _, amount in rows:
            found.setdefault(order, set()).add(amount)
        return found


def check_money(told: dict[str, Any], shop: HeldShop) -> None:
    """Every sale is counted once with its goods and net revenue, every movement of money is there once, and every
    model's credit sums to what is left of the sale.
    """
    wanted = {s["order_id"]: (s["kind"], s["currency"], s["goods"], s["net"]) for s in told["sales"]}
    assert len(wanted) > 10
    counted = shop.sales("order_id, kind, currency, goods, net", "is_counted AND origin IS NULL")
    assert {row[0]: row[1:] for row in counted} == wanted
    back = Counter((r["order_id"], r["goods"], r["tax"], r["shipping"], r["total"]) for r in told["refunds"])
    assert len(back) > 2
    where = "state = 'succeeded' AND total > 0"
    assert Counter(shop.facts("refunds", "order_id, goods, tax, shipping, total", where)) == back
    net = {f"{shop.platform}:{sale['order_id']}": sale["net"] for sale in told["sales"]}
    credited = {order: amounts for order, amounts in shop.credited().items() if order in net}
    assert {order: {net[order]} for order in credited} == credited


def check_lines(told: dict[str, Any], shop: HeldShop) -> None:
    """Every line is there with its SKU and its goods money."""
    wanted = Counter(
        (sale["order_id"], line["sku"], line["quantity"], line["goods"])
        for sale in told["sales"]
        for line in sale["lines"]
    )
    held = Counter(shop.facts("order_lines", "order_id, sku, quantity, goods"))
    assert (
        Counter({row: n for row, n in held.items() if row[0] in {sale["order_id"] for sale in told["sales"]}}) == wanted
    )
