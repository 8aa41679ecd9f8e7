"""Which files of a folder are opened, and when; and where a run that was cut off goes on."""

from __future__ import annotations

import asyncio
import errno
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from dropped import HEAD, Own, row

from jalon.store import files
from jalon.sync import doctor, filed
from jalon.sync.halt import Halt
from jalon.sync.rows import rows_of

# --- where files may be -----------------------------------------------------------------------------------------------


def test_links_and_what_is_no_file_are_not_followed(own: Own, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "till-9.csv").write_text(HEAD + row(9))
    (own.drop / "till-link.csv").symlink_to(outside / "till-9.csv")
    (own.drop / "folder").symlink_to(outside)
    os.mkfifo(own.drop / "till-pipe.csv")
    (own.drop / "till-folder.csv").mkdir()
    own.write("2026/till-1.csv", HEAD + row(1))
    outcome = own.sync()
    assert set(own.rows()) == {"till||1"}
    assert [note for note in outcome.notes if "till-link.csv is a link" in note]
    assert [note for note in outcome.notes if "till-pipe.csv is no file" in note]


def test_a_link_put_in_place_of_a_file_between_finding_and_opening_is_not_followed(
    own: Own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text(HEAD + row(9))
    own.write("in/till-1.csv", HEAD + row(1))
    found = filed.listing

    def then_replaced(root: Path) -> Any:
        listed = found(root)
        (own.drop / "in/till-1.csv").unlink(missing_ok=True)
        (own.drop / "in/till-1.csv").symlink_to(tmp_path / "secret.csv")
        return listed

    monkeypatch.setattr(filed, "listing", then_replaced)
    assert own.sync().state == "partial"
    assert own.rows() == {}


def test_files_that_are_not_meant_are_passed_over_or_told(own: Own) -> None:
    for name in (".till-1.csv", "till-1.csv.part", "till-1.csv.filepart", "till-1.csv~"):
        own.write(name, HEAD + row(1))
    own.write("readme.txt", "hello")
    outcome = own.sync()
    assert (outcome.state, own.rows()) == ("ok", {})
    assert own.notices() == {"unread": "1 files fit no table and are not read: readme.txt"}
    (own.drop / "readme.txt").unlink()
    own.sync()
    assert own.notices() == {}


def test_a_folder_that_is_not_there_stops_the_source_with_what_to_do(own: Own) -> None:
    own.drop.rmdir()
    outcome = own.sync()
    assert (outcome.state, outcome.exit_status) == ("config", 2)
    assert "make it" in outcome.remedy


def test_doctor_says_what_is_in_the_folder_and_what_of_it_is_not_read(own: Own) -> None:
    def found() -> list[tuple[str, str]]:
        findings = asyncio.run(doctor.examine(own.place.source("own"), own.shop()))
        return [(finding.name, finding.level) for finding in findings]

    own.write("till-1.csv", HEAD + row(1))
    own.write("till-2.csv", "receipt;date\n1;2\n")
    (own.drop / "till-3.csv").symlink_to("/etc/hostname")
    own.sync()
    assert found() == [("folder", "ok"), ("folder", "warn"), ("file", "warn")]
    (own.drop / "till-2.csv").unlink()
    (own.drop / "till-3.csv").unlink()
    assert found() == [("folder", "ok")]
    own.drop.rename(own.home / "away")
    assert found() == [("folder", "fail")]


def test_doctor_says_which_files_cannot_be_opened(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write("till-1.csv", HEAD + row(1))
    own.write("till-2.csv", HEAD + row(2))
    opened = os.open

    def refuse(path: object, *rest: Any, **named: Any) -> int:
        if path == "till-2.csv":  # a mode would not keep the superuser out
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    findings = asyncio.run(doctor.examine(own.place.source("own"), own.shop()))
    [file] = [finding for finding in findings if finding.name == "file"]
    assert (file.level, file.detail) == ("fail", "till-2.csv cannot be opened: Permission denied")
    assert "let jalon's user read it" in file.remedy


def test_a_name_that_cannot_be_written_down_is_told_and_not_read(own: Own) -> None:
    (Path(os.fsdecode(bytes(own.drop) + b"/till-\xff.csv"))).write_text(HEAD + row(1))
    own.write("till-\u202e1.csv", HEAD + row(2))
    outcome = own.sync()
    assert own.rows() == {}
    assert len([note for note in outcome.notes if "cannot be written down" in note]) == 2


# --- still being written ----------------------------------------------------------------------------------------------


def test_a_file_that_has_just_been_written_waits_and_is_read_once_it_is_calm(own: Own) -> None:
    own.configure(quiet=3600)
    path = own.write("till-1.csv", HEAD + row(1))
    outcome = own.sync(linger=0.0)
    assert own.rows() == {}
    assert any("still being written" in note for note in outcome.notes)
    os.utime(path, (time.time() - 3601,) * 2)
    assert own.sync(linger=0.0).counts.new == 1


def test_a_run_waits_once_for_a_file_that_is_nearly_calm(own: Own) -> None:
    own.configure(quiet=1)
    path = own.write("till-1.csv", HEAD + row(1))
    os.utime(path, (time.time() - 0.9,) * 2)
    assert own.sync().counts.new == 1


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own.write("till-1.csv", HEAD + "".join(map(row, range(700))))
    cut, seen = filed._next, []

    def while_it_grows(rows: Any) -> Any:
        seen.append(1)
        if len(seen) == 2:
            with path.open("a") as file:
                file.write("701,2026-11-20T10:00")
        return cut(rows)

    monkeypatch.setattr(filed, "_next", while_it_grows)
    outcome = own.sync()
    assert any("still being written" in note for note in outcome.notes)
    assert len(own.rows()) == 500, "what was committed before it changed"
    assert own.held() == []
    path.write_text(HEAD + "".join(map(row, range(702))))
    again = own.sync()
    assert (again.counts.new, again.counts.known) == (202, 500)


# --- interrupted ------------------------------------------------------------------------------------------------------


def test_a_run_that_ends_in_the_midst_goes_on_at_the_position(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, "x" if n == 3 else "5.00") for n in range(1200)]
    own.write("till-1.csv", HEAD + "".join([*rows[:1000], row(7, "6.00"), row(8), *rows[1000:]]))
    cut, halts = filed._next, []

    def then_stop(rows: Any) -> Any:
        if halts:
            halts[0].stop()
        return cut(rows)

    shop = own.shop()
    halt = Halt(shop.clock)
    halts.append(halt)
    monkeypatch.setattr(filed, "_next", then_stop)
    outcome = own.sync(halt=halt)
    assert outcome.state == "interrupted"
    assert (own.file("till-1.csv").state, own.file("till-1.csv").position) == ("reading", 500)
    monkeypatch.setattr(filed, "_next", cut)
    rest = own.sync()
    assert (rest.counts.new, rest.counts.known) == (700, 1), "what was committed is not read into the store again"
    assert len(own.rows()) == 1199
    assert [key for key, *_ in own.held()] == ["till-1.csv:5", "till-1.csv:1002"], (
        "what is held of the first half stays held, and what contradicts it is seen"
    )


def test_the_position_moves_only_with_the_rows(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    own.write("till-1.csv", HEAD + row(1))

    def refused(*_: Any) -> None:
        raise RuntimeError("the disk went away")

    monkeypatch.setattr(files, "put", refused)
    assert own.sync().state == "partial"
    assert own.rows() == {}
    monkeypatch.undo()
    assert own.sync().counts.new == 1


def test_a_long_file_is_read_some_hundred_rows_at_a_time(own: Own) -> None:
    """What is held at once does not grow with the file: here 5 MB, and a fraction of it in memory."""
    padding = "x" * 400
    with (own.drop / "till-1.csv").open("w") as file:
        file.write("receipt,date,total,currency,note\n")
        file.writelines(f"{n % 20},2026-11-20T10:00:00Z,5.00,EUR,{padding}\n" for n in range(10_000))
    sheet = own.place.source("own").connector.sheet(own.place.source("own").settings, "till-1.csv")
    assert sheet is not None
    with (own.drop / "till-1.csv").open("rb") as opened:
        _, rows = rows_of(opened, sheet)
        tracemalloc.start()
        seen = 0
        while chunk := filed._next(rows):
            seen += len(chunk)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert seen == 10_000
    assert most < 2 << 20
    assert own.sync().counts.pages == 21
    assert own.file("till-1.csv").position == 10_000


def test_a_line_without_an_end_costs_no_memory_and_the_next_rows_are_read(own: Own) -> None:
    endless = "9" * (3 << 20)
    own.write("till-1.csv", HEAD + row(1) + endless + "\n" + row(2))
    own.sync()
    assert [(key, reason) for key, reason, _ in own.held()] == [("till-1.csv:3", "line_too_long")]
    assert set(own.rows()) == {"till||1", "till||2"}
