"""Making the marts about stages, and the flat ones that each answer a question."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from jalon.report.marts import claims, costs, funnel, journey_map, paths, statements
from jalon.report.marts.amounts import booked
from jalon.report.marts.base import Base, Maker, key_of, with_amounts, with_day
from jalon.report.marts.restated import restated
from jalon.report.marts.totals import Estimates, totals
from jalon.report.people.persona_marts import persona_map, with_personas
from jalon.report.people.stage_measures import purchase_models, stage_measures
from jalon.report.people.surveys import surveys
from jalon.report.people.targets import targets


def _revenue_daily(base: Base) -> Table:
    rows = booked(base.mart("fct_orders"))
    summed = rows.group_by("placed_date", "platform", "selling_mode", "customer", "currency").agg(
        orders=rows.order_uid.count(where=rows.is_sale),
        **{name: rows[f"{name}_minor"].sum() for name in ("booked", "reversed", "net")},
    )
    return with_amounts(base, summed, ["booked", "reversed", "net"])


def _credit(base: Base) -> Table:
    estimates = Estimates(*(base.made[name] for name in Estimates._fields))
    rows = totals(base.engine, base.mart("fct_attributed_revenue"), base.told["contents"], estimates)
    return with_amounts(base, rows, ["net", "net_low", "net_high", "modelled"])


def _content_estimates(base: Base) -> Table:
    """Return what the share-out says of each content, as exact decimals."""
    told = base.made["modelled"]
    orders = {name: told[name].cast("decimal(18, 4)") for name in ("orders", "orders_low", "orders_high")}
    return told.mutate(estimate_uid=told.touch_uid, **orders).mutate(alike=told.alike.join(", ").nullif(""))


def _traced_contents(base: Base) -> Table:
    told = base.made["traced_contents"]
    steps = {name: told[name].cast("decimal(18, 4)") for name in ("steps", "steps_low", "steps_high")}
    return told.mutate(alike=told.alike.join(", ").nullif(""), **steps)


def _journey_credit(base: Base) -> Table:
    where = ("touch_uid", "stage", "channel", "kind")
    credited_to = base.made["touches"].select(*where).union(base.made["modelled"].select(*where))
    cells = journey_map.credited(base.engine, base.made["credit"], credited_to, base.made["sales"])
    return with_amounts(base, _keyed(cells), ["net", "modelled"])


def _journey_map(base: Base) -> Table:
    return _keyed(journey_map.cells(base.engine, base.made["touches"]))


def _journey_map_monthly(base: Base) -> Table:
    touches = with_day(base, base.made["touches"], "occurred_at", month_start="month_start")
    touches = with_personas(base, _with_segment(touches))
    return _keyed(journey_map.cells(base.engine, touches, ("month_start", "segment", "persona")))


def _segment_map(base: Base) -> Table:
    return _keyed(journey_map.cells(base.engine, _with_segment(base.made["touches"]), ("segment",)))


def _with_segment(touches: Table) -> Table:
    """Add to touchpoints the `segment` of their person, as it was then."""
    returning = ibis.ifelse(touches.is_customer, "returning", "new")
    return touches.mutate(segment=ibis.ifelse(touches.person.isnull(), "unknown", returning))


def _keyed(table: Table) -> Table:
    """Add the key of each stage."""
    pairs = {"stage_key": "stage", "from_stage_key": "from_stage", "to_stage_key": "to_stage"}
    return table.mutate(**{k: key_of(table.preset, table[of]) for k, of in pairs.items() if of in table.columns})


QUESTIONS: dict[str, Maker] = {
    "fct_journey_map": _journey_map_monthly,
    "fct_stage_transitions": lambda base: _keyed(base.made["transitions"]),
    "rpt_revenue_daily": _revenue_daily,
    "rpt_credit": _credit,
    "rpt_content_estimates": _content_estimates,
    "rpt_traced_contents": _traced_contents,
    "rpt_journey_map": _journey_map,
    "rpt_segment_map": _segment_map,
    "rpt_journey_credit": _journey_credit,
    "rpt_stage_times": lambda base: _keyed(base.made["stage_times"]),
    "rpt_drop_offs": lambda base: _keyed(base.made["drop_offs"]),
    "fct_order_contents": statements.made,
    "rpt_paths": paths.made,
    "rpt_tag_funnel": funnel.made,
    "rpt_costs": costs.made,
    "rpt_claims": claims.made,
    "rpt_surveys": surveys,
    "rpt_stage_measures": stage_measures,
    "rpt_purchase_models": purchase_models,
    "rpt_persona_map": lambda base: _keyed(persona_map(base)),
    "rpt_targets": lambda base: _keyed(targets(base)),
    "rpt_restated": restated,
}
"""Name of a mart -> what makes it."""
