"""The people who use the brand's own short links, played: some buy on the day, some only look, some do not agree.

Links stand in the brand's posts, in its mailing and on a flyer. Half of those who will buy in the web shop within a day
follow one in the morning, land, look and fill a cart; once they have bought, their browser names the order. What they
send goes to jalon itself, over HTTP, as `jalon.sandbox.site` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self
from zlib import crc32

from jalon.sandbox.site import Visitor
from jalon.sandbox.visits import SHOP
from jalon.sandbox.world import Sale, World

DAY = 86_400
SOURCE = "site"
SETTINGS: dict[str, Any] = {
    "connector": "site",
    "allowed_hosts": [SHOP.partition("//")[2]],
    "origins": [SHOP],
    "shop": "shopify",
    "visits": False,
    "secrets": {},
}
"""Of the source; visits are left to the shop's own source, which tells them."""
PLACES = {"story": "story", "reel": "reel", "image": "feed", "carousel": "feed"}
POSTED = 12
"""Links in posts."""
LOOKERS = 5
"""People a day who follow a link and buy nothing."""


def links(world: World, now: float) -> list[dict[str, str]]:
    """Return the brand's links at `now` as rows of a file of links: in its newest posts, in a mailing, on a flyer."""
    product = {each.sku: each.shopify_product_id for each in world.products}
    posts = [post for post in world.posts if post.network == "instagram" and post.is_up(now) and post.skus]
    own = [
        _row(post.skus[0], product, f"instagram/{PLACES[post.kind]}", "drop1", post.id)
        for post in sorted(posts, key=lambda post: (-post.posted_at, post.id))[:POSTED]
    ]
    first = world.products[0].sku
    return [*own, _row(first, product, "email", "autumn"), _row(first, product, "shop/qr", "flyer")]


def _row(sku: str, product: dict[str, str], placement: str, campaign: str, content: str = "") -> dict[str, str]:
    url = f"{SHOP}/products/{sku.lower()}"
    return {"url": url, "content": content, "product": product[sku], "placement": placement, "campaign": campaign}


class Crowd:
    """Visitors of one day after another; `events_address` is where the site's script sends to."""

    def __init__(self, world: World, events_address: str, addresses: Sequence[str]) -> None:
        self._world = world
        self._events = events_address
        self._addresses = addresses
        self._open = AsyncExitStack()
        self._buying: list[tuple[Sale, Visitor]] = []

    async def __aenter__(self) -> Self:
        """Let people come."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all browsers."""
        await self._open.aclose()

    async def morning(self, now: float) -> None:
        """Let people follow links: those who buy before a day has passed, and some who do not."""
        for sale in self._world.sales:
            is_theirs = sale.platform == "shopify" and sale.kind == "sale" and _dice(sale.order_id, 2) == 0
            if is_theirs and now < sale.placed_at <= now + DAY:
                self._buying.append((sale, await self._comes(sale.order_id)))
        for number in range(LOOKERS):
            await self._comes(f"{int(now) // DAY}/{number}", agrees=(True, False, None)[number % 3])

    async def evening(self) -> None:
        """Let those who bought meanwhile tell which order it was."""
        for sale, visitor in self._buying:
            await visitor.do("purchase", order=f"gid://shopify/Order/{sale.order_id}")
        self._buying.clear()

    async def _comes(self, who: str, *, agrees: bool | None = True) -> Visitor:
        """Let one person follow a link, land, look at a product and, with some, fill a cart."""
        visitor = await self._open.enter_async_context(Visitor(self._events, SHOP, f"crowd {who}", agrees))
        await visitor.follow(self._addresses[_dice(who, len(self._addresses))])
        await visitor.land()
        product = self._world.products[_dice(who, len(self._world.products))].shopify_product_id
        await visitor.do("product_view", product=product)
        if _dice(who, 3) == 0:
            await visitor.do("add_to_cart", product=product)
        return visitor


def _dice(who: str, sides: int) -> int:
    return crc32(who.encode()) % sides
