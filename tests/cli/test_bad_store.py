"""A disk that is full or read-only, and files that are damaged: said with the remedy, and nothing is lost by it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jalon import errors
from tests.cli.played import JALON, PATIENCE, Desk

# --- the disk


@pytest.fixture(scope="module")
def may_mount() -> None:
    """Skip where this user may not mount a disk of its own (in a name space, seen by the test alone)."""
    tried = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("this user may not make a name space to mount a small disk in")


def on_a_small_disk(desk: Desk, script: str) -> dict[str, tuple[int, str]]:
    """Run a script with a disk of 16 MB under `data`; return status and stderr of each `try NAME COMMAND`."""
    start = f"""
        set -u; mkdir -p data tried; mount -t tmpfs -o size=16m none data
        try() {{ name=$1; shift; {JALON} "$@" > tried/$name.out 2> tried/$name.err; echo $? > tried/$name.status; }}
    """
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{start}{script}\ncp -r data kept"],
        cwd=desk.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (desk.folder / "data").rmdir()
    (desk.folder / "kept").rename(desk.folder / "data")
    tried = (desk.folder / "tried").glob("*.status")
    return {path.stem: (int(path.read_text()), path.with_suffix(".err").read_text()) for path in tried}


@pytest.mark.usefixtures("may_mount")
def test_a_full_disk_is_said_and_the_next_run_goes_on(desk: Desk, lived: Desk) -> None:
    fill = "dd if=/dev/zero of=data/filler bs=4k 2> /dev/null"
    tried = on_a_small_disk(
        desk,
        f"""
        try status status
        {fill}; try full sync
        truncate -s -400k data/filler; try middle sync
        rm data/filler; try good sync
        {fill}; try report report
        """,
    )
    for name in ("full", "middle", "report"):
        status, said = tried[name]
        assert status == errors.STORE, (name, said)
        assert "the disk is full" in said or "No space left" in said, (name, said)
        assert "space" in said
        assert "Traceback" not in said
    assert [tried[name][0] for name in ("status", "good")] == [errors.OK] * 2
    assert desk.orders() == lived.orders()


def test_a_limit_of_the_size_of_files_is_named_as_the_cause(copied: Desk) -> None:
    script = f"ulimit -f 8; exec {JALON} normalize --all"
    said = subprocess.run(
        ["sh", "-c", script], cwd=copied.folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert said.returncode == errors.STORE, said.stderr
    assert "at most" in said.stderr
    assert "ulimit -f" in said.stderr
    assert "disk is full" not in said.stderr


@pytest.mark.usefixtures("may_mount")
def test_a_read_only_store_is_said(desk: Desk, lived: Desk) -> None:
    tried = on_a_small_disk(
        desk,
        """
        try first sync
        mount -o remount,ro none data
        try sync sync; try attribute attribute; try doctor doctor --offline
        mount -o remount,rw none data
        try good sync
        """,
    )
    for name in ("sync", "attribute"):
        status, said = tried[name]
        assert status == errors.STORE, said
        assert f"{desk.folder}/data" in said
        assert "writable for the user that runs jalon" in said
    assert tried["doctor"][0] == errors.PARTIAL
    assert tried["good"][0] == errors.OK
    assert desk.orders() == lived.orders()


def test_init_in_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = Desk(tmp_path)("init", "file/shop", "--json")
    assert said.status == errors.STORE
    assert "cannot be written" in said.data["error"]["message"]
    assert said.data["error"]["remedy"] == "Name a folder of your own."


# --- the store


@pytest.mark.parametrize("at", [0, 3 * 8192])
def test_a_damaged_store_is_named_and_its_backup_is_good(copied: Desk, lived: Desk, at: int) -> None:
    store = copied.folder / "data" / "jalon.sqlite"
    backup = store.read_bytes()
    damaged = bytearray(backup)
    damaged[at : at + 6 * 8192] = b"\xff" * (6 * 8192)
    store.write_bytes(damaged)
    said = copied("sync", "--json")
    assert said.status == errors.STORE
    assert str(store) in said.err
    assert "damaged" in said.err
    assert "Restore the folder from a backup" in said.err
    doctor = copied("doctor", "--offline", "--json")
    assert doctor.status == errors.PARTIAL
    assert [found["name"] for found in doctor.data["findings"] if found["level"] == "fail"] == ["store"]
    store.write_bytes(backup)
    copied.settled()
    assert copied.orders() == lived.orders()


def test_a_store_without_its_database_is_named_and_its_facts_stay(copied: Desk) -> None:
    for path in (copied.folder / "data").glob("jalon.sqlite*"):
        path.unlink()
    before = copied.orders()
    for command in ("sync", "normalize", "status", "report"):
        said = copied(command, "--json")
        assert said.status == errors.STORE, command
        assert "jalon.sqlite is missing or empty" in said.data["error"]["message"]
        assert "Restore the folder from a backup" in said.data["error"]["remedy"]
    doctor = copied("doctor", "--offline", "--json")
    assert doctor.status == errors.PARTIAL
    assert [found["name"] for found in doctor.data["findings"] if found["level"] == "fail"] == ["store"]
    assert copied.orders() == before
    (copied.folder / "data").rename(copied.folder / "away")
    assert copied("sync", "shopify").status == errors.OK


def test_another_programs_file_is_left_alone(desk: Desk) -> None:
    import sqlite3

    (desk.folder / "data").mkdir()
    path = desk.folder / "data" / "jalon.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (a)")
    db.close()
    before = path.read_bytes()
    said = desk("sync")
    assert said.status == errors.STORE
    assert "is not a jalon store" in said.err
    assert path.read_bytes() == before


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def spoil(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[40 : len(whole) // 2] = bytes(len(whole) // 2 - 40)
    path.write_bytes(whole)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, spoil, empty])
def test_a_damaged_facts_file_is_named_and_made_again(copied: Desk, lived: Desk, damage) -> None:
    path = copied.folder / "data" / "facts" / "orders" / "00000000.parquet"
    whole = path.read_bytes()
    damage(path)
    said = copied.here("attribute", "--json")
    assert said.status == errors.STORE
    assert str(path) in said.data["error"]["message"]
    assert "jalon normalize --all" in said.data["error"]["remedy"]
    doctor = copied("doctor", "--offline").out
    assert f"FAIL  facts: the facts file {path}" in doctor
    assert copied("normalize", "--all").status == errors.OK
    assert path.read_bytes() == whole


def test_a_lost_facts_file_is_named_and_made_again_by_the_next_run(copied: Desk, lived: Desk) -> None:
    path = copied.folder / "data" / "facts" / "orders" / "00000000.parquet"
    path.unlink()
    said = copied.here("attribute", "--json")
    assert said.status == errors.STORE
    assert said.data["error"]["message"] == f"the facts file {path} is missing"
    assert f"FAIL  facts: the facts file {path} is missing" in copied("doctor", "--offline").out
    copied.settled()
    assert copied.orders() == lived.orders()


def test_a_damaged_table_of_the_attribution_is_named(copied: Desk) -> None:
    order = next(iter(copied.orders()))
    cut(copied.folder / "data" / "attribution" / "sales.parquet")
    said = copied.here("explain", ":".join(order))
    assert said.status == errors.STORE
    assert "sales.parquet" in said.err
    assert "jalon report" in said.err
    made = copied.here("attribute", "--json", "--quiet")
    assert (made.status, made.err) == (errors.OK, "")
    assert made.data["rows"]["sales"] > 0
    assert copied.here("explain", ":".join(order)).status == errors.OK
