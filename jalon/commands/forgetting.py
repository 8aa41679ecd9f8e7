"""`jalon forget-source`: all that came from a source that is no longer used is removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jalon import errors
from jalon.commands.console import Console, counted
from jalon.errors import ConfigError
from jalon.workplace import Workplace

WORDS = {
    "inbox": ("record in the inbox, and the facts made of it", "records in the inbox, and the facts made of them"),
    "streams": ("stream with its cursor", "streams with their cursors"),
    "windows": ("window still to be read", "windows still to be read"),
    "fetches": ("object still to be read", "objects still to be read"),
    "credentials": ("set of refreshed tokens", "sets of refreshed tokens"),
    "source_values": ("value remembered about it", "values remembered about it"),
    "notices": ("notice", "notices"),
    "deadlines": ("deadline", "deadlines"),
    "refusals": ("count of refused deliveries", "counts of refused deliveries"),
    "files": ("file known to be read", "files known to be read"),
    "links": ("own short link: it leads nowhere any more", "own short links: they lead nowhere any more"),
    "deliveries": ("delivery", "deliveries"),
    "delivered": ("mark of a delivery that came before", "marks of deliveries that came before"),
    "quarantine": ("record in quarantine", "records in quarantine"),
    "runs": ("run in the ledger", "runs in the ledger"),
}
"""Table -> what one of its rows is called, and what several are."""


def run_forget(console: Console, place: Workplace, name: str, *, yes: bool) -> int:
    """Say what would go, or (`yes`) have it go. Raises `ConfigError` for a source that is in use or not known."""
    from jalon.store import removal

    if name in place.config.sources:
        raise ConfigError(
            f"{name} is in use: it stands in {place.config.path.name}",
            f"Take [sources.{name}] out, start `jalon serve` anew, then run this again.",
        )
    with place.store.read() as db:
        rows = removal.held(db, name)
    if not rows and not _is_open(place, name):
        raise ConfigError(
            f"nothing is held of a source called {name!r}", f"Held are: {', '.join(place.left()) or 'none'}."
        )
    finished = yes and _forget(console, place, name)
    console.data({"source": name, "rows": rows, "removed": yes, "finished": finished}, _lines(name, rows, yes))
    if yes and not finished:
        console.warn("Something else is making tables or reading the store: run `jalon normalize` to finish it.")
        return errors.PARTIAL
    console.say(
        "Attribution and marts were removed: `jalon report` makes them anew, `jalon deliver` passes that on."
        if yes
        else "Nothing was removed. With --yes it is, and cannot be had back."
    )
    return errors.OK


def _forget(console: Console, place: Workplace, name: str) -> bool:
    """Order it and carry it out; say whether all is gone. What is left, the next derivation finishes."""
    from jalon.commands.running import derive_now
    from jalon.store import removal
    from jalon.store.lock import RunLock

    with RunLock(place.store.locks, f"source-{name}", "forget-source"):
        removal.order(place.store, name)
        derive_now(console, place)
    return not _is_open(place, name)


def _is_open(place: Workplace, name: str) -> bool:
    """Say whether an earlier order for it is not finished."""
    from jalon.store import erasure, removal

    with place.store.read() as db:
        pending = erasure.erasures(db, finished=False)
    return any((one.source, one.scope) == (name, removal.SCOPE) for one in pending)


def _lines(name: str, rows: Mapping[str, int], yes: bool) -> Iterator[str]:
    yield f"{name}: {'removed' if yes else 'would be removed'}:"
    for table, number in rows.items():
        yield f"  {counted(number, *WORDS[table], 9)}"
