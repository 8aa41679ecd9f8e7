"""Guards of identity: what many persons share joins none of them, and nobody grows without bound.

Before persons are joined, an identifier is set aside that is linked with implausibly many others (a till, an app's own
customer), or with too many buyers of one shop (a family's device, a shared mailbox): two accounts of a shop are most
often two persons. Afterwards a person of too many identifiers is taken apart at the weakest of its links, all of one
strength at a time, until it is small enough.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.attribution.components import rooted
from jalon.attribution.engine import Engine
from jalon.attribution.options import Options

STRENGTHS = {"click_id": 1, "own_click": 1, "stated": 2, "event": 2, "survey": 2}
"""Evidence of a link -> how much it holds: a click's id travels with a link that is passed on. All others hold most."""
STRONGEST = 3

REASONS = {
    "many_links": "it is linked with more identifiers, or names more orders of nobody, than one person has",
    "many_buyers": "it is linked with more buyers of one shop than one person has accounts",
    "large_person": "links were cut: what hung together by them was more than one person",
}
"""Code -> why an identifier was set aside, or, the last, lost links."""
SET_ASIDE = ("many_links", "many_buyers")
"""Reasons for which an identifier belongs to nobody."""


def strength(evidence: ibis.Value) -> ibis.Value:
    return ibis.cases(*((evidence == name, held) for name, held in STRENGTHS.items()), else_=STRONGEST).cast("int64")


def judged(pairs: Table, sales: Table, named: Table | None, options: Options) -> Table:
    """Return (identifier, links, reason) of all that is linked; `reason` is null for what may join persons.

    `named`: (identifier, other) of orders that tell no person and who names them. Each is a link, but no account: of
    how many buyers they are is not known.
    """
    ends = _both_ways(pairs)
    linked = ends if named is None else ends.union(named)
    degree = linked.group_by("identifier").agg(links=linked.other.count())
    buyers = sales.filter(sales.person.notnull()).select("source", other="person").distinct()
    bought = ends.join(buyers, "other").group_by("identifier", "source").agg(buyers=lambda rows: rows.count())
    most = bought.group_by(buyer_of="identifier").agg(buyers=bought.buyers.max())
    told = degree.left_join(most, degree.identifier == most.buyer_of)
    reason = ibis.cases(
        (told.links > options.max_links, "many_links"), (told.buyers > options.max_buyers, "many_buyers")
    )
    return told.select("identifier", "links", reason=reason)


def _both_ways(pairs: Table) -> Table:
    return pairs.select(identifier="left", other="right").union(pairs.select(identifier="right", other="left"))


def without(pairs: Table, aside: Table) -> Table:
    """Return the pairs of which neither end is an `identifier` of `aside`."""
    kept = pairs.anti_join(aside.select(left="identifier"), "left")
    return kept.anti_join(aside.select(right="identifier"), "right")


def grown(engine: Engine, pairs: Table, max_person: int) -> tuple[Table, Table]:
    """Return (member, root) of the persons that pairs (left, right, strength) join, and the pairs that were cut."""
    cut = engine.take("links_cut", None, {"left": "string", "right": "string"})
    for held in sorted({*STRENGTHS.values(), STRONGEST}):
        roots = rooted(engine, pairs.select("left", "right"))
        large = engine.keep("large", _large(roots, max_person))
        if not engine.dicts(large.agg(members=large.count()))[0]["members"]:
            return roots, cut
        weak = pairs.filter(pairs.strength == held).semi_join(large.select(left="member"), "left")
        cut = engine.keep(f"links_cut_{held}", cut.union(weak.select("left", "right")))
        pairs = engine.keep(f"links_left_{held}", pairs.anti_join(cut, ["left", "right"]))
    return rooted(engine, pairs.select("left", "right")), cut


def _large(roots: Table, max_person: int) -> Table:
    """Return the members of persons that are larger than they may be."""
    sized = roots.mutate(size=roots.member.count().over(group_by=roots.root))
    return sized.filter(sized["size"] > max_person).select("member")
