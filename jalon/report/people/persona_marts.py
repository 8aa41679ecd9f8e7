"""Making the marts of personas: who they are, and the journey map of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.report.marts.base import Base
from jalon.report.marts.dimension_tables import DIM_PERSONAS
from jalon.report.marts.journey_map import cells
from jalon.report.marts.shapes import NONE
from jalon.report.marts.taken import taken
from jalon.report.people.customers import PROPOSED
from jalon.report.people.person_tables import RPT_PERSONA_MAP
from jalon.report.people.personas import FEWEST_SHOWN, rule
from jalon.report.words import decimal_text

Row = dict[str, Any]
COUNTS = ("touchpoints", "persons", "persons_onward")
_MEANS = {"purchases": "purchases", "days_since_purchase": "days"}
"""Mean over customers -> the sum that it is made of."""


def dim_personas(base: Base) -> Table:
    """Return the personas that are declared, and those that are proposed, each with what its persons have in common."""
    found = {**_figures(base, "persona"), **_figures(base, "proposed_persona")}
    rows = [{**row, "position": at, **found.get(row["persona"], {})} for at, row in enumerate(_named(base, found))]
    return taken(base.engine, DIM_PERSONAS, rows)


def _named(base: Base, found: dict[str, Row]) -> Iterator[Row]:
    """Yield the names of personas, those that nobody is too, and last of all none."""
    for name, persona in base.known.wanted.personas.items():
        title = persona.title or name
        titles = {"title": title, "title_fr": persona.title_fr or title}
        yield {"persona": name, **titles, "is_proposed": False, "rule": rule(persona)}
    silhouette = base.customers.groups.silhouette
    numbers = sorted(int(name.removeprefix(PROPOSED)) for name in found if name.startswith(PROPOSED))
    for number in numbers:
        titles = {"title": f"Proposed {number}", "title_fr": f"Proposé {number}"}
        yield {"persona": f"{PROPOSED}{number}", **titles, "is_proposed": True, "silhouette": silhouette}
    yield {"persona": NONE, "title": "None", "title_fr": "Aucun", "is_proposed": False}


def _figures(base: Base, column: str) -> dict[str, Row]:
    """Return by persona the figures of those with enough persons to be told of; of `NONE` those of declared ones."""
    customers = base.customers.table
    own = customers.mutate(of=ibis.coalesce(customers[column], NONE))
    own = own.filter(own.of != NONE) if column != "persona" else own
    bought = own.is_customer
    counts = own.group_by("of", "main_channel", "currency").agg(
        persons=own.person.count(),
        customers=bought.cast("int64").sum(),
        ambassadors=own.is_ambassador.cast("int64").sum(),
        purchases=ibis.coalesce(own.purchases.sum(), 0),
        days=ibis.coalesce(own.days_since_purchase.sum(), 0),
        net=ibis.coalesce(own.net_minor.sum(), 0),
    )
    rows = base.engine.dicts(counts)
    return {name: _persona([row for row in rows if row["of"] == name]) for name in sorted({row["of"] for row in rows})}


def _persona(rows: list[Row]) -> Row:
    persons = sum(row["persons"] for row in rows)
    if persons < FEWEST_SHOWN:
        return {}
    customers, channel = _sum(rows, "customers"), _most(rows, "main_channel", "persons")
    return {
        **{"persons": persons, "customers": customers, "ambassadors": _sum(rows, "ambassadors")},
        **_bought(rows, customers),
        "main_channel": channel,
        "main_channel_share": sum(row["persons"] for row in rows if row["main_channel"] == channel) / persons,
    }


def _bought(rows: list[Row], customers: int) -> Row:
    """Return what the customers among them bought; nothing of fewer than `FEWEST_SHOWN`, who could be single ones."""
    if customers < FEWEST_SHOWN:
        return {}
    found: Row = {name: _sum(rows, of) / customers for name, of in _MEANS.items()}
    currency = _most(rows, "currency", "customers")
    own = [row for row in rows if row["currency"] == currency]
    paid, net = _sum(own, "customers"), _sum(own, "net")
    if currency is None or paid < FEWEST_SHOWN:
        return found
    money = {"net_minor": net, "net": decimal_text(net, currency)}
    return {**found, "currency": currency, "currency_customers": paid, **money}


def _sum(rows: list[Row], name: str) -> int:
    return int(sum(row[name] for row in rows))


def _most(rows: list[Row], name: str, by: str) -> str | None:
    """Return the value that most are of, by name where equal; None where none is known of any."""
    counts: dict[str, int] = {}
    for row in rows:
        if row[name] is not None:
            counts[row[name]] = counts.get(row[name], 0) + row[by]
    return min(counts, key=lambda value: (-counts[value], value), default=None)


def with_personas(base: Base, touches: Table) -> Table:
    """Add to touchpoints the `persona` of their person; `NONE` where it is not known or is none."""
    of = base.customers.table.select(of_person="person", of_persona="persona")
    joined = touches.left_join(of, touches.person == of.of_person)
    return joined.mutate(persona=ibis.coalesce(joined.of_persona, NONE)).drop("of_person", "of_persona")


def persona_map(base: Base) -> Table:
    """Return the journey map of each declared persona that has enough persons to be told of, as have its cells."""
    if not base.known.wanted.personas:
        return taken(base.engine, RPT_PERSONA_MAP, [])
    customers = base.customers.table
    sizes = customers.filter(customers.persona != NONE).group_by(large="persona").agg(size=customers.person.count())
    large = sizes.filter(sizes["size"] >= FEWEST_SHOWN)
    touches = with_personas(base, base.made["touches"])
    own = touches.join(large, touches.persona == large.large)
    return _without_few(cells(base.engine, own, ("persona",)))


def _without_few(found: Table) -> Table:
    """Empty the counts of cells of fewer than `FEWEST_SHOWN` persons, and mark them."""
    few = found.persons < FEWEST_SHOWN
    return found.mutate(too_few=few, **{name: ibis.ifelse(few, ibis.null("int64"), found[name]) for name in COUNTS})
