"""The common language: every fact is one of these rows, whatever the platform.

Each row begins with the same header, which says where it comes from and which revision it is:

| field | meaning |
| --- | --- |
| source | name of the source in jalon.toml |
| key | identity of the fact within (kind of fact, source): what survives a redelivery, a retry, webhook against poll |
| version | the platform's own update time of the record, microseconds since the epoch; 0 where it has none |
| observed_at | when the answer that holds it was stored |
| inbox_id | the inbox row that it was derived from |

Of the rows with one (source, key) the newest is the one with the greatest (version, observed_at, inbox_id); all are
kept. `removed` marks a fact that its newest revision takes back. Money is an integer in minor units of `currency`
(ISO 4217). Instants are microseconds since the epoch, UTC; `*_date` is the account's local day. Ids are text.

What every platform must tell stands first in a row. Behind it, what a normalizer does not name is not told. `evidence`
and `selling_mode` have the weakest word there, yet each of jalon's own normalizers names them (`tests/normalize`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple, NewType
from zoneinfo import ZoneInfo

Instant = NewType("Instant", int)
"""Microseconds since the epoch, UTC."""

SellingMode = Literal["communication", "linked", "native"]
"""`native`: bought inside the network. `linked`: a tag, button or link that leads to the web shop. `communication`: all
else; what leads into a chat, and what is said, asked or put together there, leads to no shop yet."""
TouchKind = Literal[
    "impression", "view", "engagement", "profile_visit", "visit", "search_click", "ad_click", "content_click",
    "tag_click", "product_view", "save", "question", "sign_up", "add_to_cart", "checkout", "offer_used",
    "live_cart", "live_view", "chat", "purchase", "delivery", "support", "return_requested", "refund", "survey",
    "newsletter", "review", "share", "referral", "other",
]  # fmt: skip
Evidence = Literal["own_click", "platform_order", "platform_row", "click_id", "utm", "referrer", "declared", "none"]
"""How the origin of a touchpoint is known, strongest first."""
OrderStatus = Literal["pending", "paid", "cancelled", "deleted"]
"""`pending` is not yet counted; `cancelled` counts net 0; `paid` counts."""
OrderKind = Literal["sale", "sample", "replacement", "exchange", "test", "draft"]
"""Only `sale` and `exchange` are revenue."""


Span = Literal["days", "lifetime", "whole"]
"""What a measure's period is: `days` from start to end, which may be added up over days; `lifetime`, a counter since
the content began, as it stood at the end (it may fall); `whole`, one total of a thing with an end of its own."""
Survey = Literal["ces", "csat", "nps", "win_loss", "review", "other"]


class Touchpoint(NamedTuple):
    """An event: something that happened to one person at one time. Never a count."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    occurred_at: Instant
    occurred_date: date
    time_is_bound: bool
    """True: the platform tells only that it was at or before `occurred_at`."""
    kind: TouchKind
    channel: str
    """Out of `normalize.channels`: tiktok, instagram, search, email, direct, referral, site, ..."""
    surface: str | None = None
    """feed, story, reel, live, video, short, pin, shop_tab, profile, message, site; None where it is not told."""
    person: str | None = None
    """Keyed hash; None where only the order is known: then the order's person is meant."""
    order_id: str | None = None
    """The platform's order id this touchpoint is known to belong to."""
    content_id: str | None = None
    creator_id: str | None = None
    product_id: str | None = None
    campaign: str | None = None
    referrer_host: str | None = None
    landing_path: str | None = None
    evidence: Evidence = "none"
    selling_mode: SellingMode = "communication"
    removed: bool = False


class Order(NamedTuple):
    """A purchase as its platform states it now. Goods money is before tax and shipping, after all discounts."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    order_id: str
    placed_at: Instant
    placed_date: date
    paid_at: Instant | None
    cancelled_at: Instant | None
    status: OrderStatus
    native_status: str
    kind: OrderKind
    currency: str
    gross: int
    """List price of all lines, before tax where the platform allows to tell."""
    discount: int
    goods: int
    """What the buyer paid for goods: gross - discount. Net revenue is this less refunded goods."""
    shipping: int
    tax: int
    total: int
    """What the buyer was charged in all."""
    presentment_currency: str | None
    presentment_total: int | None
    person: str | None
    selling_mode: SellingMode
    channel: str
    origin: str | None = None
    """Platform on which the sale was made when this order is, or may be, only its copy here."""
    external_ids: tuple[str, ...] = ()
    """Orders that this one states to be the same sale as: `platform:order id`. Of an order made here, its own number
    that people see, where that is not its id: `platform:#number`."""
    customer_order_index: int | None = None
    """How many orders the person had placed in this shop before this one; None where unknown."""
    journey: Literal["none", "not_ready", "ready"] = "none"
    removed: bool = False


class OrderLine(NamedTuple):
    """One line of an order; money for all its units together."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    order_id: str
    line_id: str
    product_id: str | None
    sku: str | None
    title: str | None
    quantity: int
    currency: str
    gross: int
    discount: int
    goods: int
    tax: int
    content_id: str | None = None
    """The LIVE or video that the platform names on the line."""
    is_gift: bool = False
    removed: bool = False


class Refund(NamedTuple):
    """A movement of money back to the buyer, keyed by the platform's own id of it."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    order_id: str
    refund_id: str
    reason: Literal["refund", "return", "cancellation"]
    state: Literal["succeeded", "pending", "failed"]
    occurred_at: Instant
    occurred_date: date
    currency: str
    goods: int
    """Refunded goods money before tax, never negative; with its tax where `tax` is None."""
    shipping: int
    tax: int | None
    """None where it is not told apart from the goods; by the order it is reckoned (`attribution.refunds`)."""
    total: int
    removed: bool = False


class OrderContent(NamedTuple):
    """The platform's own statement that a content, or a creator by whichever, led to (part of) an order."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    order_id: str
    sku_id: str | None
    product_id: str | None
    content_id: str | None
    content_kind: str | None
    creator_id: str | None
    campaign: str | None
    quantity: int
    refunded_quantity: int | None
    commission: int | None
    currency: str | None
    settlement: str | None
    rule: str
    """The platform's attribution rule behind it, e.g. `affiliate 14-day click`."""
    removed: bool = False


class OrderLink(NamedTuple):
    """A platform's statement, beside the order itself, that an order is the same sale as one elsewhere."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    order_id: str
    external_id: str
    """The other order as `platform:order id`, as in `Order.external_ids`."""
    removed: bool = False


class Content(NamedTuple):
    """A post, video, LIVE, pin, story."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    content_id: str
    kind: str
    surface: str
    creator_id: str | None = None
    title: str | None = None
    posted_at: Instant | None = None
    ended_at: Instant | None = None
    url: str | None = None
    selling_mode: SellingMode = "communication"
    removed: bool = False


class ContentTag(NamedTuple):
    """A product tag on a content: put on, or taken off (`removed`)."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    content_id: str
    product_id: str
    removed: bool = False


class Product(NamedTuple):
    """A product variant as a platform knows it; `sku` joins it across platforms."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    product_id: str
    variant_id: str
    sku: str | None = None
    title: str | None = None
    status: str | None = None
    price: int | None = None
    currency: str | None = None
    removed: bool = False


class Measure(NamedTuple):
    """A platform's count over content and/or product and a period of local days. Never enters a journey."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    metric: str
    """What is counted: views, product_impressions, tag_clicks, add_to_carts, units_sold, orders, gmv, attributed_gmv,
    ... Over which time is said by `span`, never by the name."""
    content_id: str | None
    product_id: str | None
    creator_id: str | None
    start_date: date
    end_date: date
    """Exclusive."""
    zone: str
    value: int
    """A count, or minor units where `currency` is set."""
    currency: str | None
    finality: Literal["final", "estimate", "processing"]
    definition: str
    """API version and attribution rule that the figure was counted by."""
    joinable: bool = True
    """False: the platform's terms forbid joining it with persons."""
    removed: bool = False
    span: Span = "days"
    campaign_id: str | None = None
    """Of advertising: the campaign and, after a slash, whatever below it the figure is cut by; a name's own is %2F."""


class Answer(NamedTuple):
    """One answer to one question of a survey, or a review's rating. The words of a person are not kept."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    platform: str
    survey: Survey
    question: str | None
    answered_at: Instant
    answered_date: date
    score: int | None
    """On the scale from `lowest` to `highest`; None where the answer is a choice."""
    lowest: int | None
    highest: int | None
    choice: str | None
    """A code such as `won`, `lost`, `price`; never free text."""
    person: str | None
    order_id: str | None
    product_id: str | None
    removed: bool = False


BUYER_OF = "order:"
"""In an identity, `order:SOURCE:ORDER ID` stands for whoever placed that order of another source."""


class Identity(NamedTuple):
    """Two keyed hashes that are stated to be one person; `right` may be the buyer of an order (`BUYER_OF`) instead."""

    source: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    left: str
    right: str
    evidence: str
    removed: bool = False


Fact = (
    Touchpoint
    | Order
    | OrderLine
    | Refund
    | OrderContent
    | OrderLink
    | Content
    | ContentTag
    | Product
    | Measure
    | Answer
    | Identity
)

KINDS: dict[str, type[Fact]] = {
    "touchpoints": Touchpoint,
    "orders": Order,
    "order_lines": OrderLine,
    "refunds": Refund,
    "order_contents": OrderContent,
    "order_links": OrderLink,
    "contents": Content,
    "content_tags": ContentTag,
    "products": Product,
    "measures": Measure,
    "answers": Answer,
    "identities": Identity,
}
"""Name of each kind of fact (and of its folder) -> its row."""

ABOUT_PERSONS: tuple[type, ...] = (
    Touchpoint,
    Order,
    OrderLine,
    Refund,
    OrderContent,
    OrderLink,
    Answer,
    Identity,
)
"""Facts about a person or an order: what a `Measure` that is not `joinable` must never come together with."""

HEADER = ("source", "key", "version", "observed_at", "inbox_id")


class Raw(NamedTuple):
    """An inbox row as a normalizer sees it."""

    source: str
    stream: str
    key: str
    version: int
    observed_at: Instant
    inbox_id: int
    body: Any


class Context(NamedTuple):
    """What is known about the account of a source while its records are read."""

    zone: ZoneInfo
    account: Mapping[str, str]


class Unfit(ValueError):
    """A record that cannot become facts: `reason` is a code for counting, `detail` says what and where."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


Normalizer = Callable[[Raw, Context], Iterable[Fact]]
"""Pure: the same record and context give the same facts, in the same order. Raises `Unfit`."""
