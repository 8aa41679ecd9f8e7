"""What TikTok for Business' records mean: videos, their counters, the account's days, and what ads cost and claim.

https://business-api.tiktok.com/portal/docs. Which id makes a fact the same fact again; nothing has a version, so what
was read last stands:

| fact | key |
| --- | --- |
| content | item id |
| tag | item id / product id |
| counter of a video since posting | video / item id / metric / UTC day on which it was read |
| figure of the account's day | account / metric / UTC day |
| figure of an ad's day | ad / ad id / metric / day |
| figure of GMV Max | gmv_max / store / campaign, then / product / video, or / LIVE / metric / day |

All of it is measures. GMV Max claims every order of a product, paid and organic, while its campaign runs: what it
claims is never added to the orders of TikTok Shop. Figures by campaign, product, video and LIVE are cuts of the same
money, and never added to each other. Products and videos have the ids that TikTok Shop has for them. What is left out
is no measure: it is not zero. Rates and percentages do not add up and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jalon.normalize.records import facts_of
from jalon.normalize.tiktok_business import ads as business_ads
from jalon.normalize.tiktok_business import organic as business_organic
from jalon.normalize.vocabulary import Context, Fact, Raw


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "TikTok for Business")


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "videos": business_organic.video,
    "account_days": business_organic.account_day,
    "ad_days": business_ads.ad_day,
    "gmv_max_days": business_ads.gmv_max_day,
    "shop_videos": business_ads.shop_video,
}
