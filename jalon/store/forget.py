"""Forgetting: what of a body goes when the person in it was erased, on its way in and where it lies.

An erasure leaves tombstones, so that a later poll, a replay or a full re-read does not bring the person back. They tell
who it was only by digests: of the keyed hashes by which a person is known, never the hashes themselves. A body keeps
its money, counts and times; only the links to the person are cut (null, as if the platform had not told).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import orjson

from jalon.store.mentions import cut, cut_text, hashes, its_order, named_orders, names_order, names_source

_AT_ONCE = 500
"""Values asked for in one statement: SQLite takes some thousands at most."""
_NEXT_SOURCE = "SELECT min(source) FROM tombstones WHERE source > ?"
_ANY_ORDER = "SELECT 1 FROM tombstones WHERE source = ? AND kind = 'order' LIMIT 1"
"""Asked step by step, the sources with erased orders are found by a few look-ups in the index."""
Row = tuple[str, int, bytes]


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Who was erased: persons by digest, anywhere; whole orders and sources by source."""

    hashes: frozenset[bytes] = frozenset()
    orders: dict[str, frozenset[str]] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()

    def doomed(self, source: str, key: str, body: bytes) -> set[bytes]:
        """Return the hashes in a body that must go."""
        found = hashes(body)
        if not found or source in self.sources or self._names_order(source, key, body):
            return found
        return {one for one in found if digest(one) in self.hashes}

    def _names_order(self, source: str, key: str, body: bytes) -> bool:
        """Say whether a record is of an erased order: its source's own, or one of another source that it names with it,
        as a site's purchase does."""
        if names_order(body, key, self.orders.get(source, frozenset())):
            return True
        others = (ids for other, ids in self.orders.items() if other != source and names_source(body, other))
        return any(names_order(body, "", ids) for ids in others)


def digest(found: bytes) -> bytes:
    """Return what a tombstone knows of a hash."""
    return blake2b(found, digest_size=16, person=b"jalon tombstone").digest()


def spare(db: sqlite3.Connection, source: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Return inbox rows (key, version, body) without whom was erased.

    Asked within the transaction that appends them, so that no erasure is ordered in between.
    """
    if db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
        return rows
    stones = _concerning(db, source, rows)
    return [(key, version, forget(source, key, body, stones)) for key, version, body in rows]


def forget(source: str, key: str, body: bytes, stones: Tombstones) -> bytes:
    """Return a body without whom was erased; the same object where that is nobody in it."""
    doomed = stones.doomed(source, key, body)
    return cut(body, doomed) if doomed else body


def forget_text(source: str, key: str, text: str, stones: Tombstones) -> str:
    """Return a text without whom was erased."""
    return cut_text(text, {one.decode() for one in stones.doomed(source, key, text.encode())})


def load(db: sqlite3.Connection) -> Tombstones:
    """Return all tombstones."""
    return _tombstones(db.execute("SELECT source, kind, value FROM tombstones").fetchall())


def _concerning(db: sqlite3.Connection, source: str, rows: Sequence[Row]) -> Tombstones:
    """Return the tombstones that can concern a page of a source: of whom and of which orders it names."""
    digests = {digest(one).hex() for _, _, body in rows for one in hashes(body)}
    found = _found(db, "", "hash", digests) + _found(db, source, "source", ("",))
    bodies = [body for _, _, body in rows]
    others = [one for one in _sources(db) if one == source or any(names_source(body, one) for body in bodies)]
    if others:
        try:
            named = {key for key, _, _ in rows}.union(*map(named_orders, bodies), *map(its_order, bodies))
        except orjson.JSONDecodeError:
            return load(db)
        for one in others:
            found += _found(db, one, "order", named)
    return _tombstones(found)


def _found(db: sqlite3.Connection, source: str, kind: str, values: Collection[str]) -> list[tuple[str, str, str]]:
    """Return which of these tombstones there are."""
    asked, found = list(values), []
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        found += db.execute(
            f"SELECT source, kind, value FROM tombstones WHERE source = ? AND kind = ? AND value IN ({marks})",  # noqa: S608
            (source, kind, *some),
        ).fetchall()
    return found


def _sources(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the sources of which orders were erased."""
    (name,) = db.execute(_NEXT_SOURCE, ("",)).fetchone()
    while name is not None:
        if db.execute(_ANY_ORDER, (name,)).fetchone():
            yield name
        (name,) = db.execute(_NEXT_SOURCE, (name,)).fetchone()


def _tombstones(rows: Sequence[tuple[str, str, str]]) -> Tombstones:
    orders: dict[str, set[str]] = {}
    for source, kind, value in rows:
        if kind == "order":
            orders.setdefault(source, set()).add(value)
    return Tombstones(
        frozenset(bytes.fromhex(value) for _, kind, value in rows if kind == "hash"),
        {source: frozenset(values) for source, values in orders.items()},
        frozenset(source for source, kind, _ in rows if kind == "source"),
    )


def bury(
    db: sqlite3.Connection,
    source: str,
    *,
    digests: Iterable[bytes] = (),
    orders: Iterable[str] = (),
    everything: bool = False,
) -> int:
    """Add tombstones: for persons (anywhere), for orders and for all of a source. Return how many are new."""
    rows = [("", "hash", one.hex()) for one in digests]
    rows += [(source, "order", order) for order in orders]
    rows += [(source, "source", "")] if everything else []
    return db.executemany("INSERT OR IGNORE INTO tombstones (source, kind, value) VALUES (?, ?, ?)", rows).rowcount
