"""A platform that answers nonsense about some records: a server in front of the played one that spoils its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import ClientSession, web

Spoil = Callable[[Any], None]
_HOP = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")


class Proxy:
    """Passes everything on to `target`; `spoil` may change a JSON answer in place. Runs in the loop that opens it."""

    def __init__(self, target: str, spoil: Spoil) -> None:
        self._target = target
        self.spoil = spoil

    async def __aenter__(self) -> str:
        """Start, and return the address."""
        self._client = ClientSession()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _pass(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        body = await request.read()
        async with self._client.request(
            request.method, self._target + request.raw_path, headers=headers, data=body
        ) as told:
            answer = orjson.loads(await told.read())
            self.spoil(answer)
            kept = {name: value for name, value in told.headers.items() if name.lower() not in _HOP}
            kept.pop("Content-Type", None)
            return web.Response(
                status=told.status, body=orjson.dumps(answer), headers=kept, content_type="application/json"
            )


def each_object(tree: Any) -> Any:
    """Yield every object of a JSON tree, the outer ones first."""
    if isinstance(tree, dict):
        yield tree
        for part in tree.values():
            yield from each_object(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from each_object(part)
