"""Next purchases and lifetime value: against published figures and integrals, and refused where little is known."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import beta as beta_of
from scipy.stats import gamma as gamma_of

from jalon.report.people import bg_nbd, gamma_gamma
from jalon.report.people.bg_nbd import Buying
from jalon.report.people.buyers import Buyers
from jalon.report.people.fitting import REASONS, Floats, Unfitted
from jalon.report.people.lifetime import (
    FEW_BUYERS,
    FEW_REPEATS,
    SPENDS_OTHERWISE,
    TOO_SHORT,
    Purchasing,
    purchasing,
    values,
)
from tests.report.people_made import BUILT, WANTED, People, played, town

CDNOW = (0.243, 4.414, 0.793, 2.426)
"""Fader, Hardie and Lee (2005), table 2."""
MONEY = (6.25, 3.74, 15.44)
"""Fader and Hardie (2013): p, q and gamma of the 946 who came again."""
WHEEL = os.environ.get("JALON_CDNOW", "")
HISTORIES = [(0.0, 0.0, 30.0), (1.0, 3.0, 38.9), (2.0, 30.43, 38.86), (7.0, 30.0, 31.0), (4.0, 2.0, 50.0)]
PARAMETERS = [CDNOW, (1.2, 9.0, 1.0, 3.0), (0.6, 3.0, 2.5, 1.5)]


def one(repeats: float, last: float, age: float) -> Buying:
    return Buying(*(np.array([value]) for value in (repeats, last, age, 1.0)))


# --- published figures ----------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_paper_is_expected_to_come_again_as_it_says() -> None:
    """Fader, Hardie and Lee, "Implementing the BG/NBD Model for Customer Base Analysis in Excel" (2005): 1.226."""
    found = bg_nbd.expected(np.array(CDNOW), one(2, 30.43, 38.86), 39.0)
    assert round(float(found[0]), 3) == 1.226


def cdnow() -> list[dict[str, float]]:
    if not Path(WHEEL).is_file():
        pytest.skip("JALON_CDNOW names no wheel of lifetimes 0.11.3, which holds the CDNOW data; they are not jalon's")
    with zipfile.ZipFile(WHEEL) as wheel:
        text = wheel.read("lifetimes/datasets/cdnow_customers_summary_with_transactions.csv").decode()
    rows = csv.DictReader(io.StringIO(text))
    return [{name: float(row[name]) for name in ("x", "t_x", "T", "zbar")} for row in rows]


def test_bg_nbd_finds_the_published_parameters_of_cdnow() -> None:
    rows = cdnow()
    buying, _ = bg_nbd.alike(*(np.array([row[name] for row in rows]) for name in ("x", "t_x", "T")))
    found = bg_nbd.fit(buying)
    assert tuple(round(float(value), 3) for value in found.parameters) == CDNOW
    assert (round(found.log_likelihood, 1), found.observations) == (-9582.4, 2357)


def test_gamma_gamma_finds_the_published_parameters_of_cdnow() -> None:
    rows = [row for row in cdnow() if row["x"] > 0]
    found = gamma_gamma.fit(*(np.array([row[name] for row in rows]) for name in ("x", "zbar")))
    assert found.observations == 946
    assert np.allclose(found.parameters, MONEY, atol=0.01)


# --- integrals ------------------------------------------------------------------------------------------------------


class Integrated:
    """One buyer by brute force: their rate and their probability to leave, each on a grid with its weights."""

    def __init__(self, parameters: tuple[float, ...], repeats: float, last: float, age: float) -> None:
        r, alpha, a, b = parameters
        rates, by_rate = roots_genlaguerre(120, r - 1)
        points, by_point = roots_jacobi(80, b - 1, a - 1)
        self.rate, self.leave = np.meshgrid(rates / alpha, (points + 1) / 2, indexing="ij")
        self.weight = np.outer(by_rate / by_rate.sum(), by_point / by_point.sum())
        came = (self.rate * (1 - self.leave)) ** repeats
        self.stays = came * np.exp(-self.rate * age)
        self.left = (came * self.leave / (1 - self.leave)) * np.exp(-self.rate * last) if repeats else 0 * came
        self.likelihood = float((self.weight * (self.stays + self.left)).sum())

    def of_who_stays(self, value: np.ndarray) -> float:
        return float((self.weight * self.stays * value).sum()) / self.likelihood


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("history", HISTORIES)
def test_formulas_are_what_integrating_over_rates_and_leaving_gives(
    parameters: tuple[float, ...], history: tuple[float, float, float]
) -> None:
    given_, buyer, weeks = np.array(parameters), one(*history), 13.0
    slow = Integrated(parameters, *history)
    assert bg_nbd.log_likelihood(given_, buyer) == pytest.approx(np.log(slow.likelihood), abs=2e-3)
    assert float(bg_nbd.active(given_, buyer)[0]) == pytest.approx(slow.of_who_stays(np.ones(1)), abs=2e-3)
    purchases = (1 - np.exp(-slow.rate * slow.leave * weeks)) / slow.leave
    assert float(bg_nbd.expected(given_, buyer, weeks)[0]) == pytest.approx(slow.of_who_stays(purchases), rel=5e-3)
    again = 1 - np.exp(-slow.rate * weeks)
    assert float(bg_nbd.buys_again(given_, buyer, weeks)[0]) == pytest.approx(slow.of_who_stays(again), rel=5e-3)


@pytest.mark.parametrize(("repeats", "mean"), [(1.0, 20.0), (5.0, 35.0), (12.0, 8.0)])
def test_what_a_purchase_is_worth_is_what_integrating_over_spending_gives(repeats: float, mean: float) -> None:
    p, q, gamma = MONEY

    def posterior(rate: float) -> float:
        seen = gamma_of.pdf(mean, p * repeats, scale=1 / (rate * repeats))
        return float(seen * gamma_of.pdf(rate, q, scale=1 / gamma))

    whole = quad(posterior, 0, 10, limit=200)[0]
    worth = quad(lambda rate: p / rate * posterior(rate), 0, 10, limit=200)[0] / whole
    found = gamma_gamma.expected(np.array(MONEY), np.array([repeats]), np.array([mean]))
    assert float(found[0]) == pytest.approx(worth, rel=1e-5)


def test_who_never_came_again_is_expected_to_spend_what_others_do() -> None:
    p, q, gamma = MONEY
    found = gamma_gamma.expected(np.array(MONEY), np.zeros(1), np.zeros(1))
    assert float(found[0]) == pytest.approx(p * gamma / (q - 1))


@given(
    st.tuples(*[st.floats(0.2, 5.0)] * 4),
    st.sampled_from(HISTORIES),
    st.integers(0, 3),
)
def test_slopes_of_the_likelihood_are_its_differences(
    parameters: tuple[float, ...], history: tuple[float, float, float], which: int
) -> None:
    at, step = np.array(parameters), np.eye(4)[which] * 1e-5
    slope = bg_nbd._likelihood(at, one(*history))[1][which, 0]
    ends = [bg_nbd.log_likelihood(at + side, one(*history)) for side in (step, -step)]
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3, abs=1e-5)


@given(st.tuples(*[st.floats(0.1, 20.0)] * 4), st.sampled_from(HISTORIES), st.floats(1, 100))
def test_probabilities_lie_between_none_and_one_and_more_time_brings_more(
    parameters: tuple[float, ...], history: tuple[float, float, float], weeks: float
) -> None:
    at, buyer = np.array(parameters), one(*history)
    active, again = float(bg_nbd.active(at, buyer)[0]), float(bg_nbd.buys_again(at, buyer, weeks)[0])
    soon, later = (float(bg_nbd.expected(at, buyer, span)[0]) for span in (weeks, 2 * weeks))
    assert 0 <= again <= active <= 1
    assert -1e-9 <= soon <= later + 1e-9
    assert again <= soon + 1e-6


@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (0.5, 0.5), (0.3, 0.7)])
@pytest.mark.parametrize("history", HISTORIES)
def test_where_the_formula_has_no_value_it_has_that_of_its_neighbours(
    a: float, b: float, history: tuple[float, float, float]
) -> None:
    here, beside = (
        float(bg_nbd.expected(np.array([0.8, 6.0, a + off, b]), one(*history), 10.0)[0]) for off in (0.0, 1e-5)
    )
    assert here == pytest.approx(beside, rel=1e-3)


# --- whom it is learnt from -----------------------------------------------------------------------------------------


def as_buying(people_: list[tuple[int, list[float]]], days: int) -> Buying:
    rows = [((len(at) - 1), (at[-1] - at[0]) / 7, (days - at[0]) / 7) for _, at in people_]
    return bg_nbd.alike(*(np.array(column, float) for column in zip(*rows, strict=True)))[0]


def test_parameters_that_buyers_were_played_by_are_found_again_within_their_errors() -> None:
    truth = (0.8, 6.0, 0.9, 2.5)
    found = bg_nbd.fit(as_buying(played(4000, truth, 500), 500))
    assert (np.abs(found.parameters - truth) < 3 * found.errors).all()
    assert (found.errors < np.array(truth)).all()


def test_spending_that_was_played_is_found_again_within_its_errors() -> None:
    chance = np.random.default_rng(3)
    truth = np.array([4.0, 5.0, 60.0])
    repeats = chance.integers(1, 6, 3000).astype(float)
    rates = chance.gamma(truth[1], 1 / truth[2], 3000)
    mean = chance.gamma(truth[0] * repeats, 1 / (rates * repeats))
    found = gamma_gamma.fit(repeats, mean)
    assert (np.abs(found.parameters - truth) < 3 * found.errors).all()


def known(buyers: int, again: int, days: float = 400) -> Purchasing:
    first = np.linspace(0, days / 2, buyers)
    purchases = np.where(np.arange(buyers) < again, 2.0, 1.0)
    last = np.where(purchases > 1, first + days / 4, first)
    money = np.full(buyers, 1000.0)
    names = pa.array([f"b{n:04}" for n in range(buyers)])
    told = Buyers(names, np.full(buyers, "EUR"), purchases, first, last, money, purchases - 1, money)
    return purchasing(told, days)


@pytest.mark.parametrize(
    ("buyers", "again", "days", "why"),
    [
        (99, 50, 400, FEW_BUYERS),
        (200, 19, 400, FEW_REPEATS),
        (200, 100, 44, TOO_SHORT[90]),
    ],
)
def test_where_too_little_is_known_nothing_is_fitted_and_it_is_said_why(
    buyers: int, again: int, days: float, why: str
) -> None:
    found = known(buyers, again, days)
    assert (found.fit, found.because) == (None, why)


def test_buyers_who_are_all_alike_tell_nothing_of_how_they_differ() -> None:
    found = known(200, 200)
    assert found.fit is None
    assert found.because in REASONS


def test_purses_without_a_mean_are_refused() -> None:
    chance = np.random.default_rng(1)
    rates = chance.gamma(0.5, 1.0, 2000)
    with pytest.raises(Unfitted, match="no mean"):
        gamma_gamma.fit(np.ones(2000), chance.gamma(3.0, 1 / rates))


# --- a brand --------------------------------------------------------------------------------------------------------


def test_each_buyer_and_all_together_have_what_is_expected_of_them(in_town: People) -> None:
    made = in_town
    rows = made.sql(
        "SELECT next_purchase_score, expected_purchases, clv_minor, purchases FROM dim_customers WHERE is_customer"
    )
    buyers = len(rows)
    assert buyers == 408
    assert all(0 <= score <= 1 and score <= float(often) + 1e-3 and clv >= 0 for score, often, clv, _ in rows)
    score, *_, n, unit, because = made.measure("next_purchase_score")
    assert score == pytest.approx(sum(float(row[0]) for row in rows) / buyers, abs=1e-5)
    assert (n, unit, because) == (buyers, "of 1", None)
    assert made.measure("expected_purchases")[0] == pytest.approx(sum(float(row[1]) for row in rows), abs=0.05)
    worth, low, high, n, unit, _ = made.measure("clv", "EUR")
    assert worth == pytest.approx(sum(row[2] for row in rows) / buyers / 100, abs=0.01)
    assert 0.4 * worth < low < worth < high < 2.5 * worth
    parameters = dict(made.sql("SELECT model || parameter, value FROM rpt_purchase_models"))
    assert set(parameters) == {*(f"bg_nbd{name}" for name in bg_nbd.NAMES), "gamma_gammap", "gamma_gammaq"} | {
        "gamma_gammagamma"
    }


def test_the_order_of_rows_changes_no_byte(in_town: People, tmp_path: Path) -> None:
    again = People(tmp_path, town()[::-1], WANTED)
    for name in BUILT:
        assert (in_town.folder / f"{name}.parquet").read_bytes() == (again.folder / f"{name}.parquet").read_bytes()


def test_expected_purchases_are_near_those_that_were_played() -> None:
    """Learnt from the first 300 days of buyers, they foretell what these buy in the 90 days after."""
    bought = played(3000, (1.0, 8.0, 1.0, 3.0), 390, seed=2)
    before = [(buyer, [at for at in days if at <= 300]) for buyer, days in bought]
    seen = [(buyer, days) for buyer, days in before if days]
    buying = as_buying(seen, 300)
    fit = bg_nbd.fit(buying)
    foretold = float(buying.buyers @ bg_nbd.expected(fit.parameters, buying, 90 / 7))
    came = sum(len([at for at in days if at > 300]) for buyer, days in bought if before[buyer][1])
    assert foretold == pytest.approx(came, rel=0.1)


def test_money_that_went_back_is_worth_nothing_and_few_buyers_are_told_of_in_words(few: People) -> None:
    assert few.sql("SELECT net_minor, clv_minor, next_purchase_score FROM dim_customers WHERE person = 'b'") == [
        (0, None, None)
    ]
    value, *_, because = few.measure("clv", "EUR")
    assert (value, because) == (None, FEW_BUYERS)


def test_who_buys_often_and_spends_otherwise_has_no_value_by_a_model_that_denies_it() -> None:
    repeats = np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 60)
    bought = known(300, 200)
    assert bought.because == "" or bought.fit is None
    fit = bg_nbd.fit(as_buying(played(1000, (0.8, 6.0, 0.9, 2.5), 400), 400))
    told = Buyers(
        pa.array([f"b{n:04}" for n in range(300)]),
        np.full(300, "EUR"),
        repeats + 1,
        np.zeros(300),
        np.full(300, 100.0),
        repeats * 1000,
        repeats,
        repeats * repeats * 1000,
    )
    ((value, _, each),) = values(told, purchasing(told, 400.0)._replace(fit=fit))
    assert value.because == SPENDS_OTHERWISE
    assert np.isnan(each).all()


def test_densities_of_the_oracle_are_those_of_the_paper() -> None:
    """The grids of `Integrated` hold the mean rate r/alpha and the mean probability to leave a/(a+b)."""
    r, alpha, a, b = PARAMETERS[1]
    slow = Integrated(PARAMETERS[1], 0.0, 0.0, 0.0)
    mean: Floats = np.array([(slow.weight * slow.rate).sum(), (slow.weight * slow.leave).sum()])
    assert mean == pytest.approx([r / alpha, beta_of.mean(a, b)])
