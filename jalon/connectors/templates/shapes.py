"""The shapes of records that own channels tell, as data. What the kinds of fields are: `fields`."""

from __future__ import annotations

from jalon import added_channels
from jalon.connectors.templates.fields import PERSON, Field, Shape, words

_UPDATED = Field("updated_at", "time", "When the record last changed: of two revisions the later one holds.")
_PLATFORM = Field("platform", "name", "What tells: `till`, `mailing`, `awin`, …", required=True)
_CURRENCY = Field("currency", "currency", "Currency of all amounts.", required=True)
_TILL = Field("till_id", "id", "Till that made the sale, where numbers of receipts are unique per till only.")
_ORDER = Field("order_id", "id", "Number of the order or receipt.", required=True)
_MODE = Field("selling_mode", "word", "How it was sold.", words=words("communication linked native"))

LINE = (
    Field("line_id", "id", "Which line of the order; numbered from 1 where left out."),
    Field("product_id", "id", "The product as this channel knows it."),
    Field("sku", "id", "The product as all channels know it."),
    Field("title", "text", "Title of the product."),
    Field("quantity", "count", "How many; 1 where left out."),
    Field("unit_price", "money", "Price of one, before tax, after discounts; where `goods` is not told."),
    Field("gross", "money", "List price of all, before discounts and tax."),
    Field("discount", "money", "Discount on all."),
    Field("goods", "money", "What was paid for all, before tax."),
    Field("tax", "money", "Tax on all."),
    Field("content_id", "id", "The post or LIVE that it was bought in."),
    Field("is_gift", "flag", "A gift beside the purchase."),
)

KINDS_OF_TOUCH = words(
    "impression view engagement profile_visit visit search_click ad_click content_click tag_click product_view save "
    "question sign_up add_to_cart checkout offer_used live_cart live_view chat delivery support return_requested "
    "newsletter review share referral other"
)
"""Kinds of touchpoint that can be told. A purchase, a refund and a survey follow from records of their own."""

METRICS = words(
    "impressions reach views clicks tag_clicks sends delivered opens bounces unsubscribes complaints sign_ups "
    "conversions visits likes comments shares saves"
)
"""Counts that a record of figures may hold; amounts are `spend` and `conversion_value`."""

_OURS = words(
    "ai_assistant email messaging affiliate mobile youtube tiktok instagram facebook threads pinterest snapchat x "
    "linkedin forum social search display shop referral site direct"
)
CHANNELS = tuple(dict.fromkeys((*_OURS, *added_channels.names())))
"""Channels that can be told, those of other distributions too."""

_ORDERS = Shape(
    "orders",
    "order",
    "A purchase: at a till, by phone, in an app, on a network.",
    (
        _ORDER,
        _TILL,
        _PLATFORM,
        Field("placed_at", "time", "When it was placed.", required=True),
        Field("paid_at", "time", "When it was paid; when placed, where left out and the order is paid."),
        _UPDATED,
        Field("status", "word", "`paid` where left out.", words=words("pending paid cancelled")),
        Field("kind", "word", "`sale` where left out.", words=words("sale sample replacement exchange test")),
        Field("channel", "name", "Where it was placed: `shop` (at the till), `site`, `mobile`, `instagram`, …; if it is"
              " left out, what `platform` says: `till` is `shop`, any other must be a channel itself."),
        _MODE,
        _CURRENCY,
        Field("total", "money", "What was charged in all. This or `goods` must be told."),
        Field("tax", "money", "Tax in the total. Where left out, that of its `lines`, else what `total` has beside"
              " `goods` and `shipping`; where nothing tells it, none is taken off the total."),
        Field("shipping", "money", "Shipping in the total."),
        Field("goods", "money", "What was paid for the goods before tax; total less tax and shipping where left out."),
        Field("discount", "money", "Discount on the goods."),
        Field("gross", "money", "List price of the goods; goods and discount where left out."),
        *PERSON,
        Field("external_ids", "ids", "The same sale elsewhere, as `platform:order id`, such as `shopify:4507892`."),
        Field("lines", "lines", "Its lines, all of them: those of an order that is told again replace those before."),
    ),
    ("order_id",),
    "platform and number of the order, with its till where one is told",
    ("platform", "till_id"),
    ({"channel": (), "platform": ("till", *CHANNELS)}, {"total": (), "goods": ()}),
    complete=True,
)  # fmt: skip
_ORDER_LINES = Shape(
    "order_lines",
    "order_line",
    "A line of an order that comes by itself.",
    (_ORDER, _TILL, _PLATFORM, _UPDATED, _CURRENCY, LINE[0]._replace(required=True), *LINE[1:]),
    ("order_id", "line_id"),
    "the order and the line's number in it",
    ("platform", "till_id"),
)
_REFUNDS = Shape(
    "refunds",
    "refund",
    "Money that went back to the buyer. Amounts with or without a minus are the same.",
    (
        Field("refund_id", "id", "Number of the refund."),
        _ORDER,
        _TILL,
        _PLATFORM,
        Field("refunded_at", "time", "When the money went back.", required=True),
        _UPDATED,
        Field("reason", "word", "`refund` where left out.", words=words("refund return cancellation")),
        Field("state", "word", "`succeeded` where left out.", words=words("succeeded pending failed")),
        Field("channel", "name", "Where it was given back; `shop` is the till."),
        _CURRENCY,
        Field("total", "money", "What went back in all.", required=True),
        Field("tax", "money", "Tax in it. Where it and `goods` are left out, it is reckoned by the order's own rate."),
        Field("shipping", "money", "Shipping in it; with its tax, where no tax is told."),
        Field("goods", "money", "Goods money in it, before tax; where left out, total less tax and shipping."),
        *PERSON,
    ),
    ("refund_id",),
    "platform and number of the refund; without a number, all that is told of it",
)
_TOUCHPOINTS = Shape(
    "touchpoints",
    "touchpoint",
    "Something that one person did, or that happened to one: an opening, a click, a call, a post in a forum.",
    (
        Field("id", "id", "Number of the event."),
        _PLATFORM,
        Field("occurred_at", "time", "When it happened.", required=True),
        _UPDATED,
        Field("kind", "word", "What happened.", required=True, words=KINDS_OF_TOUCH),
        Field("channel", "name", "`email`, `forum`, `mobile`, `shop`, …; read from `landing_page` where left out."),
        Field("surface", "name", "Where in the channel: `feed`, `story`, `profile`, `site`, …"),
        *PERSON,
        Field("order_id", "id", "Order of this source that it belongs to."),
        Field("content_id", "id", "The post, mail or page that it happened on."),
        Field("creator_id", "id", "Whose post it was: a public name."),
        Field("product_id", "id", "Product that it was about."),
        Field("campaign", "text", "Name of the campaign."),
        Field("landing_page", "link", "Address that was opened; its utm marks and click ids are read."),
        Field("referrer", "link", "Address that the person came from."),
        _MODE,
    ),
    ("id",),
    "platform and number of the event; without a number, all that is told of it: the same person, moment and kind are"
    " one event",
    needs=({"channel": (), "landing_page": ()},),
)
_FIGURES = Shape(
    "figures",
    "figures",
    "Counts over a campaign, a content or a product and a period: costs of ads, sends of a mailing. Never of a person.",
    (
        _PLATFORM,
        Field("start", "day", "First day.", required=True),
        Field("end", "day", "Last day, included; the first one where left out."),
        _UPDATED,
        Field("campaign_id", "id", "Number or name of the campaign."),
        Field("content_id", "id", "The post, ad or mail."),
        Field("product_id", "id", "The product."),
        Field("creator_id", "id", "Whose content: a public name."),
        Field("finality", "word", "`final` where left out.", words=words("final estimate processing")),
        Field("currency", "currency", "Currency of `spend` and `conversion_value`."),
        Field("spend", "money", "What the ads cost."),
        Field("conversion_value", "money", "Revenue that the platform claims: never added to that of orders."),
        *(Field(name, "count", f"Number of {name.replace('_', ' ')}; left out is unknown, not 0.") for name in METRICS),
    ),
    ("campaign_id", "content_id", "product_id", "creator_id", "start", "end"),
    "what is counted (platform, campaign, content, product, creator) and the period: figures told again replace it",
)
_ANSWERS = Shape(
    "answers",
    "answer",
    "One answer to one question of a survey, or the rating of a review. What persons write is never taken.",
    (
        Field("answer_id", "id", "Number of the answer."),
        _PLATFORM,
        Field("survey", "word", "Which.", required=True, words=words("ces csat nps win_loss review other")),
        Field("question", "text", "The question, in the brand's words."),
        Field("answered_at", "time", "When.", required=True),
        _UPDATED,
        Field("score", "integer", "The score. This or `choice` must be told."),
        Field("lowest", "integer", "Lowest possible score; by the survey's custom where left out (nps 0, else 1)."),
        Field("highest", "integer", "Highest possible score; by the survey's custom where left out (nps 10, ces 7,"
              " else 5)."),
        Field("choice", "code", "What was chosen, as a code: `won`, `lost`, `price`."),
        Field("channel", "name", "How it was asked: `email`, `shop`, `site`, …"),
        *PERSON,
        Field("order_id", "id", "Order that it was about."),
        Field("product_id", "id", "Product that it was about."),
    ),
    ("answer_id",),
    "platform, survey and number of the answer; without a number, all that is told of it",
    ("platform", "survey"),
    ({"score": (), "choice": ()},),
)  # fmt: skip
_TRANSACTIONS = Shape(
    "transactions",
    "transaction",
    "A sale that an affiliate network claims for a publisher. It is no revenue: the shop's order is.",
    (
        Field("transaction_id", "id", "Number at the network.", required=True),
        _PLATFORM,
        Field("order_id", "id", "The order at the shop: its id, or the number that people see, such as `#1494`.",
              required=True),
        Field("shop", "name", "Platform of that shop: `shopify`, `woocommerce`, …", required=True),
        Field("occurred_at", "time", "When the sale was made.", required=True),
        Field("clicked_at", "time", "When the publisher's link was clicked; at or before the sale where left out."),
        _UPDATED,
        Field("status", "word", "As it stands now; `pending` where left out.",
              words=words("pending approved reversed")),
        Field("creator_id", "id", "The publisher: a public name or number.", required=True),
        Field("content_id", "id", "The publisher's ad or link."),
        Field("campaign", "text", "Name of the programme."),
        Field("product_id", "id", "Product that was sold."),
        Field("quantity", "count", "How many; 1 where left out."),
        _CURRENCY,
        Field("sale_amount", "money", "What the network counts as the sale."),
        Field("commission", "money", "What the publisher earns; nothing once it is reversed."),
    ),
    ("transaction_id",),
    "platform and number of the transaction: a reversal is a newer revision of it",
)  # fmt: skip
_CONTENTS = Shape(
    "contents",
    "content",
    "A post, a mail, a page, an ad.",
    (
        Field("content_id", "id", "Its number.", required=True),
        _PLATFORM,
        Field("kind", "name", "`post`, `mail`, `video`, …", required=True),
        Field("surface", "name", "Where it is shown; its kind where left out."),
        Field("creator_id", "id", "Who made it: a public name."),
        Field("title", "text", "Its title."),
        Field("posted_at", "time", "When it was posted."),
        Field("ended_at", "time", "When it ended."),
        _UPDATED,
        Field("url", "link", "Its address."),
        Field("product_ids", "ids", "Products tagged in it, all of them: told again they replace those before."),
        _MODE,
    ),
    ("content_id",),
    "platform and number of the content",
    complete=True,
)
_PRODUCTS = Shape(
    "products",
    "product",
    "A product, or a variant of one.",
    (
        Field("product_id", "id", "Its number.", required=True),
        Field("variant_id", "id", "The variant; the product where left out."),
        _PLATFORM,
        Field("sku", "id", "As all channels know it."),
        Field("title", "text", "Its title."),
        Field("status", "name", "`active`, …"),
        Field("price", "money", "Its price."),
        Field("currency", "currency", "Currency of the price."),
        _UPDATED,
    ),
    ("product_id", "variant_id"),
    "platform and number of product and variant",
)
_IDENTITIES = Shape(
    "identities",
    "identity",
    "Identifiers that are one person: a loyalty card and an e-mail address.",
    (*PERSON, Field("evidence", "name", "How it is known: `sign_up`, `card`, …"), _UPDATED),
    (),
    "the identifiers themselves",
)

SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        _ORDERS, _ORDER_LINES, _REFUNDS, _TOUCHPOINTS, _FIGURES, _ANSWERS, _TRANSACTIONS, _CONTENTS, _PRODUCTS,
        _IDENTITIES,
    )
}  # fmt: skip
"""Name of a shape, which is the stream's too -> the shape."""
TYPES: dict[str, Shape] = {shape.type: shape for shape in SHAPES.values()}
"""Type of a hook's event -> the shape of its data."""
