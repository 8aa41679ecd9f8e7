"""Credit per channel, content, creator and so on, with its 90 % interval.

Credit of a step that names only its network is parted, by content and creator, over the contents that it is likely to
have come from (`tracing`); by all else it is cut as it is. What is modelled so, or shared out, is unsure twice: other
buyers would come, and of these the split is only likely. Both are joined, and
neither counts twice: the groups of persons spread by what each order is expected to have brought, the split by how far
its own interval (`sharing`) reaches from what is expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.attribution.crediting import BILLION
from jalon.attribution.engine import Engine
from jalon.attribution.intervals import sums, with_interval
from jalon.attribution.tracing.parts import TRACED, moved, parts, unsure_by
from jalon.report.marts.shapes import NONE

CUTS = {
    "channel": "channel",
    "platform": "platform",
    "content": "content_id",
    "creator": "creator_id",
    "campaign": "campaign",
    "product": "product_id",
    "stage": "stage",
    "mode": "selling_mode",
    "customer": "customer",
}
"""What credit is summed up by -> the column of the mart `fct_attributed_revenue`."""
KEYS = ("model", "value", "currency", "cut")
FIGURES = ("net", "billionths")
"""Minor units of net revenue, and orders in billionths."""
SIDES = ("down", "up")


class Estimates(NamedTuple):
    """What is modelled: contents that orders were `shared` out to; steps, and the contents that they were traced to."""

    modelled: Table
    traced: Table
    traced_contents: Table


def totals(engine: Engine, attribution: Table, contents: Table, estimates: Estimates) -> Table:
    """Return a row per model, cut, value and currency; what touchpoints name no value of, has the value `NONE`.

    `attribution` is the mart; `contents` the facts. Ends of intervals are whole minor units and orders with four
    places.
    """
    given = engine.keep("credit_given", _given(attribution))
    traced = engine.keep("credit_traced", _traced(given, estimates.traced))
    counted = _cut(given, CUTS, "person_group").union(_cut(moved(traced, FIGURES), TRACED, "person_group"))
    reach = unsure_by(estimates.modelled, estimates.traced_contents)
    shared = _cut(given.filter(given.modelled).join(reach, "touch_uid"), CUTS, "touch_uid", *SIDES)
    parted = _cut(traced.join(reach, "touch_uid"), TRACED, "touch_uid", *SIDES)
    likely = shared.union(parted.filter(parted.value != NONE))
    summed = engine.keep("credit_sums", _sums(counted, engine.keep("credit_likely", likely)))
    engine.drop("credit_given", "credit_traced", "credit_likely")
    return _with_names(_with_intervals(engine, summed), contents, estimates)


def _given(attribution: Table) -> Table:
    """Return what touchpoints are credited with; what belongs to nobody is left out."""
    credited_to = ibis.coalesce(attribution.touch_uid, attribution.estimate_uid)
    rows = attribution.mutate(touch_uid=credited_to).filter(credited_to.notnull())
    whole = (rows.weight.cast("float64") * BILLION).round().cast("int64")
    return rows.select(
        "model", "currency", "order_uid", "touch_uid", "person_group", *CUTS.values(),
        net="net_minor",
        billionths=ibis.ifelse(rows.is_sale, whole, 0),
        modelled=rows.basis == "modelled",
    )  # fmt: skip


def _traced(given: Table, traced: Table) -> Table:
    """Return the parts of credit that likely contents have, under what names the estimate."""
    found = parts(given, traced, FIGURES)
    return found.mutate(touch_uid=found.estimate_uid, modelled=ibis.literal(True)).select(*given.columns)


def _cut(rows: Table, cuts: Iterable[str], *further: str) -> Table:
    """Return all rows once for each cut, with the `value` that they have there."""
    values = {cut: ibis.coalesce(rows[CUTS[cut]], NONE) for cut in cuts}
    return ibis.union(
        *(
            rows.select("model", "currency", *FIGURES, *further, cut=ibis.literal(cut), value=value)
            for cut, value in values.items()
        )
    )


def _sums(given: Table, likely: Table) -> Table:
    """Return the figures, with what their intervals are told by."""
    found = sums(given, KEYS, FIGURES).left_join(_split(likely), KEYS)
    split = {f"{name}_{side}": ibis.coalesce(found[f"{name}_{side}"], 0.0) for name in FIGURES for side in SIDES}
    told = found.mutate(modelled=ibis.coalesce(found.modelled, 0), **split)
    return told.drop(*(f"{name}_right" for name in KEYS))


def _with_intervals(engine: Engine, found: Table) -> Table:
    """Return all cuts with their intervals: computed once, and kept between, since the formula is long."""
    for name in FIGURES:
        down, up = (found[f"{name}_{side}"] for side in SIDES)
        found = engine.keep(f"credit_with_{name}", with_interval(found, name, (down, up)))
    ends = {f"net_{end}": found[f"net_{end}"].round().cast("int64") for end in ("low", "high")}
    orders = {
        f"orders{end}": (found[f"billionths{end}"] / BILLION).cast("decimal(18, 4)") for end in ("", "_low", "_high")
    }
    return found.mutate(**ends, **orders).select(*KEYS, *orders, "net", *ends, "modelled")


def _split(likely: Table) -> Table:
    """Return how much is modelled, and the squares of how far its split reaches: each content's by itself."""
    by_content = likely.group_by(*KEYS, "touch_uid", *SIDES).agg(
        **{name: likely[name].sum().cast("int64") for name in FIGURES}
    )

    def square(name: str, side: str) -> ibis.Value:
        reach = (by_content[name] * by_content[side]).round().cast("decimal(19, 0)")
        return (reach * reach).sum().cast("float64")

    squares = {f"{name}_{side}": square(name, side) for name in FIGURES for side in SIDES}
    return by_content.group_by(*KEYS).agg(modelled=by_content.net.sum(), **squares)


def _with_names(rows: Table, contents: Table, estimates: Estimates) -> Table:
    """Add the titles of contents, those that the counts cannot tell them from, and which figures rest on too little."""
    titles = contents.group_by(titled="content_id").agg(title=contents.title.max())
    both = (each.select("content_id", "alike") for each in (estimates.modelled, estimates.traced_contents))
    alike = ibis.union(*both)
    pairs = alike.group_by(paired="content_id").agg(alike=alike.alike.join(", ").nullif("").max())
    content = ibis.ifelse(rows.cut == "content", rows.value, ibis.null("string"))
    found = rows.mutate(of=content)
    found = found.left_join(titles, found.of == titles.titled).left_join(pairs, found.of == pairs.paired)
    return found.mutate(too_few=found.net_low * 2 < found.net).drop("titled", "paired", "of")
