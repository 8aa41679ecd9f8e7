"""What a played platform is to the sandbox, and the table of those that exist.

A part is made by `maker(world, clock, faults, deliverer)`, where `maker` is named in `PARTS` and imported only when the
part is wanted. It never changes the world; it shows what has happened by `clock.now()`, in the platform's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

PARTS = {
    "tiktok_shop": "jalon.sandbox.tiktok_shop:TikTokShopPart",
    "shopify": "jalon.sandbox.shopify:ShopifyPart",
    "woocommerce": "jalon.sandbox.woocommerce:WooCommercePart",
    "prestashop": "jalon.sandbox.prestashop:PrestaShopPart",
    "meta_ads": "jalon.sandbox.meta_ads:MetaAdsPart",
    "whatsapp": "jalon.sandbox.whatsapp:WhatsAppPart",
    "pinterest": "jalon.sandbox.pinterest:PinterestPart",
    "instagram": "jalon.sandbox.instagram:InstagramPart",
    "facebook": "jalon.sandbox.facebook:FacebookPart",
    "hook": "jalon.sandbox.hook:HookPart",
    "youtube": "jalon.sandbox.youtube:YouTubePart",
    "tiktok_business": "jalon.sandbox.tiktok_business:TikTokBusinessPart",
}


class Part(Protocol):
    """One platform, played."""

    apps: dict[str, web.Application]
    """Role (`api`, `auth`, `storage`) to application; each is served on its own loopback port, behind the faults.

    An application may set `app[faults.THROTTLED]` (the platform's way to say "too fast") and
    `app[faults.UNREPEATABLE]`.
    """

    limits: dict[str, float]
    """Figures that a test may set (`Sandbox(limits={part: {name: value}})`), such as requests per second."""

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings for a configuration file, with its secrets (name to value) under `secrets`.

        `addresses` holds the addresses of all parts, by `part.role`, such as `shopify.api`.
        """

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what really happened on this platform by `now` that the world's own truth does not tell."""

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries that fall due in (after, until] of the sandbox's time, one per subscribed address."""


class PartMaker(Protocol):
    """Make a part for one world."""

    def __call__(self, world: World, clock: Clock, faults: Faults, deliverer: Deliverer) -> Part:
        """Return the part."""


def load(name: str) -> PartMaker:
    """Import the maker of the part `name`; raise ValueError when there is none."""
    if name not in PARTS:
        raise ValueError(f"the sandbox plays no {name!r}; it plays: {', '.join(PARTS)}")
    module, _, maker = PARTS[name].partition(":")
    return cast(PartMaker, getattr(import_module(module), maker))
