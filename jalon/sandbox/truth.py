"""What really happened, as of a moment; only tests and benchmarks read it.

Net revenue of a sale: product money paid by the buyer after all discounts, before tax and without shipping, less
refunded product money. Samples, replacements and test orders count 0, so does a sale wholly cancelled, and an unpaid
one is not counted yet. A copy in the web shop never counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

from jalon.sandbox.credit import named_content
from jalon.sandbox.measures import Count, Measures, total
from jalon.sandbox.world import Change, Content, Sale, Visit, World

MONEY_BACK = ("refunded", "cancelled")


def truth(world: World, now: float) -> dict[str, Any]:
    """Return the truth of `world` as of the unix time `now`; money in minor units, times in unix seconds.

    - `sales`: one row for each sale placed by then;
    - `refunds`: money that went back, by a refund or by the cancellation of a paid sale;
    - `journeys`: the visits of web sales, and what the platform knows of native ones;
    - `measures`: what the platform counts by content, SKU and local day, as it shows it now (of a creator's LIVE it
      shows no SKUs); `content_measures`: the same by content and day, all SKUs together;
    - `causes`: what each content really sold;
    - `touches`: who saw what, and what that added to the chance of buying.
    """
    moment = int(now)
    sales = [sale for sale in world.sales if sale.placed_at <= moment]
    contents = {content.id: content for content in world.contents}
    measures = Measures(world)
    counted = list(_counted(world, measures, now))
    return {
        "seed": world.seed,
        "now": moment,
        "sales": [sale_row(sale, moment) for sale in sales],
        "refunds": [refund for sale in sales for refund in refund_rows(sale, moment)],
        "journeys": [_journey(world, contents, sale, moment) for sale in sales],
        "measures": [
            _measure(content, day, count, world.tiktok_currency) | {"sku": sku}
            for content, day, sku, count in counted
            if content.kind == "VIDEO" or not content.is_affiliate
        ],
        "content_measures": _content_measures(counted, world.tiktok_currency),
        "latest_measured_day": measures.latest_day(now).isoformat(),
        "causes": _causes(world, sales, moment),
        "touches": [
            {"shopper": e.shopper, "content": e.content, "sku": e.sku, "at": e.at, "clicked": e.clicked, "lift": e.lift}
            for e in world.exposures
            if e.at <= moment
        ],
    }


def goods_paid(sale: Sale) -> int:
    """Return the product money of a sale before tax, in minor units of its currency."""
    return sum(line.paid for line in sale.lines)


def is_paid(sale: Sale, now: int) -> bool:
    """Tell whether the buyer has paid by `now`."""
    return any(change.kind == "paid" for change in sale.until(now))


def refunded_goods(sale: Sale, now: int) -> int:
    """Return the product money given back by `now`, in minor units."""
    return sum(change.goods for change in sale.until(now) if change.kind in MONEY_BACK)


def net_revenue(sale: Sale, now: int) -> int:
    """Return the net revenue of a sale as of `now`, in minor units: the definition above."""
    if sale.kind != "sale" or not is_paid(sale, now):
        return 0
    return goods_paid(sale) - refunded_goods(sale, now)


def status(sale: Sale, now: int) -> str:
    """Return the last step of a sale's life by `now`: placed, paid, shipped, delivered, completed or cancelled."""
    steps = ("placed", "paid", "shipped", "delivered", "completed", "cancelled")
    return [change.kind for change in sale.until(now) if change.kind in steps][-1]


def sale_row(sale: Sale, now: int) -> dict[str, Any]:
    """Return the row of `sales` about a sale."""
    copied = sale.copy if sale.copy is not None and sale.copy.at <= now else None
    return {
        "platform": sale.platform,
        "order_id": sale.order_id,
        "copy_order_id": copied.order_id if copied else None,
        "copy_mark": copied.mark if copied else None,
        "copy_external": copied.external if copied else None,
        "kind": sale.kind,
        "status": status(sale, now),
        "currency": sale.currency,
        "presentment": sale.presentment or sale.currency,
        "shopper": sale.shopper,
        "placed_at": sale.placed_at,
        "paid": is_paid(sale, now),
        "goods": goods_paid(sale),
        "tax": sum(line.tax for line in sale.lines) + sale.shipping_tax,
        "shipping": sale.shipping,
        "refunded_goods": refunded_goods(sale, now),
        "net": net_revenue(sale, now),
        "lines": [{"sku": line.sku, "quantity": line.quantity, "goods": line.paid} for line in sale.lines],
        "content": sale.content,
        "credited": sale.credited,
    }


def refund_rows(sale: Sale, now: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of `refunds` about a sale."""
    for change in sale.until(now):
        if change.kind in MONEY_BACK and (change.goods or change.tax or change.shipping):
            yield {"id": change.id, "order_id": sale.order_id, "platform": sale.platform, "at": change.at} | _money(
                change
            )


def _money(change: Change) -> dict[str, Any]:
    whole = change.goods + change.tax + change.shipping
    return {"goods": change.goods, "tax": change.tax, "shipping": change.shipping, "total": whole, "how": change.kind}


def _journey(world: World, contents: Mapping[str, Content], sale: Sale, now: int) -> dict[str, Any]:
    row: dict[str, Any] = {"platform": sale.platform, "order_id": sale.order_id}
    if sale.platform == "shopify":
        visits = [visit_row(world.visits[identity]) for identity in sale.visits]
        return row | {"ready": sale.journey_ready_at <= now, "visits": visits}
    return row | {"content": named_content(sale, contents.get(sale.credited or ""), now)}


def visit_row(visit: Visit) -> dict[str, Any]:
    """Return a visit as a journey of the truth holds it."""
    return {
        "id": visit.id,
        "at": visit.at,
        "source": visit.source,
        "utm": visit.utm,
        "landing_page": visit.landing_page,
        "referrer": visit.referrer,
        "content": visit.content,
    }


def _counted(world: World, measures: Measures, now: float) -> Iterator[tuple[Content, date, str, Count]]:
    """Yield what the platform shows of the days that are ready."""
    last = measures.latest_day(now)
    for content in world.contents:
        for day, sku, count in measures.rows(content.id, date.min, date.max, now):
            if day <= last:
                yield content, day, sku, count


def _content_measures(counted: list[tuple[Content, date, str, Count]], currency: str) -> list[dict[str, Any]]:
    rows = []
    for (content, day), group in groupby(counted, key=lambda row: row[:2]):
        rows.append(_measure(content, day, total(count for *_, count in group), currency))
    return rows


def _measure(content: Content, day: date, count: Count, currency: str) -> dict[str, Any]:
    about = {"content": content.id, "kind": content.kind, "is_affiliate": content.is_affiliate, "day": day.isoformat()}
    return about | asdict(count) | {"currency": currency}


def _causes(world: World, sales: list[Sale], now: int) -> list[dict[str, Any]]:
    """Return per content what it brought: sales and net revenue by currency that would not have been without it."""
    brought: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        if sale.content is not None and sale.kind == "sale" and is_paid(sale, now):
            brought[sale.content].append(sale)
    return [
        {
            "content": content.id,
            "creator": content.creator,
            "sales": len(brought[content.id]),
            "net": {
                currency: sum(net_revenue(sale, now) for sale in brought[content.id] if sale.currency == currency)
                for currency in sorted({sale.currency for sale in brought[content.id]})
            },
        }
        for content in world.contents
    ]
