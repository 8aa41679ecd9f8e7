"""The ways that led to sales: which channels, or stages, in which order; as a mart and as figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import ibis
from ibis.expr.types import Table, Value

from jalon.attribution.engine import Engine
from jalon.normalize.times import MINUTE
from jalon.report.marts.base import Base, with_amounts
from jalon.report.marts.shapes import CURRENCY, NONE, Column, Mart, money

Row = dict[str, Any]
STEPS = 6
"""Steps before the sale that ways are told by."""
CUTS = ("channel", "stage")
"""What a step is -> the column of the touchpoint that tells it."""
SOLD = "(sale)"
"""Where every way ends."""
LISTED = 10
_STEPS = [f"step_{back}" for back in range(1, STEPS + 1)]

RPT_PATHS = Mart(
    "rpt_paths",
    "The ways that led to sales: one row per cut, way and currency. Of each cut all rows together are all sales; those "
    "before which nothing is known have no `step_1`. Choose one `cut`, then read. A step that repeats the one before "
    "it is left out.",
    ("cut", "currency", "is_longer", *_STEPS),
    (
        Column("cut", "text", "What a step is: channel or stage (canonical) of a touchpoint; the two overlap"),
        Column("step_1", "text", f"The last before the order; {NONE}: nothing is known before it"),
        *(
            Column(name, "text", f"The one before `step_{back}`; {NONE}: the way begins after it")
            for back, name in enumerate(_STEPS[1:], 1)
        ),
        Column("is_longer", "boolean", f"There were steps before `step_{STEPS}`"),
        CURRENCY,
        Column("orders", "integer", "Sales that were come to by this way", "orders"),
        Column("touchpoints", "integer", "Touchpoints on the ways to them", "touchpoints"),
        *money("net", "Net revenue of these"),
        Column("minutes_50", "integer", "Middle time from first touchpoint to order; empty: no step", "minutes"),
    ),
)


def made(base: Base) -> Table:
    """Return the columns of the mart."""
    sales = base.made["sales"]
    sold = sales.filter(sales.is_sale).select("order_uid", "currency", "net", "placed_at")
    return with_amounts(base, ibis.union(*(_ways(base, sold, cut) for cut in CUTS)), ["net"])


def _ways(base: Base, sold: Table, cut: str) -> Table:
    """Return the ways of one cut, each with its sales."""
    ways = sold.left_join(base.engine.keep(f"ways_{cut}", _way_of_each(base, cut)), "order_uid")
    steps = {name: ibis.coalesce(ways[name], NONE) for name in _STEPS}
    minutes = ((ways.placed_at - ways.first_at) / MINUTE).cast("float64")
    told = ways.mutate(cut=ibis.literal(cut), is_longer=ibis.coalesce(ways.steps > STEPS, False), **steps)
    return told.group_by("cut", "currency", "is_longer", *_STEPS).agg(
        orders=ways.order_uid.count(),
        touchpoints=ibis.coalesce(ways.touchpoints.sum(), 0),
        net=ways.net.sum(),
        minutes_50=minutes.median().floor().cast("int64"),
    )


def _way_of_each(base: Base, cut: str) -> Table:
    """Return per order its last `STEPS` steps, those that repeat the one before left out, and how many there were."""
    touches = base.made["touches"].select("touch_uid", value=ibis.coalesce(base.made["touches"][cut], NONE))
    steps = base.made["steps"].join(touches, "touch_uid")
    before = steps.value.lag().over(group_by=steps.order_uid, order_by=steps.position)
    changed = steps.mutate(is_new=before.isnull() | (before != steps.value)).filter(lambda rows: rows.is_new)
    back = ibis.row_number().over(group_by=changed.order_uid, order_by=changed.position.desc()) + 1
    numbered = changed.mutate(back=back)
    last = {name: numbered.value.max(where=numbered.back == number) for number, name in enumerate(_STEPS, 1)}
    ways = numbered.group_by("order_uid").agg(
        steps=numbered.back.max(), touchpoints=numbered.touches.max(), first_at=numbered.had_at.min(), **last
    )
    return ways.rename(way_of="order_uid").rename(order_uid="way_of")


def told(engine: Engine, mart: Table, currencies: Sequence[str]) -> Row:
    """Return per cut and currency the commonest ways, first step first, and the flow between steps.

    `straight` are the sales that one step alone led to; `others` further ways; `unknown` sales before which nothing is.
    A flow leads from a step, counted back from the sale, to the next one: `step`, `start`, `end`, `orders`.
    """
    flows = engine.dicts(_flows(mart))
    ways = engine.dicts(_commonest(mart))
    return {
        cut: {
            currency: {
                "ways": [_way(row) for row in _of(ways, cut, currency) if 0 <= row["rank"] < LISTED],
                **_rest(_of(ways, cut, currency)),
                "straight": sum(row["straight"] for row in _of(ways, cut, currency)),
                "flows": [
                    {name: row[name] for name in ("step", "start", "end", "orders")}
                    for row in _of(flows, cut, currency)
                ],
            }
            for currency in currencies
        }
        for cut in CUTS
    }


def _of(rows: list[Row], cut: str, currency: str) -> list[Row]:
    return [row for row in rows if (row["cut"], row["currency"]) == (cut, currency)]


def _commonest(mart: Table) -> Table:
    """Return the ways that are listed, and as one row of rank `LISTED` all others; those without a step apart."""
    has_step = mart.step_1 != NONE
    rank = ibis.row_number().over(
        group_by=[mart.cut, mart.currency, has_step],
        order_by=[mart.orders.desc(), mart.net_minor.desc(), mart.is_longer, *(mart[name] for name in _STEPS)],
    )
    ranked = mart.mutate(rank=ibis.ifelse(has_step, ibis.least(rank, LISTED), -1))
    rest = ranked["rank"] == LISTED
    alone = (ranked.step_1 != NONE) & (ranked.step_2 == NONE)
    shown: dict[str, Value] = {name: ibis.ifelse(rest, NONE, ranked[name]) for name in _STEPS}
    ranked = ranked.mutate(**shown, is_longer=ranked.is_longer & ~rest, alone=alone)
    found = ranked.group_by("cut", "currency", "rank", "is_longer", *_STEPS).agg(
        orders=ranked.orders.sum(),
        net_minor=ranked.net_minor.sum(),
        ways=ranked.orders.count(),
        straight=ibis.coalesce(ranked.orders.sum(where=ranked.alone), 0),
        minutes_50=ranked.minutes_50.max(),
    )
    return found.order_by("cut", "currency", "rank")


def _way(row: Row) -> Row:
    steps = [row[name] for name in reversed(_STEPS) if row[name] != NONE]
    return {"steps": steps, **{name: row[name] for name in ("is_longer", "orders", "net_minor", "minutes_50")}}


def _rest(rows: list[Row]) -> Row:
    """Return what is not listed: `others`, further ways, and `unknown`, sales before which nothing is known."""
    by_rank = {row["rank"]: {name: row[name] for name in ("ways", "orders", "net_minor")} for row in rows}
    return {"others": by_rank.get(LISTED), "unknown": by_rank.get(-1)}


def _flows(mart: Table) -> Table:
    """Return how many sales went from each step to the next."""
    pairs = zip(_STEPS, [SOLD, *_STEPS], range(1, STEPS + 1), strict=False)
    flows = reduce(
        lambda rows, more: rows.union(more),
        (_flow(mart, start, mart[end] if end in _STEPS else ibis.literal(end), back) for start, end, back in pairs),
    )
    return flows.order_by("cut", "currency", "step", "start", "end")


def _flow(mart: Table, start: str, end: Value, step: int) -> Table:
    rows = mart.select("cut", "currency", "orders", start=mart[start], end=end, step=ibis.literal(step, "int64"))
    known = rows.filter(rows.start != NONE)
    return known.group_by("cut", "currency", "step", "start", "end").agg(orders=known.orders.sum())
