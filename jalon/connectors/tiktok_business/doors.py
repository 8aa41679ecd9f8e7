"""What of TikTok for Business' records may come in: the streams with their doors. Nothing in them is about a person.

Which id and time survive a retry (nothing is redelivered: everything is polled):

| stream | key | version |
| --- | --- | --- |
| videos | item id | 0: the platform tells no update time |
| account_days | UTC day | 0 |
| ad_days | day / ad id | 0 |
| gmv_max_days | day / store / campaign, then / product / video, or / LIVE | 0 |
| shop_videos | store / item id | 0 |

What is read later replaces what was read before. Who posted a video that GMV Max may use is not asked: it is somebody
else's profile. Of a video's audience (countries, ages) nothing comes in.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import fields, link

_COUNTERS = (
    "video_views likes comments shares favorites reach total_time_watched website_clicks profile_views"  # since posting
)
_STAMP = "day zone currency over settled api"

VIDEO = fields(f"item_id caption create_time username frozen api {_COUNTERS}", share_url=link)
ACCOUNT_DAY = fields("date settled api followers_count video_views profile_views likes comments shares")
AD_DAY = fields(f"{_STAMP} ad_id", metrics=fields("campaign_id adgroup_id spend impressions clicks conversion"))
GMV_MAX_DAY = fields(
    f"{_STAMP} store_id promotion campaign_id item_group_id item_id room_id",
    metrics=fields("cost net_cost orders gross_revenue"),
)
SHOP_VIDEO = fields("store_id item_id spu_id_list")

DAILY = timedelta(hours=20)
"""How often what moves is read again: once a day, whenever in the day the run is."""
RESTATED = timedelta(days=28)
"""For so long after a day jalon takes its figures to be restated. The platform tells no finality; a purchase is claimed
up to so long after a click, by the window that is set in its Attribution Manager."""
LOOKED_BACK = RESTATED + timedelta(days=7)
"""So that a look back still finds each day after it has settled, also where there is one in six days only."""
KEPT = timedelta(days=365)
"""How far back reports are asked for."""
WIDEST = timedelta(days=28)
"""A report by day spans at most 30 days, both ends included; a window begins and ends within one, and clocks change."""

STREAMS = (
    Stream(name="videos", door=VIDEO, grain="all", every=DAILY),
    Stream(name="account_days", door=ACCOUNT_DAY, grain="all", every=DAILY, optional=True),
    Stream(
        name="ad_days",
        door=AD_DAY,
        window=WIDEST,
        undivided=True,
        lookback=LOOKED_BACK,
        every=DAILY,
        retention=KEPT,
        optional=True,
    ),
    Stream(
        name="gmv_max_days",
        door=GMV_MAX_DAY,
        window=WIDEST,
        undivided=True,
        lookback=LOOKED_BACK,
        every=DAILY,
        retention=KEPT,
        optional=True,
    ),
    Stream(name="shop_videos", door=SHOP_VIDEO, grain="all", every=DAILY, complete=True, optional=True),
)
