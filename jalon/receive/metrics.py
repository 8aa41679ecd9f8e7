"""Figures of the receiver, in the Prometheus text format.

Labels come from closed sets; none holds anything of a delivery.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ELSEWHERE = ""


class Metrics:
    """Counters since the start. The label `source` is empty where a request named no known source."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.old_secret: Counter[str] = Counter()
        self.clicks: Counter[tuple[str, str]] = Counter()
        self.events: Counter[tuple[str, str]] = Counter()
        self.turned_away = 0
        self.timed_out = 0
        self.groups = 0
        self.deliveries = 0
        self.unstored = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(_BUCKETS) + 1)

    def answered(self, source: str | None, status: int) -> None:
        """Count an answer."""
        self.answers[source or _ELSEWHERE, status] += 1

    def stored(self, rows: int, seconds: float) -> None:
        """Count a group that became durable `seconds` after its first delivery came."""
        self.groups += 1
        self.deliveries += rows
        self._seconds += seconds * rows
        self._buckets[bisect_left(_BUCKETS, seconds)] += rows

    def refused_by_store(self, rows: int) -> None:
        """Count deliveries that the store would not take."""
        self.unstored += rows

    def text(self, waiting: int, connections: int) -> str:
        """Return all figures; `waiting` deliveries and open `connections` are of this moment."""
        lines = [
            *_family("jalon_answers_total", "counter", "Answers given, by source and status."),
            *(
                f'jalon_answers_total{{source="{source}",status="{status}"}} {n}'
                for (source, status), n in sorted(self.answers.items())
            ),
            *_family("jalon_old_secret_total", "counter", "Deliveries signed with a secret that is being replaced."),
            *(f'jalon_old_secret_total{{source="{source}"}} {n}' for source, n in sorted(self.old_secret.items())),
            *_outcomes("jalon_clicks_total", "Clicks on own links, by what became of them.", self.clicks),
            *_outcomes("jalon_events_total", "Events of own sites, by what became of them.", self.events),
            *_single(
                "jalon_connections_refused_total",
                "counter",
                "Connections turned away for want of a place.",
                self.turned_away,
            ),
            *_single(
                "jalon_connections_timed_out_total",
                "counter",
                "Connections closed while their request's head was missing.",
                self.timed_out,
            ),
            *_single("jalon_commits_total", "counter", "Groups of deliveries made durable.", self.groups),
            *_single(
                "jalon_deliveries_unstored_total", "counter", "Deliveries that the store would not take.", self.unstored
            ),
            *_single("jalon_deliveries_waiting", "gauge", "Deliveries not durable yet.", waiting),
            *_single("jalon_connections", "gauge", "Open connections.", connections),
            *self._durations(),
        ]
        return "\n".join(lines) + "\n"

    def _durations(self) -> Iterator[str]:
        name = "jalon_store_seconds"
        yield from _family(name, "histogram", "From a delivery's verification to its being durable.")
        below = 0
        for bound, count in zip(_BUCKETS, self._buckets, strict=False):
            below += count
            yield f'{name}_bucket{{le="{bound:g}"}} {below}'
        yield f'{name}_bucket{{le="+Inf"}} {self.deliveries}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {self.deliveries}"


def _family(name: str, kind: str, help: str) -> tuple[str, str]:
    return f"# HELP {name} {help}", f"# TYPE {name} {kind}"


def _outcomes(name: str, help: str, counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """Yield what became of clicks or events, each source by itself."""
    yield from _family(name, "counter", help)
    for (source, outcome), n in sorted(counts.items()):
        yield f'{name}{{source="{source}",outcome="{outcome}"}} {n}'


def _single(name: str, kind: str, help: str, value: int) -> tuple[str, str, str]:
    return (*_family(name, kind, help), f"{name} {value}")
