"""Credit of steps that were traced, parted by the contents that they are likely to have come from."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

FOUND = ("estimate_uid", "content_id", "creator_id", "share", "low", "high")
TRACED = ("content", "creator")
"""Cuts by which credit of steps that name only their network is parted over likely contents."""


def unsure_by(modelled: Table, contents: Table) -> Table:
    """Return (touch_uid, down, up): how far what an estimate brought may be off, by what it is likely to have brought.

    `modelled`: of the share-out; `contents`: of tracing, by `estimate_uid`.
    """
    orders = modelled.select("touch_uid", mean="orders", least="orders_low", most="orders_high")
    steps = contents.select(touch_uid="estimate_uid", mean="steps", least="steps_low", most="steps_high")
    both = orders.union(steps).filter(lambda t: t.mean > 0)
    return both.select("touch_uid", down=(both.mean - both.least) / both.mean, up=(both.most - both.mean) / both.mean)


def parts(credit: Table, traced: Table, figures: Sequence[str]) -> Table:
    """Return the rows of traced steps once for each content, with its share of whole-number `figures`.

    `credit` has `order_uid` and `touch_uid`; the columns of `FOUND` are added to it, or take the place of its own.
    What no content has of a row stays with the row.
    """
    own = credit.drop(*(name for name in FOUND if name in credit.columns))
    rows = own.join(traced.select("order_uid", "touch_uid", *FOUND), ["order_uid", "touch_uid"])
    return rows.mutate(**{name: (rows[name] * rows.share).round().cast("int64") for name in figures})


def moved(parted: Table, figures: Sequence[str]) -> Table:
    """Return what to add to credit as it is, so that likely contents have their `parts`: those, and the same taken from
    no content and no creator."""
    nobody = {name: ibis.null("string") for name in ("content_id", "creator_id")}
    taken = parted.mutate(**nobody, **{name: -parted[name] for name in figures})
    return parted.union(taken.select(*parted.columns))
