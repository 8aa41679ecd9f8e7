"""What has changed in the shape of delivered tables, in words, and whether readers could break on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jalon.report.delivery.ledger import Entry, Ledger


class Change(NamedTuple):
    """One change of a table's shape: `breaks` where a query that ran before might not."""

    table: str
    what: str
    breaks: bool

    @property
    def words(self) -> str:
        return f"{self.table}: {self.what}"


def changes(held: Ledger, wanted: Ledger) -> list[Change]:
    """Return how what a destination holds differs in shape from what it is to hold; a new table is no change."""
    gone = [Change(name, "the table is no longer delivered", True) for name in held if name not in wanted]
    return gone + [each for name in wanted if name in held for each in _changes(name, held[name], wanted[name])]


def _changes(table: str, old: Entry, new: Entry) -> Iterator[Change]:
    for name, kind in new.columns.items():
        if name not in old.columns:
            yield Change(table, f"the column {name} is new ({kind})", False)
        elif old.columns[name] != kind:
            yield Change(table, f"the column {name} is {kind} and was {old.columns[name]}", True)
    for name in old.columns:
        if name not in new.columns:
            yield Change(table, f"the column {name} is gone", True)
    if old.primary_key != new.primary_key:
        key, was = (", ".join(each.primary_key) for each in (new, old))
        yield Change(table, f"the key is {key} and was {was}", True)
