"""Where an order came from: its channel, the app behind it, and where an app wrote another platform's order id.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderAttribution
"""

from __future__ import annotations

from jalon.sandbox.shopify.history import Entry
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.world import World

ONLINE_STORE = ("580111", "Online Store", "web")
TIKTOK = ("4383523", "TikTok", "tiktok")
"""App id, name, handle. The id of TikTok's own app is not public; this one stands for it."""


def source(world: World, entry: Entry, edited: bool) -> Tree:
    """Return which channel the order came through, and where an app wrote another platform's order id."""
    copied, sale = entry.copied, entry.sale
    app, name, handle = TIKTOK if copied else ONLINE_STORE
    mark = sale.copy.mark if copied and sale.copy else ""
    marked = mark == "note_attribute"
    landing = None
    if sale.visits and not copied:
        landing = world.visits[sale.visits[-1]]
    return {
        "sourceName": handle,
        "sourceIdentifier": sale.order_id if mark == "source_identifier" else None,
        "registeredSourceUrl": None,
        "app": {"id": f"gid://shopify/App/{app}", "name": name},
        "attribution": {"handle": handle, "displayName": name, "icon": None},
        "publication": {"id": f"gid://shopify/Publication/{app}", "name": name},
        "channelInformation": _channel(app, name, handle),
        "customAttributes": [{"key": "TikTok Order ID", "value": sale.order_id}] if marked else [],
        "tags": ["TikTok"] if copied else ["gift"] if edited else [],
        "note": "packed as a gift" if edited and not copied else None,
        "poNumber": None,
        "landingPageUrl": landing.landing_page if landing else None,
        "referrerUrl": landing.referrer if landing else None,
    }


def _channel(app: str, name: str, handle: str) -> Tree:
    return {
        "id": f"gid://shopify/ChannelInformation/{app}",
        "channelId": f"gid://shopify/Channel/{app}",
        "displayName": name,
        "app": {"id": f"gid://shopify/App/{app}", "title": name, "handle": handle, "apiKey": app},
        "channelDefinition": {
            "id": f"gid://shopify/ChannelDefinition/{app}",
            "handle": handle,
            "channelName": name,
            "subChannelName": name,
            "isMarketplace": handle == "tiktok",
        },
    }
