"""Whether the facts on disk are the files that derivations wrote: none lost, none cut, none put there by others.

What it costs is a look at each file's size. Whether their pages are whole is asked by `facts.check_facts`.
"""

from __future__ import annotations

from pathlib import Path

from jalon.errors import LockedError, StoreError
from jalon.store import facts, inbox, segments
from jalon.store.database import Store
from jalon.store.lock import RunLock

REMEDY = "Run `jalon normalize`: it makes again what is not as it was written."


def check(store: Store) -> None:
    """Raise `StoreError` naming the first facts file that is not as it was written."""
    if _amiss(store) is None:
        return
    try:
        # A derivation puts its files in place before it says so: asked again while there is none.
        with RunLock(store.locks, "derive", what="normalize"):
            found = _amiss(store)
    except LockedError:
        return
    if found is not None:
        path, what = found
        raise StoreError(f"the facts file {path} {what}", REMEDY)


def _amiss(store: Store) -> tuple[Path, str] | None:
    with store.read() as db:
        known = segments.files(db, segments.number(inbox.last_id(db)))
    there = facts.sizes(store.facts)
    for segment, written in known.items():
        found = there.get(segment, {})
        for kind in sorted(written.keys() | found.keys()):
            if written.get(kind) != found.get(kind):
                return facts.path_of(store.facts, kind, segment), _told(written.get(kind), found.get(kind))
    return None


def _told(written: int | None, found: int | None) -> str:
    if found is None:
        return "is missing"
    if written is None:
        return "was not written by jalon"
    return f"has {found:,} bytes and was written with {written:,}"
