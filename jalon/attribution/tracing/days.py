"""Counts of local days, laid over the days of UTC that they fall on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from jalon.attribution.sharing.mixture import Floats, Ints

SECONDS = 86_400


@lru_cache(maxsize=4096)
def _began(day: date, zone: str) -> float:
    """Return when a local day began, in days of UTC from the epoch."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp() / SECONDS


def laid_out(clicks: pa.Table) -> tuple[Ints, Ints, Floats]:
    """Return (row of `clicks`, day, count): each count spread evenly over its time, by the days of UTC.

    `clicks` has `since` and `until` (local days of `zone`, the latter exclusive) and `clicks`.
    """
    columns = [clicks[name].to_pylist() for name in ("since", "until", "zone")]
    ends = [(_began(since, zone), _began(until, zone)) for since, until, zone in zip(*columns, strict=True)]
    begin, end = np.array(ends, dtype=float).reshape(-1, 2).T
    first = np.floor(begin).astype(np.int64)
    length = np.ceil(end).astype(np.int64) - first
    row = np.repeat(np.arange(len(begin)), length)
    day = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    inside = np.minimum(end[row], day + 1.0) - np.maximum(begin[row], day)
    count = clicks["clicks"].to_numpy().astype(float)[row] * inside / (end - begin)[row]
    return row, day, count
