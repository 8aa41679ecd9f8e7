"""Where everything stands: `jalon status`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from jalon.commands.console import counted, day_and_time, table
from jalon.errors import sentences
from jalon.store import (
    budget,
    deadlines,
    deliveries,
    erasure,
    fetches,
    inbox,
    quarantine,
    refusals,
    runs,
    sources,
    windows,
)
from jalon.workplace import Workplace

Row = dict[str, Any]
MISUNDERSTOOD = ("source", "state", "topic", "note", "deliveries")


def overview(place: Workplace) -> tuple[Row, list[str]]:
    """Return the state of all sources as data and as lines."""
    with place.store.read() as db:
        last = runs.latest(db)
        data = {
            "sources": {name: _source(db, name, last.get(name)) for name in place.config.sources},
            "inbox": _named(("source", "stream", "rows", "objects"), inbox.counts(db)),
            "deliveries": [count._asdict() for count in deliveries.counts(db)],
            "misunderstood": _named(MISUNDERSTOOD, deliveries.misunderstood(db)),
            "refused": [{**one._asdict(), "last_at": _time(one.last_at)} for one in refusals.lately(db, time.time())],
            "quarantine": _named(("source", "stream", "reason", "entries"), quarantine.counts(db)),
            "budgets": [account._asdict() for account in budget.state(db)],
            "backfills": [backfill._asdict() for backfill in windows.backfills(db)],
            "set_aside": _set_aside(place),
            "lacking": {name: list(map(str, errors)) for name, errors in place.config.lacking.items()},
            "erasures": len(erasure.erasures(db, finished=False)),
            "left": place.left(),
            "died": [f"{run.command} of {run.source or 'all'} (process {run.pid})" for run in runs.abandoned(db)],
        }
    return data, list(_lines(data))


def _set_aside(place: Workplace) -> Row:
    """Return why identifiers join nobody by the last attribution, and how many; empty where nothing was attributed."""
    from jalon.attribution.card import set_aside

    return set_aside(place.store.attribution)


def _named(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _source(db: sqlite3.Connection, name: str, run: runs.Run | None) -> Row:
    return {
        "last_run": _time(run.started_at) if run else None,
        "outcome": (run.outcome or "did not finish") if run else "never ran",
        "counts": run.counts if run else {},
        "windows": [_window(window) for window in windows.open_windows(db, name)],
        "to_fetch": [waiting._asdict() for waiting in fetches.pending(db, name)],
        "notices": [notice._asdict() for notice in sources.notices(db, name)],
        "due": [{**due._asdict(), "at": _time(due.at)} for due in deadlines.near(db, name, time.time())],
    }


def _window(window: windows.OpenWindow) -> Row:
    return {
        "stream": window.stream,
        "from": _time(window.low),
        "to": _time(window.high),
        "rows_so_far": window.seen,
        "not_before": _time(window.not_before),
        "note": window.note,
    }


def _time(at: float | None) -> str | None:
    return day_and_time(at) if at else None


# --- for people -----------------------------------------------------------------------------------------------------

HEADER = ("source", "last run (UTC)", "outcome", "inbox rows", "open windows", "to fetch", "deliveries", "quarantine")


def _lines(data: Row) -> Iterator[str]:
    yield from table(HEADER, [_line(data, name, state) for name, state in data["sources"].items()])
    for name, state in data["sources"].items():
        yield from _notes(name, state)
    yield from _elsewhere(data)


def _line(data: Row, name: str, state: Row) -> tuple[Any, ...]:
    def sum_of(table: str, what: str) -> int:
        return sum(row[what] for row in data[table] if row["source"] == name)

    unopened = sum(row["deliveries"] for row in data["deliveries"] if (row["source"], row["state"]) == (name, "new"))
    waiting = sum(item["keys"] for item in state["to_fetch"])
    at = _plain(state["last_run"]) if state["last_run"] else ""
    rows, held = sum_of("inbox", "rows"), sum_of("quarantine", "entries")
    return name, at, state["outcome"], rows, len(state["windows"]), waiting, unopened, held


def _notes(name: str, state: Row) -> Iterator[str]:
    """Say what a person should know about a source, and why something waits."""
    if state["counts"].get("message"):
        yield f"{state['counts']['message']}. {state['counts']['remedy']}".strip()
    for notice in state["notices"]:
        yield f"{name}: {notice['kind']}: {notice['detail']}"
    for due in state["due"]:
        yield sentences(f"{name}: {due['what']} at {due['at']}", due["remedy"])
    yield from _waiting(name, state["windows"])


def _waiting(name: str, left: Iterable[Row]) -> Iterator[str]:
    """Say which windows wait and why; those of a stream that wait for one reason, in one line."""
    alike = itemgetter("stream", "note")
    held = sorted((window for window in left if window["note"] or window["not_before"]), key=alike)
    for (stream, note), spans in groupby(held, alike):
        group = list(spans)
        begin, end = min(span["from"] or "" for span in group), max(span["to"] for span in group)
        until = min((span["not_before"] for span in group if span["not_before"]), default="")
        waits = f"{counted(len(group), 'window waits', 'windows wait')}{until and f' until {_plain(until)}'}"
        yield f"{name}: {stream} of {_plain(begin)} to {_plain(end)}: {waits}{note and f': {note}'}"


def _plain(at: str) -> str:
    """Return an instant of the data as it stands in a line, to the minute (UTC); empty is the beginning of time."""
    return at[:16].replace("T", " ") or "the beginning"


def _refused(row: Row) -> str:
    count = counted(row["times"], "delivery was refused", "deliveries were refused")
    text = f"{row['source']}: {count} within a week, last at {_plain(row['last_at'])}: {refusals.WHY[row['reason']]}"
    if row["taken_since"]:
        return f"{text}; a later one was taken"
    return sentences(text, refusals.REMEDIES[row["reason"]])


def _elsewhere(data: Row) -> Iterator[str]:
    for row in data["misunderstood"]:
        why = row["note"] or f"the topic {row['topic']!r} is not known"
        again = "`jalon quarantine replay` has them tried again"
        yield f"{row['source']}: deliveries not understood: {row['deliveries']}: {why}; {again}"
    yield from map(_refused, data["refused"])
    if data["quarantine"]:
        yield "in quarantine: `jalon quarantine list` says why; `replay` tries again, `close` closes by hand"
    for account in data["budgets"]:
        if account["paused_until"] > time.time():
            yield f"{account['account']}: its rate budget is spent until {_time(account['paused_until'])}"
    for back in data["backfills"]:
        if back["done"] < back["windows"]:
            read = f"{back['done']} of {back['windows']} windows read"
            yield f"{back['source']}: back-fill {back['name']} of {back['stream']}: {read}"
    if data["set_aside"]:
        why = ", ".join(f"{reason} {number:,}" for reason, number in data["set_aside"].items())
        yield f"identifiers set aside or cut off: {why}; `jalon doctor --offline` says of which kind, and why"
    for name, rows in data["left"].items():
        count = counted(rows, "record counts", "records count")
        yield f"{name} is not in jalon.toml, and its {count} on; `jalon forget-source {name}` removes all of it"
    for name, errors in data["lacking"].items():
        yield from (f"{name} is not read: {error}" for error in errors)
    if data["erasures"]:
        yield f"erasures not finished: {data['erasures']}; `jalon normalize` does it, `jalon erase --list` shows them"
    for what in data["died"]:
        yield f"did not finish: {what}; the next run goes on where it stood"
