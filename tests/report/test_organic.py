"""What would have come anyway, as marts, page and summary say it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from jalon.report.figures.gathering import figures
from jalon.report.marts.making import MartOptions, build_marts
from jalon.report.page.language import language
from jalon.report.page.page import write_page
from jalon.report.shown import chosen_model
from jalon.report.summary import lines
from tests.attribution.advertised import facts
from tests.handmade import Run


class Report(NamedTuple):
    told: dict[str, Any]
    page: str
    attribution: list[dict[str, Any]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("organic")
    run = Run(folder, facts(), models=["incremental", "last_non_direct"])
    build_marts(run.facts, run.folder, folder / "marts", MartOptions(csv=False))
    told = figures(folder / "marts", run.folder)
    page = write_page(told, folder / "report.html").read_text()
    rows = pq.read_table(folder / "marts" / "fct_attributed_revenue.parquet").to_pylist()
    return Report(told, page, rows)


def test_it_is_a_row_of_the_mart_that_makes_sums_agree(report: Report) -> None:
    sums = dict.fromkeys(("incremental", "last_non_direct"), 0)
    for row in report.attribution:
        sums[row["model"]] += row["net_minor"]
    assert sums["incremental"] == sums["last_non_direct"] == report.told["headline"][0]["net_minor"]
    organic = [row for row in report.attribution if row["basis"] == "organic"]
    assert organic
    assert {(row["model"], row["step"], row["touch_uid"]) for row in organic} == {("incremental", 0, None)}


def test_the_model_that_can_tell_is_shown_first(report: Report) -> None:
    assert chosen_model(report.told) == "incremental"
    (row,) = report.told["organic"]
    assert 0 < row["net_minor"] < report.told["headline"][0]["net_minor"]
    english = language("en")
    said = next(line for line in lines(report.told, english) if "would have come anyway" in line)
    assert english.amount(row["net"], "EUR") in said


def test_the_way_there_is_known_all_the_same(report: Report) -> None:
    known = {row["basis"]: row["orders"] for row in report.told["coverage"]}
    with_path = {row["order_uid"] for row in report.attribution if row["basis"] in ("observed", "organic")}
    assert known["observed"] == len(with_path)


def test_the_page_says_so_in_its_own_line(report: Report) -> None:
    assert "Would have come anyway: credited to nobody" in report.page
    assert "Not shown, since nothing could be learnt" not in report.page
