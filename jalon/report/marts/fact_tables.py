"""The facts and bridges as data: each table, its key, its columns, what they refer to."""

from __future__ import annotations

from jalon.report.marts.exchange_tables import OF_CREDIT, OF_ORDERS
from jalon.report.marts.shapes import (
    CHANNEL,
    CONTENT,
    CREATOR,
    CREDITED_TO,
    CURRENCY,
    MODEL,
    NONE,
    OBSERVED,
    PERSON,
    PRODUCT,
    SOURCE,
    STAGE,
    Column,
    Mart,
    day,
    money,
)

ORDER = Column("order_uid", "text", "The order: `source:order id`", references="fct_orders")

FCT_ORDERS = Mart(
    "fct_orders",
    "One row per order that any source tells, copies included: sum what `is_sale` marks, never all rows.",
    ("order_uid",),
    (
        Column("order_uid", "text", "The order: `source:order id`"),
        SOURCE,
        Column("platform", "text", "Where the order is kept"),
        Column("order_id", "text", "The platform's id of the order"),
        Column("placed_at", "instant", "When it was placed", "UTC"),
        day("placed_date", "The day it was placed"),
        Column("paid_at", "instant", "When it was paid; empty: not known to be", "UTC"),
        Column("cancelled_at", "instant", "When it was cancelled; empty: it was not", "UTC"),
        Column("status", "text", "pending, paid, cancelled or deleted"),
        Column("kind", "text", "sale, exchange, sample, replacement, test or draft; the first two are revenue"),
        Column("channel", "text", "Channel of the shop in which it was placed", references="dim_channels"),
        Column("selling_mode", "text", "What the network did for the sale: native, linked or communication"),
        Column("mode_rule", "text", "The rule that says so"),
        Column("person", "text", f"Pseudonym of the buyer; {NONE}: not known", references="dim_customers"),
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
            "What to look at before trusting the net: refund_in_other_currency, refund_of_several, refund_of_copy (not "
            "taken off), refund_above_order, refund_beyond_order, negative_order, refund_converted; empty: nothing",
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
        *OF_ORDERS,
        OBSERVED,
    ),
)

FCT_TOUCHPOINTS = Mart(
    "fct_touchpoints",
    "One row per touchpoint: something that happened to one person, or to one order, at one time.",
    ("touch_uid",),
    (
        Column("touch_uid", "text", "The touchpoint"),
        SOURCE,
        Column("platform", "text", "The platform that tells it"),
        Column("fact", "text", "The kind of fact that tells it"),
        Column("occurred_at", "instant", "When it happened", "UTC"),
        day("occurred_date", "The day it happened", "day in UTC"),
        Column("time_is_bound", "boolean", "True: only that it happened by then is known"),
        Column("kind", "text", "What happened: visit, tag_click, add_to_cart, purchase, ..."),
        CHANNEL,
        Column("surface", "text", "Where in the channel: feed, story, live, video, pin, ..."),
        STAGE,
        Column("stage_rule", "text", "The rule that gives it"),
        Column(
            "person",
            "text",
            f"Pseudonym; {NONE}: not known, or the identifier was set aside",
            references="dim_customers",
        ),
        Column("is_customer", "boolean", "The person had bought before"),
        Column("sale_uid", "text", "The sale that it is stated to belong to; empty: none", references="fct_orders"),
        CONTENT,
        CREATOR,
        PRODUCT,
        Column("campaign", "text", "Campaign named by the link or the platform"),
        Column("referrer_host", "text", "Host that the visit came from"),
        Column("landing_path", "text", "Page that the visit began on"),
        Column("evidence", "text", "How its origin is known, from own_click, the strongest, to none"),
        Column("selling_mode", "text", "communication, linked or native"),
        Column(
            "is_counted",
            "boolean",
            "False: the purchase of an order that is a copy, or a visit that an order states and the site tells too",
        ),
        OBSERVED,
    ),
)

FCT_ATTRIBUTED_REVENUE = Mart(
    "fct_attributed_revenue",
    "One row per order, model and touchpoint that the model credits. Of each order and model the weights sum to 1, and "
    "`net` to the order's net revenue. Choose one model, then sum.",
    ("order_uid", "model", "step"),
    (
        ORDER,
        MODEL,
        Column("step", "integer", "Place on the journey, from 1; 0: of no touchpoint", "steps"),
        *CREDITED_TO,
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
        *OF_CREDIT,
        Column("is_sale", "boolean", "The order is revenue; False: it was cancelled after it had been paid"),
        day("placed_date", "The day the order was placed"),
        Column("platform", "text", "Where the order is kept"),
        Column("selling_mode", "text", "Selling mode of the sale"),
        Column("customer", "text", "The buyer: new, returning or unknown"),
        Column("channel", "text", f"Channel of the touchpoint; {NONE}: none", references="dim_channels"),
        Column("stage", "text", f"Canonical stage of the touchpoint; {NONE}: none", references="dim_stages"),
        Column("content_id", "text", f"Content of the touchpoint; {NONE}: none", references="dim_content"),
        Column(
            "creator_id",
            "text",
            f"Creator of the touchpoint, else of its content; {NONE}: none",
            references="dim_creators",
        ),
        Column("product_id", "text", f"Product of the touchpoint; {NONE}: none", references="dim_products"),
        Column("campaign", "text", "Campaign of the touchpoint"),
        Column(
            "person_group",
            "integer",
            "Which of 256 groups the buyer belongs to, by chance alone: sums by it tell how sure a sum of yours is",
        ),
    ),
)

FCT_ORDER_LINES = Mart(
    "fct_order_lines",
    "One row per line of an order; money is for all its units together. Sum what `is_sale` marks.",
    ("line_uid",),
    (
        Column("line_uid", "text", "The line: `source:key`"),
        Column("order_uid", "text", "Its order; empty: the order itself is not known", references="fct_orders"),
        SOURCE,
        Column("platform", "text", "Where the order is kept"),
        Column("order_id", "text", "The platform's id of the order"),
        Column("line_id", "text", "The platform's id of the line"),
        Column("is_sale", "boolean", "Its order is revenue; refunds stand in fct_refunds"),
        PRODUCT,
        Column("sku", "text", "The seller's own number of the variant"),
        Column("title", "text", "The product as the order names it"),
        CONTENT,
        Column("quantity", "integer", "Units", "units"),
        Column("is_gift", "boolean", "It was given away"),
        CURRENCY,
        *money("gross", "List price"),
        *money("discount", "What was taken off"),
        *money("goods", "Goods money the buyer paid, after discounts, before tax and shipping"),
        *money("tax", "Paid for tax"),
        OBSERVED,
    ),
)

FCT_REFUNDS = Mart(
    "fct_refunds",
    "One row per movement of money back to a buyer, those of copies of an order too: sum what `is_counted` marks. What "
    "it takes off net revenue is in fct_orders: `reversed`.",
    ("refund_uid",),
    (
        Column("refund_uid", "text", "The refund: `source:key`"),
        Column("order_uid", "text", "Its order; empty: the order itself is not known", references="fct_orders"),
        SOURCE,
        Column("platform", "text", "Where the order is kept"),
        Column("order_id", "text", "The platform's id of the order"),
        Column("refund_id", "text", "The platform's id of the refund"),
        Column(
            "is_counted",
            "boolean",
            "False: its order is a copy, or possibly one, of another, which has refunds of its own; or is not known",
        ),
        Column("reason", "text", "refund, return or cancellation"),
        Column("state", "text", "succeeded, pending or failed; only the first takes money off"),
        Column("refunded_at", "instant", "When it happened", "UTC"),
        day("refunded_date", "The day it happened"),
        CURRENCY,
        *money("goods", "Refunded goods money, before tax; where `tax` is empty, with its tax"),
        *money("shipping", "Refunded shipping"),
        *money("tax", "Refunded tax; empty: neither the refund nor its order tells any"),
        Column(
            "tax_is_reckoned", "boolean", "The refund tells no tax: goods, shipping and tax are by its order's figures"
        ),
        *money(
            "total",
            "What the buyer got back in all; if `tax_is_reckoned`, what is more than the order had is in no other part",
        ),
        OBSERVED,
    ),
)

FCT_SURVEY_ANSWERS = Mart(
    "fct_survey_answers",
    "One row per answer to one question of a survey, or per rating of a review. What people wrote is not kept.",
    ("answer_uid",),
    (
        Column("answer_uid", "text", "The answer: `source:key`"),
        SOURCE,
        Column("platform", "text", "Where it was given"),
        Column("survey", "text", "ces, csat, nps, win_loss, review or other"),
        Column("question", "text", "The question, where a survey has several"),
        Column("answered_at", "instant", "When it was given", "UTC"),
        day("answered_date", "The day it was given"),
        Column("score", "integer", "On the scale from `lowest` to `highest`; empty: the answer is a choice"),
        Column("lowest", "integer", "Lower end of the scale"),
        Column("highest", "integer", "Upper end of the scale"),
        Column("choice", "text", "A code such as won, lost or price"),
        PERSON,
        Column("order_uid", "text", "The order it is about; empty: none, or not known", references="fct_orders"),
        PRODUCT,
        OBSERVED,
    ),
)

BRIDGE_TRACED_CONTENTS = Mart(
    "bridge_traced_contents",
    "Which contents a credited visit that names only its network is likely to have come from: one row per order, "
    "touchpoint and content. Join it to `fct_attributed_revenue` by order and touchpoint, and multiply by `share`; "
    "what the shares leave of 1 is not known. Modelled: `rpt_credit` has it in its cuts by content and creator.",
    ("order_uid", "touch_uid", "estimate_uid"),
    (
        ORDER,
        Column("touch_uid", "text", "The visit", references="fct_touchpoints"),
        Column("estimate_uid", "text", "The content as visits are traced to it", references="rpt_traced_contents"),
        SOURCE,
        CONTENT,
        CREATOR,
        Column("share", "decimal", "How likely it is, with nine places", "of 1"),
        Column("low", "decimal", "Lower end of the 90 % interval", "of 1"),
        Column("high", "decimal", "Upper end of the 90 % interval", "of 1"),
    ),
)

BRIDGE_CONTENT_PRODUCTS = Mart(
    "bridge_content_products",
    "Which products are tagged in which content: one row per pair, as it holds now.",
    ("content_id", "product_id"),
    (
        Column("content_id", "text", "The content", references="dim_content"),
        Column("product_id", "text", "The product", references="dim_products"),
        SOURCE,
        OBSERVED,
    ),
)

RUN_LEDGER = Mart(
    "run_ledger",
    "One row per run of a command over a source, the latest ten thousand: how fresh the figures are, and what failed.",
    ("run_id",),
    (
        Column("run_id", "integer", "The run, counted up"),
        SOURCE,
        Column("command", "text", "sync, backfill, import, ..."),
        Column("started_at", "instant", "When it began", "UTC"),
        day("started_date", "The day it began", "day in UTC"),
        Column("finished_at", "instant", "When it ended; empty: it runs, or was ended from outside", "UTC"),
        Column("outcome", "text", "ok, partial, failed, ...; empty: it has not ended"),
        Column("pages", "integer", "Answers read", "pages"),
        Column("new_records", "integer", "Records that were new or had changed", "records"),
        Column("known_records", "integer", "Records that were known as they are", "records"),
        Column("skipped_records", "integer", "Records that were passed over, with a reason each", "records"),
    ),
)
