"""What platforms say they sold, beside what shops know: a mart. The two are compared, and never added up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table, Value

from jalon.normalize.channels import channels_of
from jalon.report.marts.base import Base, with_amounts
from jalon.report.marts.periods import counted_once, grain
from jalon.report.marts.shapes import CURRENCY, MODEL, SOURCE, Column, Mart, day, money

Row = dict[str, Any]
CLAIMS = ("attributed_gmv", "gmv", "conversion_value")
"""Counts of money that a platform says its content and ads brought; of several of one source the first."""
CLAIMED_ORDERS = ("attributed_orders", "attributed_purchases", "attributed_sku_orders", "orders", "sku_orders")
SETTLED = "settled"
"""What platforms call a statement that they have paid out, in lower case."""

RPT_CLAIMS = Mart(
    "rpt_claims",
    "What a platform says it sold, beside what shops know of the same days: one row per source, platform, currency and "
    "model. Choose one `model`. Claims of several platforms overlap, since each may claim the same sale: never sum "
    "them, nor add them to revenue. Where a source tells one thing of periods that overlap, as days and weeks, each "
    "day counts once: by the shorter periods where they make up the longer one, else by that.",
    ("source", "platform", "currency", "model"),
    (
        SOURCE,
        Column("platform", "text", "The platform that claims"),
        CURRENCY,
        MODEL,
        Column("metric", "text", f"What it counts: {', '.join(CLAIMS)}"),
        Column("definition", "text", "Its rule of counting; of several all, by name"),
        day("start_date", "First day that it counts", "local day of the platform's account"),
        Column("end_date", "date", "The day after the last one", "local day of the platform's account"),
        *money("claimed", "What it says it sold"),
        *money("open", "What of that may still change"),
        Column("claimed_orders", "integer", "Orders that it claims; empty: it counts none", "orders"),
        *money(
            "credited",
            "Credited by the model to the channels that the platform leads through, of sales in these days, before "
            "refunds; empty: it leads through none that is known",
        ),
        *money("credited_net", "The same after refunds"),
        Column("credited_orders", "decimal", "Orders credited, in shares of orders", "orders"),
        *money("here", "Booked of sales made on the platform itself; empty: none is known to be"),
        *money("here_net", "Net revenue of these"),
        *money("settled", "Net revenue of orders that it states to have settled; empty: it states none"),
        *money("sold", "Booked of all sales in these days and this currency, whoever brought them"),
        *money("sold_net", "Net revenue of these"),
        Column("sold_orders", "integer", "How many they are", "orders"),
    ),
)
_CLAIM = ("source", "platform", "currency")
"""What names a claim."""
_SPAN = {
    **{
        "source": "string",
        "platform": "string",
        "leads": "boolean",
        "currency": "string",
        "metric": "string",
        "definition": "string",
    },
    **{"start_date": "date", "end_date": "date", "claimed": "int64", "open": "int64", "claimed_orders": "int64"},
}


class Count(NamedTuple):
    """What a source counts by one or more of its metrics: the fullest of the grains that it counts at."""

    metric: str
    definitions: tuple[str, ...]
    value: int
    open: int
    start: date
    end: date


def fullest(rows: Iterable[Row], metrics: Iterable[str]) -> Count | None:
    """Return the count of the first of `metrics` that there is, at the grain that has most of it.

    Counts of several grains (account, campaign, creator, product, content) are the same sales cut in other ways: what
    has no product, say, is in none by product. Rules of counting at one grain are about different content, and are
    added up. `rows` have `metric`, `grain`, `definition`, `value`, `open`, `first` and `last`.
    """
    named = {metric: [row for row in rows if row["metric"] == metric] for metric in metrics}
    metric = next((name for name, own in named.items() if own), None)
    if metric is None:
        return None
    by_grain: dict[str, list[Row]] = {}
    for row in named[metric]:
        by_grain.setdefault(row["grain"], []).append(row)
    best = max(sorted(by_grain), key=lambda grain: sum(row["value"] for row in by_grain[grain]))
    own = by_grain[best]
    return Count(
        metric,
        tuple(sorted({row["definition"] for row in own})),
        sum(row["value"] for row in own),
        sum(row["open"] for row in own),
        min(row["first"] for row in own),
        max(row["last"] for row in own),
    )


def made(base: Base) -> Table:
    """Return the columns of the mart."""
    claims = _claims(base)
    spans = base.engine.take("claims", _columns(claims), _SPAN)
    sold, here, settled = _sold(base, spans), _here(base, spans), _settled(base, spans)
    credited = base.engine.keep("claims_credited", _credited(base, spans, claims))
    models = base.engine.take("claims_models", pa.table({"model": list(base.models)}), {"model": "string"})
    rows = spans.cross_join(models)
    for beside in (credited, sold, here, settled):
        on = [name for name in RPT_CLAIMS.primary_key if name in beside.columns]
        rows = rows.left_join(beside, on).drop(*(f"{name}_right" for name in on))
    nothing = {name: ibis.coalesce(rows[name], 0) for name in ("sold", "sold_net", "sold_orders")}
    for name in ("credited", "credited_net", "credited_orders"):
        nothing[name] = ibis.ifelse(rows.leads, ibis.coalesce(rows[name], 0), rows[name])
    amounts = ("claimed", "open", "credited", "credited_net", "here", "here_net", "settled", "sold", "sold_net")
    return with_amounts(base, rows.mutate(**nothing), amounts)


def _claims(base: Base) -> list[Row]:
    """Return what each platform claims by a source, per currency; orders beside money where it counts them.

    A source may tell of several platforms, as a file of what ads cost does: each is a claim of its own.
    """
    of_one = itemgetter("source", "platform")
    counted = sorted(base.engine.dicts(_counted(base)), key=of_one)
    return [row for _, rows in groupby(counted, key=of_one) for row in _of_platform(list(rows))]


def _of_platform(rows: list[Row]) -> list[Row]:
    """Return a row per currency; a number of orders belongs to none where there are several."""
    currencies = sorted({row["currency"] for row in rows if row["currency"]})
    counts = {each: fullest([row for row in rows if row["currency"] == each], CLAIMS) for each in currencies}
    return [
        {
            **{name: rows[0][name] for name in ("source", "platform")},
            "leads": bool(channels_of(rows[0]["platform"])),
            "currency": currency,
            "metric": count.metric,
            "definition": "; ".join(count.definitions),
            "start_date": count.start,
            "end_date": count.end,
            "claimed": count.value,
            "open": count.open,
            "claimed_orders": _orders(rows, count) if len(currencies) == 1 else None,
        }
        for currency, count in counts.items()
        if count is not None
    ]


def _orders(rows: list[Row], claimed: Count) -> int | None:
    """Return how many orders are claimed by the same rules as the money; None where not all of them count orders."""
    found = fullest(
        [row for row in rows if not row["currency"] and row["definition"] in claimed.definitions], CLAIMED_ORDERS
    )
    return found.value if found and found.definitions == claimed.definitions else None


def _counted(base: Base) -> Table:
    """Return sums of the counts that claim sales, by grain and rule."""
    told = base.mart("fct_measures")
    own = told.filter(told.metric.isin((*CLAIMS, *CLAIMED_ORDERS)) & (told.span != "lifetime"))
    own = counted_once(base, own, "claims_again")
    rows = own.mutate(grain=grain(own), open=ibis.ifelse(own.finality == "final", 0, own.value))
    return rows.group_by("source", "platform", "metric", "definition", "currency", "grain").agg(
        value=rows.value.sum(), open=rows.open.sum(), first=rows.start_date.min(), last=rows.end_date.max()
    )


def _columns(claims: list[Row]) -> pa.Table:
    types = {"string": pa.string(), "int64": pa.int64(), "date": pa.date32(), "boolean": pa.bool_()}
    return pa.table({name: pa.array([row[name] for row in claims], types[kind]) for name, kind in _SPAN.items()})


def _within(spans: Table, rows: Table) -> Table:
    """Return rows of money with each claim in whose days and currency they are."""
    own = spans.select("source", "platform", "start_date", "end_date", of="currency")
    dated = rows.rename({f"told_{name}": name for name in ("source", "platform") if name in rows.columns})
    return dated.join(
        own,
        [dated.currency == own.of, dated.placed_date >= own.start_date, dated.placed_date < own.end_date],
    )


def _sold(base: Base, spans: Table) -> Table:
    rows = _within(spans, _sales(base))
    return rows.group_by(*_CLAIM).agg(
        sold=rows.booked_minor.sum(), sold_net=rows.net_minor.sum(), sold_orders=rows.order_uid.count()
    )


def _here(base: Base, spans: Table) -> Table:
    rows = _within(spans, _sales(base))
    rows = rows.filter(rows.told_platform == rows.platform)
    return rows.group_by(*_CLAIM).agg(here=rows.booked_minor.sum(), here_net=rows.net_minor.sum())


def _settled(base: Base, spans: Table) -> Table:
    """Return the net revenue of orders of whose statements at least one says that it is settled."""
    told = base.mart("fct_order_contents")
    named = told.filter(told.settlement.notnull() & told.order_uid.notnull())
    by_order = named.group_by("order_uid", stating="platform").agg(
        is_settled=(named.settlement.lower() == SETTLED).cast("int64").max()
    )
    rows = _within(spans, _sales(base)).join(by_order, "order_uid")
    rows = rows.filter(rows.stating == rows.platform)
    return rows.group_by(*_CLAIM).agg(settled=(rows.net_minor * rows.is_settled).sum())


def _sales(base: Base) -> Table:
    orders = base.mart("fct_orders")
    return orders.filter(orders.is_sale).select(
        "order_uid", "platform", "currency", "placed_date", "booked_minor", "net_minor"
    )


def _credited(base: Base, spans: Table, claims: list[Row]) -> Table:
    """Return what the channels of each claiming source are credited with, of sales in the days that it counts."""
    channels = _channels(base, claims)
    credit = base.mart("fct_attributed_revenue")
    credit = credit.filter(credit.is_sale)
    small = credit.group_by("model", "channel", "currency", "placed_date").agg(
        amount=credit.amount_minor.sum(), net=credit.net_minor.sum(), orders=credit.weight.sum()
    )
    rows = _within(spans, small.join(channels, "channel"))
    rows = rows.filter((rows.told_source == rows.source) & (rows.told_platform == rows.platform))
    orders: Value = rows.orders.sum().cast("decimal(18, 4)")
    return rows.group_by(*_CLAIM, "model").agg(
        credited=rows.amount.sum(), credited_net=rows.net.sum(), credited_orders=orders
    )


def _channels(base: Base, claims: list[Row]) -> Table:
    """Return each claiming source and platform with the channels that its content and ads lead people through."""
    led = sorted(
        {(row["source"], row["platform"], channel) for row in claims for channel in channels_of(row["platform"])}
    )
    names = ("source", "platform", "channel")
    arrays = {name: pa.array([row[n] for row in led], pa.string()) for n, name in enumerate(names)}
    return base.engine.take("claims_channels", pa.table(arrays), dict.fromkeys(arrays, "string"))
