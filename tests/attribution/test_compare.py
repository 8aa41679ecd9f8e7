"""Where two models disagree: the figures equal a recount in plain Python, and the reasons are those of the journeys."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jalon.attribution.compare import CUTS, compare
from jalon.errors import JalonError
from jalon.report.comparison import lines
from tests.attribution.handmade_brand import brand
from tests.attribution.recount_moves import rows
from tests.handmade import Run, order, touch


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(
        tmp_path_factory.mktemp("compare"), brand(3), models=["first", "last", "linear", "shapley", "incremental"]
    )


def compared(run: Run, first: str, second: str, by: str = "channel") -> dict[str, Any]:
    told = compare(run.facts, run.folder, first, second, by)
    assert json.loads(json.dumps(told)) == told
    assert max(map(len, lines(told))) <= 110
    return told


def recount(run: Run, first: str, second: str, column: str) -> dict[str | None, tuple[int, int]]:
    makers = {"v0": "nora", "v1": "olu", "v3": "nora", "v4": "olu"}
    touches = {row["touch_uid"]: row for row in rows(run.folder, "touches")}
    sums: tuple[Counter[str | None], Counter[str | None]] = (Counter(), Counter())
    for row in rows(run.folder, "credit"):
        if row["model"] in (first, second):
            touched = touches.get(row["touch_uid"])
            value = touched and touched[column]
            if touched and column == "creator_id":
                value = value or makers.get(touched["content_id"])
            sums[row["model"] == second][(value or "") if touched else None] += row["net"]
    return {value: (sums[0][value], sums[1][value]) for value in {*sums[0], *sums[1]}}


@pytest.mark.parametrize("by", CUTS)
def test_both_sides_of_every_cut_equal_a_recount(run: Run, by: str) -> None:
    told = compared(run, "first", "linear", by)
    (currency,) = told["currencies"]
    assert {row["value"]: (row["a"], row["b"]) for row in currency["values"]} == recount(
        run, "first", "linear", CUTS[by]
    )
    assert currency["moved"] == sum(max(row["difference"], 0) for row in currency["values"]), (
        "what one loses another has"
    )
    assert currency["net"] == sum(row["net"] for row in rows(run.folder, "credit") if row["model"] == "first")
    sizes = [abs(row["difference"]) for row in currency["values"]]
    assert sizes == sorted(sizes, reverse=True)


def test_orders_on_which_they_agree_are_counted(run: Run) -> None:
    weights: dict[str, dict[str, dict[str | None, Any]]] = {}
    sold = {row["order_uid"] for row in rows(run.folder, "sales") if row["is_sale"]}
    for row in rows(run.folder, "credit"):
        if row["order_uid"] in sold:
            weights.setdefault(row["order_uid"], {}).setdefault(row["model"], {})[row["touch_uid"]] = row["weight"]
    agree = sum(own["first"] == own["last"] for own in weights.values())
    told = compared(run, "first", "last")["orders"]
    assert (told["all"], told["agree"]) == (len(weights), agree)
    assert 0 < agree < len(weights)


def test_what_was_paid_and_then_cancelled_is_no_order_that_they_agree_on(tmp_path: Path) -> None:
    facts: list[Any] = []
    for name, status in (("sold", "paid"), ("void", "cancelled")):
        facts += [touch(f"{name}{n}", n, name, channel=channel) for n, channel in enumerate(("search", "email"))]
        facts.append(order(name, 3, person=name, status=status))
    told = compared(Run(tmp_path, facts, models=["first", "last", "linear"]), "first", "last")
    assert told["orders"] == {"all": 1, "agree": 0, "within": 0}


def test_the_reason_is_how_journeys_begin_and_end(tmp_path: Path) -> None:
    facts = []
    for number, (begins, ends) in enumerate([("tiktok", "email")] * 3 + [("search", "email")] + [("tiktok", "tiktok")]):
        facts += [
            touch(f"a{number}", 1, f"p{number}", channel=begins),
            touch(f"b{number}", 2, f"p{number}", channel=ends),
            order(f"o{number}", 3, 1000 * (number + 1), person=f"p{number}"),
        ]
    facts.append(touch("single", 1, "q", channel="forum"))
    facts.append(order("single", 2, person="q"))
    facts.append(order("nobody", 2, 50))
    told = compared(Run(tmp_path, facts, models=["first", "last"]), "first", "last")
    assert told["orders"] == {"all": 7, "agree": 2, "within": 1}
    (currency,) = told["currencies"]
    assert (currency["net"], currency["moved"]) == (16050, 10000)
    email, tiktok, search = currency["values"][:3]
    assert (email["value"], email["a"], email["b"], email["orders"]) == ("email", 0, 10000, 4)
    assert [(row["begins"], row["ends"], row["orders"], row["difference"]) for row in email["patterns"]] == [
        ("tiktok", "email", 3, 6000),
        ("search", "email", 1, 4000),
    ]
    example = email["examples"][0]
    assert (example["order_uid"], example["difference"], example["path"]) == ("shop:o3", 4000, ["search", "email"])
    assert (tiktok["value"], tiktok["difference"], search["difference"]) == ("tiktok", -6000, -4000)
    assert {row["value"]: row["difference"] for row in currency["values"]}[None] == 0
    text = "\n".join(lines(told)).replace("\u202f", " ")
    assert "Of 7 orders the two agree entirely on 2 (29 %)" in text
    assert "journeys that begin with tiktok and end with email: 3 orders, 60.00 EUR" in text
    assert "First touch (first): What began the journey brought the sale." in text


def test_the_currency_of_most_sales_is_told_first(tmp_path: Path) -> None:
    """However many minor units a single order of another one has."""
    facts = [
        touch("a", 1, "p", channel="tiktok"), touch("b", 2, "p", channel="email"),
        *(order(f"o{number}", 3, 10, person="p", currency="EUR") for number in range(2)),
        order("dinar", 3, 9_000_000, person="p", currency="KWD"),
    ]  # fmt: skip
    told = compared(Run(tmp_path, facts, models=["first", "last"]), "first", "last")
    assert [row["currency"] for row in told["currencies"]] == ["EUR", "KWD"]


def test_models_that_cannot_be_compared_are_refused_with_those_that_can(run: Run) -> None:
    with pytest.raises(JalonError, match="'markov' was not computed"):
        compare(run.facts, run.folder, "first", "markov")
    with pytest.raises(JalonError, match="the same model"):
        compare(run.facts, run.folder, "first", "first")


def test_no_order_is_no_difference(tmp_path: Path) -> None:
    told = compared(Run(tmp_path, [], models=["first", "last"]), "first", "last")
    assert (told["orders"]["all"], told["currencies"]) == (0, [])
    assert "No order is credited yet." in list(lines(told))


def test_a_model_that_could_learn_nothing_says_so_and_why(run: Run) -> None:
    told = compared(run, "last", "incremental")
    assert [model["not_learnt"] is None for model in told["models"]] == [True, False]
    text = " ".join(" ".join(lines(told)).split())
    assert "It could learn nothing here, and credits nobody: " in text
    assert told["models"][1]["not_learnt"] in text
