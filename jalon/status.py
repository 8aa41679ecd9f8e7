"""Where everything stands: `jalon status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jalon.console import table
from jalon.store import budget, deliveries, fetches, inbox, quarantine, runs, sources, windows
from jalon.workplace import Workplace


def overview(place: Workplace) -> tuple[dict[str, Any], list[str]]:
    """Return the state of all sources as data and as lines."""
    with place.store.read() as db:
        last: dict[str, runs.Run] = {}
        for run in runs.recent(db, 500):
            last.setdefault(run.source, run)
        states = {name: _source(db, name, last.get(name)) for name in place.config.sources}
        data = {
            "sources": states,
            "inbox": [dict(zip(("source", "stream", "rows", "objects"), row, strict=True)) for row in inbox.counts(db)],
            "deliveries": [count._asdict() for count in deliveries.counts(db)],
            "quarantine": [
                dict(zip(("source", "stream", "reason", "entries"), row, strict=True)) for row in quarantine.counts(db)
            ],
            "budgets": [account._asdict() for account in budget.state(db)],
            "backfills": [backfill._asdict() for backfill in windows.backfills(db)],
            "died": [f"{run.command} of {run.source or 'all'} (pid {run.pid})" for run in runs.abandoned(db)],
        }
    return data, _lines(data)


def _source(db: Any, name: str, run: runs.Run | None) -> dict[str, Any]:
    open_windows = windows.open_windows(db, name)
    return {
        "last_run": _time(run.started_at) if run else None,
        "outcome": (run.outcome or "did not finish") if run else "never ran",
        "counts": run.counts if run else {},
        "windows": [
            {
                "stream": w.stream,
                "from": _time(w.low),
                "to": _time(w.high),
                "rows_so_far": w.seen,
                "not_before": _time(w.not_before),
                "note": w.note,
            }
            for w in open_windows
        ],
        "to_fetch": [waiting._asdict() for waiting in fetches.pending(db, name)],
        "notices": [notice._asdict() for notice in sources.notices(db, name)],
    }


def _time(at: float | None) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else None


def _lines(data: dict[str, Any]) -> list[str]:
    rows = []
    for name, state in data["sources"].items():
        waiting = sum(item["keys"] for item in state["to_fetch"])
        held = sum(row["entries"] for row in data["quarantine"] if row["source"] == name)
        stored = sum(row["rows"] for row in data["inbox"] if row["source"] == name)
        rows.append((name, state["last_run"] or "", state["outcome"], stored, len(state["windows"]), waiting, held))
    lines = table(("source", "last run (UTC)", "outcome", "inbox rows", "open windows", "to fetch", "quarantine"), rows)
    for name, state in data["sources"].items():
        lines += [f"{name}: {notice['kind']}: {notice['detail']}" for notice in state["notices"]]
        lines += [f"{name}: {w['stream']} {w['from']} to {w['to']}: {w['note']}" for w in state["windows"] if w["note"]]
    lines += [f"did not finish: {what}; the next run goes on where it stood" for what in data["died"]]
    return lines
