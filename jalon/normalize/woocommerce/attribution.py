"""The last touch before an order, as WooCommerce's order attribution writes it down.

https://woocommerce.com/document/order-attribution-tracking/. It is one touch: where the browser session came from in
which the order was placed. Its fields are marks of the session's address only if `source_type` is `utm`; else
`utm_source` is WooCommerce's own word, such as `google` or `(direct)`. `admin` and `mobile_app` are no visit: the order
was written by somebody of the shop. The session's start is the visitor's clock without a zone, so what is known is
that the touch was at or before the order.
"""

from __future__ import annotations

import re

from jalon.normalize import channels
from jalon.normalize.channels import Origin
from jalon.normalize.fields import Row, text
from jalon.normalize.records import head
from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import Context, Order, Raw, Touchpoint

NO_VISIT = frozenset({"admin", "mobile_app"})
VIDEO = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
"""What ids of YouTube's videos look like in utm_content."""


def origin_of(attribution: Row) -> Origin | None:
    """Return where the session came from; None if nothing is written down, or there was no visit. Raises `Unfit`."""
    kind = text(attribution, "source_type")
    if kind is None or kind in NO_VISIT:
        return None
    landing, referrer = text(attribution, "session_entry"), text(attribution, "referrer")
    if kind == "utm":
        names = ("source", "medium", "campaign", "content")
        marks = {name: text(attribution, f"utm_{name}") for name in names}
        return channels.origin(landing, referrer, marks)
    return channels.origin(landing, referrer, None, text(attribution, "utm_source"))


def touchpoint(raw: Raw, context: Context, origin: Origin, order: Order) -> Touchpoint:
    """Return the touch that led to an order."""
    return Touchpoint(
        *head(raw, f"{order.order_id}/attribution"),
        platform=order.platform,
        occurred_at=order.placed_at,
        occurred_date=local_date(order.placed_at, context.zone),
        time_is_bound=True,
        kind=origin.kind,
        channel=origin.channel,
        surface=origin.surface,
        person=order.person,
        order_id=order.order_id,
        content_id=_content(origin),
        campaign=origin.campaign,
        referrer_host=origin.referrer_host,
        landing_path=origin.landing_path,
        evidence=origin.evidence,
        selling_mode=origin.selling_mode,
        removed=order.removed,
    )


def _content(origin: Origin) -> str | None:
    """Return the id of the post or video that a link was marked with."""
    if origin.channel == "youtube":
        return origin.content if VIDEO.fullmatch(origin.content or "") else None
    return origin.content_id
