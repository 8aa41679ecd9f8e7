"""The marts of what platforms count as data: every count, and the daily ones of content."""

from __future__ import annotations

from jalon.report.marts.shapes import NONE, SOURCE, Column, Mart, day

FCT_MEASURES = Mart(
    "fct_measures",
    "One row per count that a platform gives, as it gives it now. Counts of different grain overlap: sum only one.",
    ("measure_uid",),
    (
        Column("measure_uid", "text", "The measure: `source:key`"),
        SOURCE,
        Column("platform", "text", "The platform that counts"),
        Column("metric", "text", "What is counted"),
        Column("content_id", "text", f"Over which content; {NONE}: over all", references="dim_content"),
        Column("product_id", "text", f"Over which product; {NONE}: over all", references="dim_products"),
        Column("creator_id", "text", f"Over which creator; {NONE}: over all", references="dim_creators"),
        day("start_date", "First day of the period", "local day in `zone`"),
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
        Column(
            "campaign_id",
            "text",
            "Of advertising: the campaign, and after a slash what below it (a slash in a name is %2F); empty: none",
        ),
        Column("joinable", "boolean", "False: the platform's terms forbid joining it with persons"),
        Column("as_of_at", "instant", "When the platform said so", "UTC"),
    ),
)

FCT_CONTENT_METRICS_DAILY = Mart(
    "fct_content_metrics_daily",
    "One row per count of one content and day that may be added up over days, as the platform gives it now. Choose one "
    "`metric` and one `source`: two sources may count the same.",
    ("measure_uid",),
    (
        Column("measure_uid", "text", "The measure", references="fct_measures"),
        SOURCE,
        Column("platform", "text", "The platform that counts"),
        Column("content_id", "text", "Over which content", references="dim_content"),
        day("metric_date", "The day", "local day in `zone`"),
        Column("zone", "text", "Time zone of the day"),
        Column("metric", "text", "What is counted: views, likes, tag_clicks, ..."),
        Column("value", "integer", "The count", "a count, or minor units where `currency` is set"),
        Column("currency", "text", "ISO 4217 code where the count is of money"),
        Column("amount", "decimal", "The count where it is of money", "`currency`"),
        Column("finality", "text", "final, estimate (may still change) or processing (will change)"),
        Column("definition", "text", "API version and rule that it was counted by"),
        Column("as_of_at", "instant", "When the platform said so", "UTC"),
    ),
)
