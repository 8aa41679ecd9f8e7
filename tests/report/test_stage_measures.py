"""Measures of each stage, recounted by hand from the facts of the town."""

from __future__ import annotations

from pathlib import Path

import pytest

from jalon.attribution.presets import PRESETS
from jalon.attribution.stages import STAGES
from jalon.normalize.vocabulary import Fact
from jalon.report.page.blocks.measures import measures, surveys, written
from jalon.report.page.language import language
from jalon.report.people.measure_list import MEASURES
from jalon.report.people.person_tables import RPT_STAGE_MEASURES
from jalon.report.summary.customers import lines
from tests import handmade
from tests.handmade import answer, day, order, refund, touch
from tests.report.people_made import People


def test_each_measure_has_a_row_and_each_row_a_value_or_a_reason(in_town: People, few: People) -> None:
    for made in (in_town, few):
        rows = made.sql("SELECT measure, value, low, high, because, stage, unit FROM rpt_stage_measures")
        assert {row[0] for row in rows} | {"reaches_purchase"} == set(MEASURES)
        for measure, value, low, high, because, stage, unit in rows:
            assert (value is None) == (because is not None), measure
            assert stage in STAGES
            assert unit
            assert low is None or high is None or low <= value <= high, measure


def test_carts_of_a_person_within_the_window_are_one_and_those_that_are_not_over_are_left_out(
    in_town: People,
) -> None:
    """Six persons put into a cart and went to the checkout; two ordered; the cart of yesterday may still be."""
    value, low, high, n, *_ = in_town.measure("cart_loss")
    assert (value, n) == (pytest.approx(4 / 6, abs=1e-6), 6)
    assert low < value < high


def test_a_cart_is_not_lost_whose_order_was_paid_and_then_cancelled(tmp_path: Path) -> None:
    facts: list[Fact] = [touch("late", 100, "x")]
    for name, status in (("a", "paid"), ("b", "cancelled"), ("c", "pending")):
        facts += [touch(name, 1, name, kind="add_to_cart"), order(name, 2, person=name, status=status)]
    assert People(tmp_path, facts).measure("cart_loss")[0] == pytest.approx(1 / 3, abs=1e-6)


def test_money_and_returns_are_those_of_the_orders(in_town: People) -> None:
    (booked, orders), *_ = in_town.sql("SELECT sum(booked), count(*) FROM fct_orders WHERE is_sale")
    value, low, high, n, unit, _ = in_town.measure("order_value", "EUR")
    assert (value, n, unit) == (pytest.approx(float(booked) / orders, abs=1e-5), orders, "EUR")
    assert low < value < high
    assert in_town.measure("refund_rate", "EUR")[0] == pytest.approx(2.0 / float(booked), abs=1e-6)
    assert in_town.measure("return_rate")[:1] == (pytest.approx(1 / orders, abs=1e-6),)


def test_shares_of_persons_are_recounted(in_town: People) -> None:
    known, customers, again = in_town.sql(
        "SELECT count(*), count(*) FILTER (is_customer), count(*) FILTER (purchases > 1) FROM dim_customers "
        "WHERE person <> '(none)'"
    )[0]
    assert in_town.measure("known_persons")[0] == known
    assert in_town.measure("conversion_rate")[0] == pytest.approx(customers / known, abs=1e-6)
    assert in_town.measure("repeat_rate")[:1] == (pytest.approx(again / customers, abs=1e-6),)
    assert in_town.measure("product_view_rate")[0] == pytest.approx(8 / known, abs=1e-6)
    assert in_town.measure("new_persons")[0] == 1, "who put into a cart yesterday"


def test_who_is_known_by_a_purchase_and_what_came_of_it_was_not_met(tmp_path: Path) -> None:
    facts: list[Fact] = [touch("look", 1, "a", kind="product_view"), touch("visit", 1, "b")]
    for n, kind in enumerate(("delivery", "refund", "survey")):
        facts += [order(kind, 2, person=kind), touch(kind, 3 + n, kind, kind=kind)]
    made = People(tmp_path, facts)
    assert [made.measure("product_view_rate")[at] for at in (0, 3)] == [0.5, 2]


def test_half_of_those_who_signed_up_have_bought_after_twenty_days(in_town: People) -> None:
    """Ten signed up; six of them bought, after 4, 8, 12, 16, 20 and 24 days."""
    value, low, high, n, unit, _ = in_town.measure("time_from_sign_up")
    assert (value, n, unit) == (20.0, 10, "days")
    assert low is not None
    assert low < value
    assert high is None, "it may take longer than is known"


def test_platforms_reach_persons_a_day_and_what_no_source_tells_is_no_zero(in_town: People, few: People) -> None:
    assert in_town.measure("daily_reach", "network")[0] == 110
    assert few.measure("daily_reach")[::5] == (None, "no source tells reach by day")
    assert in_town.measure("tag_click_rate")[0] is None


def test_each_account_of_a_platform_has_a_reach_of_its_own(tmp_path: Path) -> None:
    told = [
        handmade.measure("reach", reached, key=f"{n}", source=source, start_date=day(n), end_date=day(n + 1))
        for source, days in (("small", (10, 30)), ("great", (1000, 1000, 1000)))
        for n, reached in enumerate(days)
    ]
    other = handmade.measure("reach", 7, key="other", source="great", platform="elsewhere")
    made = People(tmp_path, [*told, other])
    assert made.measure("daily_reach", "network:small")[::3] == (20, 2)
    assert made.measure("daily_reach", "network:great")[::3] == (1000, 3)
    assert made.measure("daily_reach", "elsewhere")[::3] == (7, 1)
    assert made.sql("SELECT count(*) FROM rpt_stage_measures WHERE measure = 'daily_reach'") == [(3,)]
    shown = measures(made.told(), language("en"))
    assert shown is not None
    rows = [row for stage in shown["stages"] for row in stage["rows"] if row["title"] == "Persons reached a day"]
    assert [row["of"] for row in rows] == ["Elsewhere", "Network (great)", "Network (small)"]


def test_orders_of_a_source_that_tells_no_return_belong_to_no_whole(tmp_path: Path) -> None:
    facts: list[Fact] = [order(f"{n}", 1) for n in range(4)]
    facts += [order(f"till-{n}", 1, source="till") for n in range(6)]
    made = People(tmp_path, [*facts, refund("1", 3, 100, reason="return")])
    assert made.measure("return_rate")[::3] == (0.25, 4)


def test_what_no_source_tells_of_persons_is_not_known_to_be_none(tmp_path: Path) -> None:
    """A till knows who bought; it tells of no look at a product, and of nobody who recommends."""
    facts: list[Fact] = [touch("met", 1, "a"), order("1", 2, person="a")]
    silent = tmp_path / "silent"
    silent.mkdir()
    unknown = People(silent, facts)
    assert unknown.measure("product_view_rate")[::5] == (None, "no source tells of a look at a product")
    without = "no answer, share, referral or review of a known person is told"
    assert unknown.measure("ambassadors")[::5] == (None, without)
    told = [touch("looked", 1, None, kind="product_view"), answer("nps", 7, person="a")]
    known = People(tmp_path, [*facts, *told])
    assert known.measure("product_view_rate")[:1] == (0.0,), "somebody's looks are told, and this person's is not there"
    assert known.measure("ambassadors")[:1] == (0.0,), "they were asked, and are none"


def test_of_each_stage_before_the_purchase_it_is_told_how_many_buy_later(in_town: People) -> None:
    value, *_, n, _, _ = in_town.measure("reaches_purchase", stage="decision")
    assert (value, n) == (pytest.approx(2 / 7, abs=1e-6), 7)


def test_the_mart_says_what_it_counts_in_and_of_whom() -> None:
    assert {column.name for column in RPT_STAGE_MEASURES.columns} >= {"n", "unit", "definition", "because", "better"}
    assert {measure.stage for measure in MEASURES.values()} - {""} == {stage.id for stage in PRESETS["canonical"]}
    assert all(measure.definition.endswith(".") for measure in MEASURES.values())


@pytest.mark.parametrize(
    ("value", "unit", "english", "french"),
    [
        (0.153, "of 1", "15%", "15\u00a0%"),
        (12.34, "EUR", "€12.34", "12,34\u00a0€"),
        (2.0, "days", "2 days", "2 jours"),
        (-15.91, "points", "\u221215.9", "\u221215,9"),
    ],
)
def test_figures_are_written_in_their_unit(value: float, unit: str, english: str, french: str) -> None:
    assert [written(value, unit, language(name)) for name in ("en", "fr")] == [english, french]


def test_the_page_tells_them_in_both_languages_or_leaves_them_out(in_town: People) -> None:
    told = in_town.told()
    for name, title in (("en", "Net Promoter Score is 40"), ("fr", "Net Promoter Score est de 40")):
        shown = measures(told, language(name))
        assert shown is not None
        assert title in shown["says"]
        assert len(shown["stages"]) == len(PRESETS["canonical"])
        assert sum(row["share"] for row in shown["segments"]) == pytest.approx(1)
        answered = surveys(told, language(name))
        assert answered is not None
        assert len(answered["rows"]) == len(told["surveys"])
    nothing = {"stage_measures": [], "surveys": []}
    assert measures(nothing, language("en")) is None
    assert surveys(nothing, language("en")) is None


def test_the_terminal_tells_them_in_a_few_lines(in_town: People) -> None:
    english = language("en")
    said = list(lines(in_town.told(), english))
    (nps,) = [line for line in said if "Net Promoter Score" in line]
    assert nps.split()[-2:] == ["40", "(19.7\u201355.8)"]
    (value,) = [line for line in said if "Average order value" in line]
    assert "€" in value
    assert said[-1] == "Targets met: 4 of 8. 1 was not measured."
    assert list(lines({"stage_measures": [], "targets": []}, english)) == []
    *_, french = lines(in_town.told(), language("fr"))
    assert french == "Objectifs atteints\u00a0: 4 sur 8. 1 n\u2019a pas été mesuré."


def test_the_terminal_tells_a_figure_that_is_zero_and_none_that_is_not_known() -> None:
    row = {"measure": "nps", "value": 0.0, "low": -30.0, "high": 30.0, "unit": "points"}
    said = list(
        lines(
            {"stage_measures": [row, {**row, "value": None, "low": None, "high": None}], "targets": []}, language("en")
        )
    )
    assert [line.split()[-4:] for line in said[2:]] == [["0", "(\u221230", "\u2013", "30)"]]


def test_ends_below_zero_stand_apart_from_the_dash_between_them() -> None:
    row = {"measure": "nps", "value": -37.5, "low": -61.1, "high": -2.1, "unit": "points"}
    (*_, said) = lines({"stage_measures": [row], "targets": []}, language("en"))
    assert said.endswith("\u221237.5 (\u221261.1 \u2013 \u22122.1)")


def test_a_rate_of_nothing_seen_is_not_known_and_reach_is_that_over_all_and_never_below_none(tmp_path: Path) -> None:
    days = {"start_date": day(0), "end_date": day(1), "source": "net"}
    facts = [
        *(handmade.measure(metric, 0, key=metric, content_id="v", **days) for metric in ("views", "tag_clicks")),
        handmade.measure("reach", 900, key="of a creator", creator_id="c", **days),
        *(handmade.measure("reach", reached, key=f"r{reached}", **days) for reached in (0, 10)),
    ]
    made = People(tmp_path, facts)
    assert made.measure("tag_click_rate")[::5] == (None, "no source tells views and clicks on tags of the same content")
    assert made.measure("daily_reach", "network")[:2] == (5.0, 0.0)
