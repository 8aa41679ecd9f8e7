"""What Shopify's records mean.

Fields: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order and `money`.

Identity of facts, within a source: an order, line, refund, return and variant by the number in its global id; a visit
by its own, so that two orders placed in one visit name it once. The numbers are the same in deliveries, pages and
exports. A record's version is its `updatedAt`; a later reading of the same version wins (a journey became ready).
A touchpoint carries the number of its order; one exported by itself has no person, and its order's is meant.

Selling mode of an order: `native` if a sales channel says that it was bought on a platform, of which this is then
the copy; `linked` if one of the visits before it came from a social network; else `communication`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from jalon.normalize.money import minor
from jalon.normalize.records import deleted_order, head
from jalon.normalize.shopify import shape
from jalon.normalize.shopify.money import line_money
from jalon.normalize.shopify.orders import Reading, line_fact
from jalon.normalize.shopify.visits import PLATFORM, number, origin_of, touchpoint
from jalon.normalize.vocabulary import Context, Fact, Product, Raw, Unfit


def normalize(raw: Raw, context: Context) -> Iterable[Fact]:
    """Return the facts in one record. Raises `Unfit` with a reason code for what cannot become facts."""
    read = STREAMS.get(raw.stream)
    if read is None:
        raise Unfit("unknown_stream", f"{raw.stream!r} is no stream of Shopify")
    shape.check(raw.stream, raw.body)
    return list(read(raw, context))


# --- orders ---------------------------------------------------------------------------------------------------------


def _orders(raw: Raw, context: Context) -> Iterator[Fact]:
    return _deleted(raw, context) if raw.body.get("deleted") else Reading(raw, context).facts()


def _deleted(raw: Raw, context: Context) -> Iterator[Fact]:
    yield deleted_order(raw, context, PLATFORM, number(raw.body["id"]))


# --- rows of exports, products --------------------------------------------------------------------------------------


def _exported_line(raw: Raw, _: Context) -> Iterator[Fact]:
    line = raw.body
    currency = line["originalTotalSet"]["shopMoney"]["currencyCode"]
    money = line_money(line, currency, line["taxesIncluded"])
    yield line_fact(raw, line, number(line["order"]["id"]), money, currency)


def _exported_visit(raw: Raw, context: Context) -> Iterator[Fact]:
    visit = raw.body
    yield touchpoint(raw, context, visit, origin_of(visit), None, number(visit["order"]["id"]))


def _products(raw: Raw, context: Context) -> Iterator[Fact]:
    body, currency = raw.body, context.account.get("currency")
    for variant in body["variants"]["nodes"]:
        variant_id = number(variant["id"])
        yield Product(
            *head(raw, variant_id),
            platform=PLATFORM,
            product_id=number(body["id"]),
            variant_id=variant_id,
            sku=variant.get("sku") or None,
            title=body.get("title"),
            status=str(body.get("status")).lower(),
            price=minor(variant["price"], currency) if currency else None,
            currency=currency,
        )


STREAMS: dict[str, Callable[[Raw, Context], Iterator[Fact]]] = {
    "orders": _orders,
    "order_lines": _exported_line,
    "visits": _exported_visit,
    "products": _products,
}
"""Stream -> how its records are read."""
