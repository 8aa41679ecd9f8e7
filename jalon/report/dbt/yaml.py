"""Plain data as YAML: block style, every text quoted as JSON does, which YAML reads alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def yaml(value: Any) -> str:
    """Return a mapping as YAML text; lists hold mappings or scalars."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{key}:", inner)
        return
    for inner in value:
        first, *rest = _lines(inner) if isinstance(inner, dict) else [json.dumps(inner, ensure_ascii=False)]
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _entry(name: str, inner: Any) -> Iterator[str]:
    if isinstance(inner, dict | list) and inner:
        yield name
        yield from (f"  {line}" for line in _lines(inner))
    else:
        yield f"{name} {json.dumps(inner, ensure_ascii=False)}"
