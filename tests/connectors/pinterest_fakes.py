"""A session without a network, and Pinterest's own description that each of its requests is held against."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jsonschema

from jalon.connectors.base import Answer, Credentials, Request, Window
from jalon.connectors.pinterest import Pinterest, Settings
from jalon.connectors.pinterest.budgets import category
from tests.connectors.played import PlayedSession

CONNECTOR = Pinterest()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = datetime(2025, 11, 24, 16, tzinfo=UTC).timestamp()
TODAY = date(2025, 11, 24)
TOKEN = Credentials("pina_of_the_account", "pinr_of_the_account")
ACCOUNT = {"shop_id": "2783136121146311751", "username": "paperhouse", "currency": "EUR"}
AD_ACCOUNT = "549755885175"
FILES = "https://files.example"


def settings(**more: Any) -> Settings:
    given = {"client_id": "1480000", "client_secret": "secret", "refresh_token": "pinr_first", **more}
    return Settings(connector="pinterest", report_hosts=(FILES,), **given)


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, {"content-type": "application/json", **named}, json.dumps(value).encode())


def refused(status: int, code: int | None = None, **headers: str) -> Answer:
    return answer({"code": status if code is None else code, "message": "no"}, status, **headers)


def page(items: Sequence[Any], bookmark: str | None = None) -> Answer:
    return answer({"items": items, "bookmark": bookmark})


def window(
    stream: str, days: float = 1, high: float = NOW, cursor: str | None = None, *, backfill: bool = False
) -> Window:
    end = datetime.fromtimestamp(high, UTC)
    return Window(STREAMS[stream], end - timedelta(days=days), end, cursor, backfill)


class FakeSession(PlayedSession):
    """Asks for the one account with its tokens."""

    def __init__(self, play: Callable[[Request], Answer], now: float = NOW, **more: Any) -> None:
        super().__init__(CONNECTOR, settings(**more), play, ACCOUNT, now, TOKEN)


def replies(*found: Answer) -> Callable[[Request], Answer]:
    left = list(found)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


# --- the official description -----------------------------------------------------------------------------------------


def readable(schema: Any) -> Any:
    """Return a schema of the description as JSON Schema understands it.

    `oneOf` over lists that overlap (`metric_types`) is read as `anyOf`: taken at its word it refuses IMPRESSION.
    `nullable` is OpenAPI's own word for "or null".
    """
    if isinstance(schema, list):
        return [readable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {("anyOf" if name == "oneOf" else name): readable(part) for name, part in schema.items()}
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found


class Official:
    """The operations of Pinterest's own description, by method and path."""

    def __init__(self, contracts: Path) -> None:
        self.spec = json.loads((contracts / "pinterest" / "openapi-5.23.0.json").read_text())
        self.schemas = readable(self.spec["components"]["schemas"])

    def operation(self, request: Request) -> dict[str, Any]:
        """Return the operation that a request is; of two templates that fit, the one with fewer variables."""
        found = [
            (path.count("{"), methods[request.method.lower()])
            for path, methods in self.spec["paths"].items()
            if request.method.lower() in methods and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), request.path)
        ]
        assert found, f"{request.method} {request.path} is no documented operation"
        return min(found, key=lambda each: each[0])[1]

    def parameters(self, request: Request) -> list[dict[str, Any]]:
        components = self.spec["components"]["parameters"]
        given = self.operation(request).get("parameters", [])
        return [components[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in given]

    def hold(self, request: Request) -> None:
        """Assert that a prepared request is what the description asks for, nothing beside it, and in its category."""
        assert category(request) == self.operation(request)["x-ratelimit-category"]
        known = {each["name"]: each for each in self.parameters(request) if each["in"] == "query"}
        assert set(request.query) <= set(known), f"{request.path} has {set(request.query) - set(known)}"
        for name, parameter in known.items():
            assert name in request.query or not parameter.get("required"), f"{request.path} lacks {name}"
            if name in request.query:
                self.check(parameter["schema"], self._value(parameter, request.query[name]))
        self._body(request)

    def _value(self, parameter: Mapping[str, Any], text: str) -> Any:
        kind = parameter["schema"].get("type")
        if kind == "array":
            assert parameter.get("explode") is False, f"{parameter['name']} is repeated, not a list with commas"
            return text.split(",")
        return {"integer": int, "boolean": {"true": True, "false": False}.__getitem__}.get(kind, str)(text)

    def _body(self, request: Request) -> None:
        described = self.operation(request).get("requestBody")
        assert bool(described) == bool(request.body), f"{request.path}: body"
        if not described:
            return
        (kind, content), *_ = described["content"].items()
        assert request.headers["content-type"] == kind
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.check(content["schema"], form if "form" in kind else json.loads(request.body))

    def answers(self, request: Request, status: int = 200) -> dict[str, Any]:
        """Return the schema of an operation's answer."""
        responses = self.operation(request)["responses"]
        described = responses.get(str(status)) or responses["default"]
        return described["content"]["application/json"]["schema"]

    def check(self, schema: Any, value: Any) -> None:
        whole = {**readable(schema), "components": {"schemas": self.schemas}}
        jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)

    def properties(self, name: str) -> set[str]:
        """Return all names that an object of the description may have, whatever it is put together from."""
        return set(_properties(self.schemas, self.schemas[name]))

    def codes(self) -> set[tuple[int, int]]:
        """Return (status, code) of every example of a refusal in the operations that are asked."""
        return {
            (int(status), code)
            for methods in self.spec["paths"].values()
            for operation in methods.values()
            if isinstance(operation, dict)
            for status, response in operation.get("responses", {}).items()
            if status.isdigit() and int(status) >= 400
            for code in _codes(response)
        }


def _properties(schemas: Any, schema: Any) -> list[str]:
    if "$ref" in schema:
        return _properties(schemas, schemas[schema["$ref"].rpartition("/")[2]])
    found = list(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        found += _properties(schemas, part)
    return found


def _codes(value: Any) -> list[int]:
    if isinstance(value, list):
        return [code for part in value for code in _codes(part)]
    if not isinstance(value, dict):
        return []
    own = [value["code"]] if type(value.get("code")) is int and "message" in value else []
    return own + [code for part in value.values() for code in _codes(part)]


def without(request: Request, *names: str) -> Request:
    return replace(request, query={name: text for name, text in request.query.items() if name not in names})
