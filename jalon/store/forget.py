"""Forgetting: what of a body goes when the person in it was erased, on its way in and where it lies.

An erasure leaves tombstones, so that a later poll, a replay or a full re-read does not bring the person back. They tell
who it was only by digests: of the keyed hashes by which a person is known, never the hashes themselves. A body keeps
its money, counts and times; only the links to the person are cut (null, as if the platform had not told).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

_HASHES = re.compile(rb":([0-9a-f]{32})")
_HASHES_IN_ADDRESSES = re.compile(rb"%3A([0-9a-f]{32})")
"""The hash of a `kind:hash` pseudonym. Two patterns, since one that begins with a literal is four times as fast."""
_PSEUDONYM = re.compile(r"[A-Za-z0-9_.-]+(?::|%3A)([0-9a-f]{32})")
_WORDS = re.compile(r"[0-9A-Za-z_-]+")
_FEW = 24
"""Up to so many ids it is faster to look for each than to take the body apart."""
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
        others = (ids for other, ids in self.orders.items() if other != source and b":" + orjson.dumps(other) in body)
        return any(names_order(body, "", ids) for ids in others)


# --- bodies -----------------------------------------------------------------------------------------------------------


def hashes(data: bytes) -> set[bytes]:
    """Return the hash (hex) of every pseudonym in some text."""
    found = set(_HASHES.findall(data))
    return found.union(_HASHES_IN_ADDRESSES.findall(data)) if b"%3A" in data else found


def digest(found: bytes) -> bytes:
    """Return what a tombstone knows of a hash."""
    return blake2b(found, digest_size=16, person=b"jalon tombstone").digest()


def cut(body: bytes, doomed: set[bytes]) -> bytes:
    """Return a body without the pseudonyms of these hashes: null where one was the value, empty within a text."""
    gone = {one.decode() for one in doomed}
    try:
        return orjson.dumps(_without(orjson.loads(body), gone))
    except orjson.JSONDecodeError:
        return _cut_text(body.decode("utf-8", "replace"), gone).encode()


def _without(value: Any, gone: set[str]) -> Any:
    if isinstance(value, dict):
        return {_cut_text(name, gone): _without(inner, gone) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, gone) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _PSEUDONYM.fullmatch(value)
    return None if whole and whole[1] in gone else _cut_text(value, gone)


def _cut_text(text: str, gone: set[str]) -> str:
    """Return a text without the pseudonyms of these hashes."""
    return _PSEUDONYM.sub(lambda match: "" if match[1] in gone else match[0], text)


def order_ids(orders: Iterable[str]) -> frozenset[str]:
    """Return order ids without the path that some platforms write before them."""
    return frozenset(order.rsplit("/", 1)[-1] for order in orders)


def names_order(body: bytes, key: str, wanted: frozenset[str]) -> bool:
    """Say whether a record is one of these orders, or names one in a field that speaks of an order."""
    if not wanted:
        return False
    if key in wanted:
        return True
    if not _mentions(body, wanted):
        return False
    try:
        return _names(orjson.loads(body), wanted, is_order=False)
    except orjson.JSONDecodeError:
        return True


def _mentions(body: bytes, wanted: frozenset[str]) -> bool:
    """Say quickly whether any of the ids may be in a body at all."""
    if len(wanted) <= _FEW:
        return any(one.encode() in body for one in wanted)
    return not wanted.isdisjoint(_WORDS.findall(body.decode("utf-8", "replace")))


def _names(value: Any, wanted: frozenset[str], *, is_order: bool) -> bool:
    """Look for the ids where a field's name, or the id's own path ('.../Order/17'), says that they are orders'."""
    if isinstance(value, dict):
        return any(_names(inner, wanted, is_order=is_order or "order" in name.lower()) for name, inner in value.items())
    if isinstance(value, list):
        return any(_names(inner, wanted, is_order=is_order) for inner in value)
    *path, last = str(value).split("/")
    return last in wanted and ("order" in path[-1].lower() if path else is_order)


# --- tombstones -------------------------------------------------------------------------------------------------------


def spare(db: sqlite3.Connection, source: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Return inbox rows (key, version, body) without whom was erased.

    Asked within the transaction that appends them, so that no erasure is ordered in between.
    """
    if db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
        return rows
    stones = _for(db, source, {digest(one) for _, _, body in rows for one in hashes(body)})
    return [(key, version, forget(source, key, body, stones)) for key, version, body in rows]


def forget(source: str, key: str, body: bytes, stones: Tombstones) -> bytes:
    """Return a body without whom was erased; the same object where that is nobody in it."""
    doomed = stones.doomed(source, key, body)
    return cut(body, doomed) if doomed else body


def forget_text(source: str, key: str, text: str, stones: Tombstones) -> str:
    """Return a text without whom was erased."""
    return _cut_text(text, {one.decode() for one in stones.doomed(source, key, text.encode())})


def load(db: sqlite3.Connection) -> Tombstones:
    """Return all tombstones."""
    return _tombstones(db.execute("SELECT source, kind, value FROM tombstones").fetchall())


def _for(db: sqlite3.Connection, source: str, digests: set[bytes]) -> Tombstones:
    """Return the tombstones that can concern a page of a source with these digests in it."""
    rows = db.execute(
        "SELECT source, kind, value FROM tombstones WHERE kind = 'order' OR (source = ? AND kind = 'source')", (source,)
    ).fetchall()
    for one in digests:
        rows += db.execute(
            "SELECT source, kind, value FROM tombstones WHERE source = '' AND kind = 'hash' AND value = ?", (one.hex(),)
        )
    return _tombstones(rows)


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
