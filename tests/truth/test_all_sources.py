"""All platforms at once, all faults on: sources do not disturb each other, and what was sold is held once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jalon.sandbox.parts import PARTS
from tests.truth.life import held, live
from tests.truth.test_truth import schedule

OTHER_SHOPS = ("woocommerce", "prestashop")
"""Shops of whose sales the parts themselves tell."""


def shops(truth: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield truth
    yield from (truth["parts"][name] for name in OTHER_SHOPS)


@pytest.mark.long
async def test_everything_sold_anywhere_is_held_once(tmp_path: Path) -> None:
    truth = await live(tmp_path, seed=21, orders=120, days=7, faults=schedule(21), parts=tuple(PARTS))
    holds = held(tmp_path)
    sales = [sale for shop in shops(truth) for sale in shop["sales"]]
    wanted = {(s["platform"], s["order_id"]): (s["kind"], s["currency"], s["goods"], s["net"]) for s in sales}
    assert {platform for platform, _ in wanted} == {"tiktok_shop", "shopify", *OTHER_SHOPS}
    counted = {order: sale for order, sale in holds.sales().items() if order[0] != "till"}  # what the hook delivers
    assert counted == wanted
    refunds = [row for shop in shops(truth) for row in shop["refunds"]]
    money = Counter((r["platform"], r["order_id"], r["goods"], r["tax"], r["shipping"]) for r in refunds)
    own = set(wanted)
    assert Counter({row: n for row, n in holds.refunds().items() if row[:2] in own}) == money
    held_credit = [row for row in holds.credit() if not row[0].startswith("hook:")]
    assert {(order, amount) for order, _, amount in held_credit if amount} == {
        (f"{s['platform']}:{s['order_id']}", s["net"]) for s in sales if s["net"]
    }
    told = {kind: sources(tmp_path, kind) for kind in ("orders", "contents", "measures", "touchpoints", "answers")}
    assert set().union(*told.values()) == set(PARTS)


def sources(folder: Path, kind: str) -> set[str]:
    """Return the sources that have facts of a kind."""
    files = list((folder / "data" / "facts" / kind).glob("*.parquet"))
    return (
        {row[0] for row in duckdb.sql(f"SELECT DISTINCT source FROM '{files[0].parent}/*.parquet'").fetchall()}
        if files
        else set()
    )
