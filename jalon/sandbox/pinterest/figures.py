"""What is counted on Pinterest in the played brand, and how late it becomes known.

A day is PROCESSING while it lasts and on the day after, without figures; an ESTIMATE, a little low, for one day more;
READY from then on. Conversions credited to an ad's day come in over the ten days after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import exp
from random import Random
from typing import Literal, NamedTuple

from jalon.sandbox import posts
from jalon.sandbox.world import Post, Product, World

Status = Literal["READY", "ESTIMATE", "PROCESSING", "BEFORE_PIN_CREATED"]

ONE_DAY = timedelta(days=1)
STRANGERS = 56
"""Strangers' Pins of the brand's products: more than the 50 that the platform shows."""
ADS_PER_CAMPAIGN = 3
COMES_IN = 10
"""Days over which the conversions of an ad's day are counted."""

_BASES = {"product": 903_972_677_830_000_000, "stranger": 642_396_334_344_000_000, "ad": 687_201_000_000}


class Counts(NamedTuple):
    """How a Pin was looked at on one UTC day, in the platform's words."""

    IMPRESSION: int = 0
    PIN_CLICK: int = 0
    OUTBOUND_CLICK: int = 0
    SAVE: int = 0

    @property
    def engagement(self) -> int:
        """Return all that people did with it."""
        return self.PIN_CLICK + self.OUTBOUND_CLICK + self.SAVE


@dataclass(frozen=True, slots=True)
class Pin:
    """One Pin that the brand, or somebody else, has made."""

    id: str
    creative_type: str
    title: str
    made_at: int
    post: Post | None = None
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad that shows a Pin, within a campaign."""

    id: str
    campaign: str
    group: str
    pin: Pin


def day_of(at: float) -> date:
    """Return the UTC day of a unix time."""
    return datetime.fromtimestamp(at, UTC).date()


def days(first: date, last: date) -> Iterator[date]:
    """Yield the days from first to last, both included."""
    while first <= last:
        yield first
        first += ONE_DAY


def status(day: date, today: date, made: date | None = None) -> Status:
    """Return how firm the figures of a day are as of `today`."""
    if made is not None and day < made:
        return "BEFORE_PIN_CREATED"
    age = (today - day).days
    return "READY" if age > 2 else "ESTIMATE" if age == 2 else "PROCESSING"


class Figures:
    """All that is counted over one world."""

    def __init__(self, world: World) -> None:
        self._seed = world.seed
        self.own = [_of_post(post) for post in world.posts if post.network == "pinterest"]
        self.products = [_of_product(number, product) for number, product in enumerate(world.products)]
        self.strangers = [_of_stranger(number, world) for number in range(STRANGERS)]
        self.ads = [_ad(number, pin) for number, pin in enumerate(self.own[: 2 * ADS_PER_CAMPAIGN])]
        self._counts: dict[tuple[str, date], Counts] = {}

    def final(self, pin: Pin, day: date) -> Counts:
        """Return what a day's figures will be once it is READY."""
        if (pin.id, day) not in self._counts:
            self._counts[pin.id, day] = self._draw(pin, day)
        return self._counts[pin.id, day]

    def shown(self, pin: Pin, day: date, today: date) -> tuple[Status, Counts | None]:
        """Return a day's status and figures as the platform shows them on `today`; None where it shows none."""
        firm = status(day, today, day_of(pin.made_at))
        if firm in ("PROCESSING", "BEFORE_PIN_CREATED"):
            return firm, None
        counts = self.final(pin, day)
        return firm, Counts(*(value * 9 // 10 for value in counts)) if firm == "ESTIMATE" else counts

    def total(self, pin: Pin, first: date, today: date) -> Counts:
        """Return the sums over the READY days from `first` on."""
        found = [self.final(pin, day) for day in days(max(first, day_of(pin.made_at)), today - 3 * ONE_DAY)]
        return Counts(*map(sum, zip(*found, strict=True))) if found else Counts()

    def ad_row(self, ad: Ad, day: date, today: date, moved_after: float = 0, void_after: float = 0) -> dict[str, int]:
        """Return an ad's figures of a day as known on `today`; what is not known is left out, and so is a zero.

        After so many days (0: never) the conversions of every other day are found to be those of a later ad, and all
        that an ad did on one day in three is found to be void.
        """
        if day < day_of(ad.pin.made_at) or day >= today or self._is_void(ad.id, day, today, void_after):
            return {}
        rng = Random(f"{self._seed}/ad/{ad.id}/{day.toordinal()}")
        paid, spend = rng.randrange(200, 900), rng.randrange(1_000_000, 9_000_000)
        visits, orders = rng.randrange(12), rng.randrange(6)
        known = orders * min(COMES_IN, (today - day).days) // COMES_IN
        if 0 < moved_after < (today - day).days and day.toordinal() % 2:
            known = 0
        row = {
            "SPEND_IN_MICRO_DOLLAR": spend,
            "IMPRESSION_1": paid,
            "IMPRESSION_2": paid // 9,
            "CLICKTHROUGH_1": paid // 20,
            "OUTBOUND_CLICK_1": paid // 40,
            "OUTBOUND_CLICK_2": paid // 300,
            "IDEA_PIN_PRODUCT_TAG_VISIT_1": visits,
            "IDEA_PIN_PRODUCT_TAG_VISIT_2": visits // 3,
            "TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT": visits + visits // 3,
            "TOTAL_CHECKOUT": known,
            "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR": known * 27_980_000,
            "TOTAL_ADD_TO_CART": 2 * known,
        }
        return {name: value for name, value in row.items() if value}

    def item_row(self, pin: Pin, day: date, today: date, void_after: float = 0) -> dict[str, int]:
        """Return a product's figures in ads on a day, as known on `today`; void as those of ads are."""
        if day >= today or self._is_void(pin.id, day, today, void_after):
            return {}
        rng = Random(f"{self._seed}/item/{pin.id}/{day.toordinal()}")
        if rng.random() < 0.6:
            return {}
        paid = rng.randrange(20, 200)
        row = {
            "SPEND_IN_MICRO_DOLLAR": paid * 12_345,
            "IMPRESSION_1": paid,
            "CLICKTHROUGH_1": paid // 20,
            "OUTBOUND_CLICK_1": paid // 40,
        }
        return {name: value for name, value in row.items() if value}

    def _is_void(self, what: str, day: date, today: date, after: float) -> bool:
        if not 0 < after < (today - day).days:
            return False
        return Random(f"{self._seed}/void/{what}/{day.toordinal()}").random() < 1 / 3

    def _draw(self, pin: Pin, day: date) -> Counts:
        if pin.post is not None:
            looks = posts.looks(self._seed, pin.post, day)
            return Counts(looks.views, looks.likes, looks.clicks, looks.saves)
        rng = Random(f"{self._seed}/looks/{pin.id}/{day.toordinal()}")
        seen = int(rng.uniform(0, 60) * exp(-(day - day_of(pin.made_at)).days / 200))
        return Counts(seen, seen // 6, seen // 15, seen // 12)


def _of_post(post: Post) -> Pin:
    return Pin(post.id, "VIDEO" if post.kind == "video_pin" else "REGULAR", post.title, post.posted_at, post=post)


def _of_product(number: int, product: Product) -> Pin:
    identity = str(_BASES["product"] + number * 1_000_003)
    return Pin(identity, "SHOPPING", product.title, product.created_at, product=product)


def _of_stranger(number: int, world: World) -> Pin:
    return Pin(str(_BASES["stranger"] + number * 1_000_003), "REGULAR", f"Saved {number}", world.start - 30 * 86_400)


def _ad(number: int, pin: Pin) -> Ad:
    campaign = 626_744_128_000 + number // ADS_PER_CAMPAIGN
    return Ad(str(_BASES["ad"] + number), str(campaign), str(campaign + 10_000), pin)
