"""What TikTok Shop's records mean: which stream is read where, and the small ones themselves.

Fields: https://partner.tiktokshop.com/docv2; each part names its pages. Which id makes a fact the same fact again:

| fact | key | version |
| --- | --- | --- |
| order, line | the platform's ids | update_time of the order |
| touchpoint in a content | order id / content id: `common.content_head` | create_time of the order |
| other touchpoints | order, return or cancel id / what it is | update_time |
| refund | return / return id, cancellation / cancel id | update_time |
| content of an order | order id / SKU id / content id | 0 |
| content, tag | content id, content id / product id | 0; a tag told by a delivery: its time |
| measure | content / product / metric / day | 0 |
| product | SKU id | update_time of the product |
| link to another shop's order | order id = platform:order id | 0 |

All survive a redelivery and are the same by webhook and by poll, since a webhook only makes the record be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jalon.normalize.fields import Row, amount, inner, needed, objects, text
from jalon.normalize.records import facts_of, head
from jalon.normalize.tiktok_shop import affiliate as tiktok_affiliate
from jalon.normalize.tiktok_shop import aftersales as tiktok_aftersales
from jalon.normalize.tiktok_shop import figures as tiktok_figures
from jalon.normalize.tiktok_shop import orders as tiktok_orders
from jalon.normalize.tiktok_shop.common import PLATFORM
from jalon.normalize.vocabulary import ContentTag, Context, Fact, OrderLink, Product, Raw

# https://partner.tiktokshop.com/docv2/page/get-external-order-references-202406, parameter `platform`
EXTERNAL_PLATFORMS = {
    "AMAZON": "amazon",
    "BIGCOMMERCE": "bigcommerce",
    "MAGENTO": "adobe_commerce",
    "SHOPIFY": "shopify",
    "WOOCOMMERCE": "woocommerce",
}
"""Shops that are a source of orders themselves; other systems only manage them and are kept under their own word."""


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    return facts_of(raw, context, STREAMS, "TikTok Shop")


# --- products, tags, links --------------------------------------------------------------------------------------------


def _products(raw: Raw, _: Context) -> list[Fact]:
    """Return a product's variants (SKUs); the price is the one shown before discounts."""
    body = raw.body
    product_id = needed(body, "id")
    return [_variant(raw, product_id, sku) for sku in objects(body, "skus")]


def _variant(raw: Raw, product_id: str, sku: Row) -> Product:
    price = inner(sku, "price")
    currency = text(price, "currency")
    shown = "sale_price" if price.get("sale_price") else "tax_exclusive_price"
    variant_id = needed(sku, "id")
    return Product(
        *head(raw, variant_id),
        platform=PLATFORM,
        product_id=product_id,
        variant_id=variant_id,
        sku=text(sku, "seller_sku"),
        title=text(raw.body, "title"),
        status=text(raw.body, "status"),
        price=amount(price, shown, currency) if currency and price.get(shown) else None,
        currency=currency if price.get(shown) else None,
    )


def _content_tags(raw: Raw, _: Context) -> list[Fact]:
    """Return a product tag as a delivery tells it: REMOVE takes it off, everything else puts it on."""
    body = raw.body
    content, product = needed(body, "content_id"), needed(body, "product_id")
    return [
        ContentTag(
            *head(raw, f"{content}/{product}"),
            platform=PLATFORM,
            content_id=content,
            product_id=product,
            removed=body.get("type") == "REMOVE",
        )
    ]


def _external_orders(raw: Raw, _: Context) -> list[Fact]:
    """Return what an order is called in other shops, as the app that copied it wrote it down here."""
    order_id = needed(raw.body, "order_id")
    return [_link(raw, order_id, external) for external in objects(raw.body, "external_orders")]


def _link(raw: Raw, order_id: str, external: Row) -> OrderLink:
    native = str(external.get("platform") or raw.body.get("platform"))
    external_id = f"{EXTERNAL_PLATFORMS.get(native, native.lower())}:{needed(external, 'id')}"
    return OrderLink(
        *head(raw, f"{order_id}={external_id}"),
        platform=PLATFORM,
        order_id=order_id,
        external_id=external_id,
    )


STREAMS: dict[str, Callable[[Raw, Context], list[Fact]]] = {
    "orders": tiktok_orders.order,
    "affiliate_orders": tiktok_affiliate.affiliate_order,
    "returns": tiktok_aftersales.returned,
    "cancellations": tiktok_aftersales.cancelled,
    "videos": tiktok_figures.video,
    "video_products": tiktok_figures.video_product,
    "lives": tiktok_figures.live,
    "live_products": tiktok_figures.live_product,
    "products": _products,
    "content_tags": _content_tags,
    "external_orders": _external_orders,
}
