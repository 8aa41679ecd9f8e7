"""What answers each field that is not simply there in a tree, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    default_field_resolver,
    get_named_type,
    is_list_type,
)
from graphql.type import GraphQLNonNull

from jalon.sandbox.shopify.pages import connection, walk_list, whole

Resolver = Callable[..., Any]
PROTECTED = "protected customer data, level 2"

# https://shopify.dev/docs/api/usage/access-scopes
SCOPES = {
    "QueryRoot.order": "read_orders",
    "QueryRoot.orders": "read_orders",
    "QueryRoot.ordersCount": "read_orders",
    "QueryRoot.refund": "read_orders",
    "QueryRoot.return": "read_returns",
    "QueryRoot.customer": "read_customers",
    "QueryRoot.product": "read_products",
    "QueryRoot.products": "read_products",
    "QueryRoot.productsCount": "read_products",
    "QueryRoot.productVariants": "read_products",
    "Order.customer": "read_customers",
    "Order.returns": "read_returns",
    "LineItem.product": "read_products",
    "LineItem.variant": "read_products",
}
# https://shopify.dev/docs/apps/launch/protected-customer-data
PERSONAL = frozenset(
    {
        *(f"Order.{name}" for name in ("email", "phone", "clientIp", "shippingAddress", "billingAddress")),
        *(f"Customer.{name}" for name in ("email", "phone", "firstName", "lastName", "displayName")),
        *(f"Customer.{name}" for name in ("defaultEmailAddress", "defaultPhoneNumber")),
    }
)


def access_denied(field: str, needed: str) -> GraphQLError:
    """Return the error of a field that the app has no scope for."""
    return GraphQLError(
        f"Access denied for {field} field. Required access: {needed}.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": needed,
        },
    )


def _unapproved(field: str) -> GraphQLError:
    return GraphQLError(
        f"This app is not approved to use the {field} field.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/docs/apps/launch/protected-customer-data",
            "requiredAccess": PROTECTED,
        },
    )


def make_schema(resolvers: dict[str, Resolver]) -> GraphQLSchema:
    """Build the sandbox's part of the Admin API's schema; `resolvers` are named `Type.field`."""
    text = resources.files("jalon.sandbox.shopify").joinpath("schema.graphql").read_text("utf-8")
    schema = build_schema(text)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                _equip(f"{kind.name}.{name}", field, resolvers)
    return schema


def _equip(name: str, field: GraphQLField, resolvers: dict[str, Resolver]) -> None:
    resolve = resolvers.get(name) or _by_shape(field)
    scope = SCOPES.get(name)
    if scope is not None or name in PERSONAL:
        resolve = _guarded(resolve or default_field_resolver, scope, personal=name in PERSONAL)
    field.resolve = resolve


def _by_shape(field: GraphQLField) -> Resolver | None:
    """Return what serves a list in a tree as the page or the first few that were asked for."""
    if get_named_type(field.type).name.endswith("Connection"):
        return _page
    bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return _first if is_list_type(bare) and "first" in field.args else None


def _page(source: Any, info: Any, **arguments: Any) -> Any:
    nodes = source.get(info.field_name)
    if nodes is None or info.context.bulk:
        return None if nodes is None else whole(nodes)
    return connection(walk_list(nodes), arguments)


def _first(source: Any, info: Any, first: int | None = None, **_: Any) -> Any:
    nodes = source.get(info.field_name, ())
    return nodes if first is None else nodes[:first]


def _guarded(resolve: Resolver, scope: str | None, *, personal: bool) -> Resolver:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        sight = info.context.sight
        if scope is not None and scope not in sight:
            raise access_denied(info.field_name, f"`{scope}` access scope")
        if personal and PROTECTED not in sight:
            raise _unapproved(info.field_name)
        return resolve(source, info, **arguments)

    return guarded


def line_discounted_total(source: Any, _info: Any, **arguments: Any) -> Any:
    """Answer `LineItem.discountedTotalSet`: codes are left out unless they are asked for."""
    return source["withCodeDiscounts" if arguments["withCodeDiscounts"] else "discountedTotalSet"]


def gid_number(gid: str, kind: str) -> int | None:
    """Return the number in a global id of the kind; None for another kind, GraphQLError for no global id at all."""
    prefix, _, tail = gid.rpartition("/")
    number = tail.partition("?")[0]
    if not prefix.startswith("gid://shopify/") or not number.isdigit():
        extensions = {"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"}
        raise GraphQLError(f"Invalid global id '{gid}'", extensions=extensions)
    return int(number) if prefix == f"gid://shopify/{kind}" else None


def required_number(gid: str, kind: str) -> int:
    """Return the number in a global id of the kind; raise RESOURCE_NOT_FOUND for another kind."""
    number = gid_number(gid, kind)
    if number is None:
        raise GraphQLError(f"Invalid id: {gid}", extensions={"code": "RESOURCE_NOT_FOUND"})
    return number


def by_number(kind: str, find: Callable[..., Any]) -> Resolver:
    """Return the resolver of a field that takes the id of one thing: `find(number, context, **other arguments)`."""

    def resolve(_source: Any, info: Any, **arguments: Any) -> Any:
        return find(required_number(arguments.pop("id"), kind), info.context, **arguments)

    return resolve
