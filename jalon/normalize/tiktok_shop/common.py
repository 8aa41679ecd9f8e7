"""What the parts of TikTok Shop's meaning share: an order's channel, and what tells its contents apart."""

from __future__ import annotations

from jalon.normalize.fields import Row
from jalon.normalize.vocabulary import Instant, Raw

PLATFORM = "tiktok_shop"
CHANNEL = "tiktok"


def content_head(
    raw: Raw, order_id: str, placed_at: Instant, content: str, rank: int = 0
) -> tuple[str, str, int, Instant, int]:
    """Return the header of the touchpoint that an order had in a content, at or before it was placed.

    An order's LIVE and an affiliate row about the same LIVE tell of one touchpoint, and so do the SKU rows of one order
    that name one video: the key is order and content. Both records carry the order's creation, which never changes, so
    it is the version, and `rank` (microseconds) lets the affiliate row, which also knows the creator, stand above the
    order whichever is read first.
    """
    return raw.source, f"{order_id}/content/{content}", placed_at + rank, raw.observed_at, raw.inbox_id


def channel_of(order: Row) -> str:
    """Return the channel an order was placed in: Tokopedia's orders reach Indonesian shops by the same interface."""
    return "tokopedia" if order.get("commerce_platform") == "TOKOPEDIA" else CHANNEL
