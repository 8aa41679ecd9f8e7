"""Persons: identifiers that are one person, joined without knowing whose they are.

An identifier is a keyed hash. Two are linked by an identity fact, or by an order: the person of a touchpoint that is
known to belong to an order is the person who placed it, and an identity fact may name an order in place of its buyer.
What hangs together is one person, named by its first identifier.

An identifier linked with implausibly many others (a till, a shared mailbox, an app's own customer) is set aside: it
joins nobody, and what carries only it belongs to no person.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.components import rooted
from jalon.attribution.engine import Engine
from jalon.normalize.vocabulary import BUYER_OF

PEOPLE = {"identifier": "string", "person": "string", "links": "int64"}


def links(touchpoints: Table, sales: Table, identities: Table) -> Table:
    """Return the distinct pairs (left, right) of identifiers that are one person."""
    names_buyer = identities.right.startswith(BUYER_OF)
    stated = identities.filter(~names_buyer).select("left", "right")
    claimed = _claimed(identities.filter(names_buyer), sales)
    placed = sales.filter(sales.person.notnull()).select("source", "order_id", right="person")
    touched = touchpoints.filter(touchpoints.person.notnull() & touchpoints.order_id.notnull())
    ordered = (
        touched.select("source", "order_id", left="person").join(placed, ["source", "order_id"]).select("left", "right")
    )
    pairs = stated.union(claimed).union(ordered)
    return (
        pairs.filter(pairs.left != pairs.right)
        .select(left=ibis.least(pairs.left, pairs.right), right=ibis.greatest(pairs.left, pairs.right))
        .distinct()
    )


def _claimed(identities: Table, sales: Table) -> Table:
    """Return the pairs of who is stated to be the buyer of an order and who placed it."""
    buyers = sales.filter(sales.person.notnull())
    buyers = buyers.select(order=ibis.literal(BUYER_OF) + buyers.source + ":" + buyers.order_id, buyer="person")
    named = identities.select("left", order="right")
    return named.join(buyers, "order").select("left", right="buyer")


def people(engine: Engine, pairs: Table, max_links: int) -> Table:
    """Return and keep (identifier, person, links) of all linked identifiers; `person` is null for one set aside."""
    pairs = engine.keep("links", pairs)
    ends = pairs.select(identifier="left").union(pairs.select(identifier="right"))
    degree = engine.keep("degrees", ends.group_by("identifier").agg(links=ends.count()))
    shared = degree.filter(degree.links > max_links)
    kept = pairs.anti_join(shared.select(left="identifier"), "left")
    kept = kept.anti_join(shared.select(right="identifier"), "right")
    roots = rooted(engine, engine.keep("links_kept", kept))
    told = degree.left_join(roots, degree.identifier == roots.member)
    person = ibis.ifelse(told.links > max_links, ibis.null("string"), ibis.coalesce(told.root, told.identifier))
    return engine.keep("people", told.select("identifier", "links", person=person))


def resolve(table: Table, people: Table) -> Table:
    """Replace the identifier in `person` by the person it belongs to; who is linked with nobody is a person too."""
    known = people.select("identifier", found="person", is_known=True)
    joined = table.left_join(known, table.person == known.identifier)
    person = ibis.ifelse(joined.is_known.notnull(), joined.found, joined.person)
    return joined.select(*[c for c in table.columns if c != "person"], identifier="person", person=person)
