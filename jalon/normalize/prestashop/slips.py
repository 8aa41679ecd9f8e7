"""A credit slip of PrestaShop: money back to the buyer, and the touchpoint that it is.

https://devdocs.prestashop-project.org/8/webservice/resources/order_slip/. The shop does not tell whether the money has
moved: a slip that is made out counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from jalon.normalize.fields import needed
from jalon.normalize.prestashop.money import slip_money
from jalon.normalize.prestashop.orders import PLATFORM
from jalon.normalize.prestashop.times import instant
from jalon.normalize.records import head
from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import Context, Fact, Raw, Refund, Touchpoint, Unfit


def slips(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield the refund of one credit slip, and its touchpoint. Raises `Unfit`."""
    refund = _refund(raw, context)
    yield refund
    yield _touch(raw, refund)


def _refund(raw: Raw, context: Context) -> Refund:
    slip_id, currency = needed(raw.body, "id"), needed(raw.body, "currency")
    at = instant(raw.body, "date_add", context.zone)
    if at is None:
        raise Unfit("missing_field", "a credit slip without date_add")
    money = slip_money(raw.body, currency)
    return Refund(
        *head(raw, slip_id),
        platform=PLATFORM,
        order_id=needed(raw.body, "id_order"),
        refund_id=slip_id,
        reason="refund",
        state="succeeded" if money.total else "pending",
        occurred_at=at,
        occurred_date=local_date(at, context.zone),
        currency=currency,
        goods=money.goods,
        shipping=money.shipping,
        tax=money.tax,
        total=money.total,
    )


def _touch(raw: Raw, refund: Refund) -> Touchpoint:
    return Touchpoint(
        *head(raw, f"{refund.refund_id}/refund"),
        platform=PLATFORM,
        occurred_at=refund.occurred_at,
        occurred_date=refund.occurred_date,
        time_is_bound=False,
        kind="refund",
        channel="site",
        surface="site",
        order_id=refund.order_id,
        evidence="platform_order",
        selling_mode="communication",
        removed=refund.state != "succeeded",
    )
