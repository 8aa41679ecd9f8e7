"""What was spent on advertising and what it claims, played.

Money and clicks are drawn from (seed, what it is, day) alone. GMV Max claims every paid order of its products, organic
ones too, whoever led to it; an order is claimed up to six days after it was placed. Of videos and LIVEs it tells those
orders that the platform credits to them, of a product's card the rest of the product's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from random import Random
from typing import NamedTuple

from jalon.sandbox.tiktok_business.words import local_day
from jalon.sandbox.world import Content, World

LATEST = 6
"""Days after an order until it is claimed."""
SHOWN = timedelta(days=21)
"""How long money is spent on a video."""
_BASE = 1_812_345_678_900_000


class Figures(NamedTuple):
    """What was spent (minor units), and what is claimed for it."""

    cost: int = 0
    orders: int = 0
    gmv: int = 0

    def plus(self, *others: Figures) -> Figures:
        """Return all of these figures as one."""
        return Figures(*(sum(each) for each in zip(self, *others, strict=True)))


class Ad(NamedTuple):
    """One ad, its ad group and its campaign."""

    id: str
    group: str
    campaign: str


class AdFigures(NamedTuple):
    """What an ad did on one day; money in minor units."""

    spend: int
    impressions: int
    clicks: int
    conversion: int


class Claim(NamedTuple):
    """One paid line of an order in the shop."""

    money: int
    content: str | None
    late: int


@dataclass(frozen=True)
class Selling:
    """The advertising of one ad account: six ads, two GMV Max campaigns for products, one for LIVEs."""

    world: World

    @cached_property
    def ads(self) -> list[Ad]:
        """Return the ads."""
        return [Ad(_id(300 + n), _id(200 + n // 2), _id(100 + n // 3)) for n in range(6)]

    @cached_property
    def product_campaigns(self) -> dict[str, list[str]]:
        """Return the GMV Max campaigns for products, and the SKUs in each."""
        skus = sorted(product.sku for product in self.world.products)
        return {_id(500): skus[::2], _id(501): skus[1::2]}

    @property
    def live_campaign(self) -> str:
        """Return the GMV Max campaign for LIVEs."""
        return _id(510)

    @cached_property
    def videos(self) -> dict[str, list[Content]]:
        """Return the videos by SKU that is tagged in them."""
        found: dict[str, list[Content]] = defaultdict(list)
        for content in self.world.contents:
            if content.kind == "VIDEO":
                for sku in content.skus:
                    found[sku].append(content)
        return found

    @cached_property
    def lives(self) -> list[Content]:
        """Return the LIVEs."""
        return [content for content in self.world.contents if content.kind == "LIVE"]

    @cached_property
    def _claims(self) -> dict[tuple[str, date], list[Claim]]:
        found: dict[tuple[str, date], list[Claim]] = defaultdict(list)
        for sale in self.world.sales:
            paid = any(change.kind == "paid" for change in sale.changes)
            if sale.platform == "tiktok_shop" and sale.kind == "sale" and paid:
                for number, line in enumerate(sale.lines):
                    late = Random(f"{sale.order_id}/{number}").randrange(LATEST + 1)
                    day = local_day(sale.placed_at)
                    found[line.sku, day].append(Claim(line.paid, sale.credited, late))
        return found

    # --- GMV Max

    def of_product(self, sku: str, day: date, now: float) -> Figures:
        """Return the figures of a product on a day: all of its orders."""
        cost = sum(self._cost(video, sku, day, now) for video in self.videos[sku])
        return Figures(cost).plus(self._claimed(sku, day, now))

    def of_video(self, sku: str, video: Content, day: date, now: float) -> Figures:
        """Return the figures of a product in a video on a day."""
        return Figures(self._cost(video, sku, day, now)).plus(self._claimed(sku, day, now, video.id))

    def of_card(self, sku: str, day: date, now: float) -> Figures:
        """Return the figures of a product's card on a day: what of the product none of its videos has."""
        whole = self.of_product(sku, day, now)
        videos = Figures().plus(*(self.of_video(sku, video, day, now) for video in self.videos[sku]))
        return Figures(*(all_of_it - shown for all_of_it, shown in zip(whole, videos, strict=True)))

    def of_live(self, live: Content, day: date, now: float) -> Figures:
        """Return the figures of a LIVE on a day, over all products."""
        begun = local_day(live.posted_at) == day and live.posted_at <= now and self._running(day)
        spent = Figures(_drawn(self.world.seed, live.id, day) if begun else 0)
        return spent.plus(*(self._claimed(sku, day, now, live.id) for sku in live.skus))

    def of_campaign(self, campaign: str, day: date, now: float) -> Figures:
        """Return the figures of a campaign on a day."""
        if campaign == self.live_campaign:
            parts = [self.of_live(live, day, now) for live in self.lives]
        else:
            parts = [self.of_product(sku, day, now) for sku in self.product_campaigns[campaign]]
        return Figures().plus(*parts)

    def _cost(self, video: Content, sku: str, day: date, now: float) -> int:
        posted = local_day(video.posted_at)
        age = (local_day(now) - day).days
        if age < 0 or video.posted_at > now or not posted <= day <= posted + SHOWN or not self._running(day):
            return 0
        cost = _drawn(self.world.seed, f"{video.id}/{sku}", day)
        return cost if age else cost // 2

    def _claimed(self, sku: str, day: date, now: float, content: str | None = None) -> Figures:
        age = (local_day(now) - day).days
        lines = [
            claim
            for claim in self._claims.get((sku, day), ())
            if claim.late <= age and (content is None or claim.content == content) and self._running(day)
        ]
        return Figures(0, len(lines), sum(claim.money for claim in lines))

    def _running(self, day: date) -> bool:
        return day >= local_day(self.world.start)

    # --- ads

    def ad_days(self, first: date, last: date, now: float) -> Iterator[tuple[Ad, date, AdFigures]]:
        """Yield each ad on each day on which it did something, by now."""
        for ad in self.ads:
            day = first
            while day <= min(last, local_day(now)):
                if self._running(day) and (figures := self._ad(ad, day, now)):
                    yield ad, day, figures
                day += timedelta(days=1)

    def _ad(self, ad: Ad, day: date, now: float) -> AdFigures | None:
        rng = Random(f"{self.world.seed}/tiktok_ads/{ad.id}/{day.toordinal()}")
        if rng.random() < 0.2:
            return None
        impressions, age = rng.randrange(300, 5000), (local_day(now) - day).days
        clicks, bought = impressions * rng.randrange(5, 30) // 1000, rng.randrange(0, 8)
        part = 1 if age else 2
        return AdFigures(impressions * 7 // 10 // part, impressions // part, clicks // part, bought * min(age, 7) // 7)


@lru_cache(maxsize=1 << 16)
def _drawn(seed: int, what: str, day: date) -> int:
    rng = Random(f"{seed}/gmv_max/{what}/{day.toordinal()}")
    return rng.randrange(40, 900) if rng.random() < 0.6 else 0


def _id(number: int) -> str:
    return str(_BASE + number)
