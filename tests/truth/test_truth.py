"""With all faults on, and after enough runs, jalon holds exactly what happened: nothing lost, nothing doubled."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jalon.sandbox.faults import NAMES
from tests.truth.life import Held, held, live

SHOWN = {"impressions": "product_impressions", "clicks": "tag_clicks", "units": "units_sold", "gmv": "gmv"}
"""The truth's word for a count -> the metric that the platform's figure becomes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(11, 11 + metafunc.config.getoption("--seeds")))


def schedule(seed: int) -> dict[str, float]:
    """Return all faults, each at a rate of its own that the seed draws."""
    chance = random.Random(seed)
    return {name: round(chance.uniform(0.01, 0.09), 3) for name in NAMES}


@pytest.mark.long
async def test_everything_that_happened_is_held_once(seed: int, tmp_path: Path) -> None:
    truth = await live(tmp_path, seed=seed, orders=60, days=14, faults=schedule(seed))
    holds = held(tmp_path)
    check_sales(truth, holds)
    check_refunds(truth, holds)
    check_journeys(truth, holds)
    check_measures(truth, holds)
    check_credit(truth, holds)


async def test_polling_alone_gives_the_same(tmp_path: Path) -> None:
    truth = await live(tmp_path, seed=7, orders=60, days=14, faults={}, hooks=False)
    holds = held(tmp_path)
    check_sales(truth, holds)
    check_refunds(truth, holds)
    check_journeys(truth, holds)
    check_measures(truth, holds)


def check_sales(truth: dict[str, Any], holds: Held) -> None:
    """Every sale is counted once, with its money, and every copy is known as one."""
    assert len(truth["sales"]) >= 50
    wanted = {(s["platform"], s["order_id"]): (s["kind"], s["currency"], s["goods"], s["net"]) for s in truth["sales"]}
    assert holds.sales() == wanted
    copies = {(s["copy_order_id"], s["order_id"]) for s in truth["sales"] if s["copy_order_id"]}
    assert copies
    assert holds.copies() <= copies
    unmarked = {s["copy_order_id"] for s in truth["sales"] if s["copy_mark"] == "none"}
    assert {copy for copy, _ in copies} - {copy for copy, _ in holds.copies()} == holds.suspected() <= unmarked


def check_refunds(truth: dict[str, Any], holds: Held) -> None:
    """Every movement of money is there once. Refunds that a shop made on a copy are its own and count nothing."""
    copies = {("shopify", s["copy_order_id"]) for s in truth["sales"]}
    wanted = Counter((r["platform"], r["order_id"], r["goods"], r["tax"], r["shipping"]) for r in truth["refunds"])
    found = Counter({row: n for row, n in holds.refunds().items() if row[:2] not in copies})
    assert wanted
    assert found == wanted


def check_journeys(truth: dict[str, Any], holds: Held) -> None:
    """Every visit is there in its order, and every content that the platform names on an order."""
    kinds = {sale["order_id"]: sale["kind"] for sale in truth["sales"]}
    web = {
        journey["order_id"]: [visit["id"] for visit in journey["visits"]]
        for journey in truth["journeys"]
        if journey.get("visits") and kinds[journey["order_id"]] != "test"
    }
    assert web
    assert holds.journeys() == web
    named = {j["order_id"]: {j["content"]} for j in truth["journeys"] if j.get("content")}
    assert named
    assert holds.named_contents() == named


def check_measures(truth: dict[str, Any], holds: Held) -> None:
    """Every figure is the platform's newest; a video's products are asked for where one was clicked or sold."""
    asked_for = {(row["content"], row["day"]) for row in truth["measures"] if row["clicks"] or row["units"]}
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for row in truth["measures"]:
        is_live = row["kind"] == "LIVE"
        if is_live or (row["content"], row["day"]) in asked_for:
            for count, metric in SHOWN.items():
                key = (row["content"], truth["product_ids"][row["sku"]], "" if is_live else row["day"], metric)
                wanted[key] += row[count]
    found = {key: value for key, value in holds.measures().items() if key[3] in SHOWN.values()}
    assert len(wanted) > 100
    assert found == wanted


def check_credit(truth: dict[str, Any], holds: Held) -> None:
    """For every model and order, credit sums to the net revenue to the minor unit."""
    net = {f"{sale['platform']}:{sale['order_id']}": sale["net"] for sale in truth["sales"]}
    credit = holds.credit()
    assert len({model for _, model, _ in credit}) >= 6
    assert credit
    assert all(amount == net[order] for order, _, amount in credit)
    earning = {order for order, amount in net.items() if amount}
    assert earning <= {order for order, _, _ in credit}
