"""Forgetting: what of a body goes when the person in it was erased, on its way in and where it lies.

An erasure leaves tombstones, so that a later poll, a replay or a full re-read does not bring the person back. They tell
who it was only by digests: of the keyed hashes by which a person is known, never the hashes themselves. A body keeps
its money, counts and times; only the links to the person are cut (null, as if the platform had not told).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

_HASHES = re.compile(rb":([0-9a-f]{32})")
_HASHES_IN_ADDRESSES = re.compile(rb"%3A([0-9a-f]{32})")
"""The hash of a `kind:hash` pseudonym. Two patterns, since one that begins with a literal is four times as fast."""
_PSEUDONYM = re.compile(r"[A-Za-z0-9_.-]+(?::|%3A)([0-9a-f]{32})")
_ORDER_FIELD = re.compile(r"orders?(ids?|numbers?|nos?|keys?|names?|ref(erence)?s?)?$")
"""Names of fields, in small letters without `_`, that hold orders or their ids: `order`, `id_order`, `order_ids`."""
_OWN = frozenset(("id", "number", "name", "key", "reference"))
"""Fields of an order within another record that tell which one it is."""
_ITS_ORDER = frozenset(("order", "orderid", "idorder", "ordernumber"))
"""Fields by which a record that is no order says to which one it belongs."""
_FEW = 24
"""Up to so many ids it is faster to look for each first than to take the body apart at once."""
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
        others = (ids for other, ids in self.orders.items() if other != source and _names_source(body, other))
        return any(names_order(body, "", ids) for ids in others)


def _names_source(body: bytes, source: str) -> bool:
    return b":" + orjson.dumps(source) in body


# --- bodies -----------------------------------------------------------------------------------------------------------


def hashes(data: bytes) -> set[bytes]:
    """Return the hash (hex) of every pseudonym in some text."""
    found = set(_HASHES.findall(data))
    return found.union(_HASHES_IN_ADDRESSES.findall(data)) if b"%3A" in data else found


def pseudonyms(data: bytes) -> set[str]:
    """Return every pseudonym (`kind:hash`) in some text."""
    return {match[0].replace("%3A", ":") for match in _PSEUDONYM.finditer(data.decode("utf-8", "replace"))}


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
    """Say whether a record is one of these orders, or names one in a field that is called after an order.

    Ids of small shops are small numbers: a quantity, a product's id or another kind of record's key are none of them.
    """
    if not wanted:
        return False
    if key not in wanted and len(wanted) <= _FEW and not any(one.encode() in body for one in wanted):
        return False
    try:
        return (key in wanted and not _is_of_another(body, wanted)) or not wanted.isdisjoint(named_orders(body))
    except orjson.JSONDecodeError:
        return key in wanted or any(one.encode() in body for one in wanted)


def _is_of_another(body: bytes, wanted: frozenset[str]) -> bool:
    """Say whether a record, such as a credit slip's, tells that it belongs to an order that is none of these."""
    record = orjson.loads(body)
    told = (
        [value for name, value in record.items() if _squeezed(name) in _ITS_ORDER] if isinstance(record, dict) else []
    )
    ids = [str(one.get("id") if isinstance(one, dict) else one).rsplit("/", 1)[-1] for one in told if one]
    return bool(ids) and wanted.isdisjoint(ids)


def named_orders(body: bytes) -> list[str]:
    """Return the ids in a body of which a field's name, or their own path ('.../Order/17'), says that they are orders'.

    Raises `orjson.JSONDecodeError`.
    """
    found: list[str] = []
    if b"order" in body.lower():
        _name(orjson.loads(body), found, is_order=False)
    return found


def _name(value: Any, found: list[str], *, is_order: bool) -> None:
    """Add the ids to `found`; `is_order`: the value stands in a field that is called after an order."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _name(inner, found, is_order=_is_of_order(name) or (is_order and name.lower() in _OWN))
    elif isinstance(value, list):
        for inner in value:
            _name(inner, found, is_order=is_order)
    elif is_order or (isinstance(value, str) and "/" in value):
        *path, last = str(value).split("/")
        if "order" in path[-1].lower() if path else is_order:
            found.append(last)


@lru_cache(maxsize=4096)
def _is_of_order(name: str) -> bool:
    return _ORDER_FIELD.search(_squeezed(name)) is not None


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "")


# --- tombstones -------------------------------------------------------------------------------------------------------


def spare(db: sqlite3.Connection, source: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Return inbox rows (key, version, body) without whom was erased.

    Asked within the transaction that appends them, so that no erasure is ordered in between.
    """
    if db.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
        return rows
    stones = _for(db, source, rows)
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


def _for(db: sqlite3.Connection, source: str, rows: Sequence[Row]) -> Tombstones:
    """Return the tombstones that can concern a page of a source: of whom and of which orders it names."""
    digests = {digest(one).hex() for _, _, body in rows for one in hashes(body)}
    found = _found(db, "", "hash", digests) + _found(db, source, "source", ("",))
    bodies = [body for _, _, body in rows]
    others = [one for one in _sources(db) if one == source or any(_names_source(body, one) for body in bodies)]
    if others:
        try:
            named = {key for key, _, _ in rows}.union(*map(named_orders, bodies))
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
