"""The tag funnel, seen, clicked, ordered, as platforms count it by kind of content: a mart. Absent is not zero."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.report.marts.base import Base
from jalon.report.marts.shapes import NONE, SOURCE, Column, Mart, day
from jalon.report.marts.taken import taken
from jalon.report.wilson import wilson

Row = dict[str, Any]
LADDER = {
    "views": ("views", "impressions", "product_impressions"),
    "tag_clicks": ("tag_clicks",),
    "orders": ("orders", "sku_orders", "attributed_orders", "attributed_sku_orders"),
}
"""Step of the funnel -> counts that tell it; of several that a source has, the first."""
_TELLS = ("source", "platform")
"""Who tells: a source may be of several platforms, as a file of figures is."""
_RATES = {"click": ("tag_clicks", "shoppable_views"), "order": ("orders", "tag_clicks")}
"""Rate -> what, of what."""


def _rate(name: str, what: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_rate", "decimal", f"{what}; empty: one of the two is not told", "of 1"),
        Column(f"{name}_rate_low", "decimal", "Lower end of its 90 % interval (Wilson)", "of 1"),
        Column(f"{name}_rate_high", "decimal", "Upper end of its 90 % interval (Wilson)", "of 1"),
    )


RPT_TAG_FUNNEL = Mart(
    "rpt_tag_funnel",
    "Content with what it led to, as its platform counts it: one row per source, platform and kind of content. "
    "All steps are counted over the same days, those for which the source has all that it tells; where there is no "
    "such day, its first step stands alone. Two sources may tell of the same content: choose one. Empty: the platform "
    "does not tell it; 0: it says that there were none.",
    ("source", "platform", "kind"),
    (
        SOURCE,
        Column("platform", "text", "The platform that counts"),
        Column("kind", "text", f"Kind of the content: video, live, pin, ...; {NONE}: not known"),
        day("start_date", "First day that is counted"),
        Column("end_date", "date", "The day after the last one", "local day of the account"),
        Column("contents", "integer", "Contents that are counted", "contents"),
        Column("shoppable", "integer", "Those of them in which products are tagged", "contents"),
        Column("views_metric", "text", f"What is counted as seen: the first told of {', '.join(LADDER['views'])}"),
        Column("views", "integer", "How often they were seen", "views"),
        Column(
            "shoppable_views",
            "integer",
            "How often those were seen in which products are tagged or a tag was clicked; of a source of which no tag "
            "is known, all views",
            "views",
        ),
        Column("tag_clicks", "integer", "Clicks on product tags in them", "clicks"),
        Column("orders_metric", "text", f"What is counted as ordered: the first told of {', '.join(LADDER['orders'])}"),
        Column("orders", "integer", "Orders that the platform gives to them, by its own rule", "orders"),
        *_rate("click", "Clicks per view of `shoppable_views`"),
        *_rate("order", "Orders per click"),
    ),
)


def made(base: Base) -> Table:
    """Return the columns of the mart."""
    return taken(base.engine, RPT_TAG_FUNNEL, _rows(base))


def _rows(base: Base) -> list[Row]:
    daily = _daily(base)
    periods = _periods(
        base.engine.dicts(daily.group_by(*_TELLS, "metric").agg(first=daily.day.min(), last=daily.day.max()))
    )
    of_one = itemgetter(*_TELLS, "kind")
    counted = sorted(base.engine.dicts(_counted(base, daily, periods)), key=itemgetter(*_TELLS, "kind", "step"))
    return [_row(list(own)) for _, own in groupby(counted, key=of_one)]


def _daily(base: Base) -> Table:
    """Return the counts of one content and day that may be a step of the funnel."""
    metrics = base.mart("fct_content_metrics_daily")
    known = metrics.filter(metrics.metric.isin([metric for names in LADDER.values() for metric in names]))
    return known.select("source", "platform", "content_id", "metric", "value", "definition", day=known.metric_date)


def _periods(spans: Iterable[Row]) -> list[Row]:
    """Return per source, platform and step the metric that tells it, and the days that all its steps have."""
    found = []
    of_one = itemgetter(*_TELLS)
    for (source, platform), own in groupby(sorted(spans, key=of_one), key=of_one):
        by_metric = {row["metric"]: row for row in own}
        chosen = {step: name for step, names in LADDER.items() for name in reversed(names) if name in by_metric}
        first, last = _shared(by_metric[name] for name in chosen.values())
        if first > last:
            step, name = next(iter(chosen.items()))
            chosen, first, last = {step: name}, by_metric[name]["first"], by_metric[name]["last"]
        found += [
            {"source": source, "platform": platform, "step": step, "metric": name, "first": first, "last": last}
            for step, name in chosen.items()
        ]
    return found


def _shared(spans: Iterable[Row]) -> tuple[date, date]:
    """Return the first and the last day that all have; the last is before the first where there is none."""
    days = [(row["first"], row["last"]) for row in spans]
    return max(first for first, _ in days), min(last for _, last in days)


def _counted(base: Base, daily: Table, periods: list[Row]) -> Table:
    """Return sums per source, platform, kind of content and step, over the days of the source.

    Where a source counts one thing on one day by several rules, the rule that counts most is meant. Another day may be
    counted by another rule: each version of a platform's API is one.
    """
    columns = {
        "source": "string",
        "platform": "string",
        "step": "string",
        "metric": "string",
        "first": "date",
        "last": "date",
    }
    types = {"string": pa.string(), "date": pa.date32()}
    arrays = {name: pa.array([row[name] for row in periods], types[kind]) for name, kind in columns.items()}
    spans = base.engine.take("funnel_spans", pa.table(arrays), columns)
    rows = daily.join(spans, [*_TELLS, "metric"]).filter(lambda t: (t.day >= t["first"]) & (t.day <= t["last"]))
    of_one = ("source", "platform", "content_id", "step", "metric", "first", "last")
    by_rule = rows.group_by(*of_one, "day", "definition").agg(value=rows.value.sum())
    by_day = by_rule.group_by(*of_one, "day").agg(value=by_rule.value.max())
    best = by_day.group_by(*of_one).agg(value=by_day.value.sum())
    kinds, tags = base.told["contents"], base.mart("bridge_content_products")
    kinds = kinds.group_by(of="content_id").agg(kind=kinds.kind.max())
    tagged = tags.group_by(tagged="content_id").agg(products=tags.product_id.count())
    named = best.left_join(kinds, best.content_id == kinds.of).left_join(tagged, best.content_id == tagged.tagged)
    named = named.mutate(kind=ibis.coalesce(named.kind, NONE), has_tag=named.products.notnull().cast("int64"))
    named = named.mutate(is_shoppable=_is_shoppable(named))
    return named.group_by("source", "platform", "kind", "step", "metric", "first", "last").agg(
        value=named.value.sum(),
        of_shoppable=ibis.coalesce(named.value.sum(where=named.is_shoppable), 0),
        contents=named.content_id.nunique(),
        shoppable=named.has_tag.sum(),
    )


def _is_shoppable(counted: Table) -> ibis.Value:
    """Return whether something could be bought from a content: a product is tagged in it now, or a tag was clicked.

    Of a source of which no tag is known at all, nobody knows, and all of its content counts.
    """
    clicks = ibis.ifelse(counted.step == "tag_clicks", counted.value, 0)
    clicked = clicks.max().over(ibis.window(group_by=[*_TELLS, "content_id"])) > 0
    tells_none = counted.has_tag.max().over(ibis.window(group_by=list(_TELLS))) == 0
    return (counted.has_tag > 0) | clicked | tells_none


def _row(steps: list[Row]) -> Row:
    """Return one row of the mart from the sums of its steps."""
    one = steps[0]
    counts = {row["step"]: row["value"] for row in steps}
    seen = {row["step"]: row["of_shoppable"] for row in steps}
    counts |= {"shoppable_views": seen["views"]} if "views" in seen else {}
    metrics = {f"{row['step']}_metric": row["metric"] for row in steps}
    widest = max(steps, key=lambda row: (row["contents"], row["step"]))
    named = {name: one[name] for name in ("source", "platform", "kind")}
    size = {name: widest[name] for name in ("contents", "shoppable")}
    return {
        **named,
        "start_date": one["first"],
        "end_date": one["last"] + timedelta(days=1),
        **size,
        **counts,
        **metrics,
        **_rates(counts),
    }


def _rates(counts: Row) -> Row:
    found: Row = {}
    for name, (part, whole) in _RATES.items():
        if counts.get(part) is None or not counts.get(whole):
            continue
        ends = wilson(counts[part], counts[whole]) or (None, None)
        rate = {f"{name}_rate": counts[part] / counts[whole], f"{name}_rate_low": ends[0], f"{name}_rate_high": ends[1]}
        found |= rate
    return found
