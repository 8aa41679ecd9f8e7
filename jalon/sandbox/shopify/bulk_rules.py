"""What a bulk query must not hold, told in the platform's recorded words.

https://shopify.dev/docs/api/usage/bulk-operations/queries#operation-restrictions
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_list_type,
    parse,
    validate,
)
from graphql.type import GraphQLNonNull

from jalon.sandbox.shopify.execute import told
from jalon.sandbox.shopify.journey import Tree

MOST_CONNECTIONS, DEEPEST = 5, 2
Fragments = dict[str, FragmentDefinitionNode]


def refused(message: str, code: str = "INVALID", field: list[str] | None = None) -> Tree:
    """Return a `BulkOperationUserError`."""
    return {"field": field, "message": message, "code": code}


@dataclass(slots=True)
class _Found:
    """What a query text holds, as far as the validators care."""

    connections: int = 0
    depth: int = 0
    by_nodes: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    in_list: bool = False


class Validator:
    """Say what a bulk query must not hold."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def check(self, text: str) -> list[Tree]:
        """Return the user errors of a query text, none for a good one."""
        return [refused(message, field=["query"]) for message in self._messages(text)]

    def _messages(self, text: str) -> Iterator[str]:
        try:
            document = parse(text)
        except GraphQLError as error:
            empty = not text.strip()
            yield f"Invalid bulk query: {'syntax error, unexpected end of file' if empty else error.message}"
            return
        operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        if operation.operation is not OperationType.QUERY:
            yield "Invalid operation type. Only `query` operations are supported."
            return
        fragments = fragments_of(document)
        found = _Found()
        self._walk(operation.selection_set, fragments, found, self._schema.query_type, 0, in_list=False)
        at_root = [node.name.value for node in fields_of(operation.selection_set, fragments)]
        if "node" in at_root:
            yield "Bulk queries cannot contain a top level `node` field."
            yield from _verdict(found)
            return
        verdict = list(_verdict(found))
        yield from verdict or (f"Invalid bulk query: {told(error)['message']}" for error in self._invalid(document))

    def _invalid(self, document: DocumentNode) -> list[GraphQLError]:
        return validate(self._schema, document)[:1]

    def _walk(
        self,
        selections: SelectionSetNode | None,
        fragments: Fragments,
        found: _Found,
        owner: Any,
        depth: int,
        *,
        in_list: bool,
    ) -> None:
        """Look through a selection; types that the sandbox does not know are judged by their shape alone."""
        for node in fields_of(selections, fragments):
            definition = getattr(owner, "fields", {}).get(node.name.value)
            returned = get_named_type(definition.type) if definition else None
            items = items_of(node, fragments)
            if not items:
                listed = in_list or _is_list(definition)
                self._walk(node.selection_set, fragments, found, returned, depth, in_list=listed)
                continue
            found.connections += 1
            found.depth = max(found.depth, depth + 1)
            found.in_list = found.in_list or in_list
            inner = [child.name.value for child in fields_of(node.selection_set, fragments)]
            if "nodes" in inner:
                found.by_nodes.append(node.name.value)
            for item in items:
                nested = list(_connections(item, fragments))
                if nested and "id" not in [_unaliased(child) for child in fields_of(item, fragments)]:
                    found.without_id.append(node.name.value)
                self._walk(item, fragments, found, self._item_type(returned), depth + 1, in_list=False)

    def _item_type(self, connection: Any) -> Any:
        nodes = getattr(connection, "fields", {}).get("nodes")
        return get_named_type(nodes.type) if nodes else None


def _verdict(found: _Found) -> Iterator[str]:
    if found.by_nodes:
        names = ", ".join(f"'{name}'" for name in found.by_nodes)
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            f"'{found.by_nodes[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {names}."
        )
    elif found.connections == 0:
        yield "Bulk queries must contain at least one connection."
    elif found.connections > MOST_CONNECTIONS:
        yield f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    elif found.depth > DEEPEST + 1:
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
    elif found.in_list:
        yield "Queries that contain a connection field within a list field are not currently supported."
    elif found.without_id:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(found.without_id)}."
        )


def fragments_of(document: DocumentNode) -> Fragments:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def fields_of(selections: SelectionSetNode | None, fragments: Fragments) -> Iterator[FieldNode]:
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            yield node
        else:
            inner = getattr(node, "selection_set", None) or fragments[node.name.value].selection_set  # type: ignore[attr-defined]  # a spread has a name
            yield from fields_of(inner, fragments)


def items_of(node: FieldNode, fragments: Fragments) -> list[SelectionSetNode]:
    """Return the selections of a connection's nodes; none for a field that is no connection."""
    items: list[SelectionSetNode] = []
    for child in fields_of(node.selection_set, fragments):
        if child.name.value == "nodes" and child.selection_set:
            items.append(child.selection_set)
        elif child.name.value == "edges":
            items.extend(
                leaf.selection_set
                for leaf in fields_of(child.selection_set, fragments)
                if leaf.name.value == "node" and leaf.selection_set
            )
    return items


def _connections(item: SelectionSetNode, fragments: Fragments) -> Iterator[FieldNode]:
    for node in fields_of(item, fragments):
        if items_of(node, fragments):
            yield node
        elif node.selection_set:
            yield from _connections(node.selection_set, fragments)


def _unaliased(node: FieldNode) -> str:
    return "" if node.alias else node.name.value


def _is_list(definition: Any) -> bool:
    if definition is None:
        return False
    bare = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
    return is_list_type(bare)
