"""A session without a network, and TikTok's own descriptions of its API that each request is held against."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jalon.connectors.base import Answer, Batch, Credentials, Request, Window
from jalon.connectors.tiktok_business import Settings, TikTokBusiness

CONNECTOR = TikTokBusiness()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = datetime(2025, 11, 24, 16, tzinfo=UTC).timestamp()
TOKEN = Credentials("act.of-the-account", "rft.of-the-account")
OPEN_ID, ADVERTISER, STORE = "_000openId", "7218524808659615746", "7494836523330930707"
ACCOUNT = {
    "open_id": OPEN_ID,
    "shop_id": OPEN_ID,
    "username": "atelier.jalon",
    "advertiser_id": ADVERTISER,
    "currency": "USD",
    "zone": "America/Chicago",
}
BUSINESS = {"app_secret": "secret", "refresh_token": "rft.first"}
ADS = {"advertiser_id": ADVERTISER, "advertiser_token": "adv.token"}


def settings(**more: Any) -> Settings:
    given = {"app_id": "7311", **BUSINESS, **ADS, **more}
    return Settings(connector="tiktok_business", **given)


def answer(data: Any, code: int = 0, message: str = "OK", status: int = 200) -> Answer:
    body = {"code": code, "message": message, "request_id": "20251124000001", "data": data}
    return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())


def refused(code: int, message: str = "no", status: int = 200) -> Answer:
    return answer({}, code, message, status)


def page(found: list[Any], number: int = 1, pages: int = 1, name: str = "list") -> Answer:
    """Return a page of rows; where it has none, the list is left out, as the platform does."""
    info = {"page": number, "page_size": 1000, "total_number": len(found), "total_page": pages}
    return answer({"page_info": info, **({name: found} if found else {})})


def row(day: str, metrics: Mapping[str, Any], **ids: str) -> dict[str, Any]:
    return {"dimensions": {**ids, "stat_time_day": f"{day} 00:00:00"}, "metrics": dict(metrics)}


def window(
    stream: str, days: float = 2, high: float = NOW, cursor: str | None = None, *, backfill: bool = False
) -> Window:
    end = datetime.fromtimestamp(high, UTC)
    return Window(STREAMS[stream], end - timedelta(days=days), end, cursor, backfill)


class FakeSession:
    """Hands each prepared request to `play` and judges its answer, as the engine does, without waiting."""

    def __init__(
        self, play: Callable[[Request], Answer], now: float = NOW, account: Mapping[str, str] = ACCOUNT, **more: Any
    ) -> None:
        self.settings = settings(**more)
        self.account: Mapping[str, str] = account
        self.asked: list[Request] = []
        self.time = now
        self._play = play

    def now(self) -> float:
        return self.time

    async def ask(self, request: Request) -> Answer:
        held = None if request.anonymous else TOKEN
        prepared = CONNECTOR.prepare(request, self.settings, held, self.account, self.time)
        self.asked.append(prepared)
        reply = self._play(prepared)
        fault = CONNECTOR.judge(request, reply)
        if fault is not None:
            raise fault
        return reply

    def lines(self, _: str) -> AsyncIterator[bytes]:
        raise AssertionError("the API for Business has no files")


def replies(*found: Answer) -> Callable[[Request], Answer]:
    left = list(found)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


async def all_of(batches: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in batches]


# --- the official descriptions ----------------------------------------------------------------------------------------


class Official:
    """The operations of TikTok's own descriptions, by path."""

    def __init__(self, contracts: Path) -> None:
        self.operations: dict[str, Any] = {}
        for file in sorted((contracts / "tiktok-business").glob("*.yml")):
            ((path, methods),) = read_yaml(file.read_text())["paths"].items()
            self.operations[path] = methods["get"]

    def hold(self, request: Request) -> None:
        """Assert that a prepared request is what its description asks for, with nothing beside it."""
        assert request.method == "GET"
        known = {each["name"]: each for each in self.operations[request.path]["parameters"]}
        assert set(request.query) <= set(known), f"{request.path} has {set(request.query) - set(known)}"
        for name, parameter in known.items():
            if name == "Access-Token":
                assert request.headers["access-token"]
                continue
            assert name in request.query or not parameter["required"] or name == "context_info", name
            if name in request.query:
                _hold(name, parameter, request.query[name])

    def answered(self, path: str) -> set[str]:
        """Return the names that an operation's answer, and the rows in it, may have."""
        return set(_names(self.operations[path]["x-open-rules"]["response_rule"]))


def _hold(name: str, parameter: dict[str, Any], text: str) -> None:
    if "content" in parameter:
        _fits(name, parameter["content"]["application/json"]["schema"], json.loads(text))
    else:
        schema = parameter["schema"]
        _fits(name, schema, int(text) if schema["type"] == "integer" else text)


def _fits(name: str, schema: dict[str, Any], value: Any) -> None:
    kinds = {"string": str, "integer": int, "array": list, "object": dict, "boolean": bool}
    assert isinstance(value, kinds[schema["type"]]), f"{name}: {value!r} is no {schema['type']}"
    if isinstance(value, list):
        assert schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)), name
        for each in value:
            _fits(name, schema["items"], each)
    elif isinstance(value, dict):
        assert set(value) <= set(schema["properties"]), f"{name} has {set(value) - set(schema['properties'])}"
        for key, each in value.items():
            _fits(f"{name}.{key}", schema["properties"][key], each)
    elif isinstance(value, int):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), name
    elif "x-open-enum" in schema:
        assert value in [each["key"] for each in schema["x-open-enum"]["enums"]], f"{name}: {value}"


def _names(rule: Any) -> Iterator[str]:
    for part in rule if isinstance(rule, list) else [rule]:
        if isinstance(part, dict):
            for name, inner in part.items():
                yield name.replace("[]", "")
                yield from _names(inner)


# --- as much of YAML as the descriptions are written in ---------------------------------------------------------------

_LINE = re.compile(r"( *)(- )?(.*)")
_PAIR = re.compile(r"('[^']*'|[^\s'\"][^:]*|[^\s:]+):(?: (.*))?$")


def read_yaml(text: str) -> Any:
    """Return the value of a block-style YAML document: maps, lists, plain and quoted scalars, folded lines."""
    lines: list[tuple[int, bool, str]] = []
    for raw in text.splitlines():
        found = _LINE.fullmatch(raw)
        assert found is not None
        space, dash, rest = found.groups()
        if lines and not dash and _PAIR.match(rest) is None:
            lines[-1] = (*lines[-1][:2], f"{lines[-1][2]} {rest}")
        elif rest:
            lines.append((len(space), bool(dash), rest))
    return _block(lines, 0)[0]


def _block(lines: list[tuple[int, bool, str]], at: int) -> tuple[Any, int]:
    indent, dash, _ = lines[at]
    return _list(lines, at, indent) if dash else _map(lines, at, indent)


def _list(lines: list[tuple[int, bool, str]], at: int, indent: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while at < len(lines) and lines[at][0] == indent and lines[at][1]:
        rest = lines[at][2]
        if _PAIR.match(rest) is None:
            found.append(_scalar(rest))
            at += 1
            continue
        lines[at] = (indent + 2, False, rest)
        value, at = _map(lines, at, indent + 2)
        found.append(value)
    return found, at


def _map(lines: list[tuple[int, bool, str]], at: int, indent: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent and not lines[at][1]:
        pair = _PAIR.match(lines[at][2])
        assert pair is not None, lines[at]
        name, value = pair[1].strip("'"), pair[2]
        at += 1
        if value:
            found[name] = _scalar(value)
            continue
        below = at < len(lines) and (lines[at][0] > indent or (lines[at][0] == indent and lines[at][1]))
        found[name], at = _block(lines, at) if below else (None, at)
    return found, at


def _scalar(text: str) -> Any:
    plain: dict[str, Any] = {"true": True, "false": False, "null": None, "[]": [], "{}": {}}
    if text in plain:
        return plain[text]
    if text[0] in "'\"" and text[-1] == text[0]:
        return text[1:-1].replace("''", "'")
    return int(text) if re.fullmatch(r"-?\d+", text) else text
