"""Serve the sandbox on loopback: each host of each part on its own port, and a control port beside them.

Control: `POST /clock {"advance": seconds}` or `{"now": unix time}` (with `"deliver": true` it answers when
the deliveries due by then have been tried), `POST /faults {"names": {name: rate}}`, `GET /state`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from jalon.sandbox import truth
from jalon.sandbox.brand import generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import FAULT_LOG, Faults, Handler, fault_middleware
from jalon.sandbox.parts import PARTS, Part, load
from jalon.sandbox.webhooks import Deliverer
from jalon.sandbox.world import World

HOST = "127.0.0.1"
BODY_AT_MOST = 16 * 1024 * 1024


class Sandbox:
    """The played platforms over one world; an async context manager that serves them while it is open.

    `base_port` is the first of the ports taken, in a fixed order (control first); 0 takes any free ones. `latency` is
    seconds added to each answer. `limits` sets figures of parts by name, such as
    `{"tiktok_shop": {"requests_per_second": 10}}`. With `deliver` off, webhooks go out only when
    `deliverer.pump()` is called.
    """

    def __init__(
        self,
        world: World,
        clock: Clock | None = None,
        faults: Faults | None = None,
        *,
        parts: Sequence[str] = tuple(PARTS),
        base_port: int = 0,
        latency: float = 0.0,
        limits: Mapping[str, Mapping[str, float]] | None = None,
        deliver: bool = True,
    ) -> None:
        self.world = world
        self.clock = clock or Clock()
        self.faults = faults or Faults()
        self.deliverer = Deliverer(self.clock, self.faults)
        self.addresses: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        """Answers given, by `part.role status`."""
        self.struck: list[str] = []
        """Names of the faults that struck, in order."""
        self._latency = latency
        self._deliver = deliver
        self._base_port = base_port
        self._running: list[web.AppRunner] = []
        self._delivering: asyncio.Task[None] | None = None
        self.parts: dict[str, Part] = {}
        for name in parts:
            part = load(name)(world, self.clock, self.faults, self.deliverer)
            part.limits.update((limits or {}).get(name, {}))
            self.deliverer.sources.append(part.events)
            self.parts[name] = part

    async def __aenter__(self) -> Self:
        """Start serving."""
        apps = {"control": self._control()}
        for name, part in self.parts.items():
            for role, app in part.apps.items():
                self._wrap(app, f"{name}.{role}")
                apps[f"{name}.{role}"] = app
        for number, (name, app) in enumerate(apps.items()):
            port = self._base_port + number if self._base_port else 0
            self.addresses[name] = await self._serve(app, port)
        self.deliverer.start()
        if self._deliver:
            self._delivering = asyncio.create_task(self.deliverer.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving, at once."""
        try:
            if self._delivering is not None:
                self._delivering.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._delivering
        finally:
            await self.deliverer.close()
            for runner in self._running:
                await runner.cleanup()

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return, by part, the settings of a source that reads it, with the secrets (name to value) under `secrets`."""
        return {name: part.settings(self.addresses) for name, part in self.parts.items()}

    def truth(self) -> dict[str, Any]:
        """Return the truth as of the sandbox's clock; see `jalon.sandbox.truth`."""
        now = self.clock.now()
        return truth.truth(self.world, now) | {"parts": {name: part.truth(now) for name, part in self.parts.items()}}

    def write_truth(self, path: Path | None) -> None:
        """Write the truth to a file as JSON, if one is wanted."""
        if path is not None:
            path.write_text(json.dumps(self.truth()), encoding="utf-8")

    def _wrap(self, app: web.Application, name: str) -> None:
        app[FAULT_LOG] = self.struck
        app.middlewares.insert(0, fault_middleware(self.faults))
        app.middlewares.insert(0, self._meter(name))
        app.on_response_prepare.append(self._date)

    async def _date(self, _: web.Request, answer: web.StreamResponse) -> None:
        """Date an answer: a client compares its clock with this."""
        answer.headers["Date"] = formatdate(self.clock.dated(), usegmt=True)

    def _meter(self, name: str) -> Middleware:
        @web.middleware
        async def meter(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self._latency:
                await asyncio.sleep(self._latency)
            answer = await handler(request)
            self.requests[f"{name} {answer.status}"] += 1
            return answer

        return meter

    async def _serve(self, app: web.Application, port: int) -> str:
        # Handlers are cancelled when a client goes away, so that a hanging answer does not outlive it.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        self._running.append(runner)
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        return f"http://{HOST}:{runner.addresses[0][1]}"

    def _control(self) -> web.Application:
        app = web.Application(client_max_size=BODY_AT_MOST)
        app.router.add_post("/clock", self._move)
        app.router.add_post("/faults", self._switch)
        app.router.add_get("/state", self._state)
        return app

    async def _move(self, request: web.Request) -> web.Response:
        words = await request.json()
        try:
            if "now" in words:
                self.clock.set(float(words["now"]))
            else:
                self.clock.advance(float(words["advance"]))
        except (KeyError, TypeError, ValueError) as error:
            return _wrong('give {"advance": seconds} or {"now": unix time}', error)
        tries = await self.deliverer.pump() if words.get("deliver") else None
        return web.json_response({"now": self.clock.now(), "tries": tries})

    async def _switch(self, request: web.Request) -> web.Response:
        words = await request.json()
        try:
            self.faults.set(words["names"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return _wrong('give {"names": {name: rate}}', error)
        return web.json_response({"names": self.faults.rates})

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "now": self.clock.now(),
                "seed": self.world.seed,
                "addresses": self.addresses,
                "faults": self.faults.rates,
                "struck": dict(Counter(self.struck)),
                "requests": dict(self.requests),
                "deliveries": {
                    "tries": len(self.deliverer.attempts),
                    "waiting": self.deliverer.waiting,
                    "dropped": len(self.deliverer.dropped),
                },
            }
        )


def _wrong(remedy: str, error: Exception) -> web.Response:
    return web.json_response({"error": f"{remedy} ({error})"}, status=400)


@contextlib.asynccontextmanager
async def serve(
    *,
    seed: int = 1,
    orders: int = 2000,
    days: int = 60,
    horizon_days: int = 30,
    base_port: int = 0,
    faults: Mapping[str, float] | None = None,
    truth_file: Path | None = None,
    clock: Clock | None = None,
    parts: Sequence[str] = tuple(PARTS),
    latency: float = 0.0,
    limits: Mapping[str, Mapping[str, float]] | None = None,
) -> AsyncIterator[Sandbox]:
    """Generate a brand around the clock's present, serve it, and yield the sandbox.

    The truth file is written when it opens and when it closes. The world depends on seed, size and the present day
    (UTC), so that a restart within a day plays the same brand.
    """
    clock = clock or Clock()
    today = int(clock.now()) // 86_400 * 86_400
    world = generate(seed, orders=orders, days=days, horizon_days=horizon_days, now=today)
    struck = Faults(seed, faults)
    async with Sandbox(
        world, clock, struck, parts=parts, base_port=base_port, latency=latency, limits=limits
    ) as sandbox:
        try:
            sandbox.write_truth(truth_file)
            yield sandbox
        finally:
            sandbox.write_truth(truth_file)
