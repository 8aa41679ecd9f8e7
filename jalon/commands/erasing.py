"""`jalon erase` and `jalon disclose`: what a person may ask for whose data it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.commands.console import Console, ProgressLine, counted, day_and_time, table
from jalon.commands.persons import Words, meant, tells_no_country
from jalon.errors import LockedError
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.store.asked import Held, Sealed

WORDS = {
    "records": (
        "record of {source}, of which only the person goes",
        "records of {source}, of which only the person goes",
    ),
    "orders": ("order: its money stays, its person goes", "orders: their money stays, their person goes"),
    "quarantine": ("record in quarantine", "records in quarantine"),
    "deliveries": (
        "delivery that was not understood: its body goes",
        "deliveries that were not understood: their bodies go",
    ),
    "disclosures": ("written disclosure", "written disclosures"),
}
"""What is held -> how one of it is called, and how several are."""
COUNTS = ("records", "quarantine", "deliveries", "files")
"""Names in the proof of an erasure, and columns."""
WIDTH = 9
"""Of the column of numbers."""
LEFT = "It is ordered, and nothing of them comes in any more. Run `jalon normalize` to finish it."


def run_erase(console: Console, place: Workplace, words: Words, *, yes: bool) -> int:
    """Say what is held of whom the words mean, or (`yes`) erase it. Raises `ConfigError` where they mean nobody."""
    from jalon.store import asked as asking
    from jalon.sync import sealed

    with ProgressLine(quiet=console.quiet) as progress:
        asked = meant(place, words, progress.show)
        held = asking.held(place.store, asked, progress.show)
        bodies = sealed.naming(place.store, place.keyring, asked, progress.show)
    number = asking.erase(place.store, asked, bodies) if yes else None
    finished = number is not None and _carried_out(console, place, number)
    told = _told(held, bodies)
    console.data({**told, "erased": yes, "erasure": number, "finished": finished}, _lines(told, yes))
    _hint(console, words)
    if yes and not finished:
        console.warn(f"Something else is making tables or reading the store. {LEFT}")
        return errors.PARTIAL
    console.say(_outcome(held, yes))
    return errors.OK


def run_disclose(console: Console, place: Workplace, words: Words) -> int:
    """Write down what is held of whom the words mean, and say where. Raises `ConfigError` where they mean nobody."""
    from jalon.store import asked as asking
    from jalon.store.disclosure import disclose

    with ProgressLine(quiet=console.quiet) as progress:
        asked = meant(place, words, progress.show)
        held = asking.held(place.store, asked, progress.show)
        persons = sorted(asked.persons)
        files = {
            source: str(disclose(place.store, source, persons, asked.orders.get(source, ()), progress.show))
            for source in held.records
        }
    lines = [
        counted(held.records[source], f"record of {source}: {path}", f"records of {source}: {path}", WIDTH)
        for source, path in files.items()
    ]
    console.data(
        {"known_by": held.known_by, "records": held.records, "orders": held.orders, "files": files},
        lines or "nothing is held of them",
    )
    _hint(console, words)
    return errors.OK


def run_list(console: Console, place: Workplace) -> int:
    """Show every erasure that was ordered, by whom, and the proof of those that were carried out."""
    from jalon.store import erasure

    with place.store.read() as db:
        found = erasure.erasures(db)
    rows = [
        {
            "erasure": one.id,
            "ordered": day_and_time(one.requested_at),
            "by": one.source or "operator",
            "scope": one.scope,
            "finished": None if one.finished_at is None else day_and_time(one.finished_at),
            **{name: one.counts.get(name, 0) for name in COUNTS},
        }
        for one in found
    ]
    header = ("erasure", "ordered (UTC)", "by", "what", "finished (UTC)", *COUNTS)
    lines = table(header, [tuple(row.values()) for row in rows]) if rows else "nothing was ever ordered to be erased"
    console.data({"erasures": rows}, lines)
    return errors.OK


def _carried_out(console: Console, place: Workplace, number: int) -> bool:
    """Carry it out and say whether all is gone. What is left, the next derivation finishes."""
    from jalon.commands.running import derive_now
    from jalon.store import erasure

    try:
        derive_now(console, place)
    except LockedError:
        return False
    with place.store.read() as db:
        return number in {one.id for one in erasure.erasures(db, finished=True)}


# --- for people -------------------------------------------------------------------------------------------------------


def _told(held: Held, bodies: Sealed) -> dict[str, Any]:
    return {
        **held._asdict(),
        "quarantine": held.quarantine + len(bodies.quarantine),
        "deliveries": len(bodies.deliveries),
    }


def _lines(told: dict[str, Any], yes: bool) -> Iterator[str]:
    rows = [(number, "records", source) for source, number in told["records"].items()]
    rows += [(told[what], what, "") for what in WORDS if what != "records"]
    if not any(number for number, *_ in rows):
        yield "nothing is held of them"
        return
    yield "erased:" if yes else "would be erased:"
    for number, what, source in rows:
        if number:
            yield f"  {counted(number, *WORDS[what], WIDTH)}".format(source=source)
    if told["known_by"]:
        yield f"  known by {', '.join(f'{number} {kind}' for kind, number in told['known_by'].items())}"


def _outcome(held: Held, yes: bool) -> str:
    if not yes:
        return "Nothing was erased. With --yes it is, cannot be had back, and later polls do not bring it in."
    if not held.records:
        return "They stay out of all that is read from now on."
    return "Attribution and marts were removed: `jalon report` makes them anew, `jalon deliver` passes that on."


def _hint(console: Console, words: Words) -> None:
    if tells_no_country(words):
        console.say(
            "A phone number tells no country: where records know theirs, name it with --country, or by + and its code."
        )
