"""What of Instagram's records may come in: the streams with their doors.

A person who writes is kept as a keyed hash of their id, which Instagram makes for this account alone; what they write,
their name and their picture are dropped. Addresses of pictures change with every answer: they are not even asked for.

Which id and time survive a redelivery:

| stream | key | version |
| --- | --- | --- |
| media, lives, stories | media id | 0: there is none |
| media_insights | media id / UTC day of the reading: a counter as it stood then | 0 |
| story_insights | media id | 0 by poll; by webhook the time of the entry, so that no late poll stands above it |
| product_tags | media id, of a carousel media id / child id | 0 |
| products | catalogue id / product id | 0 |
| account_insights | day / what it is cut by | 0 |
| messages | digest of the message's id: see `graph_api.messaging` | 0 |

The streams that cannot wait stand first: they are read first.
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields
from jalon.connectors.graph_api import messaging
from jalon.connectors.graph_api.insights import DAILY, FIGURES, FIGURES_DAYS, of_days

MEDIA = fields(
    "id caption media_type media_product_type permalink timestamp username is_shared_to_feed",
    children=fields("", data=each("id media_type")),
)
MEDIA_INSIGHTS = fields("media_id kind posted_at read_at api refused", data=FIGURES)
STORY_INSIGHTS = fields(
    "media_id posted_at read_at api refused",
    data=FIGURES,
    value=fields(
        "impressions views reach taps_forward taps_back exits replies shares follows profile_visits navigation"
        " link_clicks total_interactions"
    ),
)
PRODUCT_TAGS = fields("media_id child_id", product_tags=each("product_id merchant_id name review_status"))
PRODUCT = fields(
    "catalog_id product_id merchant_id retailer_id product_name review_status",
    product_variants=each("product_id variant_name"),
)
ACCOUNT_INSIGHTS = fields("account_id day zone api settled refused", data=FIGURES)

STREAMS = (
    Stream(name="stories", door=MEDIA, grain="all"),
    Stream(name="story_insights", door=STORY_INSIGHTS, grain="keyed", optional=True),
    Stream(name="lives", door=MEDIA, grain="all", optional=True),
    Stream(name="media", door=MEDIA, window=timedelta(days=90), lookback=FIGURES_DAYS, every=DAILY, undivided=True),
    Stream(name="media_insights", door=MEDIA_INSIGHTS, grain="keyed", optional=True),
    Stream(name="product_tags", door=PRODUCT_TAGS, grain="keyed", complete=True, optional=True),
    Stream(name="products", door=PRODUCT, grain="all", every=DAILY, optional=True),
    of_days("account_insights", ACCOUNT_INSIGHTS),
    Stream(name="messages", door=messaging.door("instagram_user"), grain="keyed"),
)
