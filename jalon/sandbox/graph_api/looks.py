"""How posts of Meta's networks are counted: per day of Pacific time, growing for two days after it.

A day of the world's posts stands for the Pacific day of the same date. What is shown of a day depends on the hours
since its end; a counter of a post is the sum of what is shown of its days, an account's figure the sum over its posts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jalon.sandbox.posts import Looks, looks
from jalon.sandbox.world import Network, Post, World

PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = 86_400
CURVE = ((0, 40), (24, 80), (48, 95))
"""(hours after a day's end, per cent of it that are shown before that); all of it later."""


def ends(day: date) -> int:
    """Return the unix time at which a Pacific day ends."""
    return int(datetime.combine(day + timedelta(days=1), time(), PACIFIC).timestamp())


def percent(day: date, now: float) -> int:
    """Return how much of a day is shown at `now`."""
    hours = (now - ends(day)) / 3600
    return next((share for limit, share in CURVE if hours < limit), 100)


def added(parts: Iterable[Looks]) -> Looks:
    """Return the sum of counts."""
    found = list(parts)
    return Looks(*(sum(column) for column in zip(*found, strict=True))) if found else Looks()


class Counts:
    """The counts of one network's posts as they are shown at a moment."""

    def __init__(self, world: World, network: Network) -> None:
        self.posts: Sequence[Post] = [post for post in world.posts if post.network == network]
        self._seed = world.seed

    def of_post(self, post: Post, now: float) -> Looks:
        """Return the counter of a post since it was posted, of the days that have begun."""
        first = datetime.fromtimestamp(post.posted_at, UTC).date()
        today = datetime.fromtimestamp(now, UTC).date()
        return added(self._shown(post, first + timedelta(days=n), now) for n in range((today - first).days + 1))

    def of_day(self, day: date, now: float) -> Looks:
        """Return the sum of a day over all posts that were up in it."""
        return added(self._shown(post, day, now) for post in self.posts if post.posted_at < ends(day))

    def _shown(self, post: Post, day: date, now: float) -> Looks:
        share = percent(day, now)
        return Looks(*(count * share // 100 for count in looks(self._seed, post, day)))
