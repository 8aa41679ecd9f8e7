"""What Pinterest's figures mean: of Pins and of the account by day, of strangers' Pins, of ads, of products in ads.

https://developers.pinterest.com/docs/api/v5/pins-analytics
https://developers.pinterest.com/docs/api/v5/user_account-analytics
https://developers.pinterest.com/docs/api/v5/user_account-analytics-top_pins
https://developers.pinterest.com/docs/api/v5/analytics-create_report, schema ReportingColumnAsync

A figure that is left out is no measure: it is not zero. A conversion that is left out takes back one that was told
before: it may be credited to another ad later, and a report leaves zeros out. A row that is `gone` takes back all that
it told. Organic figures are final once their day is READY; those of ads once no more conversion can be credited to the
day (`settled`). The same figure is never told twice under one name: the account's, which are sums over Pins, have names
of their own, and so have those of strangers' Pins and of ads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from jalon.normalize.fields import Row, inner, needed, text
from jalon.normalize.money import from_millionths
from jalon.normalize.pinterest.common import Finality, finality, measure, whole
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import Context, Fact, Measure, Raw, Unfit

# --- which field is which measure -------------------------------------------------------------------------------------

DAILY = {
    "IMPRESSION": "impressions",
    "OUTBOUND_CLICK": "outbound_clicks",
    "PIN_CLICK": "pin_clicks",
    "SAVE": "saves",
    "USER_FOLLOW": "new_followers",
    "PROFILE_VISIT": "profile_visits",
    "ENGAGEMENT": "engagements",
    "VIDEO_MRC_VIEW": "views",
    "VIDEO_START": "video_starts",
    "VIDEO_10S_VIEW": "views_of_10_s",
    "QUARTILE_95_PERCENT_VIEW": "views_to_95_percent",
    "VIDEO_V50_WATCH_TIME": "watch_milliseconds",
}
TIMES = frozenset({"VIDEO_V50_WATCH_TIME"})
"""Figures that are no counts, and may have a fraction."""
CUTS = {
    "own": "own_pins",
    "own_product": "own_product_pins",
    "others": "others_pins",
    "others_product": "others_product_pins",
}
"""What the account's figures are cut by -> the beginning of their names. Product Pins are in the figures of all."""
ADS = {
    "IMPRESSION_1": "ad_impressions",
    "IMPRESSION_2": "earned_impressions",
    "CLICKTHROUGH_1": "ad_pin_clicks",
    "OUTBOUND_CLICK_1": "ad_outbound_clicks",
    "OUTBOUND_CLICK_2": "earned_outbound_clicks",
    "IDEA_PIN_PRODUCT_TAG_VISIT_1": "ad_tag_clicks",
    "IDEA_PIN_PRODUCT_TAG_VISIT_2": "earned_tag_clicks",
    "TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT": "tag_clicks",
    "TOTAL_ADD_TO_CART": "attributed_add_to_carts",
    "TOTAL_CHECKOUT": "attributed_purchases",
}
"""`_1` is paid, `_2` earned: seen after somebody saved the ad; TOTAL is both. A checkout credited to an ad is an
event of the site's tag, not an order."""
ADS_MONEY = {
    "SPEND_IN_MICRO_DOLLAR": "spend",
    "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR": "attributed_gmv",
}
"""In millionths of the ad account's currency, whatever the name says."""
MOVING = {
    name: (ADS | ADS_MONEY)[name]
    for name in ("TOTAL_ADD_TO_CART", "TOTAL_CHECKOUT", "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR")
}
"""Conversions: credited to one ad, and to another one once there is a later click or a view before the same order."""

_PIN_URL = re.compile(r"/pin/(\d{1,24})(?:/|$)", re.ASCII)

# --- organic ----------------------------------------------------------------------------------------------------------


def pin_day(raw: Raw, _: Context) -> list[Fact]:
    """Return a Pin's figures of one day, without promoted performance."""
    body, on = raw.body, day_of(raw.body.get("date"))
    pin_id = needed(body, "pin_id")
    firm = finality(body.get("data_status"))
    figures = _figures(inner(body, "metrics")) if firm else ()
    return [
        measure(
            raw,
            f"pin/{pin_id}/{metric}/{on}",
            metric,
            value,
            start=on,
            content_id=pin_id,
            finality=firm or "estimate",
            definition="Pin analytics, organic",
        )
        for _, metric, value in figures
    ]


def account_day(raw: Raw, _: Context) -> list[Fact]:
    """Return the account's figures of one day and cut."""
    body, on = raw.body, day_of(raw.body.get("date"))
    cut = needed(body, "cut")
    prefix, firm = CUTS.get(cut, cut), finality(body.get("data_status"))
    figures = _figures(inner(body, "metrics")) if firm else ()
    return [
        measure(
            raw,
            f"account/{prefix}/{metric}/{on}",
            f"{prefix}_{metric}",
            value,
            start=on,
            finality=firm or "estimate",
            definition="account analytics, organic",
        )
        for _, metric, value in figures
    ]


def top_pin(raw: Raw, _: Context) -> list[Fact]:
    """Return one day's figures of a stranger's Pin that leads to the brand's site; each has a status of its own."""
    body, on = raw.body, day_of(raw.body.get("date"))
    pin_id, states = needed(body, "pin_id"), inner(body, "data_status")
    found: list[Fact] = []
    for name, metric, value in _figures(inner(body, "metrics")):
        firm = finality(states.get(name))
        if firm is not None:
            rule = f"top 50 by {str(body.get('sort_by')).lower()}, {str(body.get('source')).lower()}, organic"
            key = f"top_pin/{pin_id}/{metric}/{on}"
            found.append(
                measure(
                    raw, key, f"top_pin_{metric}", value, start=on, content_id=pin_id, finality=firm, definition=rule
                )
            )
    return found


def _figures(metrics: Row) -> Iterator[tuple[str, str, int]]:
    """Yield (name, metric, value) of the figures that are there."""
    for name, metric in DAILY.items():
        if metrics.get(name) is not None:
            value = metrics[name]
            yield name, metric, whole(round(value) if name in TIMES and type(value) is float else value, name)


# --- advertising ------------------------------------------------------------------------------------------------------


class Subject(NamedTuple):
    """What a row of a report is about."""

    key: str
    content_id: str | None
    product_id: str | None
    campaign_id: str | None
    definition: str


def ad_day(raw: Raw, _: Context) -> list[Fact]:
    """Return an ad's figures of one day, on the Pin that it shows."""
    body, ad_id = raw.body, needed(raw.body, "id")
    campaign = text(body, "CAMPAIGN_ID")
    subject = Subject(
        f"ad/{ad_id}",
        text(body, "PIN_ID"),
        None,
        f"{campaign}/{ad_id}" if campaign else f"/{ad_id}",
        f"ads report PIN_PROMOTION, {_windows(body)}",
    )
    return [*_row(raw, subject)]


def product_item_day(raw: Raw, _: Context) -> list[Fact]:
    """Return one day's figures of a product in ads; its Pin, where the row names it, is the product's id."""
    body, item = raw.body, needed(raw.body, "id")
    found = _PIN_URL.search(text(body, "PRODUCT_ITEM_PIN_URL") or "")
    subject = Subject(
        f"ad_product/{item}", None, found[1] if found else item, None, f"ads report PRODUCT_ITEM, {_windows(body)}"
    )
    return [*_row(raw, subject)]


def _windows(body: Row) -> str:
    windows, counted_on = text(body, "windows") or "unknown", text(body, "counted_on") or "unknown"
    return f"credited within {windows} days of click/engagement/view, counted on {counted_on}"


def _row(raw: Raw, subject: Subject) -> Iterator[Measure]:
    body, on = raw.body, day_of(str(raw.body.get("DATE"))[:10])
    firm: Finality = "final" if body.get("settled") else "estimate"
    for metric, value, currency in _ads_figures(body):
        yield measure(
            raw,
            f"{subject.key}/{metric}/{on}",
            metric,
            value or 0,
            start=on,
            content_id=subject.content_id,
            product_id=subject.product_id,
            campaign_id=subject.campaign_id,
            currency=currency,
            finality=firm,
            definition=subject.definition,
            removed=value is None,
        )


def _ads_figures(body: Row) -> Iterator[tuple[str, int | None, str | None]]:
    """Yield (metric, value, currency) of the figures that are there; without a value of those that are taken back."""
    for name, metric in ADS.items():
        if body.get(name) is not None:
            yield metric, whole(body[name], name), None
    for name, metric in ADS_MONEY.items():
        if body.get(name) is not None:
            currency = needed(body, "currency")
            yield metric, _from_micro(body[name], currency), currency
    for name, metric in (ADS | ADS_MONEY if body.get("gone") else MOVING).items():
        if body.get(name) is None:
            yield metric, None, None


def _from_micro(micro: Any, currency: str) -> int:
    """Return an amount that comes as a JSON number of millionths. Raises `Unfit('bad_money')`."""
    if type(micro) not in (int, float) or not 0 <= micro < 10**18:
        raise Unfit("bad_money", f"{str(micro)[:40]!r} is no amount in millionths")
    return from_millionths(Decimal(repr(micro)), currency)
