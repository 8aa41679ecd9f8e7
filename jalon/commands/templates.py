"""The templates and shapes of own channels, for people: `jalon templates`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from jalon.commands.console import table
from jalon.connectors.templates.schema import schema as json_schema
from jalon.connectors.templates.tables import TEMPLATES, Template
from jalon.errors import ConfigError

Shown = tuple[dict[str, Any], list[str]]
"""A result as data, and as lines for people."""
UNITS = {
    "money": "decimal, in the currency",
    "currency": "ISO 4217",
    "time": "time, or a day",
    "count": "whole number",
    "integer": "whole number",
    "code": "a word, no free text",
    "name": "a word",
    "ids": "several",
    "email": "person, hashed",
    "phone": "person, hashed",
    "loyalty": "person, hashed",
    "customer": "person, hashed",
    "link": "address",
    "flag": "true or false",
    "lines": "list (JSON)",
}
"""Kind of a field -> what it is to a person who fills it in."""


def overview() -> Shown:
    """List the templates."""
    rows = [(each.name, each.shape.type, each.about) for each in TEMPLATES.values()]
    data = [dict(zip(("template", "type", "about"), row, strict=True)) for row in rows]
    told = "type: what the webhook calls the same record; `jalon templates NAME` shows the columns"
    return {"templates": data}, [*table(("template", "type", "about"), rows), "", told]


def columns(name: str) -> Shown:
    """Show the columns of a template. Raises `ConfigError` if there is none of that name."""
    template = _find(name)
    rows = list(_rows(template))
    constants = dict(template.constants)
    data = {
        "template": template.name,
        "about": template.about,
        "type": template.shape.type,
        "identity": template.shape.identity,
        "constants": constants,
        "columns": [dict(zip(("field", "needed", "is", "meaning", "heads"), row, strict=True)) for row in rows],
        "words": {field: dict(words) for field, words in template.words.items()},
        "example": template.example,
    }
    always = ", ".join(f"{field} = {value}" for field, value in constants.items())
    lines = [template.about, f"One record is known by {template.shape.identity}."]
    lines += [f"Unless told otherwise: {always}."] if always else []
    heads = ("field", "needed", "is", "meaning", "other heads")
    return data, [*lines, "", *table(heads, rows), "", *template.example.splitlines()]


def _rows(template: Template) -> Iterator[tuple[str, str, str, str, str]]:
    for field in template.fields():
        what = " | ".join(field.words) if 0 < len(field.words) <= 6 else UNITS.get(field.kind, field.kind)
        heads = ", ".join(template.heads.get(field.name, "").split())
        needed = "yes" if field.required else _unless(template, field.name)
        yield field.name, needed, what, field.meaning.replace("`", ""), heads


def _unless(template: Template, name: str) -> str:
    """Say in place of what a field is needed; empty: it is not, or what a template always says is enough."""
    need = next((need for need in template.shape.needs if name in need and not need[name]), None)
    if need is None or not need.keys().isdisjoint({*template.constants, *template.required}):
        return ""
    return ", ".join(
        f"unless {other} is one" if allowed else f"or {other}" for other, allowed in need.items() if other != name
    )


def example(name: str) -> Shown:
    """Show a small file of a template's kind. Raises `ConfigError`."""
    template = _find(name)
    return {"template": name, "example": template.example}, template.example.splitlines()


def schema() -> Shown:
    """Show the JSON Schema of the webhook's events."""
    made = json_schema()
    return {"schema": made}, json.dumps(made, indent=1, ensure_ascii=False).splitlines()


def _find(name: str) -> Template:
    if name not in TEMPLATES:
        near = difflib.get_close_matches(name, TEMPLATES, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(TEMPLATES)}."
        raise ConfigError(f"no template is called {name!r}", remedy)
    return TEMPLATES[name]
