"""Flat marts as data, each for one question: choose, then read."""

from __future__ import annotations

from jalon.report.marts.shapes import CONTENT, CREATOR, CURRENCY, MODEL, NONE, SOURCE, Column, Mart, day, money

RPT_CREDIT = Mart(
    "rpt_credit",
    "Credit summed up, with its 90 % interval: one row per model, cut, value and currency. Choose one `model` and one "
    "`cut`, then read. The interval says how far chance reaches (other buyers, and where modelled the split); not "
    "whether the model is right.",
    ("model", "cut", "value", "currency"),
    (
        MODEL,
        Column(
            "cut", "text", "By what: channel, platform, content, creator, campaign, product, stage, mode or customer"
        ),
        Column("value", "text", f"Which one; {NONE}: the touchpoints name none"),
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

RPT_CONTENT_ESTIMATES = Mart(
    "rpt_content_estimates",
    "One row per content that orders without a path were shared out to, with how sure that is: modelled, not observed.",
    ("estimate_uid",),
    (
        Column("estimate_uid", "text", "The content as credit is given to it"),
        SOURCE,
        Column("platform", "text", "Where it was posted"),
        Column("channel", "text", "Channel that its credit goes to", references="dim_channels"),
        CONTENT,
        CREATOR,
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

RPT_TRACED_CONTENTS = Mart(
    "rpt_traced_contents",
    "One row per content that people are likely to have come from whose visits name only their network, with how sure "
    "that is: modelled, not observed.",
    ("estimate_uid",),
    (
        Column("estimate_uid", "text", "The content as visits are traced to it"),
        Column("channel", "text", "Channel of the visits", references="dim_channels"),
        SOURCE,
        CONTENT,
        CREATOR,
        Column("metric", "text", "What is counted of the content that tells how many it led on"),
        Column("steps", "decimal", "Visits on journeys that it led to: the mean of what is likely", "visits"),
        Column("steps_low", "decimal", "Lower end of the 90 % interval", "visits"),
        Column("steps_high", "decimal", "Upper end of the 90 % interval", "visits"),
        Column("alike", "text", "Contents that the counts cannot tell it from: read these together; empty: none"),
    ),
)

RPT_REVENUE_DAILY = Mart(
    "rpt_revenue_daily",
    "What was sold on each day: one row per day, platform, selling mode, new or returning customer, and currency. "
    "What was paid and then cancelled is booked and taken back, and counts as no order.",
    ("placed_date", "platform", "selling_mode", "customer", "currency"),
    (
        day("placed_date", "The day the orders were placed"),
        Column("platform", "text", "Where the orders are kept"),
        Column("selling_mode", "text", "native, linked or communication"),
        Column("customer", "text", "new, returning or unknown"),
        CURRENCY,
        Column("orders", "integer", "Orders that are revenue", "orders"),
        *money("booked", "Goods money booked: of these orders, and of those that were paid and then cancelled"),
        *money("reversed", "What refunds and cancellation took back of it, whenever that was"),
        *money("net", "Net revenue: booked less reversed"),
    ),
)
