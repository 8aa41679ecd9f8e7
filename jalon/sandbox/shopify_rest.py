"""Payloads of deliveries: they still have the shape of the REST Admin API, and hold no customer journey.

https://shopify.dev/docs/api/webhooks/2026-10
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jalon.sandbox.shopify_journey import Tree
from jalon.sandbox.shopify_money import Bag, padded


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
            "cancel_reason": _lower(tree["cancelReason"]),
            **{name: self.time(tree[field]) for name, field in _TIMES.items()},
            "cart_token": tree["cartToken"],
            "checkout_token": tree["checkoutToken"],
            "client_details": {"browser_ip": tree["clientIp"], "user_agent": None, "accept_language": None},
            "confirmed": tree["confirmed"],
            "contact_email": tree["email"],
            "currency": tree["currencyCode"],
            **_amounts(tree),
            "customer_locale": tree["customerLocale"],
            "discount_codes": [
                {"code": code, "amount": _shop(tree["totalDiscountsSet"])} for code in tree["discountCodes"]
            ],
            "email": tree["email"],
            "financial_status": _lower(tree["displayFinancialStatus"]),
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
            "tax_lines": _tax_lines(tree["taxLines"]),
            "taxes_included": tree["taxesIncluded"],
            "test": tree["test"],
            "token": tree["checkoutToken"],
            "billing_address": _address(tree["billingAddress"]),
            "shipping_address": _address(tree["shippingAddress"]),
            "customer": self.customer(tree["customer"]),
            "line_items": [_line(line) for line in tree["lineItems"]],
            "refunds": [self.refund(refund, tree) for refund in tree["refunds"]],
            "shipping_lines": [_shipping_line(line) for line in tree["shippingLines"]],
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
            "return": {"id": _tail(returned), "admin_graphql_api_id": returned["id"]} if returned else None,
            "order_adjustments": [_adjustment(one, tree, order) for one in tree["orderAdjustments"]],
            "refund_line_items": [_refund_line(line) for line in tree["refundLineItems"]],
            "refund_shipping_lines": [_refund_shipping(line) for line in tree["refundShippingLines"]],
            "transactions": [self.transaction(one, order) for one in tree["transactions"]],
        }

    def transaction(self, tree: Tree, order: Tree) -> Tree:
        """Return a transaction as in order_transactions/create."""
        parent = tree["parentTransaction"]
        return {
            "id": _tail(tree),
            "admin_graphql_api_id": tree["id"],
            "order_id": number(order),
            "kind": tree["kind"].lower(),
            "status": tree["status"].lower(),
            "gateway": tree["gateway"],
            "amount": _shop(tree["amountSet"]),
            "currency": tree["amountSet"]["shopMoney"]["currencyCode"],
            "parent_id": _tail(parent) if parent else None,
            "error_code": _lower(tree["errorCode"]),
            "test": tree["test"],
            "source_name": order["sourceName"],
            "created_at": self.time(tree["createdAt"]),
            "processed_at": self.time(tree["processedAt"]),
        }

    def returned(self, tree: Tree, order: Tree) -> Tree:
        """Return a return as in returns/*."""
        return {
            "id": _tail(tree),
            "admin_graphql_api_id": tree["id"],
            "name": tree["name"],
            "status": tree["status"].lower(),
            "order": {"id": number(order), "admin_graphql_api_id": order["id"]},
            "total_return_line_items": tree["totalQuantity"],
            "return_line_items": [
                {"id": _tail(line), "admin_graphql_api_id": line["id"], "quantity": line["quantity"]}
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
# REST name, GraphQL name, does the bare amount stand beside the pair?
_SETS = (
    ("current_subtotal_price", "currentSubtotalPriceSet", True),
    ("current_total_discounts", "currentTotalDiscountsSet", True),
    ("current_total_price", "currentTotalPriceSet", True),
    ("current_total_tax", "currentTotalTaxSet", True),
    ("subtotal_price", "subtotalPriceSet", True),
    ("total_discounts", "totalDiscountsSet", True),
    ("total_price", "totalPriceSet", True),
    ("total_shipping_price", "totalShippingPriceSet", False),
    ("total_tax", "totalTaxSet", True),
)


def number(tree: Tree) -> int:
    """Return the numeric id of a thing that has a `legacyResourceId`."""
    return int(tree["legacyResourceId"])


def _tail(tree: Tree) -> int:
    return int(tree["id"].rpartition("/")[2])


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _shop(bag: Bag) -> str:
    return padded(bag["shopMoney"]["amount"], bag["shopMoney"]["currencyCode"])


def _pair(bag: Bag) -> Tree:
    shop, seen = bag["shopMoney"], bag["presentmentMoney"]
    return {
        "shop_money": {"amount": _shop(bag), "currency_code": shop["currencyCode"]},
        "presentment_money": {
            "amount": padded(seen["amount"], seen["currencyCode"]),
            "currency_code": seen["currencyCode"],
        },
    }


def _amounts(tree: Tree) -> Tree:
    found: Tree = {"total_outstanding": _shop(tree["totalOutstandingSet"]), "total_tip_received": "0.00"}
    for name, field, bare in _SETS:
        if bare:
            found[name] = _shop(tree[field])
        found[f"{name}_set"] = _pair(tree[field])
    return found


def _tax_lines(lines: list[Tree]) -> list[Tree]:
    return [
        {
            "title": line["title"],
            "rate": line["rate"],
            "price": _shop(line["priceSet"]),
            "price_set": _pair(line["priceSet"]),
            "channel_liable": line["channelLiable"],
        }
        for line in lines
    ]


def _line(tree: Tree) -> Tree:
    product, variant = tree["product"], tree["variant"]
    return {
        "id": _tail(tree),
        "admin_graphql_api_id": tree["id"],
        "current_quantity": tree["currentQuantity"],
        "quantity": tree["quantity"],
        "gift_card": tree["isGiftCard"],
        "name": tree["name"],
        "title": tree["title"],
        "sku": tree["sku"],
        "vendor": tree["vendor"],
        "product_id": number(product),
        "variant_id": number(variant),
        "price": _shop(tree["originalUnitPriceSet"]),
        "price_set": _pair(tree["originalUnitPriceSet"]),
        "total_discount": _shop(tree["totalDiscountSet"]),
        "total_discount_set": _pair(tree["totalDiscountSet"]),
        "discount_allocations": [_allocation(one) for one in tree["discountAllocations"]],
        "tax_lines": _tax_lines(tree["taxLines"]),
        "properties": [],
    }


def _allocation(tree: Tree) -> Tree:
    return {
        "amount": _shop(tree["allocatedAmountSet"]),
        "amount_set": _pair(tree["allocatedAmountSet"]),
        "discount_application_index": tree["discountApplication"]["index"],
    }


def _shipping_line(tree: Tree) -> Tree:
    return {
        "id": _tail(tree),
        "title": tree["title"],
        "code": tree["code"],
        "source": tree["source"],
        "price": _shop(tree["originalPriceSet"]),
        "price_set": _pair(tree["originalPriceSet"]),
        "discounted_price": _shop(tree["discountedPriceSet"]),
        "tax_lines": _tax_lines(tree["taxLines"]),
    }


def _refund_line(tree: Tree) -> Tree:
    return {
        "id": _tail(tree),
        "line_item_id": _tail(tree["lineItem"]),
        "line_item": _line(tree["lineItem"]),
        "quantity": tree["quantity"],
        "restock_type": tree["restockType"].lower(),
        "subtotal": float(tree["subtotalSet"]["shopMoney"]["amount"]),
        "subtotal_set": _pair(tree["subtotalSet"]),
        "total_tax": float(tree["totalTaxSet"]["shopMoney"]["amount"]),
        "total_tax_set": _pair(tree["totalTaxSet"]),
    }


def _refund_shipping(tree: Tree) -> Tree:
    return {
        "id": _tail(tree),
        "subtotal_amount_set": _pair(tree["subtotalAmountSet"]),
        "tax_amount_set": _pair(tree["taxAmountSet"]),
    }


def _adjustment(tree: Tree, refund: Tree, order: Tree) -> Tree:
    return {
        "id": _tail(tree),
        "order_id": number(order),
        "refund_id": number(refund),
        "kind": "refund_discrepancy",
        "reason": "Refund discrepancy",
        "amount": _shop(tree["amountSet"]),
        "amount_set": _pair(tree["amountSet"]),
        "tax_amount": _shop(tree["taxAmountSet"]),
    }


def _address(tree: Tree) -> dict[str, Any]:
    return {
        "first_name": tree["firstName"],
        "last_name": tree["lastName"],
        "name": tree["name"],
        "address1": tree["address1"],
        "address2": tree["address2"],
        "city": tree["city"],
        "zip": tree["zip"],
        "country_code": tree["countryCodeV2"],
        "phone": tree["phone"],
    }
