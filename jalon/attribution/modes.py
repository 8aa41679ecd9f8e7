"""Selling mode of a sale: what the network did for it, by an ordered table."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

MODES = ("native", "linked", "communication")

RULES = {
    "order_is_native": "native",
    "order_has_link": "linked",
    "step_is_linked": "linked",
    "no_link_known": "communication",
}
"""Rule -> mode; the first that fits decides. Native: made inside a network. Linked: the shop knows a selling link of a
network, or a step of the journey is one. Communication: networks, if any, only talked."""


def with_mode(sales: Table, steps: Table, touches: Table) -> Table:
    """Add `mode` and `mode_rule`, the reason for it."""
    linked = touches.filter(touches.selling_mode == "linked").select("touch_uid")
    by_step = steps.semi_join(linked, "touch_uid").select(linked_uid="order_uid").distinct()
    found = sales.left_join(by_step, sales.order_uid == by_step.linked_uid)
    rule = ibis.cases(
        (found.selling_mode == "native", "order_is_native"),
        (found.selling_mode == "linked", "order_has_link"),
        (found.linked_uid.notnull(), "step_is_linked"),
        else_="no_link_known",
    )
    told = found.mutate(mode_rule=rule).drop("linked_uid")
    return told.mutate(mode=ibis.cases(*((told.mode_rule == name, mode) for name, mode in RULES.items())))
