"""The marts as data: each table, its key, its columns. `docs/tables.md` is made from it; tests hold the files to it."""

from __future__ import annotations

from jalon.report.conversions import CONVERSION_CREDIT
from jalon.report.shapes import CURRENCY, Column, Mart, money
from jalon.report.stage_tables import DROP_OFFS, JOURNEY_MAP, JOURNEY_MAP_CREDIT, STAGE_TIMES, STAGE_TRANSITIONS

_ORDER = Column("order_uid", "text", "The order: `source:order id`")
_OBSERVED = Column(
    "observed_at", "instant", "When the platform's answer was asked for that the row is made from", "UTC"
)

ORDERS = Mart(
    "orders",
    "One row per order that any source tells, copies included: sum what `is_sale` marks, never all rows.",
    ("order_uid",),
    (
        _ORDER,
        Column("source", "text", "Name of the source in jalon.toml"),
        Column("platform", "text", "Where the order is kept"),
        Column("order_id", "text", "The platform's id of the order"),
        Column("placed_at", "instant", "When it was placed", "UTC"),
        Column("placed_date", "date", "The day it was placed", "local day of the account"),
        Column("paid_at", "instant", "When it was paid; empty: not known to be", "UTC"),
        Column("cancelled_at", "instant", "When it was cancelled; empty: it was not", "UTC"),
        Column("status", "text", "pending, paid, cancelled or deleted"),
        Column("kind", "text", "sale, exchange, sample, replacement, test or draft; the first two are revenue"),
        Column("channel", "text", "Channel of the shop in which it was placed"),
        Column("selling_mode", "text", "What the network did for the sale: native, linked or communication"),
        Column("mode_rule", "text", "The rule that says so"),
        Column("person", "text", "Pseudonym of the buyer; empty: not known"),
        Column("prior_sales", "integer", "Sales to that person before this one", "sales"),
        Column("customer", "text", "new, returning, or unknown: neither the person nor the shop's count is known"),
        Column("is_sale", "boolean", "It is revenue: a sale, paid, not cancelled, and counted here and not elsewhere"),
        Column("is_counted", "boolean", "False: a copy, or possibly one, of another order"),
        Column("counted_because", "text", "Why it is counted or not; codes in the documentation of `attribute`"),
        Column("duplicate_of", "text", "`order_uid` of the sale that it is a copy of"),
        Column("net_rule", "text", "What decides about the net: paid, unpaid, cancelled, sample, not_counted, ..."),
        Column(
            "net_warning",
            "text",
            "What to look at before trusting the net: refund_in_other_currency (not taken off), refund_above_order, "
            "negative_order, refund_converted; empty: nothing",
        ),
        CURRENCY,
        *money("gross", "List price of all lines"),
        *money("discount", "What was taken off"),
        *money("goods", "Goods money the buyer paid, after discounts, before tax and shipping"),
        *money("shipping", "Paid for shipping"),
        *money("tax", "Paid for tax"),
        *money("total", "What the buyer was charged in all"),
        *money("booked", "Goods money of a sale; 0 for what is none"),
        *money("reversed", "What refunds and cancellation took back of it"),
        *money("net", "Net revenue: booked less reversed"),
        _OBSERVED,
    ),
)

TOUCHPOINTS = Mart(
    "touchpoints",
    "One row per touchpoint: something that happened to one person, or to one order, at one time.",
    ("touch_uid",),
    (
        Column("touch_uid", "text", "The touchpoint"),
        Column("source", "text", "Name of the source in jalon.toml"),
        Column("platform", "text", "The platform that tells it"),
        Column("fact", "text", "The kind of fact that tells it"),
        Column("occurred_at", "instant", "When it happened", "UTC"),
        Column("time_is_bound", "boolean", "True: only that it happened by then is known"),
        Column("kind", "text", "What happened: visit, tag_click, add_to_cart, purchase, ..."),
        Column("channel", "text", "Where: a network, search, email, direct, ..."),
        Column("surface", "text", "Where in the channel: feed, story, live, video, pin, ..."),
        Column("stage", "text", "Canonical stage of the journey"),
        Column("stage_rule", "text", "The rule that gives it"),
        Column("person", "text", "Pseudonym; empty: not known, or the identifier was set aside"),
        Column("is_customer", "boolean", "The person had bought before"),
        Column("sale_uid", "text", "The sale that it is stated to belong to"),
        Column("content_id", "text", "The platform's id of the content"),
        Column("creator_id", "text", "The platform's id of the creator"),
        Column("product_id", "text", "The platform's id of the product"),
        Column("campaign", "text", "Campaign named by the link or the platform"),
        Column("referrer_host", "text", "Host that the visit came from"),
        Column("landing_path", "text", "Page that the visit began on"),
        Column("evidence", "text", "How its origin is known, from own_click, the strongest, to none"),
        Column("selling_mode", "text", "communication, linked or native"),
        Column("is_counted", "boolean", "False: the purchase of an order that is a copy"),
        _OBSERVED,
    ),
)

MEASURES = Mart(
    "measures",
    "One row per count that a platform gives, as it gives it now. Counts of different grain overlap: sum only one.",
    ("measure_uid",),
    (
        Column("measure_uid", "text", "The measure: `source:key`"),
        Column("source", "text", "Name of the source in jalon.toml"),
        Column("platform", "text", "The platform that counts"),
        Column("metric", "text", "What is counted"),
        Column("content_id", "text", "Over which content; empty: over all"),
        Column("product_id", "text", "Over which product; empty: over all"),
        Column("creator_id", "text", "Over which creator; empty: over all"),
        Column("start_date", "date", "First day of the period", "local day in `zone`"),
        Column("end_date", "date", "The day after the period", "local day in `zone`"),
        Column("zone", "text", "Time zone of the days"),
        Column("value", "integer", "The count", "a count, or minor units where `currency` is set"),
        Column("currency", "text", "ISO 4217 code where the count is of money"),
        Column("amount", "decimal", "The count where it is of money", "`currency`"),
        Column("finality", "text", "final, estimate (may still change) or processing (will change)"),
        Column("definition", "text", "API version and rule that it was counted by"),
        Column(
            "span",
            "text",
            "days: may be added up over days; lifetime: a counter since the beginning, as it stood at the end of the "
            "period; whole: one total of a thing with an end of its own, such as a LIVE",
        ),
        Column("campaign_id", "text", "Of advertising: the campaign, and after a slash what below it; empty: none"),
        Column("joinable", "boolean", "False: the platform's terms forbid joining it with persons"),
        Column("as_of_at", "instant", "When the platform said so", "UTC"),
    ),
)

ATTRIBUTION = Mart(
    "attribution",
    "One row per order, model and touchpoint that the model credits. Of each order and model the weights sum to 1, and "
    "`net` to the order's net revenue. Choose one model, then sum.",
    ("order_uid", "model", "step"),
    (
        _ORDER,
        Column("model", "text", "The attribution model"),
        Column("step", "integer", "Place on the journey, from 1; 0: of no touchpoint", "steps"),
        Column(
            "touch_uid", "text", "The touchpoint, or where modelled the `content_uid` of content_estimates; empty: none"
        ),
        Column(
            "basis",
            "text",
            "observed, modelled, organic (would have come anyway) or unknown: never add them up without saying so",
        ),
        Column("reason", "text", "Why it is nobody's"),
        Column("weight", "decimal", "Share of the order, with nine places", "of 1"),
        Column("weight_low", "decimal", "Where modelled: lower end of its 90 % interval", "of 1"),
        Column("weight_high", "decimal", "Where modelled: upper end of its 90 % interval", "of 1"),
        CURRENCY,
        *money("amount", "Credit before refunds and cancellation"),
        *money("reversed", "Credit that they take back"),
        *money("net", "Credit that remains"),
        Column("is_sale", "boolean", "The order is revenue; False: it was cancelled after it had been paid"),
        Column("placed_date", "date", "The day the order was placed", "local day of the account"),
        Column("platform", "text", "Where the order is kept"),
        Column("selling_mode", "text", "Selling mode of the sale"),
        Column("customer", "text", "The buyer: new, returning or unknown"),
        Column("channel", "text", "Channel of the touchpoint"),
        Column("stage", "text", "Canonical stage of the touchpoint"),
        Column("content_id", "text", "Content of the touchpoint"),
        Column("creator_id", "text", "Creator of the touchpoint"),
        Column("product_id", "text", "Product of the touchpoint"),
        Column("campaign", "text", "Campaign of the touchpoint"),
        Column(
            "person_group",
            "integer",
            "Which of 256 groups the buyer belongs to, by chance alone: sums by it tell how sure a sum of yours is",
        ),
    ),
)

CREDIT_TOTALS = Mart(
    "credit_totals",
    "Credit summed up, with its 90 % interval: one row per model, cut, value and currency. Choose one `model` and one "
    "`cut`, then read. The interval says how far chance reaches (other buyers, and where modelled the split); not "
    "whether the model is right.",
    ("model", "cut", "value", "currency"),
    (
        Column("model", "text", "The attribution model"),
        Column("cut", "text", "By what: channel, platform, content, creator, campaign, product, stage or mode"),
        Column("value", "text", "Which one; empty: the touchpoints name none"),
        Column("title", "text", "Where it is a content: its title"),
        CURRENCY,
        Column("orders", "decimal", "Orders credited, in shares of orders", "orders"),
        Column("orders_low", "decimal", "Lower end of the 90 % interval", "orders"),
        Column("orders_high", "decimal", "Upper end of the 90 % interval", "orders"),
        *money("net", "Net revenue credited, observed and modelled"),
        *money("net_low", "Lower end of its 90 % interval"),
        *money("net_high", "Upper end of its 90 % interval"),
        *money("modelled", "What of it is modelled"),
        Column(
            "too_few",
            "boolean",
            "It rests on too few orders to be acted on: the interval begins below half of the net (some seven orders "
            "of alike size, more where sizes differ)",
        ),
        Column("alike", "text", "Contents that the counts cannot tell it from: read these together; empty: none"),
    ),
)

CONTENT_ESTIMATES = Mart(
    "content_estimates",
    "One row per content that orders without a path were shared out to, with how sure that is: modelled, not observed.",
    ("content_uid",),
    (
        Column("content_uid", "text", "The content as credit is given to it: `touch_uid` of attribution"),
        Column("source", "text", "Name of the source in jalon.toml"),
        Column("platform", "text", "Where it was posted"),
        Column("channel", "text", "Channel that its credit goes to"),
        Column("content_id", "text", "The platform's id"),
        Column("creator_id", "text", "The platform's id of the creator"),
        Column(
            "orders",
            "decimal",
            "Orders, of those without a path, that it brought: the mean of what is likely",
            "orders",
        ),
        Column("orders_low", "decimal", "Lower end of the 90 % interval", "orders"),
        Column("orders_high", "decimal", "Upper end of the 90 % interval", "orders"),
        Column("alike", "text", "Contents that the counts cannot tell it from: read these together; empty: none"),
    ),
)

CONTENTS = Mart(
    "contents",
    "One row per post, video, LIVE, pin or story that a source tells.",
    ("content_uid",),
    (
        Column("content_uid", "text", "The content: `source:key`"),
        Column("source", "text", "Name of the source in jalon.toml"),
        Column("platform", "text", "Where it was posted"),
        Column("content_id", "text", "The platform's id; joins touchpoints, measures and attribution of that platform"),
        Column("kind", "text", "post, video, live, pin, story, ..."),
        Column("surface", "text", "Where it is shown"),
        Column("creator_id", "text", "The platform's id of the creator"),
        Column("title", "text", "Its title or caption"),
        Column("posted_at", "instant", "When it was posted", "UTC"),
        Column("url", "text", "Its address"),
        Column("selling_mode", "text", "communication, linked or native"),
        _OBSERVED,
    ),
)

MARTS: dict[str, Mart] = {
    mart.name: mart
    for mart in (
        ORDERS,
        TOUCHPOINTS,
        MEASURES,
        ATTRIBUTION,
        CREDIT_TOTALS,
        CONTENTS,
        CONTENT_ESTIMATES,
        JOURNEY_MAP,
        JOURNEY_MAP_CREDIT,
        STAGE_TRANSITIONS,
        STAGE_TIMES,
        DROP_OFFS,
        CONVERSION_CREDIT,
    )
}
"""Name -> mart."""
