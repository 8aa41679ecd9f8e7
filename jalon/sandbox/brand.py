"""Generate the simulated brand: shoppers who see content, click, visit, buy, return.

A shopper buys when a hidden number is below the chance that intent and exposures add up to. The first cause that
lifts the chance over that number is what brought the sale, so each sale has one true cause: a content, or none (it
would have happened anyway). What platforms credit (the last tag click) is drawn from the same life and may differ.

Everything comes from one `random.Random(seed)`: the same arguments give the same world.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from jalon.sandbox.catalog import Catalog, make_catalog
from jalon.sandbox.life import SHOPIFY, TIKTOK, Ids, Life
from jalon.sandbox.people import somebody
from jalon.sandbox.posts import make_posts
from jalon.sandbox.shops import make_shops
from jalon.sandbox.till import SHOPIFY_ORDERS, TIKTOK_ORDERS, Till
from jalon.sandbox.visits import Tracks
from jalon.sandbox.world import Change, Content, Copy, CopyMark, Exposure, Sale, SaleKind, Shopper, World

HOUR = 3600
DAY = 86_400
NOW = 1_795_176_000
"""2026-11-20T12:00:00Z, the moment at which a world stands when nobody says otherwise."""

RATES = {"EUR": "1", "USD": "1.08", "GBP": "0.86", "JPY": "162.5", "KWD": "0.332"}
CREDIT_WINDOW = 14 * DAY
COPIED = 0.33
LARGE = 50_000
"""From so many orders on, the collector's walks over a world cost more than they could ever find."""
COMES_BACK = 0.25
AFTER_HOLD = HOUR + 60
_MARKS: tuple[CopyMark, ...] = ("source_identifier", "note_attribute", "name", "none")


def generate(
    seed: int,
    *,
    orders: int = 2000,
    days: int = 60,
    horizon_days: int = 30,
    now: int = NOW,
    web_share: float = 0.45,
    products: int = 24,
    contents: int | None = None,
    unmoved: bool = False,
) -> World:
    """Make a world of exactly `orders` sales between `days` before `now` and `horizon_days` after it.

    `web_share` is the share of shoppers who buy in the web shop; `contents` the number of videos and LIVEs (from the
    number of orders when None). Who would have bought anyway buys in the hours after what they saw last; with `unmoved`
    they buy what they wanted at a moment of their own, whatever they see. Time and memory are linear in `orders`.
    """
    rng = Random(seed)
    start, horizon = now - days * DAY, now + horizon_days * DAY
    count = contents if contents is not None else max(8, min(400, orders // 25))
    catalog = make_catalog(rng, start, horizon, products, count)
    life = _Brand(rng, start, horizon, web_share, catalog, Random(f"{seed}/own moments") if unmoved else None)
    with _no_collection(keep=orders > LARGE):
        while len(life.sales) < orders:
            life.one_shopper(orders)
        life.sales.sort(key=lambda sale: (sale.placed_at, sale.order_id))
    posts = make_posts(seed, start, horizon, catalog.products)
    return World(
        seed=seed,
        start=start,
        horizon=horizon,
        tiktok_timezone="America/New_York",
        shopify_timezone="Europe/Paris",
        tiktok_currency="USD",
        shopify_currency="EUR",
        taxes_included=True,
        rates=dict(RATES),
        products=tuple(catalog.products),
        shoppers=life.shoppers,
        contents=tuple(catalog.contents),
        exposures=tuple(life.exposures),
        visits=life.tracks.visits,
        sales=tuple(life.sales),
        posts=posts,
        links=catalog.links,
        people=life.born,
        web_share=web_share,
        shops=make_shops(seed, start, horizon, orders, catalog.products, posts, life.shoppers, life.sales),
    )


@contextmanager
def _no_collection(*, keep: bool) -> Iterator[None]:
    """Keep the cycle collector away from objects that hold no cycle; with `keep`, for the rest of the process."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if keep:
            gc.freeze()
        if was_on:
            gc.enable()


@dataclass(slots=True)
class _Cause:
    """What drives one purchase decision."""

    sku: str
    content: str | None = None
    at: int = 0
    """When the last exposure was."""
    clicked: list[Exposure] = field(default_factory=list)


@dataclass(slots=True)
class _Brand:
    """The world while it is being lived."""

    rng: Random
    start: int
    horizon: int
    web_share: float
    catalog: Catalog
    unmoved: Random | None = None
    """Draws the moments of those whom no content moves; None: they buy after what they saw last."""
    sales: list[Sale] = field(default_factory=list)
    shoppers: dict[str, Shopper] = field(default_factory=dict)
    exposures: list[Exposure] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)
    tracks: Tracks = field(init=False)
    born: int = 0
    """How many persons there are."""
    _tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _skus: list[str] = field(default_factory=list)
    _till: Till = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the look-ups."""
        self.tracks = Tracks(self.rng, self.catalog.links)
        self._tags = {content.id: content.skus for content in self.catalog.contents}
        self._skus = [product.sku for product in self.catalog.products]
        self._till = Till(self.rng, self.catalog.products)

    def one_shopper(self, wanted: int) -> None:
        """Live one person's life: exposures, a decision, perhaps a purchase, perhaps more of them."""
        rng = self.rng
        number, intent = self.born, round(rng.random() ** 5, 4)
        self.born += 1
        cause = self._decide(f"p{number}", intent, rng.randrange(self.start, self.horizon))
        if cause is None:
            return
        shopper = somebody(number, intent)
        on_web = rng.random() < self.web_share
        while cause is not None and len(self.sales) < wanted:
            sale = self._web_sale(shopper, cause) if on_web else self._native_sale(shopper, cause)
            if sale is None:
                return
            self.sales.append(sale)
            self.shoppers[shopper.id] = shopper
            later = sale.placed_at + int(rng.expovariate(1 / (12 * DAY)))
            again = rng.random() < COMES_BACK and later < self.horizon
            cause = _Cause(rng.choice(self._skus), at=later) if again else None

    def _decide(self, shopper: str, intent: float, at: int) -> _Cause | None:
        """Show content to the shopper, and return what made the purchase, or None where there is none."""
        rng = self.rng
        threshold = rng.random()
        cause = _Cause(rng.choice(self._skus), at=at)
        wanted = cause.sku
        chance = intent
        bought = threshold < chance
        for number in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
            content = self.catalog.showing(rng, cause.at, cause.sku if number and rng.random() < 0.8 else None)
            if content is None:
                continue
            if number == 0:
                cause.sku = rng.choice(content.skus)
            lift = self._expose(shopper, content, cause, 1 - chance)
            chance += lift
            if not bought and threshold < chance:
                bought, cause.content = True, content.id
                break
            cause.at += int(rng.expovariate(1 / (20 * HOUR)))
        if self.unmoved is not None and cause.content is None:
            cause.sku, cause.at = wanted, self.unmoved.randrange(self.start, self.horizon)
        return cause if bought else None

    def _expose(self, shopper: str, content: Content, cause: _Cause, left: float) -> float:
        """Record that the shopper saw `content`, and return what that added to the chance of buying."""
        rng = self.rng
        if content.ended_at is not None:
            cause.at = max(cause.at, rng.randrange(content.posted_at, content.ended_at))
        clicked = rng.random() < 0.55
        sku = cause.sku if cause.sku in content.skus else content.skus[0]
        appeal = self.catalog.appeals[content.id].lift * (1.0 if clicked else 0.1)
        lift = round(left * appeal, 6) if sku == cause.sku else 0.0
        exposure = Exposure(shopper, content.id, sku, cause.at, clicked, lift)
        self.exposures.append(exposure)
        if clicked:
            cause.clicked.append(exposure)
        return lift

    def _moment(self, cause: _Cause, *, native: bool) -> int | None:
        """Return when the purchase is made, or None when that is after the horizon."""
        rng = self.rng
        if self.sales and rng.random() < 0.03:
            last = self.sales[-1].placed_at
            if last >= cause.at:
                return last  # several orders in one second
        wait = rng.expovariate(1 / (600 if native and cause.content else 14 * HOUR))
        at = cause.at + 30 + int(wait)
        return at if at < self.horizon else None

    def _native_sale(self, shopper: Shopper, cause: _Cause) -> Sale | None:
        at = self._moment(cause, native=True)
        if at is None:
            return None
        rng = self.rng
        roll = rng.random()
        kind: SaleKind = "sample" if roll < 0.02 else "replacement" if roll < 0.035 else "sale"
        shipping = 0 if kind != "sale" else rng.choice((0, 0, 399, 599))
        credited = self._credited(cause, at) if kind == "sale" else None
        beside = self._tags[credited] if credited else ()
        lines = self._till.basket(cause.sku, "USD", free=kind == "sample", beside=beside)
        changes = Life(rng, TIKTOK, lines, shipping, shipping * 8 // 100, self.ids).since(at)
        return Sale(
            platform="tiktok_shop",
            order_id=self._till.order_id(TIKTOK_ORDERS, at),
            shopper=shopper.id,
            kind=kind,
            currency="USD",
            lines=lines,
            shipping=shipping,
            shipping_tax=shipping * 8 // 100,
            placed_at=at,
            changes=changes,
            content=cause.content,
            credited=credited,
            copy=self._copy(changes) if kind == "sale" else None,
        )

    def _web_sale(self, shopper: Shopper, cause: _Cause) -> Sale | None:
        at = self._moment(cause, native=False)
        if at is None:
            return None
        rng = self.rng
        lines = self._till.basket(cause.sku, "EUR", free=False)
        shipping = rng.choice((0, 0, 408, 575))
        ready = at + rng.randrange(600, 6 * HOUR) + (3 * DAY if rng.random() < 0.02 else 0)
        return Sale(
            platform="shopify",
            order_id=self._till.order_id(SHOPIFY_ORDERS, at),
            shopper=shopper.id,
            kind="test" if rng.random() < 0.015 else "sale",
            currency="EUR",
            lines=lines,
            shipping=shipping,
            shipping_tax=shipping // 5,
            placed_at=at,
            changes=Life(rng, SHOPIFY, lines, shipping, shipping // 5, self.ids).since(at),
            content=cause.content,
            visits=self.tracks.lead_to(at, shopper.id, cause.sku, cause.clicked),
            journey_ready_at=ready,
            presentment=rng.choice(("USD", "GBP", "JPY", "KWD")) if rng.random() < 0.15 else "",
        )

    def _credited(self, cause: _Cause, at: int) -> str | None:
        """Return the content of the last tag click on the SKU before the sale, within the platform's window."""
        clicks = [click for click in cause.clicked if click.sku == cause.sku and 0 <= at - click.at <= CREDIT_WINDOW]
        return clicks[-1].content if clicks else None

    def _copy(self, changes: tuple[Change, ...]) -> Copy | None:
        rng = self.rng
        if rng.random() >= COPIED or len(changes) < 2 or changes[1].kind != "paid":
            return None
        copied = changes[1].at + (rng.randrange(60, 1800) if rng.random() < 0.1 else AFTER_HOLD + rng.randrange(1800))
        if any(change.kind == "cancelled" and change.at <= copied for change in changes):
            return None
        return Copy(copied, self._till.order_id(SHOPIFY_ORDERS, copied), rng.choice(_MARKS), rng.random() < 0.3)
