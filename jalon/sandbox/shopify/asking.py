"""One request while it is being answered, and the searching and counting that every root field does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from jalon.sandbox.shopify.execute import Prepared
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.pages import Row, bad_request, whole
from jalon.sandbox.shopify.search import BadTimestamp, Dialect, Node, parse_search

COUNTED = 10_000
"""Where counting stops unless another limit is asked for."""


@dataclass(slots=True)
class Asking:
    """One request being answered."""

    prepared: Prepared
    sight: frozenset[str]
    now: float
    bulk: str = ""
    """In a bulk operation: the response name of the root connection that is being read."""
    chunk: list[Any] = field(default_factory=list)
    """In a bulk operation: that connection's nodes of this step."""
    searches: list[Tree] = field(default_factory=list)
    """What `extensions.search` will say."""

    def part_of(self, info: Any) -> Tree:
        """Return a root connection as a bulk operation reads it in this step."""
        return whole(self.chunk if info.path.key == self.bulk else [])


def search(
    zone: ZoneInfo, info: Any, text: str | None, fields: dict[str, Any], *, free_text: bool = True
) -> tuple[Dialect, Node | None]:
    """Parse a search, and note its warnings beside the answer."""
    dialect = Dialect(fields, zone, free_text)
    node = parse_search(text or "")
    if node is not None:
        try:
            dialect.matcher(node)
        except BadTimestamp as error:
            raise bad_request(str(error)) from None
        if warnings := dialect.warnings(node):
            parsed = dialect.echo(node)
            place = info.path.as_list()
            info.context.searches.append({"path": place, "query": text, "parsed": parsed, "warnings": warnings})
    return dialect, node


def count(rows: Iterator[Row], limit: int | None) -> Tree:
    """Return a `Count`, which stops counting at `limit`."""
    if limit is None:
        return {"count": sum(1 for _ in rows), "precision": "EXACT"}
    found = sum(1 for _ in islice(rows, limit + 1))
    return {"count": min(found, limit), "precision": "AT_LEAST" if found > limit else "EXACT"}
