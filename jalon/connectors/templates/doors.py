"""The doors of shapes: of a record only the fields of its shape come in, each only if it is of its kind.

A person is hashed. A field that holds something of another kind (free text where a code belongs, an e-mail address
where a number does) is let in as `MISPLACED`, so that the record is refused for it and the words are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from jalon.connectors import door
from jalon.connectors.base import Stream
from jalon.connectors.door import Door, Hasher, Rule
from jalon.connectors.templates.fields import Field, Kind, Shape
from jalon.connectors.templates.shapes import LINE, SHAPES

MISPLACED = "\0"
"""Stands in a record for what was not let in. The normalizer refuses it."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_LONGEST: dict[Kind, int] = {"id": 200, "text": 500, "money": 40, "currency": 3, "time": 40, "day": 40}
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def _short(longest: int) -> Rule:
    """Let a text of at most so many characters in, or a number, but no e-mail address."""

    def rule(value: Any, _: Hasher) -> Any:
        if isinstance(value, str):
            return MISPLACED if len(value) > longest or _ADDRESS.search(value) else value
        return value if value is None or isinstance(value, int | float) else MISPLACED

    return rule


def _matching(pattern: re.Pattern[str]) -> Rule:
    def rule(value: Any, _: Hasher) -> Any:
        if value is None or value == "":
            return None
        return value if isinstance(value, str) and pattern.fullmatch(value) else MISPLACED

    return rule


def _number(value: Any, _: Hasher) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    return value if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20 else MISPLACED


def _ids(value: Any, hasher: Hasher) -> Any:
    if value is None:
        return None
    return [_SHORT_ID(item, hasher) for item in value[:1000]] if isinstance(value, list) else MISPLACED


def _person(kind: str) -> Rule:
    hashed = door.person(kind)

    def rule(value: Any, hasher: Hasher) -> Any:
        if isinstance(value, str) and value.strip():
            return hashed(value, hasher)
        return hashed(value, hasher) if isinstance(value, int) and not isinstance(value, bool) else None

    return rule


def _link(value: Any, hasher: Hasher) -> Any:
    """Let the address of a page in, unless somebody's e-mail address stands in its path."""
    kept = door.link(value, hasher)
    return None if kept and _ADDRESS.search(unquote(kept)) else kept


_SHORT_ID = _short(_LONGEST["id"])
_RULES: Mapping[Kind, Rule] = {
    **{kind: _short(longest) for kind, longest in _LONGEST.items()},
    **{kind: _matching(_NAME) for kind in ("word", "name")},
    **dict.fromkeys(("count", "integer", "flag"), _number),
    **{kind: _person(kind) for kind in ("email", "phone", "loyalty")},
    "code": _matching(_CODE),
    "customer": lambda value, _: value,  # `_named` hashes it, which knows whose customer it is
    "ids": _ids,
    "link": _link,
}


def _rules(fields: Iterable[Field]) -> Door:
    rules = {each.name: _LINES if each.kind == "lines" else _RULES[each.kind] for each in fields}
    return door.fields("", **rules)


def _named(inner: Door) -> Door:
    """Hash the customer as one of the system that tells: number 17 of two systems are two persons."""

    def through(value: Any, hasher: Hasher) -> Any:
        let_in = inner(value, hasher)
        if let_in is not None and "customer" in let_in:
            system = let_in.get("customer_of") or "customer"
            let_in["customer"] = _person(system if system != MISPLACED else "customer")(let_in["customer"], hasher)
        return let_in

    return through


_LINES = door.each(_rules(LINE))


def door_of(shape: Shape) -> Door:
    """Return the door of a shape."""
    return _named(_rules(shape.fields))


def streams() -> tuple[Stream, ...]:
    """Return the streams of a source that may tell records of every shape."""
    return tuple(
        Stream(name=shape.name, door=door_of(shape), grain="keyed", complete=shape.complete)
        for shape in SHAPES.values()
    )
