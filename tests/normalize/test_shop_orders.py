"""What the orders of all web shops have in common."""

from __future__ import annotations

import pytest

from jalon.normalize.shop_orders import channel_of


@pytest.mark.parametrize(
    ("platform", "channel"),
    [
        ("tiktok_shop", "tiktok"),
        ("instagram", "instagram"),
        ("snapchat_store", "snapchat"),
        ("shop_market", "referral"),
        ("amazon", "referral"),
    ],
)
def test_a_copy_was_placed_in_the_channel_of_the_platform_that_it_was_made_on(platform: str, channel: str) -> None:
    assert channel_of(platform) == channel
