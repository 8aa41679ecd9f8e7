"""An order of PrestaShop, read into facts: the order, its lines, its purchase, and who placed it."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.normalize import shop_orders
from jalon.normalize.fields import Row, inner, needed, objects, text
from jalon.normalize.prestashop.money import Line, Money, order_money
from jalon.normalize.prestashop.times import instant
from jalon.normalize.records import head, one_person
from jalon.normalize.times import local_date
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Identity,
    Instant,
    Order,
    OrderLine,
    OrderStatus,
    Raw,
    SellingMode,
    Unfit,
)

PLATFORM = "prestashop"

# https://devdocs.prestashop-project.org/8/webservice/resources/order_states/. A shop names its states as it likes; what
# they mean is told by the flag `paid` and by the mail that they send.
TEMPLATES: dict[str, OrderStatus] = {
    "order_canceled": "cancelled",
    "payment_error": "cancelled",
    "refund": "cancelled",
}
"""Mail template of an order state -> status. The state that tells the buyer of a refund says that all of it went back,
also where nobody made out a credit slip."""


def orders(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield the facts of one order. Raises `Unfit`."""
    reading = Reading(raw, context)
    order = reading.order()
    yield order
    yield from reading.lines()
    yield shop_orders.purchase(reading.head(f"{order.order_id}/purchase"), order)
    yield from reading.identities()


class Reading:
    """One order being read: what its facts have in common."""

    def __init__(self, raw: Raw, context: Context) -> None:
        body: Row = raw.body
        self.raw, self.context, self.body = raw, context, body
        self.id, self.currency = needed(body, "id"), needed(body, "currency")
        placed = instant(body, "date_add", context.zone)
        if placed is None:
            raise Unfit("missing_field", "an order without date_add")
        self.placed_at: Instant = placed
        self.status = self._status()
        self.paid_at = self._paid_at()
        self.origin, self.external_ids = _copied_from(body, context)
        if self.origin is None:
            self.external_ids = shop_orders.shown_number(PLATFORM, text(body, "reference"), self.id)
        self.people = [name for name in (text(body, "customer"), text(body, "email")) if name]
        self.person = self.people[0] if self.people else None
        self.rows = objects(body, "order_rows")
        self.money: Money = order_money(body, self.rows, self.currency)

    def head(self, key: str) -> tuple[str, str, int, Instant, int]:
        """Return the header of a fact."""
        return head(self.raw, key)

    def _status(self) -> OrderStatus:
        """Return the status: of the settings, by the state's mail, by its flag, and last by the order's own `valid`."""
        state = inner(self.body, "state")
        said = shop_orders.SAID.get(self.context.account.get(f"state:{self.body.get('current_state')}"))
        paid = _is_set(state, "paid") or _is_set(self.body, "valid")
        return said or TEMPLATES.get(str(state.get("template"))) or ("paid" if paid else "pending")

    def _paid_at(self) -> Instant | None:
        """Return when the order first came into a paid state; by its invoice where its states cannot be read."""
        times = [self._history(row) for row in self._histories() if _is_set(inner(row, "state"), "paid")]
        found = min(filter(None, times), default=None)
        return found or (instant(self.body, "invoice_date", self.context.zone, self.placed_at))

    def _cancelled_at(self) -> Instant | None:
        if self.status != "cancelled":
            return None
        ends = [row for row in self._histories() if str(inner(row, "state").get("template")) in TEMPLATES]
        return max(filter(None, map(self._history, ends)), default=None)

    def _histories(self) -> list[Row]:
        return objects(self.body, "histories")

    def _history(self, row: Row) -> Instant | None:
        return instant(row, "date_add", self.context.zone, self.placed_at)

    def order(self) -> Order:
        """Return the order."""
        money = self.money
        return Order(
            *self.head(self.id),
            platform=PLATFORM,
            order_id=self.id,
            placed_at=self.placed_at,
            placed_date=local_date(self.placed_at, self.context.zone),
            paid_at=self.paid_at,
            cancelled_at=self._cancelled_at(),
            status=self.status,
            native_status=str(self.body.get("current_state")),
            kind="sale",
            currency=self.currency,
            gross=money.gross,
            discount=money.gross - money.goods,
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
        )

    def _mode(self) -> SellingMode:
        return "native" if self.origin else "communication"

    def _channel(self) -> str:
        return shop_orders.channel_of(self.origin) if self.origin else "site"

    def lines(self) -> Iterator[OrderLine]:
        """Yield the lines."""
        for row, money in zip(self.rows, self.money.lines, strict=True):
            yield self._line(row, money)

    def _line(self, row: Row, money: Line) -> OrderLine:
        line_id = needed(row, "id")
        return OrderLine(
            *self.head(line_id),
            platform=PLATFORM,
            order_id=self.id,
            line_id=line_id,
            product_id=text(row, "product_id"),
            sku=text(row, "product_reference"),
            title=text(row, "product_name"),
            quantity=money.quantity,
            currency=self.currency,
            gross=money.gross,
            discount=money.gross - money.goods,
            goods=money.goods,
            tax=money.tax,
        )

    def identities(self) -> Iterator[Identity]:
        """Yield what an order states about its buyer: customer and e-mail are one person; a guest has both too."""
        return one_person(self.raw, self.people, "order")


def _is_set(row: Row, flag: str) -> bool:
    return str(row.get(flag)) == "1"


def _copied_from(body: Row, context: Context) -> tuple[str | None, tuple[str, ...]]:
    """Say where an order was made: an app writes its id there in place of the nine letters of a reference."""
    origin = context.account.get(f"channel:{str(body.get('module')).lower()}")
    return shop_orders.copied_from(origin, [text(body, "reference") or ""])
