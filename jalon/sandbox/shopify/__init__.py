"""Shopify, played: the Admin API of one shop, its storage host, and its webhooks.

https://shopify.dev/docs/api/admin-graphql/2026-10
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from graphql import value_from_ast_untyped
from graphql.language import FieldNode

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, Faults
from jalon.sandbox.shopify.asking import Asking
from jalon.sandbox.shopify.bulk import BulkJobs, Job
from jalon.sandbox.shopify.bulk_rules import Validator
from jalon.sandbox.shopify.catalog import shelf
from jalon.sandbox.shopify.door import Door
from jalon.sandbox.shopify.execute import Library
from jalon.sandbox.shopify.fields import make_schema
from jalon.sandbox.shopify.history import History
from jalon.sandbox.shopify.hooks import Hooks
from jalon.sandbox.shopify.journey import Tree, instant
from jalon.sandbox.shopify.operations import Operations
from jalon.sandbox.shopify.orders import Orders
from jalon.sandbox.shopify.rest import Rest
from jalon.sandbox.shopify.roots import API_VERSION, Roots
from jalon.sandbox.shopify.tokens import Denied, Tokens
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

DOMAIN = "atelier-jalon.myshopify.com"
SHOP_ID = "92891250994"
CLIENT_ID = "jalon-sandbox-client"
SCOPES = ("read_all_orders", "read_customers", "read_marketing_events", "read_orders", "read_products", "read_returns")
BULK_STEP = 50
"""Root objects that a bulk operation works on before others get their turn."""


class ShopifyPart:
    """One shop behind Shopify's hosts.

    `limits`: `maximum_available` and `restore_rate` (points, and points a second), `bulk_jobs` (at once),
    `bulk_seconds` (that one takes at least), `protected_data_level` (2: e-mail, phone, names, addresses may be read).
    `scopes` may be taken away at any time, `door.fail_next` makes the next answers internal errors, and
    `door.version` is the API version that answers.
    """

    def __init__(self, world: World, clock: Clock, faults: Faults, deliverer: Deliverer) -> None:
        self.limits: dict[str, float] = {
            "maximum_available": 20_000,
            "restore_rate": 1_000,
            "bulk_jobs": 5,
            "bulk_seconds": 0.2,
            "protected_data_level": 2,
        }
        self.scopes = set(SCOPES)
        self.client_id = CLIENT_ID
        self.compliance_address = ""
        """Where the app's configuration sends the compliance topics; empty: to every address subscribed to anything."""
        self._world, self._clock, self._deliverer = world, clock, deliverer
        self._secret = f"shpss_canary-client-secret-{world.seed}"
        self.tokens = Tokens(
            clock,
            faults,
            CLIENT_ID,
            self._secret,
            lasting=f"shpat_canary-access-{world.seed}",
            refresh_token=f"shprt_canary-refresh-{world.seed}",
        )
        self.orders = Orders(world, History(world), shelf(world))
        self.roots = Roots(world, self.orders, DOMAIN, SHOP_ID)
        self.hooks = Hooks(
            self.orders, Rest(self.roots.zone), DOMAIN, int(SHOP_ID), self._secret, API_VERSION, clock.now
        )
        schema = make_schema(self.roots.resolvers() | Operations(self.roots, self.hooks, lambda: self.bulk).resolvers())
        self._library = Library(schema)
        self.door = Door(self._library, self.tokens, clock, self.limits, self.scopes, API_VERSION)
        self.bulk = BulkJobs(
            Validator(schema), self._bulk_steps, clock.wall, self.limits, self._secret.encode(), self._bulk_finished
        )
        self._serial = itertools.count(1)
        self.apps = {"api": self._api(), "storage": self._storage()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        self.bulk.storage = addresses["shopify.storage"]
        return {
            "connector": "shopify",
            "shop": DOMAIN,
            "api_url": addresses["shopify.api"],
            "storage_hosts": [addresses["shopify.storage"]],
            "timezone": self._world.shopify_timezone,
            "secrets": {"access_token": self.tokens.lasting, "client_secret": self._secret},
        }

    def truth(self, _: float, /) -> dict[str, Any]:
        """Return nothing: the world's own truth tells all of it."""
        return {}

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        return list(self.hooks.events(after, until))

    # --- what happens on demand -------------------------------------------------------------------------------------

    def redact(self, customer_id: str) -> list[Event]:
        """Ask the app to erase a customer (`customers/redact`)."""
        person, placed = self.hooks.person(customer_id)
        return self._comply("customers/redact", {"customer": person, "orders_to_redact": placed})

    def request_data(self, customer_id: str) -> list[Event]:
        """Ask the app for what it holds of a customer (`customers/data_request`)."""
        person, placed = self.hooks.person(customer_id)
        asked = {"customer": person, "orders_requested": placed, "data_request": {"id": next(self._serial)}}
        return self._comply("customers/data_request", asked)

    def redact_shop(self) -> list[Event]:
        """Ask the app to erase the shop (`shop/redact`)."""
        return self._comply("shop/redact", {})

    def uninstall(self) -> list[Event]:
        """Take the app out of the shop: tokens die, and subscribers of `app/uninstalled` are told."""
        self.tokens.revoked = True
        body = {"id": int(SHOP_ID), "myshopify_domain": DOMAIN, "domain": DOMAIN, "name": "Atelier Jalon"}
        return self._send(self.hooks.tell("app/uninstalled", body, self._clock.now(), str(uuid.uuid4()), "uninstalled"))

    def _comply(self, topic: str, body: Tree) -> list[Event]:
        subscribed = {known.uri for known in self.hooks.by_number.values()}
        addresses = [self.compliance_address] if self.compliance_address else sorted(subscribed)
        serial = next(self._serial)
        return self._send(self.hooks.compliance(topic, address, body, serial) for address in addresses)

    def _send(self, events: Iterator[Event]) -> list[Event]:
        sent = list(events)
        for event in sent:
            self._deliverer.send(event)
        return sent

    # --- the hosts --------------------------------------------------------------------------------------------------

    def _api(self) -> web.Application:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app[THROTTLED] = self.door.throttled
        app.router.add_post("/admin/api/{version}/graphql.json", self.door.handle)
        app.router.add_post("/admin/oauth/access_token", self._token)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _: web.Application) -> None:
        await self.bulk.close()

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            words = orjson.loads(body) if body.lstrip()[:1] == b"{" else dict(parse_qsl(body.decode()))
            answer = self.tokens.grant(words)
        except (Denied, ValueError) as error:
            code = str(error) if isinstance(error, Denied) else "invalid_request"
            return web.json_response({"error": code, "error_description": "The token request was refused."}, status=400)
        return web.json_response(answer | {"scope": ",".join(sorted(self.scopes))})

    def _storage(self) -> web.Application:
        app = web.Application()
        app.router.add_get(r"/bulk-operation-outputs/{number:\d+}.jsonl", self._download)
        return app

    async def _download(self, request: web.Request) -> web.Response:
        content = self.bulk.download(int(request.match_info["number"]), request.query_string)
        if content is None:
            page = '<?xml version="1.0"?><Error><Code>ExpiredToken</Code></Error>'
            return web.Response(status=400, text=page, content_type="application/xml")
        return web.Response(body=content, content_type="application/jsonl")

    # --- bulk operations --------------------------------------------------------------------------------------------

    def _bulk_steps(self, job: Job) -> Iterator[list[Tree]]:
        """Run a bulk query over some root objects at a time, as they are when it starts."""
        prepared = self._library.prepare(job.query)
        operation = prepared.operation(None)
        assert operation is not None
        for field in operation.selection_set.selections:
            if not isinstance(field, FieldNode):
                continue
            name = field.alias.value if field.alias else field.name.value
            words = {word.name.value: value_from_ast_untyped(word.value) for word in field.arguments or ()}
            asking = Asking(prepared, self.door.sight(), self._clock.now(), bulk=name)
            nodes = self.roots.bulk_nodes(asking, field.name.value, words.get("query"), words.get("sortKey", "ID"))
            for first in range(0, max(len(nodes), 1), BULK_STEP):
                asking.chunk = nodes[first : first + BULK_STEP]
                data, errors = self._library.run(asking, {}, operation)
                if errors:
                    raise errors[0]
                yield [edge["node"] for edge in data[name]["edges"]]

    def _bulk_finished(self, job: Job) -> None:
        body = {
            "admin_graphql_api_id": job.gid,
            "status": job.status.lower(),
            "type": "query",
            "error_code": job.error.lower() if job.error else None,
            "created_at": instant(job.created_at),
            "completed_at": instant(job.completed_at or job.created_at),
        }
        now = self._clock.now()
        self._send(self.hooks.tell("bulk_operations/finish", body, now, str(uuid.uuid4()), str(job.number)))
