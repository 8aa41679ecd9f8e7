"""Credit that depends on the company a channel was met in: from the counts of sets back to the steps of journeys."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jalon import attribution
from jalon.attribution.effects import noisy_or, sets, shao_li
from tests.attribution.played_sets import sets_of, totals
from tests.attribution.timed import timed

Journey = tuple[str, bool]
"""Channels by their letters, and whether it converted."""
PLAYED: list[Journey] = [
    *[("ab", True)] * 6,
    *[("ab", False)] * 14,
    *[("a", True)] * 2,
    *[("a", False)] * 20,
    *[("cab", True)] * 3,
    *[("cab", False)] * 5,
    *[("bcb", True)] * 2,
    *[("b", False)] * 9,
    *[("c", False)] * 30,
]


def rows_of(played: list[Journey], days: dict[int, list[float]] | None = None) -> pa.Table:
    """Return a table for the library: one person per journey, who converts right after the last step."""
    found: list[tuple[str, int, str | None, bool]] = []
    for number, (way, won) in enumerate(played):
        ages = (days or {}).get(number, [len(way) - place for place in range(len(way))])
        found += [
            (f"p{number:04}", int(1e6 * (100 - age) * 86_400), c, False) for c, age in zip(way, ages, strict=True)
        ]
        if won:
            found.append((f"p{number:04}", int(1e6 * 100 * 86_400), None, True))
    names = ("person", "time", "channel", "conversion")
    table = pa.table(dict(zip(names, map(list, zip(*found, strict=True)), strict=True)))
    return table.set_column(1, "time", table["time"].cast(pa.timestamp("us")))


def weights(table: pa.Table, model: str, **options: Any) -> dict[str, dict[str, float]]:
    """Return person -> channel -> weight."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in attribution.credit(table, model, **options).to_pylist():
        found[row["person"]][row["channel"]] += float(row["weight"])
    return {person: dict(each) for person, each in found.items()}


def test_each_journey_is_split_by_the_game_of_its_own_set() -> None:
    letters = "abc"
    counted = sets_of([(frozenset(letters.index(c) for c in way), int(won), int(not won)) for way, won in PLAYED])
    own = noisy_or.fit(counted, *totals(counted), 3, 10.0).own
    found = weights(rows_of(PLAYED), "shapley_noisy_or")
    for number, (way, won) in enumerate(PLAYED):
        met = sorted(set(way))
        values = dict.fromkeys(met, 0.0)
        for arrival in itertools.permutations(met):
            missed = 1.0
            for channel in arrival:
                values[channel] += missed * own[letters.index(channel)] / math.factorial(len(met))
                missed *= 1 - own[letters.index(channel)]
        whole = sum(values.values())
        if won:
            told = {channel: value / whole for channel, value in values.items() if value / whole > 1e-6}
            assert found[f"p{number:04}"] == pytest.approx(told, abs=1e-6)


def test_pairs_are_credited_by_the_company_they_were_met_in() -> None:
    letters = "abc"
    counted = sets_of([(frozenset(letters.index(c) for c in way), int(won), int(not won)) for way, won in PLAYED])
    each = shao_li.credits_in_sets(counted, shao_li.pair_rates(counted, *totals(counted), 3, 1e-6))
    found = weights(rows_of(PLAYED), "shao_li", prior_journeys=1e-6)
    (three,) = np.flatnonzero(counted.masks[:, 0] == 0b111)
    own = np.maximum(each[counted.of == three], 0)
    assert found["p0042"] == pytest.approx(dict(zip(letters, own / own.sum(), strict=True)), abs=1e-6)


@pytest.mark.parametrize("model", ["shapley_rate", "shapley_noisy_or", "shao_li", "logistic"])
def test_beside_each_stands_how_well_it_foretells_who_buys(model: str) -> None:
    table = rows_of(PLAYED * 4)
    told = json.loads(attribution.channel_effects(table, model).schema.metadata[b"learnt"])
    assert (told["journeys"], told["conversions"], told["sets"]) == (364, 52, 6)
    held = told["held_out"]
    assert held["loss"] < held["loss_of_base"]
    assert held["auc"] > 0.6
    if model in ("shapley_noisy_or", "logistic"):
        assert 0.5 < held["calibration_slope"] < 2
        assert 0.8 < held["calibration_ratio"] < 1.25
    assert sum(part["journeys"] for part in held["calibration"]) == 364


@pytest.mark.parametrize("model", ["shapley_noisy_or", "shao_li"])
def test_of_too_many_sets_part_of_the_persons_are_learnt_from(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "MAX_SETS", 6)
    table = rows_of([*PLAYED * 4, ("abcd", True)])
    effects = attribution.channel_effects(table, model)
    told = json.loads(effects.schema.metadata[b"learnt"])
    assert told["sets"] <= 6
    assert 0 < told["journeys_left_out"] < told["journeys"] == 365
    own = dict(zip(effects["channel"].to_pylist(), effects["effect"].to_pylist(), strict=True))
    positive = {c: effect for c, effect in own.items() if effect > 0}
    expected = {c: effect / sum(positive.values()) for c, effect in positive.items()}
    assert weights(table, model)["p0364"] == pytest.approx(expected, abs=1e-6), "a set not learnt: by its channels"


def test_any_number_of_channels_has_masks() -> None:
    """Three words of 62 bits: who met c, of 130 channels, is told from who met c and the next one."""
    names = [f"c{number:03}" for number in range(130)]
    rows = []
    for number, name in enumerate(names):
        for person in range(4):
            rows.append((f"{number}/{person}", 1, name, person == 0))
            if person < 2:
                rows.append((f"{number}+/{person}", 1, name, False))
                rows.append((f"{number}+/{person}", 2, names[(number + 1) % 130], True))
    columns = map(list, zip(*rows, strict=True))
    table = timed(pa.table(dict(zip(("person", "time", "channel", "conversion"), columns, strict=True))))
    told = json.loads(attribution.channel_effects(table, "shao_li").schema.metadata[b"learnt"])
    assert told["sets"] == 260
    assert set(attribution.credit(table, "shapley_noisy_or")["weight"].to_pylist()) == {Decimal(1), Decimal("0.5")}


# --- over time ------------------------------------------------------------------------------------------------------


def test_channels_are_weighed_by_when_they_were_last_met() -> None:
    """a was met 14 and 7 days before, b at the order: half-lives 1 and 0, so 1/2 to 1, a's half split in two."""
    table = rows_of([("aab", True)], {0: [14, 7, 0]})
    found = attribution.credit(table, "shapley_weighted", half_life_days=7)["weight"].to_pylist()
    assert [float(weight) for weight in found] == pytest.approx([1 / 6, 1 / 6, 2 / 3], abs=1e-8)


def test_the_weighted_value_is_that_of_arrivals_that_are_drawn_from_the_last_backwards() -> None:
    """Kalai and Samet (1987): the last to arrive is drawn in proportion to the weights, then the one before, and so on;
    in the game that only all win, the last to arrive has everything."""
    table = rows_of([("abcd", True)], {0: [9, 6, 2, 1]})
    found = weights(table, "shapley_weighted", half_life_days=5)["p0000"]
    worth = {c: 2 ** (-age / 5) for c, age in zip("abcd", [9, 6, 2, 1], strict=True)}
    value = dict.fromkeys("abcd", 0.0)
    for arrival in itertools.permutations("abcd"):
        chance, left = 1.0, sum(worth.values())
        for channel in reversed(arrival):
            chance *= worth[channel] / left
            left -= worth[channel]
        value[arrival[-1]] += chance
    assert found == pytest.approx(value, abs=1e-8)


def test_a_channel_met_once_weighs_as_its_touchpoint_does() -> None:
    table = rows_of([("abc", True)], {0: [9, 6, 2]})
    assert weights(table, "shapley_weighted") == weights(table, "time_decay")


def test_shapley_by_step_is_the_ordered_value() -> None:
    """Zhao, Mahboobi and Bagheri (2018): a channel's value at place t counts the journeys that met it there: of all the
    sets that it joins, the conversions of journeys with just that set, shared by the set's size."""
    played = [*[("ab", True)] * 6, *[("a", True)] * 4, *[("bc", True)] * 5, *[("ccba", True)] * 3]
    found: dict[tuple[str, int], float] = defaultdict(float)
    for row in attribution.credit(rows_of(played), "shapley").to_pylist():
        found[row["channel"], row["position"]] += float(row["weight"])
    value: dict[tuple[str, int], float] = defaultdict(float)
    for channel, place in {(c, t + 1) for way, _ in played for t, c in enumerate(way)}:
        others = sorted({c for way, _ in played for c in way} - {channel})
        for size in range(len(others) + 1):
            for company in itertools.combinations(others, size):
                own = [
                    way for way, _ in played if set(way) == {channel, *company} and way[place - 1 : place] == channel
                ]
                value[channel, place] += sum(1 / way.count(channel) for way in own) / (size + 1)
    assert found == pytest.approx(dict(value), abs=1e-6)
    assert sum(worth for (c, _), worth in found.items() if c == "a") == pytest.approx(4 + 6 / 2 + 3 / 3)
