"""Execute queries with graphql-core, fast enough to serve pages of a hundred orders.

Documents are parsed, validated and priced once per text. The answer for an order is a pure function of the selection,
the order's revision and what the app may see, so it is kept as finished JSON and not made again.
"""

from __future__ import annotations

import gc
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    execute_sync,
    get_nullable_type,
    is_leaf_type,
    parse,
    validate,
    visit,
)
from graphql.execution import Executor
from graphql.pyutils import Path

from jalon.sandbox.shopify.cost import Kept, Price, Selected, parts_of, price, total
from jalon.sandbox.shopify.orders import OrderRef

DOCUMENTS_KEPT = 256
BYTES_KEPT = 96 * 1024 * 1024
Place = tuple[int, ...]
_NO_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


class Asker(Protocol):
    """What of the context decides an answer."""

    prepared: Prepared
    sight: frozenset[str]
    """What the app may see."""
    bulk: str
    now: float


@dataclass(slots=True)
class Prepared:
    """A document that was parsed, checked and priced."""

    schema: GraphQLSchema
    text: str
    document: DocumentNode
    errors: list[GraphQLError]
    kept: Store
    leaves: Mapping[str, frozenset[str]]
    prices: dict[str | None, Price] = field(default_factory=dict)
    _parts: dict[Place, tuple[Selected, ...] | None] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """Return the operation to run: the one so named, or the only one."""
        found = [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
        if name is None:
            return found[0] if len(found) == 1 else None
        return next((node for node in found if node.name and node.name.value == name), None)

    def price(self, operation: OperationDefinitionNode) -> Price:
        """Return the price of an operation."""
        name = operation.name.value if operation.name else None
        if name not in self.prices:
            self.prices[name] = price(self.schema, self.document, operation)
        return self.prices[name]

    def parts(self, nodes: list[FieldNode], type_name: str) -> tuple[Selected, ...] | None:
        """Return what costs something below `nodes`, or None where a variable is used there and nothing can be kept."""
        key = place_of(nodes)
        if key not in self._parts:
            free = not any(self._uses_variables(node) for node in nodes)
            self._parts[key] = parts_of(self.schema, self.document, type_name, nodes) if free else None
        return self._parts[key]

    def _uses_variables(self, node: FieldNode) -> bool:
        fragments = {
            known.name.value: known for known in self.document.definitions if isinstance(known, FragmentDefinitionNode)
        }
        finder, seen = _Finder(), set[str]()
        if node.selection_set is not None:
            visit(node.selection_set, finder)
        while left := finder.spreads - seen:
            seen |= left
            for name in left:
                visit(fragments[name], finder)
        return finder.variable


def place_of(nodes: list[FieldNode]) -> Place:
    """Return where fields stand in their document."""
    return tuple(node.loc.start if node.loc else 0 for node in nodes)


class _Finder(Visitor):
    """Look for variables and for the names of fragments."""

    def __init__(self) -> None:
        super().__init__()
        self.variable = False
        self.spreads: set[str] = set()

    def enter_variable(self, *_: Any) -> None:
        """Note a use."""
        self.variable = True

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        """Note a fragment to look into."""
        self.spreads.add(node.name.value)


class Store:
    """Finished pieces of answers, the oldest dropped when there are too many bytes."""

    def __init__(self, limit: int = BYTES_KEPT) -> None:
        self._limit, self._bytes = limit, 0
        self._pieces: OrderedDict[Any, tuple[Kept, int]] = OrderedDict()

    def get(self, key: Any) -> Kept | None:
        """Return a piece made before."""
        found = self._pieces.get(key)
        return found[0] if found else None

    def put(self, key: Any, data: dict[str, Any], cost: int) -> Kept:
        """Keep a piece as JSON."""
        text = dumps(data)
        piece = Kept(orjson.Fragment(text), cost)
        self._pieces[key] = (piece, len(text))
        self._bytes += len(text)
        while self._bytes > self._limit:
            _, (_, size) = self._pieces.popitem(last=False)
            self._bytes -= size
        return piece


def dumps(answer: Any) -> bytes:
    """Write an answer as JSON, with the pieces that are JSON already."""
    return orjson.dumps(answer, default=_piece, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _piece(value: Any) -> Any:
    if isinstance(value, Kept):
        return value.piece
    raise TypeError(f"{type(value).__name__} is no JSON")


class OrderExecutor(Executor[Any]):
    """graphql-core's executor with two short cuts.

    An order's tree is looked into only when its answer is not kept yet; and a scalar that simply stands in a tree is
    taken as it is, without a resolver's call.
    """

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped_field_set: Any, position_context: Any
    ) -> Any:
        """Execute the fields of an object."""
        if type(source_value) is not dict:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        owner = parent_type.name
        leaves = cast(Asker, self.context_value).prepared.leaves[owner]
        results: dict[str, Any] = {}
        for name, details in grouped_field_set.items():
            field_name = details[0].node.name.value
            value = source_value.get(field_name) if field_name in leaves else None
            if value is None:
                value = self.execute_field(
                    parent_type, source_value, details, Path(path, name, owner), position_context
                )
            results[name] = value
        return results

    def collect_and_execute_subfields(
        self, return_type: Any, field_details_list: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """Complete an object; orders come from the store where they can."""
        if not isinstance(result, OrderRef):
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        asker = cast(Asker, self.context_value)
        nodes = [details.node for details in field_details_list]
        parts = None if asker.bulk else asker.prepared.parts(nodes, return_type.name)
        key = (asker.prepared.text, place_of(nodes), result.revision, asker.sight)
        if parts is not None and (kept := asker.prepared.kept.get(key)) is not None:
            return kept
        before = len(self.collected_errors.errors)
        data = super().collect_and_execute_subfields(
            return_type, field_details_list, path, result.tree, position_context
        )
        if parts is None or len(self.collected_errors.errors) > before:
            return data
        return asker.prepared.kept.put(key, cast(dict[str, Any], data), total(parts, data, {}))


@dataclass(slots=True)
class Library:
    """Documents by their text."""

    schema: GraphQLSchema
    kept: Store = field(default_factory=Store)
    _documents: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    _leaves: dict[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        """Note which fields are scalars that stand in a tree as they are."""
        self._leaves = {
            name: frozenset(
                label
                for label, field in kind.fields.items()
                if field.resolve is None and is_leaf_type(get_nullable_type(field.type))
            )
            for name, kind in self.schema.type_map.items()
            if isinstance(kind, GraphQLObjectType)
        }

    def prepare(self, text: str) -> Prepared:
        """Return the document, checked; its `errors` say what is wrong. Raises GraphQLError for a syntax error."""
        known = self._documents.get(text)
        if known is None:
            document = parse(text)
            known = Prepared(self.schema, text, document, validate(self.schema, document), self.kept, self._leaves)
            self._documents[text] = known
            if len(self._documents) > DOCUMENTS_KEPT:
                self._documents.popitem(last=False)
        return known

    def run(
        self, context: Asker, variables: Mapping[str, Any], operation: OperationDefinitionNode
    ) -> tuple[Any, list[GraphQLError]]:
        """Execute one operation of a valid document and return (data, errors)."""
        with _no_collection():
            done = execute_sync(
                self.schema,
                context.prepared.document,
                context_value=context,
                variable_values=dict(variables),
                operation_name=operation.name.value if operation.name else None,
                type_resolver=lambda value, *_: _type_name(value),
                executor_class=OrderExecutor,
            )
        return done.data, list(done.errors or ())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the cycle collector, which looks through the whole world each time, away from one answer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _type_name(value: Any) -> str:
    return "Order" if isinstance(value, OrderRef) else str(value["__typename"])


def told(error: GraphQLError) -> dict[str, Any]:
    """Return an error as the platform words it."""
    shown: dict[str, Any] = {"message": error.message}
    extensions = dict(error.extensions or {})
    if match := _NO_FIELD.match(error.message):
        name, owner = match.groups()
        shown["message"] = f"Field '{name}' doesn't exist on type '{owner}'"
        extensions = {"code": "undefinedField", "typeName": owner, "fieldName": name}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if extensions:
        shown["extensions"] = extensions
    if error.path is not None:
        shown["path"] = list(error.path)
    return shown
