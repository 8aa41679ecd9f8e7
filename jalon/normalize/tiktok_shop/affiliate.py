"""What an affiliate order's SKU row means: https://partner.tiktokshop.com/docv2/page/search-seller-affiliate-orders-202410.

It is the platform's own statement that a creator's content led to a SKU of an order: the last click within 14 days.
The buyer is not told, nor when the click was: only that it was before the order.
"""

from __future__ import annotations

from jalon.normalize.fields import Row, count, inner, needed, text
from jalon.normalize.money import display_amount
from jalon.normalize.records import head
from jalon.normalize.tiktok_shop.common import CHANNEL, PLATFORM, content_head
from jalon.normalize.times import instant_from_unix, local_date
from jalon.normalize.vocabulary import Context, Fact, OrderContent, Raw, Touchpoint, Unfit

RULE = "affiliate, last click within 14 days"
RANK = 1
"""Above the order's own word about the same content, which knows no creator."""

SURFACES = {"VIDEO": "video", "LIVE": "live", "PRE_LIVE": "live", "SHOP": "shop_tab"}
"""content_type -> surface; PROMOTION_PAGE, LINKSHARE and words unknown so far have none."""


def affiliate_order(raw: Raw, context: Context) -> list[Fact]:
    """Return the touchpoint in the content, and the statement about the order where the content has an id.

    A creator's shop window (SHOP), a promotion page and a shared link have no content id: they are touchpoints of the
    creator alone. The row makes no content of its own: it knows no title and would stand above one that does.
    """
    body = raw.body
    order_id, content_id = needed(body, "order_id"), text(body, "content_id")
    kind = text(body, "content_type") or "UNKNOWN"
    creator = text(body, "creator_username")
    placed_at = instant_from_unix(body.get("create_time"))
    touch = Touchpoint(
        *content_head(raw, order_id, placed_at, content_id or f"{kind}:{creator or ''}", RANK),
        platform=PLATFORM,
        occurred_at=placed_at,
        occurred_date=local_date(placed_at, context.zone),
        time_is_bound=True,
        kind="content_click",
        channel=CHANNEL,
        surface=SURFACES.get(kind),
        order_id=order_id,
        content_id=content_id,
        creator_id=creator,
        campaign=text(body, "campaign_id"),
        evidence="platform_row",
        selling_mode="native",
    )
    return [touch, _statement(raw, order_id, content_id, kind.lower())] if content_id else [touch]


def _statement(raw: Raw, order_id: str, content_id: str, kind: str) -> OrderContent:
    body = raw.body
    sku_id = needed(body, "sku_id")
    quantity = _quantity(body, "quantity")
    commission, currency = _commission(body)
    return OrderContent(
        *head(raw, f"{order_id}/{sku_id}/{content_id}"),
        platform=PLATFORM,
        order_id=order_id,
        sku_id=sku_id,
        product_id=text(body, "product_id"),
        content_id=content_id,
        content_kind=kind,
        creator_id=text(body, "creator_username"),
        campaign=text(body, "campaign_id"),
        quantity=quantity,
        refunded_quantity=_refunded(body, quantity),
        commission=commission,
        currency=currency,
        settlement=text(body, "settlement_status"),
        rule=RULE,
    )


def _quantity(body: Row, name: str) -> int:
    """Return a number of units; left out is none."""
    return count(body.get(name) or 0, name)


def _refunded(body: Row, quantity: int) -> int | None:
    """Return how many units went back: all or none as far as it says so, else the counts, which the platform no longer
    gives; None where some of several units may have gone back."""
    if body.get("fully_return") == "Yes":
        return quantity
    counts = [_quantity(body, name) for name in ("refunded_quantity", "returned_quantity") if name in body]
    if counts:
        return min(quantity, max(counts))
    return 0 if body.get("fully_return") == "No" and quantity <= 1 else None


def _commission(body: Row) -> tuple[int | None, str | None]:
    """Return the paid, else the estimated commission; unknown where its text can be read in more than one way.

    These amounts are laid out for people, with the separators of the shop's country. Which content led to the order
    must not be lost over one of them.
    """
    for name in ("actual_paid_commission", "estimated_paid_commission"):
        money = inner(body, name)
        written, currency = text(money, "amount"), text(money, "currency")
        if written and currency:
            try:
                return display_amount(written, currency), currency
            except Unfit as error:
                if error.reason != "bad_money":
                    raise
                return None, currency
    return None, text(inner(body, "price"), "currency")
