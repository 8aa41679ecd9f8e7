"""The shop's products as trees, one variant each."""

from __future__ import annotations

from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.shopify.money import padded, trimmed
from jalon.sandbox.world import Product, World

VENDOR = "Atelier Jalon"


def shelf(world: World) -> dict[str, tuple[Tree, Tree]]:
    """Return (product, variant) by SKU."""
    return {product.sku: _made(world, product) for product in world.products}


def _made(world: World, goods: Product) -> tuple[Tree, Tree]:
    currency = world.shopify_currency
    price = trimmed(goods.prices.get(currency, 0), currency)
    product: Tree = {
        "__typename": "Product",
        "id": f"gid://shopify/Product/{goods.shopify_product_id}",
        "legacyResourceId": goods.shopify_product_id,
        "title": goods.title,
        "handle": goods.title.lower().replace(" ", "-"),
        "vendor": VENDOR,
        "productType": "",
        "status": "ACTIVE",
        "tags": [],
        "totalInventory": 100,
        "createdAt": instant(goods.created_at),
        "updatedAt": instant(goods.created_at),
        "variantsCount": {"count": 1, "precision": "EXACT"},
    }
    variant: Tree = {
        "__typename": "ProductVariant",
        "id": f"gid://shopify/ProductVariant/{goods.shopify_variant_id}",
        "legacyResourceId": goods.shopify_variant_id,
        "title": "Default Title",
        "displayName": f"{goods.title} - Default Title",
        "sku": goods.sku,
        "barcode": None,
        "price": padded(price, currency),
        "position": 1,
        "inventoryQuantity": 100,
        "createdAt": instant(goods.created_at),
        "updatedAt": instant(goods.created_at),
        "product": product,
    }
    product["variants"] = [variant]
    return product, variant
