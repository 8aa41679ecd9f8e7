"""The brand's advertisements, played: what each cost, showed and claimed on a day, and how that is restated.

Everything is drawn from (seed, ad, day) alone. Money and clicks of a day stand the day after it; purchases come in for
28 days, since a click may lead to one that much later. Some that were claimed for a view at first are taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jalon.sandbox.world import World

ZONE = "America/New_York"
CURRENCY = "USD"
RESTATED_DAYS = 28
DOUBTED_DAYS = 3
"""Days after which a claim for a view is taken back, where it was none."""
STATUSES = {1: "PAUSED", 2: "DELETED", 5: "ARCHIVED", 6: "DELETED"}
"""Ads that do not run any more, by number; what they did stays."""
SHOWS_PRODUCTS = 3
"""Products that an ad out of the catalogue shows."""
_BASE = 120_226_305_854_810_000


@dataclass(frozen=True, slots=True)
class Ad:
    """One ad, the ad set and the campaign that it is in, and the SKUs that it shows out of the catalogue."""

    id: str
    adset: str
    campaign: str
    skus: tuple[str, ...]
    status: str = "ACTIVE"


class Figures(NamedTuple):
    """What an ad did on a day; money in minor units. Purchases by window: 7 days after a click, 1 day after a view."""

    spend: int = 0
    impressions: int = 0
    clicks: int = 0
    link_clicks: int = 0
    outbound_clicks: int = 0
    by_click: int = 0
    by_view: int = 0
    by_late_click: int = 0
    """Of clicks 8 to 28 days before: in the window of 28 days alone."""
    worth: int = 0
    """Of one purchase; the same in all ads of a day."""


def together(one: Figures, other: Figures) -> Figures:
    """Return two figures of one day as one."""
    return Figures._make(a + b for a, b in zip(one, other, strict=True))._replace(worth=one.worth or other.worth)


def ads_of(world: World) -> list[Ad]:
    """Return the ads: two campaigns of four ads each, the second out of the catalogue; one of each is deleted."""
    rng = Random(f"{world.seed}/ads")
    skus = [product.sku for product in world.products]
    made = []
    for number in range(8):
        campaign, adset = number // 4, number // 2
        shown = tuple(rng.sample(skus, min(SHOWS_PRODUCTS, len(skus)))) if campaign else ()
        status = STATUSES.get(number, "ACTIVE")
        made.append(Ad(_id(300 + number), _id(200 + adset), _id(100 + campaign), shown, status))
    return made


def _id(number: int) -> str:
    return str(_BASE + number)


def product_id(sku: str) -> str:
    """Return the catalogue's id of a product: another one than on any other edge."""
    return str(5_209_000_000_000_000 + Random(sku).randrange(10**12))


def today(now: float) -> date:
    """Return the account's day at a unix time."""
    return datetime.fromtimestamp(now, ZoneInfo(ZONE)).date()


def shown(world: World, ad: Ad, day: date, now: float, void_after: float = 0) -> Figures:
    """Return what the platform tells at `now` of an ad on a day: nothing of days to come, part of the day that runs.

    After so many days (0: never) all that an ad did on one day in three is found to be void.
    """
    age = (today(now) - day).days
    if 0 < void_after < age and Random(f"{world.seed}/void/{ad.id}/{day.toordinal()}").random() < 1 / 3:
        return Figures()
    if age < 0 or day < today(world.start) or age > (today(now) - today(world.start)).days:
        return Figures()
    whole = drawn(world.seed, ad.id, day)
    counted = [figure // 2 if age == 0 else figure for figure in whole[:5]]
    come = [purchases * min(age + 1, RESTATED_DAYS) // RESTATED_DAYS for purchases in whole[5:8]]
    told = Figures._make([*counted, *come, whole.worth])
    return told._replace(by_view=told.by_view + _doubtful(world.seed, ad.id, day)) if age < DOUBTED_DAYS else told


def _doubtful(seed: int, ad: str, day: date) -> int:
    """Return how many purchases are claimed for views of a day that are taken back later; none of a day of rest."""
    if not drawn(seed, ad, day).impressions:
        return 0
    return int(Random(f"{seed}/doubtful/{ad}/{day.toordinal()}").random() < 0.4)


@lru_cache(maxsize=4096)
def drawn(seed: int, ad: str, day: date) -> Figures:
    """Return what an ad did on a day in the end; on some days it rests."""
    rng = Random(f"{seed}/ads/{ad}/{day.toordinal()}")
    if rng.random() < 0.15:
        return Figures()
    impressions = rng.randrange(200, 3000)
    clicks = impressions * rng.randrange(8, 30) // 1000
    link = clicks * rng.randrange(50, 90) // 100
    by_click = rng.randrange(0, 6)
    return Figures(
        spend=impressions * rng.randrange(60, 140) // 100,
        impressions=impressions,
        clicks=clicks,
        link_clicks=link,
        outbound_clicks=link * 9 // 10,
        by_click=by_click,
        by_view=rng.randrange(0, 3),
        by_late_click=rng.randrange(0, 2),
        worth=Random(f"{seed}/worth/{day.toordinal()}").randrange(1500, 9000),
    )


def by_product(ad: Ad, whole: Figures) -> dict[str, Figures]:
    """Split an ad's figures over the products that it shows; a rest is left to the first."""
    parts = len(ad.skus)
    if not parts:
        return {}
    each = Figures._make(figure // parts for figure in whole)._replace(worth=whole.worth)
    rest = Figures._make(a - b * parts for a, b in zip(whole, each, strict=True))._replace(worth=whole.worth)
    return {sku: each if number else together(each, rest) for number, sku in enumerate(ad.skus)}
