"""The customer journey of an order, as the shop tells it.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/CustomerJourneySummary
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jalon.sandbox.shopify.history import DAY, Entry
from jalon.sandbox.world import Visit, World

Tree = dict[str, Any]
WINDOW = 30 * DAY
UTM = ("source", "medium", "campaign", "content", "term")
SOURCE_TYPES = {"email": "NEWSLETTER", "cpc": "AD"}
"""UTM medium to `MarketingTactic`; everything else has none."""


def instant(at: float) -> str:
    """Return a moment as the GraphQL API writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def journey(world: World, entry: Entry, ready: bool) -> Tree | None:
    """Return the journey summary of an order; None for copied orders and tests, which have none."""
    sale = entry.sale
    if entry.copied or sale.kind == "test":
        return None
    known = [world.visits[identity] for identity in sale.visits] if ready else []
    visits = [visit for visit in known if sale.placed_at - visit.at <= WINDOW]
    moments = [_visit(visit) for visit in visits]
    return {
        "ready": ready,
        "customerOrderIndex": entry.customer_order_index,
        "daysToConversion": (sale.placed_at - visits[0].at) // DAY if visits else None,
        "momentsCount": {"count": len(moments), "precision": "EXACT"} if ready else None,
        "firstVisit": moments[0] if moments else None,
        "lastVisit": moments[-1] if moments else None,
        "moments": moments,
    }


def _visit(visit: Visit) -> Tree:
    page = visit.landing_page
    return {
        "__typename": "CustomerVisit",
        "id": f"gid://shopify/CustomerVisit/{visit.id}",
        "occurredAt": instant(visit.at),
        "landingPage": page,
        "landingPageHtml": f'<a href="{page}">{page}</a>',
        "referrerUrl": visit.referrer,
        "referralCode": None,
        "referralInfoHtml": "",
        "source": visit.source,
        "sourceDescription": None,
        "sourceType": SOURCE_TYPES.get(visit.utm.get("medium", "")),
        "utmParameters": {name: visit.utm.get(name) for name in UTM} if visit.utm else None,
        "marketingEvent": None,
    }
