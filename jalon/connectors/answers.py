"""Take apart what a platform answers: objects, lists of them, ids. Strict where something would be dropped."""

from __future__ import annotations

from typing import Any

from jalon.connectors.base import Wait

Row = dict[str, Any]


def rows(data: Row, name: str) -> list[Row]:
    """Return a list of objects; left out or null is empty. Raises `Wait` if it is anything else: nothing is dropped."""
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Wait(f"the answer's {name[:40]!r} is not a list of objects")
    return found


def part(row: Row, name: str) -> Row:
    """Return an object inside another; empty where it is left out or something else."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def text(value: Any) -> str:
    """Return an id as text, exactly, whether it came as text or as a whole number; else ''."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else ""
