"""A session without a network, and the official description that each of its requests is held against."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jalon.connectors.base import Answer, Credentials, Request, Window
from jalon.connectors.youtube import Settings, YouTube
from tests.connectors.played import PlayedSession

CONNECTOR = YouTube()
STREAMS = {stream.name: stream for stream in CONNECTOR.streams}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
TOKEN = Credentials("ya29.token")
CHANNEL = "UCjalon0000000000000000A"
ACCOUNT = {"shop_id": CHANNEL, "channel": CHANNEL, "uploads": "UUjalon0000000000000000A", "shorts_up_to": "180"}
LIST, VIDEOS, FIGURES = "/youtube/v3/playlistItems", "/youtube/v3/videos", "/v2/reports"
FORM = ("/token", "/subscribe")
"""Paths that are described by no discovery document: OAuth 2.0 and WebSub."""
FILES = {"api": "youtube.v3", "analytics": "youtubeAnalytics.v2", "reporting": "youtubereporting.v1"}
"""Role -> its discovery document; the Merchant API's alpha has a proto instead."""
ALWAYS = {"alt", "fields", "key", "prettyPrint", "quotaUser"}


def settings(**more: Any) -> Settings:
    return Settings(
        **{
            "connector": "youtube",
            "client_id": "1234.apps",
            "client_secret": "client-secret",
            "refresh_token": "1//refresh",
            **more,
        }
    )


def answer(value: Any, status: int = 200, **headers: str) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, {"content-type": "application/json", **headers}, body)


def classic(reason: str, status: int = 403, **error: Any) -> Answer:
    """Return a refusal as the Data API writes it."""
    errors = [{"message": "no", "domain": "youtube.x", "reason": reason}]
    return answer({"error": {"code": status, "message": "no", "errors": errors, **error}}, status)


def plain(status: int, name: str, reason: str = "", **metadata: str) -> Answer:
    """Return a refusal as the newer APIs write it."""
    details = [{"@type": "t", "reason": reason, "metadata": metadata}] if reason or metadata else []
    return answer({"error": {"code": status, "message": "no", "status": name, "details": details}}, status)


def uploaded(*ids: str, following: str = "", published: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    items = [{"contentDetails": {"videoId": each, "videoPublishedAt": published}} for each in ids]
    return {"items": items, **({"nextPageToken": following} if following else {})}


def video(identity: str, channel: str = CHANNEL) -> dict[str, Any]:
    return {"id": identity, "snippet": {"channelId": channel}}


def videos_of(*ids: str) -> dict[str, Any]:
    return {"items": [video(each) for each in ids]}


def window(
    stream: str, low: float, high: float, cursor: str | None = None, known: frozenset[str] = frozenset()
) -> Window:
    instants = (datetime.fromtimestamp(at, UTC) for at in (low, high))
    return Window(STREAMS[stream], *instants, cursor, known=known)


def day_window(stream: str, day: str = "2026-11-18", cursor: str | None = None) -> Window:
    low = datetime.fromisoformat(f"{day}T08:00:00+00:00")  # midnight in Los Angeles, in winter
    return Window(STREAMS[stream], low, low + timedelta(days=1), cursor)


class FakeSession(PlayedSession):
    """Asks for the one channel with its token."""

    def __init__(
        self,
        play: Callable[[Request], Answer],
        now: float = NOW,
        files: dict[str, list[bytes]] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(CONNECTOR, settings(**more), play, ACCOUNT, now, TOKEN, files or {})


def by_path(answers: Mapping[str, Any]) -> Callable[[Request], Answer]:
    """Return a play that gives each path its answer: one, or a list of them one after the other."""
    left = {path: list(given) if isinstance(given, list) else given for path, given in answers.items()}

    def play(request: Request) -> Answer:
        given = left[request.path]
        found = given.pop(0) if isinstance(given, list) else given
        return found if isinstance(found, Answer) else answer(found)

    return play


# --- the official descriptions ----------------------------------------------------------------------------------------


class Official:
    """Google's discovery documents, and the proto of the Merchant API's alpha."""

    def __init__(self, contracts: Path) -> None:
        folder = contracts / "youtube"
        self.documents = {role: json.loads((folder / f"{name}.json").read_text()) for role, name in FILES.items()}
        self.proto = (folder / "merchant_reports_v1alpha.reports.proto").read_text()

    def method(self, host: str, verb: str, path: str) -> dict[str, Any]:
        """Return the method of a request."""
        found = [each for each in _methods(self.documents[host]) if each["httpMethod"] == verb and _fits(each, path)]
        assert len(found) == 1, f"{verb} {path} is no method of {host}"
        return found[0]

    def hold(self, request: Request) -> None:
        """Assert that a prepared request is what the documents describe, and nothing beside it."""
        assert request.path not in FORM
        assert request.headers["authorization"] == "Bearer ya29.token"
        if request.host == "merchant":
            self._hold_query(request)
            return
        method = self.method(request.host, request.method, request.path)
        described = {name: each for name, each in method.get("parameters", {}).items() if each["location"] == "query"}
        assert set(request.query) <= set(described) | ALWAYS, request.query
        for name, parameter in described.items():
            assert name in request.query or not parameter.get("required"), f"{request.path} lacks {name}"
            if name in request.query:
                _hold_value(name, request.query[name], parameter)
        if request.body:
            schema = self.documents[request.host]["schemas"][method["request"]["$ref"]]
            assert set(json.loads(request.body)) <= set(schema["properties"])

    def _hold_query(self, request: Request) -> None:
        assert request.method == "POST"
        assert re.fullmatch(r"/reports/v1alpha/accounts/[0-9]+/reports:search", request.path)
        body = json.loads(request.body)
        assert set(body) <= {"query", "pageSize", "pageToken"}
        assert 0 < body["pageSize"] <= 5000
        asked = re.fullmatch(r"SELECT (.+) FROM ([a-z_]+) WHERE date BETWEEN '(.+)' AND '(.+)'", body["query"])
        assert asked
        assert asked[3] == asked[4], "a question is about one day"
        columns = set(asked[1].split(", "))
        assert "date" not in columns
        assert columns <= self.columns(asked[2])

    def columns(self, view: str) -> set[str]:
        """Return the columns of a view; the tagged one is in no published proto, its page names these."""
        if view == "youtube_product_tagged_stats_view":
            more = "impressions conversion_rate"
            return self.columns("youtube_product_performance_view") | set(more.split())
        name = view.title().replace("_", "")
        message = re.search(rf"^message {name} {{(.*?)^}}", self.proto, re.DOTALL | re.MULTILINE)
        assert message, name
        return set(re.findall(r"(\w+) = [0-9]+;", message[1]))

    def schema(self, host: str, name: str) -> dict[str, Any]:
        """Return a schema of an answer as JSON Schema, without room for fields that are not described."""
        definitions = {each: _as_json_schema(schema) for each, schema in self.documents[host]["schemas"].items()}
        return {"$ref": f"#/definitions/{name}", "definitions": definitions}


def _methods(resource: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [method for each in resource.get("resources", {}).values() for method in _methods(each)]
    return [*resource.get("methods", {}).values(), *inner]


def _fits(method: dict[str, Any], path: str) -> bool:
    pattern = re.sub(r"\{\+[^}]+\}", ".+", method["path"])
    return re.fullmatch("/" + re.sub(r"\{[^}]+\}", "[^/]+", pattern), path) is not None


def _hold_value(name: str, value: str, parameter: dict[str, Any]) -> None:
    assert value in parameter.get("enum", [value]), f"{name} cannot be {value}"
    if parameter["type"] == "integer":
        assert int(parameter.get("minimum", 0)) <= int(value) <= int(parameter.get("maximum", 1 << 31)), name
    if parameter["type"] == "boolean":
        assert value in {"true", "false"}
    if parameter.get("format") == "google-datetime":
        assert datetime.fromisoformat(value).tzinfo is not None


def _as_json_schema(described: Any) -> Any:
    """Return a schema of a discovery document as JSON Schema, closed."""
    if isinstance(described, list):
        return [_as_json_schema(each) for each in described]
    if not isinstance(described, dict):
        return described
    if "$ref" in described:
        return {"$ref": f"#/definitions/{described['$ref']}"}
    kept = {name: described[name] for name in ("type", "enum") if name in described and described[name] != "any"}
    if "properties" in described:
        kept["properties"] = {name: _as_json_schema(each) for name, each in described["properties"].items()}
        kept["additionalProperties"] = False
    if "items" in described:
        kept["items"] = _as_json_schema(described["items"])
    if "additionalProperties" in described:
        kept["additionalProperties"] = _as_json_schema(described["additionalProperties"])
    if described.get("format") in {"int64", "uint64"}:
        kept["pattern"] = "^-?[0-9]+$"
    return kept


def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode()))
