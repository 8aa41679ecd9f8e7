"""Words of the Graph API, played: a call, a refusal in its envelope, and the fields that a call asks for."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

Row = dict[str, Any]
BARE = frozenset({1, 2, 102, 190, 2500})
"""Codes that do not stand in their message too."""
_TRACES = itertools.count(1)


class Refused(Exception):
    """An error of the Graph API. The status is mostly 400, whatever happened."""

    def __init__(
        self,
        code: int,
        message: str,
        subcode: int = 0,
        *,
        status: int = 400,
        transient: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode
        self.status = status
        self.transient = transient
        self.headers = headers or {}


class TooMuch(Refused):
    """The caller asks for more than is answered at once."""

    def __init__(self) -> None:
        super().__init__(
            1, "Please reduce the amount of data you're asking for, then retry your request", 99, status=500
        )


def refusal(refused: Refused, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return the answer that refuses."""
    trace = hashlib.blake2b(str(next(_TRACES)).encode(), digest_size=8).hexdigest()
    error: Row = {
        "message": refused.message if refused.code in BARE else f"(#{refused.code}) {refused.message}",
        "type": "OAuthException",
        "code": refused.code,
        "fbtrace_id": f"A{trace}",
    }
    if refused.subcode:
        error["error_subcode"] = refused.subcode
    if refused.transient:
        error["is_transient"] = True
    return web.Response(
        status=refused.status,
        body=orjson.dumps({"error": error}),
        content_type="application/json",
        headers={**(headers or {}), **refused.headers},
    )


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the door let in. `query` holds what came in the address and in a form body."""

    query: Mapping[str, str]
    path: tuple[str, ...]
    """Parts of the path after the version that the route left open."""
    token: str
    version: str
    address: str
    """Of the node or edge, without its query: what a `next` link begins with."""

    def fields(self, usual: str) -> dict[str, Any]:
        """Return the fields asked for, each with the fields asked of it."""
        return parsed(self.query.get("fields", usual))

    def number(self, name: str, usual: int, most: int) -> int:
        """Return a number of the query, capped at `most` as the platform does; raise Refused for what is none."""
        text = self.query.get(name, str(usual))
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            raise Refused(100, f"Param {name} must be a positive number")
        return min(int(text), most)


# --- fields -----------------------------------------------------------------------------------------------------------

_FIELD = re.compile(r"([a-z_0-9]+)((?:\.[a-z_]+\([^()]*\))*)")


def parsed(text: str) -> dict[str, Any]:
    """Parse `a,b{c,d}` into {a: {}, b: {c: {}, d: {}}}; raise Refused for anything else."""
    found, rest = _list(text)
    if rest:
        raise Refused(2500, f"Syntax error in field expansion near {rest[:20]!r}")
    return found


def _list(text: str) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    while text:
        match = _FIELD.match(text)
        if match is None:
            raise Refused(2500, f"Syntax error in field expansion near {text[:20]!r}")
        text = text[match.end() :]
        inner: dict[str, Any] = {}
        if text.startswith("{"):
            inner, text = _list(text[1:])
            if not text.startswith("}"):
                raise Refused(2500, "Syntax error in field expansion: a brace is not closed")
            text = text[1:]
        found[match[1]] = inner
        if not text.startswith(","):
            return found, text
        text = text[1:]
    return found, text


def shown(row: Row, fields: Mapping[str, Any], node: str, known: frozenset[str]) -> Row:
    """Return the fields asked for that the row has, its id always; raise Refused for one that the node never has."""
    for name in fields:
        if name not in known:
            raise Refused(100, f"Tried accessing nonexisting field ({name}) on node type ({node})")
    picked = {name: _inner(row[name], inner) for name, inner in fields.items() if name in row}
    return {"id": row["id"], **picked} if "id" in row else picked


def _inner(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return an edge or object with the fields asked of it; without any, its ids."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        wanted = fields or {"id": {}}
        return {**value, "data": [{k: v for k, v in row.items() if k in wanted or k == "id"} for row in value["data"]]}
    if isinstance(value, dict) and fields:
        return {k: v for k, v in value.items() if k in fields or k == "id"}
    return value
