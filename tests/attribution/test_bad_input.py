"""What facts should not be like, and sometimes are: each case by name, what becomes of it, and that nothing is lost."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jalon import attribution
from jalon.attribution.explain import explain
from jalon.attribution.models import MODELS
from jalon.report.explanation import lines as explained
from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.page.page import render
from jalon.report.summary import lines, summary
from tests.handmade import Run, line, order, refund, same, touch

DAY = 86_400_000_000
FEW: dict[str, Any] = {"models": ["first", "last", "linear", "markov"]}
SALE = order("1", 40, 1000, person="a")


def table(*rows: tuple[str, float, str | None, float]) -> pa.Table:
    """Rows (person, day, channel, value) for the library; a value makes a conversion."""
    who, days, channels, values = zip(*rows, strict=True)
    return pa.table(
        {
            "person": pa.array(who, pa.string()),
            "time": pa.array([round(day * DAY) for day in days], pa.timestamp("us", "UTC")),
            "channel": pa.array(channels, pa.string()),
            "conversion": pa.array([value != 0 for value in values]),
            "value": pa.array(values, pa.float64()),
        }
    )


def sums(credit: list[dict[str, Any]], order_uid: str = "shop:1") -> set[int]:
    """Return what the models' credit of an order sums to."""
    models = {row["model"] for row in credit}
    return {sum(r["net"] for r in credit if r["model"] == m and r["order_uid"] == order_uid) for m in models}


def test_cycles_of_identity(tmp_path: Path) -> None:
    ring = [same(f"n{i}", f"n{(i + 1) % 5}") for i in range(5)]
    run = Run(tmp_path, [*ring, same("n2", "n2"), touch("t", 39, "n3"), order("1", 40, person="n1")], **FEW)
    assert run.journey("1") == ["t"]
    assert {row["person"] for row in run.rows("people")} == {"n0"}


def test_an_empty_journey_and_a_conversion_without_touch(tmp_path: Path) -> None:
    run = Run(tmp_path, [SALE, order("2", 41, 50)], **FEW)
    assert run.journey("1") == run.journey("2") == []
    assert {row["reason"] for row in run.rows("credit")} == {"nothing_known", "no_person"}
    assert sums(run.rows("credit")) == {1000}
    told = attribution.credit(table(("a", 1, None, 9.99)), ["linear", "markov"]).to_pylist()
    assert [(row["touch"], row["weight"], row["credit"]) for row in told] == [(None, 1, Decimal("9.99"))] * 2


def test_nothing_but_touches_that_nobody_had(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 1), touch("u", 2, kind="view")], **FEW)
    assert (run.rows("steps"), run.rows("open_steps"), run.rows("credit")) == ([], [], [])
    assert len(run.rows("touches")) == 2


def test_one_channel_alone(tmp_path: Path) -> None:
    facts = [touch(f"t{n}", 30 + n, "a") for n in range(3)]
    run = Run(tmp_path, [*facts, SALE], models=list(MODELS), custom=[1, 1, 1])
    assert sums(run.rows("credit")) == {1000}
    told = attribution.credit(table(("a", 1, "only", 0), ("a", 2, "only", 5.0), ("b", 1, "only", 0)), "markov")
    assert set(told["channel"].to_pylist()) == {"only"}


def test_a_thousand_touches_in_one_journey(tmp_path: Path) -> None:
    facts = [touch(f"t{n:04d}", 20 + n / 100, "a", channel=f"c{n % 7}") for n in range(1000)]
    run = Run(tmp_path, [*facts, SALE], **FEW)
    assert run.journey("1") == [f"t{n:04d}" for n in range(900, 1000)]
    assert run.result.touches_cut == 900
    assert run.rows("open_steps") == [], "what was cut off led to the sale; it is no journey that led to none"
    whole = Run(tmp_path / "whole", [*facts, SALE], **FEW, max_touches=1000)
    assert len(whole.rows("credit", model="linear")) == 1000
    assert sums(whole.rows("credit")) == {1000}
    rows = [("a", 20 + n / 100, f"c{n % 7}", 0.0) for n in range(1000)]
    told = attribution.credit(table(*rows, ("a", 40, None, 10.0)), "linear", max_touches=1000)
    assert sum(told["credit"].to_pylist()) == 10
    assert len(told) == 1000


def test_equal_times_are_ordered_by_name_whatever_comes_first(tmp_path: Path) -> None:
    facts = [touch(key, 40, "a") for key in ("b", "c", "a")]
    run, turned = Run(tmp_path, [*facts, SALE], **FEW), Run(tmp_path / "turned", [SALE, *reversed(facts)], **FEW)
    assert run.journey("1") == turned.journey("1") == ["a", "b", "c"]
    assert run.rows("credit") == turned.rows("credit")
    rows = [("a", 1.0, "x", 0.0), ("a", 1.0, "y", 0.0), ("a", 1.0, None, 3.0)]
    by_channel = [attribution.credit(table(*order), "last")["channel"].to_pylist() for order in (rows, rows[::-1])]
    assert by_channel[0] == by_channel[1]


def test_clocks_that_differ_by_seconds(tmp_path: Path) -> None:
    """A click that the shop states to belong to its order may be dated a little after it; others may not."""
    second = 1 / 86_400
    facts = [
        touch("clicked", 40 + 5 * second, None, order_id="1"),
        touch("much-later", 40 + 60 * second, None, order_id="1"),
        touch("thanked", 40 + 5 * second, "a"),
        SALE,
    ]
    run = Run(tmp_path, facts, **FEW)
    assert run.journey("1") == ["clicked"]
    assert run.result.late_by_the_clock == 1
    assert run.rows("steps")[0]["had_at"] == run.order("1")["placed_at"]
    assert Run(tmp_path / "strict", facts, **FEW, clock_skew_seconds=0).journey("1") == []
    assert len(run.rows("touches")) == 4, "none is lost, the purchase among them"


def test_a_visit_that_shop_and_site_both_tell_is_one(tmp_path: Path) -> None:
    minute = 1 / 1440
    facts = [
        touch("stated", 39, "a", order_id="1", channel="instagram", kind="content_click"),
        touch("told", 39 + 2 * minute, "a", source="site", channel="instagram"),
        touch("told-later", 39 + 40 * minute, "a", source="site", channel="instagram"),
        touch("stated-search", 39.5, "a", order_id="1"),
        touch("told-by-the-same", 39.5 + minute, "a"),
        touch("stated-of-a-video", 39.7, "a", order_id="1", channel="tiktok", content_id="v1"),
        touch("told-of-none", 39.7 + minute, "a", source="site", channel="tiktok"),
        SALE,
    ]
    run = Run(tmp_path, facts, **FEW)
    every = [fact.key for fact in facts[:-1]]
    assert run.journey("1") == [key for key in every if key != "stated"]
    (aside,) = (row["touch_uid"] for row in run.rows("touches") if not row["is_counted"])
    assert aside.endswith(":stated"), "it stays among the touchpoints"
    assert Run(tmp_path / "twice", facts, **FEW, same_visit_minutes=0).journey("1") == every


def test_a_visit_from_before_the_previous_sale_stays_with_the_order_that_states_it(tmp_path: Path) -> None:
    facts = [
        touch("told", 30, "a", source="site"),
        order("0", 30.5, 1000, person="a"),
        touch("stated", 30, "a", order_id="1"),
        SALE,
    ]
    run = Run(tmp_path, facts, **FEW)
    assert run.journey("1") == ["stated"]


def test_a_till_whose_numbers_begin_anew_each_day(tmp_path: Path) -> None:
    """Of two sales under one number one is kept: the run says that there were two, and where."""
    receipt = {"source": "own", "platform": "till", "person": "b"}
    facts = [
        touch("t", 39, "a"),
        SALE,
        order("7", 40, 500, version=1, **receipt),
        order("7", 41, 900, version=2, **receipt),
        order("8", 40, 500, version=1, **receipt),
        order("8", 40.2, 500, version=2, **receipt),
    ]
    assert Run(tmp_path, facts, **FEW).result.told_of_other_days == {"own": 1}


def test_touches_in_the_future(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 39, "a"), touch("ahead", 900, "a"), SALE], **FEW)
    assert run.result.dated_ahead == 1
    assert run.journey("1") == ["t"]
    assert [row["touch_uid"] for row in run.rows("open_steps")] == ["shop:ahead"]


@pytest.mark.parametrize(("goods", "warning"), [(0, None), (-500, "negative_order"), (1, None)])
def test_orders_of_no_value_or_less(tmp_path: Path, goods: int, warning: str | None) -> None:
    facts = [touch("t", 39, "a"), touch("u", 38, "a", channel="email"), order("1", 40, goods, person="a")]
    run = Run(tmp_path, facts, **FEW)
    assert sums(run.rows("credit")) == {goods}
    assert {sum(row["weight"] for row in run.rows("credit", model=model)) for model in FEW["models"]} == {1}
    assert run.order("1")["net_warning"] == warning
    rows = table(("a", 1, "x", 0), ("a", 2, "y", goods / 100 or 0.004))
    assert sum(attribution.credit(rows, "linear")["credit"].to_pylist()) == Decimal(goods) / 100


def test_refunds_above_the_order(tmp_path: Path) -> None:
    facts = [touch("t", 39, "a"), touch("u", 38, "a"), SALE, refund("1", 41, 1500)]
    run = Run(tmp_path, facts, **FEW)
    assert sums(run.rows("credit")) == {-500}
    assert run.credit("1", "linear") == {"t": -250, "u": -250}
    assert run.order("1")["net_warning"] == "refund_above_order"
    assert run.result.net_warnings == {"refund_above_order": 1}


def test_a_refund_in_the_currency_that_the_buyer_was_shown(tmp_path: Path) -> None:
    shown = {"presentment_currency": "USD", "presentment_total": 1250}
    facts = [order("1", 40, 1000, **shown), refund("1", 41, 500, currency="USD"), refund("1", 42, 100)]
    run = Run(tmp_path, facts, **FEW)
    row = run.order("1")
    assert (row["net"], row["reversed"], row["refunded_converted"]) == (500, 500, 400)
    assert row["net_warning"] == "refund_converted"
    told = explain(run.facts, run.folder, "shop:1")
    assert [each["counts"] for each in told["refunds"]] == [True, True]
    assert any("order's own rate" in line for line in explained(told))
    assert sums(run.rows("credit")) == {500}


@pytest.mark.parametrize("shown", [{}, {"presentment_currency": "USD", "presentment_total": 0}])
def test_a_refund_in_a_currency_without_a_rate(tmp_path: Path, shown: dict[str, Any]) -> None:
    currency = "USD" if shown else "GBP"
    facts = [touch("t", 39, "a"), order("1", 40, 1000, person="a", **shown), refund("1", 41, 500, currency=currency)]
    run = Run(tmp_path, [*facts, refund("1", 42, 100)], **FEW)
    row = run.order("1")
    assert (row["net"], row["refunds_elsewhere"], row["net_warning"]) == (900, 1, "refund_in_other_currency")
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    told = figures(tmp_path / "marts", run.folder)
    assert [(each["net_warning"], each["orders"], each["net"]) for each in told["warnings"]] == [
        ("refund_in_other_currency", 1, "9.00")
    ]
    said = "\n".join(lines(told, language("en")))
    assert "not taken off the net" in said


def test_a_refund_of_no_known_order(tmp_path: Path) -> None:
    """Money that went back is told, whoever's it was; what never went back is not."""
    gone = [refund("9", 41, 500), refund("09", 42, 70), refund("8", 41, 30, state="failed"), line("7", "1")]
    run = Run(tmp_path, [SALE, refund("1", 40, 100), *gone], **FEW)
    assert (run.order("1")["net"], run.result.net_warnings) == (900, {})
    assert (run.result.refunds_unmatched, run.result.lines_unmatched) == ({"shop": 2}, {"shop": 1})
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    told = figures(tmp_path / "marts", run.folder)
    rows = [{"currency": "EUR", "refunds": 2, "goods_minor": 570, "goods": "5.70"}]
    assert told["refunds_unmatched"] == summary(told)["refunds_unmatched"] == rows
    said = "2 refunds of €5.70 not taken off: their orders are not known; compare their order numbers"
    assert said in "\n".join(lines(told, language("en")))
    assert said in re.sub(r"<[^>]*>|\s+", " ", render(told)).replace("  ", " ")


def test_a_currency_that_nobody_knows(tmp_path: Path) -> None:
    """Normalizers hold such orders back; one that came in all the same keeps its minor units and gets no amount."""
    run = Run(
        tmp_path, [touch("t", 39, "a"), order("1", 40, 1000, person="a", currency="ZZZ"), order("2", 40, 5)], **FEW
    )
    assert sums(run.rows("credit")) == {1000}
    build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    told = figures(tmp_path / "marts", run.folder)
    assert {(row["currency"], row["net_minor"]) for row in told["headline"]} == {("ZZZ", 1000), ("EUR", 5)}


def test_a_kind_that_no_stage_rule_knows(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 39, "a", kind="other"), SALE], **FEW)
    assert (run.touch("t")["stage"], run.touch("t")["stage_rule"]) == ("unknown", "unknown")
    assert run.credit("1", "linear") == {"t": 1000}
    models = [name for name in ("w_shaped", "full_path", "custom") if name in MODELS]
    staged = Run(tmp_path / "staged", [touch("t", 39, "a", kind="other"), SALE], models=models, custom={"decision": 1})
    assert sums(staged.rows("credit")) == {1000}


def test_the_same_fact_many_times_is_one(tmp_path: Path) -> None:
    once = [touch("t", 39, "a"), touch("u", 38, "a"), same("a", "b"), SALE, refund("1", 41, 100)]
    many = [fact._replace(inbox_id=number) for number in (1, 2, 3) for fact in once]
    run, again = Run(tmp_path, once, **FEW), Run(tmp_path / "again", many, **FEW)
    assert again.rows("credit") == run.rows("credit")
