"""What a person asks the operator for: what is held of them in all sources, and the order to erase it.

A platform's order names the person as that platform knows them. Somebody who writes a mail is to be found under every
identifier that the store joins with the one they gave, in every source, and by their orders.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jalon.progress import Progress, silent
from jalon.store import erasure, facts, forget, mentions, quarantine
from jalon.store.arrow import parquet
from jalon.store.database import Store
from jalon.store.disclosure import every_row
from jalon.store.forget import Tombstones


class Asked(NamedTuple):
    """Whom it is about: pseudonyms ('email:…'), in every source, and ids of orders by source."""

    persons: frozenset[str] = frozenset()
    orders: Mapping[str, frozenset[str]] = {}

    def stones(self) -> Tombstones:
        """Return the tombstones that an erasure of them leaves."""
        named = mentions.hashes(" ".join(self.persons).encode())
        return Tombstones(frozenset(map(forget.digest, named)), dict(self.orders))


class Sealed(NamedTuple):
    """Numbers of sealed bodies that name them, which only whoever holds the key can know."""

    quarantine: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()


class Held(NamedTuple):
    """What is held of somebody: records (revisions) by source, orders, entries in quarantine, written disclosures."""

    known_by: dict[str, int]
    """Kind of identifier -> how many of it are in these records."""
    records: dict[str, int]
    orders: int
    quarantine: int
    disclosures: int

    def __bool__(self) -> bool:
        return any((self.records, self.orders, self.quarantine, self.disclosures))


def orders_called(store: Store, source: str, number: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of the orders of a source that a number names: as their id, and as the one that people see.

    Either is empty where it names none so; with `#` before it, it is the one that people see.
    """
    shown = f":#{number.removeprefix('#')}"
    ids, seen = set(), set()
    for of, order_id, _, others in _orders(store):
        if of == source and order_id == number:
            ids.add(order_id)
        elif of == source and any(one.endswith(shown) for one in others):
            seen.add(order_id)
    return mentions.order_ids(ids), mentions.order_ids(seen)


def buyers(store: Store, orders: Mapping[str, frozenset[str]], progress: Progress = silent) -> frozenset[str]:
    """Return the pseudonyms of all persons in records of these orders."""
    if not orders:
        return frozenset()
    stones = Tombstones(orders=dict(orders))
    found = (
        mentions.pseudonyms(body)
        for _, source, _, key, _, _, body in every_row(store, progress)
        if stones.doomed(source, key, body)
    )
    return frozenset[str]().union(*found)


def held(store: Store, asked: Asked, progress: Progress = silent) -> Held:
    """Return how much an erasure would change."""
    stones = asked.stones()
    records: Counter[str] = Counter()
    known: set[bytes] = set()
    for _, source, _, key, _, _, body in every_row(store, progress):
        if found := stones.doomed(source, key, body):
            records[source] += 1
            known |= found
    with store.read() as db:
        entries = quarantine.entries(db) + quarantine.entries(db, resolved=True)
    orders = {
        (source, order_id)
        for source, order_id, person, _ in _orders(store)
        if person in asked.persons or not mentions.order_ids((order_id,)).isdisjoint(asked.orders.get(source, ()))
    }
    kinds = Counter(kind for kind, _, one in (name.partition(":") for name in asked.persons) if one.encode() in known)
    return Held(
        dict(sorted(kinds.items())),
        dict(sorted(records.items())),
        len(orders),
        sum(_is_cut(stones, entry) for entry in entries),
        len(erasure.disclosures(store.exports, stones)),
    )


def _is_cut(stones: Tombstones, entry: quarantine.Entry) -> bool:
    bodies = [entry.detail.encode()] + ([entry.payload] if entry.payload is not None and not entry.sealed else [])
    return any(stones.doomed(entry.source, entry.key, body) for body in bodies)


def _orders(store: Store) -> Iterator[tuple[str, str, str | None, tuple[str, ...]]]:
    """Yield (source, order id, person, external ids) of every revision of an order among the facts."""
    columns = ["source", "order_id", "person", "external_ids"]
    for path in facts.open_facts(store.facts).get("orders", ()):
        for row in parquet().read_table(path, columns=columns).to_pylist():
            yield row["source"], row["order_id"], row["person"], tuple(row["external_ids"] or ())


def erase(store: Store, asked: Asked, sealed: Sealed) -> int:
    """Order that they be erased everywhere, and drop sealed bodies that name them; return the erasure's id."""
    digests = asked.stones().hashes

    def job(db: sqlite3.Connection) -> int:
        for source, ids in asked.orders.items():
            forget.bury(db, source, orders=ids)
        forget.bury(db, "", digests=digests)
        return erasure.note(db, "", "person", counts=_drop(db, sealed))

    return store.write(job)


def _drop(db: sqlite3.Connection, sealed: Sealed) -> dict[str, int]:
    for entry in sealed.quarantine:
        db.execute("UPDATE quarantine SET payload = NULL WHERE id = ?", (entry,))
    for one in sealed.deliveries:
        db.execute(
            "UPDATE deliveries SET sealed = NULL, state = 'stale', note = ? WHERE id = ?", (erasure.DROPPED, one)
        )
    return {"quarantine": len(sealed.quarantine), "deliveries": len(sealed.deliveries)}
