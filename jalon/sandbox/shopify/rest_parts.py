"""The parts of REST payloads that need nothing but their own tree."""

from __future__ import annotations

from typing import Any

from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.money import Bag, padded

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


def tail(tree: Tree) -> int:
    """Return the number at the end of a global id."""
    return int(tree["id"].rpartition("/")[2])


def lower(text: str | None) -> str | None:
    """Return an enum value as REST spells it."""
    return text.lower() if text else None


def shop_amount(bag: Bag) -> str:
    """Return an amount in the shop's currency."""
    return padded(bag["shopMoney"]["amount"], bag["shopMoney"]["currencyCode"])


def pair(bag: Bag) -> Tree:
    """Return an amount in both currencies."""
    shop, seen = bag["shopMoney"], bag["presentmentMoney"]
    return {
        "shop_money": {"amount": shop_amount(bag), "currency_code": shop["currencyCode"]},
        "presentment_money": {
            "amount": padded(seen["amount"], seen["currencyCode"]),
            "currency_code": seen["currencyCode"],
        },
    }


def amounts(tree: Tree) -> Tree:
    """Return an order's amounts."""
    found: Tree = {"total_outstanding": shop_amount(tree["totalOutstandingSet"]), "total_tip_received": "0.00"}
    for name, field, bare in _SETS:
        if bare:
            found[name] = shop_amount(tree[field])
        found[f"{name}_set"] = pair(tree[field])
    return found


def tax_lines(lines: list[Tree]) -> list[Tree]:
    """Return tax lines."""
    return [
        {
            "title": line["title"],
            "rate": line["rate"],
            "price": shop_amount(line["priceSet"]),
            "price_set": pair(line["priceSet"]),
            "channel_liable": line["channelLiable"],
        }
        for line in lines
    ]


def line_item(tree: Tree) -> Tree:
    """Return a line item."""
    product, variant = tree["product"], tree["variant"]
    return {
        "id": tail(tree),
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
        "price": shop_amount(tree["originalUnitPriceSet"]),
        "price_set": pair(tree["originalUnitPriceSet"]),
        "total_discount": shop_amount(tree["totalDiscountSet"]),
        "total_discount_set": pair(tree["totalDiscountSet"]),
        "discount_allocations": [allocation(one) for one in tree["discountAllocations"]],
        "tax_lines": tax_lines(tree["taxLines"]),
        "properties": [],
    }


def allocation(tree: Tree) -> Tree:
    """Return a share of a discount."""
    return {
        "amount": shop_amount(tree["allocatedAmountSet"]),
        "amount_set": pair(tree["allocatedAmountSet"]),
        "discount_application_index": tree["discountApplication"]["index"],
    }


def shipping_line(tree: Tree) -> Tree:
    """Return a shipping line."""
    return {
        "id": tail(tree),
        "title": tree["title"],
        "code": tree["code"],
        "source": tree["source"],
        "price": shop_amount(tree["originalPriceSet"]),
        "price_set": pair(tree["originalPriceSet"]),
        "discounted_price": shop_amount(tree["discountedPriceSet"]),
        "tax_lines": tax_lines(tree["taxLines"]),
    }


def refund_line(tree: Tree) -> Tree:
    """Return a line of a refund."""
    return {
        "id": tail(tree),
        "line_item_id": tail(tree["lineItem"]),
        "line_item": line_item(tree["lineItem"]),
        "quantity": tree["quantity"],
        "restock_type": tree["restockType"].lower(),
        "subtotal": float(tree["subtotalSet"]["shopMoney"]["amount"]),
        "subtotal_set": pair(tree["subtotalSet"]),
        "total_tax": float(tree["totalTaxSet"]["shopMoney"]["amount"]),
        "total_tax_set": pair(tree["totalTaxSet"]),
    }


def refund_shipping(tree: Tree) -> Tree:
    """Return a refund's shipping."""
    return {
        "id": tail(tree),
        "subtotal_amount_set": pair(tree["subtotalAmountSet"]),
        "tax_amount_set": pair(tree["taxAmountSet"]),
    }


def adjustment(tree: Tree, refund: Tree, order: Tree) -> Tree:
    """Return a refund's discrepancy."""
    return {
        "id": tail(tree),
        "order_id": number(order),
        "refund_id": number(refund),
        "kind": "refund_discrepancy",
        "reason": "Refund discrepancy",
        "amount": shop_amount(tree["amountSet"]),
        "amount_set": pair(tree["amountSet"]),
        "tax_amount": shop_amount(tree["taxAmountSet"]),
    }


def address(tree: Tree) -> dict[str, Any]:
    """Return an address."""
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
