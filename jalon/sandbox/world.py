"""The simulated brand as plain data: what happened, and when each thing became so.

One `World` is generated from a seed, whole, from its first day to its horizon. The played platforms never change
it: each shows the part of it that has happened by the sandbox's clock, in its own words. That is what
makes the truth exact: it is a function of (world, now), and so is every answer.

Money is an integer in minor units of `currency` (ISO 4217 exponent applies). Times are unix seconds, UTC, as
integers, except where a name says otherwise. Ids are text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ChangeKind = Literal[
    "placed", "paid", "shipped", "delivered", "completed", "cancelled", "edited", "return_requested", "refunded"
]
Platform = Literal["tiktok_shop", "shopify", "woocommerce", "prestashop"]
SaleKind = Literal["sale", "sample", "replacement", "test"]
Network = Literal["instagram", "facebook", "pinterest", "youtube", "tiktok"]
PostKind = Literal["image", "carousel", "reel", "story", "video", "short", "pin", "video_pin", "link"]
CopyMark = Literal["source_identifier", "note_attribute", "name", "none"]


def shares(total: int, quantity: int) -> list[int]:
    """Split `total` minor units over `quantity` units as evenly as integers allow, the larger shares first."""
    each, rest = divmod(total, quantity)
    return [each + 1] * rest + [each] * (quantity - rest)


@dataclass(frozen=True, slots=True)
class Product:
    """One thing sold: the same SKU in both shops, under each platform's own ids."""

    sku: str
    title: str
    prices: dict[str, int]
    """List price in minor units by currency."""
    tiktok_product_id: str
    tiktok_sku_id: str
    shopify_product_id: str
    shopify_variant_id: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Shopper:
    """A person; only the truth file may say that two platform accounts are the same one."""

    id: str
    email: str
    phone: str
    first_name: str
    last_name: str
    tiktok_user_id: str
    shopify_customer_id: str
    intent: float
    """How likely this person buys with no content at all (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Content:
    """A video or LIVE with product tags."""

    id: str
    kind: Literal["VIDEO", "LIVE"]
    creator: str
    """User name of the account that posted it."""
    is_affiliate: bool
    title: str
    posted_at: int
    ended_at: int | None
    """End of a LIVE; None for a video."""
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """A person saw a content and perhaps clicked a product tag in it (the platforms show only counts of these)."""

    shopper: str
    content: str
    sku: str
    at: int
    clicked: bool
    lift: float
    """What this exposure added to the person's chance of buying `sku`."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A session in the web shop."""

    id: str
    shopper: str
    at: int
    landing_page: str
    referrer: str | None
    source: str
    utm: dict[str, str] = field(default_factory=dict)
    content: str | None = None
    """The content whose link brought it, known to the truth alone unless the UTM says it."""


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` units of one SKU in a sale; money is for all units together, product tax apart from `paid`."""

    sku: str
    quantity: int
    list_price: int
    seller_discount: int
    platform_discount: int
    tax: int

    @property
    def paid(self) -> int:
        """What the buyer pays for the goods before tax: list price less every discount."""
        return self.list_price - self.seller_discount - self.platform_discount


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to a sale.

    `lines`/`quantities` name what a return or refund touches; empty means all. Each request asks back the next units of
    its lines, from the first on (`shares` gives each unit's money); a quantity of 0 is money for a line whose goods are
    kept. A `return_requested` without a `refunded` of the same id was refused. An `edited` change moves no money.
    """

    at: int
    kind: ChangeKind
    id: str = ""
    """Id of the refund, return or cancellation on the platform that owns the sale."""
    lines: tuple[int, ...] = ()
    quantities: tuple[int, ...] = ()
    goods: int = 0
    """Minor units of product money moved (before tax), for `refunded` and `cancelled`."""
    tax: int = 0
    shipping: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """How an app copied a TikTok order into the web shop (platforms/tiktok-shops.md, TikTok Shop <-> Shopify)."""

    at: int
    order_id: str
    mark: CopyMark
    """Where the copy carries the TikTok order id; `none` where the app wrote it nowhere."""
    external: bool = False
    """True where the app told TikTok Shop about the copy, so that its external orders name it."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One purchase. `platform` is where the buyer bought; `order_id` its id there."""

    platform: Platform
    order_id: str
    shopper: str
    kind: SaleKind
    currency: str
    lines: tuple[Line, ...]
    shipping: int
    shipping_tax: int
    placed_at: int
    changes: tuple[Change, ...]
    """In order of `at`; the first is `placed`. A refund may come more than once, each with its own id."""
    content: str | None = None
    """The content that brought this sale, or None where it would have happened anyway."""
    credited: str | None = None
    """The content that the platform credits: the last tag click before the sale. It may differ from the cause.

    The platform counts the sale for it, but names it only where it is a LIVE (`room_id`) or a creator's (affiliate
    row): see `jalon.sandbox.credit`.
    """
    visits: tuple[str, ...] = ()
    """Web sale: ids of the visits that led to it, oldest first, at most 30 days before."""
    journey_ready_at: int = 0
    """Web sale: from when the shop answers with the journey; `updatedAt` does not move then."""
    presentment: str = ""
    """Web sale: the currency that the buyer saw and paid in, where it is not `currency`; see `World.rates`."""
    copy: Copy | None = None

    def until(self, now: int) -> tuple[Change, ...]:
        """Return the changes that have happened by `now`."""
        return tuple(change for change in self.changes if change.at <= now)


@dataclass(frozen=True, slots=True)
class Post:
    """One post of the brand's own account. Times in unix seconds."""

    id: str
    network: Network
    kind: PostKind
    title: str
    posted_at: int
    ended_at: int | None
    """When a story vanishes; None for what stays."""
    deleted_at: int | None
    skus: tuple[str, ...]
    """Products tagged in it, or shown where there are no tags."""

    def is_up(self, now: float) -> bool:
        """Tell whether the network shows it at `now`."""
        return self.posted_at <= now < min(self.ended_at or now + 1, self.deleted_at or now + 1)


@dataclass(frozen=True, slots=True)
class Copied:
    """A sale of TikTok Shop that an app wrote into the shop as an order of its own."""

    order_id: str
    sale: Sale
    at: int
    mark: Literal["meta", "alias"]
    """How it can be known: by TikTok's order id in a field of the order, or by the buyer's alias address alone."""


@dataclass(frozen=True, slots=True)
class OwnShop:
    """One shop: what was sold there, and who came by which way."""

    platform: Platform
    currency: str
    timezone: str
    host: str
    sales: tuple[Sale, ...]
    """In order of `placed_at`; `visits` of a sale are in `visits` of the shop."""
    visits: dict[str, Visit]
    shoppers: dict[str, Shopper]
    copies: tuple[Copied, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything the brand lived through, from `start` to `horizon`."""

    seed: int
    start: int
    horizon: int
    tiktok_timezone: str
    shopify_timezone: str
    tiktok_currency: str
    shopify_currency: str
    taxes_included: bool
    rates: dict[str, str]
    """Units of a currency for one unit of `shopify_currency`, as decimal text; the same all the time."""
    products: tuple[Product, ...]
    shoppers: dict[str, Shopper]
    """Those who bought, by id; exposures name others too."""
    contents: tuple[Content, ...]
    exposures: tuple[Exposure, ...]
    visits: dict[str, Visit]
    sales: tuple[Sale, ...]
    posts: tuple[Post, ...] = ()
    """What the brand posted on the networks that sell nothing themselves."""
    shops: tuple[OwnShop, ...] = ()
    """The brand's further shops, each with sales, visits and customers of its own."""
    links: dict[str, str] = field(default_factory=dict)
    """Content -> how its links to the web shop are marked: `tagged`, `click_id` or `untagged`."""
    people: int = 0
    """How many persons there are, buyers or not: `p0`, `p1`, …"""
    web_share: float = 0.0
    """The share of them who go to the web shop."""
