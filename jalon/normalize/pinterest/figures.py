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
from typing import Any

from jalon.normalize.fields import Row, inner, needed, text
from jalon.normalize.measures import Figure, Subject, measures, one_day, settled
from jalon.normalize.money import from_millionths
from jalon.normalize.pinterest.common import API, PLATFORM, ZONE, finality, whole
from jalon.normalize.times import day_of
from jalon.normalize.vocabulary import Context, Fact, Raw, Unfit

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
    body, on = raw.body, one_day(day_of(raw.body.get("date")))
    pin_id = needed(body, "pin_id")
    firm = finality(body.get("data_status"))
    if firm is None:
        return []
    subject = Subject(f"pin/{pin_id}", on, ZONE, firm, f"{API} Pin analytics, organic", content_id=pin_id)
    return [*measures(raw, PLATFORM, subject, _figures(inner(body, "metrics")).values())]


def account_day(raw: Raw, _: Context) -> list[Fact]:
    """Return the account's figures of one day and cut."""
    body, on = raw.body, one_day(day_of(raw.body.get("date")))
    cut = needed(body, "cut")
    name, firm = CUTS.get(cut, cut), finality(body.get("data_status"))
    if firm is None:
        return []
    subject = Subject(f"account/{name}", on, ZONE, firm, f"{API} account analytics, organic", prefix=f"{name}_")
    return [*measures(raw, PLATFORM, subject, _figures(inner(body, "metrics")).values())]


def top_pin(raw: Raw, _: Context) -> list[Fact]:
    """Return one day's figures of a stranger's Pin that leads to the brand's site; each has a status of its own."""
    body, on = raw.body, one_day(day_of(raw.body.get("date")))
    pin_id, states = needed(body, "pin_id"), inner(body, "data_status")
    rule = f"{API} top 50 by {str(body.get('sort_by')).lower()}, {str(body.get('source')).lower()}, organic"
    found: list[Fact] = []
    for name, figure in _figures(inner(body, "metrics")).items():
        firm = finality(states.get(name))
        if firm is not None:
            subject = Subject(f"top_pin/{pin_id}", on, ZONE, firm, rule, content_id=pin_id, prefix="top_pin_")
            found += measures(raw, PLATFORM, subject, [figure])
    return found


def _figures(metrics: Row) -> dict[str, Figure]:
    """Return the figures that are there, by the platform's name of each."""
    found = {}
    for name, metric in DAILY.items():
        if metrics.get(name) is not None:
            value = metrics[name]
            value = round(value) if name in TIMES and type(value) is float else value
            found[name] = Figure(metric, whole(value, name))
    return found


# --- advertising ------------------------------------------------------------------------------------------------------


def ad_day(raw: Raw, _: Context) -> list[Fact]:
    """Return an ad's figures of one day, on the Pin that it shows."""
    body, ad_id = raw.body, needed(raw.body, "id")
    campaign, pin_id = text(body, "CAMPAIGN_ID"), text(body, "PIN_ID")
    subject = _reported(body, f"ad/{ad_id}", "PIN_PROMOTION")._replace(
        content_id=pin_id, campaign_id=f"{campaign or ''}/{ad_id}"
    )
    return [*measures(raw, PLATFORM, subject, _ads_figures(body))]


def product_item_day(raw: Raw, _: Context) -> list[Fact]:
    """Return one day's figures of a product in ads; its Pin, where the row names it, is the product's id."""
    body, item = raw.body, needed(raw.body, "id")
    found = _PIN_URL.search(text(body, "PRODUCT_ITEM_PIN_URL") or "")
    subject = _reported(body, f"ad_product/{item}", "PRODUCT_ITEM")._replace(product_id=found[1] if found else item)
    return [*measures(raw, PLATFORM, subject, _ads_figures(body))]


def _reported(body: Row, key: str, level: str) -> Subject:
    """Return the day of a row of a report."""
    windows, counted_on = text(body, "windows") or "unknown", text(body, "counted_on") or "unknown"
    credited = f"credited within {windows} days of click/engagement/view, counted on {counted_on}"
    on = one_day(day_of(str(body.get("DATE"))[:10]))
    return Subject(key, on, ZONE, settled(body), f"{API} ads report {level}, {credited}")


def _ads_figures(body: Row) -> Iterator[Figure]:
    """Yield the figures that are there, and take back the conversions that are not; all of a row that is gone."""
    for name, metric in ADS.items():
        if body.get(name) is not None:
            yield Figure(metric, whole(body[name], name))
    for name, metric in ADS_MONEY.items():
        if body.get(name) is not None:
            currency = needed(body, "currency")
            yield Figure(metric, _from_micro(body[name], currency), currency)
    for name, metric in (ADS | ADS_MONEY if body.get("gone") else MOVING).items():
        if body.get(name) is None:
            yield Figure(metric, 0, removed=True)


def _from_micro(micro: Any, currency: str) -> int:
    """Return an amount that comes as a JSON number of millionths. Raises `Unfit('bad_money')`."""
    if type(micro) not in (int, float) or not 0 <= micro < 10**18:
        raise Unfit("bad_money", f"{str(micro)[:40]!r} is no amount in millionths")
    return from_millionths(Decimal(repr(micro)), currency)
