"""What of YouTube's records may come in: the streams with their doors.

There is no person in any of them: a channel is the author of content, and everything else is a count. Descriptions,
comments, thumbnails and the titles of other people's channels are dropped.

Which id and time survive a redelivery:

| stream | key | version |
| --- | --- | --- |
| videos | video id | 0: YouTube tells no time of change, the later reading holds |
| activity, cards, end_screens | day / video id, or day / `channel` for the channel as a whole | 0 |
| reports | report type / start time / video id | creation of the report: a later one replaces |
| affiliate_contents | merchant account / day / video id | 0 |
| affiliate_products | merchant account / day / offer id | 0 |

A notice of the hub only makes a video be read, so push and poll give the same records.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields

VIDEO = fields(
    "id removed",
    snippet=fields("publishedAt channelId title liveBroadcastContent"),
    contentDetails=fields("duration"),
    status=fields("privacyStatus uploadStatus"),
    liveStreamingDetails=fields("scheduledStartTime actualStartTime actualEndTime"),
    statistics=fields("viewCount likeCount commentCount"),
    paidProductPlacementDetails=fields("hasPaidProductPlacement"),
)

_FIGURES = "api day channel video latest settled"
ACTIVITY = fields(f"{_FIGURES} views engagedViews estimatedMinutesWatched likes shares subscribersGained")
CARDS = fields(f"{_FIGURES} cardImpressions cardClicks cardTeaserImpressions cardTeaserClicks")
END_SCREENS = fields(f"{_FIGURES} endScreenElementImpressions endScreenElementClicks")

REPORT = fields(
    "report_type start_time create_time date channel_id video_id engaged_views views comments likes shares"
    " watch_time_minutes subscribers_gained subscribers_lost card_impressions card_clicks card_teaser_impressions"
    " card_teaser_clicks end_screen_element_impressions end_screen_element_clicks"
)

_PRICE = fields("amountMicros currencyCode")
_SALES = {"grossSales": _PRICE, "netSales": _PRICE, "commissions": _PRICE}
AFFILIATE_CONTENT = fields(
    "api account zone day settled videoId channelId views clicks orders",
    taggedProductIds=each(lambda value, _: value if isinstance(value, str) else None),
    **_SALES,
)
AFFILIATE_PRODUCT = fields("api account zone day settled offerId impressions views clicks orders", **_SALES)

_READ_AGAIN = timedelta(hours=20)
RESTATED = timedelta(days=10)
"""Figures of Analytics are read again for so long: the platform restates them for some days."""
REFUNDED = timedelta(days=35)
"""Affiliate figures are read again for so long: net sales sink with each refund. How long is not documented."""

STREAMS = (
    Stream(name="videos", door=VIDEO, grain="all", every=timedelta(hours=6), batch=50, recalled=True),
    Stream(name="activity", door=ACTIVITY, grain="day", lookback=RESTATED, every=_READ_AGAIN, optional=True),
    Stream(name="cards", door=CARDS, grain="day", lookback=RESTATED, every=_READ_AGAIN, optional=True),
    Stream(name="end_screens", door=END_SCREENS, grain="day", lookback=RESTATED, every=_READ_AGAIN, optional=True),
    Stream(
        name="reports",
        door=REPORT,
        window=timedelta(days=61),
        retention=timedelta(days=60),
        lag=timedelta(hours=1),
        undivided=True,
        optional=True,
    ),
    Stream(
        name="affiliate_contents",
        door=AFFILIATE_CONTENT,
        grain="day",
        lookback=REFUNDED,
        every=_READ_AGAIN,
        optional=True,
    ),
    Stream(
        name="affiliate_products",
        door=AFFILIATE_PRODUCT,
        grain="day",
        lookback=REFUNDED,
        every=_READ_AGAIN,
        optional=True,
    ),
)


def settled_after(stream: str) -> timedelta:
    """Return how long after a day's end the last look-back surely still reads it: then its figures are final."""
    declared = next(each for each in STREAMS if each.name == stream)
    return declared.lookback - declared.every - timedelta(days=1, hours=4)
