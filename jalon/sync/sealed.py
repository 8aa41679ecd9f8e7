"""Sealed bodies that name somebody: only whoever holds the key can look into them.

What was not understood, or did not get past the door, lies sealed as it came, with persons in clear. Each value in it
is hashed as the door would have hashed it, and compared with the pseudonyms that are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote_plus

import orjson

from jalon.errors import ConfigError
from jalon.privacy import Keyring
from jalon.progress import Progress, silent
from jalon.store import deliveries, mentions, quarantine
from jalon.store.asked import Asked, Sealed
from jalon.store.database import Store
from jalon.store.envelope import Sealer
from jalon.sync.pages import quarantined_body

T = TypeVar("T")
_SHOWN = 100
"""After so many bodies it is told how far it has come."""
_WORDS = re.compile(r"[^\s\"'<>,;&=()]+")
"""What may be an identifier in a body that is no JSON."""


def naming(store: Store, keyring: Keyring, asked: Asked, progress: Progress = silent) -> Sealed:
    """Return the sealed bodies that name somebody, among those that nobody will open by themselves."""
    with store.read() as db:
        entries = [one for one in quarantine.entries(db) if one.sealed and one.payload is not None]
        kept = deliveries.kept(db)
    sealer = Sealer(keyring)
    looked = partial(_shown, progress, len(entries) + len(kept))
    held = [one.id for one in looked(entries, 0) if _names(keyring, asked, one.source, one.key, _clear(keyring, one))]
    return Sealed(
        tuple(held),
        tuple(
            number
            for number, source, key, sealed in looked(kept, len(entries))
            if _names(keyring, asked, source, "", _body(sealer, source, key, sealed))
        ),
    )


def _shown(progress: Progress, total: int, bodies: Iterable[T], before: int) -> Iterator[T]:
    """Yield the bodies one by one, and tell how many of all have been looked into."""
    for number, body in enumerate(bodies, before + 1):
        yield body
        if number % _SHOWN == 0 or number == total:
            progress("looking into sealed bodies", number, total)


def _clear(keyring: Keyring, entry: quarantine.Entry) -> bytes:
    try:
        return quarantined_body(keyring, entry) or b""
    except ConfigError:  # sealed with a key that is gone: nobody can read it any more
        return b""


def _body(sealer: Sealer, source: str, key: str, sealed: bytes) -> bytes:
    try:
        return sealer.unseal(source, key, sealed).body
    except ConfigError:  # as above
        return b""


def _names(keyring: Keyring, asked: Asked, source: str, key: str, clear: bytes) -> bool:
    """Say whether a body in clear tells one of the persons, or one of the orders."""
    if mentions.names_order(clear, key, asked.orders.get(source, frozenset())):
        return True
    kinds = {one.partition(":")[0] for one in asked.persons}
    return any(
        not asked.persons.isdisjoint(keyring.pseudonyms(kind, value, source))
        for value in set(_values(clear))
        for kind in kinds
    )


def _values(clear: bytes) -> Iterator[str]:
    try:
        yield from _leaves(orjson.loads(clear))
    except orjson.JSONDecodeError:
        yield from _WORDS.findall(unquote_plus(clear.decode("utf-8", "replace")))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif isinstance(value, str | int):
        yield str(value)
