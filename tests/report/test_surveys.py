"""Surveys: figures by the field's customs, intervals that keep what they promise, other scales, words for nothing."""

from __future__ import annotations

from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.normalize.vocabulary import Fact
from jalon.report.people.intervals import Estimate, mean, median_time, net_promoters, share
from jalon.report.people.surveys import SCORED, WON
from tests.handmade import answer, at, order
from tests.report.people_made import People


def answers(*given_: tuple[int, int], scale: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"score": score, "answers": times, "lowest": scale[0], "highest": scale[1]} for score, times in given_]


def figure(survey: str, *given_: tuple[int, int], scale: tuple[int, int]) -> Estimate:
    return SCORED[survey].figure(answers(*given_, scale=scale))


# --- figures --------------------------------------------------------------------------------------------------------


def test_net_promoters_are_nines_and_tens_less_what_is_up_to_six() -> None:
    found = figure("nps", (10, 20), (9, 10), (8, 30), (7, 10), (6, 10), (0, 20), scale=(0, 10))
    assert (found.value, found.n) == (0.0, 100)
    low, high = found.low, found.high
    assert low is not None
    assert high is not None
    assert low == pytest.approx(-high)


def test_net_promoters_of_a_worked_example() -> None:
    """Of 36, 19 promoters and 5 detractors, by hand: the score is 14/36.

    With the answers added (19.75 - 5.75) / 39 = 35.9 %; variance 25.5/39 - 0.359² = 0.525; 1.645 √(0.525/39) = 19.1 %.
    """
    found = net_promoters(19, 5, 36)
    assert found.value == pytest.approx(38.9, abs=0.05)
    assert (round(found.low or 0, 1), round(found.high or 0, 1)) == (16.8, 55.0)


def test_answers_on_another_scale_are_no_net_promoters() -> None:
    assert figure("nps", (5, 9), scale=(1, 5)) == Estimate(None, None, None, 0)
    mixed = answers((5, 9), scale=(1, 5)) + answers((10, 4), scale=(0, 10))
    assert SCORED["nps"].figure(mixed)[::3] == (100.0, 4)


@pytest.mark.parametrize(
    ("scale", "satisfied"),
    [((1, 5), {4, 5}), ((1, 7), {6, 7}), ((0, 10), {8, 9, 10}), ((1, 10), {8, 9, 10}), ((1, 4), {4})],
)
def test_satisfied_is_the_upper_quarter_of_any_scale(scale: tuple[int, int], satisfied: set[int]) -> None:
    for score in range(scale[0], scale[1] + 1):
        assert figure("csat", (score, 1), scale=scale).value == float(score in satisfied)


def test_effort_is_the_mean_stretched_to_seven_and_stays_on_the_scale() -> None:
    assert figure("ces", (7, 2), (4, 2), scale=(1, 7)).value == 5.5
    assert figure("ces", (5, 1), (1, 1), scale=(1, 5)).value == 4.0
    found = figure("ces", (7, 3), (6, 1), scale=(1, 7))
    assert found.high == 7
    assert found.low is not None
    assert found.low < 6.75


def test_the_mean_of_a_textbook_has_its_interval_of_student() -> None:
    """1, 2, 3, 4, 5: mean 3, s² = 2.5, t(4) = 2.1318 at 95 %: 3 ± 1.5074."""
    found = mean([1, 2, 3, 4, 5], [1] * 5)
    assert found.low == pytest.approx(3 - 1.5074, abs=1e-4)
    assert found.high == pytest.approx(3 + 1.5074, abs=1e-4)
    assert mean([4], [1]) == Estimate(4, None, None, 1)


# --- intervals ------------------------------------------------------------------------------------------------------


def covered(promoters: float, detractors: float, n: int) -> float:
    """How likely the interval holds the true score, over all samples of n."""
    truth, total = 100 * (promoters - detractors), 0.0
    for some, others in product(range(n + 1), repeat=2):
        if some + others > n:
            continue
        rest = n - some - others
        chance = comb(n, some) * comb(n - some, others) * promoters**some * detractors**others
        chance *= (1 - promoters - detractors) ** rest
        found = net_promoters(some, others, n)
        total += chance * ((found.low or 0) <= truth <= (found.high or 0))
    return total


@pytest.mark.parametrize("truth", [(0.5, 0.2), (0.3, 0.3), (0.7, 0.1), (0.15, 0.6)])
def test_nine_of_ten_samples_hold_the_true_score(truth: tuple[float, float]) -> None:
    assert 0.87 < covered(*truth, n=30) < 0.95


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_score_lies_in_its_interval_and_turned_around_it_is_the_same(good: int, bad: int, rest: int) -> None:
    n = good + bad + rest
    found, other = net_promoters(good, bad, n), net_promoters(bad, good, n)
    if not n:
        assert found == Estimate(None, None, None, 0)
        return
    value, low, high, _ = found
    assert value is not None
    assert low is not None
    assert high is not None
    assert -100 <= low <= value <= high <= 100
    assert (other.value, other.low, other.high) == pytest.approx((-value, -high, -low))


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_share_lies_in_its_interval(some: int, rest: int) -> None:
    value, low, high, n = share(some, some + rest)
    if n:
        assert value is not None
        assert low is not None
        assert high is not None
        assert 0 <= low <= value <= high <= 1
        assert low < high


# --- times that have not ended for all ------------------------------------------------------------------------------


def days(*times: int, open_: tuple[int, ...] = ()) -> Estimate:
    at = np.array(sorted({*times, *open_})) * 1440
    ended = np.array([times.count(each // 1440) for each in at])
    still = np.array([open_.count(each // 1440) for each in at])
    return median_time(at, ended, still)


def test_the_median_counts_who_is_still_on_the_way() -> None:
    """Freireich's 6-MP arm (Freireich et al., Blood 21 (1963) 699): 21 patients, median remission 23 weeks."""
    ended = (6, 6, 6, 7, 10, 13, 16, 22, 23)
    open_ = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    found = days(*ended, open_=open_)
    assert (found.value, found.n) == (23, 21)
    assert found.low == 13
    assert found.high is None


def test_the_placebo_arm_has_both_ends() -> None:
    """The same trial: median 8 weeks, 95 % interval 4 to 12 by log(-log); at 90 % it is not wider."""
    found = days(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
    assert found.value == 8
    assert found.low is not None
    assert found.high is not None
    assert 4 <= found.low < 8 < found.high <= 12


def test_where_fewer_than_half_are_there_the_median_is_not_known() -> None:
    assert days(5, open_=(9, 9, 9))[:1] == (None,)
    assert days() == Estimate(None, None, None, 0)


def test_where_the_curve_ends_at_nought_that_end_bounds_no_median() -> None:
    """Five persons of Hosmer, Lemeshow and May (Applied Survival Analysis, 2nd ed. 2008, table 2.1), by hand.

    The curve is .8 at 6, .6 at 14, .3 at 44 and 0 at 62 days. At 44 Greenwood's sum is 1/20 + 1/12 + 1/2 = .633, its
    root .796; log .3 = -1.204, log(1.204) = .186; .186 - 1.645 * .796 / 1.204 = -.902, so the upper limit is
    exp(-exp(-.902)) = .667, above a half. At 62 the sum divides by 0: there is no limit, and no upper end. The lower
    limit at 6 is exp(-exp(-1.500 + 1.645 * .224 / .223)) = .313: the lower end.
    """
    assert days(6, 14, 44, 62, open_=(21,)) == Estimate(44.0, 6.0, None, 5)


def test_one_who_is_left_and_gets_there_last_does_not_settle_the_median() -> None:
    """99 are last seen on the first day; the one who is left gets there on the tenth."""
    assert days(10, open_=(1,) * 99)[::2] == (10.0, None)


def test_all_at_one_time_is_that_time_and_nothing_bounds_it() -> None:
    assert days(4, 4, 4) == Estimate(4.0, 4.0, None, 3)


# --- marts ----------------------------------------------------------------------------------------------------------


def test_each_survey_has_its_figures_over_all_questions_and_of_each(in_town: People) -> None:
    rows = in_town.sql("SELECT survey, question, measure, choice, value, answers FROM rpt_surveys")
    told = {row[:4]: (float(row[4]), row[5]) for row in rows}
    assert told["nps", "", "nps", ""] == (40.0, 50)
    assert told["csat", "", "csat", ""] == (0.75, 4)
    assert told["ces", "", "ces", ""] == (6.0, 3)
    assert told["review", "", "rating", ""] == (pytest.approx(11 / 3, abs=1e-6), 3)
    assert told["win_loss", "", "win_rate", ""] == (0.75, 4)
    shares = {choice: told["win_loss", "How did it end?", "share", choice][0] for choice in ("won", "lost", "price")}
    assert shares == {"won": 0.6, "lost": 0.2, "price": 0.2}
    assert WON.keys() > {"won", "lost"}


def test_a_code_in_capitals_or_in_french_is_the_same_answer(tmp_path: Path) -> None:
    codes = ("Won", "won", "GAGNE", "LOST", "Perdu", "loss", "win", "Price", "price", "PRICE")
    facts = [answer("win_loss", None, key=str(n), choice=code, lowest=None) for n, code in enumerate(codes)]
    rows = People(tmp_path, [order("1", 1, person="a"), *facts]).sql(
        "SELECT measure, choice, value, answers FROM rpt_surveys WHERE question = '' ORDER BY ALL"
    )
    assert [(measure, choice, float(value), n) for measure, choice, value, n in rows] == [
        ("share", "lost", 0.3, 10), ("share", "price", 0.3, 10), ("share", "won", 0.4, 10),
        ("win_rate", "", pytest.approx(4 / 7, abs=1e-6), 7),
    ]  # fmt: skip


def test_surveys_stand_under_their_stage_and_one_that_nobody_answered_says_so(in_town: People, few: People) -> None:
    assert in_town.measure("nps")[0] == 40.0
    assert in_town.measure("win_rate")[0] == 0.75
    assert few.measure("nps")[:1] == (100.0,)
    value, *_, because = few.measure("csat")
    assert (value, because) == (None, "no such answer is known")


def test_who_recommends_is_an_ambassador_and_who_has_just_complained_is_none(in_town: People, few: People) -> None:
    by = dict(in_town.sql("SELECT person, ambassador_by FROM dim_customers WHERE is_ambassador"))
    assert by["p0003"] == "promoter"
    assert by["s0"] == "share", "they bought"
    assert "l0" not in by, "who shares and never bought is no customer"
    assert "p0002" not in by, "they would recommend, and rated 1 of 5"
    assert "p0045" not in by, "they answered 3"
    assert len(by) == in_town.measure("ambassadors")[0] == 30
    assert few.sql("SELECT nps, is_ambassador, ambassador_by FROM dim_customers WHERE person = 'b'") == [
        (9, True, "promoter")
    ]


def test_what_was_answered_on_another_scale_makes_no_promoter_and_is_told_as_left_out(tmp_path: Path) -> None:
    """On 1 to 5 and on 1 to 10 the highest is no 10 of 0 to 10, nor the middle a detractor; a 9 before them stays."""
    five, ten = {"lowest": 1, "highest": 5}, {"lowest": 1, "highest": 10}
    facts: list[Fact] = [order(person, 1, 500, person=person) for person in "abcd"]
    facts += [
        answer("nps", 5, key="1", person="a", **five),
        answer("nps", 10, key="2", person="b", **ten),
        answer("nps", 9, key="3", person="c"),
        answer("nps", 1, key="4", person="c", answered_at=at(9), **five),
    ]
    made = People(tmp_path, facts)
    persons = made.sql("SELECT person, nps, ambassador_by FROM dim_customers WHERE person <> '(none)' ORDER BY 1")
    assert persons == [("a", None, None), ("b", None, None), ("c", 9, "promoter"), ("d", None, None)]
    assert made.sql("SELECT value, answers, left_out FROM rpt_surveys WHERE measure = 'nps'") == [(100, 1, 3)]


def test_a_score_of_which_all_answers_are_on_another_scale_says_so(tmp_path: Path) -> None:
    made = People(tmp_path, [order("1", 1, person="a"), answer("nps", 5, person="a", lowest=1, highest=5)])
    assert made.measure("nps")[::5] == (None, "all answers are on a scale that it is not defined on")
