"""Erasing a person or all persons of a source, and proving it without saying who it was.

An erasure is ordered at once and durably: from that moment nothing of the person comes in any more. It is carried out
by the next derivation: bodies in the inbox lose the links to the person, their segments are derived again, what was
attributed, marts and what was disclosed are removed (`jalon report` makes the first two again), and the store's file is
cleaned. Money and counts stay, unless all that a source told is to be removed (`removal`). Doing any of it twice
changes nothing, so a crash only means that it is done again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jalon.errors import LockedError
from jalon.progress import Progress, silent
from jalon.store import forget, inbox, mentions, removal, segments
from jalon.store.database import Store
from jalon.store.disclosure import disclose, slug, written
from jalon.store.lock import RunLock
from jalon.store.trouble import system_trouble

__all__ = ["Erasing", "carry_out", "disclose", "erase", "erasures", "finish"]

SLICE = 500
"""Inbox rows per transaction, so that no acknowledgement waits long for the writer lock."""
_WHOLE = ("source", removal.SCOPE)
"""Scopes of which all that was disclosed of the source goes, and the file is rewritten."""
_NONE: Mapping[str, int] = {}
DROPPED = "its body went with an erasure"
"""Note of a delivery whose sealed body was dropped."""
_PATIENCE = 10.0
"""Seconds to wait for readers that keep the log from being emptied."""
_BLOCK, _OVERLAP = 1 << 20, 64
"""Bytes of a file looked at in one go, and how many of them again with the next."""


class Erasing(NamedTuple):
    """An erasure that was ordered, and its proof; times in unix seconds.

    `scope`: `person`; `source`, all persons of it; or `everything` that it told.
    """

    id: int
    source: str
    """Which source ordered it; empty: a person asked the operator."""
    request: str
    scope: str
    requested_at: float
    finished_at: float | None
    counts: dict[str, int]
    """How much was changed, together with the erasures carried out with it: records, quarantine, deliveries, files."""


def erase(
    store: Store,
    source: str,
    hashes: Collection[str],
    orders: Collection[str] = (),
    *,
    everything: bool = False,
    request: str = "",
) -> int:
    """Order that a person be erased, or all persons of a source (`everything`); return the erasure's id.

    `hashes` are pseudonyms ('email:…'), erased wherever they are. `orders` are ids of orders of `source`: their records
    lose every person in them, and those persons are erased. `request` is the platform's name for it; it must not tell
    who.
    """
    digests = {forget.digest(one) for one in mentions.hashes(" ".join(hashes).encode())}
    scope = "source" if everything else "person"

    def job(db: sqlite3.Connection) -> int:
        forget.bury(db, source, digests=digests, orders=mentions.order_ids(orders), everything=everything)
        return note(db, source, scope, request)

    return store.write(job)


def note(db: sqlite3.Connection, source: str, scope: str, request: str = "", counts: Mapping[str, int] = _NONE) -> int:
    """Note that an erasure was ordered, in the transaction that leaves its tombstones; return its id."""
    cursor = db.execute(
        "INSERT INTO erasures (source, request, scope, requested_at, counts) VALUES (?, ?, ?, ?, ?)",
        (source, request, scope, time.time(), json.dumps(dict(counts))),
    )
    return int(cursor.lastrowid or 0)


def erasures(db: sqlite3.Connection, *, finished: bool | None = None) -> list[Erasing]:
    """Return the erasures that were ordered, the oldest first: the finished ones, the others, or all (None)."""
    rows = db.execute("SELECT id, source, request, scope, requested_at, finished_at, counts FROM erasures ORDER BY id")
    found = [Erasing._make((*row, json.loads(counts))) for *row, counts in rows]
    return [one for one in found if finished is None or finished == (one.finished_at is not None)]


# --- the store --------------------------------------------------------------------------------------------------------


def carry_out(store: Store, progress: Progress = silent) -> list[Erasing]:
    """Cut the links to whom shall be erased in everything that facts are derived from; return the erasures concerned.

    Called by the derivation, which then derives the marked segments and calls `finish`.
    """
    with store.read() as db:
        pending = erasures(db, finished=False)
    persons = [one for one in pending if one.scope != removal.SCOPE]
    for one in pending:
        if one.scope == removal.SCOPE:
            removal.carry_out(store, one.id, progress)
    if persons:
        _cut_inbox(store, persons, progress)
        store.write(lambda db: _cut_rest(db, persons))
    return pending


def _cut_inbox(store: Store, pending: Sequence[Erasing], progress: Progress) -> None:
    """Cut every link that the tombstones ask for.

    Whoever is known from an erased order is the person to erase: the hashes found there become tombstones too, and
    then the inbox is read once more.
    """
    known = -1
    while True:
        with store.read() as db:
            stones, last = forget.load(db), inbox.last_id(db)
        if len(stones.hashes) == known:
            return
        known = len(stones.hashes)
        for low in range(1, last + 1, SLICE):
            _cut_slice(store, stones, low, pending)
            progress("erasing", min(low + SLICE - 1, last), last)


def _cut_slice(store: Store, stones: forget.Tombstones, low: int, pending: Sequence[Erasing]) -> None:
    new: list[tuple[bytes, bytes, int]] = []
    found: set[bytes] = set()
    with store.read() as db:
        rows = list(inbox.rows(db, low, low + SLICE - 1))
    for inbox_id, source, _, key, _, _, body in rows:
        if doomed := stones.doomed(source, key, body):
            cut = mentions.cut(body, doomed)
            new.append((cut, inbox.digest(cut), inbox_id))
            found |= doomed if source not in stones.sources else set()

    def job(db: sqlite3.Connection) -> None:
        db.executemany("UPDATE inbox SET body = ?, digest = ? WHERE id = ?", new)
        segments.mark(db, inbox.of_same_records(db, [inbox_id for _, _, inbox_id in new]))
        forget.bury(db, "", digests=map(forget.digest, found))
        _count(db, pending, {"records": len(new)})

    if new:
        store.write(job)


def _cut_rest(db: sqlite3.Connection, pending: Sequence[Erasing]) -> None:
    """Cut quarantine and deliveries. A sealed body does not say whose it is, so those of the source all go.

    Where no source has ordered it, they were looked through with the key beforehand (`asked.erase`).
    """
    stones, of = forget.load(db), {one.source for one in pending}
    changed = 0
    for row in db.execute("SELECT id, source, key, detail, payload, sealed FROM quarantine").fetchall():
        entry = _Entry._make(row)
        cut = _cut_entry(entry, stones, drop_sealed=entry.source in of)
        if cut != entry:
            db.execute("UPDATE quarantine SET detail = ?, payload = ? WHERE id = ?", (cut.detail, cut.payload, cut.id))
            changed += 1
    dropped = 0
    for one in pending:
        dropped += db.execute(
            "UPDATE deliveries SET sealed = NULL, state = 'stale', note = ? "
            "WHERE source = ? AND state IN ('unknown', 'bad') AND received_at < ?",
            (DROPPED, one.source, one.requested_at),
        ).rowcount
    _count(db, pending, {"records": 0, "quarantine": changed, "deliveries": dropped})


class _Entry(NamedTuple):
    """What the quarantine holds of one record."""

    id: int
    source: str
    key: str
    detail: str
    payload: bytes | None
    sealed: int


def _cut_entry(entry: _Entry, stones: forget.Tombstones, *, drop_sealed: bool) -> _Entry:
    """Return an entry without what the tombstones ask for; itself where there is nothing to cut."""
    source, key, payload = entry.source, entry.key, entry.payload
    if entry.sealed:
        payload = None if drop_sealed else payload
    elif payload is not None:
        payload = forget.forget(source, key, payload, stones)
    return entry._replace(detail=forget.forget_text(source, key, entry.detail, stones), payload=payload)


def _count(db: sqlite3.Connection, pending: Sequence[Erasing], counts: Mapping[str, int]) -> None:
    """Add to the proof, in the transaction that makes it true."""
    for one in pending:
        (before,) = db.execute("SELECT counts FROM erasures WHERE id = ?", (one.id,)).fetchone()
        sums = json.loads(before)
        sums |= {name: sums.get(name, 0) + number for name, number in counts.items()}
        db.execute("UPDATE erasures SET counts = ? WHERE id = ?", (json.dumps(sums), one.id))


# --- the files --------------------------------------------------------------------------------------------------------


def finish(store: Store, pending: Sequence[Erasing], progress: Progress = silent) -> None:
    """Remove what was made from the old facts, clean the store's file, and note that the erasures are done.

    Where somebody is making tables from the old facts now, or a reader keeps the log from being emptied for long, they
    stay open and the next derivation finishes them.
    """
    if not pending:
        return
    with store.read() as db:
        stones = forget.load(db)
        ids = {one.id for one in pending}
        changed = any(one.counts.get("records") for one in erasures(db, finished=False) if one.id in ids)
    try:
        removed = (_remove_made(store) if changed else 0) + _remove_disclosures(store.exports, stones, pending)
        if not _clean(store, stones, progress, certain=any(one.scope in _WHOLE for one in pending)):
            return
    except LockedError:
        return
    except OSError as error:
        raise system_trouble(error, store.folder) from error
    store.write(lambda db: _done(db, pending, removed))


def _done(db: sqlite3.Connection, pending: Sequence[Erasing], removed: int) -> None:
    _count(db, pending, {"files": removed})
    db.executemany("UPDATE erasures SET finished_at = ? WHERE id = ?", [(time.time(), one.id) for one in pending])


def _remove_made(store: Store) -> int:
    """Remove the tables made from facts, and what a killed run has left of making any; return how many files.

    Raises `LockedError` while they are being made.
    """
    with RunLock(store.locks, "attribute", what="erasure"), RunLock(store.locks, "report", what="erasure"):
        folders = (store.attribution, store.marts, store.tmp)
        found = [path for folder in folders for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
        for path in found:
            path.unlink(missing_ok=True)
    return len(found)


def _remove_disclosures(folder: Path, stones: forget.Tombstones, pending: Sequence[Erasing]) -> int:
    """Remove what was disclosed about an erased person, or from an erased source; return how many files."""
    gone = disclosures(folder, stones, {slug(one.source) for one in pending if one.scope in _WHOLE})
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def disclosures(folder: Path, stones: forget.Tombstones, slugs: Collection[str] = ()) -> list[Path]:
    """Return the files that tell what is held of somebody erased, or of a source with one of these slugs."""
    return [path for path in written(folder) if path.name.split("-")[1] in slugs or _holds(path, stones)]


def _clean(store: Store, stones: forget.Tombstones, progress: Progress, *, certain: bool) -> bool:
    """Leave nothing in unused corners of the store's file; False: a reader kept that from happening.

    Deleted bytes are overwritten by SQLite itself (secure_delete), but copies may stay behind where pages were split.
    They are looked for, and only then the file is rewritten, since all writers wait for that. `certain`: rewrite it
    anyway.
    """
    if not _emptied(store):
        return False
    if not certain and not _holds(store.path, stones, progress):
        return True
    store.compact()
    return _emptied(store)


def _emptied(store: Store) -> bool:
    """Empty the store's log, waiting for readers; say whether that was possible."""
    deadline = time.monotonic() + _PATIENCE
    while not store.empty_log():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _holds(path: Path, stones: forget.Tombstones, progress: Progress = silent) -> bool:
    """Look for erased hashes in the bytes of a file."""
    tail, size = b"", path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if any(forget.digest(one) in stones.hashes for one in mentions.hashes(tail + block)):
                return True
            tail = block[-_OVERLAP:]
            progress("looking for what is left", min(file.tell(), size), size)
    return False
