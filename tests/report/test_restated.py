"""What was restated: days that the report before told otherwise, to the minor unit, and nothing that is merely new."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.cli import cli
from jalon.commands.setup import begin
from jalon.report.marts.base import Known
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.marts.restated import RPT_RESTATED, restated, told
from jalon.report.page.blocks import restated as block
from jalon.report.page.language import language
from tests.handmade import Run, order, refund

Rows = list[dict[str, Any]]
NOTHING: Rows = []
ORDERS = {
    "source": pa.string(), "placed_date": pa.date32(), "currency": pa.string(), "is_sale": pa.bool_(),
    "net_minor": pa.int64(),
}  # fmt: skip
COUNTS = {
    "source": pa.string(), "metric": pa.string(), "metric_date": pa.date32(), "currency": pa.string(),
    "value": pa.int64(), "finality": pa.string(),
}  # fmt: skip


class Making(NamedTuple):
    """What of the marts that are being made is looked at."""

    engine: Engine
    known: Known
    out: Path

    def mart(self, name: str) -> Table:
        return self.engine.results(self.out / f"{name}.parquet")


def sold(day: int, net: int, currency: str = "EUR", source: str = "shop", *, is_sale: bool = True) -> tuple[Any, ...]:
    return (source, date(2026, 3, day), currency, is_sale, net)


def counted(metric: str, day: int, value: int, finality: str = "final") -> tuple[Any, ...]:
    return ("net", metric, date(2026, 3, day), None, value, finality)


def published(folder: Path, orders: list[tuple[Any, ...]], counts: list[tuple[Any, ...]], before: Path) -> Rows:
    """Publish a report in a folder, and return what it restates of the one in `before`."""
    folder.mkdir(exist_ok=True)
    for name, schema, rows in (("fct_orders", ORDERS, orders), ("fct_content_metrics_daily", COUNTS, counts)):
        told = [dict(zip(schema, row, strict=True)) for row in rows]
        pq.write_table(pa.Table.from_pylist(told, pa.schema(list(schema.items()))), folder / f"{name}.parquet")
    with DuckDB() as engine:
        rows = restated(Making(engine, Known(before=before), folder)).select(*RPT_RESTATED.names)  # type: ignore[arg-type]
        engine.write(rows, folder / "rpt_restated.parquet", RPT_RESTATED.primary_key)
    return list(pq.read_table(folder / "rpt_restated.parquet").to_pylist())


def changes(rows: Rows) -> set[tuple[int, str, str, int, int]]:
    return {
        (row["restated_date"].day, row["figure"], row["currency"], row["value_before"], row["value_after"])
        for row in rows
    }


SOLD = [sold(1, 1000), sold(2, 2000), sold(3, 700, "USD"), sold(9, 900), sold(2, 99, is_sale=False)]
COUNTED = [
    counted("views", 1, 50),
    counted("views", 2, 60, "estimate"),
    counted("views", 9, 70),
    counted("likes", 9, 5),
]


@pytest.fixture
def then(tmp_path: Path) -> Path:
    """A report, and none before it."""
    assert published(tmp_path / "then", SOLD, COUNTED, tmp_path / "nowhere") == NOTHING
    return tmp_path / "then"


def test_only_days_that_were_over_and_are_told_otherwise_are_restated(then: Path, tmp_path: Path) -> None:
    orders = [sold(1, 700), *SOLD[1:], sold(2, 50), sold(9, 10), sold(12, 4000), sold(1, 5, source="another shop")]
    counts = [counted("views", 1, 55), *COUNTED[1:3], counted("likes", 9, 6), counted("saves", 1, 3)]
    rows = published(tmp_path / "now", orders, counts, then)
    assert changes(rows) == {
        (1, "net", "EUR", 1000, 700), (2, "net", "EUR", 2000, 2050), (1, "views", "(none)", 50, 55),
    }  # fmt: skip
    (late,) = [row for row in rows if row["value_after"] == 2050]
    assert (late["rows_before"], late["rows_after"]) == (1, 2)
    assert {row["final_before"] for row in rows if row["figure"] == "views"} == {1}


def test_a_report_of_the_same_facts_says_the_same_and_one_of_new_days_alone_says_nothing(
    then: Path, tmp_path: Path
) -> None:
    refunded = [sold(1, 1), *SOLD[1:]]
    once = published(tmp_path / "now", refunded, COUNTED, then)
    assert changes(once) == {(1, "net", "EUR", 1000, 1)}
    bytes_once = (tmp_path / "now" / "rpt_restated.parquet").read_bytes()
    assert published(tmp_path / "again", refunded, COUNTED, tmp_path / "now") == once
    assert (tmp_path / "again" / "rpt_restated.parquet").read_bytes() == bytes_once
    assert published(tmp_path / "later", [*refunded, sold(12, 7)], COUNTED, tmp_path / "again") == NOTHING


def test_what_is_gone_is_restated_to_nothing(then: Path, tmp_path: Path) -> None:
    rows = published(tmp_path / "now", SOLD[1:], COUNTED, then)
    assert changes(rows) == {(1, "net", "EUR", 1000, 0)}


@pytest.mark.parametrize("damage", ["fct_orders.parquet", "fct_content_metrics_daily.parquet"])
def test_a_damaged_report_is_replaced_and_compared_with_nothing(then: Path, tmp_path: Path, damage: str) -> None:
    (then / damage).write_bytes(b"PAR1 nothing of the kind")
    assert published(tmp_path / "now", SOLD[1:], COUNTED, then) == NOTHING


def test_figures_are_summed_up_and_money_stands_as_text(then: Path, tmp_path: Path) -> None:
    published(tmp_path / "now", [sold(1, 700), sold(2, 1900), *SOLD[2:]], [counted("views", 1, 55), *COUNTED[1:]], then)
    with DuckDB() as engine:
        rows = told(engine, engine.results(tmp_path / "now" / "rpt_restated.parquet"))
    assert [(row["figure"], row["days"], row["before_amount"], row["after_amount"]) for row in rows] == [
        ("net", 2, "30.00", "26.00"), ("views", 1, None, None)
    ]  # fmt: skip


def test_a_past_report_that_was_never_made_is_asked_for_by_name(tmp_path: Path) -> None:
    begin(tmp_path, ())
    asked = ["report", "--since", "2026-03-01", "--config", str(tmp_path / "jalon.toml")]
    said = CliRunner().invoke(cli, asked)
    assert said.exit_code != 0
    assert "jalon report --as-of 2026-03-01" in str(said.exception) + said.output


def test_a_report_is_held_against_the_one_that_it_replaces(tmp_path: Path) -> None:
    facts = [order("1", 1, 1000), order("2", 9, 500)]
    for number, known in enumerate((facts, [*facts, refund("1", 12, 300)])):
        run = Run(tmp_path / str(number), known)
        build_marts(run.facts, run.folder, tmp_path / "marts", MartOptions(csv=False))
    rows = pq.read_table(tmp_path / "marts" / "rpt_restated.parquet").to_pylist()
    assert [(row["value_before"], row["value_after"]) for row in rows] == [(1000, 700)]


TOLD = [
    {
        "figure": "net", "source": "shop", "currency": "EUR", "days": 2, "first": "2026-03-01", "last": "2026-03-02",
        "before": 3000, "after": 2700, "final": 0, "before_amount": "30.00", "after_amount": "27.00",
    },
    {
        "figure": "views", "source": "net", "currency": None, "days": 1, "first": "2026-03-01", "last": "2026-03-01",
        "before": 50, "after": 55, "final": 1, "before_amount": None, "after_amount": None,
    },
]  # fmt: skip


def test_the_page_says_by_how_much() -> None:
    it = block.prepared({"restated": TOLD}, language("en"))
    assert it is not None
    assert it["says"] == (
        "Net revenue of days that were over has changed since the last report by \u2212€3.00; 1 count changed too."
    )
    assert [(row["before"], row["after"], row["change"]) for row in it["rows"]] == [
        ("€30.00", "€27.00", "\u2212€3.00"), ("50", "55", "+5")
    ]  # fmt: skip
    assert block.prepared({"restated": NOTHING}, language("en")) is None
    said = block.prepared({"restated": TOLD[1:]}, language("fr"))
    assert said is not None
    assert said["says"].endswith("1 comptage.")
