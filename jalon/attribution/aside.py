"""Identifiers that the last run set aside or cut off, for who looks after an installation."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.engines.duckdb import DuckDB


class Aside(NamedTuple):
    """Identifiers of one kind that one reason was found for; `example` is that with the most links."""

    reason: str
    kind: str
    """What stands before the `:` of an identifier: email, visitor, ...; empty where nothing does."""
    identifiers: int
    example: str
    links: int


def set_aside(folder: Path) -> list[Aside]:
    """Return what a run set aside or cut off, by reason and kind, the most first. Raises `StoreError`."""
    with DuckDB() as engine:
        rows = engine.dicts(_by_kind(engine.results(folder / "people.parquet")))
    found = [Aside(**{name: row[name] for name in Aside._fields}) for row in rows]
    return sorted(found, key=lambda aside: (-aside.identifiers, aside.reason, aside.kind))


def _by_kind(people: Table) -> Table:
    aside = people.filter(people.reason.notnull())
    end = aside.identifier.find(":")
    aside = aside.mutate(kind=ibis.ifelse(end > 0, aside.identifier.left(end), ""), example=aside.identifier)
    own = ibis.window(group_by=[aside.reason, aside.kind], order_by=[aside.links.desc(), aside.identifier])
    whole = ibis.window(group_by=[aside.reason, aside.kind])
    ranked = aside.mutate(rank=ibis.row_number().over(own), identifiers=aside.identifier.count().over(whole))
    return ranked.filter(ranked["rank"] == 0)
