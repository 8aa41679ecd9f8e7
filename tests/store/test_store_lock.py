"""The lock of one run on one thing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
