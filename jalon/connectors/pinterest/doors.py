"""What of Pinterest's records may come in: the streams with their doors.

Nothing in the API is about one person who looks at a Pin, clicks or buys: there is no one to hash. A Pin's description,
its alternative text and its pictures are not needed and dropped; who owns its board is the brand itself.

Which id and time survive a redelivery (there is none: everything is polled):

| stream | key | version |
| --- | --- | --- |
| pins | Pin id | 0: the platform tells no update time |
| pin_days | Pin id / UTC day | 0 |
| account_days | what it was cut by / UTC day | 0 |
| top_pins | UTC day / Pin id | 0 |
| products | Pin id of the product | 0 |
| ad_days | UTC day / ad id | 0 |
| product_item_days | UTC day / id of the item | 0 |

What is read later replaces what was read before. A row of ads that a report of its day leaves out is told as `gone`.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields, link

PIN = fields(
    "id created_at title creative_type parent_pin_id has_been_promoted is_owner is_standard",
    link=link,
    board_owner=fields("username"),
    media=fields("media_type duration"),
    product_tags=each("pin_id"),
    pin_metrics=fields("", lifetime_metrics=fields("impression pin_click clickthrough save reaction comment")),
)

DAY_METRICS = fields(
    "IMPRESSION OUTBOUND_CLICK PIN_CLICK SAVE USER_FOLLOW PROFILE_VISIT ENGAGEMENT VIDEO_MRC_VIEW VIDEO_START"
    " VIDEO_10S_VIEW QUARTILE_95_PERCENT_VIEW VIDEO_V50_WATCH_TIME"
)

PIN_DAY = fields("pin_id date data_status", metrics=DAY_METRICS)
ACCOUNT_DAY = fields("cut date data_status", metrics=DAY_METRICS)
TOP_PIN = fields("pin_id date source sort_by", metrics=DAY_METRICS, data_status=DAY_METRICS)

PRODUCT = fields(
    "catalog_id catalog_type",
    pin=PIN,
    metadata=fields("item_id item_group_id availability price sale_price currency"),
)

AD_DAY = fields(
    "id DATE gone settled currency windows counted_on AD_ID PIN_ID CAMPAIGN_ID AD_GROUP_ID SPEND_IN_MICRO_DOLLAR"
    " IMPRESSION_1 IMPRESSION_2 CLICKTHROUGH_1 OUTBOUND_CLICK_1 OUTBOUND_CLICK_2 IDEA_PIN_PRODUCT_TAG_VISIT_1"
    " IDEA_PIN_PRODUCT_TAG_VISIT_2 TOTAL_IDEA_PIN_PRODUCT_TAG_VISIT TOTAL_ADD_TO_CART TOTAL_CHECKOUT"
    " TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR"
)

PRODUCT_ITEM_DAY = fields(
    "id DATE gone settled currency windows counted_on SPEND_IN_MICRO_DOLLAR IMPRESSION_1 CLICKTHROUGH_1"
    " OUTBOUND_CLICK_1 TOTAL_CHECKOUT TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR",
    PRODUCT_ITEM_PIN_URL=link,
)

_DAILY = timedelta(hours=20)
_CREDITED = timedelta(days=35)
"""Conversions are credited to an ad's day for at most 30 days (`click_window_days`), and counted some days late."""

STREAMS = (
    Stream(name="pins", door=PIN, grain="all", every=_DAILY, complete=True),
    Stream(name="pin_days", door=PIN_DAY, grain="keyed", optional=True),
    Stream(name="account_days", door=ACCOUNT_DAY, grain="all", every=_DAILY, optional=True),
    Stream(
        name="top_pins",
        door=TOP_PIN,
        grain="day",
        retention=timedelta(days=89),
        optional=True,
    ),
    Stream(name="products", door=PRODUCT, grain="all", every=_DAILY, optional=True),
    Stream(
        name="ad_days",
        door=AD_DAY,
        window=timedelta(days=180),
        undivided=True,
        lookback=_CREDITED,
        every=_DAILY,
        retention=timedelta(days=913),
        recalled=True,
        optional=True,
    ),
    Stream(
        name="product_item_days",
        door=PRODUCT_ITEM_DAY,
        window=timedelta(days=30),
        undivided=True,
        lookback=_CREDITED,
        every=_DAILY,
        retention=timedelta(days=91),
        recalled=True,
        optional=True,
    ),
)
