"""What a word names: an order, a content, a creator or a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ibis.expr.types import Table

from jalon.attribution.explain.tables import Tables
from jalon.errors import ConfigError

KINDS = ("order", "content", "creator", "customer")


class Subject(NamedTuple):
    """`id` is an `order_uid`, a content id, a creator id, or a person (or an identifier that is set aside)."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def find(tables: Tables, word: str) -> Subject:
    """Return the one thing that a word names. Raises `ConfigError` if there is none, or more than one."""
    found = _found(tables, word)
    if not found:
        kind, _, name = word.partition(":")
        what = f"no {kind} {name!r}" if kind in KINDS else f"no order, content, creator or customer {word!r}"
        raise ConfigError(
            f"{what} is known", "Give the id as its platform or a mart has it; `jalon sync` reads what is new."
        )
    if len(found) > 1:
        raise ConfigError(f"several things are called {word!r}", f"Name one of them: {', '.join(map(str, found))}.")
    return found[0]


def _found(tables: Tables, word: str) -> list[Subject]:
    """Return all that a word may name; a word that begins like a kind but is none may still be an id."""
    kind, _, name = word.partition(":")
    if kind in KINDS and (found := [Subject(kind, id_) for id_ in _FINDERS[kind](tables, name)]):
        return found
    return [Subject(kind, id_) for kind in KINDS for id_ in _FINDERS[kind](tables, word)]


def _orders(tables: Tables, name: str) -> Iterator[str]:
    sales = tables["sales"]
    meant = sales.filter((sales.order_id == name) | (sales.order_uid == name))
    yield from (row["order_uid"] for row in tables.rows(meant, ("order_uid",)))
    yield from tables.uids_of(name)


def _contents(tables: Tables, name: str) -> Iterator[str]:
    """Yield content ids; a content may also be named as the mart `contents` does: `source:key`."""
    source, _, key = name.partition(":")
    keyed = tables.fact("contents", source=(source,), key=(key,))
    ids = [name, *(row["content_id"] for row in tables.rows(keyed, ("content_id",)))]
    for id_ in dict.fromkeys(ids):
        if _is_known(tables, "content_id", id_):
            yield id_


def _creators(tables: Tables, name: str) -> Iterator[str]:
    if _is_known(tables, "creator_id", name):
        yield name


def _is_known(tables: Tables, column: str, value: str) -> bool:
    """Say whether any touchpoint, content, share or measure names it."""
    places = (tables["touches"], tables["modelled"], tables.revisions("contents"), tables.revisions("measures"))
    return any(_holds(tables, place, column, value) for place in places)


def _holds(tables: Tables, table: Table, column: str, value: str) -> bool:
    return bool(tables.engine.dicts(table.filter(table[column] == value).limit(1).select(column)))


def _customers(tables: Tables, name: str) -> Iterator[str]:
    """Yield the person whose identifier it is; of an identifier that is set aside, the identifier."""
    people = tables["people"]
    own = tables.rows(people.filter(people.identifier == name), ("identifier", "person"))
    if own:
        yield own[0]["person"] or name
    elif any(_holds(tables, tables[table], "person", name) for table in ("touches", "sales")):
        yield name


_FINDERS: dict[str, Callable[[Tables, str], Iterator[str]]] = {
    "order": _orders,
    "content": _contents,
    "creator": _creators,
    "customer": _customers,
}
