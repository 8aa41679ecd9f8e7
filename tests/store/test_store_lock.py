"""The lock of one run on one thing."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from jalon.errors import LockedError
from jalon.store.lock import RunLock


def holder(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock `source-shop` until it is killed."""
    code = (
        "import time; from pathlib import Path; from jalon.store.lock import RunLock\n"
        f"with RunLock(Path({str(folder)!r}), 'source-shop', what='sync'):\n"
        "  print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_told_who_holds_it(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        said = rf"source-shop is held by `jalon sync`, process {process.pid} on .*, since 20\d\d-.*\. Wait"
        with pytest.raises(LockedError, match=said), RunLock(tmp_path, "source-shop", what="backfill"):
            pass
        process.kill()


@pytest.mark.parametrize("left", [b"", b'{"pid": 999999999, "host": "%s", "since": "", "what": "sync"}'])
def test_a_holder_that_has_not_signed_yet_is_waited_for(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "source-shop.lock"
    path.write_bytes(left.replace(b"%s", platform.node().encode()))
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        name = {"pid": os.getpid(), "host": platform.node(), "since": "2026-01-01T00:00:00Z", "what": "sync"}
        signing = Timer(0.1, lambda: path.write_text(json.dumps(name)))
        signing.start()
        with pytest.raises(LockedError, match=f"held by `jalon sync`, process {os.getpid()} "):
            RunLock(tmp_path, "source-shop", what="sync").acquire()
        signing.join()


def test_a_holder_that_never_signs_is_told_as_another_run(tmp_path: Path) -> None:
    with (tmp_path / "source-shop.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="source-shop is held by another run"):
            RunLock(tmp_path, "source-shop", what="sync").acquire()


def test_another_thing_is_free(tmp_path: Path) -> None:
    with RunLock(tmp_path, "source-a", what="sync"), RunLock(tmp_path, "source-b", what="sync") as lock:
        assert lock.stale is None


def test_a_dead_holder_is_noticed_once(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
    with RunLock(tmp_path, "source-shop", what="sync") as lock:
        assert lock.stale is not None
        assert (lock.stale.pid, lock.stale.what) == (process.pid, "sync")
    with RunLock(tmp_path, "source-shop", what="sync") as lock:
        assert lock.stale is None


def test_a_clean_end_leaves_no_trace_of_a_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with RunLock(tmp_path, "derive", what="normalize") as lock:
            assert lock.stale is None


def test_a_file_that_says_nonsense_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "derive.lock").write_bytes(os.urandom(100))
    with RunLock(tmp_path, "derive", what="normalize") as lock:
        assert lock.stale is None


@pytest.mark.parametrize("name", ["../escape", "a/b", "", ".hidden", "x" * 101])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a lock"):
        RunLock(tmp_path, name, what="sync")
