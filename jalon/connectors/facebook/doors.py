"""What of a Facebook page's records may come in: the streams with their doors.

A person who writes is kept as a keyed hash of their id, which Facebook makes for this page alone; what they write,
their name and their picture are dropped, and so are comments.

Which id and time survive a redelivery:

| stream | key | version |
| --- | --- | --- |
| posts | post id | updated_time, which also moves when somebody comments |
| reels, lives | video id | 0: there is none |
| post_insights | post id / UTC day of the reading: a counter as it stood then | 0 |
| page_insights | day | 0 |
| products | product id in the catalogue | 0 |
| messages | digest of the message's id, of a cart of its time and products: see `graph_api.messaging` | 0 |
"""

from __future__ import annotations

from datetime import timedelta

from jalon.connectors.base import Stream
from jalon.connectors.door import each, fields
from jalon.connectors.graph_api import messaging
from jalon.connectors.graph_api.insights import DAILY, FIGURES, FIGURES_DAYS, of_days

POST = fields(
    "id message created_time permalink_url status_type is_published",
    attachments=fields("", data=each("media_type type")),
)
REEL = fields("id description created_time permalink_url")
LIVE = fields("id title description creation_time broadcast_start_time status permalink_url")
POST_INSIGHTS = fields("post_id posted_at read_at api refused", data=FIGURES)
PAGE_INSIGHTS = fields("page_id day end zone api settled refused", data=FIGURES)
PRODUCT = fields("catalog_id id retailer_id name price currency availability review_status")

STREAMS = (
    Stream(name="posts", door=POST, window=timedelta(days=90), lookback=FIGURES_DAYS, every=DAILY, undivided=True),
    Stream(name="post_insights", door=POST_INSIGHTS, grain="keyed", optional=True),
    Stream(name="reels", door=REEL, grain="all", every=DAILY, optional=True),
    Stream(name="lives", door=LIVE, grain="all", every=DAILY, optional=True),
    of_days("page_insights", PAGE_INSIGHTS),
    Stream(name="products", door=PRODUCT, grain="all", every=DAILY, optional=True),
    Stream(name="messages", door=messaging.door("messenger_user"), grain="keyed"),
)
