"""The Merchant API's reports on the affiliate programme, played: POST …/reports:search with a query as text.

Own reading of the v1alpha reference: the date must be asked for and cannot be selected, counts are text, money is in
millionths, only what was selected is shown.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta
from typing import Any

from jalon.sandbox.clock import Clock
from jalon.sandbox.youtube.data import CHANNEL, MERCHANT
from jalon.sandbox.youtube.figures import Figures, Sold
from jalon.sandbox.youtube.words import Call, Refused, day, known, page

CONTENTS, PRODUCTS = "youtube_content_performance_view", "youtube_product_tagged_stats_view"
_FIGURES = {"views", "clicks", "orders", "gross_sales", "net_sales", "commissions"}
COLUMNS = {
    CONTENTS: _FIGURES | {"video_id", "channel_id", "tagged_product_ids"},
    PRODUCTS: _FIGURES | {"offer_id", "impressions"},
}
MOST_DAYS = 90
USUAL_ROWS, MOST_ROWS = 1000, 5000
_QUERY = re.compile(
    r"SELECT (?P<columns>[a-z_, ]+) FROM (?P<view>[a-z_]+) "
    r"WHERE date BETWEEN '(?P<first>[0-9-]+)' AND '(?P<last>[0-9-]+)'"
)


class Merchant:
    """Answers of the Merchant API.

    `limits`: `rows_on_a_page` (the most that a page holds, whatever was asked for), `unregistered` (1: the client's
    project was never registered with the account, without which no question is answered).
    """

    def __init__(self, figures: Figures, clock: Clock, limits: dict[str, float]) -> None:
        self._figures = figures
        self._clock = clock
        self._limits = limits

    def search(self, call: Call) -> dict[str, Any]:
        """Answer POST /reports/v1alpha/accounts/{account}/reports:search."""
        if self._limits["unregistered"]:
            said = "GCP project is not registered with the merchant account."
            raise Refused(401, "unauthorized", said, exact="GCP_NOT_REGISTERED")
        if call.path["account"] != MERCHANT:
            raise Refused(403, "", "The caller does not have access to the account.")
        known(call.words, "query", "pageSize", "pageToken")
        asked = _QUERY.fullmatch(str(call.words.get("query", "")))
        if asked is None or asked["view"] not in COLUMNS:
            raise Refused(400, "", "The query is not valid: a condition on `date` is required.")
        columns = [name.strip() for name in asked["columns"].split(",")]
        if unknown := set(columns) - COLUMNS[asked["view"]]:
            raise Refused(400, "", f"{min(unknown)} cannot be selected.")
        if len(set(columns)) < len(columns):
            raise Refused(400, "", "A field is selected twice.")
        first, last = day(asked["first"], "date"), day(asked["last"], "date")
        if (last - first).days > MOST_DAYS:
            raise Refused(429, "", "The report is too large; reduce the range of dates.")
        return self._page(call, asked["view"], columns, first, last)

    def _page(self, call: Call, view: str, columns: list[str], first: date, last: date) -> dict[str, Any]:
        size, token = call.words.get("pageSize", 0), call.words.get("pageToken", "")
        if type(size) is not int or size < 0 or not isinstance(token, str):
            raise Refused(400, "", "Request contains an invalid argument.")
        wanted = min(size or USUAL_ROWS, MOST_ROWS, int(self._limits["rows_on_a_page"]) or MOST_ROWS)
        mark, _, of = token.partition(".")
        if token and of != _digest(call.words["query"]):
            raise Refused(400, "", "The page token is not one of this query.")
        found, following = page(self.rows(view, first, last), mark, wanted)
        following = following and f"{following}.{_digest(call.words['query'])}"
        member = _camel(view)
        shown = [{member: {_camel(name): row[name] for name in columns if name in row}} for row in found]
        return ({"results": shown} if shown else {}) | ({"nextPageToken": following} if following else {})

    def rows(self, view: str, first: date, last: date) -> list[dict[str, Any]]:
        """Return the rows of a view over a range of days, as they stand now."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        videos: dict[str, tuple[tuple[str, ...], Sold]] = {}
        for on in days:
            for post, sold in self._figures.sales_of(on, self._clock.now()):
                before = videos.get(post.id)
                videos[post.id] = post.skus, sold.plus(before[1]) if before else sold
        return self._contents(videos) if view == CONTENTS else self._products(videos)

    def _contents(self, videos: dict[str, tuple[tuple[str, ...], Sold]]) -> list[dict[str, Any]]:
        return [
            {"video_id": video, "channel_id": CHANNEL, **self._figures_of(sold), "tagged_product_ids": list(skus)}
            for video, (skus, sold) in sorted(videos.items())
        ]

    def _products(self, videos: dict[str, tuple[tuple[str, ...], Sold]]) -> list[dict[str, Any]]:
        """Return each product's figures: those of a video go to the first product that is tagged in it."""
        by_sku: dict[str, Sold] = {}
        for skus, sold in videos.values():
            by_sku[skus[0]] = by_sku[skus[0]].plus(sold) if skus[0] in by_sku else sold
        return [
            {"offer_id": sku, "impressions": str(sold.views * 2), **self._figures_of(sold)}
            for sku, sold in sorted(by_sku.items())
        ]

    def _figures_of(self, sold: Sold) -> dict[str, Any]:
        return {
            "views": str(sold.views),
            "clicks": str(sold.clicks),
            "orders": str(sold.orders),
            "gross_sales": self._price(sold.gross),
            "net_sales": self._price(sold.net),
            "commissions": self._price(sold.commissions),
        }

    def _price(self, minor: int) -> dict[str, str]:
        return {"amountMicros": str(minor * 10_000), "currencyCode": self._figures.currency}


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=4).hexdigest()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
