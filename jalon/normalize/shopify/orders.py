"""An order as Shopify states it, read into facts: the order, its lines, visits, refunds, returns and who placed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from jalon.normalize import shop_orders
from jalon.normalize.channels import joined_clicks
from jalon.normalize.money import EXPONENTS
from jalon.normalize.records import head
from jalon.normalize.refunds import Parts
from jalon.normalize.shopify.edits import charged, is_extended
from jalon.normalize.shopify.money import (
    Json,
    Money,
    Returned,
    amount,
    fitted,
    order_money,
    refund_money,
    shipping_money,
)
from jalon.normalize.shopify.visits import PLATFORM, number, origin_of, touchpoint, visits
from jalon.normalize.times import instant_from_iso, local_date
from jalon.normalize.vocabulary import (
    Context,
    Fact,
    Identity,
    Instant,
    Order,
    OrderLine,
    OrderStatus,
    Raw,
    Refund,
    SellingMode,
    Touchpoint,
)

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/OrderDisplayFinancialStatus
STATUSES: dict[str | None, OrderStatus] = {
    "PENDING": "pending",
    "AUTHORIZED": "pending",
    "PARTIALLY_PAID": "pending",
    "EXPIRED": "pending",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "paid",
    "REFUNDED": "paid",
    "VOIDED": "cancelled",
}
"""Authorised money is not taken yet. What is in no row is pending, unless nothing is to be paid. A partly paid order is
one of which a deposit came in, unless `edits` know better."""

# https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order#field-Order.fields.sourceName
PLACES = {"pos": "shop", "iphone": "mobile", "android": "mobile"}
"""Source name -> channel in which an order was placed; all others are the site."""


class Reading:
    """One order being read: what its facts have in common."""

    def __init__(self, raw: Raw, context: Context) -> None:
        self.raw, self.context, self.body = raw, context, raw.body
        self.id = number(self.body["id"])
        self.currency: str = self.body["currencyCode"]
        self.included = bool(self.body.get("taxesIncluded"))
        self.placed_at = _placed_at(self.body["createdAt"], self.body.get("processedAt"))
        self.origin, self.external_ids = _copied_from(self.body, context.account)
        if self.origin is None:
            self.external_ids = shop_orders.shown_number(PLATFORM, self.body.get("name"), self.id)
        names = (self.body.get(field) for field in ("customer", "email", "phone", "checkoutToken"))
        self.person: str | None = next(filter(None, names), None)
        self.visits = list(visits(self.body.get("customerJourneySummary") or {}))
        self.origins = [origin_of(visit) for visit in self.visits]
        self.lines: list[Json] | None = self.body["lineItems"]["nodes"] if self.body.get("lineItems") else None
        moneys = charged(self.body, self.lines or (), self.currency, self.included)
        self.money = order_money(self.body, self.lines, moneys, self.currency)
        self.moneys = fitted(moneys, self.money.goods)
        self.shipping, self.shipping_tax = shipping_money(self.body, self.currency)

    def head(self, key: str) -> tuple[str, str, int, Instant, int]:
        """Return the header of a fact."""
        return head(self.raw, key)

    def facts(self) -> Iterator[Fact]:
        order = self._order()
        yield order
        for line, money in zip(self.lines or (), self.moneys, strict=True):
            yield line_fact(self.raw, line, self.id, money, self.currency)
        for visit, origin in zip(self.visits, self.origins, strict=True):
            yield touchpoint(self.raw, self.context, visit, origin, self.person, self.id)
        yield shop_orders.purchase(self.head(f"{self.id}/purchase"), order, removed=order.kind != "sale")
        yield from self._returns(order)
        yield from self._refunds(order)
        yield from self._identities()

    def _order(self) -> Order:
        body, summary = self.body, self.body.get("customerJourneySummary") or {}
        money, total = self.money, body["totalPriceSet"]
        presented = total.get("presentmentMoney")
        if presented and presented["currencyCode"] not in EXPONENTS:
            presented = None
        paid_at = _paid_at(body.get("transactions") or ())
        return Order(
            *self.head(self.id),
            platform=PLATFORM,
            order_id=self.id,
            placed_at=self.placed_at,
            placed_date=local_date(self.placed_at, self.context.zone),
            paid_at=paid_at,
            cancelled_at=_instant(body.get("cancelledAt")),
            status=_status(body),
            native_status=str(body.get("displayFinancialStatus")),
            kind="test" if body.get("test") else "sale",
            currency=self.currency,
            gross=money.gross,
            discount=money.discount,
            goods=money.goods,
            shipping=self.shipping,
            tax=money.tax,
            total=amount(total, self.currency),
            presentment_currency=presented and presented["currencyCode"],
            presentment_total=presented and amount({"shopMoney": presented}, presented["currencyCode"]),
            person=self.person,
            selling_mode=self._mode(),
            channel=self._channel(),
            origin=self.origin,
            external_ids=self.external_ids,
            customer_order_index=summary.get("customerOrderIndex"),
            journey="none" if not summary else "ready" if summary.get("ready") else "not_ready",
        )

    def _mode(self) -> SellingMode:
        if self.origin:
            return "native"
        return "linked" if any(origin.selling_mode == "linked" for origin in self.origins) else "communication"

    def _channel(self) -> str:
        if self.origin:
            return shop_orders.channel_of(self.origin)
        return PLACES.get(self.body.get("sourceName") or "", "site")

    # --- touchpoints that the order makes

    def _returns(self, order: Order) -> Iterator[Touchpoint]:
        for one in (self.body.get("returns") or {}).get("nodes") or ():
            key, at = f"{number(one['id'])}/return", instant_from_iso(one["createdAt"])
            yield shop_orders.touch(self.head(key), order, "return_requested", at, local_date(at, self.context.zone))

    def _refunds(self, order: Order) -> Iterator[Fact]:
        """Yield the refunds, and a touchpoint of each. An export tells only that there are some: they come by id."""
        gift_cards = frozenset(line["id"] for line in self.lines or () if line.get("isGiftCard"))
        goods_tax = max(0, order.tax - self.shipping_tax)
        whole = left = Parts(order.goods, goods_tax, order.shipping, self.shipping_tax)
        for refund in self.body.get("refunds") or ():
            if "transactions" in refund:
                money = refund_money(refund, self.currency, self.included, whole, left, gift_cards)
                left = left.less(money.parts)
                fact = self._refund(order, refund, money)
                yield fact
                yield shop_orders.refunded(self.head(f"{fact.refund_id}/refund"), order, fact)

    def _refund(self, order: Order, refund: Json, money: Returned) -> Refund:
        moved = (one.get("processedAt") for one in refund["transactions"]["nodes"] if _is_done(one, "REFUND"))
        at = instant_from_iso(min(filter(None, moved), default=refund["createdAt"]))
        refund_id = number(refund["id"])
        return Refund(
            *self.head(refund_id),
            platform=PLATFORM,
            order_id=self.id,
            refund_id=refund_id,
            reason="return" if refund.get("return") else "cancellation" if order.cancelled_at is not None else "refund",
            state=money.state,
            occurred_at=at,
            occurred_date=local_date(at, self.context.zone),
            currency=self.currency,
            goods=money.parts.goods,
            shipping=money.parts.shipping,
            tax=money.tax,
            total=money.total,
        )

    def _identities(self) -> Iterator[Identity]:
        """Yield what an order states about its buyer: customer, e-mail, phone and whoever clicked are one person."""
        person = self.person
        clicks = (click for visit in self.visits for click in joined_clicks(visit.get("landingPage")))
        stated = (
            (self.body.get("email"), "order"),
            (self.body.get("phone"), "order"),
            *((c, "click_id") for c in clicks),
        )
        for other, evidence in stated:
            if person and other and other != person:
                yield Identity(*self.head(f"{person}={other}"), left=person, right=other, evidence=evidence)


def _status(body: Json) -> OrderStatus:
    if body.get("cancelledAt"):
        return "cancelled"
    if is_extended(body, body["currencyCode"]):
        return "paid"
    status = STATUSES.get(body.get("displayFinancialStatus"))
    if status is None:
        return "pending" if amount(body["totalPriceSet"], body["currencyCode"]) else "paid"
    return status


def _placed_at(created: str, processed: str | None) -> Instant:
    """Return when an order was placed: an imported one is created late, but processed at the day of the sale."""
    placed = instant_from_iso(created)
    return placed if processed in (created, None) else min(placed, instant_from_iso(processed))


def _paid_at(transactions: Iterable[Json]) -> Instant | None:
    """Return when money first came in."""
    times = [one["processedAt"] for one in transactions if _is_done(one, "SALE", "CAPTURE") and one.get("processedAt")]
    return instant_from_iso(min(times)) if times else None


def _is_done(transaction: Json, *kinds: str) -> bool:
    return transaction["status"] == "SUCCESS" and transaction["kind"] in kinds


def _instant(text: str | None) -> Instant | None:
    return instant_from_iso(text) if text else None


def line_fact(raw: Raw, line: Json, order_id: str, money: Money, currency: str) -> OrderLine:
    """Return a line of an order."""
    line_id = number(line["id"])
    product = line.get("product")
    return OrderLine(
        *head(raw, line_id),
        platform=PLATFORM,
        order_id=order_id,
        line_id=line_id,
        product_id=product and number(product["id"]),
        sku=line.get("sku") or None,
        title=line.get("title"),
        quantity=line["quantity"],
        currency=currency,
        gross=money.gross,
        discount=money.discount,
        goods=money.goods,
        tax=money.tax,
    )


# --- copies of sales made on a platform ------------------------------------------------------------------------------
#
# Apps that copy TikTok Shop orders write its order id into the source identifier, an attribute or the order's name.

TIKTOK_ORDER = re.compile(r"(?<!\d)\d{18,19}(?!\d)", re.ASCII)
EXTERNAL_IDS = {"tiktok_shop": TIKTOK_ORDER}
"""Platform -> what its order ids look like. They are longer than any number that a shop counts to by itself."""


def _copied_from(body: Json, account: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the platform on which an order was made, if another one, and the ids that it has there."""
    origin = _platform(body, account)
    texts = [body.get("sourceIdentifier"), body.get("name")]
    texts += [attribute.get("value") for attribute in body.get("customAttributes") or ()]
    for platform, shape in EXTERNAL_IDS.items():
        if origin in (None, platform):
            found = dict.fromkeys(match[0] for text in texts if text for match in shape.finditer(text))
            if found:
                return platform, tuple(f"{platform}:{number}" for number in found)
    return origin, ()


def _platform(body: Json, account: Mapping[str, str]) -> str | None:
    """Return what the account's table says about the order's source, app or attribution, else its buyer's address."""
    app, attribution = body.get("app"), body.get("attribution")
    names = (body.get("sourceName"), app and number(app["id"]), attribution and attribution.get("handle"))
    told = (found for name in names if name and (found := account.get(f"channel:{name.lower()}")))
    return next(told, body.get("alias_of"))
