"""Connections: pages over sorted things, with cursors that say where the last one stood.

https://shopify.dev/docs/api/usage/pagination-graphql

A page goes on behind (value, id) of the last row and not at a row number, so rows that move while a set is being paged
show up later on and push no other row out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from graphql import GraphQLError

LARGEST = 250


class Row(NamedTuple):
    """One thing in a sorted set; ties of `value` are broken by `id`."""

    value: int
    id: int
    node: Any


class Window(NamedTuple):
    """The paging arguments of a connection."""

    size: int
    backwards: bool
    cursor: str | None
    reverse: bool


Walk = Callable[[tuple[int, int] | None, bool], Iterator[Row]]
"""Yield rows beyond (value, id), upwards or (True) downwards."""


def bad_request(message: str) -> GraphQLError:
    """Return the error of a request that cannot be served as asked."""
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def window(arguments: dict[str, Any]) -> Window:
    """Read the paging arguments; raise what the platform says about wrong ones."""
    first: int | None = arguments.get("first")
    last: int | None = arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = last if last is not None else first or 0
    if not 0 <= size <= LARGEST:
        raise bad_request(f"first and last must lie between 0 and {LARGEST}, not {size}")
    backwards = last is not None
    cursor = arguments.get("before") if backwards else arguments.get("after")
    return Window(size, backwards, cursor, bool(arguments.get("reverse")))


def encode(row: Row, *, timed: bool, searched: bool) -> str:
    """Return the cursor of a row; times are milliseconds, or text in the answer to a search."""
    value: int | str = row.value
    if timed:
        at = datetime.fromtimestamp(row.value, UTC)
        value = at.strftime("%Y-%m-%d %H:%M:%S.%f") if searched else row.value * 1000
    text = json.dumps({"last_id": row.id, "last_value": value}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def decode(cursor: str, *, timed: bool) -> tuple[int, int]:
    """Return the (value, id) that a cursor stands for; raise BAD_REQUEST for anything else."""
    try:
        place = json.loads(base64.b64decode(cursor, validate=True))
        value = place["last_value"]
        if isinstance(value, str):
            value = int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())
        elif timed:
            value //= 1000
        return int(value), int(place["last_id"])
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise bad_request("Invalid cursor for current pagination sort.") from None


def connection(walk: Walk, arguments: dict[str, Any], *, timed: bool = False, searched: bool = False) -> dict[str, Any]:
    """Return a page as the source of a connection's fields."""
    asked = window(arguments)
    place = decode(asked.cursor, timed=timed) if asked.cursor else None
    rows = list(islice(walk(place, asked.reverse != asked.backwards), asked.size + 1))
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    if asked.backwards:
        rows.reverse()

    def cursor(row: Row) -> str:
        return encode(row, timed=timed, searched=searched)

    return {
        "nodes": [row.node for row in rows],
        "edges": lambda _info: [{"node": row.node, "cursor": cursor(row)} for row in rows],
        "pageInfo": lambda _info: {
            "hasNextPage": bool(asked.cursor) if asked.backwards else more,
            "hasPreviousPage": more if asked.backwards else bool(asked.cursor),
            "startCursor": cursor(rows[0]) if rows else None,
            "endCursor": cursor(rows[-1]) if rows else None,
        },
    }


def whole(nodes: list[Any]) -> dict[str, Any]:
    """Return everything as one connection, as bulk operations read it."""
    return {"nodes": nodes, "edges": [{"node": node} for node in nodes]}


def walk_list(nodes: list[Any]) -> Walk:
    """Walk a list in its own order, each thing standing at its position."""
    rows = [Row(position, position, node) for position, node in enumerate(nodes)]
    return walk_rows(rows)


def walk_rows(rows: list[Row]) -> Walk:
    """Walk a few rows that are sorted already."""

    def walk(after: tuple[int, int] | None, downwards: bool) -> Iterator[Row]:
        for row in reversed(rows) if downwards else rows:
            place = (row.value, row.id)
            if after is None or (place < after if downwards else place > after):
                yield row

    return walk
