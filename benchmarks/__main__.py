"""Run the benchmarks: `python -m benchmarks [NAME…]`. Exit status 1 if a bound does not hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks import attribution, engines, links, paths, receiver, report, sums, sync
from benchmarks.sync import Figure

PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "cpu": sync.cpu,
    "latency": sync.latency,
    "resume": sync.resume,
    "throttle": sync.throttle,
    "million": sync.million,
    "receiver": receiver.speed,
    "beside": receiver.beside,
    "markov": paths.speed,
    "paths": paths.great,
    "rules": attribution.rules,
    "growth": attribution.growth,
    "sums": sums.speed,
    "report": report.speed,
    "links": links.speed,
    "spark": engines.speed,
    "spark_great": engines.great,
}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PARTS]:
        print(f"{__doc__}\nThere is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
        return 2
    broken = 0
    for name in names or PARTS:
        for figure in PARTS[name]():
            broken += not figure.holds
            print(
                f"{'ok  ' if figure.holds else 'OVER'}  {figure.name:55} {figure.value:60} {figure.bound}", flush=True
            )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
