"""Ask Meta's Ads Insights: which figures, by what they are counted, and what of an answer becomes a record.

https://developers.facebook.com/docs/marketing-api/insights. What is counted is said with each question, never left to
the account's settings: the attribution windows, the day that a conversion belongs to, and one action for purchases.
`omni_purchase` holds `offsite_conversion.fb_pixel_purchase`, `onsite_web_purchase` and others in it: taking two of them
counts the same purchase twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Record, Session
from jalon.connectors.days import age_of, zone_of
from jalon.connectors.meta_ads.doors import RESTATED
from jalon.connectors.wire import encode

ROWS = "500"
"""Rows on a page."""
STATUSES = (
    "ACTIVE", "ADSET_PAUSED", "ARCHIVED", "CAMPAIGN_PAUSED", "DELETED", "DISAPPROVED", "IN_PROCESS", "PAUSED",
    "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED", "WITH_ISSUES",
)  # fmt: skip
"""All that an ad can be. Without a filter that names them, deleted ads are left out, and the money spent on them.

https://developers.facebook.com/docs/marketing-api/best-practices/manage-your-ad-object-status"""

# --- what is asked ----------------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """How a stream's figures are cut, and which of them are asked for."""

    level: str
    breakdown: str
    fields: tuple[str, ...]
    key: tuple[str, ...]
    """Ids that, with the day, tell a row from others."""


_SPENT = ("account_currency", "spend", "impressions", "clicks")

# https://developers.facebook.com/docs/marketing-api/reference/ads-insights
CUTS = {
    "ads": Cut(
        "ad",
        "",
        (
            *_SPENT,
            "campaign_id",
            "adset_id",
            "ad_id",
            "inline_link_clicks",
            "outbound_clicks",
            "actions",
            "action_values",
        ),
        ("ad_id",),
    ),
    "products": Cut(
        "campaign",
        "product_id",
        (*_SPENT, "campaign_id", "product_retailer_id"),
        ("campaign_id", "product_id"),
    ),
}

PURCHASED = {
    "omni_purchase": ("converted_product_omni_purchase", "converted_product_omni_purchase_values"),
    "offsite_conversion.fb_pixel_purchase": (
        "converted_product_website_pixel_purchase",
        "converted_product_website_pixel_purchase_value",
    ),
    "onsite_web_purchase": (),
}
"""Action for purchases -> the fields that count it by product. The last has none."""


def question(session: Session, stream: str, day: date) -> dict[str, str]:
    """Return the query for the figures of one day, by ad or by product."""
    cut, settings = CUTS[stream], session.settings
    bought = PURCHASED[settings.purchase_action] if stream == "products" else ()
    asked = {
        "level": cut.level,
        "fields": ",".join((*cut.fields, *bought, *settings.more_figures)),
        **_counted(settings, day),
    }
    return {**asked, "breakdowns": _list(cut.breakdown)} if cut.breakdown else asked


def listing(session: Session, day: date, level: str, name: str) -> dict[str, str]:
    """Return the query for the ids of all that has figures on a day, by the rules that figures are asked for by."""
    return {"level": level, "fields": name, **_counted(session.settings, day)}


def _counted(settings: Any, day: date) -> dict[str, str]:
    """Return the rules that are said with each question; `until` is part of what is counted."""
    every = {"field": "ad.effective_status", "operator": "IN", "value": STATUSES}
    return {
        "time_range": encode({"since": day.isoformat(), "until": day.isoformat()}).decode(),
        "time_increment": "1",
        "action_attribution_windows": _list(*settings.attribution_windows),
        "action_report_time": settings.report_time,
        "filtering": encode([every]).decode(),
        "limit": ROWS,
    }


def _list(*words: str) -> str:
    return encode(words).decode()


# --- what is answered -------------------------------------------------------------------------------------------------


def stamp(session: Session, day: date) -> Row:
    """Return what a record says about its figures: whose version, by which rule, and whether they are settled."""
    settings = session.settings
    return {
        "day": day.isoformat(),
        "api": settings.version,
        "settled": age_of(session, day, zone_of(session)) >= RESTATED,
        "windows": list(settings.attribution_windows),
        "action": settings.purchase_action,
        "report_time": settings.report_time,
    }


def record(stream: str, row: Row, said: Mapping[str, Any]) -> Record:
    """Return a row of figures as a record; without the ids that tell it from others it has no key."""
    ids = [product_id(text(row.get(name))) for name in CUTS[stream].key]
    key = "/".join((said["day"], *ids)) if all(ids) else ""
    return Record(key, 0, {**row, **said})


def gone(key: str) -> Record:
    """Return what is known of a row that is not told any more: that it had figures on its day, and has none."""
    return Record(key, 0, {"day": key.partition("/")[0], "gone": True})


def named(row: Row) -> Record:
    """Return the product that a row names, as a record."""
    identity = product_id(text(row.get("product_id")))
    return Record(f"product/{identity}", 0, {name: row.get(name) for name in ("product_id", "product_retailer_id")})


def product_id(value: str) -> str:
    """Return the id out of a breakdown's value: by product it comes as `id, name`."""
    return value.partition(",")[0].strip()


def is_about_a_product(row: Row) -> bool:
    """Say whether a row by product names one: conversions off Meta come in a row without."""
    return product_id(text(row.get("product_id"))) not in ("", "0", "(not set)")
