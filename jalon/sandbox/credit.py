"""When the platform names the content of a sale, and which."""

from __future__ import annotations

from jalon.sandbox.world import Content, Sale

LATE_EACH = 40
"""One affiliate order in so many appears a day late."""
DAY = 86_400


def affiliate_from(sale: Sale, content: Content | None) -> int | None:
    """Return from when the affiliate rows of a sale are shown (unix seconds), or None where there are none."""
    paid = next((change.at for change in sale.changes if change.kind == "paid"), None)
    if content is None or not content.is_affiliate or paid is None:
        return None
    return paid + (DAY if int(sale.order_id) % LATE_EACH == 0 else 0)


def named_content(sale: Sale, content: Content | None, now: float) -> str | None:
    """Return the content that the platform names for a sale by `now`: its LIVE, or what an affiliate row says."""
    if content is None:
        return None
    if content.kind == "LIVE":
        return content.id
    shown = affiliate_from(sale, content)
    return content.id if shown is not None and shown <= now else None
