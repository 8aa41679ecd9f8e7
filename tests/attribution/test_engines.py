"""Which engine runs, and what is said where it cannot be had. Nothing here starts Java."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jalon.attribution.components import components, components_in_rounds
from jalon.attribution.engine import Engine
from jalon.attribution.engines import ENGINES, opened
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.engines.memory import usual_limit
from jalon.attribution.engines.session import _flat
from jalon.attribution.options import Engines, Options
from jalon.config import load
from jalon.errors import ConfigError
from tests.attribution.spark_here import needs_spark

NAMES = st.sampled_from([f"n{number:02}" for number in range(14)])


def test_duckdb_is_what_nothing_else_is_asked_for() -> None:
    with opened(Options()) as engine:
        assert isinstance(engine, DuckDB)
    assert set(ENGINES) == set(Engines.__args__)  # type: ignore[attr-defined]


def test_the_contract_is_no_engine() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Engine()  # type: ignore[abstract]


def test_an_engine_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match="abacus") as caught:
        Options(engine="abacus")  # type: ignore[arg-type]
    assert "duckdb, spark" in caught.value.remedy


def test_without_the_extra_the_remedy_is_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        opened(Options(engine="spark"))
    assert "pip install 'jalon[spark]'" in caught.value.remedy


@needs_spark
def test_without_java_the_remedy_is_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Java") as caught:
        opened(Options(engine="spark", temp_folder=tmp_path / "tmp"))
    assert "Java 17" in caught.value.remedy
    assert not list((tmp_path / "tmp").glob("*"))


@needs_spark
def test_a_master_that_does_not_answer_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"spark://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(ConfigError, match=address) as caught:
            opened(Options(engine="spark", spark_master=address, temp_folder=tmp_path))
    assert "spark_master" in caught.value.remedy


def test_settings_of_spark_may_be_tables_or_dotted_names() -> None:
    given_ = {"driver": {"memory": "4g"}, "sql.shuffle.partitions": 64, "spark.ui.enabled": True}
    assert dict(_flat(given_)) == {"driver.memory": "4g", "sql.shuffle.partitions": 64, "ui.enabled": True}
    with pytest.raises(ConfigError, match=r"driver\.memory"):
        dict(_flat({"driver": {"memory": ["4g"]}}))


def test_the_configuration_names_the_engine(tmp_path: Path) -> None:
    file = tmp_path / "jalon.toml"
    file.write_text(
        '[attribution]\nengine = "spark"\nspark_master = "local[2]"\n[attribution.spark]\ndriver.memory = "4g"'
    )
    told = load(file).attribution
    assert (told.engine, told.spark_master, told.spark) == ("spark", "local[2]", {"driver": {"memory": "4g"}})
    file.write_text('[attribution]\nengine = "abacus"')
    with pytest.raises(ConfigError, match="engine"):
        load(file)


@settings(max_examples=25)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=30))
def test_components_in_rounds_are_those_over_arrays(pairs: list[tuple[str, str]]) -> None:
    apart = [pair for pair in pairs if pair[0] != pair[1]]
    left, right = (pa.array([pair[side] for pair in apart], pa.string()) for side in (0, 1))
    with DuckDB() as engine:
        table = engine.take("pairs", pa.table({"left": left, "right": right}), {"left": "string", "right": "string"})
        found = engine.rows(components_in_rounds(engine, table).order_by("member"))
    assert found.to_pylist() == sorted(components(left, right).to_pylist(), key=lambda row: row["member"])


def test_a_long_chain_takes_few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"c{number:05}" for number in range(3000)]
    rounds: list[str] = []
    with DuckDB() as engine:
        keep = engine.keep
        monkeypatch.setattr(engine, "keep", lambda name, table: rounds.append(name) or keep(name, table))
        data = pa.table({"left": names[:-1], "right": names[1:]})
        found = engine.rows(components_in_rounds(engine, engine.take("p", data, {"left": "string", "right": "string"})))
    assert set(found["root"].to_pylist()) == {"c00000"}
    assert len(rounds) < 20


@pytest.mark.parametrize(
    ("said", "limit"),
    [("8000000000\n", "2000MB"), ("512000000\n", "1000MB")],
    ids=["a quarter of it", "never less than attribution needs"],
)
def test_memory_is_measured_by_the_container(said: str, limit: str, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(said)
    assert usual_limit([tmp_path / "memory.max"]) == limit


def test_memory_is_measured_by_the_machine_where_no_container_limits_it(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    quarter = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 // 1_000_000
    assert usual_limit([tmp_path / "memory.max", tmp_path / "none"]) == f"{max(quarter, 1000)}MB"
