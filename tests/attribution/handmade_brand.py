"""A brand made by hand: some months of people, their touchpoints and orders, drawn with a seed, without any network."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from jalon.normalize.vocabulary import Fact
from tests.handmade import at, content, led_by, measure, order, refund, same, touch
from tests.handmade import day as day_of

DAYS = 120
KINDS = (
    "impression", "view", "visit", "content_click", "tag_click", "product_view", "save", "add_to_cart", "checkout",
    "newsletter", "review", "support", "other",
)  # fmt: skip
CHANNELS = ("tiktok", "instagram", "search", "email", "direct")
MODES = ("communication", "linked", "native")
CREATORS = ("nora", "olu", None)


def brand(seed: int, persons: int = 40) -> list[Fact]:
    """Return the facts; each was observed a quarter of a day after it happened."""
    random = Random(seed)
    facts: list[Fact] = [
        content(f"v{number}", f"Clip {number}", creator_id=CREATORS[number % 3], observed_at=at(1))
        for number in range(5)
    ]
    facts += [
        measure(
            "views", 100 * day, content_id="v1", key=f"views/{day}", start_date=day_of(day), end_date=day_of(day + 1)
        )
        for day in range(1, 4)
    ]
    for number in range(persons):
        facts += _life(random, f"p{number}")
    return facts


def _life(random: Random, person: str) -> Iterator[Fact]:
    """Yield what one person does; half of them begin under a cookie of their own."""
    now, names = random.uniform(0, DAYS / 2), [person]
    if random.random() < 0.5:
        names.append(f"{person}-cookie")
        yield same(names[1], person, observed_at=at(now))
    for step in range(random.randrange(1, 12)):
        now += random.expovariate(1 / 8) * random.choice((0, 1, 4))
        if now >= DAYS:
            return
        yield from _happening(random, f"{person}-{step}", random.choice(names), now)


def _happening(random: Random, key: str, person: str, now: float) -> Iterator[Fact]:
    seen = at(now + 0.25)
    if random.random() < 0.2:
        yield order(key, now, random.randrange(500, 9000), person=person, observed_at=seen)
        if random.random() < 0.3:
            yield led_by(key, f"v{random.randrange(5)}", creator_id=random.choice(CREATORS), observed_at=seen)
        if random.random() < 0.3:
            yield refund(key, now + 5, random.randrange(100, 500), observed_at=at(now + 5.25))
        return
    yield touch(
        key,
        now,
        person,
        kind=random.choice(KINDS),
        channel=random.choice(CHANNELS),
        selling_mode=random.choice(MODES),
        content_id=random.choice(("v0", "v1", "v2", None)),
        creator_id=random.choice(CREATORS),
        campaign=random.choice(("spring", None)),
        observed_at=seen,
    )
