"""What an order's lines cost: prices, discounts, taxes, shipping.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem

A line's `discountedTotalSet` leaves codes out; what they took off stands in `discountAllocations`. The app that copies
TikTok orders keeps discounts outside the lines altogether: their price is the list price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jalon.sandbox.shopify.history import Entry
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.money import Till
from jalon.sandbox.shopify.shares import LINE, own_id
from jalon.sandbox.world import Line

WEB_RATE, COPY_RATE = 0.2, 0.08
CODE = "AUTUMN"


@dataclass(frozen=True, slots=True)
class Pricing:
    """How one order's amounts are shown."""

    entry: Entry
    till: Till
    included: bool
    """True where prices include tax."""
    by_code: bool
    """True where the discount is a code's, not an automatic one."""
    products: Mapping[str, tuple[Tree, Tree]]

    def paid(self, line: Line) -> int:
        """Return what the buyer pays for a line, as prices are shown."""
        return line.paid + (line.tax if self.included else 0)

    def line(self, index: int, line: Line) -> Tree:
        """Return a `LineItem`."""
        product, variant = self.products[line.sku]
        bag = self.till.bag
        copied = self.entry.copied
        original = line.list_price + (line.tax if self.included else 0)
        given = 0 if copied else line.seller_discount + line.platform_discount
        automatic, code = (0, given) if self.by_code else (given, 0)
        return {
            "__typename": "LineItem",
            "id": f"gid://shopify/LineItem/{own_id(LINE, self.entry, index)}",
            "sku": line.sku,
            "title": product["title"],
            "name": product["title"],
            "vendor": product["vendor"],
            "variantTitle": None,
            "isGiftCard": False,
            "requiresShipping": True,
            "taxable": True,
            "customAttributes": [],
            "quantity": line.quantity,
            "currentQuantity": line.quantity,
            "refundableQuantity": line.quantity,
            "product": product,
            "variant": variant,
            "originalTotalSet": bag(original),
            "originalUnitPriceSet": bag(original // line.quantity),
            "discountedTotalSet": bag(original - automatic),
            "withCodeDiscounts": bag(original - automatic - code),
            "discountedUnitPriceSet": bag((original - automatic) // line.quantity),
            "discountedUnitPriceAfterAllDiscountsSet": bag((original - automatic - code) // line.quantity),
            "totalDiscountSet": bag(automatic),
            "discountAllocations": [
                {"allocatedAmountSet": bag(given), "discountApplication": _application(code=self.by_code)}
            ]
            if given
            else [],
            "taxLines": self.tax_lines(line.tax),
        }

    def shipping_line(self, price: int, tax: int) -> Tree:
        """Return the `ShippingLine`."""
        shown = self.till.bag(price)
        return {
            "id": f"gid://shopify/ShippingLine/{own_id(LINE, self.entry, 99)}",
            "title": "Standard",
            "code": "standard",
            "source": "shopify",
            "custom": False,
            "isRemoved": False,
            "originalPriceSet": shown,
            "discountedPriceSet": shown,
            "currentDiscountedPriceSet": shown,
            "discountAllocations": [],
            "taxLines": self.tax_lines(tax),
        }

    def tax_lines(self, minor: int) -> list[Tree]:
        """Return the `TaxLine` of an amount."""
        rate = WEB_RATE if self.included else COPY_RATE
        title = "TVA" if self.included else "Sales tax"
        return [
            {
                "title": title,
                "rate": rate,
                "ratePercentage": rate * 100,
                "priceSet": self.till.bag(minor),
                "channelLiable": self.entry.copied,
                "source": None,
            }
        ]

    def discounts(self, amount: int) -> Tree:
        """Return what an order says of its discounts."""
        code = amount > 0 and self.by_code and not self.entry.copied
        return {
            "discountCode": CODE if code else None,
            "discountCodes": [CODE] if code else [],
            "discountApplications": [_application(code=code)] if amount else [],
        }


def _application(*, code: bool) -> Tree:
    """Return a `DiscountApplication`: a code over the whole order, or an automatic one on the line."""
    named: Tree = {"code": CODE} if code else {"title": "Seasonal price"}
    return {
        "__typename": "DiscountCodeApplication" if code else "AutomaticDiscountApplication",
        "index": 0,
        "allocationMethod": "ACROSS" if code else "EACH",
        "targetSelection": "ALL" if code else "ENTITLED",
        "targetType": "LINE_ITEM",
        **named,
    }
