"""Credit: the worked examples, and that no model loses or makes a cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon.attribution.models import MODELS, USUAL
from jalon.attribution.money import share
from jalon.attribution.options import Options
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Fact
from tests.handmade import Run, order, refund, touch

AGES = (20, 14, 7, 3.5, 0)
"""Days before the order, of the example worked in the notes on attribution."""


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    touches = [touch(f"t{i}", 30 - age, "a") for i, age in enumerate(AGES)]
    pair = [touch("p0", 28, "b"), touch("p1", 29, "b", channel="direct")]
    direct = [touch(f"d{i}", 28 + i, "c", channel="direct") for i in range(2)]
    orders = [order("1", 30, 10**6, person="a"), order("2", 30, 1001, person="b"), order("3", 30, 7, person="c")]
    return Run(tmp_path_factory.mktemp("worked"), [*touches, *pair, *direct, *orders])


def weights(run: Run, model: str, order_id: str = "1") -> dict[str, Decimal]:
    rows = run.rows("credit", model=model, order_uid=f"shop:{order_id}")
    return {row["touch_uid"].partition(":")[2]: row["weight"] for row in rows}


def test_first_and_last_credit_one_touch(worked: Run) -> None:
    assert weights(worked, "first") == {"t0": 1}
    assert weights(worked, "last") == {"t4": 1}


def test_last_non_direct_falls_back_to_the_last(worked: Run) -> None:
    assert weights(worked, "last_non_direct", "2") == {"p0": 1}
    assert weights(worked, "last", "2") == {"p1": 1}
    assert weights(worked, "last_non_direct", "3") == {"d1": 1}


def test_linear_weighs_all_alike(worked: Run) -> None:
    assert set(weights(worked, "linear").values()) == {Decimal("0.2")}


def test_time_decay_is_the_worked_example(worked: Run) -> None:
    found = [float(weight) for weight in weights(worked, "time_decay").values()]
    assert found == pytest.approx([0.053181, 0.096335, 0.192669, 0.272476, 0.385339], abs=1e-6)


def test_position_is_the_worked_example(worked: Run) -> None:
    found = weights(worked, "position")
    assert (found["t0"], found["t4"]) == (Decimal("0.4"), Decimal("0.4"))
    assert float(found["t2"]) == pytest.approx(0.2 / 3, abs=1e-8)
    assert set(weights(worked, "position", "2").values()) == {Decimal("0.5")}


def test_credit_is_whole_units_and_the_first_gets_the_odd_one(worked: Run) -> None:
    assert worked.credit("2", "linear") == {"p0": 501, "p1": 500}
    assert worked.credit("3", "position") == {"d0": 4, "d1": 3}


def test_a_refund_is_taken_back_from_the_touches_that_had_been_credited(tmp_path: Path) -> None:
    touches = [touch(f"t{i}", 5 + i, "a") for i in range(3)]
    run = Run(tmp_path, [*touches, order("1", 9, 1000, person="a"), refund("1", 12, 250)])
    rows = run.rows("credit", model="linear")
    assert [(row["amount"], row["reversed"], row["net"]) for row in rows] == [
        (334, 84, 250),
        (333, 83, 250),
        (333, 83, 250),
    ]


def test_a_cancelled_order_gives_all_of_its_credit_back(tmp_path: Path) -> None:
    run = Run(tmp_path, [touch("t", 5, "a"), order("1", 9, 1000, person="a", status="cancelled")])
    (row,) = run.rows("credit", model="last")
    assert (row["amount"], row["reversed"], row["net"], row["touch_uid"]) == (1000, 1000, 0, "shop:t")


@pytest.mark.parametrize(
    ("fields", "touches", "reason"),
    [
        ({"person": None}, [], "no_person"),
        ({"person": "a"}, [], "nothing_known"),
        ({"person": "a"}, [touch("t", -50, "a")], "outside_window"),
        ({"person": None, "journey": "not_ready"}, [], "path_not_ready"),
    ],
)
def test_an_order_without_touch_is_unknown_in_full_and_says_why(
    tmp_path: Path, fields: dict[str, Any], touches: list[Fact], reason: str
) -> None:
    run = Run(tmp_path, [*touches, order("1", 9, 1000, **fields), refund("1", 10, 1)])
    rows = run.rows("credit")
    assert [row["model"] for row in rows] == sorted(USUAL)
    for row in rows:
        assert (row["basis"], row["reason"], row["touch_uid"], row["net"], row["weight"]) == (
            "unknown",
            reason,
            None,
            999,
            1,
        )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"models": ["luck"]}, "luck"),
        ({"models": []}, "nothing"),
        ({"lookback_days": 0}, "lookback_days"),
        ({"half_life_days": -1}, "half_life"),
        ({"markov_order": 5}, "markov_order"),
        ({"prior_journeys": 0}, "prior_journeys"),
        ({"model_error": -0.1}, "model_error"),
        ({"model_error": 1}, "model_error"),
        ({"models": ["custom"]}, "custom"),
        ({"custom": [0.5, 0.5]}, "custom"),
        ({"custom": [1, -1, 1]}, "custom"),
        ({"custom": [0, 0, 0]}, "custom"),
        ({"custom": [float("nan"), 0, 1]}, "custom"),
        ({"custom": {"love": 1}}, "custom"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Options(**options)


def test_every_model_has_a_card() -> None:
    for name, model in MODELS.items():
        assert name == model.name
        assert all((model.title, model.assumes, model.formula, model.taken_from))


CUSTOM = {"consideration": 2, "decision": 1}
PEOPLE = st.sampled_from(["a", "b", None])
DAYS = st.floats(0, 60).map(lambda days: round(days, 3))
BRANDS = st.lists(
    st.one_of(
        st.tuples(st.just("touch"), PEOPLE, DAYS, st.sampled_from(["search", "direct", "email", "social"])),
        st.tuples(st.just("order"), PEOPLE, DAYS, st.integers(0, 10**7)),
        st.tuples(st.just("refund"), st.integers(0, 5), DAYS, st.integers(1, 10**7)),
    ),
    min_size=1,
    max_size=30,
)


def _facts(brand: list[tuple[Any, ...]]) -> list[Fact]:
    facts: list[Fact] = []
    for number, (kind, who, days, what) in enumerate(brand):
        if kind == "touch":
            stage = ("visit", "tag_click", "add_to_cart")[number % 3]
            facts.append(touch(f"t{number}", days, who, channel=what, kind=stage))
        elif kind == "order":
            facts.append(order(f"o{number}", days, what, person=who))
        else:
            facts.append(refund(f"o{who}", days, what, key=f"r{number}"))
    return facts


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(BRANDS, st.randoms(use_true_random=False))
def test_every_model_sums_to_the_net_of_every_order_and_the_order_of_facts_is_nothing(
    brand: list[tuple[Any, ...]], random: Any
) -> None:
    facts = _facts(brand)
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        run = Run(Path(first), facts, models=list(MODELS), custom=CUSTOM)
        shuffled = [*facts, *facts[: len(facts) // 2]]
        random.shuffle(shuffled)
        again = Run(Path(second), shuffled, models=list(MODELS), custom=CUSTOM)
        _check_sums(run)
        for table in ("sales", "touches", "steps", "open_steps", "effects", "credit"):
            assert (run.folder / f"{table}.parquet").read_bytes() == (again.folder / f"{table}.parquet").read_bytes()


def _check_sums(run: Run) -> None:
    for sale in run.rows("sales"):
        for model in MODELS:
            rows = run.rows("credit", order_uid=sale["order_uid"], model=model)
            assert sum(row["net"] for row in rows) == sale["net"]
            assert sum(row["amount"] for row in rows) == sale["booked"]
            assert sum(row["reversed"] for row in rows) == sale["reversed"]
            if sale["is_sale"]:
                assert sum(row["weight"] for row in rows) == 1
                assert all(row["weight"] >= 0 for row in rows)
            assert all(row["net"] * sale["net"] >= 0 for row in rows)
            if model == "linear" and rows:
                assert [row["net"] for row in rows] == share(sale["net"], [1] * len(rows))
