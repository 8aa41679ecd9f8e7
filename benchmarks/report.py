"""From facts to the report page of a small brand and of one ten times as large: seconds, memory, size, opening.

What a brand has is said by `brand`. Each step is a process of its own: the attribution, then the marts with the page.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.brand import TOUCHES, written
from benchmarks.measure import Cost, run
from benchmarks.sync import Figure

SIZES = (100_000, 1_000_000)
"""Orders."""
MEMORY = "4GB"
"""What DuckDB may use: more than its default of 1 GB, which the greater brand does not fit."""
GROWTH = 1.2
"""How much more than in proportion the greater brand may cost; above it some step is worse than linear."""
PAGE, OPENS = 6e6, 2.0
"""Bytes at most, and seconds at most until a browser has laid the page out."""


def speed() -> Iterator[Figure]:
    """Tell both sizes, then how they compare."""
    costs: dict[str, list[Cost]] = {"attribution": [], "marts and page": []}
    for orders in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            written(folder / "facts", orders)
            for step, own in costs.items():
                cost = run([sys.executable, "-m", "benchmarks.report", step, str(folder)], folder)
                assert cost.status == 0, cost
                own.append(cost)
                told = f"{cost.cpu:.0f} s of CPU, {cost.wall:.0f} s, {cost.peak:,.0f} MiB"
                yield Figure(f"{step}, {orders:,} orders, {orders * TOUCHES:,} touchpoints", told, "stated", True)
            page = folder / "marts" / "report.html"
            size = page.stat().st_size
            yield Figure("the page", f"{size / 1e6:.2f} MB", f"< {PAGE / 1e6:g} MB", size < PAGE)
            seconds = _opening(page, folder / "profile")
            yield Figure("a browser opens it", f"{seconds:.2f} s", f"< {OPENS:g} s", seconds < OPENS)
    for step, (small, great) in costs.items():
        ratio = great.cpu / small.cpu / (SIZES[1] / SIZES[0])
        yield Figure(f"{step}: growth, as a share of linear", f"{ratio:.2f} x", f"<= {GROWTH}", ratio <= GROWTH)


def _opening(page: Path, profile: Path, rounds: int = 3) -> float:
    """Return the median seconds until the page is loaded and drawn, by a browser that is already running."""
    from tests.browser import browser

    seconds = []
    with browser(profile) as window:
        for _ in range(rounds):
            began = time.perf_counter()
            window.open(page.as_uri())
            window.frames()
            seconds.append(time.perf_counter() - began)
            window.open("about:blank")
    return statistics.median(seconds)


def attribution(folder: Path) -> dict[str, int]:
    """Attribute."""
    from jalon.attribution.options import Options
    from jalon.attribution.run import attribute

    return attribute(
        folder / "facts", folder / "attribution", Options(memory_limit=MEMORY, temp_folder=folder / "tmp")
    ).rows


def report(folder: Path) -> dict[str, int]:
    """Write marts and page as `jalon report` does."""
    from jalon.report.figures.background import NOTHING_MORE
    from jalon.report.figures.gathering import figures
    from jalon.report.marts.making import MartOptions, build_marts
    from jalon.report.page.page import write_page

    options = MartOptions(memory_limit=MEMORY, temp_folder=folder / "tmp")
    marts = build_marts(folder / "facts", folder / "attribution", folder / "marts", options)
    write_page(figures(folder / "marts", folder / "attribution", NOTHING_MORE), folder / "marts" / "report.html")
    return marts.rows


if __name__ == "__main__":
    _, step_, folder_ = sys.argv
    print(json.dumps({"attribution": attribution, "marts and page": report}[step_](Path(folder_))))
