"""What a revision of a record does to the facts of the one before it, where a record tells all there is of its object.

A refund that was deleted, an article that was taken off an order, a tag that was removed: nothing says so but that the
newer revision does not tell it any more. So what it leaves out is taken back, as a revision of the fact that is
`removed`: also figures of days, as purchases that an ad was said to have made, which are restated. Two kinds of facts
stay: who is who (`Identity`), since other records may have said so under the same key; and counters (`Measure` of
another span than days), since one that is told of today says nothing against what it showed yesterday.
"""

from __future__ import annotations

from collections.abc import Sequence

from jalon.normalize.vocabulary import Fact, Identity, Instant, Measure


def replacing(found: Sequence[Fact], before: Sequence[Fact], revision: tuple[int, Instant, int]) -> list[Fact]:
    """Return the facts of a newer revision, and those of the one `before` that it takes back.

    `revision`: its version, when it was observed, and its inbox row.
    """
    named = {_name(fact) for fact in found}
    gone = (fact for fact in before if not fact.removed and not _stays(fact) and _name(fact) not in named)
    version, observed_at, inbox_id = revision
    return [
        *found,
        *(fact._replace(version=version, observed_at=observed_at, inbox_id=inbox_id, removed=True) for fact in gone),
    ]


def late(found: Sequence[Fact], newer: Sequence[Fact]) -> list[Fact]:
    """Return of a revision that came in after a newer one what the newer one tells too: the rest held no more."""
    named = {_name(fact) for fact in newer}
    return [fact for fact in found if _stays(fact) or _name(fact) in named]


def _stays(fact: Fact) -> bool:
    return isinstance(fact, Identity) or (isinstance(fact, Measure) and fact.span != "days")


def _name(fact: Fact) -> tuple[type, str]:
    return type(fact), fact.key
