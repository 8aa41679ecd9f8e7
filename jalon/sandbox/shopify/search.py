"""The search syntax of `query` arguments, with its traps.

https://shopify.dev/docs/api/usage/search-syntax

- An unquoted timestamp is cut at its first colon: `updated_at:>=2026-01-01T00:00:00Z` means midnight in the shop's time
  zone, and a stray term `00:00Z` is left over.
- A filter field that does not exist is ignored, so that everything matches.
Both are told in `extensions.search[].warnings[]` alone; the answer is HTTP 200 with data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

Kind = Literal["time", "id", "text", "flag"]
Accepted = Kind | frozenset[str]
"""What a filter field takes; a set names the only values."""

OPERATORS = {">=": "range_gte", "<=": "range_lte", ">": "range_gt", "<": "range_lt", "": "match_all"}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<word>AND|OR|NOT)(?=[\s(]) |
        (?P<minus>-)(?=\S) |
        (?:(?P<field>[\w.]+):)?(?P<operator>>=|<=|>|<)?
        (?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^\s():'"]+)):?
    )""",
    re.VERBOSE,
)


class BadTimestamp(ValueError):
    """A filter on a time is no time; the whole request fails."""


@dataclass(frozen=True, slots=True)
class Term:
    """One `field:value`."""

    field: str
    operator: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Terms joined by `and`, `or`, or one term denied by `not`."""

    kind: Literal["and", "or", "not"]
    parts: tuple[Node, ...]


Node = Term | Group


def parse_search(text: str) -> Node | None:
    """Return what a search says, or None when it says nothing."""
    tokens = list(_tokens(text))
    return _either(tokens) if tokens else None


def _tokens(text: str) -> list[str | Term]:
    tokens: list[str | Term] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            position += 1
            continue
        position = match.end()
        tokens.append(_token(match))
    return tokens


def _token(match: re.Match[str]) -> str | Term:
    for name in ("open", "close", "word", "minus"):
        if match[name]:
            return "NOT" if name == "minus" else match[name]
    quoted = match["bare"] is None
    value = match["single"] or match["double"] or "" if quoted else match["bare"]
    return Term(match["field"] or "default", match["operator"] or "", value, quoted)


def _either(tokens: list[str | Term]) -> Node:
    parts = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        parts.append(_all(tokens))
    return parts[0] if len(parts) == 1 else Group("or", tuple(parts))


def _all(tokens: list[str | Term]) -> Node:
    parts: list[Node] = []
    while tokens and tokens[0] not in ("OR", ")"):
        head = tokens.pop(0)
        if head != "AND":
            parts.append(_one(head, tokens))
    # Ranges come first in what the platform echoes.
    parts.sort(key=lambda part: not (isinstance(part, Term) and part.operator))
    return parts[0] if len(parts) == 1 else Group("and", tuple(parts))


def _one(head: str | Term, tokens: list[str | Term]) -> Node:
    if isinstance(head, Term):
        return head
    if head == "NOT" and tokens:
        return Group("not", (_one(tokens.pop(0), tokens),))
    inner = _either(tokens) if tokens else Group("and", ())
    if tokens and tokens[0] == ")":
        tokens.pop(0)
    return inner


@dataclass(frozen=True, slots=True)
class Dialect:
    """The filter fields of one kind of thing, and the shop's time zone."""

    fields: Mapping[str, Accepted]
    zone: tzinfo
    free_text: bool = True
    """False where only named fields may be searched (counts)."""

    def echo(self, node: Node) -> dict[str, Any]:
        """Return a search as `extensions.search[].parsed` shows it."""
        if isinstance(node, Group):
            if node.kind == "not":
                return {"not": self.echo(node.parts[0])}
            return {node.kind: [self.echo(part) for part in node.parts]}
        name = "match_phrase" if node.quoted and not node.operator else OPERATORS[node.operator]
        value = node.value
        if node.operator and not node.quoted and "T" in value and self.fields.get(node.field) == "time":
            # What is left of a cut timestamp names an hour, and the platform takes all of it.
            name = "range_lte" if node.operator == "<" else name
            value = datetime.fromtimestamp(self.moment(node), self.zone).isoformat()
        return {"field": node.field, name: value}

    def warnings(self, node: Node) -> list[dict[str, str]]:
        """Return what was ignored, and why."""
        if isinstance(node, Group):
            return [warning for part in node.parts for warning in self.warnings(part)]
        accepted = self.fields.get(node.field)
        if node.field == "default":
            if self.free_text:
                return []
            text, code = "Input must use named search fields in this query.", "missing_named_field"
        elif accepted is None:
            text, code = "Invalid search field for this query.", "invalid_field"
        elif isinstance(accepted, frozenset) and node.value.lower() not in accepted:
            text, code = f"Input `{node.value}` is not an accepted value.", "invalid_value"
        else:
            return []
        return [{"field": node.field, "code": code, "message": text}]

    def moment(self, term: Term) -> float:
        """Return the unix time that a term on a time names; raise BadTimestamp."""
        text = term.value.replace("Z", "+00:00") if term.value.endswith("Z") else term.value
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise BadTimestamp(f"Invalid timestamp for query filter `{term.field}`.") from None
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC).timestamp()

    def span(self, node: Node | None, field: str) -> tuple[int | None, int | None]:
        """Return the (low, high) that a search sets for a time field, low ≤ value < high, as whole seconds."""
        parts = node.parts if isinstance(node, Group) and node.kind == "and" else (node,)
        low: int | None = None
        high: int | None = None
        for part in parts:
            if not isinstance(part, Term) or part.field != field or not part.operator:
                continue
            edge = self.moment(part)
            if part.operator[0] == ">":
                bound = math.floor(edge) + 1 if part.operator == ">" else math.ceil(edge)
                low = bound if low is None else max(low, bound)
            else:
                bound = math.ceil(edge) if part.operator == "<" else math.floor(edge) + 1
                high = bound if high is None else min(high, bound)
        return low, high

    def matcher(self, node: Node | None) -> Callable[[Callable[[str], Any]], bool]:
        """Return a test over a thing, given as a look-up of its filter fields; what was ignored matches."""
        if node is None:
            return lambda _: True
        if isinstance(node, Group):
            tests = [self.matcher(part) for part in node.parts]
            if node.kind == "not":
                return lambda look: not tests[0](look)
            joined = any if node.kind == "or" else all
            return lambda look: joined(test(look) for test in tests)
        if node.field != "default" and self.warnings(node):
            return lambda _: True
        return self._term(node)

    def _term(self, term: Term) -> Callable[[Callable[[str], Any]], bool]:
        kind = self.fields.get(term.field)
        if kind == "time":
            edge = self.moment(term)
            return lambda look: _compare(look(term.field), term.operator, edge)
        if kind == "id" and term.value.isdigit():
            number = int(term.value)
            return lambda look: _compare(look(term.field), term.operator, number)
        wanted = {part.strip().lower() for part in term.value.split(",")}
        return lambda look: bool(wanted & _words(look(term.field)))


def _words(value: Any) -> set[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return {str(one).lower() for one in values}


def _compare(value: Any, operator: str, edge: float) -> bool:
    match operator:
        case ">=":
            return bool(value >= edge)
        case "<=":
            return bool(value <= edge)
        case ">":
            return bool(value > edge)
        case "<":
            return bool(value < edge)
        case _:
            return bool(value == edge)
