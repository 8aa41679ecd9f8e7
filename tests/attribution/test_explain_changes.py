"""What has changed since a day: which facts, whose credit, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.explain import explain
from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.normalize.vocabulary import Fact
from jalon.report.explanation import lines
from tests.handmade import Run, at, order, refund, same, touch

THEN = at(10)
FACTS: list[Fact] = [
    touch("early", 1, "cookie", channel="tiktok", content_id="v", observed_at=at(2)),
    touch("late", 2, "a", channel="email", observed_at=at(12)),
    same("cookie", "a", observed_at=at(2)),
    order("paid", 3, 1000, person="a", observed_at=at(4)),
    touch("b", 4, "b", channel="tiktok", content_id="v", observed_at=at(5)),
    order("refunded", 5, 2000, person="b", observed_at=at(6), status="pending", paid_at=None, version=1),
    order("refunded", 5, 2000, person="b", observed_at=at(11), version=2, inbox_id=9),
    refund("refunded", 11, 500, observed_at=at(12), inbox_id=8),
    touch("c", 6, "c", channel="tiktok", content_id="v", observed_at=at(7)),
    order("gone", 7, 700, person="c", observed_at=at(8), version=1),
    order("gone", 7, 700, person="c", observed_at=at(13), version=2, status="cancelled", cancelled_at=at(13)),
    touch("d", 8, "d", channel="tiktok", content_id="v", observed_at=at(9)),
    order("new", 9, 300, person="d", observed_at=at(11)),
    touch("e", 8, "e", channel="tiktok", content_id="v", observed_at=at(9)),
    order("same", 9, 400, person="e", observed_at=at(9)),
    order("same", 9, 400, person="e", observed_at=at(12), inbox_id=5),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("changes")
    run = Run(folder, FACTS, models=["linear", "markov"])
    attribute(run.facts, folder / "then", Options(models=["linear", "markov"], as_of=THEN))
    return run, folder / "then"


def since(runs: tuple[Run, Path], word: str) -> dict[str, Any]:
    run, then = runs
    found = explain(run.facts, run.folder, word, model="linear", since=then)
    assert json.loads(json.dumps(found)) == found
    told: dict[str, Any] = found["since"]
    return told


def facts_of(told: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    return {f"{row['kind']} {row['key']}": (row["what"], row["fields"]) for row in told["facts"]}


def moves_of(told: dict[str, Any]) -> dict[str | None, tuple[str, int, int]]:
    return {row["touch_uid"]: (row["what"], row["before"], row["after"]) for row in told["touches"]}


def test_a_touchpoint_that_came_late_is_told_and_takes_credit_from_the_others_of_its_order(
    runs: tuple[Run, Path],
) -> None:
    told = since(runs, "order:paid")
    assert facts_of(told) == {"touchpoints shop:late": ("new", {})}
    assert {(row["before"], row["after"]) for row in told["moved"]} == {(1000, 1000)}
    assert (told["orders"], told["orders_moved"]) == ([], 0)
    assert moves_of(told) == {"shop:early": ("changed", 1000, 500), "shop:late": ("came", 0, 500)}
    assert {row["channel"] for row in told["touches"]} == {"tiktok", "email"}
    assert told["as_of"] == "2026-03-11T00:00:00+00:00"
    assert told["options"] == {}


def test_credit_that_moved_within_an_order_is_told_in_money(runs: tuple[Run, Path]) -> None:
    run, then = runs
    text = "\n".join(lines(explain(run.facts, run.folder, "order:paid", model="linear", since=then)))
    assert "No order's credit has moved as a whole under linear" in text
    assert "Touchpoints whose credit has moved most under linear (2 in all)" in text
    assert "visit on email, 2026-03-03 00:00 UTC: came, 0.00\u202fEUR → 5.00\u202fEUR" in text
    unmoved = "\n".join(lines(explain(run.facts, run.folder, "order:same", model="linear", since=then)))
    assert "No order's credit has moved under linear" in unmoved
    assert "Touchpoints whose" not in unmoved


def test_credit_of_nobody_known_goes_to_the_touchpoint_that_came(tmp_path: Path) -> None:
    facts: list[Fact] = [
        touch("t", 1, "a", content_id="v", observed_at=at(12)),
        order("1", 2, 800, person="a", observed_at=at(3)),
    ]
    run = Run(tmp_path, facts, models=["linear"])
    attribute(run.facts, tmp_path / "then", Options(models=["linear"], as_of=THEN))
    told = since((run, tmp_path / "then"), "order:1")
    assert moves_of(told) == {None: ("went", 800, 0), "shop:t": ("came", 0, 800)}
    assert all(row["because"] for row in told["touches"] if row["touch_uid"] is None)


def test_credit_of_a_content_moves_order_by_order_with_the_reason(runs: tuple[Run, Path]) -> None:
    told = since(runs, "content:v")
    assert {
        row["order_uid"]: (row["before"], row["after"], [reason["code"] for reason in row["reasons"]])
        for row in told["orders"]
    } == {
        "shop:paid": (1000, 500, ["steps"]),
        "shop:refunded": (0, 1500, ["sale_begun"]),
        "shop:gone": (700, 0, ["sale_ended"]),
        "shop:new": (0, 300, ["order_new"]),
    }
    moved = {row["model"]: (row["before"], row["after"]) for row in told["moved"]}
    assert moved["linear"] == (1000 + 700 + 400, 500 + 1500 + 300 + 400)
    assert told["orders_moved"] == 4, "an order that was told again as it was has not moved"


def test_of_each_currency_the_orders_that_moved_most_are_listed(tmp_path: Path) -> None:
    """One yen is one minor unit, and one dinar a thousand: their orders stand apart."""
    sold = [*((f"eur{number:02}", number, "EUR") for number in range(1, 24)), ("dinar", 9_000, "KWD")]
    facts: list[Fact] = []
    for name, goods, currency in sold:
        facts += [
            touch(name, 1, name, channel="tiktok", content_id="v", observed_at=at(2)),
            order(name, 9, goods, person=name, currency=currency, observed_at=at(11)),
        ]
    run = Run(tmp_path, facts, models=["linear"])
    attribute(run.facts, tmp_path / "then", Options(models=["linear"], as_of=THEN))
    told = since((run, tmp_path / "then"), "content:v")
    names = [row["order_uid"] for row in told["orders"]]
    assert names == [*(f"shop:eur{number:02}" for number in range(23, 3, -1)), "shop:dinar"]
    assert told["orders_moved"] == 24


def test_restated_facts_say_what_was_and_what_is(runs: tuple[Run, Path]) -> None:
    told = facts_of(since(runs, "order:refunded"))
    assert told["refunds shop:refunded/11"] == ("new", {})
    what, fields = told["orders shop:refunded"]
    assert (what, fields["status"]) == ("restated", ["pending", "paid"])
    assert set(fields) == {"status", "paid_at"}
    assert facts_of(since(runs, "order:same")) == {}, "told again, and nothing is another"


def test_a_customer_is_compared_over_all_orders(runs: tuple[Run, Path]) -> None:
    told = since(runs, "customer:b")
    assert {row["model"]: (row["before"], row["after"]) for row in told["moved"]} == {
        "linear": (0, 1500),
        "markov": (0, 1500),
    }
    assert moves_of(told) == {"shop:b": ("came", 0, 1500)}
    assert [row["kind"] for row in told["facts"]] == ["refunds", "orders"]


def test_a_fact_that_is_taken_back_and_one_that_names_another(tmp_path: Path) -> None:
    facts: list[Fact] = [
        touch("t", 1, "a", content_id="v", observed_at=at(2)),
        touch("t", 1, "a", content_id="w", observed_at=at(12), version=1),
        touch("u", 1, "a", content_id="v", observed_at=at(2)),
        touch("u", 1, "a", content_id="v", observed_at=at(12), removed=True),
        touch("old", 1, "a", content_id="v", observed_at=at(3), version=5),
        touch("old", 1, "a", content_id="x", observed_at=at(13), version=4),
        order("1", 2, person="a", observed_at=at(3)),
    ]
    run = Run(tmp_path, facts, models=["linear"])
    attribute(run.facts, tmp_path / "then", Options(models=["linear"], as_of=THEN, lookback_days=7))
    told = since((run, tmp_path / "then"), "content:v")
    assert facts_of(told) == {
        "touchpoints shop:t": ("restated", {"content_id": ["v", "w"]}),
        "touchpoints shop:u": ("taken back", {}),
    }, "an older revision that comes late changes nothing"
    assert told["options"] == {"lookback_days": [7, 30]}
    text = "\n".join(lines(explain(run.facts, run.folder, "content:v", since=tmp_path / "then")))
    assert "content_id: v → w" in text
    assert "another option: lookback_days was 7, is 30" in text
