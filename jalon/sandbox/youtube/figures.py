"""What the played YouTube counts: how a video was looked at on a day, late, then restated; and what affiliates sold.

A day is one of Pacific time (of the merchant's zone for affiliate sales). Figures of a day are shown once its group is
ready, first nine tenths of them; two days later all. Net sales sink when the returns come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jalon.sandbox.posts import Looks, looks
from jalon.sandbox.world import Post, World
from jalon.sandbox.youtube.words import PACIFIC, midnight, today

DAY = 86_400
READY = {"activity": 30 * 3600, "cards": 54 * 3600, "end_screens": 54 * 3600}
"""Seconds after the end of a day at which a group of metrics is there."""
RESTATED = 2 * DAY
RETURNED_AFTER = 6
"""Days after which a quarter of the affiliate orders comes back."""
MERCHANT_ZONE = ZoneInfo("Europe/Paris")
MONDAY = 0

GROUPS = {
    "views": "activity",
    "engagedViews": "activity",
    "estimatedMinutesWatched": "activity",
    "likes": "activity",
    "shares": "activity",
    "subscribersGained": "activity",
    "cardImpressions": "cards",
    "cardClicks": "cards",
    "cardTeaserImpressions": "cards",
    "cardTeaserClicks": "cards",
    "endScreenElementImpressions": "end_screens",
    "endScreenElementClicks": "end_screens",
}
"""Metric of Analytics -> the group that it becomes ready with."""


class Sold(NamedTuple):
    """What affiliates brought on a day; money in minor units."""

    views: int
    clicks: int
    orders: int
    gross: int
    net: int

    @property
    def commissions(self) -> int:
        """Return what creators get: 15 % of what is left after returns."""
        return self.net * 15 // 100

    def plus(self, other: Sold) -> Sold:
        """Return both together."""
        return Sold(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Figures:
    """The counts of one channel's videos."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.posts = tuple(post for post in world.posts if post.network == "youtube")
        self.currency = world.tiktok_currency
        self._prices = {product.sku: product.prices[self.currency] for product in world.products}

    def up(self, now: float) -> list[Post]:
        """Return the videos that can be seen, the newest first."""
        return [post for post in reversed(self.posts) if post.is_up(now)]

    def totals(self, post: Post, now: float) -> Looks:
        """Return a video's counters since it began; on Mondays a part of the views is found to be none."""
        until = today(now)
        first = today(post.posted_at) - timedelta(days=1)
        days = [looks(self._world.seed, post, first + timedelta(days=n)) for n in range((until - first).days + 1)]
        summed = Looks(*(sum(column) for column in zip(*days, strict=True)))
        return summed._replace(views=summed.views * 97 // 100) if until.weekday() == MONDAY else summed

    # --- Analytics

    def latest(self, group: str, now: float) -> date:
        """Return the last day that is there for a group."""
        return today(now - READY[group]) - timedelta(days=1)

    def metrics(self, post: Post, on: date, now: float) -> dict[str, int]:
        """Return the metrics of a video on a day as Analytics shows them now."""
        ready = midnight(on + timedelta(days=1)) + max(READY.values())
        return {name: self.shown(count, now - ready) for name, count in self.whole(post, on).items()}

    def shown(self, count: int, age: float) -> int:
        """Return how much of a count is shown so many seconds after it became ready."""
        return count if age >= RESTATED else count * 9 // 10

    def whole(self, post: Post, on: date) -> dict[str, int]:
        """Return the metrics of a video on a day once they are final."""
        seen = looks(self._world.seed, post, on)
        return {
            "views": seen.views,
            "engagedViews": seen.views * 2 // 3,
            "estimatedMinutesWatched": seen.views * 3 // 2,
            "likes": seen.likes,
            "shares": seen.shares,
            "subscribersGained": seen.likes // 20,
            "cardImpressions": seen.views // 3,
            "cardClicks": seen.clicks,
            "cardTeaserImpressions": seen.views // 2,
            "cardTeaserClicks": seen.clicks * 2,
            "endScreenElementImpressions": seen.views // 4,
            "endScreenElementClicks": seen.clicks // 2,
        }

    # --- the affiliate programme

    def sold(self, post: Post, on: date, now: float) -> Sold:
        """Return what a video brought on a day of the merchant's zone, as it stands now."""
        seen = looks(self._world.seed, post, on)
        age = now - midnight(on + timedelta(days=1), MERCHANT_ZONE)
        if not post.skus or not seen.clicks or age < 0:
            return Sold(0, 0, 0, 0, 0)
        orders, price = (seen.clicks + 1) // 2, self._prices[post.skus[0]]
        back = (orders + 3) // 4 if age >= RETURNED_AFTER * DAY else 0
        return Sold(seen.views, seen.clicks, orders, orders * price, (orders - back) * price)

    def sales_of(self, on: date, now: float) -> Iterator[tuple[Post, Sold]]:
        """Yield the videos with product clicks on a day."""
        for post in self.posts:
            found = self.sold(post, on, now)
            if found.clicks:
                yield post, found

    def days(self, now: float, zone: ZoneInfo = PACIFIC) -> list[date]:
        """Return the days on which anything may have been counted, until now."""
        first, last = today(self._world.start, zone), today(now, zone)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
