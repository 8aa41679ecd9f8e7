"""The quarantine, for people: what is held, why, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jalon import errors
from jalon.console import Console
from jalon.errors import ConfigError
from jalon.workplace import Workplace


def entries(place: Workplace, *, source: str | None, reason: str | None) -> list[dict[str, Any]]:
    """Return the open entries, newest first, without their payloads."""
    from jalon.store import quarantine

    with place.store.read() as db:
        found = quarantine.entries(db, source=source, reason=reason)
    return [_shown(entry) for entry in reversed(found)]


def entry(place: Workplace, number: int) -> dict[str, Any]:
    """Return one entry with its payload as text. Raises `ConfigError` if there is none of that number."""
    from jalon.store import inbox, quarantine

    with place.store.read() as db:
        found = quarantine.get(db, number)
        if found is None:
            raise ConfigError(f"there is no quarantine entry {number}", "`jalon quarantine list` shows the open ones.")
        payload = found.payload
        if payload is None and found.inbox_id is not None:
            payload = next((row[6] for row in inbox.rows(db, found.inbox_id, found.inbox_id)), None)
    if payload is not None and found.sealed:
        payload = place.keyring.unseal(payload)
    return {**_shown(found), "payload": None if payload is None else payload.decode("utf-8", "replace")}


def replay(console: Console, place: Workplace, numbers: tuple[int, ...]) -> int:
    """Derive the segments of the named entries (or all) again, and say how many are closed now."""
    from jalon.running import run_normalize
    from jalon.store import quarantine, segments

    before = {held["id"]: held for held in entries(place, source=None, reason=None)}
    for number in numbers:
        if number not in before:
            raise ConfigError(f"entry {number} is not open", "`jalon quarantine list` shows the open ones.")

    def mark(db: Any) -> None:
        found = (quarantine.get(db, number) for number in numbers or before)
        segments.mark(db, [held.inbox_id for held in found if held is not None and held.inbox_id is not None])

    place.store.write(mark)
    run_normalize(Console("quarantine replay", quiet=True), place, everything=False)
    after = {held["id"] for held in entries(place, source=None, reason=None)}
    closed = sorted(set(numbers or before) - after)
    still = sorted(set(numbers or before) & after)
    console.data({"closed": closed, "still_open": still}, f"{len(closed)} closed, {len(still)} still open")
    return errors.PARTIAL if still else errors.OK


def _shown(held: Any) -> dict[str, Any]:
    row: dict[str, Any] = held._asdict()
    for name in ("payload", "sealed", "resolved"):
        row.pop(name)
    for name in ("first_at", "last_at"):
        row[name] = datetime.fromtimestamp(row[name], UTC).isoformat(timespec="seconds")
    return row
