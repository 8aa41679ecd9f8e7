"""Sums of journeys: they tell models all that the journeys would, add up over persons, and take in what comes late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.effects import BY_SUMS
from jalon.errors import ConfigError

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("person", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("channel", pa.string()),
        ("conversion", pa.int64()),
        ("value", pa.float64()),
    ]
)
RULES = ("first", "last", "last_non_direct", "linear", "time_decay", "position", "shapley")
Row = tuple[str | None, int, str | None, int, float]


def table(rows: list[Row]) -> pa.Table:
    """Rows (person, hours, channel, conversion, value)."""
    told = [(person, START + timedelta(hours=hours), *rest) for person, hours, *rest in rows]
    return pa.table(list(map(list, zip(*told, strict=True))) or [[]] * 5, SCHEMA)


def of(persons: str, rows: list[Row]) -> pa.Table:
    return table([row for row in rows if row[0] is not None and row[0] in persons])


ROW: st.SearchStrategy[Row] = st.tuples(
    st.sampled_from("abcdefgh"),
    st.integers(0, 2000),
    st.sampled_from(["direct", "mail", "search", "social", "video", None]),
    st.sampled_from([0, 0, 0, 1]),
    st.integers(-500, 9999).map(lambda cents: cents / 100),
)
ROWS = st.lists(ROW, max_size=60)
SLOW = settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])


def as_told(effects: pa.Table) -> tuple[Any, Any]:
    return effects.to_pylist(), effects.schema.metadata


@SLOW
@given(ROWS)
def test_sums_tell_models_all_that_the_journeys_would(rows: list[Row]) -> None:
    sums = attribution.sums(table(rows), models=["linear"])
    for model in BY_SUMS:
        assert as_told(attribution.effects_of_sums(sums, model)) == as_told(
            attribution.channel_effects(table(rows), model)
        )


@SLOW
@given(ROWS)
def test_sums_of_other_persons_add_up_and_come_off_again(rows: list[Row]) -> None:
    first, second, whole = of("abc", rows), of("defgh", rows), table(rows)
    sums = attribution.sums(whole)
    parts = attribution.sums(first), attribution.sums(second)
    assert attribution.added(*parts).equals(sums, check_metadata=True)
    assert attribution.added(parts[1], parts[0]).equals(sums, check_metadata=True)
    assert attribution.added(sums, less=[parts[0]]).equals(parts[1], check_metadata=True)


@SLOW
@given(ROWS, st.lists(ROW, max_size=8))
def test_what_comes_late_is_a_difference(rows: list[Row], late: list[Row]) -> None:
    concerned = "".join({str(row[0]) for row in late})
    before, now = (attribution.sums(of(concerned, known)) for known in (rows, rows + late))
    told = attribution.added(attribution.sums(table(rows)), now, less=[before])
    assert told.equals(attribution.sums(table(rows + late)), check_metadata=True)


@SLOW
@given(ROWS)
def test_credit_of_sums_is_that_of_the_conversions(rows: list[Row]) -> None:
    credited: dict[tuple[str, str | None], Decimal] = {}
    for row in attribution.credit(table(rows), RULES).to_pylist():
        key = row["model"], row["channel"]
        credited[key] = credited.get(key, Decimal(0)) + row["credit"]
    told = attribution.credit_of_sums(attribution.sums(table(rows), models=RULES)).to_pylist()
    found = {(row["model"], row["channel"]): row["credit"] for row in told}
    assert set(found) <= set(credited)
    assert {key: found.get(key, Decimal(0)) for key in credited} == credited
    assert all(row["low"] <= row["high"] for row in told)


BOUGHT: list[Row] = [
    ("a", 0, "social", 0, 0.0),
    ("a", 5, "search", 1, 99.99),
    ("b", 1, "social", 0, 0.0),
    (None, 7, None, 1, 5.0),
]


def test_a_refund_takes_credit_off_the_same_channels() -> None:
    kept: list[Row] = [("a", 0, "social", 0, 0.0), ("a", 5, "search", 1, 49.99)]
    sums = attribution.sums(table(BOUGHT), models=["linear"])
    before, now = (attribution.sums(table(rows), models=["linear"]) for rows in (BOUGHT[:2], kept))
    told = attribution.credit_of_sums(attribution.added(sums, now, less=[before])).to_pylist()
    assert {row["channel"]: str(row["credit"]) for row in told} == {"search": "24.99", "social": "25.00", None: "5.00"}


def test_intervals_are_those_of_the_groups_of_persons() -> None:
    rows: list[Row] = [(f"p{number}", 1, "mail", 1, 10.0) for number in range(500)]
    (row,) = attribution.credit_of_sums(attribution.sums(table(rows), models=["last"])).to_pylist()
    assert row["credit"] == 5000
    assert 4550 < row["low"] < 4700
    assert 5300 < row["high"] < 5450


def test_sums_can_be_kept_in_files(tmp_path: Path) -> None:
    sums = attribution.sums(table(BOUGHT))
    pq.write_table(sums, tmp_path / "sums.parquet")
    again = pq.read_table(tmp_path / "sums.parquet")
    assert attribution.added(again, less=[sums]).num_rows == 0
    assert as_told(attribution.effects_of_sums(again)) == as_told(attribution.effects_of_sums(sums))


def test_sums_of_nothing_are_empty_and_change_nothing() -> None:
    none, sums = attribution.sums(table([])), attribution.sums(table(BOUGHT))
    assert none.num_rows == 0
    assert attribution.added(sums, none).equals(sums)
    assert attribution.effects_of_sums(none).num_rows == attribution.credit_of_sums(none).num_rows == 0


def test_more_than_sixty_two_channels_are_told_apart() -> None:
    rows: list[Row] = [(f"p{n % 7}", n, f"channel {n:03}", int(n % 9 == 0), 1.0) for n in range(140)]
    sums = attribution.sums(table(rows))
    for model in ("markov", "shapley_noisy_or"):
        assert as_told(attribution.effects_of_sums(sums, model)) == as_told(
            attribution.channel_effects(table(rows), model)
        )


def test_a_longer_memory_is_solved_from_the_same_sums() -> None:
    rows: list[Row] = [(f"p{n % 20}", n, "abc"[n * n % 7 % 3], int(n % 11 == 0), 1.0) for n in range(300)]
    sums = attribution.sums(table(rows))
    for order in (2, 3, 4, "auto"):
        assert as_told(attribution.effects_of_sums(sums, markov_order=order)) == as_told(
            attribution.channel_effects(table(rows), markov_order=order)
        )


def refused(call: Any, *words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call()
    assert all(word in f"{caught.value} {caught.value.remedy}" for word in words)


def test_what_cannot_be_is_refused_with_what_to_do() -> None:
    sums = attribution.sums(table(BOUGHT))
    other = attribution.sums(table(BOUGHT), lookback_days=1)
    refused(lambda: attribution.added(sums, other), "different options")
    refused(lambda: attribution.added(attribution.sums(table(BOUGHT[:1])), less=[sums]), "never counted")
    refused(lambda: attribution.added(table(BOUGHT)), "no table of sums")
    refused(lambda: attribution.credit_of_sums(sums.select(["what", "part"])), "no table of sums")
    refused(lambda: attribution.effects_of_sums(sums, "incremental"), "incremental", "markov")
    refused(lambda: attribution.effects_of_sums(sums, lookback_days=3), "lookback_days", "markov_order")
    refused(lambda: attribution.sums(table(BOUGHT), model_lookback={"first": 3}), "model_lookback")
    refused(lambda: attribution.sums(table(BOUGHT), markov_state="stage"), "markov_state")


def test_options_that_are_for_solving_do_not_keep_sums_apart() -> None:
    sums = attribution.sums(table(BOUGHT))
    assert attribution.added(sums, attribution.sums(table([]), markov_order=3, prior_journeys=5)).equals(sums)
    assert pc.sum(sums["credit"]).as_py() > 0
