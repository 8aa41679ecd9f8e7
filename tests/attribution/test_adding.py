"""Sums of journeys: they tell models all that the journeys would, add up over persons, and take in what comes late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jalon import attribution
from jalon.attribution.effects.learning import BY_SUMS
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
    st.one_of(st.integers(0, 20), st.integers(0, 2000)),
    st.sampled_from(["direct", "mail", "search", "social", "video", None]),
    st.sampled_from([0, 0, 0, 1]),
    st.integers(-500, 9999).map(lambda cents: cents / 100),
)
ROWS = st.lists(ROW, max_size=60)
WAYS = st.sampled_from(
    [
        {},
        {"repeat": "continue", "max_touches": 2},
        {"skip": ["direct"], "lookback": {"mail": 3.0, "social": 40.0}},
        {"lookback_days": 5, "half_life_days": 2},
    ]
)
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
@given(ROWS, WAYS)
def test_sums_of_other_persons_add_up_and_come_off_again(rows: list[Row], options: dict[str, Any]) -> None:
    first, second, whole = of("abc", rows), of("defgh", rows), table(rows)
    sums = attribution.sums(whole, **options)
    parts = attribution.sums(first, **options), attribution.sums(second, **options)
    assert attribution.added(*parts).equals(sums)
    assert attribution.added(parts[1], parts[0]).equals(sums)
    assert attribution.added(sums, less=[parts[0]]).equals(parts[1])


@SLOW
@given(ROWS, st.lists(ROW, max_size=8))
def test_what_comes_late_is_a_difference(rows: list[Row], late: list[Row]) -> None:
    concerned = "".join({str(row[0]) for row in late})
    before, now = (attribution.sums(of(concerned, known)) for known in (rows, rows + late))
    told = attribution.added(attribution.sums(table(rows)), now, less=[before])
    assert told.equals(attribution.sums(table(rows + late)))


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


LATER: list[Row] = [("z", 3, "social", 1, 1.0)]
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


MANY: list[Row] = [(f"p{n % 300}", n, "abcdefg"[n * n % 11 % 7], int(n % 9 == 0), n / 100) for n in range(4000)]


def by_polars(sums: pa.Table, _: Path) -> Any:
    return polars.from_arrow(sums)


def by_pandas(sums: pa.Table, _: Path) -> Any:
    return sums.to_pandas()


def by_files(sums: pa.Table, folder: Path) -> Any:
    pq.write_table(sums, folder / "sums.parquet", row_group_size=100)
    return folder / "sums.parquet"


def by_sql(sums: pa.Table, _: Path) -> Any:
    figures = ", ".join(f"sum({name}) AS {name}" for name in ("steps", "journeys", "conversions", "credit"))
    with duckdb.connect() as db:
        db.register("halves", pa.concat_tables([attribution.sums(part) for part in (HALF, OTHER_HALF)]))
        return db.sql(
            f"SELECT options, what, part, model, channels, {figures} FROM halves GROUP BY ALL"
        ).to_arrow_table()


HALF, OTHER_HALF = (table([row for n, row in enumerate(MANY) if (n % 300 < 150) is first]) for first in (True, False))


@pytest.mark.parametrize("way", [by_polars, by_pandas, by_files, by_sql])
def test_sums_can_go_by_other_hands(way: Any, tmp_path: Path) -> None:
    sums = attribution.sums(table(MANY))
    again = way(sums, tmp_path)
    assert attribution.added(again).equals(sums)
    assert attribution.added(sums, less=[again]).num_rows == 0
    assert as_told(attribution.effects_of_sums(again)) == as_told(attribution.effects_of_sums(sums))
    assert attribution.credit_of_sums(again).equals(attribution.credit_of_sums(sums))


def test_sums_in_several_pieces_are_one_table() -> None:
    sums = attribution.sums(table(MANY))
    pieces = pa.concat_tables([sums.slice(start, 7) for start in range(0, len(sums), 7)])
    for model in BY_SUMS:
        told = as_told(attribution.effects_of_sums(pieces, model))
        assert told == as_told(attribution.channel_effects(table(MANY), model))


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


def test_rows_that_nobody_is_known_of_add_up_too() -> None:
    rows: list[Row] = [(None, n % 3, None, 1, 5.0 + n % 2) for n in range(12)]
    parts = [attribution.sums(table(rows[n::2])) for n in (0, 1)]
    assert attribution.added(*parts).equals(attribution.sums(table(rows)))


def test_orders_of_nobody_known_are_persons_by_their_ids() -> None:
    given = table([(None, 1, None, 1, 10.0)] * 500).append_column("id", pa.array([f"o{n}" for n in range(500)]))
    sums = attribution.sums(given, columns=attribution.Columns(id="id"), models=["last"])
    (row,) = attribution.credit_of_sums(sums).to_pylist()
    assert (row["channel"], row["credit"]) == (None, 5000)
    assert 4550 < row["low"] < row["high"] < 5450


def test_sums_that_lie_side_by_side_are_solved_as_one() -> None:
    halves = pa.concat_tables([attribution.sums(HALF), attribution.sums(OTHER_HALF)])
    for model in BY_SUMS:
        told = as_told(attribution.effects_of_sums(halves.take(list(range(len(halves)))[::-1]), model))
        assert told == as_told(attribution.channel_effects(table(MANY), model))


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
    refused(lambda: attribution.added(sums, less=other), "no list of sums", "less=[...]")
    refused(lambda: attribution.added(sums, attribution.sums(table(BOUGHT), decimals=3)), "decimals")
    refused(lambda: attribution.credit_of_sums(sums.select(["what", "part"])), "no table of sums")
    refused(lambda: attribution.effects_of_sums(sums, "incremental"), "incremental", "markov")
    refused(lambda: attribution.effects_of_sums(sums, lookback_days=3), "lookback_days", "markov_order")
    refused(lambda: attribution.sums(table(BOUGHT), model_lookback={"first": 3}), "model_lookback")
    refused(lambda: attribution.sums(table(BOUGHT), markov_state="stage"), "markov_state")


def test_sums_that_are_too_great_are_refused_where_they_are_told() -> None:
    great = float(2**53 - 1)
    sums = attribution.sums(table([("p", n, "mail", 1, great) for n in range(1100)]), models=["last"], decimals=0)
    assert pc.sum(sums["credit"]).as_py() == 1100 * (2**53 - 1)
    refused(lambda: attribution.credit_of_sums(sums), "too great", "decimals")
    assert attribution.effects_of_sums(sums)["channel"].to_pylist() == ["mail"]


def test_what_is_alike_is_not_kept_apart() -> None:
    sums = attribution.sums(table(BOUGHT), models=["first", "last"])
    options: dict[str, Any] = {"markov_order": 3, "prior_journeys": 5, "threads": 1, "holdouts": []}
    other = attribution.sums(table(LATER), models=["last", "first", "markov"], lookback_days=np.int64(30), **options)
    assert attribution.added(sums, other, less=[other]).equals(sums)
    views = attribution.sums(table(LATER), models=["first", "last"], lookback={"mail": 1, "social": 2})
    turned = attribution.sums(table(LATER), models=["first", "last"], lookback={"social": 2, "mail": 1})
    refused(lambda: attribution.added(views, turned), "different options")
    without = attribution.sums(table(LATER).drop("value"), models=["first", "last"])
    refused(lambda: attribution.added(sums, without), "different options")
    assert pc.sum(sums["credit"]).as_py() > 0
