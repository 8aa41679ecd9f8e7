"""The brand's further shops: web shops on servers of its own, where orders are small whole numbers.

Everything comes from `Random(f"{seed}/shops/…")`, so that a world is the same with them as without. Some of their
customers also buy in the other shops, under the same e-mail; some of TikTok Shop's sales are copied into one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from jalon.sandbox.life import OWN_SHOP, Ids, Life
from jalon.sandbox.people import somebody
from jalon.sandbox.till import Till
from jalon.sandbox.world import Copied, Network, OwnShop, Platform, Post, Product, Sale, Shopper, Visit

HOUR = 3600
DAY = 86_400
SHARE = 10
"""One sale in a shop for so many in the rest of the world."""
FEWEST = 12
POUND = 86
"""Pence for a euro."""
NEW_PEOPLE = 5_000_000
"""Numbers of persons who buy in no other shop begin here."""
COPIED_SHARE, FEWEST_COPIES = 17, 4
"""One sale of TikTok Shop in so many is copied, and not fewer than that where there are any."""
AFTER_HOLD = HOUR + 60


class Trait(NamedTuple):
    """What tells one shop from another."""

    platform: Platform
    timezone: str
    host: str
    first_order: int
    takes_copies: bool


TRAITS = (
    Trait("woocommerce", "Europe/Lisbon", "https://boutique.atelier-jalon.example", 1042, True),
    Trait("prestashop", "Europe/Berlin", "https://laden.atelier-jalon.example", 3, False),
)


class Way(NamedTuple):
    """How a visit came: by a network's post or by some other way."""

    source: str
    referrer: str | None = None
    network: Network | None = None
    utm: Mapping[str, str] = {}
    click: str = ""
    """Name of the click id in the landing address."""


WAYS = (
    Way("instagram", "https://l.instagram.com/", "instagram"),
    Way("instagram", "https://l.instagram.com/", "instagram"),
    Way("facebook", "https://l.facebook.com/", "facebook"),
    Way("facebook", "https://m.facebook.com/", click="fbclid"),
    Way("pinterest", "https://www.pinterest.com/", "pinterest"),
    Way("youtube", "https://www.youtube.com/", "youtube"),
    Way("tiktok", "https://www.tiktok.com/", "tiktok"),
    Way("tiktok", "https://www.tiktok.com/", click="ttclid"),
    Way("direct"),
    Way("direct"),
    Way("google", "https://www.google.com/"),
    Way("google", "https://www.google.com/", utm={"source": "google", "medium": "cpc", "campaign": "brand"}),
    Way("newsletter", None, utm={"source": "newsletter", "medium": "email", "campaign": "winter"}),
    Way("reddit", "https://www.reddit.com/"),
)


def make_shops(
    seed: int,
    start: int,
    horizon: int,
    orders: int,
    products: Sequence[Product],
    posts: Sequence[Post],
    known: Mapping[str, Shopper],
    sales: Sequence[Sale],
) -> tuple[OwnShop, ...]:
    """Make the shops beside a world of `orders` sales; `known` and `sales` are that world's persons and sales.

    Whom they share with it are its web customers: only those go by their own e-mail.
    """
    priced = [_with_pounds(product) for product in products]
    count = max(FEWEST, orders // SHARE)
    by_mail = {sale.shopper: known[sale.shopper] for sale in sales if sale.platform == "shopify"}
    native = [sale for sale in sales if sale.platform == "tiktok_shop" and sale.kind == "sale" and sale.copy is None]
    made: list[OwnShop] = []
    for trait in TRAITS:
        pools = [pool for pool in (by_mail, *(shop.shoppers for shop in made)) if pool]
        rng = Random(f"{seed}/shops/{trait.platform}")
        shop = _Shop(rng, trait, (start, horizon), priced, posts, [list(pool.values()) for pool in pools])
        made.append(shop.open(count).closed(native if trait.takes_copies else []))
    return tuple(made)


def shop_of(shops: Iterable[OwnShop], platform: Platform) -> OwnShop:
    """Return the shop of a platform. Raises LookupError."""
    for shop in shops:
        if shop.platform == platform:
            return shop
    raise LookupError(f"the world has no shop on {platform}")


def _with_pounds(product: Product) -> Product:
    return replace(product, prices={**product.prices, "GBP": product.prices["EUR"] * POUND // 100})


class _Shop:
    """A shop while it is being lived."""

    def __init__(
        self,
        rng: Random,
        trait: Trait,
        span: tuple[int, int],
        products: Sequence[Product],
        posts: Sequence[Post],
        pools: Sequence[Sequence[Shopper]],
    ) -> None:
        self._rng, self._trait, self._span = rng, trait, span
        self._till, self._ids = Till(rng, products), Ids(70_000, 9)
        self._skus = [product.sku for product in products]
        self._posts, self._pools = posts, pools
        self._sales: list[Sale] = []
        self._visits: dict[str, Visit] = {}
        self._shoppers: dict[str, Shopper] = {}
        self._regulars: list[Shopper] = []

    def open(self, count: int) -> _Shop:
        """Sell `count` times, to customers of whom some come back."""
        while len(self._sales) < count:
            self._sales.append(self._sale(self._customer(len(self._sales))))
        return self

    def closed(self, native: Sequence[Sale]) -> OwnShop:
        """Number all orders in the order of time, and return the shop."""
        copies = self._copies(native)
        placed: list[tuple[int, int, Sale | Copied]] = [(s.placed_at, n, s) for n, s in enumerate(self._sales)]
        placed += [(c.at, len(self._sales) + n, c) for n, c in enumerate(copies)]
        number, numbered = self._trait.first_order, []
        for _, _, order in sorted(placed, key=lambda each: each[:2]):
            number += self._rng.randrange(1, 9)
            numbered.append(replace(order, order_id=str(number)))
        sales = tuple(order for order in numbered if isinstance(order, Sale))
        return OwnShop(
            self._trait.platform,
            "EUR",
            self._trait.timezone,
            self._trait.host,
            sales,
            self._visits,
            self._shoppers,
            tuple(order for order in numbered if isinstance(order, Copied)),
        )

    def _customer(self, number: int) -> Shopper:
        """Return who buys: somebody who was here before, a customer of one of the other shops, or somebody new."""
        rng, roll = self._rng, self._rng.random()
        if roll < 0.2 and self._regulars:
            return rng.choice(self._regulars)
        if roll < 0.45 and self._pools:
            return rng.choice(rng.choice(self._pools))
        return somebody(NEW_PEOPLE + self._trait.first_order * 1_000_000 + number, 0.0)

    def _sale(self, shopper: Shopper) -> Sale:
        rng = self._rng
        self._shoppers[shopper.id] = shopper
        self._regulars.append(shopper)
        at, sku = rng.randrange(*self._span), rng.choice(self._skus)
        currency = "GBP" if rng.random() < 0.2 else "EUR"
        lines = self._till.basket(sku, currency, free=False)
        shipping = rng.choice((0, 390, 590))
        return Sale(
            platform=self._trait.platform,
            order_id="",
            shopper=shopper.id,
            kind="sale",
            currency=currency,
            lines=lines,
            shipping=shipping,
            shipping_tax=shipping // 5,
            placed_at=at,
            changes=Life(rng, OWN_SHOP, lines, shipping, shipping // 5, self._ids).since(at),
            visits=self._led(shopper, at, sku),
        )

    def _led(self, shopper: Shopper, placed: int, sku: str) -> tuple[str, ...]:
        """Make the visits that led to a sale and return their ids, oldest first."""
        ids, at = [], placed
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            at = max(placed - 29 * DAY, at - 60 - int(self._rng.expovariate(1 / (6 * HOUR))))
            ids.append(self._visit(shopper, at, sku))
        return tuple(ids[::-1])

    def _visit(self, shopper: Shopper, at: int, sku: str) -> str:
        way = self._rng.choice(WAYS)
        post = self._post(way.network, at)
        utm = _tags(post) if post else dict(way.utm)
        marks = [f"utm_{name}={value}" for name, value in utm.items()]
        marks += [f"{way.click}=E.C.P.{self._rng.getrandbits(64):x}"] if way.click else []
        page = f"{self._trait.host}/produit/{sku.lower()}/"
        landing = f"{page}?{'&'.join(marks)}" if marks else page
        identity = f"{self._trait.platform}-{len(self._visits)}"
        content = post.id if post else None
        self._visits[identity] = Visit(identity, shopper.id, at, landing, way.referrer, way.source, utm, content)
        return identity

    def _post(self, network: Network | None, at: int) -> Post | None:
        """Return a post whose link may have been followed at `at`."""
        up = [post for post in self._posts if post.network == network and post.is_up(at)] if network else []
        return self._rng.choice(up) if up else None

    def _copies(self, native: Sequence[Sale]) -> list[Copied]:
        """Return how an app copied some of the sales of TikTok Shop."""
        made = [copy for sale in native if (copy := self._copy(sale)) is not None]
        count = min(len(made), max(FEWEST_COPIES, len(made) // COPIED_SHARE))
        chosen = self._rng.sample(made, count)
        return [replace(copy, mark="alias") if not n % 4 else copy for n, copy in enumerate(chosen)]

    def _copy(self, sale: Sale) -> Copied | None:
        """Return the copy of a sale: made once the hour on hold is over, if it was paid and not cancelled."""
        if len(sale.changes) < 2 or sale.changes[1].kind != "paid":
            return None
        at = sale.changes[1].at + AFTER_HOLD + self._rng.randrange(1800)
        if any(change.kind == "cancelled" and change.at <= at for change in sale.changes):
            return None
        return Copied("", sale, at, "meta")


def _tags(post: Post) -> dict[str, str]:
    return {"source": post.network, "medium": "social", "campaign": "drop2", "content": post.id}
