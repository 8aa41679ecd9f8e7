"""One order, in one revision, as the tree that queries select from.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order

Original amounts stay as they were when the order was placed; `current…` follow what was given back. Where prices
include tax (`taxesIncluded`), line prices, subtotal and shipping include it too.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from jalon.sandbox.shopify.history import Entry, History, lot
from jalon.sandbox.shopify.journey import Tree, instant, journey
from jalon.sandbox.shopify.lines import Pricing
from jalon.sandbox.shopify.money import Till
from jalon.sandbox.shopify.people import address, buyer, customer
from jalon.sandbox.shopify.refunds import Aftermath
from jalon.sandbox.shopify.source import source
from jalon.sandbox.world import World

TREES_KEPT = 2_000

Revision = tuple[int, int, bool]
"""(order number, visible changes, journey ready): what decides every byte of an order."""


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order in a revision; its tree is made when somebody looks into it."""

    orders: Orders
    entry: Entry
    revision: Revision

    @property
    def tree(self) -> Tree:
        """Return the order as nested dictionaries."""
        return self.orders.tree(self.entry, self.revision)


@dataclass(slots=True)
class Orders:
    """Make and keep the trees of orders."""

    world: World
    history: History
    products: Mapping[str, tuple[Tree, Tree]]
    """(product, variant) by SKU."""
    _kept: OrderedDict[Revision, Tree] = field(default_factory=OrderedDict)

    def ref(self, entry: Entry, now: float, visible: int | None = None) -> OrderRef:
        """Return the order as of `now`, or in the older revision that has `visible` changes."""
        return OrderRef(self, entry, (entry.number, visible or entry.visible, entry.ready(now)))

    def tree(self, entry: Entry, revision: Revision) -> Tree:
        """Return the tree of a revision."""
        tree = self._kept.get(revision)
        if tree is None:
            tree = self._kept[revision] = self._make(entry, revision)
            if len(self._kept) > TREES_KEPT:
                self._kept.popitem(last=False)
        return tree

    def _make(self, entry: Entry, revision: Revision) -> Tree:
        _, visible, ready = revision
        draft = _Draft(self, entry, visible)
        person = buyer(self.world, entry)
        place = address(person, entry)
        tree: Tree = {
            **draft.identity(),
            **source(self.world, entry, draft.after.edited_at is not None),
            **draft.money(),
            **draft.state(),
            "customer": customer(person, entry),
            "email": person.email,
            "phone": person.phone or None,
            "clientIp": None if entry.copied else f"203.0.113.{lot(person.id, 254) + 1}",
            "customerLocale": "en-US" if entry.copied else "fr",
            "shippingAddress": place,
            "billingAddress": place,
            "customerJourneySummary": journey(self.world, entry, ready),
        }
        for refund in draft.after.refunds:
            refund["order"] = tree
        for opened in draft.after.returns:
            opened["order"] = tree
        for transaction in draft.after.transactions:
            transaction["order"] = tree
        return tree


class _Draft:
    """One order while its tree is being made."""

    def __init__(self, orders: Orders, entry: Entry, visible: int) -> None:
        world, sale = orders.world, entry.sale
        self.orders, self.entry, self.sale = orders, entry, sale
        included = world.taxes_included and not entry.copied
        presentment = sale.presentment or sale.currency
        rate = Decimal(world.rates.get(presentment, "1"))
        self.till = Till(world.shopify_currency, presentment, sale.currency, rate)
        by_code = lot(f"code {entry.id}", 2) == 0
        self.pricing = Pricing(entry, self.till, included, by_code, orders.products)
        self.included = included
        self.tax = sum(line.tax for line in sale.lines)
        self.subtotal = sum(map(self.pricing.paid, sale.lines))
        self.shipping = sale.shipping + (sale.shipping_tax if self.included else 0)
        tax_on_top = 0 if self.included else self.tax + sale.shipping_tax
        self.total = self.subtotal + self.shipping + tax_on_top
        self.discount = sum(line.seller_discount + line.platform_discount for line in sale.lines)
        self.lines = [self.pricing.line(index, line) for index, line in enumerate(sale.lines)]
        self.shipping_line = self.pricing.shipping_line(self.shipping, sale.shipping_tax)
        changes = entry.happened[:visible]
        self.updated_at = changes[-1].at
        self.after = Aftermath(entry, changes, self.till, self.included, self.lines, self.shipping_line, self.total)
        for tree, line, returned in zip(self.lines, sale.lines, self.after.returned, strict=True):
            tree["currentQuantity"] = tree["refundableQuantity"] = line.quantity - returned

    def identity(self) -> Tree:
        """Return ids, names and times."""
        entry, sale = self.entry, self.sale
        number = entry.number + 1001
        cancelled = self.after.cancelled_at
        return {
            "__typename": "Order",
            "id": f"gid://shopify/Order/{entry.id}",
            "legacyResourceId": str(entry.id),
            "number": number,
            "name": self._name(number),
            "confirmationNumber": self._token("confirmation")[:9].upper(),
            "createdAt": instant(entry.created_at),
            "processedAt": instant(sale.placed_at),
            "updatedAt": instant(self.updated_at),
            "cancelledAt": instant(cancelled) if cancelled else None,
            "cancelReason": "CUSTOMER" if cancelled else None,
            "closed": False,
            "closedAt": None,
            "test": sale.kind == "test",
            "cartToken": None if entry.copied else self._token("cart"),
            "checkoutToken": None if entry.copied else self._token("checkout"),
            "confirmed": True,
        }

    def _name(self, number: int) -> str:
        copy = self.sale.copy
        return f"#TT{self.sale.order_id}" if self.entry.copied and copy and copy.mark == "name" else f"#{number}"

    def _token(self, kind: str) -> str:
        return hashlib.blake2b(f"{kind} {self.entry.id}".encode(), digest_size=16).hexdigest()

    def money(self) -> Tree:
        """Return all amounts of the order."""
        after, bag, sale = self.after, self.till.bag, self.sale
        gone = after.cancelled_at is not None and after.paid_at is None
        subtotal = 0 if gone else self.subtotal - after.refunded_goods
        shipping = 0 if gone else self.shipping - after.refunded_shipping
        tax = 0 if gone else self.tax + sale.shipping_tax - after.refunded_tax
        received = self.total if after.paid_at is not None else 0
        return {
            "currencyCode": self.till.shop,
            "presentmentCurrencyCode": self.till.presentment,
            "taxesIncluded": self.included,
            "taxExempt": False,
            "dutiesIncluded": False,
            "estimatedTaxes": False,
            "taxLines": self.pricing.tax_lines(self.tax + sale.shipping_tax),
            "currentTaxLines": self.pricing.tax_lines(tax),
            "subtotalPriceSet": bag(self.subtotal),
            "totalPriceSet": bag(self.total),
            "originalTotalPriceSet": bag(self.total),
            "totalTaxSet": bag(self.tax + sale.shipping_tax),
            "totalDiscountsSet": bag(self.discount),
            "cartDiscountAmountSet": bag(self.discount if self.entry.copied else 0),
            "totalShippingPriceSet": bag(self.shipping),
            "currentSubtotalPriceSet": bag(subtotal),
            "currentTotalPriceSet": bag(subtotal + shipping + (0 if self.included else tax)),
            "currentTotalTaxSet": bag(tax),
            "currentTotalDiscountsSet": bag(0 if gone else self.discount),
            "currentCartDiscountAmountSet": bag(0),
            "currentShippingPriceSet": bag(shipping),
            "totalReceivedSet": bag(received),
            "totalRefundedSet": bag(after.refunded),
            "totalRefundedShippingSet": bag(after.refunded_shipping),
            "netPaymentSet": bag(received - after.refunded),
            "refundDiscrepancySet": bag(after.discrepancy),
            "totalOutstandingSet": bag(after.owed()),
            "totalTipReceivedSet": bag(0),
            **self.pricing.discounts(self.discount),
        }

    def state(self) -> Tree:
        """Return statuses, and the lists of lines and of what happened since."""
        after = self.after
        return {
            "displayFinancialStatus": self._financial(),
            "displayFulfillmentStatus": "FULFILLED" if after.fulfillments else "UNFULFILLED",
            "fullyPaid": after.paid_at is not None,
            "unpaid": after.paid_at is None,
            "edited": after.edited_at is not None,
            "requiresShipping": True,
            "paymentGatewayNames": sorted({tree["gateway"] for tree in after.transactions}),
            "returnStatus": self._return_status(),
            "subtotalLineItemsQuantity": sum(line.quantity for line in self.sale.lines),
            "currentSubtotalLineItemsQuantity": sum(tree["currentQuantity"] for tree in self.lines),
            "lineItems": self.lines,
            "shippingLine": self.shipping_line,
            "shippingLines": [self.shipping_line],
            "refunds": after.refunds,
            "returns": after.returns,
            "transactions": after.transactions,
            "fulfillments": after.fulfillments,
        }

    def _financial(self) -> str:
        after = self.after
        if after.refunded and after.refunded >= self.total:
            return "REFUNDED"
        if after.refunded:
            return "PARTIALLY_REFUNDED"
        if after.paid_at is not None:
            return "PAID"
        if after.cancelled_at is not None:
            return "VOIDED"
        return "AUTHORIZED" if after.transactions else "PENDING"

    def _return_status(self) -> str:
        statuses = {tree["status"] for tree in self.after.returns}
        if "REQUESTED" in statuses:
            return "RETURN_REQUESTED"
        return "RETURNED" if statuses else "NO_RETURN"
