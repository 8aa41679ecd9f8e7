"""Making the facts: orders with their lines and refunds, touchpoints, credit, answers, measures."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis.expr.types import Table, Value

from jalon.attribution.groups import group
from jalon.attribution.persons import resolve
from jalon.attribution.refunds import parted
from jalon.normalize.times import DAY
from jalon.report.marts.base import Base, Maker, RunRow, of_order, uid, with_amounts, with_day, with_maker
from jalon.report.marts.exchange import exchange_rates, with_converted, with_converted_credit
from jalon.report.marts.shapes import NONE

_MONEY = ("gross", "discount", "goods", "shipping", "tax", "total", "booked", "reversed", "net")
_CUTS = ("channel", "stage", "content_id", "creator_id", "product_id", "campaign")
_RUN = {
    **{"run_id": "int64", "source": "string", "command": "string", "started_at": "int64", "finished_at": "int64"},
    **{"outcome": "string", "pages": "int64", "new_records": "int64", "known_records": "int64"},
    **{"skipped_records": "int64", "started_date": "date"},
}


def _orders(base: Base) -> Table:
    sales = base.made["sales"].drop("selling_mode").rename(selling_mode="mode", counted_because="why")
    return with_converted(base, with_amounts(base, sales, _MONEY))


def _order_lines(base: Base) -> Table:
    lines = of_order(base, base.told["order_lines"])
    return with_amounts(base, lines.mutate(line_uid=uid(lines)), ["gross", "discount", "goods", "tax"])


def _refunds(base: Base) -> Table:
    told = of_order(base, parted(base.told["refunds"], base.made["sales"]))
    dated = told.mutate(refund_uid=uid(told)).rename(refunded_at="occurred_at", refunded_date="occurred_date")
    return with_amounts(base, dated, ["goods", "shipping", "tax", "total"])


def _touchpoints(base: Base) -> Table:
    return with_day(base, base.made["touches"], "occurred_at", occurred_date="date_day")


def _answers(base: Base) -> Table:
    told = of_order(base, resolve(base.told["answers"], base.made["people"]))
    return told.mutate(answer_uid=uid(told))


def _measures(base: Base) -> Table:
    told = base.told["measures"]
    return with_amounts(base, told.mutate(measure_uid=uid(told), amount=told.value), ["amount"]).rename(
        as_of_at="observed_at"
    )


def _daily(base: Base) -> Table:
    """Return the counts of one content and one day, over all products and campaigns."""
    told = base.mart("fct_measures")
    alone = (told.content_id != NONE) & (told.product_id == NONE) & told.campaign_id.isnull() & (told.span == "days")
    return told.filter(alone & (told.end_date.delta(told.start_date, unit="day") == 1)).rename(metric_date="start_date")


def _attributed_revenue(base: Base) -> Table:
    """Put beside each credit what one cuts it by, and the interval of what is modelled."""
    sales, shared = base.made["sales"], base.made["shared"]
    buyer = group(ibis.coalesce(sales.person, sales.order_uid))
    order = sales.select(
        "order_uid", "is_sale", "placed_date", "platform", "customer", selling_mode="mode", person_group=buyer
    )
    rows = with_cuts(base, base.made["credit"].join(order, "order_uid"))
    ends = {f"weight_{end}": shared[end].cast("decimal(10, 9)") for end in ("low", "high")}
    rows = rows.left_join(
        shared.select("order_uid", estimate_uid="touch_uid", **ends), ["order_uid", "estimate_uid"]
    ).drop("order_uid_right", "estimate_uid_right")
    return with_converted_credit(base, with_amounts(base, rows, ["amount", "reversed", "net"]))


def with_cuts(base: Base, credit: Table) -> Table:
    """Add to credit what one cuts it by; tell touchpoints from what orders were shared out to.

    Where a touchpoint names no creator, the content's is meant.
    """
    modelled = base.made["modelled"].mutate(product_id=ibis.null("string"), campaign=ibis.null("string"))
    cuts = base.made["touches"].select(*_CUTS, met="touch_uid").union(modelled.select(*_CUTS, met="touch_uid"))
    rows = with_maker(base, credit.left_join(cuts, credit.touch_uid == cuts.met))
    return rows.mutate(
        creator_id=ibis.coalesce(rows.creator_id, rows.maker),
        touch_uid=_where(rows.basis != "modelled", rows.touch_uid),
        estimate_uid=_where(rows.basis == "modelled", rows.touch_uid),
    ).rename(step="position")


def _where(holds: Value, value: Value) -> Value:
    return ibis.ifelse(holds, value, ibis.null("string"))


def _conversion_credit(base: Base) -> Table:
    """Put beside each credit when and to whom the conversion happened, and what one cuts it by."""
    done = base.made["conversions"].select("conversion", "conversion_uid", "person", "converted_at")
    return with_cuts(base, base.made["conversion_credit"].join(done, ["conversion", "conversion_uid"]))


def _content_products(base: Base) -> Table:
    """Return the pairs, each by the newest record that tells of it."""
    tags = base.told["content_tags"]
    rank = ibis.row_number().over(
        group_by=[tags.content_id, tags.product_id], order_by=[tags.observed_at.desc(), tags.source, tags.key]
    )
    ranked = tags.mutate(rank=rank)
    return ranked.filter(ranked["rank"] == 0)


def _traced_steps(base: Base) -> Table:
    told = base.made["traced"]
    return told.mutate(**{name: told[name].cast("decimal(10, 9)") for name in ("share", "low", "high")})


def _run_ledger(base: Base) -> Table:
    names = (*RunRow._fields, "started_date")
    days = pa.array([row.started_at // DAY for row in base.known.runs], pa.int32()).cast(pa.date32())
    columns = list(zip(*base.known.runs, strict=True)) or [()] * len(RunRow._fields)
    rows = pa.table(
        [pa.array(each, _ARROW[_RUN[name]]) for name, each in zip(names, columns, strict=False)] + [days], names
    )
    return base.engine.take("runs", rows, {name: _RUN[name] for name in names})


_ARROW = {"int64": pa.int64(), "string": pa.string()}

FACTS: dict[str, Maker] = {
    "fct_exchange_rates": exchange_rates,
    "fct_orders": _orders,
    "fct_order_lines": _order_lines,
    "fct_refunds": _refunds,
    "fct_touchpoints": _touchpoints,
    "fct_attributed_revenue": _attributed_revenue,
    "fct_survey_answers": _answers,
    "fct_measures": _measures,
    "fct_content_metrics_daily": _daily,
    "rpt_conversion_credit": _conversion_credit,
    "bridge_content_products": _content_products,
    "bridge_traced_contents": _traced_steps,
    "run_ledger": _run_ledger,
}
"""Name of a mart -> what makes it."""
