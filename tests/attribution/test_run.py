"""A run of the engine: what it leaves behind, as of when, and how it fails."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from jalon.attribution.card import read_card
from jalon.attribution.options import Options
from jalon.attribution.run import attribute
from jalon.errors import StoreError
from tests.handmade import Run, at, order, refund, touch, write

TABLES = (
    "sales",
    "people",
    "touches",
    "steps",
    "open_steps",
    "effects",
    "credit",
    "modelled",
    "shared",
    "traced",
    "traced_contents",
    "transitions",
    "stage_times",
    "drop_offs",
    "conversions",
    "conversion_credit",
)
FACTS = [touch("t", 1, "a"), touch("u", 2, "a", channel="direct"), order("1", 3, 999, person="a"), refund("1", 5, 100)]


def test_no_facts_give_empty_tables(tmp_path: Path) -> None:
    run = Run(tmp_path, [])
    assert {name: run.rows(name) for name in TABLES} == {name: [] for name in TABLES}
    assert read_card(run.folder)["models"] == list(Options().models)


def test_running_again_leaves_the_same_bytes_and_nothing_else(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS)
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    attribute(run.facts, run.folder, Options(threads=4, memory_limit="300MB"))
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
    assert sorted(before) == sorted([*(f"{name}.parquet" for name in TABLES), "run.json"])


def test_instants_are_written_as_utc_timestamps(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS)
    schema = pq.read_schema(run.folder / "sales.parquet")
    assert str(schema.field("placed_at").type) == "timestamp[us, tz=UTC]"
    assert str(schema.field("net").type) == "int64"
    (row,) = duckdb.sql(f"SELECT epoch_us(placed_at) FROM '{run.folder / 'sales.parquet'}'").fetchall()
    assert row == (at(3),)


def test_as_of_an_instant_what_came_later_is_unknown(tmp_path: Path) -> None:
    facts = [
        touch("t", 1, "a", observed_at=at(10)),
        touch("u", 2, "a", observed_at=at(20)),
        order("1", 3, 999, person="a", observed_at=at(10)),
        refund("1", 5, 100, observed_at=at(20)),
    ]
    run = Run(tmp_path, facts, as_of=at(15))
    assert run.credit("1", "last") == {"t": 999}
    assert Run(tmp_path / "now", facts).credit("1", "last") == {"u": 899}


def test_only_the_models_asked_for_are_computed(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, models=["linear", "first"])
    assert {row["model"] for row in run.rows("credit")} == {"linear", "first"}


def test_the_half_life_is_the_users(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, half_life_days=1)
    weights = [float(row["weight"]) for row in run.rows("credit", model="time_decay")]
    assert weights == pytest.approx([1 / 3, 2 / 3], abs=1e-9)


def test_the_card_says_how_the_tables_were_made(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS, lookback_days=14, repeat="continue")
    card = json.loads((run.folder / "run.json").read_text())
    assert (card["lookback_days"], card["repeat"], card["as_of"]) == (14, "continue", None)
    assert card["rows"] == run.result.rows


def test_a_damaged_facts_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", FACTS)
    damaged = facts / "orders" / "00000000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"00000000\.parquet") as caught:
        attribute(facts, tmp_path / "out")
    assert "normalize" in caught.value.remedy
    assert not list((tmp_path / "out").glob("*")), "nothing half-made is left"


def test_what_was_made_before_stays_when_a_run_fails(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS)
    before = (run.folder / "credit.parquet").read_bytes()
    damaged = run.facts / "touchpoints" / "00000000.parquet"
    damaged.write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError):
        attribute(run.facts, run.folder)
    assert (run.folder / "credit.parquet").read_bytes() == before


def test_without_tables_the_card_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"run\.json") as caught:
        read_card(tmp_path)
    assert "jalon attribute" in caught.value.remedy


def test_what_killed_runs_left_is_swept_and_what_lives_is_let_be(tmp_path: Path) -> None:
    out = tmp_path / "attribution"
    left, lives = out / ".making-99999999", out / f".making-{os.getppid()}"
    for folder in (left, lives):
        folder.mkdir(parents=True)
        (folder / "sales.parquet").write_bytes(b"half")
    Run(tmp_path, FACTS)
    assert not left.exists()
    assert lives.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", FACTS)
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(StoreError, match="out cannot be written") as caught:
        attribute(facts, tmp_path / "out")
    assert caught.value.remedy


def test_too_little_memory_says_what_to_raise(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts", [touch(f"t{n}", 1, f"p{n}") for n in range(20_000)])
    with pytest.raises(StoreError, match="needs more memory"):
        attribute(facts, tmp_path / "out", Options(memory_limit="1MB"))


def test_one_identifier_with_everything_costs_no_square(tmp_path: Path) -> None:
    """A till that nobody noticed: all orders and touches of a shop under one identifier."""
    facts = [touch(f"t{n}", n / 1000, "till") for n in range(20_000)]
    facts += [order(f"o{n}", n / 100, person="till") for n in range(2_000)]
    began = time.process_time()
    run = Run(tmp_path, facts, models=["linear"])
    assert time.process_time() - began < 10
    assert len(run.rows("steps")) == 19_991
