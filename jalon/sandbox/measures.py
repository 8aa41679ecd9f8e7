"""What a platform counts over content: views and tag clicks of people, sales it credits; late, then restated.

A count of day D is first shown on D+1 and grows for some days. `shown` is the curve; everything the played platform
tells about content goes through it, and so does the truth, which says what the platform shows *now*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from jalon.sandbox.world import Sale, World

READY_AT = 6 * 3600
"""Seconds after local midnight at which the day before is ready."""
CURVE = (50, 80, 93, 98, 100)
"""Per cent of a day's counts that are shown 0, 1, 2, 3 and 4 or more days after it."""


@dataclass(slots=True)
class Count:
    """Counts of one content and SKU on one local day; `gmv` in minor units."""

    impressions: int = 0
    clicks: int = 0
    units: int = 0
    orders: int = 0
    gmv: int = 0

    def shown(self, percent: int) -> Count:
        """Return what is shown of it while `percent` of the day has been counted, rounded down."""
        return Count(
            self.impressions * percent // 100,
            self.clicks * percent // 100,
            self.units * percent // 100,
            self.orders * percent // 100,
            self.gmv * percent // 100,
        )

    def add(self, other: Count) -> None:
        """Add another count to this one."""
        self.impressions += other.impressions
        self.clicks += other.clicks
        self.units += other.units
        self.orders += other.orders
        self.gmv += other.gmv

    def __bool__(self) -> bool:
        """Tell whether anything was counted."""
        return bool(self.impressions or self.clicks or self.units or self.orders or self.gmv)


Counts = defaultdict[str, defaultdict[date, defaultdict[str, Count]]]


class Measures:
    """Counts per content, SKU and local day of the shop, as the platform shows them at a moment."""

    def __init__(self, world: World) -> None:
        self._zone = ZoneInfo(world.tiktok_timezone)
        self._lives = {content.id: content for content in world.contents if content.ended_at is not None}
        self._tags = {content.id: frozenset(content.skus) for content in world.contents}
        self._local_days: dict[int, date] = {}
        self._world = world

    @cached_property
    def _days(self) -> dict[str, dict[date, dict[str, Count]]]:
        """Counts by content, day and SKU; made when they are first asked for."""
        days: Counts = defaultdict(lambda: defaultdict(lambda: defaultdict(Count)))
        for exposure in self._world.exposures:
            count = days[exposure.content][self._day(exposure.content, exposure.at)][exposure.sku]
            count.impressions += 1
            count.clicks += exposure.clicked
        for sale in self._world.sales:
            if sale.credited is not None:
                self._credit(days, sale, sale.credited)
        return {content: {day: dict(skus) for day, skus in found.items()} for content, found in days.items()}

    def _day(self, content: str, at: int) -> date:
        # A LIVE is counted as one session, on the day it began.
        return self.local_day(self._lives[content].posted_at if content in self._lives else at)

    def _credit(self, days: Counts, sale: Sale, content: str) -> None:
        """Count a paid sale for the content that the platform credits; what is returned later stays counted."""
        paid = any(change.kind == "paid" for change in sale.changes)
        if sale.kind != "sale" or not paid:
            return
        for line in sale.lines:
            if line.sku in self._tags[content]:
                count = days[content][self._day(content, sale.placed_at)][line.sku]
                count.units += line.quantity
                count.orders += 1
                count.gmv += line.paid

    def local_day(self, at: int) -> date:
        """Return the shop's local date at a unix time."""
        quarter = at // 900  # offsets of time zones are whole quarters of an hour
        if quarter not in self._local_days:
            self._local_days[quarter] = datetime.fromtimestamp(at, UTC).astimezone(self._zone).date()
        return self._local_days[quarter]

    def latest_day(self, now: float) -> date:
        """Return the last local day that is ready at `now`."""
        return self.local_day(int(now) - READY_AT) - timedelta(days=1)

    def percent(self, day: date, now: float) -> int:
        """Return how much of `day` has been counted at `now`; a day that is not ready yet shows a part."""
        age = (self.latest_day(now) - day).days + 1
        return 0 if age < 0 else CURVE[min(age, len(CURVE) - 1)]

    def rows(self, content: str, start: date, end: date, now: float) -> Iterator[tuple[date, str, Count]]:
        """Yield (local day, SKU, what is shown at `now`) of a content for the days in [start, end), oldest first.

        Days on which nothing is shown yet are left out.
        """
        for day, skus in sorted(self._days.get(content, {}).items()):
            percent = self.percent(day, now)
            if start <= day < end and percent and not self._unfinished(content, now):
                for sku, count in sorted(skus.items()):
                    if shown := count.shown(percent):
                        yield day, sku, shown

    def _unfinished(self, content: str, now: float) -> bool:
        """A LIVE has figures when it is over."""
        live = self._lives.get(content)
        return live is not None and (live.ended_at or 0) > now


def total(counts: Iterable[Count]) -> Count:
    """Return the sum of counts."""
    whole = Count()
    for count in counts:
        whole.add(count)
    return whole
