"""The dbt project that `jalon report --dbt` writes: told by the shapes, and accepted by dbt itself where it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jalon.report.dbt import project, write_project
from jalon.report.dbt.yaml import yaml
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.marts.tables import MARTS
from tests.handmade import Run
from tests.report.test_marts import FACTS

pytestmark = pytest.mark.long


def dbt_here() -> str | None:
    """Return the command: that of JALON_DBT, of `make dbt`, or on the path."""
    own = Path(__file__).parents[2] / ".dbt" / "bin" / "dbt"
    return os.environ.get("JALON_DBT") or (str(own) if own.exists() else shutil.which("dbt"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Build the project once, and return what dbt says of each node."""
    dbt = dbt_here()
    if dbt is None:
        pytest.skip("dbt is not installed: `make dbt`, or name the command in JALON_DBT")
    home = tmp_path_factory.mktemp("dbt")
    run = Run(home, FACTS, models=["last", "linear"])
    build_marts(run.facts, run.folder, home / "it's marts", MartOptions(csv=False))
    write_project(home / "it's marts", home / "project")
    alone = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "HOME": str(home), "NO_COLOR": "1"}
    done = subprocess.run(
        [dbt, "--quiet", "build", "--profiles-dir", "."],
        cwd=home / "project", env={**os.environ, **alone}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    target = home / "project" / "target"
    return {name: json.loads((target / f"{name}.json").read_text()) for name in ("run_results", "manifest")}


def test_dbt_builds_every_mart_and_all_tests_pass(built: dict[str, Any]) -> None:
    results = built["run_results"]["results"]
    ended = {each["unique_id"]: each["status"] for each in results}
    assert {name for name in ended if name.startswith("model.")} == {f"model.jalon.{name}" for name in MARTS}
    assert all(status in ("success", "pass", "no-op") for status in ended.values()), ended
    relations = [name for name in ended if name.startswith("test.jalon.relationships")]
    assert len(relations) == sum(len(mart.foreign_keys) for mart in MARTS.values())
    assert "test.jalon.credit_is_net_revenue" in ended


def test_dbt_knows_columns_metrics_and_who_reads(built: dict[str, Any]) -> None:
    manifest = built["manifest"]
    for name, mart in MARTS.items():
        assert list(manifest["nodes"][f"model.jalon.{name}"]["columns"]) == mart.names
    assert {"metric.jalon.net_revenue", "metric.jalon.average_order_value"} <= set(manifest["metrics"])
    assert len(manifest["semantic_models"]) == 3
    assert list(manifest["exposures"]) == ["exposure.jalon.jalon_report"]


def test_the_project_is_of_the_shapes_and_the_same_each_time(tmp_path: Path) -> None:
    told = project(tmp_path)
    assert told == project(tmp_path)
    for mart in MARTS.values():
        assert f"models/{mart.name}.sql" in told
        for column in mart.columns:
            assert f'name: "{column.name}"' in told["models/marts.yml"]
    assert str(tmp_path) in told["models/sources.yml"]
    write_project(tmp_path, tmp_path / "project")
    write_project(tmp_path, tmp_path / "project")
    assert {str(p.relative_to(tmp_path / "project")) for p in (tmp_path / "project").rglob("*.*")} == set(told)


def test_plain_data_as_yaml() -> None:
    told = yaml({"a": {"b": [1, "x: y"], "c": []}, "d": [{"e": None, "f": [{"g": True}]}]})
    assert told.splitlines() == [
        *("a:", "  b:", "    - 1", '    - "x: y"', "  c: []"),
        *("d:", "  - e: null", "    f:", "      - g: true"),
    ]
