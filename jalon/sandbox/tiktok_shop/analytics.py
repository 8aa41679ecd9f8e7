"""Analytics of TikTok Shop, played: videos and LIVEs with what their product tags did.

Partner Center: Get Shop Video Performance List (202605), Get Shop Video Performance Details and Video Product
Performance List (202509), Get Shop LIVE Performance List (202609), Get Shop LIVE Products Performance List (202512).
Days are local to the shop, the end date is exclusive, figures are sums over the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from jalon.sandbox import paging
from jalon.sandbox.clock import Clock
from jalon.sandbox.measures import Count, Measures, total
from jalon.sandbox.money import decimal
from jalon.sandbox.tiktok_shop.envelope import ORDERS, Call, Refused, word
from jalon.sandbox.world import Content, World

_ACCOUNTS: dict[str, Callable[[Content], bool]] = {
    "ALL": lambda _: True,
    "OFFICIAL_ACCOUNTS": lambda content: not content.is_affiliate,
    "MARKETING_ACCOUNTS": lambda _: False,
    "AFFILIATE_ACCOUNTS": lambda content: content.is_affiliate,
}


CURRENCIES = frozenset({"USD", "LOCAL"})
"""In which money amounts are told; this shop's own is the dollar."""


class Analytics:
    """What the shop's content did, as shown by the clock."""

    def __init__(self, world: World, clock: Clock, measures: Measures) -> None:
        self._clock = clock
        self._measures = measures
        self._currency = world.tiktok_currency
        self._products = {product.sku: product for product in world.products}
        self._videos = {content.id: content for content in world.contents if content.kind == "VIDEO"}
        self._lives = {content.id: content for content in world.contents if content.kind == "LIVE"}

    def videos(self, call: Call) -> dict[str, Any]:
        """Answer GET /analytics/202605/shop_videos/performance."""
        start, end = _window(call.query)
        accounts = _accounts(call.query, usual="ALL")
        rows = [
            self._video(content, count)
            for content in self._videos.values()
            if accounts(content) and (count := self._sum(content.id, start, end))
        ]
        return self._page(call, "videos", _sorted(rows, call.query))

    def video_days(self, call: Call) -> dict[str, Any]:
        """Answer GET /analytics/202509/shop_videos/{video_id}/performance."""
        content = _known(self._videos, call.path["video_id"])
        start, end = _window(call.query)
        daily = call.query.get("granularity", "ALL") == "1D"
        spans = [(start + timedelta(days=n), 1) for n in range((end - start).days)] if daily else [(start, 0)]
        intervals = [self._interval(content, day, day + timedelta(days=1) if one else end) for day, one in spans]
        return {"performance": {"intervals": intervals}, "latest_available_date": self._latest()}

    def video_products(self, call: Call) -> dict[str, Any]:
        """Answer GET /analytics/202509/shop_videos/{video_id}/products/performance."""
        content = _known(self._videos, call.path["video_id"])
        start, end = _window(call.query)
        rows = [self._product(sku, count, (end - start).days) for sku, count in self._by_sku(content.id, start, end)]
        return self._page(call, "products", rows)

    def lives(self, call: Call) -> dict[str, Any]:
        """Answer GET /analytics/202609/shop_lives/performance."""
        start, end = _window(call.query)
        accounts = _accounts(call.query, usual=None)
        rows = [
            self._live(content, self._sum(content.id, start, end))
            for content in self._lives.values()
            if accounts(content) and start <= self._measures.local_day(content.posted_at) < end and self._over(content)
        ]
        return self._page(call, "live_stream_sessions", rows)

    def live_products(self, call: Call) -> dict[str, Any]:
        """Answer GET /analytics/202512/shop/{live_id}/products_performance."""
        content = _known(self._lives, call.path["live_id"])
        if content.is_affiliate:
            raise Refused(66009315, "No permission: products are shown for LIVEs of the shop's own accounts.")
        counts = self._by_sku(content.id, date.min, date.max)
        products = [self._live_product(sku, count) for sku, count in counts]
        return {"products": products} if products else {}

    def _over(self, content: Content) -> bool:
        return content.ended_at is not None and content.ended_at <= self._clock.now()

    def _latest(self) -> str:
        return self._measures.latest_day(self._clock.now()).isoformat()

    def _by_sku(self, content: str, start: date, end: date) -> list[tuple[str, Count]]:
        sums: dict[str, Count] = {}
        for _, sku, count in self._measures.rows(content, start, end, self._clock.now()):
            sums.setdefault(sku, Count()).add(count)
        return sorted(sums.items())

    def _sum(self, content: str, start: date, end: date) -> Count:
        return total(count for _, count in self._by_sku(content, start, end))

    def _page(self, call: Call, field: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        word(call.query, "currency", CURRENCIES, "USD")
        page, following = paging.cut(rows, call, paging.page_size(call.query, most=100, usual=10))
        listed = {field: list(page)} if page else {}
        ends = {"latest_available_date": self._latest(), "next_page_token": following, "total_count": len(rows)}
        return listed | ends

    def _money(self, minor: int) -> dict[str, str]:
        return {"amount": decimal(minor, self._currency), "currency": self._currency}

    def _per_thousand(self, count: Count) -> dict[str, str]:
        return self._money(count.gmv * 1000 // count.impressions if count.impressions else 0)

    def _video(self, content: Content, count: Count) -> dict[str, Any]:
        return {
            "id": content.id,
            "title": content.title,
            "username": content.creator,
            "video_post_time": str(content.posted_at),
            "creator": _creator(content),
            "views": count.impressions,
            "product_impressions": count.impressions,
            "product_clicks": count.clicks,
            "items_sold": count.units,
            "sku_orders": count.orders,
            "gmv": self._money(count.gmv),
            # The wider meaning of the unified attribution: direct and indirect together.
            "attributed_gmv": self._money(count.gmv * 5 // 4),
            "indirect_gmv": self._money(count.gmv * 5 // 4 - count.gmv),
            "gpm": self._per_thousand(count),
            "click_through_rate": _rate(count.clicks, count.impressions),
            "products": [self._named(sku) for sku in content.skus],
        }

    def _named(self, sku: str) -> dict[str, str]:
        return {"id": self._products[sku].tiktok_product_id, "name": self._products[sku].title}

    def _interval(self, content: Content, start: date, end: date) -> dict[str, Any]:
        by_sku = self._by_sku(content.id, start, end)
        whole = total(count for _, count in by_sku)
        breakdowns = [{"product_id": self._products[s].tiktok_product_id, **self._sales(c)} for s, c in by_sku]
        sales = {"overall": self._sales(whole)} | ({"breakdowns": breakdowns} if breakdowns else {})
        return {
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "sales": sales,
            "traffic": {"views": whole.impressions},
        }

    def _sales(self, count: Count) -> dict[str, Any]:
        return {
            "gmv": self._money(count.gmv),
            "gpm": self._per_thousand(count),
            "customers": count.orders,
            "items_sold": count.units,
            "ctr": _rate(count.clicks, count.impressions),
            "product_impressions": count.impressions,
            "product_clicks": count.clicks,
        }

    def _product(self, sku: str, count: Count, days: int) -> dict[str, Any]:
        return self._named(sku) | {
            "product_impressions": count.impressions,
            "product_clicks": count.clicks,
            "ctr": _rate(count.clicks, count.impressions),
            "units_sold": count.units,
            "customers": count.orders,
            "daily_avg_buyers": _rate(count.orders, days),
            "gmv": self._money(count.gmv),
            "gpm": self._per_thousand(count),
        }

    def _live(self, content: Content, count: Count) -> dict[str, Any]:
        return {
            "id": content.id,
            "title": content.title,
            "start_time": str(content.posted_at),
            "end_time": str(content.ended_at),
            "creator": _creator(content),
            "sales_performance": {
                "live_gmv": self._money(count.gmv),
                "live_attributed_gmv": self._money(count.gmv * 5 // 4),
                "live_indirect_gmv": self._money(count.gmv * 5 // 4 - count.gmv),
                "live_attributed_items_sold": count.units,
                "live_attributed_sku_orders": count.orders,
            },
            "traffic": {
                "views": count.impressions,
                "product_impressions": count.impressions,
                "product_clicks": count.clicks,
            },
        }

    def _live_product(self, sku: str, count: Count) -> dict[str, Any]:
        return self._named(sku) | {
            "sales": {
                "direct_gmv": self._money(count.gmv),
                "items_sold": count.units,
                "customers": count.orders,
                "sku_orders": count.orders,
                "main_orders": count.orders,
            },
            # "produt_clicks" is how the platform spells it.
            "traffic": {
                "product_impressions": count.impressions,
                "produt_clicks": count.clicks,
                "ctr": _rate(count.clicks, count.impressions),
            },
        }


def _creator(content: Content) -> dict[str, str]:
    kind = "AFFILIATE" if content.is_affiliate else "OFFICIAL"
    return {"user_name": content.creator, "nick_name": content.creator.title(), "author_type": kind}


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "0.0000"


def _window(query: Mapping[str, str]) -> tuple[date, date]:
    try:
        start, end = date.fromisoformat(query["start_date_ge"]), date.fromisoformat(query["end_date_lt"])
    except (KeyError, ValueError) as error:
        message = "Invalid 'start_date_ge' or 'end_date_lt' query parameter: give YYYY-MM-DD."
        raise Refused(36009004, message) from error
    if start >= end:
        raise Refused(36009004, "Invalid dates: 'end_date_lt' is exclusive and must be after 'start_date_ge'.")
    return start, end


def _accounts(query: Mapping[str, str], *, usual: str | None) -> Callable[[Content], bool]:
    """Return the filter of `account_type`; the LIVE list requires it and knows no ALL."""
    word = query.get("account_type", usual)
    if word not in _ACCOUNTS or (word == "ALL" and usual is None):
        raise Refused(36009004, "Invalid 'account_type' query parameter.")
    return _ACCOUNTS[word]


def _known(contents: Mapping[str, Content], identity: str) -> Content:
    if identity not in contents:
        raise Refused(36009004, "The content does not exist or does not belong to the shop.")
    return contents[identity]


_NUMBERS: dict[str, Callable[[dict[str, Any]], float]] = {
    "gmv": lambda row: float(row["gmv"]["amount"]),
    "gpm": lambda row: float(row["gpm"]["amount"]),
    "items_sold": lambda row: float(row["items_sold"]),
    "sku_orders": lambda row: float(row["sku_orders"]),
    "avg_customers": lambda row: float(row["sku_orders"]),
    "click_through_rate": lambda row: float(row["click_through_rate"]),
    "views": lambda row: float(row["views"]),
    "post_time": lambda row: float(row["video_post_time"]),
}


def _sorted(rows: Iterable[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    field = word(query, "sort_field", _NUMBERS, "gmv")
    newest_first = word(query, "sort_order", ORDERS, "DESC") == "DESC"
    return sorted(rows, key=lambda row: (_NUMBERS[field](row), row["id"]), reverse=newest_first)
