"""What platforms give at which grain, held against what is known of them: an empty column must be explained rightly.

Written down from the platforms' own documentation, and not from the connectors: whoever changes a row here has read
there that the platform gives more, or less.
"""

from __future__ import annotations

import pytest

from jalon.connectors.base import Connector
from jalon.connectors.pinterest import Pinterest
from jalon.connectors.prestashop import PrestaShop
from jalon.connectors.tiktok_business import TikTokBusiness
from jalon.connectors.woocommerce import WooCommerce
from jalon.connectors.youtube import YouTube

OFFERS = (
    "content product_tags tag_clicks native_orders order_content refunds web_orders journeys measures products webhooks"
)
# - nothing, e single events, a counts
KNOWN: dict[type[Connector], str] = {
    Pinterest: "e e a - - - - - a e -",
    YouTube: "e a a - - - - - a - e",
    TikTokBusiness: "e a - - - - - - a - e",
    WooCommerce: "- - - e - e e e - e e",
    PrestaShop: "- - - e - e e - - e -",
}
GRAINS = {"-": "none", "e": "event", "a": "aggregate"}


@pytest.mark.parametrize("connector", KNOWN, ids=lambda connector: connector.name)
def test_each_offer_is_at_the_grain_that_the_platform_has(connector: type[Connector]) -> None:
    told = {each.offer: each.grain for each in connector.capabilities}
    assert told == dict(zip(OFFERS.split(), (GRAINS[mark] for mark in KNOWN[connector].split()), strict=True))
