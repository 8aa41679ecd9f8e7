"""What comes late as a difference of sums, against counting all of it anew.

A table of touchpoints is counted without its last day; then that day is told, of all who did something on it: their
rows as they are now are counted, and as they were before, and the difference is added. The sums must be the same, to
the last row, as those of the whole table.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.attribution import MODELS, made
from benchmarks.sync import Figure
from jalon import attribution

TOUCHES, ROUNDS = 5_000_000, 3
PART = 0.25
"""Of the CPU that counting all takes."""


def speed() -> Iterator[Figure]:
    """Tell what either way costs."""
    with tempfile.TemporaryDirectory() as name:
        rows = f"'{made(Path(name) / 'touches.parquet', TOUCHES)}'"
        last = f"(SELECT max(occurred_at) - INTERVAL 1 DAY FROM {rows})"
        concerned = f"(SELECT person FROM {rows} WHERE occurred_at >= {last})"
        whole, known = _table(rows, "true"), _table(rows, f"occurred_at < {last}")
        now = _table(rows, f"person IN {concerned}")
        before = _table(rows, f"person IN {concerned} AND occurred_at < {last}")
        sums = _sums(known)
        anew, seconds = _timed(lambda: _sums(whole))
        added, less = _timed(lambda: attribution.added(sums, _sums(now), less=[_sums(before)]))
        assert added.equals(anew)
        _, solved = _timed(lambda: attribution.effects_of_sums(anew, "markov"))
    yield Figure(f"to count {TOUCHES:,} touchpoints", f"{seconds:.1f} s of CPU, {anew.num_rows:,} sums", "stated", True)
    persons = len(now["person"].unique())
    told = f"{less:.1f} s = {less / seconds:.2f} x ({persons:,} persons)"
    yield Figure("a late day, as a difference", told, f"<= {PART} x", less <= PART * seconds)
    yield Figure("to solve a chain from sums, with intervals", f"{solved:.1f} s of CPU", "stated", True)


def _table(rows: str, where: str) -> pa.Table:
    with duckdb.connect() as db:
        return db.sql(f"SELECT * FROM {rows} WHERE {where}").to_arrow_table()


def _sums(table: pa.Table) -> pa.Table:
    columns = attribution.Columns(time="occurred_at", id="touch_uid")
    return attribution.sums(table, columns=columns, models=MODELS)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what came of it, and the median seconds of CPU of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = work()
        seconds.append(time.process_time() - began)
    return found, statistics.median(seconds)
