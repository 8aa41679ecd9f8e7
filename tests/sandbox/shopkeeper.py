"""A small client of the played Shopify, for tests: asks, pages, exports, and receives deliveries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import httpx
from aiohttp import web

from jalon.sandbox.brand import NOW, generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.server import Sandbox
from jalon.sandbox.shopify import ShopifyPart
from jalon.sandbox.world import World

WORLD = generate(7, orders=600)
RUN = (
    "mutation($q:String!,$g:Boolean!){bulkOperationRunQuery(query:$q,groupObjects:$g)"
    "{bulkOperation{id status} userErrors{field message code}}}"
)
STATUS = (
    "query($id:ID!){bulkOperation(id:$id){id status errorCode objectCount rootObjectCount fileSize url completedAt}}"
)
SUBSCRIBE = (
    "mutation($t:WebhookSubscriptionTopic!,$w:WebhookSubscriptionInput!){webhookSubscriptionCreate(topic:$t,"
    "webhookSubscription:$w){webhookSubscription{id uri includeFields} userErrors{field message}}}"
)


class Shopkeeper:
    """Ask the API of a sandbox as an app installed in the shop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.part = cast(ShopifyPart, sandbox.parts["shopify"])
        self.settings = sandbox.settings()["shopify"]
        self.token: str = self.settings["secrets"]["access_token"]
        self.client = httpx.AsyncClient(timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def post(self, text: str, **variables: Any) -> httpx.Response:
        address = f"{self.settings['api_url']}/admin/api/2026-10/graphql.json"
        headers = {"X-Shopify-Access-Token": self.token}
        return await self.client.post(address, json={"query": text, "variables": variables}, headers=headers)

    async def ask(self, text: str, **variables: Any) -> dict[str, Any]:
        answer = await self.post(text, **variables)
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    async def data(self, text: str, **variables: Any) -> dict[str, Any]:
        answer = await self.ask(text, **variables)
        assert "errors" not in answer, answer["errors"]
        return cast(dict[str, Any], answer["data"])

    async def orders(
        self, fields: str, search: str = "", size: int = 100, sort: str = "UPDATED_AT"
    ) -> list[dict[str, Any]]:
        """Return all orders by paging."""
        text = (
            f"query($q:String,$after:String){{orders(first:{size},after:$after,query:$q,sortKey:{sort})"
            f"{{pageInfo{{hasNextPage endCursor}} nodes{{{fields}}}}}}}"
        )
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = (await self.data(text, q=search or None, after=after))["orders"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    async def export(self, query: str, *, grouped: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run a bulk operation to its end and return it with the lines of its file."""
        started = (await self.data(RUN, q=query, g=grouped))["bulkOperationRunQuery"]
        assert started["userErrors"] == []
        while True:
            job = (await self.data(STATUS, id=started["bulkOperation"]["id"]))["bulkOperation"]
            if job["status"] not in ("CREATED", "RUNNING", "CANCELING"):
                break
            await asyncio.sleep(0.02)
        if job["url"] is None:
            return job, []
        file = await self.client.get(job["url"])
        assert file.headers["content-type"] == "application/jsonl"
        return job, [json.loads(line) for line in file.text.splitlines()]


@asynccontextmanager
async def open_shop(
    world: World = WORLD, *, now: float = NOW, faults: dict[str, float] | None = None, **limits: float
) -> AsyncIterator[Shopkeeper]:
    """Play the shop at a frozen moment."""
    sandbox = Sandbox(
        world,
        Clock(now, frozen=True),
        Faults(1, faults),
        parts=["shopify"],
        deliver=False,
        limits={"shopify": {"bulk_seconds": 0.01, **limits}},
    )
    async with sandbox, Shopkeeper(sandbox) as shop:
        yield shop


class Receiver:
    """A server that keeps what is delivered to it and answers `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hooks"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return the bodies delivered under a topic."""
        return [json.loads(body) for headers, body in self.got if headers["X-Shopify-Topic"] == topic]
