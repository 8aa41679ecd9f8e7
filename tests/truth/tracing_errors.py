"""How far visits that name only their network, traced to content, are from the contents that they came from.

`python -m tests.truth.tracing_errors [ORDERS [SEED...]]` plays the two brands of `model_errors`, reads what their
platforms tell, and prints it. A quarter of the contents has links that name nothing. Judged are videos: people come
from a LIVE long after its end here, while the platform counts all its clicks on the day that it was held.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import duckdb

from jalon.sandbox import site_log
from tests.truth.life import NEWEST, brand
from tests.truth.model_errors import LIVES, TOLD, Played, attributed, played, read_log

STEPS = """
    SELECT DISTINCT order_uid, touch_uid, t.key, (t.occurred_at AT TIME ZONE 'UTC')::DATE
    FROM '{tables}/steps.parquet' JOIN '{tables}/touches.parquet' t USING (touch_uid)
    WHERE t.channel = 'tiktok' AND t.kind IN ('content_click', 'visit') AND t.content_id IS NULL AND NOT t.time_is_bound
"""
TRACED = "SELECT content_id, sum(share) FROM '{tables}/traced.parquet' GROUP BY ALL"
NAMED = """
    SELECT DISTINCT content_id FROM '{tables}/touches.parquet'
    WHERE content_id IS NOT NULL AND NOT time_is_bound AND kind IN ('content_click', 'visit', 'ad_click')
"""
ENDS = "SELECT content_id, steps_low, steps_high FROM '{tables}/traced_contents.parquet' WHERE channel = 'tiktok'"
CLICKS = """
    SELECT content_id, start_date, sum(value) FROM ({measures})
    WHERE metric = 'tag_clicks' AND content_id IS NOT NULL AND date_diff('day', start_date, end_date) = 1 GROUP BY ALL
"""


class Error(NamedTuple):
    """How many steps name no content, and which share of them came from LIVEs; what is wrong over videos by how many
    steps videos led to, traced, and shared out by the clicks of the day; videos whose true steps lie in their
    interval."""

    steps: float
    live: float
    error: float
    by_clicks: float
    covered: float


def traced(lived: Played, tables: Path) -> Error:
    """Return what tracing errs, beside the usual way to do it."""
    led = {visit.id: visit.content for visit in site_log.visits(lived.world, told_with_orders=True)}
    led |= {visit.id: visit.content for visit in lived.world.visits.values()}
    steps = duckdb.sql(STEPS.format(tables=tables)).fetchall()
    true = Counter(content for *_, key, _ in steps if (content := led[key.rpartition("/")[2]]))
    ours = dict(duckdb.sql(TRACED.format(tables=tables)).fetchall())
    ends = duckdb.sql(ENDS.format(tables=tables)).fetchall()
    videos = {content.id for content in lived.world.contents if content.ended_at is None}
    inside = [low <= true[content] <= high for content, low, high in ends if content in videos]
    of_videos = Counter({name: count for name, count in true.items() if name in videos})
    named = {content for (content,) in duckdb.sql(NAMED.format(tables=tables)).fetchall()}
    wrong = (_wrong(found, of_videos, videos) for found in (ours, _by_clicks(lived, steps, named)))
    return Error(len(steps), 1 - of_videos.total() / true.total(), *wrong, mean(inside))


def _wrong(found: dict[str, float], true: Counter[str], videos: set[str]) -> float:
    return sum(abs(found.get(name, 0.0) - true[name]) for name in videos) / true.total()


def _by_clicks(lived: Played, steps: list[tuple[Any, ...]], named: set[str]) -> dict[str, float]:
    """Share each step out by the clicks of its day on contents that no visit names."""
    (facts,) = (found for found in lived.folder.rglob("facts") if found.is_dir())
    measures = NEWEST.format(files=f"{facts}/measures/*.parquet")
    by_day: dict[Any, dict[str, float]] = {}
    for content, day, clicks in duckdb.sql(CLICKS.format(measures=measures)).fetchall():
        if content not in named:
            by_day.setdefault(day, {})[content] = clicks
    found: dict[str, float] = {}
    for *_, day in steps:
        clicks = by_day.get(day, {})
        for content, count in clicks.items():
            found[content] = found.get(content, 0.0) + count / sum(clicks.values())
    return found


async def measured(orders: int, seed: int, *, unmoved: bool, folder: Path) -> dict[str, Error]:
    """Play a brand, and return what tracing errs by who tells visits."""
    lived = await played(brand(seed=seed, orders=orders, days=60, unmoved=unmoved), folder)
    found = {}
    for told, which in TOLD.items():
        if which is not None:
            await read_log(lived, **which)
        found[told] = traced(lived, attributed(lived, ("last",)))
    return found


def main(words: list[str]) -> None:
    """Print a row per life and teller, the mean over seeds."""
    orders, seeds = int(words[0]) if words else 3000, [int(word) for word in words[1:]] or [1, 2, 3]
    sys.stdout.write("| brand | told by | steps | of LIVEs | error | by clicks of the day | in the interval |\n")
    for life, unmoved in LIVES.items():
        runs = []
        for seed in seeds:
            with tempfile.TemporaryDirectory() as name:
                runs.append(asyncio.run(measured(orders, seed, unmoved=unmoved, folder=Path(name))))
        for told in TOLD:
            figures = [mean(column) for column in zip(*(run[told] for run in runs), strict=True)]
            steps, live, error, by_clicks, covered = figures
            cells = f"{steps:.0f} | {live:.0%} | {error:.2f} | {by_clicks:.2f} | {covered:.0%}"
            sys.stdout.write(f"| {life} | {told} | {cells} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
