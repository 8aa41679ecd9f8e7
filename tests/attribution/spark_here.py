"""Spark for tests: quick to start, quiet, and on this machine's loopback alone."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or not (shutil.which("java") or os.environ.get("JAVA_HOME")),
    reason="pyspark (pip install 'jalon[spark]') or Java is not on this machine",
)

SMALL = {
    "sql.shuffle.partitions": 2,
    "sql.adaptive.enabled": False,
    "sql.constraintPropagation.enabled": False,
    "sql.codegen.wholeStage": False,
    "sql.codegen.factoryMode": "NO_CODEGEN",
    "driver.host": "127.0.0.1",
    "driver.bindAddress": "127.0.0.1",
    "driver.memory": "1g",
    "driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""Settings that make small data quick: what compiles plans and code for large data costs more than it saves."""


def assert_same_tables(one: Path, other: Path) -> None:
    """Compare every table of two runs: rows, their order, names and types of columns."""
    names = sorted(path.name for path in one.glob("*.parquet"))
    assert names == sorted(path.name for path in other.glob("*.parquet"))
    for name in names:
        left, right = pq.read_table(one / name), pq.read_table(other / name)
        assert described(left.schema) == described(right.schema), name
        for column in left.column_names:
            assert left[column].to_pylist() == right[column].to_pylist(), f"{column} of {name}"


def described(schema: Any) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in schema]
