"""What the page takes out of tables and says in the reader's language: reasons, models, channels, kinds, metrics.

`tests/report/test_languages.py` sees that every catalog has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from jalon.attribution.crediting import UNKNOWN_BECAUSE
from jalon.attribution.models import MODELS
from jalon.attribution.modes import MODES
from jalon.attribution.presets import PRESETS
from jalon.attribution.refunds import WARNINGS
from jalon.attribution.sales import WHY
from jalon.normalize.channels import CHANNELS, NETWORKS, TITLES
from jalon.report.figures.gathering import BASES, CUSTOMERS
from jalon.report.page import phrases_of_people as people
from jalon.report.page.blocks.journey_map import GROUP_TITLES
from jalon.report.words import label

CONVERSIONS = ("order", "first_purchase", "sign_up", "add_to_cart")
"""What `conversions` in jalon.toml names most."""
GRAINS = ("content and product", "content", "product", "creator", "account")
OFFERS = (
    "content", "product tags", "tag clicks", "native orders", "order content", "refunds", "web orders", "journeys",
    "measures", "products", "webhooks",
)  # fmt: skip
"""What platforms offer or not, in words."""
METRICS = (
    "views", "impressions", "reach", "engagements", "engaged_views", "likes", "reactions", "comments", "replies",
    "shares", "reposts", "saves", "followers", "new_followers", "lost_followers", "accounts_engaged",
    "profile_visits", "profile_activity", "clicks", "link_clicks", "bio_link_clicks", "website_clicks",
    "outbound_clicks", "tag_clicks", "other_clicks", "ad_impressions", "ad_tag_clicks", "ad_outbound_clicks",
    "product_impressions", "spend", "net_spend", "orders", "buyers", "gmv", "units_sold", "commissions",
    "attributed_orders", "attributed_gmv", "attributed_conversions", "attributed_purchases",
    "attributed_add_to_carts", "watch_minutes",
)  # fmt: skip
"""The metrics that most platforms count; others keep the platform's own word."""


def phrases() -> Iterator[str]:
    """Yield every text of a table that the page says."""
    yield from (*UNKNOWN_BECAUSE.values(), *WHY.values(), *WARNINGS.values(), *GROUP_TITLES.values())
    for model in MODELS.values():
        yield from (model.title, model.assumes, model.formula)
    yield from (title for name, title in TITLES.items() if title.lower() != name)  # a brand's own name has no other
    names = (*MODES, *CUSTOMERS, *BASES, *PRESETS, *CONVERSIONS, *METRICS, "", "site", "shop")
    yield from map(label, (*names, *(name for name in CHANNELS if name not in NETWORKS and name not in TITLES)))
    yield from (*GRAINS, *OFFERS)
    yield from people.phrases()
