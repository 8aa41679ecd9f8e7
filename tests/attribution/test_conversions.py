"""New and returning customers apart; conversions beyond the order."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.summary import lines, summary
from tests.handmade import Run, order, touch


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


@pytest.mark.parametrize("first", [{"status": "pending", "paid_at": None}, {"kind": "sample"}])
def test_an_order_without_an_index_hides_no_earlier_sale_and_makes_none(tmp_path: Path, first: dict[str, Any]) -> None:
    facts = [
        order("1", 1, person="a", **first),
        order("2", 2, person="a", customer_order_index=5),
        order("3", 1, person="b", **first),
        order("4", 2, person="b", customer_order_index=1),
        order("5", 1, person="c"),
        order("6", 2, person="c", customer_order_index=1),
    ]
    run = Run(tmp_path, [touch("t", 0.5, "c"), *facts])
    told = {row["order_id"]: (row["customer"], row["prior_sales"]) for row in run.rows("sales")}
    assert (told["2"], told["4"]) == (("returning", 4), ("new", 0))
    assert (told["5"], told["6"]) == (("new", 0), ("returning", 1))
    assert not run.touch("t")["is_customer"]


BESIDE: dict[str, Any] = {"conversions": ["order", "first_purchase", "sign_up"], "models": ["last", "linear", "markov"]}
FACTS: list[Fact] = [
    touch("ad", 1, "a", channel="tiktok"),
    touch("mail", 2, "a", channel="email"),
    touch("joined", 3, "a", kind="sign_up", channel="site"),
    touch("back", 4, "a", channel="search"),
    order("1", 5, 1000, person="a"),
    touch("again", 6, "a", channel="search"),
    order("2", 7, 500, person="a"),
    touch("nameless", 3, kind="sign_up", channel="site"),
    touch("sudden", 3, "b", kind="sign_up", channel="site"),
    touch("looked", 2, "c", channel="search"),
]


def credited(run: Run, conversion: str, model: str) -> dict[tuple[str, str | None], Decimal]:
    rows = run.rows("conversion_credit", conversion=conversion, model=model)
    return {(row["conversion_uid"].partition(":")[2], row["touch_uid"]): row["weight"] for row in rows}


def test_orders_alone_are_credited_unless_more_is_asked_for(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS)
    assert (run.rows("conversions"), run.rows("conversion_credit")) == ([], [])


def test_a_sign_up_is_a_conversion_with_a_journey_of_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, **BESIDE)
    told = [row["conversion_uid"] for row in run.rows("conversions", conversion="sign_up")]
    assert told == ["shop:joined", "shop:nameless", "shop:sudden"]
    half = Decimal("0.5")
    assert credited(run, "sign_up", "linear") == {
        ("joined", "shop:ad"): half,
        ("joined", "shop:mail"): half,
        ("nameless", None): 1,
        ("sudden", None): 1,
    }
    unknown = run.rows("conversion_credit", conversion="sign_up", model="last", basis="unknown")
    assert [row["reason"] for row in unknown] == ["no_person", "nothing_known"]
    assert credited(run, "sign_up", "last")["joined", "shop:mail"] == 1


def test_a_first_purchase_is_credited_as_its_order_is(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, **BESIDE)
    assert [row["conversion_uid"] for row in run.rows("conversions", conversion="first_purchase")] == ["shop:1"]
    for model in BESIDE["models"]:
        as_order = {row["touch_uid"]: row["weight"] for row in run.rows("credit", order_uid="shop:1", model=model)}
        assert {uid: weight for (_, uid), weight in credited(run, "first_purchase", model).items()} == as_order


def test_counts_and_values_sum_up_and_never_meet_revenue(tmp_path: Path) -> None:
    options = {**BESIDE, "conversion_values": {"sign_up": 2.5, "first_purchase": 0.01}}
    plain, run = Run(tmp_path / "plain", FACTS, models=BESIDE["models"]), Run(tmp_path / "beside", FACTS, **options)
    for table in ("credit", "sales", "steps", "effects"):
        assert run.rows(table) == plain.rows(table)
    worth = {"sign_up": Decimal("2.50"), "first_purchase": Decimal("0.01")}
    for row in run.rows("conversions"):
        assert row["value"] == worth[row["conversion"]]
        for model in options["models"]:
            mine = [
                each
                for each in run.rows("conversion_credit", conversion=row["conversion"], model=model)
                if each["conversion_uid"] == row["conversion_uid"]
            ]
            assert sum(each["weight"] for each in mine) == 1
            assert sum(each["value"] for each in mine) == row["value"]


def test_they_are_told_in_a_mart_of_their_own_and_in_the_summary(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, **BESIDE, conversion_values={"sign_up": 5})
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    rows = pq.read_table(tmp_path / "marts" / "rpt_conversion_credit.parquet").to_pylist()
    (mail,) = [row for row in rows if row["model"] == "last" and row["touch_uid"] == "shop:mail"]
    assert (mail["conversion"], mail["channel"], mail["weight"], mail["value"]) == ("sign_up", "email", 1, 5)
    assert mail["person"] == "a"
    told = summary(figures(tmp_path / "marts", run.folder))
    assert ("first_purchase", "last", "search", 1.0, "0.00") in {tuple(row.values()) for row in told["conversions"]}
    said = "\n".join(lines(told, language("en")))
    assert "Sign up: 3" in said
    assert [(row["customer"], row["orders"]) for row in told["by_customer"]] == [("new", 1), ("returning", 1)]


def test_settings_of_journeys_hold_for_conversions_too(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, **BESIDE, skip=["email"], model_lookback={"last": 0.5})
    assert credited(run, "sign_up", "linear")["joined", "shop:ad"] == 1
    assert credited(run, "sign_up", "last")["joined", None] == 1


def test_every_model_credits_conversions(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, conversions=["sign_up"], models=list(MODELS), custom=[1, 1, 1])
    for model in MODELS:
        assert sum(row["weight"] for row in run.rows("conversion_credit", model=model)) == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"conversions": ["happiness"]}, "happiness"),
        ({"conversions": ["purchase"]}, "purchase"),
        ({"conversion_values": {"sign_up": 1}}, "sign_up"),
        ({"conversion_values": {"order": 1}}, "order"),
        ({"conversions": ["sign_up"], "conversion_values": {"sign_up": -1}}, "-1"),
    ],
)
def test_what_is_no_conversion_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Options(**options)
