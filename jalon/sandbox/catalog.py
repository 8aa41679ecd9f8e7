"""What the simulated brand has before anyone buys: products, creators, videos and LIVEs."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from random import Random

from jalon.sandbox.world import Content, Product

DAY = 86_400
VIDEO_LIFE = 21 * DAY
"""How long the feed shows a video, in seconds."""

_NOUNS = ("Journal", "Lamp", "Mug", "Scarf", "Candle", "Notebook", "Tote", "Cap", "Brush", "Serum", "Bottle", "Tray")
_WORDS = ("Amber", "Cobalt", "Linen", "Moss", "Onyx", "Pearl", "Rust", "Sage", "Teal", "Umber")
_CREATORS = (
    "jane.reads",
    "le_petit_atelier",
    "max.tries",
    "nora.at.home",
    "olu.finds",
    "pia.und.co",
    "qi.daily",
    "ravi.unboxes",
)


@dataclass(frozen=True, slots=True)
class Appeal:
    """What one content does to people who see it: hidden causes, known to the truth alone."""

    lift: float
    """Added chance of buying for someone who clicks a tag; a tenth of it for a mere view."""
    link: str
    """How its links to the web shop are marked: `tagged`, `click_id` or `untagged`."""


@dataclass(slots=True)
class Catalog:
    """Products and contents, with look-ups by time."""

    products: list[Product]
    contents: list[Content]
    appeals: dict[str, Appeal]
    _posted: list[int] = field(default_factory=list)
    _by_sku: dict[str, list[Content]] = field(default_factory=dict)
    _posted_by_sku: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the contents by time, over all and per SKU."""
        self.contents.sort(key=lambda content: (content.posted_at, content.id))
        self._posted = [content.posted_at for content in self.contents]
        for content in self.contents:
            for sku in content.skus:
                self._by_sku.setdefault(sku, []).append(content)
                self._posted_by_sku.setdefault(sku, []).append(content.posted_at)

    @property
    def links(self) -> dict[str, str]:
        """How the links of each content are marked: see `Appeal.link`."""
        return {content: appeal.link for content, appeal in self.appeals.items()}

    def showing(self, rng: Random, at: int, sku: str | None = None) -> Content | None:
        """Return a content that the feed may show at `at` (with a tag of `sku`, if given), or None."""
        contents = self.contents if sku is None else self._by_sku.get(sku, [])
        posted = self._posted if sku is None else self._posted_by_sku.get(sku, [])
        first, last = bisect_right(posted, at - VIDEO_LIFE), bisect_right(posted, at)
        return contents[rng.randrange(first, last)] if first < last else None


def make_catalog(rng: Random, start: int, horizon: int, products: int, contents: int) -> Catalog:
    """Make the products and the contents posted from three weeks before `start` to `horizon` (unix seconds)."""
    goods = [_product(rng, number, start) for number in range(products)]
    appeals: dict[str, Appeal] = {}
    posted = []
    first = start - VIDEO_LIFE
    for number in range(contents):
        at = first + (horizon - first) * number // contents + rng.randrange(6 * 3600)
        content = _content(rng, number, at, goods)
        posted.append(content)
        appeals[content.id] = Appeal(
            lift=round(rng.uniform(0.05, 0.7), 3), link=rng.choice(("tagged", "tagged", "click_id", "untagged"))
        )
    return Catalog(goods, posted, appeals)


def _product(rng: Random, number: int, start: int) -> Product:
    noun, word = _NOUNS[number % len(_NOUNS)], _WORDS[number // len(_NOUNS) % len(_WORDS)]
    cents = rng.choice((699, 1250, 1999, 2495, 2798, 3999, 6450, 11900)) + number % 7
    return Product(
        sku=f"{noun[:3].upper()}-{word[:3].upper()}-{number}",
        title=f"{word} {noun}",
        prices={"USD": cents, "EUR": cents * 92 // 100},
        tiktok_product_id=str(1_729_582_718_312_000_000 + number * 1_000_003 + rng.randrange(1_000_000)),
        tiktok_sku_id=str(1_729_720_000_000_000_000 + number * 1_000_003 + rng.randrange(1_000_000)),
        shopify_product_id=str(788_032_119_674_000_000 + number * 1_000_003 + rng.randrange(1_000_000)),
        shopify_variant_id=str(808_950_810_100_000_000 + number * 1_000_003 + rng.randrange(1_000_000)),
        created_at=start - 90 * DAY + number * 3600,
    )


def _content(rng: Random, number: int, at: int, goods: list[Product]) -> Content:
    live = number % 4 == 3
    own = number % 3 == 0 or number % 8 == 7
    creator = "brand.official" if own else _CREATORS[rng.randrange(len(_CREATORS))]
    skus = tuple(product.sku for product in rng.sample(goods, min(len(goods), rng.randrange(1, 5))))
    return Content(
        id=str(7_496_178_223_900_000_000 + number * 10_000_019 + rng.randrange(10_000_000)),
        kind="LIVE" if live else "VIDEO",
        creator=creator,
        is_affiliate=not own,
        title=f"{'LIVE' if live else 'Clip'} {number} · {creator} \U0001f6cd",
        posted_at=at,
        ended_at=at + rng.randrange(1800, 4 * 3600) if live else None,
        skus=skus,
    )
