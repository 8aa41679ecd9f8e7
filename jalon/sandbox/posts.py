"""What the brand posts on the networks that sell nothing themselves, and how it is looked at there.

A world has some posts per network; each played platform shows its own in its own words. The counts of a post on a day
are drawn from (seed, post, day) alone, so that any part can ask for any of them, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import exp
from random import Random
from typing import NamedTuple

from jalon.sandbox.world import Network, Post, PostKind, Product

DAY = 86_400
EVERY = 5 * DAY
"""Seconds between two posts of a network, about."""
STORY_LIFE = DAY
HALF_LIFE_DAYS = 4.0
"""Days in which the interest in a post falls to about a third."""
DELETED = 0.05
"""Share of posts that the brand takes down again."""
KINDS: dict[Network, tuple[PostKind, ...]] = {
    "instagram": ("image", "carousel", "reel", "story", "story"),
    "facebook": ("image", "video", "link"),
    "pinterest": ("pin", "pin", "video_pin"),
    "youtube": ("video", "short"),
    "tiktok": ("video",),
}
_BASES: dict[Network, int] = {
    "instagram": 17_895_695_000_000_000,
    "facebook": 122_101_000_000_000_000,
    "pinterest": 813_744_226_400_000_000,
    "youtube": 0,
    "tiktok": 7_385_101_200_000_000_000,
}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Looks(NamedTuple):
    """How a post was looked at on one UTC day."""

    views: int = 0
    reach: int = 0
    likes: int = 0
    comments: int = 0
    saves: int = 0
    shares: int = 0
    clicks: int = 0
    """Clicks on its link or product, where the network counts such a thing."""


def make_posts(seed: int, start: int, horizon: int, products: Sequence[Product]) -> tuple[Post, ...]:
    """Make the posts of all networks from `start` to `horizon`, oldest first."""
    made: list[Post] = []
    for network in KINDS:
        rng = Random(f"{seed}/posts/{network}")
        at = start + rng.randrange(EVERY)
        while at < horizon:
            made.append(_post(rng, network, len(made), at, products))
            at += rng.randrange(EVERY // 2, EVERY * 3 // 2)
    return tuple(sorted(made, key=lambda post: (post.posted_at, post.id)))


def looks(seed: int, post: Post, day: date) -> Looks:
    """Return how `post` was looked at on a UTC day: more at first, nothing before it was up or after it went."""
    first = _day_of(post.posted_at)
    last = min(_day_of(end) for end in (post.ended_at, post.deleted_at, 1 << 34) if end is not None)
    if not first <= day <= last:
        return Looks()
    rng = Random(f"{seed}/looks/{post.id}/{day.toordinal()}")
    views = int(rng.uniform(40, 400) * exp(-(day - first).days / HALF_LIFE_DAYS))
    share = rng.uniform(0.02, 0.2)
    likes = int(views * share)
    return Looks(
        views, int(views * rng.uniform(0.6, 0.95)), likes, likes // 9, likes // 4, likes // 7, int(views * share / 3)
    )


def _day_of(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _post(rng: Random, network: Network, number: int, at: int, products: Sequence[Product]) -> Post:
    kind = rng.choice(KINDS[network])
    tagged = rng.sample(list(products), min(len(products), rng.randrange(0, 4)))
    deleted = at + rng.randrange(DAY, 9 * DAY) if rng.random() < DELETED and kind != "story" else None
    return Post(
        id=_identity(rng, network, number),
        network=network,
        kind=kind,
        title=f"{network.title()} {number} ✨ le petit jalon",
        posted_at=at,
        ended_at=at + STORY_LIFE if kind == "story" else None,
        deleted_at=deleted,
        skus=tuple(product.sku for product in tagged),
    )


def _identity(rng: Random, network: Network, number: int) -> str:
    if network == "youtube":
        return "".join(rng.choice(_LETTERS) for _ in range(11))
    return str(_BASES[network] + number * 1_000_003 + rng.randrange(1_000_000))
