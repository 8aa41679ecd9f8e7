"""What is asked of the Shopify Admin API, as GraphQL texts of API version 2026-10.

Nothing personal is selected but `customer { id }` and, when the settings say so, e-mail and phone. Lists (`refunds`,
`transactions`) have no cursor and are asked whole; connections carry `pageInfo`, and `orders` pages what does not
fit. Reference: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from jalon.connectors.wire import encode

# --- orders ---------------------------------------------------------------------------------------------------------

MONEY = "{ shopMoney { amount currencyCode } }"
PAGE = "pageInfo { hasNextPage endCursor }"

VISIT = """
id occurredAt landingPage referrerUrl source sourceType
utmParameters { source medium campaign content term }"""

MOMENT = f"occurredAt ... on CustomerVisit {{ {VISIT} }}"

LINE = f"""
id sku title quantity currentQuantity isGiftCard
originalTotalSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }} taxLines {{ priceSet {MONEY} }}"""

TRANSACTION = f"id kind status processedAt amountSet {MONEY}"

REFUND_LINE = f"quantity lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY}"

RETURN = "id status createdAt"

REFUND = f"""
id createdAt
refundLineItems(first: 20) {{ {PAGE} nodes {{ {REFUND_LINE} }} }}
refundShippingLines(first: 5) {{ nodes {{ subtotalAmountSet {MONEY} taxAmountSet {MONEY} }} }}
transactions(first: 10) {{ {PAGE} nodes {{ {TRANSACTION} }} }}"""

_HEAD = f"""
id name createdAt updatedAt processedAt cancelledAt test edited displayFinancialStatus returnStatus taxesIncluded
sourceName sourceIdentifier app {{ id name }} attribution {{ handle displayName }} customAttributes {{ key value }}
currencyCode presentmentCurrencyCode checkoutToken
totalPriceSet {{ shopMoney {{ amount currencyCode }} presentmentMoney {{ amount currencyCode }} }}
subtotalPriceSet {MONEY} totalDiscountsSet {MONEY} totalTaxSet {MONEY} totalReceivedSet {MONEY}
originalTotalPriceSet {MONEY} totalShippingPriceSet {MONEY}
shippingLine {{ discountedPriceSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }}
 taxLines {{ priceSet {MONEY} }} }}
transactions {{ {TRANSACTION} }}"""

_CUSTOMER = "customer { id }"
_CONTACT = "email phone"
_RETURNS = f"returns(first: 5) {{ {PAGE} nodes {{ {RETURN} }} }}"

_JOURNEY = f"""
customerJourneySummary {{
 ready customerOrderIndex firstVisit {{ {VISIT} }} lastVisit {{ {VISIT} }} %s
}}"""
_MOMENTS = f"moments(first: 20) {{ {PAGE} nodes {{ {MOMENT} }} }}"


class Wanted(NamedTuple):
    """Which of the guarded fields of an order may be asked."""

    customer: bool = True
    contact: bool = False
    returns: bool = True
    products: bool = True


def _line(wanted: Wanted) -> str:
    return LINE + " product { id } variant { id }" * wanted.products


def _refund(wanted: Wanted) -> str:
    return REFUND + " return { id }" * wanted.returns


def order_fields(wanted: Wanted) -> str:
    """Return the selection of a whole order."""
    parts = [_HEAD, _people(wanted), _JOURNEY % _MOMENTS]
    parts.append(f"lineItems(first: 20) {{ {PAGE} nodes {{ {_line(wanted)} }} }} refunds {{ {_refund(wanted)} }}")
    if wanted.returns:
        parts.append(_RETURNS)
    return _tidy(" ".join(parts))


def orders_page(wanted: Wanted) -> str:
    """Return the query for one page of orders by the time of their last change."""
    return f"""query Orders($first: Int!, $after: String, $search: String!) {{
 orders(first: $first, after: $after, query: $search, sortKey: UPDATED_AT) {{ {PAGE}
  nodes {{ {order_fields(wanted)} }} }}
}}"""


def orders_by_id(wanted: Wanted) -> str:
    """Return the query for orders by their ids."""
    return f"query OrdersById($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Order {{ {order_fields(wanted)} }} }} }}"


def _people(wanted: Wanted) -> str:
    return " ".join([_CUSTOMER] * wanted.customer + [_CONTACT] * wanted.contact)


def _tidy(text: str) -> str:
    return " ".join(text.split())


class Connection(NamedTuple):
    """A connection that may go on beyond its first page: on which type, by which fields, and what its nodes hold."""

    type: str
    path: tuple[str, ...]
    node: str

    @property
    def query(self) -> str:
        """The query for the rest of it, from `$after` on."""
        selection = f"(first: 250, after: $after) {{ {PAGE} nodes {{ {self.node} }} }}"
        for field in reversed(self.path):
            selection = f"{field}{selection}" if selection[0] == "(" else f"{field} {{ {selection} }}"
        owner = f"node(id: $id) {{ ... on {self.type} {{ {selection} }} }}"
        return _tidy(f"query More($id: ID!, $after: String) {{ {owner} }}")


def order_connections(wanted: Wanted) -> tuple[Connection, ...]:
    """Return the connections of an order; one that was not asked is not there, and none of it is read."""
    return (
        Connection("Order", ("lineItems",), _line(wanted)),
        Connection("Order", ("returns",), RETURN),
        Connection("Order", ("customerJourneySummary", "moments"), MOMENT),
    )


REFUND_CONNECTIONS = (
    Connection("Refund", ("refundLineItems",), REFUND_LINE),
    Connection("Refund", ("transactions",), TRANSACTION),
)
MORE_COST = 60
"""Points that the rest of any of them is expected to cost at most."""

COUNT = "query Count($search: String!) { ordersCount(query: $search, limit: null) { count precision } }"

# --- bulk -----------------------------------------------------------------------------------------------------------
#
# Rules: https://shopify.dev/docs/api/usage/bulk-operations/queries. Only edges { node }, at most 5 connections, nested
# at most 2 deep, none inside a list: so the lines and transactions of `refunds` cannot be had this way.


def bulk_orders(search: str, wanted: Wanted) -> str:
    """Return the query text of a bulk export: orders, their lines, visits and returns, one JSON line each."""
    returns = f"returns {{ edges {{ node {{ {RETURN} }} }} }}" * wanted.returns
    return _tidy(f"""{{ orders(query: {encode(search).decode()}) {{ edges {{ node {{
 {_HEAD} {_people(wanted)} refunds {{ id }}
 {_JOURNEY % f"moments {{ edges {{ node {{ {MOMENT} }} }} }}"}
 lineItems {{ edges {{ node {{ {_line(wanted)} }} }} }} {returns}
}} }} }} }}""")


_OPERATION = "id status errorCode createdAt completedAt objectCount url partialDataUrl"
BULK_RUN = """mutation Export($query: String!) { bulkOperationRunQuery(query: $query, groupObjects: false) {
 bulkOperation { id status } userErrors { field message code } } }"""
BULK_STATUS = f"query Export($id: ID!) {{ bulkOperation(id: $id) {{ {_OPERATION} }} }}"

# --- products, shop, subscriptions -----------------------------------------------------------------------------------

PRODUCTS = f"""query Products($first: Int!, $after: String, $search: String!) {{
 products(first: $first, after: $after, query: $search, sortKey: UPDATED_AT) {{ {PAGE}
  nodes {{ id title status updatedAt variants(first: 100) {{ {PAGE} nodes {{ id sku title price }} }} }} }}
}}"""
PRODUCT_CONNECTIONS = (Connection("Product", ("variants",), "id sku title price"),)

SHOP = """query Shop { shop { id name myshopifyDomain currencyCode ianaTimezone taxesIncluded }
 currentAppInstallation { accessScopes { handle } } }"""

SUBSCRIPTIONS = f"""query Subscriptions($after: String) {{ webhookSubscriptions(first: 100, after: $after) {{ {PAGE}
 nodes {{ id topic uri format includeFields }} }} }}"""
SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
 webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
  webhookSubscription { id } userErrors { field message } } }"""
RESUBSCRIBE = """mutation Resubscribe($id: ID!, $subscription: WebhookSubscriptionInput!) {
 webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) {
  webhookSubscription { id } userErrors { field message } } }"""

# --- cost -----------------------------------------------------------------------------------------------------------
#
# Shopify publishes the bucket, not the formula. Fitted to recorded answers: an object costs 1, scalars and money 0, a
# connection of n nodes 2 + steps(n) * (1 + node). It only sizes pages and reserves budget; the answers' figures rule.

QUERY_LIMIT = 1000
"""Points that one query may cost. https://shopify.dev/docs/api/usage/limits"""
ORDER_COST = 82
PRODUCT_COST = 11
MUTATION_COST = 10
PAGE_SIZES: Sequence[int] = (250, 100, 50, 25, 10)


def connection_cost(first: int, node: int) -> int:
    """Return the points that a connection of `first` nodes is expected to cost, `node` being those of one node."""
    steps = max(1, math.floor(2 * math.log(first))) if first else 0
    return 2 + steps * (1 + node)


def page_size(node: int) -> int:
    """Return the largest page whose expected cost one query may have."""
    return next((size for size in PAGE_SIZES if connection_cost(size, node) <= QUERY_LIMIT), PAGE_SIZES[-1])
