"""The YouTube Analytics API, played: GET /v2/reports.

Own reading of its data model: an answer ends with the last day that is there for all metrics asked, `rows` is left out
when empty, a deleted video is in the channel's totals and in no row of its own, columns come in an order of their own.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.world import Post
from jalon.sandbox.youtube.figures import GROUPS, Figures
from jalon.sandbox.youtube.words import Call, Refused, day

FAILED = {"code": "INTERNAL_ERROR", "error": [{"domain": "global", "code": "backendError"}], "requestId": "r"}
MOST_VIDEOS = 500


class Analytics:
    """Answers of the Analytics API. `limits["errors_in_200"]`: each so many-th answer is a failure inside HTTP 200."""

    def __init__(self, figures: Figures, clock: Clock, limits: dict[str, float]) -> None:
        self._figures = figures
        self._clock = clock
        self._limits = limits
        self._asked = 0

    def reports(self, call: Call) -> dict[str, Any]:
        """Answer GET /v2/reports."""
        self._asked += 1
        every = int(self._limits["errors_in_200"])
        if every and self._asked % every == 0:
            return {"kind": "youtubeAnalytics#resultTable", "errors": FAILED}
        if call.query.get("ids") != "channel==MINE":
            raise Refused(403, "forbidden", "Forbidden")
        first, last = day(call.query.get("startDate", ""), "startDate"), day(call.query.get("endDate", ""), "endDate")
        metrics = call.query.get("metrics", "").split(",")
        if len(set(metrics)) < len(metrics):
            raise Refused(400, "badRequest", "The query names a metric twice.")
        if unknown := [name for name in metrics if name not in GROUPS]:
            raise Refused(400, "badRequest", f"Unknown identifier ({unknown[0]}) given in field parameters.metrics.")
        if first > last:
            raise Refused(400, "badRequest", "The end date must not be before the start date.")
        _check_order(call, {*_dimensions(call), *metrics})
        found = self._rows(call, first, last, metrics)
        return _table(_dimensions(call), metrics, found)

    def _rows(self, call: Call, first: date, last: date, metrics: list[str]) -> list[dict[str, Any]]:
        now = self._clock.now()
        last = min(last, *(self._figures.latest(GROUPS[name], now) for name in metrics))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if "video" not in _dimensions(call):
            if not _dimensions(call):
                return [_sum([self._of(post, on) for on in days for post in self._figures.posts])] if days else []
            whole = [{"day": on.isoformat(), **_sum([self._of(p, on) for p in self._figures.posts])} for on in days]
            return [row for row in whole if any(row[name] for name in metrics)]
        chosen = [post for post in self._figures.up(now) if post.id in _videos(call)]
        rows = [{"day": on.isoformat(), "video": p.id, **self._of(p, on)} for on in days for p in chosen]
        return [row for row in rows if any(row[name] for name in metrics)]

    def _of(self, post: Post, on: date) -> dict[str, int]:
        return self._figures.metrics(post, on, self._clock.now())


def _dimensions(call: Call) -> list[str]:
    found = [each for each in call.query.get("dimensions", "").split(",") if each]
    if not set(found) <= {"day", "video"}:
        raise Refused(400, "badRequest", "The query is not supported.")
    return found


def _check_order(call: Call, known: set[str]) -> None:
    """Refuse an order by what was not asked for, and a number of rows that is none."""
    by = [each.removeprefix("-") for each in call.query.get("sort", "").split(",") if each]
    most = call.query.get("maxResults", "1")
    if not known.issuperset(by) or not most.isdecimal() or not int(most):
        raise Refused(400, "badRequest", "The query is not supported.")


def _videos(call: Call) -> frozenset[str]:
    name, equals, ids = call.query.get("filters", "").partition("==")
    found = ids.split(",")
    if name != "video" or not equals or len(found) > MOST_VIDEOS:
        raise Refused(400, "badRequest", "The query is not supported.")
    return frozenset(found)


def _sum(rows: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in GROUPS}


def _table(dimensions: list[str], metrics: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    # The documentation says to go by the headers, so the columns come by name here, not as they were asked for.
    names = sorted([*dimensions, *metrics])
    headers = [
        {"name": name, "columnType": "DIMENSION", "dataType": "STRING"}
        if name in dimensions
        else {"name": name, "columnType": "METRIC", "dataType": "INTEGER"}
        for name in names
    ]
    answer: dict[str, Any] = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
    return answer | ({"rows": [[row[name] for name in names] for row in rows]} if rows else {})
