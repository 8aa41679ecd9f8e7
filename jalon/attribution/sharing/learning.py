"""What orders teach whose content the platform names: how long a click takes to become an order, and how often."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jalon.attribution.sharing.mixture import Clicks, Delay, Floats, Ints, Layout, Named

DELAYS = tuple(Delay(days, steps) for steps in (1, 2) for days in (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0))
"""What is tried."""
UNTAUGHT, UNTAUGHT_SLOW = Delay(1.5, 1), 0.7
"""The delay, and the share of slow orders, where no order names its content: half come on the day of the click."""
STEPS = 30
"""EM steps to the share of slow orders under one delay."""


class Seen(NamedTuple):
    """Named orders, and what stands beside each row of them: the clicks K and E of its content."""

    content: Ints
    orders: Floats
    quick: Floats
    slow: Floats
    quick_in_all: Floats
    """Of each content; so the next."""
    slow_in_all: Floats


class Learned(NamedTuple):
    """The delay under which the days of the named orders are likeliest, and which share of them is slow."""

    delay: Delay
    slow: float
    seen: Seen


def learned(clicks: Clicks, named: Named, window: int, days: int) -> Learned:
    """Learn from named orders and the clicks on their contents, days conditional on each content's total.

    So it does not matter how many orders a click is worth. Orders that no click can have led to teach nothing.
    """
    layout = Layout(clicks, window, days)
    place, hit = _places(layout, named, days)
    kept = Named(*(column[hit] for column in named))
    if not len(kept.orders):
        return Learned(UNTAUGHT, UNTAUGHT_SLOW, _seen(layout, kept, place, UNTAUGHT))
    tried = [_seen(layout, kept, place, delay) for delay in DELAYS]
    judged = [_slow(seen) for seen in tried]
    best = max(range(len(DELAYS)), key=lambda number: judged[number][0])
    return Learned(DELAYS[best], judged[best][1], tried[best])


def _places(layout: Layout, named: Named, days: int) -> tuple[Ints, np.ndarray]:
    """Return the rows of the layout that named orders fall on, and which of these fall on any."""
    content, product, day = layout.rows
    products = 1 + int(max(product.max(initial=0), named.product.max(initial=0)))
    keys = (content * products + product) * days + day
    wanted = (named.content * products + named.product) * days + named.day
    order = np.argsort(keys)
    at = np.searchsorted(keys, wanted, sorter=order)
    hit = at < len(keys)
    hit[hit] = keys[order[at[hit]]] == wanted[hit]
    return order[at[hit]], hit


def _seen(layout: Layout, named: Named, place: Ints, delay: Delay) -> Seen:
    found = layout.exposure(delay)
    in_all = found.by_content(int(found.content.max(initial=-1)) + 1)
    return Seen(named.content, named.orders, found.quick[place], found.slow[place], *in_all)


def _slow(seen: Seen) -> tuple[float, float]:
    """Return the log likelihood of the days, and the share of slow orders under which it is greatest."""
    quick = seen.quick / np.maximum(seen.quick_in_all[seen.content], 1e-9)
    slow = seen.slow / seen.slow_in_all[seen.content]
    share = 0.5
    for _ in range(STEPS):
        whole = share * slow + (1 - share) * quick
        share = float(np.sum(seen.orders * share * slow / whole) / seen.orders.sum())
    return float(np.sum(seen.orders * np.log(share * slow + (1 - share) * quick))), share


def per_order(claimed: Floats, named: Floats) -> float:
    """Return how many of the platform's own count stand for one order, of contents whose orders it names.

    1 where nothing tells: that it counts orders.
    """
    both = (claimed > 0) & (named > 0)
    return float(claimed[both].sum() / named[both].sum()) if both.any() else 1.0
