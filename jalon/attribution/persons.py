"""Persons: identifiers that are one person, joined without knowing whose they are.

An identifier is a keyed hash. Two are linked by an identity fact, or by an order: the person of a touchpoint that is
known to belong to an order is the person who placed it, and an identity fact may name an order in place of its buyer.
What hangs together is one person, named by its first identifier.

An order that tells no person has the one who is stated to have placed it. Of several that is one alone: who else names
the order is not joined with them, since nothing says that they are one person.

What many persons share (`guards`) joins nobody, and what carries only it belongs to no person.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution import guards
from jalon.attribution.engine import Engine
from jalon.attribution.options import Options
from jalon.normalize.vocabulary import BUYER_OF

FIRST_NAMED_BY = ("own_click", "platform_order", "platform_row", "purchase")
"""Evidence of who placed an order that tells no person, strongest first: what the shop's own source tells of it
outweighs what a browser says. All other evidence comes after it."""
CLAIM = {
    "sale_uid": "string",
    "person": "string",
    "place": "int64",
    "late": "boolean",
    "at": "int64",
    "named_by": "string",
}


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
    buyers = buyers.select(order=_buyer_of(buyers), buyer="person")
    named = identities.select("left", order="right")
    return named.join(buyers, "order").select("left", right="buyer")


def _buyer_of(sales: Table) -> ibis.Value:
    return ibis.literal(BUYER_OF) + sales.source + ":" + sales.order_id


def claims(engine: Engine, touchpoints: Table, sales: Table, identities: Table) -> Table | None:
    """Return and keep who is stated to have placed which of the sales that tell no person, with the fact that says so
    (`named_by`) and what decides between several; None where every order tells its person.

    What names a copy means its sale too.
    """
    nameless = sales.filter(sales.person.isnull())
    if not engine.dicts(nameless.limit(1).select("order_uid")):
        return None
    nameless = nameless.select("source", "order_id", "sale_uid", "placed_at", buyer=_buyer_of(nameless))
    touched = touchpoints.filter(touchpoints.person.notnull() & touchpoints.order_id.notnull())
    touched = touched.join(nameless, ["source", "order_id"])
    said = identities.join(nameless.drop("source", "order_id"), identities.right == nameless.buyer)
    return engine.keep(
        "claims",
        _claim(touched, touched.person, touched.occurred_at).union(_claim(said, said.left, ibis.literal(0, "int64"))),
    )


def _claim(facts: Table, person: ibis.Value, at: ibis.Value) -> Table:
    known_by = ((facts.evidence == name, place) for place, name in enumerate(FIRST_NAMED_BY))
    linked = facts.mutate(
        person=person,
        place=ibis.cases(*known_by, else_=len(FIRST_NAMED_BY)),
        late=at > facts.placed_at,
        at=at,
        named_by=facts.source + ":" + facts.key,
    )
    return linked.select(**{name: linked[name].cast(kind) for name, kind in CLAIM.items()})


def with_buyers(sales: Table, people: Table, claims: Table | None) -> Table:
    """Resolve the persons of orders; one that tells none has who is stated to have placed it.

    Of several that is, by evidence, who is known by the last touchpoint before the order. `named_by` is the fact that
    says so. Who is set aside has placed nothing.
    """
    resolved = resolve(sales, people)
    if claims is None:
        return resolved.mutate(named_by=ibis.null("string"))
    known = resolve(claims, people)
    known = known.filter(known.person.notnull())
    first = [known.place, known.late, known["at"].desc(), known.identifier, known.named_by]
    ranked = known.mutate(rank=ibis.row_number().over(group_by=known.sale_uid, order_by=first))
    one = ranked.filter(ranked["rank"] == 0)
    one = one.select("named_by", nameless="sale_uid", buyer="person", buyer_identifier="identifier")
    resolved = resolved.mutate(
        nameless=ibis.ifelse(resolved.identifier.isnull(), resolved.sale_uid, ibis.null("string"))
    )
    joined = resolved.left_join(one, "nameless")
    return joined.select(
        *[name for name in resolved.columns if name not in ("identifier", "person", "nameless")],
        "named_by",
        identifier=ibis.coalesce(joined.identifier, joined.buyer_identifier),
        person=ibis.coalesce(joined.person, joined.buyer),
    )


def people(engine: Engine, pairs: Table, sales: Table, claims: Table | None, options: Options) -> Table:
    """Return and keep (identifier, person, links, reason) of all linked identifiers, `reason` a code of
    `guards.REASONS` where there is one; `person` is null for what was set aside."""
    pairs = engine.keep("links", pairs)
    named = None if claims is None else claims.select(identifier="person", other=claims.sale_uid).distinct()
    judged = engine.keep("judged", guards.judged(pairs, sales, named, options))
    aside = judged.filter(judged.reason.notnull())
    kept = engine.keep("links_kept", guards.without(pairs, aside))
    roots, cut = guards.grown(engine, kept, options.max_person)
    ends = cut.select(lost="left").union(cut.select(lost="right")).distinct()
    placed = judged.left_join(roots, judged.identifier == roots.member)
    placed = placed.left_join(ends, placed.identifier == ends.lost)
    person = ibis.ifelse(placed.reason.notnull(), ibis.null("string"), ibis.coalesce(placed.root, placed.identifier))
    reason = ibis.ifelse(placed.lost.notnull(), "large_person", placed.reason)
    return engine.keep("people", placed.select("identifier", "links", person=person, reason=reason))


def resolve(table: Table, people: Table) -> Table:
    """Replace the identifier in `person` by the person it belongs to; who is linked with nobody is a person too."""
    known = people.select("identifier", found="person", is_known=True)
    joined = table.left_join(known, table.person == known.identifier)
    person = ibis.ifelse(joined.is_known.notnull(), joined.found, joined.person)
    return joined.select(*[c for c in table.columns if c != "person"], identifier="person", person=person)
