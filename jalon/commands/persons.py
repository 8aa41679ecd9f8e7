"""Whom a person at the command line means: identifiers as they stand in a mail, made into all hashes they may have.

Nothing here repeats an identifier in what it says: of those that are wrong only the place is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from jalon import registry
from jalon.connectors.calling_codes import CALLING_CODES
from jalon.errors import ConfigError
from jalon.identifiers import is_international, names_nobody, of_country, without_country
from jalon.privacy import Keyring
from jalon.progress import Progress, silent
from jalon.store.asked import Asked, buyers, held, orders_called
from jalon.workplace import Workplace

FORMS = "Give an e-mail address, a phone number, or KIND:ID such as loyalty:4711."
_WRITTEN = ("email", "phone", "loyalty", "customer")
"""Kinds of identifiers that records of every source may tell."""


class Words(NamedTuple):
    """What was asked for: identifiers as they were written, customers' and orders' numbers at `source`."""

    identifiers: tuple[str, ...] = ()
    source: str | None = None
    customers: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    country: str | None = None
    """ISO 3166-1 code of the country of phone numbers that tell none."""
    only_given: bool = False
    """True: nobody is followed to the other identifiers that are the same person."""


class Identifier(NamedTuple):
    """Kind and clear value."""

    kind: str
    value: str

    def __repr__(self) -> str:
        return "Identifier(***)"


def meant(place: Workplace, words: Words, progress: Progress = silent) -> Asked:
    """Return whom the words mean, by all hashes that any source could have made of them. Raises `ConfigError`."""
    written = [*_read(words.identifiers)]
    _check_kinds(place, written, progress)
    named = [*written, *_customers(place, words)]
    sources = _sources(place)
    hashes = {one for each in named for one in _hashes(place.keyring, each, sources, words.country)}
    orders = _orders(place, words, sources)
    if not named and not orders:
        raise ConfigError("nobody is named", FORMS)
    persons = frozenset(hashes) | buyers(place.store, orders, progress)
    return Asked(persons if words.only_given else _with_joined(place, persons), orders)


def tells_no_country(words: Words) -> bool:
    """Say whether a phone number is meant of which it is not known whose country it is of."""
    return words.country is None and any(
        kind == "phone" and not is_international(value) for kind, value in _read(words.identifiers)
    )


def from_stdin(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words, and where one is `-` the lines of stdin in its place."""
    if "-" not in words:
        return words
    lines = tuple(line.strip() for line in sys.stdin if line.strip())
    return (*(word for word in words if word != "-"), *lines)


# --- what is written --------------------------------------------------------------------------------------------------


def _read(words: Iterable[str]) -> Iterator[Identifier]:
    """Yield the identifiers. Raises `ConfigError` naming the place of one that is none."""
    for place, word in enumerate(words, 1):
        found = _identifier(word.strip())
        if found is None:
            raise ConfigError(f"identifier {place} is of no kind that is known", FORMS)
        if names_nobody(*found):
            raise ConfigError(f"identifier {place} names nobody", FORMS)
        yield found


def _identifier(word: str) -> Identifier | None:
    kind, colon, value = word.partition(":")
    if colon and kind.replace("_", "").isalnum() and kind.isascii() and kind.islower():
        return Identifier(kind, value)
    if "@" in word:
        return Identifier("email", word)
    return None if names_nobody("phone", word) else Identifier("phone", word)


def _check_kinds(place: Workplace, named: Iterable[Identifier], progress: Progress) -> None:
    """Raise `ConfigError` for an identifier of a kind that no source tells: misspelt, it would find nothing."""
    known = {*_WRITTEN, *(registry.connector(one.connector).customer_kind for one in place.config.sources.values())}
    for number, one in enumerate(named, 1):
        alone = Asked(frozenset({place.keyring.pseudonym(*one)}))
        if one.kind not in known and not held(place.store, alone, progress):
            told = f"Known are {', '.join(sorted(known - {''}))}, and what `customer_of` says in files."
            raise ConfigError(f"identifier {number} is of a kind by which no source names anybody", told)


def _orders(place: Workplace, words: Words, sources: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the ids of the orders by source. Raises `ConfigError` where it is not told which source's they are."""
    if not words.orders:
        return {}
    if words.source is None or words.source not in sources:
        raise ConfigError("an order's number is one of a source", f"Name it with --source: {', '.join(sources)}.")
    found = [_order(place, words.source, number.strip(), at) for at, number in enumerate(words.orders, 1)]
    return {words.source: frozenset[str]().union(*found)}


def _order(place: Workplace, source: str, number: str, at: int) -> frozenset[str]:
    """Return the ids of the orders that a number names. Raises `ConfigError` where it names none, or two."""
    ids, seen = orders_called(place.store, source, number)
    if ids and seen:
        raise ConfigError(
            f"order {at} is the id of one order of {source} and the number that people see of another",
            "Write # before the number that people see; name the buyer of the other by address or customer's number.",
        )
    if not ids and not seen:
        raise ConfigError(
            f"order {at} is none of {source} that is here",
            "Look it up in the shop; if it is new, run `jalon sync` first.",
        )
    return ids or seen


def _customers(place: Workplace, words: Words) -> Iterator[Identifier]:
    """Yield the numbers that a platform gives its persons. Raises `ConfigError` where it is not known how."""
    if not words.customers:
        return
    if words.source is None:
        raise ConfigError("a customer's number is one of a source", "Name it with --source.")
    source = place.source(next(iter(place.config.pick((words.source,)))))
    kind = source.connector.customer_kind
    if not kind:
        how = "Write KIND:ID, as its records name the system that the number is of (till:4711)."
        raise ConfigError(f"{words.source} has no numbers of its own for customers", how)
    for at, number in enumerate(words.customers, 1):
        if not number.strip():
            raise ConfigError(f"customer {at} names nobody", "Give the number by which the shop knows the customer.")
        yield Identifier(kind, source.connector.customer(source.settings, number.strip()))


# --- hashes -----------------------------------------------------------------------------------------------------------


def _sources(place: Workplace) -> list[str]:
    """Return the sources that are configured, and those that records are held of."""
    from jalon.store import inbox

    with place.store.read() as db:
        return sorted({*place.config.sources, *(source for source, *_ in inbox.counts(db))})


def _hashes(keyring: Keyring, one: Identifier, sources: Iterable[str], country: str | None) -> Iterator[str]:
    if one.kind != "phone":
        yield keyring.pseudonym(*one)
        return
    number = of_country(one.value, CALLING_CODES[country] if country else "")
    for source in sources:
        for written in (one.value, number):
            yield from keyring.pseudonyms("phone", written, source)
        for written in without_country(number, set(CALLING_CODES.values())):
            if found := keyring.hasher(source)("phone", written):
                yield found
    yield keyring.pseudonym("phone", number)


def _with_joined(place: Workplace, persons: frozenset[str]) -> frozenset[str]:
    """Return them with all identifiers that the attribution takes for the same persons."""
    from jalon.attribution.options import Options
    from jalon.attribution.run import joined
    from jalon.commands.attributing import told_options

    people = joined(place.store.facts, Options(**told_options(place), temp_folder=place.store.tmp))
    roots = {people[one] for one in persons if one in people}
    return persons | {identifier for identifier, person in people.items() if person in roots}
