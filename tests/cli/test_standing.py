"""Attributing again: what stands is left alone, and what could differ is made anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jalon import errors
from jalon.attribution import standing
from jalon.attribution.options import Options
from tests.cli.played import Desk

STANDS = "no fact and no setting has changed"


def tables(desk: Desk) -> dict[str, tuple[int, bytes]]:
    """Return each file that a run left, with its number on the disk: it changes when a file is replaced."""
    folder = desk.folder / "data" / "attribution"
    files = [file for file in folder.iterdir() if file.name != standing.NAME]
    return {file.name: (file.stat().st_ino, file.read_bytes()) for file in files}


def facts(desk: Desk, kind: str = "orders") -> Path:
    return min((desk.folder / "data" / "facts" / kind).glob("*.parquet"))


def test_what_stands_is_told_as_before_and_left_alone(copied: Desk) -> None:
    made = copied("attribute", "--anew", "--json")
    before = tables(copied)
    again = copied("attribute", "--json")
    assert again.status == errors.OK
    assert again.data == {**made.data, "stood": True}
    assert list(again.data["rows"]) == list(made.data["rows"])
    assert STANDS in copied.here("attribute").err
    assert copied.here("report", "--lang", "fr").status == errors.OK
    assert tables(copied) == before


def test_made_anew_on_demand_it_is_the_same(copied: Desk) -> None:
    before = tables(copied)
    said = copied.here("attribute", "--anew")
    assert (said.status, STANDS in said.err) == (errors.OK, False)
    after = tables(copied)
    assert {name: found[1] for name, found in after.items()} == {name: found[1] for name, found in before.items()}
    assert all(after[name][0] != before[name][0] for name in before)


def other_setting(desk: Desk) -> None:
    with desk.config.open("a") as config:
        config.write("\n[attribution]\nlookback_days = 29\n")


def table_gone(desk: Desk) -> None:
    (desk.folder / "data" / "attribution" / "credit.parquet").unlink()


def table_touched(desk: Desk) -> None:
    file = desk.folder / "data" / "attribution" / "credit.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"0")


def note_damaged(desk: Desk) -> None:
    (desk.folder / "data" / "attribution" / standing.NAME).write_text("{")


@pytest.mark.parametrize("change", [other_setting, table_gone, table_touched, note_damaged])
def test_what_could_differ_is_made_anew(copied: Desk, change: Callable[[Desk], None]) -> None:
    before = tables(copied)
    change(copied)
    said = copied.here("attribute", "--json")
    assert (said.status, said.data["stood"]) == (errors.OK, False)
    assert all(inode != before[name][0] for name, (inode, _) in tables(copied).items())
    assert copied.here("attribute", "--json").data["stood"]


def test_less_facts_are_another_digest(copied: Desk) -> None:
    known = copied.folder / "data" / "facts"
    before = standing.made_of(known, Options()).digest
    facts(copied, "touchpoints").unlink()
    assert standing.made_of(known, Options()).digest != before


def test_a_lost_facts_file_is_named_and_the_tables_are_left(copied: Desk) -> None:
    before = tables(copied)
    facts(copied, "touchpoints").unlink()
    said = copied.here("attribute")
    assert said.status == errors.STORE
    assert "is missing" in said.err
    assert tables(copied) == before


def test_other_code_is_another_digest(lived: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = lived.folder / "data" / "facts"
    before = standing.made_of(known, Options()).digest
    assert standing.made_of(known, Options(memory_limit="300MB", threads=1)).digest == before
    narrow, wide = {"visit": 1.0, "direct": 30.0}, {"direct": 30.0, "visit": 1.0}
    first, second = (standing.made_of(known, Options(lookback=own)).digest for own in (narrow, wide))
    assert first != second, "the first that fits decides"
    (tmp_path / "formula.py").write_text("another = 1")
    monkeypatch.setattr(standing, "_ROOMS", (*standing._ROOMS, tmp_path))
    standing._code.cache_clear()
    try:
        assert standing.made_of(known, Options()).digest != before
    finally:
        standing._code.cache_clear()


def test_what_a_failed_run_left_is_not_taken_for_whole(copied: Desk) -> None:
    file = facts(copied)
    whole = file.read_bytes()
    file.write_bytes(b"PAR1 no more".ljust(len(whole)))  # as many bytes, so that it is met on the way
    assert copied.here("attribute").status != errors.OK
    file.write_bytes(whole)
    assert not copied.here("attribute", "--json").data["stood"]


def test_tables_of_facts_that_came_and_went_meanwhile_do_not_stand(copied: Desk) -> None:
    folder, known = copied.folder / "data" / "attribution", copied.folder / "data" / "facts"
    made = standing.made_of(known, Options())
    whole = facts(copied)
    aside = whole.rename(whole.with_suffix(".aside"))
    time.sleep(0.02)  # the kernel's clock of files has steps of some milliseconds
    aside.rename(whole)
    assert standing.made_of(known, Options()).digest == made.digest
    standing.forget(folder)
    standing.keep(folder, made, known)
    assert standing.standing(folder, made) is None


def test_facts_that_cannot_be_read_are_named(copied: Desk) -> None:
    file = facts(copied)
    file.unlink()
    file.mkdir()
    said = copied.here("attribute")
    assert said.status == errors.STORE
    assert f"{file} cannot be read" in said.err


def test_a_past_day_stands_by_itself(copied: Desk) -> None:
    words = ("attribute", "--as-of", "2020-01-01", "--json")
    first = copied.here(*words)
    assert not first.data["stood"]
    assert "nothing had been read by the end of that day" in first.err
    assert copied.here(*words).data["stood"]
    assert copied.here("attribute", "--json").data["stood"]


def test_facts_that_were_written_again_and_are_the_same_are_not_called_new(copied: Desk) -> None:
    file = facts(copied)
    later = (copied.folder / "data" / "attribution" / standing.NAME).stat().st_mtime + 1
    os.utime(file, (later, later))
    assert "facts have come since" in copied.here("compare", "first", "last").err
    os.utime(file)
    assert STANDS in copied.here("attribute").err
    assert "facts have come since" not in copied.here("compare", "first", "last").err
