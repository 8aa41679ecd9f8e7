"""Payloads of deliveries: they still have the shape of the REST Admin API, and hold no customer journey.

https://shopify.dev/docs/api/webhooks/2026-10
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.rest_parts import (
    address,
    adjustment,
    amounts,
    line_item,
    lower,
    number,
    refund_line,
    refund_shipping,
    shipping_line,
    shop_amount,
    tail,
    tax_lines,
)


class Rest:
    """Write trees in the older shape; times are in the shop's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def time(self, instant: str | None) -> str | None:
        """Return a moment with the shop's offset."""
        return datetime.fromisoformat(instant).astimezone(self._zone).isoformat() if instant else None

    def order(self, tree: Tree) -> Tree:
        """Return an order as in orders/*."""
        return {
            "id": number(tree),
            "admin_graphql_api_id": tree["id"],
            "app_id": int(tree["app"]["id"].rpartition("/")[2]),
            "browser_ip": tree["clientIp"],
            "buyer_accepts_marketing": False,
            "cancel_reason": lower(tree["cancelReason"]),
            **{name: self.time(tree[field]) for name, field in _TIMES.items()},
            "cart_token": tree["cartToken"],
            "checkout_token": tree["checkoutToken"],
            "client_details": {"browser_ip": tree["clientIp"], "user_agent": None, "accept_language": None},
            "confirmed": tree["confirmed"],
            "contact_email": tree["email"],
            "currency": tree["currencyCode"],
            **amounts(tree),
            "customer_locale": tree["customerLocale"],
            "discount_codes": [
                {"code": code, "amount": shop_amount(tree["totalDiscountsSet"])} for code in tree["discountCodes"]
            ],
            "email": tree["email"],
            "financial_status": lower(tree["displayFinancialStatus"]),
            "fulfillment_status": "fulfilled" if tree["fulfillments"] else None,
            "landing_site": tree["landingPageUrl"],
            "landing_site_ref": None,
            "name": tree["name"],
            "note": tree["note"],
            "note_attributes": [{"name": one["key"], "value": one["value"]} for one in tree["customAttributes"]],
            "number": tree["number"] - 1000,
            "order_number": tree["number"],
            "payment_gateway_names": tree["paymentGatewayNames"],
            "phone": tree["phone"],
            "po_number": tree["poNumber"],
            "presentment_currency": tree["presentmentCurrencyCode"],
            "referring_site": tree["referrerUrl"],
            "source_identifier": tree["sourceIdentifier"],
            "source_name": tree["sourceName"],
            "source_url": tree["registeredSourceUrl"],
            "tags": ", ".join(tree["tags"]),
            "tax_lines": tax_lines(tree["taxLines"]),
            "taxes_included": tree["taxesIncluded"],
            "test": tree["test"],
            "token": tree["checkoutToken"],
            "billing_address": address(tree["billingAddress"]),
            "shipping_address": address(tree["shippingAddress"]),
            "customer": self.customer(tree["customer"]),
            "line_items": [line_item(line) for line in tree["lineItems"]],
            "refunds": [self.refund(refund, tree) for refund in tree["refunds"]],
            "shipping_lines": [shipping_line(line) for line in tree["shippingLines"]],
        }

    def customer(self, tree: Tree) -> Tree:
        """Return a customer."""
        return {
            "id": number(tree),
            "admin_graphql_api_id": tree["id"],
            "email": tree["email"],
            "phone": tree["phone"],
            "first_name": tree["firstName"],
            "last_name": tree["lastName"],
            "created_at": self.time(tree["createdAt"]),
            "updated_at": self.time(tree["updatedAt"]),
        }

    def refund(self, tree: Tree, order: Tree) -> Tree:
        """Return a refund as in refunds/create."""
        returned = tree["return"]
        return {
            "id": number(tree),
            "admin_graphql_api_id": tree["id"],
            "order_id": number(order),
            "created_at": self.time(tree["createdAt"]),
            "processed_at": self.time(tree["processedAt"]),
            "note": tree["note"],
            "restock": any(line["restocked"] for line in tree["refundLineItems"]),
            "return": {"id": tail(returned), "admin_graphql_api_id": returned["id"]} if returned else None,
            "order_adjustments": [adjustment(one, tree, order) for one in tree["orderAdjustments"]],
            "refund_line_items": [refund_line(line) for line in tree["refundLineItems"]],
            "refund_shipping_lines": [refund_shipping(line) for line in tree["refundShippingLines"]],
            "transactions": [self.transaction(one, order) for one in tree["transactions"]],
        }

    def transaction(self, tree: Tree, order: Tree) -> Tree:
        """Return a transaction as in order_transactions/create."""
        parent = tree["parentTransaction"]
        return {
            "id": tail(tree),
            "admin_graphql_api_id": tree["id"],
            "order_id": number(order),
            "kind": tree["kind"].lower(),
            "status": tree["status"].lower(),
            "gateway": tree["gateway"],
            "amount": shop_amount(tree["amountSet"]),
            "currency": tree["amountSet"]["shopMoney"]["currencyCode"],
            "parent_id": tail(parent) if parent else None,
            "error_code": lower(tree["errorCode"]),
            "test": tree["test"],
            "source_name": order["sourceName"],
            "created_at": self.time(tree["createdAt"]),
            "processed_at": self.time(tree["processedAt"]),
        }

    def returned(self, tree: Tree, order: Tree) -> Tree:
        """Return a return as in returns/*."""
        return {
            "id": tail(tree),
            "admin_graphql_api_id": tree["id"],
            "name": tree["name"],
            "status": tree["status"].lower(),
            "order": {"id": number(order), "admin_graphql_api_id": order["id"]},
            "total_return_line_items": tree["totalQuantity"],
            "return_line_items": [
                {"id": tail(line), "admin_graphql_api_id": line["id"], "quantity": line["quantity"]}
                for line in tree["returnLineItems"]
            ],
        }

    def edit(self, tree: Tree) -> Tree:
        """Return an edit as in orders/edited."""
        at = self.time(tree["updatedAt"])
        return {
            "order_edit": {
                "id": number(tree),
                "order_id": number(tree),
                "created_at": at,
                "committed_at": at,
                "reason": "",
                "notify_customer": False,
                "line_items": {"additions": [], "removals": []},
            }
        }


_TIMES = {
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "processed_at": "processedAt",
    "cancelled_at": "cancelledAt",
    "closed_at": "closedAt",
}
