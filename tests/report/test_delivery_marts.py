"""The marts as they are declared, delivered: every figure to the cent, every key to what it refers to."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jalon.report.marts.shapes import Mart
from jalon.report.marts.tables import MARTS
from tests.report.delivering import Row, filled, from_parquet, held, send, settings
from tests.report.postgres_server import PASSWORD

NUMBERS = ("integer", "decimal")


def sums(mart: Mart, rows: list[Row]) -> dict[str, Decimal]:
    """Return the sum of each column of numbers, and how many rows there are."""
    told = {
        each.name: sum((Decimal(row[i]) for row in rows if row[i] is not None), Decimal(0))
        for i, each in enumerate(mart.columns)
        if each.type in NUMBERS
    }
    return {**told, "rows": Decimal(len(rows))}


@pytest.mark.parametrize("to", ["csv", "jsonl", "sqlite", "duckdb", "postgres", "warehouse"])
def test_delivered_totals_are_those_of_the_marts(
    to: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    where: dict[str, Any] = {"folder": tmp_path / "out"}
    if to == "postgres":
        where = {"url": request.getfixturevalue("postgres_url")}
    elif to == "warehouse":
        where = {"destination": "sqlalchemy", "credentials": request.getfixturevalue("mariadb_url")}
    elif to in ("sqlite", "duckdb"):
        where = {"file": tmp_path / "out"}
    place = settings(to, **where)
    filled(tmp_path / "marts", MARTS)
    done = send(place, tmp_path / "marts", MARTS)
    assert set(done.sent) == set(MARTS)
    source = settings("parquet", folder=tmp_path / "marts")
    for mart in MARTS.values():
        assert sums(mart, held(place, mart)) == sums(mart, from_parquet(source, mart)), mart.name
    assert send(place, tmp_path / "marts", MARTS).sent == {}
