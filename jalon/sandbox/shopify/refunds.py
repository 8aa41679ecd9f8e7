"""What happens to an order after it was placed: money moved, goods sent and come back.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Refund

A refund's money is what its transactions say. Its lines need not add up to it: money given back for goods that are kept
shows as a line of 0.0, or as no line at all, with the difference as an order adjustment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jalon.sandbox.shopify.history import Entry, lot
from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.shopify.money import Till
from jalon.sandbox.shopify.shares import COPIED_REFUND, FULFILLMENT, REFUND_LINE, TRANSACTION, Part, own_id, shares_of
from jalon.sandbox.world import Change


@dataclass(slots=True)
class Aftermath:
    """All of it up to a revision, as trees, with what the order's totals need in minor units."""

    entry: Entry
    changes: tuple[Change, ...]
    till: Till
    tax_included: bool
    line_trees: list[Tree]
    shipping_line: Tree
    total: int
    refunds: list[Tree] = field(default_factory=list)
    returns: list[Tree] = field(default_factory=list)
    transactions: list[Tree] = field(default_factory=list)
    fulfillments: list[Tree] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    """Units that came back, by line."""
    shares: dict[str, list[Part]] = field(default_factory=dict)
    paid_at: int | None = None
    cancelled_at: int | None = None
    edited_at: int | None = None
    refunded: int = 0
    refunded_goods: int = 0
    """Line money given back with units, tax as the shop shows prices."""
    refunded_tax: int = 0
    refunded_shipping: int = 0
    discrepancy: int = 0

    def __post_init__(self) -> None:
        """Live through the changes."""
        self.returned = [0] * len(self.entry.sale.lines)
        self.shares = shares_of(self.entry.sale)
        for change in self.changes:
            step = _STEPS.get(change.kind)
            if step is not None:
                step(self, change)

    def owed(self) -> int:
        """Return what is left to pay."""
        return 0 if self.paid_at is not None or self.cancelled_at is not None else self.total

    def _transact(self, at: int, kind: str, minor: int, status: str = "SUCCESS") -> Tree:
        identity = own_id(TRANSACTION, self.entry, len(self.transactions))
        gateway = "tiktok" if self.entry.copied else "shopify_payments"
        sales = [tree for tree in self.transactions if tree["kind"] in ("SALE", "CAPTURE", "AUTHORIZATION")]
        tree: Tree = {
            "__typename": "OrderTransaction",
            "id": f"gid://shopify/OrderTransaction/{identity}",
            "kind": kind,
            "status": status,
            "gateway": gateway,
            "formattedGateway": gateway.replace("_", " ").title(),
            "manualPaymentGateway": False,
            "createdAt": instant(at),
            "processedAt": instant(at),
            "amountSet": self.till.bag(minor),
            "totalUnsettledSet": self.till.bag(0),
            "parentTransaction": sales[-1] if sales and kind in ("CAPTURE", "REFUND", "VOID") else None,
            "errorCode": "CARD_DECLINED" if status == "FAILURE" else None,
            "settlementCurrency": None,
            "test": self.entry.sale.kind == "test",
        }
        self.transactions.append(tree)
        return tree

    def placed(self, change: Change) -> None:
        """Authorise now what some orders capture later."""
        if lot(f"authorised {self.entry.id}", 4) == 0 and not self.entry.copied:
            self._transact(change.at, "AUTHORIZATION", self.total)

    def paid(self, change: Change) -> None:
        """Take the money; one order in ten needs a second try."""
        if lot(f"declined {self.entry.id}", 10) == 0:
            self._transact(change.at, "SALE", self.total, "FAILURE")
        self._transact(change.at, "CAPTURE" if self._authorised() else "SALE", self.total)
        self.paid_at = change.at

    def _authorised(self) -> bool:
        return any(tree["kind"] == "AUTHORIZATION" for tree in self.transactions)

    def cancelled(self, change: Change) -> None:
        """Cancel, with all money back where it was paid."""
        self.cancelled_at = change.at
        if self.paid_at is not None:
            self.refund(change)
        else:
            if self._authorised():
                self._transact(change.at, "VOID", self.total)
            self.returned = [line.quantity for line in self.entry.sale.lines]

    def edited(self, change: Change) -> None:
        """Note that staff edited the order; no money moves."""
        self.edited_at = change.at

    def shipped(self, change: Change) -> None:
        """Send all goods."""
        identity = own_id(FULFILLMENT, self.entry, 0)
        self.fulfillments.append(
            {
                "__typename": "Fulfillment",
                "id": f"gid://shopify/Fulfillment/{identity}",
                "legacyResourceId": str(identity),
                "name": f"F{self.entry.number + 1001}.1",
                "status": "SUCCESS",
                "totalQuantity": sum(line.quantity for line in self.entry.sale.lines),
                "createdAt": instant(change.at),
                "updatedAt": instant(change.at),
                "inTransitAt": instant(change.at),
                "deliveredAt": None,
                "events": [],
            }
        )

    def delivered(self, change: Change) -> None:
        """Let the goods arrive."""
        for number, fulfillment in enumerate(self.fulfillments):
            fulfillment["deliveredAt"] = fulfillment["updatedAt"] = instant(change.at)
            fulfillment["events"].append(
                {
                    "id": f"gid://shopify/FulfillmentEvent/{own_id(FULFILLMENT, self.entry, 50 + number)}",
                    "status": "DELIVERED",
                    "createdAt": instant(change.at),
                    "happenedAt": instant(change.at),
                }
            )

    def return_requested(self, change: Change) -> None:
        """Open a return for units; a request for money alone leaves no return, only a later update time."""
        units = sum(part.quantity for part in self.shares[change.id])
        if units == 0:
            return
        self.returns.append(
            {
                "__typename": "Return",
                "id": f"gid://shopify/Return/{change.id}",
                "name": f"#{self.entry.number + 1001}-R{len(self.returns) + 1}",
                "status": "REQUESTED",
                "createdAt": instant(change.at),
                "closedAt": None,
                "requestApprovedAt": None,
                "totalQuantity": units,
                "returnLineItems": self._return_lines(change),
                "refunds": [],
            }
        )

    def _return_lines(self, change: Change) -> list[Tree]:
        return [
            {
                "__typename": "ReturnLineItem",
                "id": f"gid://shopify/ReturnLineItem/{int(change.id) + part.index}",
                "quantity": part.quantity,
                "processedQuantity": 0,
                "refundableQuantity": part.quantity,
                "refundedQuantity": 0,
                "returnReason": "UNWANTED",
                "returnReasonNote": "",
                "customerNote": None,
                "withCodeDiscountedTotalPriceSet": self.till.bag(self._shown(part)),
            }
            for part in self.shares[change.id]
            if part.quantity
        ]

    def refund(self, change: Change) -> None:
        """Give money back, with or without goods."""
        parts = self.shares[change.id]
        for part in parts:
            self.returned[part.index] += part.quantity
        # A refund's tax covers its lines first; the rest is the tax of the shipping that went back.
        shipping_tax = change.tax - sum(part.tax for part in parts)
        amount = change.goods + change.tax + change.shipping
        self.refunded += amount
        self.refunded_tax += change.tax
        self.refunded_shipping += change.shipping + (shipping_tax if self.tax_included else 0)
        self.refunded_goods += sum(self._shown(part) for part in parts if part.quantity)
        self.discrepancy -= sum(part.goods + part.tax for part in parts if not part.quantity)
        transaction = self._transact(change.at, "REFUND", amount)
        tree = self._refund_tree(change, parts, amount, shipping_tax, transaction)
        self.refunds.append(tree)
        for opened in self.returns:
            if opened["id"].endswith(f"/{change.id}"):
                opened.update(status="CLOSED", closedAt=instant(change.at), requestApprovedAt=instant(change.at))
                opened["refunds"].append(tree)
                tree["return"] = opened

    def _shown(self, part: Part) -> int:
        return part.goods + (part.tax if self.tax_included else 0)

    def _refund_tree(
        self, change: Change, parts: list[Part], amount: int, shipping_tax: int, transaction: Tree
    ) -> Tree:
        identity = str(own_id(COPIED_REFUND, self.entry, len(self.refunds))) if self.entry.copied else change.id
        listed = [part for part in parts if part.quantity or lot(f"kept {change.id}", 2) == 0]
        return {
            "__typename": "Refund",
            "id": f"gid://shopify/Refund/{identity}",
            "legacyResourceId": identity,
            "createdAt": instant(change.at),
            "updatedAt": instant(change.at),
            "processedAt": instant(change.at),
            "note": None,
            "return": None,
            "totalRefundedSet": self.till.bag(amount),
            "refundLineItems": [self._refund_line(part, number, change) for number, part in enumerate(listed)],
            "refundShippingLines": self._refund_shipping(change.shipping, shipping_tax),
            "orderAdjustments": [self._adjustment(part) for part in parts if not part.quantity],
            "transactions": [transaction],
        }

    def _refund_line(self, part: Part, number: int, change: Change) -> Tree:
        restock = "CANCEL" if change.kind == "cancelled" else "RETURN" if part.quantity else "NO_RESTOCK"
        goods = self._shown(part) if part.quantity else 0
        identity = own_id(REFUND_LINE, self.entry, len(self.refunds) * 10 + number)
        return {
            "id": f"gid://shopify/RefundLineItem/{identity}",
            "quantity": part.quantity,
            "lineItem": self.line_trees[part.index],
            "restockType": restock,
            "restocked": restock != "NO_RESTOCK",
            "priceSet": self.till.bag(goods // max(part.quantity, 1)),
            "subtotalSet": self.till.bag(goods),
            "totalTaxSet": self.till.bag(part.tax if part.quantity else 0),
        }

    def _refund_shipping(self, shipping: int, tax: int) -> list[Tree]:
        if not shipping:
            return []
        return [
            {
                "id": f"gid://shopify/RefundShippingLine/{own_id(REFUND_LINE, self.entry, 90 + len(self.refunds))}",
                "subtotalAmountSet": self.till.bag(shipping + (tax if self.tax_included else 0)),
                "taxAmountSet": self.till.bag(tax),
                "shippingLine": self.shipping_line,
            }
        ]

    def _adjustment(self, part: Part) -> Tree:
        return {
            "id": f"gid://shopify/OrderAdjustment/{own_id(REFUND_LINE, self.entry, 80 + len(self.refunds))}",
            "amountSet": self.till.bag(-part.goods),
            "taxAmountSet": self.till.bag(-part.tax),
            "reason": "REFUND_DISCREPANCY",
        }


_STEPS: dict[str, Callable[[Aftermath, Change], None]] = {
    "placed": Aftermath.placed,
    "paid": Aftermath.paid,
    "shipped": Aftermath.shipped,
    "delivered": Aftermath.delivered,
    "cancelled": Aftermath.cancelled,
    "edited": Aftermath.edited,
    "return_requested": Aftermath.return_requested,
    "refunded": Aftermath.refund,
}
