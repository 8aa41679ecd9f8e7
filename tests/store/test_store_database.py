"""The store's file: who may write when, what survives, and what is said when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from jalon.errors import JalonError, LockedError, StoreError
from jalon.store import schema, sources
from jalon.store.database import FILE, Store, library_warning
from jalon.store.group import Statement


def child(folder: Path, code: str) -> subprocess.Popen[str]:
    """Start a process with the store open as `store`, which runs `code`."""
    head = (
        "import os, sys, time; from pathlib import Path; from jalon.store import sources, inbox\n"
        "from jalon.store.database import Store\n"
        f"store = Store.open(Path({str(folder)!r}))\n"
    )
    return subprocess.Popen([sys.executable, "-c", head + code], stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=60)
    return out


def value(store: Store, name: str) -> str | None:
    with store.read() as db:
        return sources.get(db, "shop", name)


# --- transactions


def test_what_a_job_returns_is_durable_when_write_returns(store: Store) -> None:
    assert store.write(lambda db: sources.put(db, "shop", "a", "1") or 17) == 17
    reader = child(store.folder, "with store.read() as db: print(sources.get(db, 'shop', 'a'))")
    assert ended(reader).strip() == "1"


def test_a_failed_job_leaves_nothing(store: Store) -> None:
    def job(db: sqlite3.Connection) -> None:
        sources.put(db, "shop", "a", "1")
        raise LookupError("no")

    with pytest.raises(LookupError):
        store.write(job)
    assert value(store, "a") is None
    store.write(lambda db: sources.put(db, "shop", "b", "2"))
    assert value(store, "b") == "2"


async def test_of_a_group_only_the_failing_job_fails(store: Store) -> None:
    def bad(db: sqlite3.Connection) -> None:
        sources.put(db, "shop", "bad", "1")
        raise LookupError("no")

    def good(name: str) -> Callable[[sqlite3.Connection], str]:
        return lambda db: sources.put(db, "shop", name, name) or name

    jobs = [store.commit(job) for job in (good("a"), bad, good("b"), good("c"))]
    a, error, b, c = await asyncio.gather(*jobs, return_exceptions=True)
    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(error, LookupError)
    assert [value(store, name) for name in ("a", "bad", "b", "c")] == ["a", None, "b", "c"]


async def test_many_commits_share_transactions(store: Store) -> None:
    began = store.write(lambda db: db.total_changes)
    names = [str(n) for n in range(500)]
    order: list[int] = []

    def job(db: sqlite3.Connection, name: str) -> None:
        order.append(db.total_changes)
        sources.put(db, "shop", name, name)

    await asyncio.gather(*(store.commit(lambda db, name=name: job(db, name)) for name in names))
    assert all(value(store, name) == name for name in names)
    assert order[0] >= began
    assert order == sorted(order)


PUT = "INSERT INTO source_values (source, name, value) VALUES ('shop', ?, ?), ('shop', ?, ?)"


async def test_a_statement_is_a_transaction_by_itself(store: Store) -> None:
    assert await store.commit(Statement(PUT, ("a", "1", "b", "2"))) == 2
    reader = child(store.folder, "with store.read() as db: print(sources.get(db, 'shop', 'b'))")
    assert ended(reader).strip() == "2"
    with pytest.raises(sqlite3.IntegrityError):
        await store.commit(Statement(PUT, ("c", "3", "a", "taken")))
    assert [value(store, name) for name in ("a", "c")] == ["1", None]


async def test_a_statement_may_share_a_transaction(store: Store) -> None:
    good, bad = Statement(PUT, ("a", "1", "b", "2")), Statement(PUT, ("c", "3", "c", "again"))
    jobs = [store.commit(job) for job in (good, bad, lambda db: sources.put(db, "shop", "d", "4"))]
    first, error, _ = await asyncio.gather(*jobs, return_exceptions=True)
    assert first == 2
    assert isinstance(error, sqlite3.IntegrityError)
    assert [value(store, name) for name in "abcd"] == ["1", "2", None, "4"]


async def test_what_is_queued_is_committed_before_close(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    tasks = [asyncio.create_task(store.commit(lambda db, n=n: sources.put(db, "shop", str(n), "x"))) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    await asyncio.gather(*tasks)
    with Store.open(tmp_path) as again:
        assert all(value(again, str(n)) == "x" for n in range(50))
    with pytest.raises(StoreError, match="closed"):
        await store.commit(lambda db: None)


def test_a_reader_sees_one_moment_and_cannot_write(store: Store) -> None:
    store.write(lambda db: sources.put(db, "shop", "a", "old"))
    with store.read() as db:
        assert sources.get(db, "shop", "a") == "old"
        store.write(lambda writer: sources.put(writer, "shop", "a", "new"))
        assert sources.get(db, "shop", "a") == "old"
    assert value(store, "a") == "new"
    with pytest.raises(StoreError, match="cannot be written"), store.read() as db:
        sources.put(db, "shop", "a", "2")


def test_an_error_inside_read_gives_the_connection_back(store: Store) -> None:
    for _ in range(10):
        with pytest.raises(LookupError), store.read():
            raise LookupError
    assert value(store, "a") is None


def test_an_interrupt_at_any_line_of_read_stays_an_interrupt(store: Store) -> None:
    """A signal's handler may raise wherever Python is, before the transaction and after it too."""
    own = Store.read.__wrapped__.__code__  # type: ignore[attr-defined]
    for line in sorted({number for *_, number in own.co_lines() if number and number > own.co_firstlineno}):

        def interrupt(frame: FrameType, event: str, _: object, line: int = line) -> object:
            if frame.f_code is own and event == "line" and frame.f_lineno == line:
                sys.settrace(None)
                raise KeyboardInterrupt
            return interrupt

        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            with suppress(KeyboardInterrupt), store.read() as db:
                db.execute("SELECT 1").fetchone()
        finally:
            sys.settrace(before)
        assert value(store, "a") is None, "the store can be read as before"


def test_a_forked_child_may_not_use_its_parents_store(store: Store) -> None:
    store.write(lambda db: None)
    receive, send = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            store.write(lambda db: None)
        except StoreError as error:
            os.write(send, str(error).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert b"forked" in os.read(receive, 1000)
    os.close(receive)
    os.close(send)


# --- several processes


def test_a_process_killed_in_a_transaction_leaves_nothing_of_it(store: Store) -> None:
    store.write(lambda db: sources.put(db, "shop", "before", "1"))
    code = (
        "def job(db):\n"
        "  for n in range(5000): sources.put(db, 'shop', f'half{n}', 'x' * 500)\n"
        "  print('inside', flush=True); time.sleep(60)\n"
        "store.write(job)"
    )
    with child(store.folder, code) as process:
        assert line(process) == "inside"
        process.kill()
    began = time.monotonic()
    store.write(lambda db: sources.put(db, "shop", "after", "1"))
    assert time.monotonic() - began < 2
    assert (value(store, "before"), value(store, "half0"), value(store, "after")) == ("1", None, "1")
    assert store.check() == []


def test_a_stopped_writer_is_named_and_harms_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path, patience=0.5) as store:
        code = (
            "def job(db):\n"
            "  print('inside', flush=True); time.sleep(1)\n"
            "  sources.put(db, 'shop', 'a', '1')\n"
            "store.write(job)"
        )
        with child(tmp_path, code) as process:
            assert line(process) == "inside"
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(LockedError, match=f"process {process.pid} "):
                store.write(lambda db: None)
            assert value(store, "a") is None
            process.send_signal(signal.SIGCONT)
            process.wait()
        store.write(lambda db: sources.put(db, "shop", "b", "2"))
        assert (value(store, "a"), value(store, "b")) == ("1", "2")


def test_writers_in_two_processes_take_turns(tmp_path: Path) -> None:
    """Hazard 30: without the turnstile one of the two waits for seconds."""
    Store.open(tmp_path).close()
    code = (
        "longest, count, until = 0.0, 0, time.monotonic() + 2.0\n"
        "while time.monotonic() < until:\n"
        "  began = time.monotonic()\n"
        "  rows = [(f'{count}-{n}', 1, os.urandom(1000)) for n in range(50)]\n"
        "  store.write(lambda db: inbox.append(db, 's', str(os.getpid()), 1, rows))\n"
        "  longest, count = max(longest, time.monotonic() - began), count + 1\n"
        "print(longest, count)"
    )
    processes = [child(tmp_path, code), child(tmp_path, code)]
    results = [ended(process).split() for process in processes]
    waits, counts = [float(longest) for longest, _ in results], [int(count) for _, count in results]
    assert max(waits) < 0.5
    assert min(counts) > 0.5 * max(counts)
    with Store.open(tmp_path) as store:
        assert store.check() == []
        with store.read() as db:
            assert db.execute("SELECT count(*) FROM inbox").fetchone()[0] == 50 * sum(counts)


def test_processes_that_open_a_new_store_at_once_agree(tmp_path: Path) -> None:
    processes = [child(tmp_path, f"store.write(lambda db: sources.put(db, 'shop', '{n}', 'x'))") for n in range(4)]
    assert [(ended(process), process.returncode)[1] for process in processes] == [0, 0, 0, 0]
    with Store.open(tmp_path) as store:
        assert [value(store, str(n)) for n in range(4)] == ["x"] * 4


def test_the_log_is_folded_in_by_the_last_to_close(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.write(lambda db: sources.put(db, "shop", "a", "1"))
        assert (tmp_path / f"{FILE}-wal").exists()
    assert not (tmp_path / f"{FILE}-wal").exists()


def test_compacting_removes_what_was_deleted_from_the_disk(store: Store) -> None:
    store.write(lambda db: sources.put(db, "shop", "a", "a-canary-to-be-erased"))
    store.write(lambda db: db.execute("DELETE FROM source_values"))
    store.compact()
    left = b"".join(path.read_bytes() for path in store.folder.glob(f"{FILE}*"))
    assert b"a-canary-to-be-erased" not in left


# --- what is said when it cannot be used


def test_only_the_owner_may_look(store: Store) -> None:
    store.write(lambda db: None)
    for path in [store.folder, *store.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_missing_store_is_not_made_where_it_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store .* `jalon init`"):
        Store.open(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("junk", [b"not a database at all " * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, junk: bytes) -> None:
    Store.open(tmp_path).close()
    (tmp_path / FILE).write_bytes(junk)
    with pytest.raises(StoreError, match=rf"{FILE} .*(damaged|not a jalon store).* backup"):
        Store.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == junk


def test_damage_inside_is_told_when_it_is_met(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.write(lambda db: [sources.put(db, "shop", str(n), "x" * 900) for n in range(200)])
    whole = bytearray((tmp_path / FILE).read_bytes())
    rows = 8192 * 10  # the last pages are of rows: what tells of the tables stands before them
    whole[-rows:] = os.urandom(rows)
    (tmp_path / FILE).write_bytes(whole)
    with Store.open(tmp_path) as store:
        with pytest.raises(StoreError, match=r"is damaged\. Restore"), store.read() as db:
            db.execute("SELECT count(value) FROM source_values WHERE value LIKE 'x%'").fetchall()
        assert any("page" in found.lower() or "damaged" in found for found in store.check())


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="is not a jalon store"):
        Store.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_newer_store_is_refused_and_an_additive_step_is_not(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    set_version(tmp_path, schema.VERSION + 1)
    with Store.open(tmp_path) as store:
        store.write(lambda db: sources.put(db, "shop", "a", "1"))
    set_version(tmp_path, (schema.GENERATION + 1) * 1000)
    with pytest.raises(StoreError, match=r"newer jalon .* Install"):
        Store.open(tmp_path)


def test_an_older_store_gains_what_is_new_and_keeps_what_it_has(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.write(lambda db: sources.put(db, "shop", "a", "1"))
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("DROP TABLE notices")
    db.execute("DROP INDEX idx_fetches_source_stream_not_before")
    db.execute("ALTER TABLE fetches DROP COLUMN note")
    db.execute("INSERT INTO fetches (source, stream, key) VALUES ('shop', 'orders', '17')")
    db.commit()
    db.close()
    set_version(tmp_path, schema.GENERATION * 1000)
    with Store.open(tmp_path) as store:
        assert value(store, "a") == "1"
        with store.read() as db:
            assert db.execute("SELECT key, note FROM fetches").fetchall() == [("17", "")]
            assert sources.notices(db) == []
            assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


def set_version(folder: Path, version: int) -> None:
    db = sqlite3.connect(folder / FILE)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()


@pytest.mark.parametrize("made", [False, True])
def test_a_read_only_folder_is_told(made: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="jalon-read-only-") as name:
        folder = Path(name)
        if made:
            Store.open(folder).close()
        said = as_stranger(folder, lambda: Store.open(folder).write(lambda db: sources.put(db, "shop", "a", "1")))
    assert "cannot be written" in said or "cannot be opened" in said or "may not be opened" in said
    assert "writable for the user" in said


def as_stranger(folder: Path, attempt: Callable[[], object]) -> str:
    """Run `attempt` as a user who may read the folder and not write it; return what went wrong."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    receive, send = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            attempt()
            os.write(send, b"nothing")
        except JalonError as error:
            os.write(send, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        said = pipe.read().decode()
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    return said


def test_a_full_disk_loses_nothing_and_heals(store: Store) -> None:
    store.write(lambda db: sources.put(db, "shop", "a", "1"))
    (pages,) = store.write(lambda db: db.execute("PRAGMA page_count").fetchone())
    store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
    with pytest.raises(StoreError, match=r"the disk is full .* Free some space"):
        store.write(lambda db: sources.put(db, "shop", "big", "x" * 100_000))
    assert (value(store, "a"), value(store, "big")) == ("1", None)
    store.write(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    store.write(lambda db: sources.put(db, "shop", "big", "x"))
    assert value(store, "big") == "x"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB of its own; skips where mounting is not allowed."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_really_full_disk_is_told_and_heals(small_disk: Path) -> None:
    with Store.open(small_disk) as store:
        ballast = store.tmp / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        written = until_full(store)
        ballast.unlink()
        assert written
        assert all(value(store, str(n)) for n in range(written))
        store.write(lambda db: sources.put(db, "shop", "after", "1"))
        assert store.check() == []


def until_full(store: Store) -> int:
    """Write until the disk is full; return how many values were acknowledged."""
    for written in range(1000):
        try:
            store.write(lambda db, n=written: sources.put(db, "shop", str(n), "x" * 20_000))
        except StoreError as error:
            if "the disk is full" in str(error):
                return written
            raise
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False), ((3, 50, 7), False), ((3, 50, 6), True),
        ((3, 51, 2), True), ((3, 51, 3), False), ((3, 54, 1), False), ((3, 6, 9), False),
    ],
)  # fmt: skip
def test_the_affected_libraries_are_known(version: tuple[int, int, int], affected: bool) -> None:
    assert (library_warning(version) is not None) == affected
