"""The door of the Graph API, played: version, token, permission, rate, and the headers of each answer.

A call to a version that is dead is silently served by the oldest that lives; `facebook-api-version` says which it was.
Usage is counted over a rolling hour of the sandbox's time. Own reading of the rate-limit page.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import orjson
from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED
from jalon.sandbox.graph_api.tokens import Token, Tokens
from jalon.sandbox.graph_api.words import Call, Refused, refusal

VERSIONS = ("v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0")
OF_MARKETING = VERSIONS[-2:]
"""Of the Marketing API, whose versions live less long."""
HOUR = 3600.0
LIMITS = {"calls_per_hour": 0.0, "proof_needed": 0.0, "data_at_once": 0.0, "token_life": 0.0, "role_lost": 0.0}
"""What a test may set on any of Meta's parts: 0 stands for no limit, not needed, does not end, not lost.

Whose owner has lost the role on the account or page still has a token, to which the account is not there any more."""

Answer = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call: method, pattern of the path after the version, permission (None: any token), and its answer.

    Of several permissions with `|` between them one is enough. `public` calls come without a token.
    """

    method: str
    pattern: str
    scope: str | None
    answer: Answer
    public: bool = False


@dataclass(slots=True)
class Usage:
    """Calls of the last hour, and the two ways to say that there were too many."""

    clock: Clock
    limits: Mapping[str, float]
    use_case: str
    code: int
    """Code of the use case's own limit, such as 80002."""
    account: str
    calls: deque[float] = field(default_factory=deque)
    refusals: int = 0

    def take(self) -> None:
        """Count a call, or raise Refused."""
        now, most = self.clock.now(), self.limits["calls_per_hour"]
        while self.calls and self.calls[0] <= now - HOUR:
            self.calls.popleft()
        if most and len(self.calls) >= most:
            raise self.refused(int((self.calls[0] + HOUR - now) // 60) + 1)
        self.calls.append(now)

    def refused(self, minutes: int = 1) -> Refused:
        """Return the refusal: by turns the app's limit, which tells no time, and the use case's, which does."""
        self.refusals += 1
        if self.refusals % 2:
            return Refused(4, "Application request limit reached", transient=True, status=403)
        usage = [{"type": self.use_case, "call_count": 100, "total_cputime": 25, "total_time": 25}]
        usage[0]["estimated_time_to_regain_access"] = minutes
        header = orjson.dumps({self.account: usage}).decode()
        return Refused(self.code, "There have been too many calls", headers={"X-Business-Use-Case-Usage": header})

    def headers(self) -> dict[str, str]:
        """Return the headers that tell how much is used: the use case's is absent while it is little."""
        most = self.limits["calls_per_hour"]
        used = min(100, int(len(self.calls) * 100 / most)) if most else 0
        told = {"X-App-Usage": orjson.dumps({"call_count": used, "total_time": used // 2, "total_cputime": 0}).decode()}
        if used >= 50:
            row = {"type": self.use_case, "call_count": used, "total_cputime": 0, "total_time": 0}
            usage = {self.account: [row | {"estimated_time_to_regain_access": 0}]}
            told["X-Business-Use-Case-Usage"] = orjson.dumps(usage).decode()
        return told


@dataclass(slots=True)
class Door:
    """Check each call before it is answered."""

    tokens: Tokens
    usage: Usage
    limits: Mapping[str, float]
    versions: tuple[str, ...] = VERSIONS

    def app(self, routes: list[Route]) -> web.Application:
        """Return the application that answers `routes` below each version; the first that fits is taken."""
        compiled = [(route, re.compile(route.pattern)) for route in routes]

        async def handle(request: web.Request) -> web.Response:
            version, path = _split(request.path, self.versions)
            headers = {"facebook-api-version": version}
            try:
                route, parts = _find(compiled, request.method, path)
                call = await self._admit(request, route, parts, version)
                self._shown(request.method, path)
                headers |= self.usage.headers()
                data = route.answer(call)
                if isawaitable(data):
                    data = await data
            except Refused as refused:
                return refusal(refused, headers)
            return web.Response(body=orjson.dumps(data), content_type="application/json", headers=headers)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        app[THROTTLED] = lambda _: refusal(self.usage.refused())
        return app

    def _shown(self, method: str, path: str) -> None:
        """Raise Refused for the account itself and its edges where the token's owner has no role on it any more."""
        name = path.partition("/")[0]
        if self.limits["role_lost"] and name.removeprefix("act_") == self.usage.account:
            raise gone(method, name)

    async def _admit(self, request: web.Request, route: Route, parts: tuple[str, ...], version: str) -> Call:
        query = {**request.query, **await _form(request)}
        token = _bearer(request.headers.get("authorization", "")) or query.get("access_token", "")
        if not route.public:
            proof = query.get("appsecret_proof")
            held = self.tokens.check(token, proof, proof_needed=bool(self.limits["proof_needed"]))
            _permitted(held, route.scope)
        self.usage.take()
        shown = {name: value for name, value in query.items() if route.public or name != "access_token"}
        address = str(request.url.with_query(None))
        return Call(shown, parts, token, version, address)


def _split(path: str, versions: tuple[str, ...]) -> tuple[str, str]:
    """Return which version answers, and the path after it."""
    first, _, rest = path.lstrip("/").partition("/")
    if not re.fullmatch(r"v\d+\.\d", first):
        return versions[-1], path.lstrip("/")
    return (first if first in versions else versions[0]), rest


def _find(routes: list[tuple[Route, re.Pattern[str]]], method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    for route, pattern in routes:
        match = pattern.fullmatch(path)
        if match is not None and route.method == method:
            return route, match.groups()
    raise gone(method, path.partition("/")[0])


def gone(method: str, name: str) -> Refused:
    """Return the refusal of an object that is not there, or not for this token, or knows no such edge."""
    words = f"Unsupported {method.lower()} request. Object with ID '{name}' does not exist, cannot be loaded due to"
    return Refused(100, f"{words} missing permissions, or does not support this operation", 33)


def _bearer(header: str) -> str:
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() in ("bearer", "oauth") else ""


def _permitted(token: Token, scope: str | None) -> None:
    if scope is None or not token.scopes.isdisjoint(scope.split("|")):
        return
    raise Refused(10, f"Application does not have permission for this action: {scope}", status=403)


async def _form(request: web.Request) -> dict[str, str]:
    if request.method != "POST":
        return {}
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
