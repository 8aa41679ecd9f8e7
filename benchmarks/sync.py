"""The pull engine, normalizing and facts included, against a bare loop over the same pages."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Cost, jalon, median, platform, run, workplace

ROUNDS = 5


class Figure(NamedTuple):
    """One line of the table: what was measured, the bound, and whether it holds."""

    name: str
    value: str
    bound: str
    holds: bool


def _bare(url: str, folder: Path) -> Cost:
    (folder / "bare.sqlite").unlink(missing_ok=True)
    return run([sys.executable, "-m", "benchmarks.bare", url, str(folder / "bare.sqlite")], folder)


def cpu(rounds: int = ROUNDS) -> Iterator[Figure]:
    """20,000 orders in 200 pages, no latency: CPU and memory."""
    with platform(orders=20_000) as (url, _), tempfile.TemporaryDirectory() as name:
        bares, ours = [], []
        for number in range(rounds):
            bares.append(_bare(url, Path(name)))
            ours.append(run(jalon("sync", "--quiet"), workplace(Path(name) / str(number), url)))
        bare, own = median(bares), median(ours)
        assert own.status == 0, own
        yield Figure(
            "CPU, 20,000 orders",
            f"{own.cpu / bare.cpu:.2f} x bare ({own.cpu:.2f} s / {bare.cpu:.2f} s)",
            "<= 3",
            own.cpu <= 3 * bare.cpu,
        )
        yield Figure(
            "wall, no latency", f"{own.wall / bare.wall:.2f} x bare ({own.wall:.2f} s / {bare.wall:.2f} s)", "", True
        )
        yield Figure(
            "peak memory, 20,000 orders", f"{own.peak:.0f} MiB (bare {bare.peak:.0f})", "<= 120", own.peak <= 120
        )
        idle = median([run(jalon("sync", "--quiet"), Path(name) / "0") for _ in range(rounds)])
        start = median([run(jalon("--version"), Path(name)) for _ in range(rounds)])
        yield Figure(
            "sync with nothing new, after start", f"{idle.wall - start.wall:.2f} s", "< 1 s", idle.wall - start.wall < 1
        )
        help_ = median([run(jalon("--help"), Path(name)) for _ in range(rounds)])
        yield Figure("jalon --help", f"{help_.wall:.3f} s", "< 0.25 s", help_.wall < 0.25)


def latency(rounds: int = 3) -> Iterator[Figure]:
    """The same with 50 ms before each answer."""
    with platform(orders=20_000, latency=0.05) as (url, _), tempfile.TemporaryDirectory() as name:
        bare = median([_bare(url, Path(name)) for _ in range(rounds)])
        own = median([run(jalon("sync", "--quiet"), workplace(Path(name) / str(n), url)) for n in range(rounds)])
        yield Figure(
            "wall at 50 ms",
            f"{own.wall / bare.wall:.2f} x bare ({own.wall:.2f} s / {bare.wall:.2f} s)",
            "<= 0.3",
            own.wall <= 0.3 * bare.wall,
        )


def resume() -> Iterator[Figure]:
    """Order page 161 of 200 answers 400 once; what the second run asks."""
    with platform(orders=20_000, fail_page=161) as (url, stats), tempfile.TemporaryDirectory() as name:
        folder = workplace(Path(name), url)
        first = run(jalon("sync", "--quiet"), folder)
        asked = stats()["requests"]
        second = run(jalon("sync", "--quiet"), folder)
        again = stats()["requests"] - asked
        holds = again <= 42 and first.status != 0 and second.status == 0
        yield Figure(
            "requests of the rerun after a failure on page 161",
            f"{again} (first run ended with {first.status})",
            "<= 42",
            holds,
        )


def throttle() -> Iterator[Figure]:
    """A budget of 10 requests per second, known; 60 pages."""
    with platform(orders=6_000, rate=10) as (url, stats), tempfile.TemporaryDirectory() as name:
        own = run(jalon("sync", "--quiet"), workplace(Path(name), url, rate=10))
        seen = stats()
        yield Figure(
            "429 at a known budget of 10/s",
            f"{seen.get('throttled', 0)} of {seen['requests']} requests in {own.wall:.1f} s",
            "0",
            not seen.get("throttled"),
        )


def million(orders: int = 1_000_000) -> Iterator[Figure]:
    """Memory does not grow with the number of orders."""
    with platform(orders=orders) as (url, _), tempfile.TemporaryDirectory() as name:
        own = run(jalon("sync", "--quiet"), workplace(Path(name), url))
        assert own.status == 0, own
        yield Figure(
            f"peak memory, {orders:,} orders",
            f"{own.peak:.0f} MiB ({own.wall:.0f} s, {orders / own.wall:,.0f} orders/s)",
            "<= 120",
            own.peak <= 120,
        )
