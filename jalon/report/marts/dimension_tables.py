"""The dimensions as data. Each has a row for every key that any mart refers to, whether or not a source tells more."""

from __future__ import annotations

from jalon.report.marts.shapes import CREATOR, NONE, OBSERVED, SOURCE, Column, Mart, money

_TOLD = Column("is_told", "boolean", f"False: no source tells of it, it is only named; or it is {NONE}")

DIM_CONTENT = Mart(
    "dim_content",
    "One row per post, video, LIVE, pin or story that is told of or named.",
    ("content_id",),
    (
        Column("content_id", "text", f"The platform's id; {NONE}: no content is named"),
        SOURCE,
        Column("platform", "text", "Where it was posted"),
        Column("kind", "text", "post, video, live, pin, story, ..."),
        Column("surface", "text", "Where it is shown"),
        CREATOR,
        Column("title", "text", "Its title or caption"),
        Column("posted_at", "instant", "When it was posted", "UTC"),
        Column("url", "text", "Its address"),
        Column("selling_mode", "text", "communication, linked or native"),
        Column("products", "integer", "Products tagged in it", "products"),
        Column("told_by", "integer", "Records that tell of it; above 1: sources share it, the newest is shown"),
        _TOLD,
        OBSERVED,
    ),
)

DIM_CREATORS = Mart(
    "dim_creators",
    "One row per creator that is named. Platforms tell nothing of them but their id.",
    ("creator_id",),
    (
        Column("creator_id", "text", f"The platform's id; {NONE}: no creator is named"),
        Column("platform", "text", "Where they post, by their contents"),
        Column("contents", "integer", "Their contents that a source tells", "contents"),
        Column("first_posted_at", "instant", "When their first content was posted", "UTC"),
        Column("last_posted_at", "instant", "When their latest content was posted", "UTC"),
        _TOLD,
    ),
)

DIM_PRODUCTS = Mart(
    "dim_products",
    "One row per product that is told of or named; its variants are summed up.",
    ("product_id",),
    (
        Column("product_id", "text", f"The platform's id; {NONE}: no product is named"),
        SOURCE,
        Column("platform", "text", "Where it is kept"),
        Column("title", "text", "Its title"),
        Column("sku", "text", "The seller's own number, where all variants have the same"),
        Column("status", "text", "As the platform puts it"),
        Column("variants", "integer", "Variants that are told of", "variants"),
        Column("currency", "text", "ISO 4217 code of the prices; empty: none is told, or in several currencies"),
        *money("price_low", "Lowest price of a variant"),
        *money("price_high", "Highest price of a variant"),
        _TOLD,
        OBSERVED,
    ),
)

DIM_ACCOUNTS = Mart(
    "dim_accounts",
    "One row per source: an account of a platform, a shop, a folder of files.",
    ("source",),
    (
        Column("source", "text", f"Name of the source in jalon.toml; {NONE}: none is known"),
        Column("connector", "text", "How it is read; empty: jalon.toml no longer names it"),
        Column("title", "text", "What people call its platform"),
        Column("platform", "text", "Platform of its records; of several the first by name"),
        Column("is_configured", "boolean", "jalon.toml names it"),
        Column("newest_at", "instant", "When the newest of its records was observed", "UTC"),
    ),
)


def _persona(name: str, what: str) -> Column:
    return Column(name, "text", f"{what}; {NONE}: none", references="dim_personas")


DIM_CUSTOMERS = Mart(
    "dim_customers",
    "One row per person that is known by a pseudonym, whether or not they have bought. Count those that `is_told` "
    "marks: the others are named by what is not counted alone, and are here so that joins lose nothing.",
    ("person",),
    (
        Column("person", "text", f"Pseudonym; {NONE}: not known"),
        Column(
            "is_told",
            "boolean",
            "They were met or bought. False: only what is not counted names them (copies, possible duplicates, test "
            f"orders, samples, orders never paid); or it is {NONE}",
        ),
        Column("is_customer", "boolean", "They have bought"),
        Column("sales", "integer", "Orders of theirs that are revenue", "orders"),
        Column("first_seen_at", "instant", "Their first touchpoint", "UTC"),
        Column("last_seen_at", "instant", "Their latest touchpoint", "UTC"),
        Column("first_sale_at", "instant", "When they placed their first order that is revenue", "UTC"),
        Column("last_sale_at", "instant", "When they placed their latest order that is revenue", "UTC"),
        Column("touchpoints", "integer", "Touchpoints known of them", "touchpoints"),
        Column(
            "main_channel",
            "text",
            f"Channel in which most of their touchpoints were; {NONE}: none is known",
            references="dim_channels",
        ),
        Column("currency", "text", "ISO 4217 code of all money in the row: they bought most often in it"),
        Column("purchases", "integer", "Days on which they bought", "days"),
        *money("net", "Net revenue from them in `currency`"),
        Column("days_since_purchase", "integer", "Days from their latest purchase to the end of what is known", "days"),
        Column("recency_score", "integer", "5: of those who bought last; 1: longest ago; empty: too few buyers"),
        Column("frequency_score", "integer", "5: of those who bought most often; 1: least often"),
        Column("monetary_score", "integer", "5: of those who brought most in `currency`; 1: least"),
        Column("rfm_segment", "text", "Segment by these scores: champions, loyal, at_risk, ...; empty: none"),
        Column("next_purchase_score", "decimal", "How likely they buy in the next 90 days (BG/NBD)", "of 1"),
        Column("expected_purchases", "decimal", "Purchases expected in the next 90 days (BG/NBD)", "purchases"),
        *money("clv", "Net revenue expected in the next 365 days (BG/NBD with Gamma-Gamma)"),
        Column("nps", "integer", "Their latest answer, of those from 0 to 10, to whether they would recommend"),
        Column("is_ambassador", "boolean", "They recommend: by their answers or, of buyers, by what they did"),
        Column("ambassador_by", "text", "What shows it: promoter, good_review, referral, share or review"),
        _persona("persona", "The persona of jalon.toml that they are"),
        _persona("proposed_persona", "The proposed group that they are in: found in the data, declared by nobody"),
    ),
)

DIM_PERSONAS = Mart(
    "dim_personas",
    "One row per persona: declared in jalon.toml, or proposed: a group of buyers who are alike. Of fewer than five "
    "persons nothing is told.",
    ("persona",),
    (
        Column("persona", "text", f"Name of the persona; {NONE}: who is none"),
        Column("title", "text", "What people call it"),
        Column("title_fr", "text", "The same in French"),
        Column("is_proposed", "boolean", "Found in the data, declared by nobody"),
        Column("rule", "text", "Of a declared one: what holds of its persons"),
        Column("position", "integer", "Place, from 0; of several that fit the first is a person's"),
        Column("persons", "integer", "Persons in it; empty: fewer than five", "persons"),
        Column("customers", "integer", "Those of them who have bought", "persons"),
        Column("ambassadors", "integer", "Those of them who recommend", "persons"),
        Column("purchases", "decimal", "Purchases of one of its customers, on average; empty: fewer than five", "days"),
        Column("days_since_purchase", "decimal", "Days since the latest, on average; empty: fewer than five", "days"),
        Column("currency", "text", "ISO 4217 code of all money in the row: most of its customers bought most in it"),
        Column("currency_customers", "integer", "Those of its customers; empty: fewer than five", "persons"),
        *money("net", "Net revenue from `currency_customers`, in `currency`; empty: they are fewer than five"),
        Column("main_channel", "text", f"Where most of its persons were met most; {NONE}: none", "", "dim_channels"),
        Column("main_channel_share", "decimal", "Share of its persons of whom that holds", "of 1"),
        Column("silhouette", "decimal", "How distinct the proposed groups are, all together, from -1 to 1"),
    ),
)

DIM_CHANNELS = Mart(
    "dim_channels",
    "One row per channel: those that visits are read as, and all others that occur.",
    ("channel",),
    (
        Column("channel", "text", f"The channel; {NONE}: none, since nobody is credited"),
        Column("title", "text", "What people call it"),
        Column("channel_group", "text", "own, network or other"),
        Column("position", "integer", "Place on the journey map, from 0"),
    ),
)

DIM_STAGES = Mart(
    "dim_stages",
    "One row per stage of every stage model, and per way to be in none. Facts name the canonical ones.",
    ("stage_key",),
    (
        Column("stage_key", "text", "The stage: `preset/stage`, and of the canonical ones `stage`"),
        Column("preset", "text", "The stage model: canonical, five-phases, six-steps, classic or lifecycle"),
        Column("stage", "text", "Stage of that model"),
        Column("title_en", "text", "English"),
        Column("title_fr", "text", "French"),
        Column("position", "integer", "Order of the stages, from 0; last: what is no stage"),
        Column("is_stage", "boolean", f"False: no rule fits, nothing followed, or {NONE}"),
    ),
)

DIM_MODELS = Mart(
    "dim_models",
    "One row per attribution model.",
    ("model",),
    (
        Column("model", "text", "The attribution model"),
        Column("title", "text", "What people call it"),
        Column("assumes", "text", "What it takes to be true"),
        Column("formula", "text", "How it splits an order"),
        Column("taken_from", "text", "Where it comes from"),
        Column("learns", "boolean", "It weighs by what was learnt of all journeys"),
        Column("is_computed", "boolean", "Credit by it is in these marts"),
    ),
)

DIM_DATES = Mart(
    "dim_dates",
    "One row per day, without gaps, of every year in which anything happened.",
    ("date_day",),
    (
        Column("date_day", "date", "The day"),
        Column("calendar_year", "integer", "The year"),
        Column("quarter_number", "integer", "The quarter, from 1"),
        Column("month_number", "integer", "The month, from 1"),
        Column("month_start", "date", "First day of the month"),
        Column("iso_year", "integer", "The year of the ISO 8601 week"),
        Column("iso_week", "integer", "The ISO 8601 week"),
        Column("week_start", "date", "The Monday of the week"),
        Column("weekday_number", "integer", "1 Monday to 7 Sunday"),
        Column("is_weekend", "boolean", "It is a Saturday or a Sunday"),
    ),
)
