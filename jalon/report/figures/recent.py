"""How net revenue moved: the last days against as many before, which have had more time for refunds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.figures.background import Background
from jalon.report.words import decimal_text

Row = dict[str, Any]
DAYS = 28
"""How many days are compared with as many before, if there are so many: whole weeks, so that weekdays weigh alike."""


def last_day(engine: Engine, sold: Table, accounts: Table, background: Background) -> date | None:
    """Return the last day that is over, in the zone of each source that has sold lately; None: nothing was sold.

    A day is over for a source that was read after it. Of one that is never read, since it is told, it is over where
    anything is known of a later one. Where no platform is asked, days after the last sale may only not be told yet.
    """
    last_sales = engine.dicts(sold.group_by("source").agg(last=sold.placed_date.max()))
    newest = [row["newest_at"] for row in engine.dicts(accounts.select("newest_at")) if row["newest_at"] is not None]
    if not last_sales or not newest:
        return None
    read = {name: moment for name, text in background.freshness.items() if (moment := _moment(text))}
    latest = max([datetime.fromtimestamp(max(newest) / 1e6, UTC), *read.values()])
    last: date = max(row["last"] for row in last_sales)
    lately = [row["source"] for row in last_sales if row["last"] > last - timedelta(DAYS)]
    over = [read.get(name, latest).astimezone(background.zones.get(name, UTC)).date() for name in lately]
    told = [] if any(name in background.asked for name in lately) else [last]
    return min([*told, *(day - timedelta(1) for day in over)])


def _moment(text: str) -> datetime | None:
    """Return an instant that is written in ISO 8601 with its offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def moved(engine: Engine, sold: Table, refunds: Table, currencies: list[str], last: date | None) -> list[Row]:
    """Return per currency net and orders of the days up to `last`, and of as many before; none if too few days.

    `sold` are rows of `fct_orders` that are sales, `refunds` of `fct_refunds`; sales after `last` count nowhere.
    """
    rows = engine.dicts(
        sold.group_by("placed_date", "currency", "selling_mode").agg(
            net_minor=sold.net_minor.sum(), orders=sold.order_uid.count()
        )
    )
    if not rows or last is None:
        return []
    days = max(min(DAYS, ((last - min(row["placed_date"] for row in rows)).days + 1) // 2), 0)
    first = last - timedelta(days - 1)
    if not days:
        return []
    before = sold.filter(sold.placed_date >= first - timedelta(days), sold.placed_date < first)
    late = _late(engine, before, refunds, first)
    return [{**_compared(rows, currency, first, last), "refunded_later": late.get(currency)} for currency in currencies]


def _late(engine: Engine, sold: Table, refunds: Table, first: date) -> dict[str, float]:
    """Return currency -> share of the goods money refunded of sales that went back from the day `first` on."""
    done = refunds.filter(refunds.state == "succeeded", refunds.goods_minor > 0)
    back = done.join(sold.select("order_uid", "currency"), ["order_uid", "currency"])
    sums = back.group_by("currency").agg(
        whole=back.goods_minor.sum(), late=back.goods_minor.sum(where=back.refunded_date >= first)
    )
    return {row["currency"]: int(row["late"] or 0) / int(row["whole"]) for row in engine.dicts(sums)}


def _compared(rows: list[Row], currency: str, first: date, last: date) -> Row:
    days = (last - first).days + 1
    own = [row for row in rows if row["currency"] == currency]
    now = [row for row in own if first <= row["placed_date"] <= last]
    before = [row for row in own if first - timedelta(days) <= row["placed_date"] < first]
    net, was = _summed(now, "net_minor"), _summed(before, "net_minor")
    return {
        "currency": currency,
        "days": days,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "net_minor": net,
        "net": decimal_text(net, currency),
        "net_before_minor": was,
        "net_before": decimal_text(was, currency),
        "change": (net - was) / was if was > 0 and net >= 0 else None,
        "orders": _summed(now, "orders"),
        "orders_before": _summed(before, "orders"),
        "modes": {
            mode: [_share(period, mode) for period in (before, now)]
            for mode in sorted({r["selling_mode"] for r in own})
        },
    }


def _summed(rows: Iterable[Row], name: str) -> int:
    return sum(row[name] for row in rows)


def _share(rows: list[Row], mode: str) -> float | None:
    """Return a selling mode's share of net; None where the net is not above zero."""
    whole = _summed(rows, "net_minor")
    return _summed((row for row in rows if row["selling_mode"] == mode), "net_minor") / whole if whole > 0 else None
