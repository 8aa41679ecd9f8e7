"""New and returning customers apart; conversions beyond the order."""

from __future__ import annotations

from pathlib import Path

from tests.handmade import Run, order


def test_new_and_returning_customers_are_told_apart(tmp_path: Path) -> None:
    facts = [
        order("1", 1, person="a"),
        order("2", 2, person="a"),
        order("3", 3, person="b", customer_order_index=4),
        order("4", 4),
        order("5", 5, customer_order_index=0),
        order("6", 6, customer_order_index=2),
        order("7", 0.5, person="c", status="cancelled", paid_at=None),
        order("8", 7, person="c"),
    ]
    run = Run(tmp_path, facts)
    told = {row["order_id"]: row["customer"] for row in run.rows("sales")}
    assert told == {
        "1": "new", "2": "returning", "3": "returning", "4": "unknown", "5": "new", "6": "returning", "7": "new",
        "8": "new",
    }  # fmt: skip
