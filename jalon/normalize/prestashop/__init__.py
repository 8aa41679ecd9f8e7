"""What PrestaShop's records mean: which stream is read where, and products.

Fields: https://devdocs.prestashop-project.org/8/webservice/resources/ and `money`. Which id makes a fact the same fact
again, within a source:

| fact | key | version |
| --- | --- | --- |
| order, line, purchase | ids of order and line | date_upd of the order |
| refund, its touchpoint | id of the credit slip | date_upd of the slip |
| product | product id / combination id, 0 where there is none: both count from 1 | date_upd of the product |

There are no deliveries, so that every record comes by polling. A later reading of the same version wins: in the hour
that a clock repeats, all changes have one version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from jalon.normalize.fields import needed, objects, text
from jalon.normalize.money import rounded
from jalon.normalize.prestashop.money import exact
from jalon.normalize.prestashop.orders import PLATFORM, orders
from jalon.normalize.prestashop.slips import slips
from jalon.normalize.records import facts_of, head
from jalon.normalize.vocabulary import Context, Fact, Product, Raw, Unfit


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    try:
        return list(facts_of(raw, context, STREAMS, "PrestaShop"))
    except (LookupError, TypeError, AttributeError) as error:
        raise Unfit("unexpected_shape", f"{raw.stream} {raw.key}: {type(error).__name__} {str(error)[:100]}") from None


def _products(raw: Raw, context: Context) -> Iterator[Fact]:
    """Yield a product's combinations, or the product itself where it has none.

    Prices are without tax; a combination's own is what it costs more than the product.
    """
    base = exact(raw.body, "price")
    combinations = objects(raw.body, "combinations")
    for one in combinations:
        sku = text(one, "reference") or text(raw.body, "reference")
        yield _variant(raw, context, needed(one, "id"), sku, base + exact(one, "price"))
    if not combinations:
        yield _variant(raw, context, "0", text(raw.body, "reference"), base)


def _variant(raw: Raw, context: Context, combination: str, sku: str | None, price: Decimal) -> Product:
    currency = context.account.get("currency")
    product_id = needed(raw.body, "id")
    key = f"{product_id}/{combination}"
    return Product(
        *head(raw, key),
        platform=PLATFORM,
        product_id=product_id,
        variant_id=key,
        sku=sku,
        title=text(raw.body, "name"),
        status="active" if str(raw.body.get("active")) == "1" else "inactive",
        price=rounded(price, currency) if currency else None,
        currency=currency,
    )


STREAMS: dict[str, Callable[[Raw, Context], Iterator[Fact]]] = {
    "orders": orders,
    "order_slips": slips,
    "products": _products,
}
"""Stream -> how its records are read."""
