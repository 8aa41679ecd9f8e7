"""Names and ids from outside: never a statement, never a path, never a number."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from jalon.report.figures.gathering import figures
from jalon.report.marts.making import build_marts
from jalon.report.page.page import write_page
from tests.handmade import Run, content, order, same, touch

INJECTED = (
    "'; DROP TABLE sales; --",
    '"; DROP VIEW orders; --',
    "x' UNION SELECT 1 --",
    "%(channel)s {stage} $1 ?",
    "../../etc/passwd",
    "con\x00aux",
    "read_csv('/etc/passwd')",
)
IDS = ("9007199254740993", str(2**63), str(2**64 - 1), "000123", "1e5", "0x10", "-0", "1_000", "١٢٣")


@pytest.mark.parametrize("folder", ["plain", "it's; DROP TABLE x --", 'a "quoted" folder', "ünïcode * ?"])
def test_injected_names_change_no_table_and_no_row(tmp_path: Path, folder: str) -> None:
    """Threat 21: in every text of every fact, and in the name of the folder."""
    home = tmp_path / folder
    home.mkdir()
    facts: list[Any] = []
    for number, name in enumerate(INJECTED):
        texts = {"channel": name, "campaign": name, "content_id": name, "product_id": name, "surface": name}
        facts += [touch(name, 1, name, **texts), same(name, f"p{number}"), content(name, name)]
        facts.append(order(name, 2, 100 + number, person=f"p{number}", channel=name, native_status=name, source=name))
    run = Run(home, facts)
    marts = build_marts(run.facts, run.folder, home / "marts")
    page = write_page(figures(home / "marts", run.folder), home / "page.html")
    assert marts.rows["fct_orders"] == len(INJECTED)
    assert {row["order_id"] for row in run.rows("sales")} == set(INJECTED)
    assert sum(row["net"] for row in run.rows("credit", model="linear")) == sum(100 + n for n in range(len(INJECTED)))
    assert {path.name for path in home.iterdir()} == {"facts", "attribution", "marts", "page.html"}
    assert page.stat().st_size > 10_000
    assert {path.name for path in tmp_path.iterdir()} == {folder}


def test_ids_are_the_same_characters_in_every_format(tmp_path: Path) -> None:
    """Hazard 15: beyond 53 and 64 bits, with leading zeros, and what looks like a number."""
    facts: list[Any] = [touch(f"t{id}", 1, id, content_id=id, channel="network") for id in IDS]
    facts += [order(id, 2, 1000, person=id) for id in IDS]
    run = Run(tmp_path, facts)
    build_marts(run.facts, run.folder, tmp_path / "marts")
    page = write_page(figures(tmp_path / "marts", run.folder), tmp_path / "page.html").read_text()
    with (tmp_path / "marts" / "fct_orders.csv").open(newline="") as file:
        told = {row["order_id"] for row in csv.DictReader(file)}
    assert {id.removeprefix("'") for id in told} == set(IDS)
    assert pq.read_schema(tmp_path / "marts" / "fct_orders.parquet").field("order_id").type == "string"
    rows = duckdb.sql(f"SELECT order_id FROM '{tmp_path / 'marts' / 'fct_orders.parquet'}'").fetchall()
    assert {id for (id,) in rows} == set(IDS)
    assert all(id in page for id in IDS if id.isascii())
