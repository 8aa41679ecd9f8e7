"""An order of WooCommerce, read into facts: the order, its lines, its last touch, refunds, and who placed it."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

from jalon.normalize import shop_orders
from jalon.normalize.channels import Origin
from jalon.normalize.fields import Row, count, inner, needed, objects, text, texts
from jalon.normalize.records import deleted_order, head, one_person
from jalon.normalize.times import instant_from_iso, local_date
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Identity,
    Instant,
    Order,
    OrderKind,
    OrderLine,
    OrderStatus,
    Raw,
    Refund,
    SellingMode,
)
from jalon.normalize.woocommerce.attribution import origin_of, touchpoint
from jalon.normalize.woocommerce.money import Back, Left, Money, line_money, order_money, refund_money

PLATFORM = "woocommerce"

# https://woocommerce.com/document/managing-orders/order-statuses/
STATUSES: dict[str, OrderStatus] = {
    "pending": "pending",
    "on-hold": "pending",
    "processing": "paid",
    "completed": "paid",
    "refunded": "paid",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "deleted",
    "deleted": "deleted",
    "checkout-draft": "pending",
    "auto-draft": "pending",
}
"""`completed` may come without a payment (cash on delivery): the shop says that it is done. A refunded order was paid
before, and given back by its refunds; one that never was, or of which no refund is told, counts as cancelled. What
plugins add is in the settings, or paid once it has a date of payment."""
DRAFTS = frozenset({"checkout-draft", "auto-draft"})
"""Carts that the checkout has begun to write down."""


def orders(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield the facts of one order. Raises `Unfit`."""
    if "currency" not in raw.body and raw.body.get("status") == "deleted":
        yield deleted_order(raw, context, PLATFORM, needed(raw.body, "id"))
    else:
        yield from Reading(raw, context).facts()


def instant(row: Row, name: str) -> Instant | None:
    """Return a time that WooCommerce writes in GMT without saying so. Raises `Unfit`."""
    written = text(row, name)
    return instant_from_iso(f"{written}+00:00") if written else None


class Reading:
    """One order being read: what its facts have in common."""

    def __init__(self, raw: Raw, context: Context) -> None:
        body: Row = raw.body
        self.raw, self.context, self.body = raw, context, body
        self.id, self.currency = needed(body, "id"), needed(body, "currency")
        self.placed_at = instant_from_iso(f"{needed(body, 'date_created_gmt')}+00:00")
        self.paid_at = instant(body, "date_paid_gmt")
        self.status = self._status()
        self.removed = self.status == "deleted"
        self.origin, self.external_ids = _copied_from(body, context)
        if self.origin is None:
            self.external_ids = shop_orders.shown_number(PLATFORM, text(body, "number"), self.id)
        billing = inner(body, "billing")
        names = (text(body, "customer"), text(billing, "email"), text(billing, "phone"))
        self.people = [name for name in names if name]
        self.person = self.people[0] if self.people else None
        self.visit: Origin | None = None if self.origin else origin_of(inner(body, "attribution"))
        self.money: Money = order_money(body, self.currency)

    def head(self, key: str) -> tuple[str, str, int, Instant, int]:
        """Return the header of a fact."""
        return head(self.raw, key)

    def facts(self) -> Iterator[Fact]:
        order = self._order()
        yield order
        for line in objects(self.body, "line_items"):
            yield self._line(line)
        if self.visit is not None:
            yield touchpoint(self.raw, self.context, self.visit, order)
        yield shop_orders.purchase(self.head(f"{self.id}/purchase"), order, removed=self.removed)
        yield from self._refunds(order)
        yield from self._identities()

    def _status(self) -> OrderStatus:
        native = str(self.body.get("status"))
        if native == "refunded" and (self.paid_at is None or not objects(self.body, "refunds")):
            return "cancelled"
        said = shop_orders.SAID.get(self.context.account.get(f"status:{native}"))
        return said or STATUSES.get(native) or ("paid" if self.paid_at is not None else "pending")

    def _order(self) -> Order:
        money, kind = self.money, self._kind()
        return Order(
            *self.head(self.id),
            platform=PLATFORM,
            order_id=self.id,
            placed_at=self.placed_at,
            placed_date=local_date(self.placed_at, self.context.zone),
            paid_at=self.paid_at,
            cancelled_at=None,
            status=self.status,
            native_status=str(self.body.get("status")),
            kind=kind,
            currency=self.currency,
            gross=money.gross,
            discount=money.discount,
            goods=money.goods,
            shipping=money.shipping,
            tax=money.tax,
            total=money.total,
            presentment_currency=None,
            presentment_total=None,
            person=self.person,
            selling_mode=self._mode(),
            channel=self._channel(),
            origin=self.origin,
            external_ids=self.external_ids,
            journey="ready" if self.visit is not None else "none",
            removed=self.removed,
        )

    def _kind(self) -> OrderKind:
        return "draft" if str(self.body.get("status")) in DRAFTS else "sale"

    def _mode(self) -> SellingMode:
        if self.origin:
            return "native"
        return self.visit.selling_mode if self.visit is not None else "communication"

    def _channel(self) -> str:
        return shop_orders.channel_of(self.origin) if self.origin else "site"

    def _line(self, line: Row) -> OrderLine:
        money, line_id = line_money(line, self.currency), needed(line, "id")
        return OrderLine(
            *self.head(line_id),
            platform=PLATFORM,
            order_id=self.id,
            line_id=line_id,
            product_id=text(line, "product_id"),
            sku=text(line, "sku"),
            title=text(line, "name"),
            quantity=_quantity(line.get("quantity")),
            currency=self.currency,
            gross=money.gross,
            discount=money.gross - money.goods,
            goods=money.goods,
            tax=money.tax,
            removed=self.removed,
        )

    def _refunds(self, order: Order) -> Iterator[Fact]:
        """Yield the refunds, oldest first, and a touchpoint of each."""
        left = Left(self.money.parts, self.money.total, self.money.credit)
        for refund in sorted(objects(self.body, "refunds"), key=_age):
            money = refund_money(refund, self.currency, self.money.parts, left)
            left = left.less(money)
            fact = self._refund(order, refund, money)
            yield fact
            yield shop_orders.refunded(self.head(f"{fact.refund_id}/refund"), order, fact, removed=self.removed)

    def _refund(self, order: Order, refund: Row, money: Back) -> Refund:
        """Return a refund. WooCommerce does not tell whether money moved: what was paid and is recorded counts."""
        refund_id = needed(refund, "id")
        at = instant(refund, "date_created_gmt") or instant(self.body, "date_modified_gmt") or self.placed_at
        came_back = any(line.get("quantity") for line in objects(refund, "line_items"))
        return Refund(
            *self.head(refund_id),
            platform=PLATFORM,
            order_id=self.id,
            refund_id=refund_id,
            reason="cancellation" if order.status == "cancelled" else "return" if came_back else "refund",
            state="succeeded" if money.total and (self.paid_at is not None or order.status == "paid") else "pending",
            occurred_at=at,
            occurred_date=local_date(at, self.context.zone),
            currency=self.currency,
            goods=money.parts.goods,
            shipping=money.parts.shipping,
            tax=money.tax,
            total=money.total,
            removed=self.removed,
        )

    def _identities(self) -> Iterator[Identity]:
        """Yield what an order states about its buyer: customer, e-mail and phone are one person."""
        return one_person(self.raw, self.people, "order")


def _age(refund: Row) -> int:
    """Return where a refund stands among others: ids count up."""
    return count(needed(refund, "id"), "id")


def _quantity(value: Any) -> int:
    """Return how many units; parts of one, which plugins allow, count as one."""
    return ceil(value) if type(value) is float and 0 <= value < 10**9 else count(value, "quantity")


def _copied_from(body: Row, context: Context) -> tuple[str | None, tuple[str, ...]]:
    """Say where an order was made: by the settings, its buyer's address, or the names that an app gave it."""
    origin = text(body, "alias_of") or context.account.get(f"channel:{str(body.get('created_via')).lower()}")
    return shop_orders.copied_from(origin, texts(body, "names"))
