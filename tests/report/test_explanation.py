"""The explanation of an order as text says what the data say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jalon.attribution.explain import explain
from jalon.attribution.options import Options
from jalon.report.explanation import lines
from tests.handmade import Run, order, refund, touch


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    facts = [
        touch("t\x1b[2J", 1, "a", kind="tag_click", evidence="own_click", inbox_id=17),
        order("1", 3, 999, person="a"),
        order("copy", 3.1, origin="webshop", source="erp", platform="erp", external_ids=("webshop:1",)),
        refund("1", 5, 100),
        refund("1", 6, 50, state="pending"),
        order("2", 9),
    ]
    return Run(tmp_path_factory.mktemp("explanation"), facts)


def text(run: Run, order: str) -> str:
    return "\n".join(lines(explain(run.facts, run.folder, order))).replace("\u202f", " ")


def test_it_goes_from_the_touch_to_the_cent(run: Run) -> None:
    told = text(run, "1")
    for said in (
        "Order shop:1\n  sale, paid, placed 2026-03-04 00:00 UTC",
        "net 8.99 EUR = 9.99 EUR booked - 1.00 EUR taken back\n     rule paid: what was booked",
        "its copy erp:copy is not counted: an id states",
        "0.50 EUR of goods, refund, pending, 2026-03-07 00:00 UTC: not taken off the net",
        "Journey: 1 touchpoint in the 30 days before the order, after the previous sale",
        "stage consideration (rule interest, someone new), known by own_click",
        "inbox row 17",
        ", time_decay\n    1.000000000  8.99 EUR = 9.99 EUR - 1.00 EUR taken back  touchpoint 1 (observed)",
    ):
        assert said in told, said
    assert "\x1b" not in told


def test_it_names_the_models_that_look_back_further_or_less_far(tmp_path: Path) -> None:
    facts = [touch("old", 1, "a"), touch("new", 39, "a"), order("1", 40, person="a")]
    told = text(Run(tmp_path, facts, models=["first", "linear"], model_lookback={"first": 60}), "1")
    assert "Journey: 2 touchpoints in the 30 days before the order, 60 under first, after the previous sale" in told


def test_models_that_agree_to_the_cent_are_told_once(run: Run) -> None:
    told = text(run, "1").partition("Credit by model")[2]
    assert told.count("8.99 EUR = 9.99 EUR - 1.00 EUR taken back  touchpoint 1") == 1
    assert told.count("unknown: ") == 1  # what learns has too little to learn from
    named = [name for line in told.splitlines() if re.match("  [a-z]", line) for name in line.strip().split(", ")]
    assert sorted(named) == sorted(Options().models)


def test_a_copy_points_to_its_sale_and_the_unknown_says_why(run: Run) -> None:
    assert "not counted: an id states that it is a copy\n  the sale that counts: shop:1" in text(run, "copy")
    assert "none: only counted sales are credited" in text(run, "copy")
    assert "buyer not known" in text(run, "2")
    assert "10.00 EUR  unknown: the order tells of no person" in text(run, "2")
