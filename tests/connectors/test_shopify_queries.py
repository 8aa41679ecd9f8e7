"""Every query is one that Shopify would take: by its schema, by the rules of exports, and by what it costs."""

from __future__ import annotations

import gzip
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    build_schema,
    get_named_type,
    is_list_type,
    parse,
    validate,
)
from hypothesis import given
from hypothesis import strategies as st

import jalon.sandbox
from jalon.connectors.shopify import queries
from jalon.connectors.shopify.queries import Wanted

SEARCH = "updated_at:>='2026-01-01T00:00:00Z' AND updated_at:<'2026-02-01T00:00:00Z'"
EVERYTHING = Wanted(customer=True, contact=True, returns=True, products=True)
ORDERS = {
    "page": queries.orders_page(EVERYTHING),
    "page without scopes": queries.orders_page(Wanted(customer=False, returns=False, products=False)),
    "by id": queries.orders_by_id(EVERYTHING),
    **{
        f"more {each.path[-1]}": each.query
        for each in (*queries.order_connections(EVERYTHING), *queries.REFUND_CONNECTIONS)
    },
    "count": queries.COUNT,
    "export": queries.bulk_orders(SEARCH, EVERYTHING),
    "run export": queries.BULK_RUN,
    "look at export": queries.BULK_STATUS,
    "shop": queries.SHOP,
    "subscriptions": queries.SUBSCRIPTIONS,
    "subscribe": queries.SUBSCRIBE,
    "resubscribe": queries.RESUBSCRIBE,
}
PRODUCTS = {"products": queries.PRODUCTS, "more variants": queries.PRODUCT_CONNECTIONS[0].query}


@pytest.fixture(scope="module")
def trimmed(contracts: Path) -> GraphQLSchema:
    return build_schema((contracts / "shopify/admin_2026-10.trimmed.graphql").read_text())


@pytest.fixture(scope="module")
def official(contracts: Path) -> GraphQLSchema:
    """The whole official schema; its one conflict with the specification of GraphQL is not ours to judge."""
    told = json.loads(gzip.decompress((contracts / "shopify/admin_2026-10.introspection.json.gz").read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


@pytest.mark.parametrize("name", ORDERS)
def test_a_query_fits_the_official_schema(name: str, trimmed: GraphQLSchema) -> None:
    assert validate(trimmed, parse(ORDERS[name])) == []


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_query_about_products_fits_the_official_schema(name: str, official: GraphQLSchema) -> None:
    assert validate(official, parse(PRODUCTS[name])) == []


@pytest.mark.parametrize("name", [*ORDERS, *PRODUCTS])
def test_a_query_fits_what_the_sandbox_plays(name: str) -> None:
    played = build_schema(
        (Path(jalon.sandbox.__file__).parent / "shopify" / "schema.graphql").read_text(), assume_valid=True
    )
    assert validate(played, parse({**ORDERS, **PRODUCTS}[name])) == []


@pytest.mark.parametrize("name", [*ORDERS, *PRODUCTS])
def test_nothing_deprecated_is_asked(name: str, official: GraphQLSchema) -> None:
    asked = {**ORDERS, **PRODUCTS}[name]
    deprecated = [field for field in _fields(official, asked) if field[1].deprecation_reason]
    assert [field[0].name.value for field in deprecated] == []


@pytest.mark.parametrize("query", [queries.orders_page(EVERYTHING), queries.PRODUCTS])
def test_pages_go_by_update_time_which_is_also_what_is_searched_by(query: str) -> None:
    assert "sortKey: UPDATED_AT" in query
    assert "reverse" not in query, "oldest first"


def test_an_export_is_counted_to_its_end_and_asked_for_without_grouping() -> None:
    assert "limit: null" in queries.COUNT, "the count stops at 10,000 by default"
    assert "groupObjects: false" in queries.BULK_RUN, "the reader takes children wherever they stand"


# --- cost -------------------------------------------------------------------------------------------------------------


def test_pages_cost_what_is_reserved_for_them(official: GraphQLSchema) -> None:
    for size in queries.PAGE_SIZES:
        expected = queries.connection_cost(size, queries.ORDER_COST)
        assert _cost(official, queries.orders_page(EVERYTHING), size) == expected
        assert _cost(official, queries.PRODUCTS, size) == queries.connection_cost(size, queries.PRODUCT_COST)


def test_the_largest_page_is_one_that_a_query_may_cost() -> None:
    assert queries.page_size(queries.ORDER_COST) == 250
    assert queries.connection_cost(250, queries.ORDER_COST) <= queries.QUERY_LIMIT


def test_the_rest_of_a_connection_costs_no_more_than_is_reserved(official: GraphQLSchema) -> None:
    more = [*queries.order_connections(EVERYTHING), *queries.REFUND_CONNECTIONS, *queries.PRODUCT_CONNECTIONS]
    assert max(_cost(official, each.query, 250) for each in more) <= queries.MORE_COST


@given(st.integers(0, 100_000))
def test_there_is_a_page_size_for_every_node(node: int) -> None:
    size = queries.page_size(node)
    assert size == 10 or queries.connection_cost(size, node) <= queries.QUERY_LIMIT


def test_the_cost_rule_is_the_one_of_recorded_answers(contracts: Path, official: GraphQLSchema) -> None:
    """Of the queries that were recorded with their cost, the rule must say that of our kind of query right."""
    right = total = 0
    for line in (contracts / "shopify/recorded/query_costs.jsonl").read_text().splitlines():
        recorded = json.loads(line)
        if not re.match(r"(#graphql)?\s*query", recorded["query"]) or "orders(" not in recorded["query"]:
            continue
        if validate(official, parse(recorded["query"])) == []:
            total += 1
            right += (
                _cost(official, recorded["query"], 0, recorded["variables"] or {}) == recorded["requestedQueryCost"]
            )
    assert total > 0
    assert right / total >= 0.6


# --- exports ----------------------------------------------------------------------------------------------------------


def test_an_export_keeps_to_the_rules_of_its_validator(official: GraphQLSchema) -> None:
    text = queries.bulk_orders(SEARCH, EVERYTHING)
    assert len(json.dumps(text)) <= 65_535
    connections = [
        (field, depth) for field, definition, depth, _ in _walk(official, text) if _is_connection(definition)
    ]
    assert 1 <= len(connections) <= 5
    assert max(depth for _, depth in connections) <= 2
    for field, depth in connections:
        assert [one.name.value for one in _selected(field)] == ["edges"]
        (edges,) = _selected(field)
        (node,) = _selected(edges)
        assert node.name.value == "node"
        assert depth > 1 or any(one.name.value == "id" and one.alias is None for one in _selected(node))
    assert not any(_is_connection(definition) and inside for _, definition, _, inside in _walk(official, text))


@pytest.mark.parametrize(
    ("wanted", "connections"),
    [
        (EVERYTHING, {"orders", "moments", "lineItems", "returns"}),
        (Wanted(returns=False), {"orders", "moments", "lineItems"}),
    ],
)
def test_an_export_tells_of_returns_where_they_may_be_read(
    wanted: Wanted, connections: set[str], official: GraphQLSchema
) -> None:
    found = _fields(official, queries.bulk_orders(SEARCH, wanted))
    assert {field.name.value for field, definition in found if _is_connection(definition)} == connections


@given(st.text(max_size=80))
def test_no_search_breaks_out_of_the_text_of_an_export(search: str) -> None:
    if search.isprintable():
        (operation,) = parse(queries.bulk_orders(search, EVERYTHING)).definitions
        assert isinstance(operation, OperationDefinitionNode)
        (orders,) = operation.selection_set.selections
        assert isinstance(orders, FieldNode)
        assert getattr(orders.arguments[0].value, "value", None) == search


# --- walking a query --------------------------------------------------------------------------------------------------


def _walk(schema: GraphQLSchema, text: str) -> list[tuple[FieldNode, Any, int, bool]]:
    """Return (field, definition, connections around it and itself, inside a list) of all fields of a query."""
    found: list[tuple[FieldNode, Any, int, bool]] = []

    def walk(selections: SelectionSetNode, parent: GraphQLObjectType, depth: int, inside: bool) -> None:
        for one in selections.selections:
            if isinstance(one, InlineFragmentNode):
                narrower = schema.get_type(one.type_condition.name.value)  # type: ignore[union-attr]
                walk(one.selection_set, narrower, depth, inside)  # type: ignore[arg-type]
                continue
            assert isinstance(one, FieldNode)
            definition = parent.fields.get(one.name.value)
            if definition is None:
                continue
            deeper = depth + _is_connection(definition)
            found.append((one, definition, deeper, inside))
            if one.selection_set:
                is_list = (
                    is_list_type(getattr(definition.type, "of_type", definition.type)) and one.name.value != "edges"
                )
                walk(one.selection_set, get_named_type(definition.type), deeper, inside or is_list)  # type: ignore[arg-type]

    for operation in parse(text).definitions:
        assert isinstance(operation, OperationDefinitionNode)
        root = schema.query_type if operation.operation.value == "query" else schema.mutation_type
        walk(operation.selection_set, root, 0, False)  # type: ignore[arg-type]
    return found


def _fields(schema: GraphQLSchema, text: str) -> list[tuple[FieldNode, Any]]:
    return [(field, definition) for field, definition, _, _ in _walk(schema, text)]


def _is_connection(definition: Any) -> bool:
    return get_named_type(definition.type).name.endswith("Connection")


def _selected(field: FieldNode) -> list[FieldNode]:
    assert field.selection_set
    return [one for one in field.selection_set.selections if isinstance(one, FieldNode)]


FREE = {"MoneyBag", "MoneyV2", "PageInfo"}


def _cost(schema: GraphQLSchema, text: str, first: int, variables: dict[str, Any] | None = None) -> int:
    """Apply the fitted rule to a query; variables that size a connection are `first` unless given."""
    (operation,) = [one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode)]
    root = schema.query_type
    assert root
    return _selection_cost(
        schema, operation.selection_set, root, variables if variables is not None else {"first": first}
    )


def _selection_cost(schema: GraphQLSchema, selections: SelectionSetNode, parent: Any, variables: dict[str, Any]) -> int:
    total = 0
    for one in selections.selections:
        if isinstance(one, InlineFragmentNode):
            assert one.type_condition
            total += _selection_cost(
                schema, one.selection_set, schema.get_type(one.type_condition.name.value), variables
            )
        elif isinstance(one, FieldNode) and one.selection_set:
            total += _field_cost(schema, one, get_named_type(parent.fields[one.name.value].type), variables)
    return total


def _field_cost(schema: GraphQLSchema, field: FieldNode, kind: Any, variables: dict[str, Any]) -> int:
    if kind.name in FREE:
        return 0
    assert field.selection_set
    if field.name.value.endswith("Count") and kind.name == "Count":
        return 10
    if not kind.name.endswith("Connection"):
        return 1 + _selection_cost(schema, field.selection_set, kind, variables)
    node = 0
    for one in _selected(field):
        holder = _selected(one)[0] if one.name.value == "edges" else one
        if one.name.value in ("nodes", "edges") and holder.selection_set:
            inner = get_named_type(kind.fields["nodes"].type)
            node = max(node, _selection_cost(schema, holder.selection_set, inner, variables))
    size = _size(field, variables)
    steps = max(1, math.floor(2 * math.log(size))) if size else 0
    return 2 + steps * (1 + node)


def _size(field: FieldNode, variables: dict[str, Any]) -> int:
    for argument in field.arguments:
        if argument.name.value in ("first", "last"):
            value = argument.value
            return int(value.value) if isinstance(value, IntValueNode) else int(variables.get(value.name.value, 0) or 0)  # type: ignore[attr-defined]
    return 0
