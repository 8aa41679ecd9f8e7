"""What a query costs, and the bucket of points that it is taken from.

https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits

The platform does not publish its formula. This one was fitted to recorded answers (requested cost, API 2025-01 to
2026-04): a scalar costs 0, an object or a list of objects 1 (a list's `first` does not multiply), `MoneyBag`,
`MoneyV2`, `PageInfo` 0, a connection asked for n rows 2 + s(n) (1 + its node), with s(n) = max(1, ⌊2 ln n⌋);
edges and nodes both asked for count twice; a `…Count` at the root 10, further down 1; a mutation 10, its payload's
own fields free.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

FREE = frozenset({"MoneyBag", "MoneyV2", "PageInfo"})
ROOT_COUNT, MUTATION, CONNECTION = 10, 10, 2
Variables = Mapping[str, Any]


def rows_weight(rows: int) -> int:
    """Return s(n): what a page of `rows` multiplies the cost of one node by."""
    return 0 if rows <= 0 else max(1, math.floor(2 * math.log(rows) + 1e-9))


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished piece of an answer that knows its own actual cost."""

    piece: Any
    cost: int


@dataclass(frozen=True, slots=True)
class Selected:
    """One selected field that costs something; `size` reads its `first` or `last` out of the variables."""

    name: str
    base: int
    size: Callable[[Variables], int] | None
    """None: no connection."""
    asked: Callable[[Variables], bool]
    inner: tuple[Selected, ...]
    nodes: tuple[tuple[Selected, ...], ...] = ()
    """Of a connection: the selections of `nodes` and of `edges { node }`."""
    ways: tuple[tuple[str, str], ...] = ()
    """Of a connection: where each of `nodes` lies in the answer, as (field, field within it or empty)."""

    def requested(self, variables: Variables) -> int:
        """Return the cost as asked for."""
        if not self.asked(variables):
            return 0
        cost = self.base + sum(part.requested(variables) for part in self.inner)
        if self.size is None:
            return cost
        weight = rows_weight(self.size(variables))
        return cost + weight * sum(1 + sum(part.requested(variables) for part in node) for node in self.nodes)

    def actual(self, data: Any, variables: Variables) -> int:
        """Return the cost of what was found: fewer rows cost less, and a null what stands in its place."""
        if not self.asked(variables):
            return 0
        if data is None:
            return self.base
        if isinstance(data, list):
            return max((self.actual(item, variables) for item in data), default=0)
        if isinstance(data, Kept):
            return self.base + data.cost
        cost = self.base + total(self.inner, data, variables)
        if self.size is None or not isinstance(data, dict):
            return cost
        return cost + sum(
            self._rows(node, way, data, variables) for node, way in zip(self.nodes, self.ways, strict=True)
        )

    def _rows(self, node: tuple[Selected, ...], way: tuple[str, str], data: Any, variables: Variables) -> int:
        found = data.get(way[0]) or []
        rows = [row[way[1]] for row in found] if way[1] else found
        inside = max((total(node, row, variables) for row in rows), default=0)
        return rows_weight(len(rows)) * (1 + inside)


def total(parts: tuple[Selected, ...], data: Any, variables: Variables) -> int:
    """Return the actual cost of an object's selected fields."""
    if isinstance(data, Kept):
        return data.cost
    if not isinstance(data, dict):
        return 0
    return sum(part.actual(data.get(part.name), variables) for part in parts)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one operation."""

    parts: tuple[Selected, ...]

    def requested(self, variables: Variables) -> int:
        """Return the points asked for before anything is read."""
        return sum(part.requested(variables) for part in self.parts)

    def actual(self, data: Any, variables: Variables) -> int:
        """Return the points that the answer was worth."""
        return total(self.parts, {} if data is None else data, variables)


def parts_of(
    schema: GraphQLSchema, document: DocumentNode, type_name: str, nodes: list[FieldNode]
) -> tuple[Selected, ...]:
    """Return what costs something in the selections of `nodes` on an object of the type."""
    reader, parent = _Reader(schema, document), schema.get_type(type_name)
    return tuple(part for node in nodes for part in reader.selected(parent, node.selection_set))


def price(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Price:
    """Read the price of a valid operation."""
    root = schema.get_root_type(operation.operation)
    assert root is not None
    reader = _Reader(schema, document)
    mutation = operation.operation is OperationType.MUTATION
    return Price(tuple(reader.selected(root, operation.selection_set, at_root=True, mutation=mutation)))


class _Reader:
    """Turn selection sets into what costs something."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def fields(self, parent: Any, selections: SelectionSetNode) -> Iterator[tuple[Any, FieldNode]]:
        """Yield (parent type, field) for each field, fragments opened."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield parent, node
                continue
            inner = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition = inner.type_condition  # type: ignore[union-attr]  # a spread was opened above
            known = self.schema.get_type(condition.name.value) if condition else parent
            yield from self.fields(known, inner.selection_set)  # type: ignore[union-attr]  # as above

    def selected(
        self, parent: Any, selections: SelectionSetNode | None, *, at_root: bool = False, mutation: bool = False
    ) -> Iterator[Selected]:
        """Yield what costs something in a selection set."""
        if selections is None:
            return
        for owner, node in self.fields(parent, selections):
            if node.name.value.startswith("__"):
                continue
            returned = get_named_type(owner.fields[node.name.value].type)
            if is_leaf_type(returned):
                continue
            if mutation:
                yield self._mutation(returned, node)
            elif returned.name.endswith("Connection"):
                yield self._connection(returned, node)
            else:
                counted = ROOT_COUNT if at_root and returned.name == "Count" else 1
                yield Selected(
                    _key(node),
                    0 if returned.name in FREE else counted,
                    None,
                    _condition(node),
                    tuple(self.selected(returned, node.selection_set)),
                )

    def _mutation(self, payload: Any, node: FieldNode) -> Selected:
        inner = [
            Selected(part.name, 0, None, part.asked, part.inner) if part.size is None else part
            for part in self.selected(payload, node.selection_set)
        ]
        return Selected(_key(node), MUTATION, None, _condition(node), tuple(inner))

    def _connection(self, returned: Any, node: FieldNode) -> Selected:
        nodes: list[tuple[Selected, ...]] = []
        ways: list[tuple[str, str]] = []
        assert node.selection_set is not None
        for owner, child in self.fields(returned, node.selection_set):
            name = child.name.value
            if name == "nodes":
                item = get_named_type(owner.fields[name].type)
                nodes.append(tuple(self.selected(item, child.selection_set)))
                ways.append((_key(child), ""))
            elif name == "edges":
                edge = get_named_type(owner.fields[name].type)
                assert child.selection_set is not None
                for edge_owner, leaf in self.fields(edge, child.selection_set):
                    if leaf.name.value == "node":
                        item = get_named_type(edge_owner.fields["node"].type)
                        nodes.append(tuple(self.selected(item, leaf.selection_set)))
                        ways.append((_key(child), _key(leaf)))
        return Selected(_key(node), CONNECTION, _size(node), _condition(node), (), tuple(nodes), tuple(ways))


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _size(node: FieldNode) -> Callable[[Variables], int]:
    """Read `first` or `last`; without either a connection counts as empty."""
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            value = argument.value
            if isinstance(value, VariableNode):
                name = value.name.value
                return lambda variables: _whole(variables.get(name))
            rows = _whole(value_from_ast_untyped(value))
            return lambda _: rows
    return lambda _: 0


def _whole(value: Any) -> int:
    """Return a number of rows; what is none counts as 0 here and is refused when the query runs."""
    return value if isinstance(value, int) else 0


def _condition(node: FieldNode) -> Callable[[Variables], bool]:
    """Read `@skip` and `@include`."""
    rules = [
        (directive.name.value == "include", directive.arguments[0].value)
        for directive in node.directives or ()
        if directive.name.value in ("skip", "include") and directive.arguments
    ]
    if not rules:
        return lambda _: True
    return lambda variables: all(
        bool(value_from_ast_untyped(value, dict(variables))) is wanted for wanted, value in rules
    )


@dataclass(slots=True)
class Bucket:
    """Points of one app in one shop: `capacity` at most, `restore` points a second come back."""

    capacity: float
    restore: float
    now: Callable[[], float]
    level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start full."""
        self.level, self._at = self.capacity, self.now()

    def _refill(self) -> None:
        now = self.now()
        self.level = min(self.capacity, self.level + max(0.0, now - self._at) * self.restore)
        self._at = now

    def take(self, points: float) -> bool:
        """Take the requested cost out, or refuse when there is not enough."""
        self._refill()
        if points > self.level:
            return False
        self.level -= points
        return True

    def give_back(self, points: float) -> None:
        """Return what was taken too much."""
        self.level = min(self.capacity, self.level + points)

    def status(self) -> dict[str, float]:
        """Return `throttleStatus`."""
        self._refill()
        return {
            "maximumAvailable": self.capacity,
            "currentlyAvailable": int(self.level),
            "restoreRate": self.restore,
        }
