"""The shapes as JSON Schema (draft 2020-12): what a sender of events can check them with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jalon.connectors.templates.fields import Field, Kind, Need
from jalon.connectors.templates.shapes import LINE, SHAPES

Json = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TIME = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d))?$"
_PERSON: Json = {"type": ["string", "integer"]}
_KINDS: Mapping[Kind, Json] = {
    "id": {"type": ["string", "integer"], "maxLength": 200},
    "ids": {"type": "array", "items": {"type": ["string", "integer"], "maxLength": 200}, "maxItems": 1000},
    "text": {"type": "string", "maxLength": 500},
    "code": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$"},
    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
    "count": {"type": "integer", "minimum": 0},
    "integer": {"type": "integer"},
    "money": {"anyOf": [{"type": "string", "pattern": r"^-?\d{1,18}(\.\d+)?$"}, {"type": "integer"}]},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "time": {"type": "string", "pattern": _TIME},
    "day": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "flag": {"type": "boolean"},
    "link": {"type": "string"},
    "email": {"type": "string"},
    "phone": _PERSON,
    "loyalty": _PERSON,
    "customer": _PERSON,
}


def schema() -> Json:
    """Return the schema of a delivery's body: an event, or a list of events."""
    events = {f"{shape.type}_event": _event(shape.type) for shape in SHAPES.values()}
    one = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in events]}
    shapes = {
        shape.type: {"description": shape.meaning, **_object(shape.fields), **_needs(shape.needs)}
        for shape in SHAPES.values()
    }
    body = {"anyOf": [one, {"type": "array", "items": one, "maxItems": 10_000}]}
    return {"$schema": DRAFT, "title": "Events that jalon takes", **body, "$defs": {**shapes, **events}}


def _event(type: str) -> Json:
    properties = {
        "type": {"const": type},
        "timestamp": {"type": "string", "pattern": _TIME, "description": "When it came to be so."},
        "data": {"$ref": f"#/$defs/{type}"},
    }
    return {"type": "object", "required": ["type", "data"], "properties": properties}


def _object(fields: Iterable[Field]) -> Json:
    """Return the schema of an object; fields that are not named are dropped, so more may stand in it."""
    told = list(fields)
    required = [field.name for field in told if field.required]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {field.name: {"description": field.meaning, **_kind(field)} for field in told},
    }


def _needs(needs: Iterable[Need]) -> Json:
    """Return what is required of fields of which one is enough."""
    told = [{"anyOf": [_one(name, allowed) for name, allowed in need.items()]} for need in needs]
    return {"allOf": told} if told else {}


def _one(name: str, allowed: tuple[str, ...]) -> Json:
    return {"required": [name], **({"properties": {name: {"enum": list(allowed)}}} if allowed else {})}


def _kind(field: Field) -> Json:
    if field.kind == "lines":
        return {"type": "array", "items": _object(LINE)}
    return {"enum": list(field.words)} if field.kind == "word" else dict(_KINDS[field.kind])
