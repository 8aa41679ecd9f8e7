"""`jalon deliver`: what it says, with which status it ends, and that `report` and `doctor` know of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jalon import errors
from jalon.report.marts.tables import MARTS
from tests.cli.played import Desk
from tests.report.delivering import filled

TABLES = """
[deliver.lite]
to = "sqlite"
file = "out/marts.sqlite"

[deliver.excel]
to = "csv"
folder = "out/excel"
delimiter = ";"
bom = true
"""


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A workplace with marts."""
    desk = Desk(tmp_path_factory.mktemp("deliver"))
    assert desk("init", "-q").status == errors.OK
    desk.config.write_text(desk.config.read_text() + TABLES)
    (desk.folder / "data").mkdir()
    filled(desk.folder / "data" / "marts", MARTS)
    return desk


def test_it_delivers_once_and_says_what(reported: Desk) -> None:
    dry = reported("deliver", "--dry-run")
    assert f"lite: would send {len(MARTS)} tables, 0 unchanged" in dry.out
    assert not (reported.folder / "out" / "marts.sqlite").exists()
    first = reported("deliver", "--json", "-q")
    lite, excel = first.data["deliveries"]
    assert (first.status, first.err) == (errors.OK, "")
    assert (set(lite["sent"]), lite["unchanged"], excel["sent"]) == (set(MARTS), [], dict.fromkeys(MARTS, 3))
    again = reported("deliver", "lite")
    assert again.out == f"lite: sent 0 tables, {len(MARTS)} unchanged\n"
    with closing(sqlite3.connect(reported.folder / "out" / "marts.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM _jalon_delivery").fetchone() == (len(MARTS),)
    assert (reported.folder / "out" / "excel" / f"{next(iter(MARTS))}.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_report_delivers_where_it_is_asked_to(copied: Desk) -> None:
    """The report was made when the workplace was; what it has delivered is known."""
    said = copied("deliver", "--json", "-q")
    (sheets,) = said.data["deliveries"]
    assert (said.status, sheets["name"], sheets["sent"], len(sheets["unchanged"])) == (
        errors.OK,
        "sheets",
        {},
        len(MARTS),
    )


def test_one_that_fails_does_not_keep_the_others_from_theirs(reported: Desk, tmp_path: Path) -> None:
    config = tmp_path / "jalon.toml"
    text = reported.config.read_text().replace('"data"', f'"{reported.folder}/data"').replace('"out/', f'"{tmp_path}/')
    config.write_text(text)
    (tmp_path / "jalon.key").write_bytes((reported.folder / "jalon.key").read_bytes())
    (tmp_path / "marts.sqlite").write_text("no database at all, " * 200)
    said = reported("deliver", "--json", "--config", str(config))
    lite, excel = said.data["deliveries"]
    assert said.status == errors.PARTIAL
    assert (lite["error"]["exit_status"], set(excel["sent"])) == (errors.PARTIAL, set(MARTS))
    assert "lite: " in said.err
    found = {
        each["name"]: each["level"] for each in reported("doctor", "--json", "--config", str(config)).data["findings"]
    }
    assert (found["deliver lite"], found["deliver excel"]) == ("fail", "ok")


def test_a_name_that_is_not_configured_is_refused(reported: Desk) -> None:
    said = reported("deliver", "exel")
    assert said.status == errors.USAGE
    assert "There are: lite, excel" in said.err
