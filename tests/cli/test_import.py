"""`jalon import` and `jalon templates`: what they teach, and what a stranger gets with a file of their own."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from jalon.connectors.templates.tables import TEMPLATES
from tests.cli.played import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A new workplace with a source that reads files, made as the first steps say."""
    made = Desk(tmp_path)("init", "own", "--source", "files")
    assert made.status == 0
    return Desk(tmp_path / "own")


def example(desk: Desk, name: str) -> Path:
    """Write a template's own example, as a person would, an hour ago."""
    path = desk.folder / f"{name}.{'jsonl' if name == 'meta_orders' else 'csv'}"
    path.write_text(desk("templates", name, "--example").out)
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_every_example_can_be_taken_as_it_is(desk: Desk) -> None:
    paths = [str(example(desk, name)) for name in TEMPLATES]
    said = desk("import", *paths, "--json")
    assert said.status == 0, said.err
    (outcome,) = said.data["sources"]
    assert (outcome["outcome"], outcome["skipped"]) == ("ok", 0)
    kinds = {"orders", "order_lines", "refunds", "touchpoints", "measures", "answers", "order_contents", "contents",
             "content_tags", "products", "identities"}  # fmt: skip
    assert set(said.data["facts"]["facts"]) == kinds
    again = desk("import", *paths, "--json")
    assert (again.status, again.data["sources"][0]["new"]) == (0, 0)


def test_a_file_is_looked_at_before_it_is_taken(desk: Desk) -> None:
    path = desk.folder / "sales.csv"
    path.write_text("Ticket;Kasse;Datum;Summe;Notiz\n1;2;20.11.2026;5,00;geheim\n")
    refused = desk("import", str(path), "--dry-run")
    assert refused.status == 2
    assert "--table" in refused.err
    wrong = desk("import", str(path), "--table", "till_orders", "--dry-run")
    assert wrong.status == 2
    assert 'set delimiter = ";" in [sources.….tables.till_orders]' in wrong.err.lower()
    table = (
        '\n[sources.files.tables.kasse]\nfiles = "sales*.csv"\ntemplate = "till_orders"\ndelimiter = ";"\n'
        'decimal = ","\ndates = "%d.%m.%Y"\nconstants = { currency = "EUR" }\n'
    )
    desk.config.write_text(desk.config.read_text() + table)
    looked = desk("import", str(path), "--dry-run")
    assert looked.status == 0
    assert "table kasse: 1 of its first 1 rows can be taken" in looked.out
    assert "not read     Notiz" in looked.out
    assert "geheim" not in looked.out
    assert desk("status", "--json").data["inbox"] == []


def test_bad_rows_are_told_and_the_status_says_so(desk: Desk) -> None:
    path = example(desk, "ad_costs")
    path.write_text(path.read_text() + "2026-11-19,google_ads,brand,twelve,EUR,1,1\n")
    said = desk("import", str(path))
    assert said.status == 1
    assert said.err.count("1 of 2 rows are in quarantine") == 1
    held = desk("quarantine", "list", "--json").data["entries"]
    assert [(one["key"].rpartition("/")[2], one["reason"]) for one in held] == [("ad_costs.csv:3", "bad_number")]
    assert "twelve" in desk("quarantine", "show", str(held[0]["id"])).out, "the row itself, for whoever holds the key"


def test_amounts_that_nobody_pays_are_held_by_file_and_line_and_reports_go_on(desk: Desk) -> None:
    """As where columns have shifted, and a barcode stands in the place of a quantity or a price."""
    spoiled = {
        "till_orders.csv": "receipt,date,total,currency\n1,2026-11-01T10:00,45.90,EUR\n"
        "2,2026-11-01T10:00,99999999999999.99,EUR\n",
        "till_lines.csv": "receipt,line,sku,quantity,unit_price,currency\n1,1,A,4006381333931,45.90,EUR\n",
        "ad_costs.csv": "date,platform,campaign,spend,currency\n2026-11-01,google_ads,brand,123456789012345,EUR\n",
    }
    for name, text in spoiled.items():
        (desk.folder / name).write_text(text)
    assert desk("import", *spoiled).status == 1
    held = desk("quarantine", "list", "--json").data["entries"]
    assert {(one["key"].rpartition("/")[2], one["reason"]) for one in held} == {
        ("till_orders.csv:3", "bad_money"), ("till_lines.csv:2", "bad_money"), ("ad_costs.csv:2", "bad_money"),
    }  # fmt: skip
    reported = desk.here("report", "--json")
    assert reported.status == 0, reported.err
    assert desk.orders() == {("files", "1")}


def test_nothing_is_left_of_an_order_that_went_back_whether_or_not_the_file_tells_the_tax(desk: Desk) -> None:
    (desk.folder / "till_orders.csv").write_text(
        "receipt,date,total,vat,currency\n"
        "1,2026-11-01T10:00,120.00,20.00,EUR\n2,2026-11-01T11:00,99.99,16.67,EUR\n3,2026-11-01T12:00,60.00,10.00,EUR\n"
    )
    (desk.folder / "till_refunds.csv").write_text(
        "refund_no,receipt,date,total,vat,currency\nR1,1,2026-11-02T10:00,-120.00,,EUR\n"
        + "".join(f"R2-{n},2,2026-11-0{n}T10:00,33.33,,EUR\n" for n in (3, 4, 5))
        + "R3,3,2026-11-02T10:00,-12.00,-2.00,EUR\n"
    )
    assert desk("import", "till_orders.csv", "till_refunds.csv").status == 0
    reported = desk.here("report", "--json")
    assert reported.status == 0, reported.err
    told = {number: desk.here("explain", f"files:{number}", "--json").data["order"] for number in "123"}
    assert {number: each["order"]["net"] for number, each in told.items()} == {"1": 0, "2": 0, "3": 4_000}
    assert sum(each["tax"] for each in told["2"]["refunds"]) == 1_667
    said = desk.here("explain", "files:1").out
    assert "reckoned by the order's rate" in said
    assert "reckoned" not in desk.here("explain", "files:3").out


def test_which_source_is_told_where_there_are_several_or_none(desk: Desk, tmp_path: Path) -> None:
    path = example(desk, "ad_costs")
    assert desk("import", str(path), "--source", "files", "--no-normalize").status == 0
    unknown = desk("import", str(path), "--source", "nobody")
    assert (unknown.status, "no source is called" in unknown.err) == (2, True)
    Desk(tmp_path)("init", "none")
    none = Desk(tmp_path / "none")("import", str(path))
    assert (none.status, "jalon init --source files" in none.err) == (2, True)


def test_what_init_shows_of_files_is_a_configuration_once_its_marks_are_taken_off(desk: Desk) -> None:
    path = desk.folder / "jalon.toml"
    head, _, example = path.read_text().partition("# [sources.files.tables.till]")
    lines = [line.removeprefix("# ") for line in f"# [sources.files.tables.till]{example}".splitlines()]
    path.write_text(head + "\n".join(lines))
    shown = desk("config", "show", "--json")
    assert shown.status == 0, shown.err


def test_templates_are_listed_and_shown(desk: Desk) -> None:
    listed = desk("templates", "--json").data["templates"]
    assert [each["template"] for each in listed] == list(TEMPLATES)
    shown = desk("templates", "till_refunds", "--json").data
    needed = {column["field"] for column in shown["columns"] if column["needed"]}
    assert needed == {"order_id", "refunded_at", "currency", "total"}
    assert "number of the refund" in desk("templates", "till_refunds").out
    plain = {each["field"]: each["needed"] for each in desk("templates", "orders", "--json").data["columns"]}
    assert (plain["channel"], plain["total"], plain["goods"]) == ("unless platform is one", "or goods", "or total")
    till = {each["field"]: each["needed"] for each in desk("templates", "till_orders", "--json").data["columns"]}
    assert (till["channel"], till["total"]) == ("", "or goods")
    near = desk("templates", "till_order")
    assert (near.status, "till_orders" in near.err) == (2, True)


def test_the_schema_of_events_is_printed(desk: Desk) -> None:
    printed = json.loads(desk("templates", "--schema").out)
    Draft202012Validator.check_schema(printed)
    assert printed == desk("templates", "--schema", "--json").data["schema"]


def test_more_bad_rows_than_are_named_are_counted(desk: Desk) -> None:
    path = example(desk, "ad_costs")
    path.write_text(path.read_text() + "2026-11-19,google_ads,brand,twelve,EUR,1,1\n" * 8)
    said = desk("import", str(path), "--dry-run")
    assert said.status == 1
    assert "and 3 more bad rows" in said.out


def test_what_was_settled_otherwise_is_closed_by_hand(desk: Desk) -> None:
    path = example(desk, "ad_costs")
    path.write_text(path.read_text() + "2026-11-19,google_ads,brand,twelve,EUR,1,1\n")
    desk("import", str(path))
    listed = desk("quarantine", "list")
    assert "jalon quarantine close" in listed.err
    assert "close" in desk("status").out
    number = str(desk("quarantine", "list", "--json").data["entries"][0]["id"])
    assert desk("quarantine", "close", number, "999").status == 2
    assert desk("quarantine", "close", number, "--json").data["closed"] == [int(number)]
    assert desk("quarantine", "close", number, "--json").data["closed"] == []
    assert desk("quarantine", "list").out == "nothing is in quarantine\n"


def test_a_source_that_was_renamed_is_named_until_its_past_is_removed(desk: Desk) -> None:
    path = str(example(desk, "ad_costs"))
    desk("import", path)
    desk.edit("[sources.files]", "[sources.costs]")
    desk("import", path)
    assert desk.rows("SELECT count(DISTINCT source) FROM {measures} WHERE metric = 'spend'") == [(2,)]
    status = desk("status", "--json").data
    assert status["left"] == {"files": 1}
    assert "files is not in jalon.toml, and its 1 record counts on" in desk("status").out
    found = [one for one in desk("doctor", "--offline", "--json").data["findings"] if one["level"] == "warn"]
    assert [one["name"] for one in found] == ["sources"]
    assert "`jalon forget-source files`" in found[0]["remedy"]
    assert desk("forget-source", "files", "--yes").status == 0
    assert desk("status", "--json").data["left"] == {}
    assert all(one["level"] == "ok" for one in desk("doctor", "--offline", "--json").data["findings"])


def test_a_first_day_that_is_still_to_come_is_told_of(desk: Desk) -> None:
    """As of a slip in the year: nothing else would say why a sync that went well has read nothing."""
    desk.edit("# since = 2026-01-01", "since = 2062-01-01")
    told = "[sources.files] since: 2062-01-01 is still to come"
    assert told in desk("sync").err
    found = desk("doctor", "--offline", "--json").data["findings"]
    assert [(one["name"], one["level"]) for one in found if "since" in one["name"]] == [
        ("[sources.files] since", "warn")
    ]
    desk.edit("since = 2062-01-01", "since = 2026-01-01")
    assert "since" not in desk("sync").err
