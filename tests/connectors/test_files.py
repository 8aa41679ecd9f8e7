"""From a cell to a value, from a row to a record, and what jalon.toml may say about it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.config import Config, load
from jalon.connectors.base import BY_CONTENT, Unusable
from jalon.connectors.files import Files
from jalon.connectors.files.mapping import Mapped, sheet_of
from jalon.connectors.files.settings import FilesSettings, Table
from jalon.connectors.files.values import Manner, convert, fold
from jalon.connectors.templates.fields import Field, Kind
from jalon.connectors.templates.tables import TEMPLATES
from jalon.errors import ConfigError

PARIS = ZoneInfo("Europe/Paris")


def manner(**told: Any) -> Manner:
    return Manner(**{"decimal": ".", "dates": "iso", "zone": PARIS, "phone_prefix": "", "words": {}, **told})


def read(kind: Kind, cell: Any, words: tuple[str, ...] = (), **told: Any) -> Any:
    return convert(Field("cell", kind, "", words=words), cell, manner(**told))


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "mark", "plain"),
    [
        ("27.98", ".", "27.98"),
        ("27,98", ",", "27.98"),
        ("1.234,50", ",", "1234.50"),
        ("1\u202f234\u202f567,5", ",", "1234567.5"),
        ("1'234.50", ".", "1234.50"),
        ("1,234,567", ".", "1234567"),
        ("1,234", ".", "1234"),
        ("1.234", ",", "1234"),
        ("-5", ".", "-5"),
        ("\u22125", ".", "-5"),
        ("5-", ".", "-5"),
        (12, ".", "12"),
        (12.5, ",", "12.5"),
        (0.1, ".", "0.1"),
        (1e-7, ".", "0.0000001"),
        (Decimal("9.90"), ".", "9.90"),
    ],
)
def test_amounts_are_read_by_the_mark_that_was_told(cell: Any, mark: str, plain: str) -> None:
    assert read("money", cell, decimal=mark) == plain


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("27,98", "."), ("27.98", ","), ("12,34,567", "."), ("1.23,4", "."), ("€5", "."), ("5 EUR", "."), ("1e3", "."),
        ("--5", "."), ("-5-", "."), (".5", "."), ("١٢", "."), (True, "."), (float("inf"), "."), ([1], "."), ({}, "."),
    ],
)  # fmt: skip
def test_amounts_that_are_written_otherwise_are_refused(cell: Any, mark: str) -> None:
    with pytest.raises(Unusable, match="bad_number"):
        read("money", cell, decimal=mark)


@given(st.integers(-(10**12), 10**12), st.sampled_from([".", ","]), st.booleans())
def test_what_is_laid_out_is_read_back(cents: int, mark: str, grouped: bool) -> None:
    sign, (whole, places) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    text = f"{whole:,}".replace(",", " ") if grouped else str(whole)
    assert Decimal(read("money", f"{sign}{text}{mark}{places:02d}", decimal=mark)) == Decimal(cents) / 100


@pytest.mark.parametrize(
    ("cell", "dates", "iso"),
    [
        ("2026-11-20T10:00:00Z", "iso", "2026-11-20T10:00:00+00:00"),
        ("2026-11-20 10:00:00", "iso", "2026-11-20T10:00:00+01:00"),
        ("2025-06-02T14:08:11+0000", "iso", "2025-06-02T14:08:11+00:00"),
        ("2026-11-20", "iso", "2026-11-20"),
        ("20/11/2026 10:00", "%d/%m/%Y %H:%M", "2026-11-20T10:00:00+01:00"),
        ("20/11/2026", "%d/%m/%Y", "2026-11-20"),
        ("20/07/2026 10:00", "%d/%m/%Y %H:%M", "2026-07-20T10:00:00+02:00"),
        ("1795165200", "unix", "2026-11-20T09:00:00+00:00"),
        (1795165200123, "unix_ms", "2026-11-20T09:00:00.123000+00:00"),
        (datetime(2026, 11, 20, 10, tzinfo=UTC), "iso", "2026-11-20T10:00:00+00:00"),
        (datetime(2026, 11, 20, 10), "iso", "2026-11-20T10:00:00+01:00"),  # noqa: DTZ001  # as Parquet holds it
        (date(2026, 11, 20), "iso", "2026-11-20"),
        ("25/10/2026 02:30", "%d/%m/%Y %H:%M", "2026-10-25T02:30:00+02:00"),  # of the hour that comes twice, the first
    ],
)
def test_times_are_read_as_told(cell: Any, dates: str, iso: str) -> None:
    assert read("time", cell, dates=dates) == iso


@pytest.mark.parametrize(
    ("cell", "dates"),
    [
        ("20/11/2026", "iso"), ("11/20/2026", "%d/%m/%Y"), ("31/11/2026", "%d/%m/%Y"), ("soon", "unix"),
        ("9" * 30, "unix"), (17, "iso"), ("2026-11-20 10:00 ada@example.org", "iso"),
    ],
)  # fmt: skip
def test_times_that_are_written_otherwise_are_refused_without_being_quoted(cell: Any, dates: str) -> None:
    with pytest.raises(Unusable, match="impossible_date") as refused:
        read("time", cell, dates=dates)
    assert str(cell) not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("id", " 17 ", "17"), ("id", 17.0, "17"), ("id", 2**53 + 1, "9007199254740993"), ("id", "000412", "000412"),
        ("count", "1 234", 1234), ("count", "7.00", 7), ("integer", -3, -3), ("flag", "Oui", True), ("flag", 0, False),
        ("currency", "eur", "EUR"), ("ids", "a, b;c", ["a", "b", "c"]), ("ids", ["a", 2], ["a", "2"]),
        ("name", "Google Ads", "google_ads"), ("text", "", None), ("money", float("nan"), None), ("id", None, None),
    ],
)  # fmt: skip
def test_other_values(kind: Kind, cell: Any, value: Any) -> None:
    assert read(kind, cell) == value


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("id", 1.5), ("id", float(2**60)), ("id", []), ("count", "1.5"), ("flag", "perhaps"), ("count", "9" * 19)],
)
def test_values_of_another_kind_are_refused(kind: Kind, cell: Any) -> None:
    with pytest.raises(Unusable):
        read(kind, cell)


@pytest.mark.parametrize(
    ("written", "prefix", "number"),
    [
        ("06 12 34 56 78", "33", "+33612345678"),
        ("+33 6 12 34 56 78", "33", "+33 6 12 34 56 78"),
        ("0033612345678", "33", "0033612345678"),
        ("06 12 34 56 78", "", "06 12 34 56 78"),
        ("-", "33", "-"),
    ],
)
def test_national_numbers_get_the_country_that_was_told(written: str, prefix: str, number: str) -> None:
    assert read("phone", written, phone_prefix=prefix) == number


@given(st.text() | st.floats() | st.binary() | st.none() | st.booleans(), st.sampled_from(["unix", "iso", "%d/%m/%Y"]))
def test_whatever_stands_in_a_cell_is_read_or_refused(cell: Any, dates: str) -> None:
    for field in {field.kind: field for template in TEMPLATES.values() for field in template.fields()}.values():
        try:
            convert(field, cell, manner(dates=dates, decimal=","))
        except Unusable as refused:
            told = refused.detail
        else:
            continue
        assert len(str(cell)) < 4 or str(cell) not in told


# --- rows -------------------------------------------------------------------------------------------------------------


def mapped(template: str = "till_orders", **told: Any) -> Mapped:
    return Mapped("table", Table(files="*", template=template, **told), "csv", "Europe/Paris")


ROW = {"Receipt No.": "12", "Date": "2026-11-20T10:00:00Z", "Amount": "5.00", "Currency": "EUR", "Note": "canary"}


@pytest.mark.parametrize(("mark", "set_to", "written"), [(";", ",", ";"), ("\t", ",", "\\t"), (",", ";", ",")])
def test_a_file_that_is_cut_at_another_mark_is_told_which(mark: str, set_to: str, written: str) -> None:
    heads = mark.join(("receipt", "till", "date", "total", "vat", "currency"))
    with pytest.raises(Unusable, match="its columns are parted by") as caught:
        mapped(delimiter=set_to).check([heads])
    assert f'delimiter = "{written}"' in caught.value.remedy
    assert "columns =" not in caught.value.remedy
    mapped(delimiter=mark).check(heads.split(mark))


def test_one_column_alone_is_asked_for_the_others() -> None:
    with pytest.raises(Unusable, match="no column for order_id"):
        mapped().check(["total"])


def test_columns_are_found_by_their_heads_and_the_rest_is_left() -> None:
    record = mapped().record(ROW)
    assert record.key == "till||12"
    assert record.body == {
        "order_id": "12", "platform": "till", "placed_at": "2026-11-20T10:00:00+00:00", "channel": "shop",
        "currency": "EUR", "total": "5.00", "customer_of": "till",
    }  # fmt: skip
    assert mapped().explain(list(ROW))[-1] == ("not read", "Note")


def test_what_the_user_says_stands_above_the_template() -> None:
    told = mapped(
        columns={"order_id": ["Shop", "Receipt No."], "total": "Net"},
        constants={"platform": "kiosk", "status": "Pending"},
        words={"status": {"Bezahlt": "paid"}},
    )
    body = told.record({**ROW, "Shop": "B", "Net": "4.00", "Status": "BEZAHLT"}).body
    assert (body["order_id"], body["total"], body["platform"], body["status"]) == ("B-12", "4.00", "kiosk", "paid")
    assert told.record({**ROW, "Shop": "B", "Net": "4.00"}).body["status"] == "pending"


def test_a_column_that_is_empty_falls_back_to_the_constant() -> None:
    told = mapped(constants={"currency": "chf"})
    assert told.record({**ROW, "Currency": ""}).body["currency"] == "CHF"


@pytest.mark.parametrize(
    ("told", "columns", "reason"),
    [
        ({}, ["date", "total", "currency"], "missing_column"),
        ({"columns": {"total": "Summ"}}, ["receipt", "date", "total", "currency"], "missing_column"),
    ],
)
def test_a_file_that_lacks_a_column_is_refused_as_a_whole(told: Any, columns: list[str], reason: str) -> None:
    with pytest.raises(Unusable, match=reason) as refused:
        mapped(**told).check(columns)
    assert "columns" in refused.value.remedy


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Receipt No.": ""}, "missing_field"),
        ({"Amount": "five"}, "bad_number"),
        ({"Date": "yesterday"}, "impossible_date"),
        ({"Status": "lost in the post"}, "unknown_word"),
    ],
)
def test_a_bad_row_is_told_by_its_field(change: dict[str, str], reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        mapped().record({**ROW, **change})


SALE = {"order_id": "1", "platform": "till", "placed_at": "2026-11-01T10:00Z", "total": "10.00", "currency": "EUR"}


def test_objects_of_the_removed_order_api_are_read_with_their_lines() -> None:
    row = __import__("json").loads(TEMPLATES["meta_orders"].example)
    body = Mapped("m", Table(files="*", template="meta_orders"), "jsonl", "UTC").record(row).body
    assert (body["platform"], body["selling_mode"], body["status"], body["total"]) == (
        "instagram",
        "native",
        "paid",
        "26.09",
    )
    assert body["lines"] == [{"line_id": "1", "sku": "JLN-002", "quantity": 1, "unit_price": "20.45"}]
    held = {**row, "order_status": {"state": "FB_PROCESSING"}, "is_test_order": True}
    body = Mapped("m", Table(files="*", template="meta_orders"), "jsonl", "UTC").record(held).body
    assert (body["status"], body["kind"]) == ("pending", "test")


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ('[{"line": 1, "sku": "A", "quantity": 2, "unit_price": "2.50"}]',
         [{"line_id": "1", "sku": "A", "quantity": 2, "unit_price": "2.50"}]),
        ([{"sku": "A"}], [{"sku": "A"}]),
        (" [] ", []),
        ("", None),
        ("null", None),
    ],
)  # fmt: skip
def test_lines_in_a_cell_are_read_as_json(cell: Any, lines: Any) -> None:
    assert mapped("orders").record({**SALE, "lines": cell}).body.get("lines") == lines


@pytest.mark.parametrize("cell", ["3", "A, B", "[1]", '{"sku": "A"}', "[" * 10_000])
def test_a_column_of_lines_that_holds_something_else_can_be_left_out(cell: str) -> None:
    row = {**SALE, "lines": cell}
    with pytest.raises(Unusable, match=r"misplaced: .*columns = \{ lines = \[\] \}"):
        mapped("orders").record(row)
    without = mapped("orders", columns={"lines": []})
    assert without.record(row).body.get("lines") is None
    assert ("not read", "lines") in without.explain(list(row))


@pytest.mark.parametrize(("cell", "code"), [("Gagné", "won"), ("PERDU", "lost"), ("Perdue", "lost"), ("Prix", "Prix")])
def test_a_deal_that_was_won_or_lost_may_be_so_in_french(cell: str, code: str) -> None:
    """Letters beyond ASCII are no code, so that what is not known to be one stays free text."""
    row = {"type": "win/loss", "submitted_at": "2026-11-18", "outcome": cell}
    assert mapped("survey_answers").record(row).body["choice"] == code


def test_a_row_without_a_number_of_its_own_is_known_by_what_it_says() -> None:
    row = {"timestamp": "2026-11-18T08:02:11Z", "event": "open", "email": "ada@example.org"}
    assert mapped("email_events").record(row).key == BY_CONTENT
    assert mapped("email_events").record({**row, "event_id": 5}).key == "mailing|5"


def test_another_mapping_has_another_mark() -> None:
    marks = {
        mapped().mark,
        mapped(decimal=",").mark,
        mapped("till_refunds").mark,
        mapped(constants={"currency": "EUR"}).mark,
    }
    assert len(marks) == 4
    assert mapped().mark == mapped().mark


def test_which_table_reads_a_file() -> None:
    tables = {
        "a": Table(files="2026/till-*.csv", template="till_orders"),
        "b": Table(files="till-*.csv", template="till_refunds"),
        "c": Table(files="*.export", template="orders", format="jsonl"),
    }
    settings = FilesSettings(connector="files", tables=tables)
    names = (
        "2026/till-1.csv",
        "2025/till-1.csv",
        "x.export",
        "till_lines-may.parquet",
        "till_orders.tsv",
        "readme.txt",
    )
    found = [sheet_of(settings, name) for name in names]
    assert [each and (each.table, each.format, each.delimiter) for each in found] == [
        ("a", "csv", ","), ("b", "csv", ","), ("c", "jsonl", ","), ("till_lines", "parquet", ","),
        ("till_orders", "csv", "\t"), None,
    ]  # fmt: skip
    named = sheet_of(settings, "whatever.csv", "ad_costs")
    assert named is not None
    assert named.stream == "figures"
    for name, table, reason in (("x.csv", "nothing", "unknown_table"), ("till_orders.xlsx", None, "unknown_format")):
        with pytest.raises(Unusable, match=reason):
            sheet_of(settings, name, table)


def test_heads_are_folded() -> None:
    assert [fold(head) for head in ("Receipt No.", "  N° ticket ", "Montant TTC (€)", "order_status.state")] == [
        "receipt_no", "n_ticket", "montant_ttc", "order_status_state",
    ]  # fmt: skip


# --- jalon.toml -------------------------------------------------------------------------------------------------------

TOML = """
[sources.own]
connector = "files"
folder = "drop"

[sources.own.tables.till]
files = "till-*.csv"
template = "till_orders"
"""


def configured(folder: Path, text: str) -> Config:
    (folder / "jalon.toml").write_text(text)
    return load(folder / "jalon.toml")


def test_the_folder_is_beside_jalon_toml(tmp_path: Path) -> None:
    settings = configured(tmp_path, TOML).sources["own"]
    assert Files().folder(settings).path == tmp_path / "drop"
    assert Files().folder(FilesSettings(connector="files")).path is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('files = "../*.csv"', "inside the folder"), ('files = "/etc/*"', "inside the folder"),
        ('template = "tills"', "jalon templates"), ('delimiter = ";;"', "one character"),
        ('encoding = "utf-16"', "must be one of"), ('encoding = "klingon"', "must be one of"),
        ('dates = "d/m/y"', "%d/%m/%Y"), ('zone = "Mars/Phobos"', "IANA"), ("decimal = 5", "decimal"),
        ('columns = { prise = "Preis" }', "jalon templates till_orders"), ("colums = {}", "colums"),
        ('phone_prefix = "+33"', "phone_prefix"),
    ],
)  # fmt: skip
def test_what_jalon_toml_may_not_say_is_refused_with_what_it_may(tmp_path: Path, line: str, what: str) -> None:
    name = line.partition(" =")[0]
    text = "\n".join(each for each in TOML.splitlines() if not each.startswith(f"{name} =")) + f"\n{line}\n"
    with pytest.raises(ConfigError) as refused:
        configured(tmp_path, text)
    assert what in f"{refused.value.message} {refused.value.remedy}"


def test_a_folder_must_be_a_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no path"):
        configured(tmp_path, TOML.replace('"drop"', "17"))
