"""Fitting the additive hazard: it climbs, finds what is known, knows how sure it is, leans where little is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.groups import GROUPS
from jalon.attribution.hazard.fitting import (
    BINS,
    Data,
    Events,
    Rates,
    Touches,
    Watched,
    ages,
    at_events,
    bounds,
    fit,
    likelihood,
    reached,
    shares,
)
from jalon.attribution.hazard.judging import judged
from jalon.attribution.hazard.learning import half_lives, learned, prior
from jalon.attribution.hazard.spread import interval, with_model_error

WINDOW = 60.0
KNOWN = Rates(np.array([0.004, 0.012]), np.array([0.05, 0.15, 0.30, 0.02]), np.array([0.5, 0.2, 1.0, 0.1]))
"""Effects and how they fade as in the check that the model's description rests on (notes on attribution, 2.6)."""


def played(seed: int, people: int, known: Rates = KNOWN) -> Data:
    """Let people meet channels in the first two thirds of a window, and buy at the known rates, once at most."""
    rng = np.random.default_rng(seed)
    channels, strata = len(known.brings), len(known.own)
    stratum, group = rng.integers(strata, size=people), rng.integers(GROUPS, size=people)
    met = rng.poisson(1.5, people)
    of = np.repeat(np.arange(people), met)
    channel, at = rng.integers(channels, size=len(of)), rng.random(len(of)) * WINDOW * 2 / 3
    sold = np.minimum(rng.exponential(1 / known.own[stratum]), np.inf)
    comes = rng.random(len(of)) < -np.expm1(-known.brings[channel])
    brought = np.where(comes, at + rng.exponential(1 / known.fades[channel]), np.inf)
    np.minimum.at(sold, of, brought)
    end = np.minimum(sold, WINDOW)
    had = at < end[of]
    touches = Touches(group[of[had]], channel[had], np.ones(had.sum()), (end[of] - at)[had])
    bought = sold < WINDOW
    number = np.cumsum(bought) - 1
    led = had & bought[of]
    bins = np.minimum(np.sqrt((end[of] - at)[led] / WINDOW) * BINS, BINS - 1).astype(np.int64)
    events = Events(stratum[bought], group[bought], number[of[led]], channel[led] * BINS + bins)
    return Data(events, touches, Watched(group, stratum, end), np.ones(channels, bool), strata, WINDOW)


def test_what_is_known_is_found() -> None:
    found = learned(played(1, 60_000), 5)
    assert found.converged
    assert found.rates.brings == pytest.approx(KNOWN.brings, rel=0.1, abs=0.008)
    assert found.rates.own == pytest.approx(KNOWN.own, rel=0.1)
    assert half_lives(found.rates)[:3] == pytest.approx(np.log(2) / KNOWN.fades[:3], rel=0.3)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.floats(0.1, 20))
def test_no_step_goes_down_and_the_end_explains_as_many_sales_as_there_are(seed: int, weight: float) -> None:
    data = played(seed, 400)
    found = fit(data, prior(data, weight))
    assert np.all(np.diff(found.gains) >= -1e-9 * abs(found.gains[0]))
    shared = shares(data, found.rates)
    assert shared.own.sum() + shared.channel.sum() == pytest.approx(data.many)
    low, high = bounds(WINDOW)
    assert np.all((found.rates.fades >= low) & (found.rates.fades <= high))


def test_the_likelihood_is_that_of_its_definition() -> None:
    """Of one person: met channel 0 on day 0, bought on day 3; and one of the other stratum who did not, for 10 days."""
    cell = int(np.sqrt(3 / WINDOW) * BINS)
    data = Data(
        Events(np.array([1]), np.array([0]), np.array([0]), np.array([cell])),
        Touches(np.array([0]), np.array([0]), np.array([1.0]), np.array([3.0])),
        Watched(np.array([0, 1]), np.array([1, 0]), np.array([3.0, 10.0])),
        np.ones(4, bool), 2, WINDOW,
    )  # fmt: skip
    rate = 0.012 + 0.05 * 0.5 * np.exp(-0.5 * ages(WINDOW)[cell])
    assert at_events(data, KNOWN) == pytest.approx([rate])
    expected = 3 * 0.012 + 10 * 0.004 + 0.05 * (1 - np.exp(-1.5))
    assert likelihood(data, KNOWN) == pytest.approx(np.log(rate) - expected)


def test_a_channel_that_is_met_rarely_is_near_the_mean() -> None:
    data = played(2, 20_000)
    rare = np.flatnonzero(data.touches.channel == 3)[5:]
    touches = data.touches.of(np.setdiff1d(np.arange(len(data.touches.many)), rare))
    kept = data.events.cell // BINS != 3
    events = data.events._replace(event=data.events.event[kept], cell=data.events.cell[kept])
    few = data._replace(touches=touches, events=events)
    mean = prior(few, 5).rates.brings[3]
    assert 0.6 * mean < learned(few, 5).rates.brings[3] < 1.1 * mean, "five touchpoints that no sale followed"


def test_the_mean_of_unlike_channels_says_little_about_each() -> None:
    """One channel sells, five do nothing: that the mean is far above zero must not lift these."""
    known = Rates(np.array([0.004]), np.array([0.4, *[1e-9] * 5]), np.full(6, 0.7))
    data = played(4, 1_500, known)
    lean, brings = prior(data, 5), learned(data, 5).rates.brings
    assert lean.brings < 1
    assert lean.rates.brings[0] > 0.04
    assert brings[0] == pytest.approx(0.4, rel=0.15)
    assert brings[1:].mean() < 0.25 * fit(data, lean._replace(brings=5)).rates.brings[1:].mean()


@pytest.mark.parametrize("alike", [0.02, 0.05])
def test_channels_that_are_alike_lean_on_their_mean_by_as_much_as_is_asked(alike: float) -> None:
    known = Rates(np.array([0.004]), np.full(6, alike), np.full(6, 0.7))
    assert prior(played(8, 3_000, known), 5).brings == pytest.approx(5)


def test_a_channel_that_nobody_met_changes_nothing() -> None:
    data = played(3, 5_000)
    wider = data._replace(causes=np.ones(5, bool))
    assert learned(wider, 5).rates.brings[:4] == pytest.approx(learned(data, 5).rates.brings, rel=1e-6)


def test_the_truth_lies_in_nine_of_ten_intervals() -> None:
    """Thirty data sets that are independent; within what chance allows of 90 %."""
    inside = []
    for seed in range(30):
        data = played(100 + seed, 12_000)
        fitted = learned(data, 1)
        ends = interval(data, fitted.rates, prior(data, 1))
        for low, high, known in zip(ends.low[:2], ends.high[:2], KNOWN[:2], strict=True):
            inside.append((low <= known) & (known <= high))
    share = np.concatenate(inside).mean()
    assert 0.85 <= share <= 0.97


def test_intervals_are_those_of_the_curvature_where_the_model_is_right() -> None:
    """Against derivatives taken by small differences."""
    data = played(5, 20_000)
    fitted = learned(data, 5)
    lean = prior(data, 5)
    theta = np.concatenate(fitted.rates)

    def height(at: np.ndarray) -> float:
        rates = Rates(*np.split(at, [2, 6]))
        rows = zip(lean.weights, rates, lean.rates, strict=True)
        leaning = sum(float((weight * (np.log(now / mean) - now / mean)).sum()) for weight, now, mean in rows)
        return likelihood(data, rates) + leaning

    steps = np.diag(theta * 1e-3)
    curve = np.array(
        [
            [
                (height(theta + a + b) - height(theta + a - b) - height(theta - a + b) + height(theta - a - b))
                / (4 * a.sum() * b.sum())
                for b in steps
            ]
            for a in steps
        ]
    )
    width = 1.6448536269514722 * np.sqrt(np.diag(np.linalg.inv(-curve)))
    ends = interval(data, fitted.rates, lean)
    found = (np.concatenate(ends.high) - theta)[:6]
    assert found == pytest.approx(width[:6], rel=0.25), "by groups, so that chance is in it"


def test_the_error_of_the_form_widens_what_channels_bring_and_nothing_else() -> None:
    data = played(8, 20_000)
    rates = learned(data, 5).rates
    chance = interval(data, rates, prior(data, 5))
    same, wider = with_model_error(chance, rates, 0.0), with_model_error(chance, rates, 0.1)
    for end in ("low", "high"):
        for one, other in zip(getattr(same, end), getattr(chance, end), strict=True):
            assert one == pytest.approx(other)
        assert (getattr(wider, end).own == getattr(chance, end).own).all()
        assert (getattr(wider, end).fades == getattr(chance, end).fades).all()
        by_chance = np.abs(getattr(chance, end).brings - rates.brings)
        expected = np.sqrt(by_chance**2 + (1.6448536269514722 * 0.1 * rates.brings) ** 2)
        assert np.abs(getattr(wider, end).brings - rates.brings) == pytest.approx(expected)


def test_persons_not_seen_are_foretold_better_than_by_a_baseline() -> None:
    data = played(6, 20_000)
    found = judged(data, 5, learned(data, 5).rates)
    told = found.told(20_000, ["a", "b", "c", "d"])
    assert told["loss"] < told["loss_of_base"] - 0.01
    assert told["calibration_ratio"] == pytest.approx(1, abs=0.03)
    seen = {row["channel"]: row["seen"] / row["foretold"] for row in told["calibration"]}
    assert list(seen) == ["", "a", "b", "c", "d"]
    assert seen["c"] == pytest.approx(1, abs=0.1)


def test_halves_of_the_persons_make_up_the_whole() -> None:
    data = played(7, 2_000)
    half = np.arange(GROUPS) < 100
    parts = data.of_groups(half), data.of_groups(~half)
    assert sum(likelihood(part, KNOWN) for part in parts) == pytest.approx(likelihood(data, KNOWN))
    assert sum(reached(part, KNOWN.fades) for part in parts) == pytest.approx(reached(data, KNOWN.fades))
