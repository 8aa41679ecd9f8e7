"""What WooCommerce's records mean: which stream is read where, and products.

Fields: https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties and `money`. Which id makes a fact the
same fact again, within a source:

| fact | key | version |
| --- | --- | --- |
| order, line, refund | the shop's ids | date_modified_gmt of the order: every refund moves it |
| last touch before an order | order id / attribution | the same |
| other touchpoints | order id / what it is, refund id / refund | the same |
| product | id of the variation, else of the product | date_modified_gmt of the product |

Ids count up over orders, refunds and products together, so that no two of one kind are the same. All survive a
redelivery and are the same by webhook and by poll, since a webhook only makes the object be read. A later reading of
the same version wins: the fields of the order attribution were seen to come later than the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from jalon.normalize.fields import Row, needed, objects, text
from jalon.normalize.money import rounded
from jalon.normalize.records import facts_of, head
from jalon.normalize.vocabulary import Context, Fact, Product, Raw, Unfit
from jalon.normalize.woocommerce.orders import PLATFORM, orders


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    try:
        return list(facts_of(raw, context, STREAMS, "WooCommerce"))
    except (LookupError, TypeError, AttributeError) as error:
        raise Unfit("unexpected_shape", f"{raw.stream} {raw.key}: {type(error).__name__} {str(error)[:100]}") from None


def _products(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield a product's variations, or the product itself where it has none."""
    for variant in objects(raw.body, "variations") or (raw.body,):
        yield _variant(raw, context, variant)


def _variant(raw: Raw, context: Context, variant: Row) -> Product:
    currency = context.account.get("currency")
    variant_id = needed(variant, "id")
    price = text(variant, "price")
    return Product(
        *head(raw, variant_id),
        platform=PLATFORM,
        product_id=needed(raw.body, "id"),
        variant_id=variant_id,
        sku=text(variant, "sku"),
        title=text(raw.body, "name"),
        status=text(raw.body, "status"),
        price=rounded(price, currency) if price and currency else None,
        currency=currency if price else None,
    )


STREAMS: dict[str, Callable[[Raw, Context], Iterator[Fact]]] = {"orders": orders, "products": _products}
"""Stream -> how its records are read."""
