"""What a touchpoint is to a sale: a cause, a sign of intent, or neither.

Who types the shop's address, searches for its name or fills a cart is about to buy, and says so; that did not make them
buy. A sign of intent explains a sale without being credited for it: what stands behind it, if anything does, is found
by asking which touchpoints make such signs likelier (`fitting` again, with signs in the place of sales). What people do
on the site once they are there follows from what led them there; were it heard, it would hide that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.patterns import fits

NEITHER = ("site", "survey", "support", "review")
"""Patterns of touchpoints that are no cause of a sale and no sign of one: steps on the own site, and service."""


class Roles(NamedTuple):
    """Expressions: `unit` is the channel of a cause, the pattern of a sign, null for what is neither."""

    unit: ibis.Value
    causes: ibis.Value


def roles(touches: Table, intent: Sequence[str]) -> Roles:
    """Return what touchpoints are; of several patterns the first that fits counts."""
    signs = [(fits(touches, pattern), ibis.literal(pattern)) for pattern in intent]
    neither = [(fits(touches, pattern), ibis.null("string")) for pattern in NEITHER]
    shows = [(such, ibis.literal(False)) for such, _ in (*signs, *neither)]
    unit = ibis.cases(*signs, *neither, else_=touches.channel)
    return Roles(unit, ibis.cases(*shows, else_=True))
