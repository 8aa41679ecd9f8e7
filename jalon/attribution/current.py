"""What holds now, or held at an instant, out of all revisions of the facts."""

from __future__ import annotations

from pathlib import Path

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine


def newest(revisions: Table, as_of: int | None = None) -> Table:
    """Return the newest revision of each (source, key), without the facts that it takes back.

    Newest is the greatest (version, observed_at, inbox_id). With `as_of` only what had been observed by then is known.
    """
    known = revisions if as_of is None else revisions.filter(revisions.observed_at <= as_of)
    rank = ibis.row_number().over(
        group_by=[known.source, known.key],
        order_by=[known.version.desc(), known.observed_at.desc(), known.inbox_id.desc()],
    )
    ranked = known.mutate(rank=rank)
    return ranked.filter(ranked["rank"] == 0).filter(lambda t: ~t.removed).drop("rank", "removed")


def current(engine: Engine, facts: Path, kind: str, as_of: int | None = None) -> Table:
    """Return and keep the rows of a kind of fact that hold."""
    return engine.keep(f"current_{kind}", newest(engine.facts(facts, kind), as_of))
