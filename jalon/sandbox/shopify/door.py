"""The Admin API's one address: who asks, what it costs, what is answered.

Business errors come with HTTP 200 and a code in `errors[].extensions`; only a missing token (401) and a body that is no
question (400) have a status of their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from graphql import GraphQLError, OperationDefinitionNode, value_from_ast_untyped

from jalon.sandbox.clock import Clock
from jalon.sandbox.shopify.asking import Asking
from jalon.sandbox.shopify.cost import Bucket
from jalon.sandbox.shopify.execute import Library, Prepared, dumps, told
from jalon.sandbox.shopify.fields import PROTECTED
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.tokens import Tokens

DEAREST = 1000
"""Points that one query may cost. https://shopify.dev/docs/api/usage/limits"""
DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"
UNRECOGNISED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


@dataclass(slots=True)
class Door:
    """Answer GraphQL requests.

    `limits` is read at each request: `maximum_available`, `restore_rate` (the bucket), `protected_data_level` (1 or 2).
    """

    library: Library
    tokens: Tokens
    clock: Clock
    limits: dict[str, float]
    scopes: set[str]
    version: str
    """The version that answers, whichever was asked for."""
    fail_next: int = 0
    """How many of the next answers are INTERNAL_SERVER_ERROR."""
    _bucket: Bucket | None = field(default=None)

    @property
    def bucket(self) -> Bucket:
        """Return the bucket of points; its limits may be set until the first request."""
        if self._bucket is None:
            self._bucket = Bucket(self.limits["maximum_available"], self.limits["restore_rate"], self.clock.wall)
        return self._bucket

    def sight(self) -> frozenset[str]:
        """Return what the app may see."""
        approved = {PROTECTED} if self.limits["protected_data_level"] >= 2 else set()
        return frozenset(self.scopes | approved)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer `POST /admin/api/{version}/graphql.json`."""
        if not self.tokens.accepts(request.headers.get("X-Shopify-Access-Token", "")):
            return self._reply({"errors": UNRECOGNISED}, 401)
        try:
            body = orjson.loads(await request.read())
            text, variables, name = body["query"], body.get("variables") or {}, body.get("operationName")
            if not (isinstance(text, str) and isinstance(variables, dict)):
                raise TypeError("neither text nor variables")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return self._reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        return self._reply(self._answer(text, variables, name))

    def throttled(self, _: web.Request) -> web.Response:
        """Refuse a request as too fast, whatever it asks for."""
        return self._reply(self._refusal(_throttled(), DEAREST))

    def _reply(self, body: Tree, status: int = 200) -> web.Response:
        return web.Response(
            body=dumps(body),
            status=status,
            content_type="application/json",
            headers={"X-Shopify-API-Version": self.version, "X-Request-Id": str(uuid.uuid4())},
        )

    def _answer(self, text: str, variables: dict[str, Any], name: str | None) -> Tree:
        if self.fail_next > 0:
            self.fail_next -= 1
            return {"errors": [_internal()]}
        try:
            prepared = self.library.prepare(text)
        except GraphQLError as error:
            return {"errors": [told(error)]}
        operation = prepared.operation(name)
        if prepared.errors or operation is None:
            errors = prepared.errors or [GraphQLError("An operation name is required")]
            return {"errors": [told(error) for error in errors]}
        return self._priced(prepared, operation, with_defaults(operation, variables))

    def _priced(self, prepared: Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Tree:
        price = prepared.price(operation)
        asked = price.requested(variables)
        if asked > DEAREST:
            return self._refusal(_too_dear(asked), asked)
        if not self.bucket.take(asked):
            return self._refusal(_throttled(), asked)
        asking = Asking(prepared, self.sight(), self.clock.now())
        data, errors = self.library.run(asking, variables, operation)
        if any(error.original_error and not isinstance(error.original_error, GraphQLError) for error in errors):
            return {"errors": [_internal()]}
        if data is None and errors and all(error.path is None for error in errors):
            self.bucket.give_back(asked)
            return {"errors": [told(error) for error in errors]}
        actual = min(asked, price.actual(data, variables))
        self.bucket.give_back(asked - actual)
        answer: Tree = {"errors": [told(error) for error in errors]} if errors else {}
        extensions: Tree = {"cost": self._cost(asked, actual)}
        if asking.searches:
            extensions["search"] = asking.searches
        return answer | {"data": data, "extensions": extensions}

    def _cost(self, asked: int, actual: int | None) -> Tree:
        return {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": self.bucket.status()}

    def _refusal(self, error: Tree, asked: int) -> Tree:
        return {"errors": [error], "extensions": {"cost": self._cost(asked, None)}}


def with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables with the operation's own defaults filled in."""
    filled = dict(variables)
    for definition in operation.variable_definitions or ():
        if definition.default_value is not None:
            filled.setdefault(definition.variable.name.value, value_from_ast_untyped(definition.default_value))
    return filled


def _throttled() -> Tree:
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": DOCUMENTATION}}


def _too_dear(asked: int) -> Tree:
    return {
        "message": f"Query cost is {asked}, which exceeds the single query max cost limit ({DEAREST}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": asked,
            "maxCost": DEAREST,
            "documentation": DOCUMENTATION,
        },
    }


def _internal() -> Tree:
    request_id = str(uuid.uuid4())
    return {
        "message": f"Internal error. Looks like something went wrong on our end.\nRequest ID: {request_id}",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    }
