"""The quarantine, for people: what is held, why, and trying again.

What is tried again depends on where it failed:

    a row of the inbox that did not become facts   derived again, now
    a window that could not be read                planned again; the next sync reads it
    an object that could not be read by key        asked for again; the next sync reads it
    a delivery that was not understood             opened again by the next sync
    a record that did not get past the door        stays: only a mended connector can take it, and then reads it anew

What a person has settled otherwise is closed by hand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from jalon import errors
from jalon.commands.console import Console, day_and_time
from jalon.errors import ConfigError
from jalon.store import deliveries, fetches, inbox, quarantine, settle, windows
from jalon.store.quarantine import Entry
from jalon.workplace import Workplace

SHOW_OPEN = "`jalon quarantine list` shows the open ones."


def entries(place: Workplace, *, source: str | None = None, reason: str | None = None) -> list[dict[str, Any]]:
    """Return the open entries, newest first, without their payloads."""
    with place.store.read() as db:
        found = quarantine.entries(db, source=source, reason=reason)
    return [_shown(entry) for entry in reversed(found)]


def entry(place: Workplace, number: int) -> dict[str, Any]:
    """Return one entry with its payload as text. Raises `ConfigError` if there is none of that number."""
    with place.store.read() as db:
        found = quarantine.get(db, number)
        if found is None:
            raise ConfigError(f"there is no quarantine entry {number}", SHOW_OPEN)
        payload = _payload(place, db, found)
    return {**_shown(found), "payload": None if payload is None else payload.decode("utf-8", "replace")}


def _payload(place: Workplace, db: sqlite3.Connection, held: Entry) -> bytes | None:
    from jalon.sync.pages import quarantined_body

    if held.payload is None and held.inbox_id is not None:
        return next((row[6] for row in inbox.rows(db, held.inbox_id, held.inbox_id)), None)
    return quarantined_body(place.keyring, held)


def replay(console: Console, place: Workplace, numbers: tuple[int, ...]) -> int:
    """Try the named entries (or all, and deliveries too) again, and say what became of them."""
    from jalon.commands.running import derive_now

    chosen = _chosen(place, numbers)
    settle.replay(place.store, chosen)
    asked = place.store.write(lambda db: _ask_again(place, db, chosen))
    reopened = 0 if numbers else place.store.write(lambda db: _reopen(db, place.config.sources))
    derive_now(console, place)
    left = {held["id"] for held in entries(place)}
    still = [held.id for held in chosen if held.id in left]
    closed = [held.id for held in chosen if held.id not in left and held.id not in asked]
    text = f"{len(closed)} closed, {len(still)} still open"
    if asked or reopened:
        text += f", {len(asked) + reopened} left to the next `jalon sync`"
    console.data({"closed": closed, "still_open": still, "asked_again": asked, "deliveries_reopened": reopened}, text)
    return errors.PARTIAL if still else errors.OK


def close(console: Console, place: Workplace, numbers: tuple[int, ...]) -> int:
    """Close entries that a person has settled otherwise; one that is closed stays so. Raises `ConfigError`."""

    def job(db: sqlite3.Connection) -> list[int]:
        found = [quarantine.get(db, number) for number in numbers]
        for number, held in zip(numbers, found, strict=True):
            if held is None:
                raise ConfigError(f"there is no quarantine entry {number}", SHOW_OPEN)
        still = [held.id for held in found if held is not None and not held.resolved]
        for number in still:
            quarantine.resolve(db, number, quarantine.CLOSED)
        return still

    closed = place.store.write(job)
    console.data({"closed": closed}, f"{len(closed)} closed")
    return errors.OK


def _chosen(place: Workplace, numbers: tuple[int, ...]) -> list[Entry]:
    """Return the open entries of these numbers, or all. Raises `ConfigError` for one that is not open."""
    with place.store.read() as db:
        found = {held.id: held for held in quarantine.entries(db)}
    for number in numbers:
        if number not in found:
            raise ConfigError(f"quarantine entry {number} is not open", SHOW_OPEN)
    return [found[number] for number in numbers or found]


def _ask_again(place: Workplace, db: sqlite3.Connection, chosen: Iterable[Entry]) -> list[int]:
    """Put what was never received back on the lists of what to read, close its entries, and return their numbers."""
    asked = []
    for held in chosen:
        if held.inbox_id is None and held.payload is None and _listed(place, db, held):
            quarantine.resolve(db, held.id, "asked again")
            asked.append(held.id)
    return asked


def _listed(place: Workplace, db: sqlite3.Connection, held: Entry) -> bool:
    """Put a window or a key back on its list; False: it is neither."""
    span = _span(held.key)
    if span is not None:
        windows.plan(db, held.source, held.stream, [span], None)
        return True
    if held.stream in _keyed(place, held.source):
        fetches.add(db, held.source, [(held.stream, held.key, 0.0)])
        return True
    return False


def _span(key: str) -> windows.Span | None:
    """Return the window that an entry is about, if it is about one: its key is `from/to`, in ISO 8601."""
    try:
        low, high = (int(datetime.fromisoformat(part).timestamp()) for part in key.split("/"))
    except ValueError:
        return None
    return (low, high) if low < high else None


def _keyed(place: Workplace, source: str) -> set[str]:
    """Return the streams of a source that are read by key alone."""
    if source not in place.config.sources:
        return set()
    return {stream.name for stream in place.source(source).connector.streams if stream.grain == "keyed"}


def _reopen(db: sqlite3.Connection, sources: Iterable[str]) -> int:
    return sum(deliveries.reopen(db, name) for name in sources)


def _shown(held: Entry) -> dict[str, Any]:
    row: dict[str, Any] = held._asdict()
    for name in ("payload", "sealed", "resolved"):
        row.pop(name)
    for name in ("first_at", "last_at"):
        row[name] = day_and_time(row[name])
    return row
