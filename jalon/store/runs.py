"""What ran, when, and how it ended."""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

_SELECT = "SELECT id, source, command, pid, host, started_at, finished_at, outcome, counts FROM runs "


class Run(NamedTuple):
    """One run of a command over a source. Times in unix seconds; `finished_at` None: it runs, or died."""

    id: int
    source: str
    command: str
    pid: int
    host: str
    started_at: float
    finished_at: float | None
    outcome: str
    counts: dict[str, Any]


def start(db: sqlite3.Connection, source: str, command: str, pid: int, at: float) -> int:
    """Note that a run begins; return its id."""
    cursor = db.execute(
        "INSERT INTO runs (source, command, pid, host, started_at) VALUES (?, ?, ?, ?, ?)",
        (source, command, pid, platform.node(), at),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def finish(db: sqlite3.Connection, id: int, at: float, outcome: str, counts: Mapping[str, Any]) -> None:
    """Note how a run ended, with its figures."""
    db.execute(
        "UPDATE runs SET finished_at = ?, outcome = ?, counts = ? WHERE id = ?",
        (at, outcome, json.dumps(dict(counts)), id),
    )


def recent(db: sqlite3.Connection, limit: int) -> list[Run]:
    """Return the last runs, the newest first."""
    return _runs(db.execute(_SELECT + "ORDER BY id DESC LIMIT ?", (limit,)))


def latest(db: sqlite3.Connection) -> dict[str, Run]:
    """Return the last run of each source, however long ago."""
    newest = _SELECT + "JOIN (SELECT max(id) AS last FROM runs GROUP BY source) ON id = last"  # noqa: S608  # our own words
    return {run.source: run for run in _runs(db.execute(newest))}


def last_good(db: sqlite3.Connection, command: str, before: float = math.inf) -> dict[str, float]:
    """Return when each source's last good run of a command ended before a time, however many runs came since."""
    rows = db.execute(
        "SELECT source, max(finished_at) FROM runs WHERE command = ? AND outcome = 'ok' AND finished_at < ? "
        "GROUP BY source ORDER BY source",
        (command, before),
    )
    return dict(rows.fetchall())


def abandoned(db: sqlite3.Connection) -> list[Run]:
    """Return the runs of this machine that never finished, whose process is gone, and which no later one made good."""
    made_good = (
        "SELECT 1 FROM runs AS later WHERE later.source = run.source AND later.id > run.id AND later.finished_at"
    )
    unfinished = _SELECT + "AS run WHERE finished_at IS NULL AND host = ? AND NOT EXISTS "
    rows = db.execute(f"{unfinished} ({made_good}) ORDER BY id", (platform.node(),))
    return [run for run in _runs(rows) if not _alive(run.pid)]


def _runs(rows: sqlite3.Cursor) -> list[Run]:
    return [Run._make((*row[:-1], json.loads(row[-1]))) for row in rows]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user
        return True
    return True
