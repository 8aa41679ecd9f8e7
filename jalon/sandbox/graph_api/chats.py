"""What persons write to the brand's accounts on Meta's networks, and the webhooks that tell of it.

Drawn from (seed, network) alone. A person is known to one account under one id, which no other account knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from jalon.sandbox.graph_api.words import Row
from jalon.sandbox.world import Network, Product, World

DAY = 86_400
EVERY = DAY // 3
"""Seconds between two events of a network, about."""
WORDS = (
    "Bonjour, c'est encore disponible ? 😊",
    "Which size would fit me?",
    "Merci !",
    "How long is delivery to Köln?",
)

Kind = Literal["chat", "product", "ad", "link", "postback", "story", "echo", "read", "cart"]
KINDS: dict[Network, tuple[Kind, ...]] = {
    "instagram": ("chat", "chat", "product", "product", "ad", "link", "postback", "story", "echo", "read"),
    "facebook": ("chat", "chat", "ad", "link", "postback", "cart", "cart", "echo", "read"),
}
COUNTED: frozenset[Kind] = frozenset(KINDS["instagram"] + KINDS["facebook"]) - {"echo", "read"}
"""What a person did; an echo is the brand's own, a receipt nobody's."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event of a conversation."""

    at_ms: int
    id: str
    person: str
    """The id under which the account knows them."""
    kind: Kind
    sku: str | None
    story: str | None
    words: str


def conversations(world: World, network: Network) -> list[Said]:
    """Return all that is ever said to the brand's account on a network, oldest first."""
    rng = Random(f"{world.seed}/chats/{network}")
    people = sorted(world.shoppers)[:40] or ["somebody"]
    stories = [post for post in world.posts if post.network == network and post.kind == "story"]
    at, said = world.start, list[Said]()
    while (at := at + rng.randrange(EVERY // 2, EVERY * 3 // 2)) < world.horizon:
        kind = rng.choice(KINDS[network])
        live = [post.id for post in stories if post.is_up(at)]
        if kind == "story" and not live:
            kind = "chat"
        person, sku = rng.choice(people), rng.choice(world.products).sku
        named = sku if kind in ("product", "cart", "ad") else None
        story = live[0] if kind == "story" else None
        said.append(
            Said(
                at * 1000 + rng.randrange(1000),
                f"m_{len(said)}_{rng.getrandbits(60):x}",
                scoped(network, person),
                kind,
                named,
                story,
                rng.choice(WORDS),
            )
        )
    return said


def scoped(network: Network, person: str) -> str:
    """Return the id under which a network's account knows a person."""
    digest = hashlib.blake2b(f"{network}/{person}".encode(), digest_size=7).digest()
    return str(10**16 + int.from_bytes(digest, "big") % (9 * 10**15))


def messaging(said: Said, account: str, products: Sequence[Product], ids: dict[str, str]) -> Row:
    """Return an event as Meta writes it; `ids` names products by SKU."""
    by_us = said.kind == "echo"
    event: Row = {
        "sender": {"id": account if by_us else said.person},
        "recipient": {"id": said.person if by_us else account},
        "timestamp": said.at_ms,
    }
    return event | _content(said, products, ids)


def _content(said: Said, products: Sequence[Product], ids: dict[str, str]) -> Row:
    message: Row = {"mid": said.id, "text": said.words}
    match said.kind:
        case "product":
            return {"message": message | {"referral": {"product": {"id": ids[said.sku or ""]}}}}
        case "ad":
            return {"message": message | {"referral": _ad(ids[said.sku or ""])}}
        case "link":
            return {"referral": {"ref": "bio-autumn", "source": "SHORTLINK", "type": "OPEN_THREAD"}}
        case "postback":
            return {"postback": {"mid": said.id, "title": "Delivery", "payload": "FAQ_DELIVERY"}}
        case "story":
            return {
                "message": message | {"reply_to": {"story": {"id": said.story, "url": "https://cdn.example/s.jpg"}}}
            }
        case "echo":
            return {"message": message | {"is_echo": True, "app_id": 1}}
        case "read":
            return {"read": {"mid": said.id, "watermark": said.at_ms}}
        case "cart":
            return {"order": {"note": said.words, "products": [_in_cart(said, products, ids)]}}
        case _:
            return {"message": message}


def _ad(product: str) -> Row:
    context = {"ad_title": "Autumn", "photo_url": "https://cdn.example/a.jpg", "post_id": "999", "product_id": product}
    return {"ref": "", "ad_id": "6045246247433", "source": "ADS", "type": "OPEN_THREAD", "ads_context_data": context}


def _in_cart(said: Said, products: Sequence[Product], ids: dict[str, str]) -> dict[str, Any]:
    product = next(each for each in products if each.sku == said.sku)
    currency, price = sorted(product.prices.items())[0]
    return {
        "id": ids[product.sku],
        "retailer_id": product.sku,
        "name": product.title,
        "unit_price": price / 100,
        "currency": currency,
        "quantity": 1,
    }
