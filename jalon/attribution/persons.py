"""Persons: identifiers that are one person, joined without knowing whose they are.

An identifier is a keyed hash. Two are linked by an identity fact, or by an order: the person of a touchpoint that is
known to belong to an order is the person who placed it, and an identity fact may name an order in place of its buyer.
What hangs together is one person, named by its first identifier.

What many persons share (`guards`) joins nobody, and what carries only it belongs to no person.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution import guards
from jalon.attribution.engine import Engine
from jalon.attribution.options import Options
from jalon.normalize.vocabulary import BUYER_OF


def links(touchpoints: Table, sales: Table, identities: Table) -> Table:
    """Return the distinct pairs (left, right) of identifiers that are one person, with the `strength` of the link."""
    names_buyer = identities.right.startswith(BUYER_OF)
    stated = identities.filter(~names_buyer)
    stated = stated.select("left", "right", strength=guards.strength(stated.evidence))
    claimed = _claimed(identities.filter(names_buyer), sales)
    placed = sales.filter(sales.person.notnull()).select("source", "order_id", right="person")
    touched = touchpoints.filter(touchpoints.person.notnull() & touchpoints.order_id.notnull())
    ordered = touched.select("source", "order_id", left="person").join(placed, ["source", "order_id"])
    held = ibis.literal(guards.STRONGEST, "int64")
    pairs = stated.union(*(table.select("left", "right", strength=held) for table in (claimed, ordered)))
    apart = pairs.filter(pairs.left != pairs.right)
    directed = apart.select(
        "strength", left=ibis.least(apart.left, apart.right), right=ibis.greatest(apart.left, apart.right)
    )
    return directed.group_by("left", "right").agg(strength=directed.strength.max())


def _claimed(identities: Table, sales: Table) -> Table:
    """Return the pairs of who is stated to be the buyer of an order and who placed it."""
    buyers = sales.filter(sales.person.notnull())
    buyers = buyers.select(order=ibis.literal(BUYER_OF) + buyers.source + ":" + buyers.order_id, buyer="person")
    named = identities.select("left", order="right")
    return named.join(buyers, "order").select("left", right="buyer")


def people(engine: Engine, pairs: Table, sales: Table, options: Options) -> Table:
    """Return and keep (identifier, person, links, reason) of all linked identifiers, `reason` a code of
    `guards.REASONS` where there is one; `person` is null for what was set aside."""
    pairs = engine.keep("links", pairs)
    judged = engine.keep("judged", guards.judged(pairs, sales, options))
    aside = judged.filter(judged.reason.notnull())
    kept = engine.keep("links_kept", guards.without(pairs, aside))
    roots, cut = guards.grown(engine, kept, options.max_person)
    ends = cut.select(lost="left").union(cut.select(lost="right")).distinct()
    told = judged.left_join(roots, judged.identifier == roots.member)
    told = told.left_join(ends, told.identifier == ends.lost)
    person = ibis.ifelse(told.reason.notnull(), ibis.null("string"), ibis.coalesce(told.root, told.identifier))
    reason = ibis.ifelse(told.lost.notnull(), "large_person", told.reason)
    return engine.keep("people", told.select("identifier", "links", person=person, reason=reason))


def resolve(table: Table, people: Table) -> Table:
    """Replace the identifier in `person` by the person it belongs to; who is linked with nobody is a person too."""
    known = people.select("identifier", found="person", is_known=True)
    joined = table.left_join(known, table.person == known.identifier)
    person = ibis.ifelse(joined.is_known.notnull(), joined.found, joined.person)
    return joined.select(*[c for c in table.columns if c != "person"], identifier="person", person=person)
