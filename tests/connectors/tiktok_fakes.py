"""A session without a network, and the official schema that each of its requests is held against."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema

from jalon.connectors.base import Answer, Credentials, Request, Window
from jalon.connectors.tiktok_shop import Settings, TikTokShop
from tests.connectors.played import PlayedSession

CONNECTOR = TikTokShop()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = 1_764_000_000.0
TOKEN = Credentials("token-of-the-shop")
ACCOUNT = {"shop_id": "7495540735365777507", "shop_cipher": "ROW_cipher"}


def settings(**more: Any) -> Settings:
    return Settings(connector="tiktok_shop", app_key="68xu9ks5p4i8", app_secret="e59af819cc", **more)


def good(data: Any) -> Answer:
    return answer({"code": 0, "message": "Success", "request_id": "2026", "data": data})


def refused(code: int, message: str = "no", status: int = 200) -> Answer:
    return answer({"code": code, "message": message, "request_id": "2026", "data": None}, status)


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {"content-type": "application/json", **headers}, json.dumps(value).encode())


def window(stream: str, low: float = NOW - 3600, high: float = NOW, cursor: str | None = None) -> Window:
    return Window(STREAMS[stream], datetime.fromtimestamp(low, UTC), datetime.fromtimestamp(high, UTC), cursor)


def day_window(stream: str, day: str = "2025-11-19", cursor: str | None = None) -> Window:
    low = datetime.fromisoformat(f"{day}T05:00:00+00:00")  # midnight in New York
    return Window(STREAMS[stream], low, low + timedelta(days=1), cursor)


class FakeSession(PlayedSession):
    """Asks for the one shop with its token."""

    def __init__(self, play: Callable[[Request], Answer], now: float = NOW, **more: Any) -> None:
        super().__init__(CONNECTOR, settings(**more), play, ACCOUNT, now, TOKEN)


class Official:
    """The operations of the official schema, by method and path."""

    def __init__(self, contracts: Path) -> None:
        spec = json.loads((contracts / "tiktok-shop" / "openapi-subset.json").read_text())
        self.operations = [
            (method.upper(), re.compile(re.sub(r"\{[^}]+\}", r"[0-9A-Za-z_-]+", path)), operation)
            for path, methods in spec["paths"].items()
            for method, operation in methods.items()
        ]

    def operation(self, request: Request) -> dict[str, Any]:
        found = [
            op for method, path, op in self.operations if method == request.method and path.fullmatch(request.path)
        ]
        assert len(found) == 1, f"{request.method} {request.path} is no documented operation"
        return found[0]

    def hold(self, request: Request) -> None:
        """Assert that a prepared request is what the documentation asks for, and nothing beside it."""
        operation = self.operation(request)
        given = {"query": request.query, "header": request.headers}
        known = {"query": {"access_token"}, "header": {"content-type"}}
        for parameter in operation["parameters"]:
            place, name = parameter["in"], parameter["name"]
            if place not in given:
                continue
            known[place].add(name)
            assert name in given[place] or not parameter["required"], f"{request.path} lacks {name}"
            if name in given[place]:
                self._value(parameter["schema"], given[place][name])
        assert set(request.query) <= known["query"], f"{request.path} has {set(request.query) - known['query']}"
        assert set(request.headers) <= known["header"]
        self._body(operation, request)

    def _value(self, schema: dict[str, Any], value: str) -> None:
        kinds = {"integer": int, "array": lambda text: text.split(",")}
        jsonschema.validate(kinds.get(schema["type"], str)(value), schema, format_checker=jsonschema.FormatChecker())

    def _body(self, operation: dict[str, Any], request: Request) -> None:
        if not request.body:
            return
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(json.loads(request.body), {**schema, "additionalProperties": False})

    def answers(self, request: Request) -> dict[str, Any]:
        """Return the schema of `data` in the operation's answer."""
        content = self.operation(request)["responses"]["200"]["content"]["application/json"]
        return content["schema"]["properties"]["data"]
