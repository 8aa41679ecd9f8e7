"""Asking Shopify: one address, one envelope, and the tokens that open it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jalon.connectors.base import Credentials, Request, Session, Stop
from jalon.connectors.shopify.queries import Wanted
from jalon.connectors.shopify.records import part
from jalon.connectors.wire import encode

TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105  # an address, not a token


def question(settings: Any, query: str, variables: Mapping[str, Any], cost: float) -> Request:
    """Return the request that puts one GraphQL query or mutation."""
    path = f"/admin/api/{settings.version}/graphql.json"
    return Request("POST", path, body=encode({"query": query, "variables": dict(variables)}), cost=cost)


async def ask(session: Session, query: str, variables: Mapping[str, Any], cost: float) -> dict[str, Any]:
    """Return the `data` of the answer to a GraphQL query."""
    answer = await session.ask(question(session.settings, query, variables, cost))
    data: dict[str, Any] = part(answer.data, "data")
    return data


# --- scopes ---------------------------------------------------------------------------------------------------------


def granted(session: Session, scope: str) -> bool:
    """Say whether the app holds a scope, as far as `greet` learned; writing includes reading."""
    scopes = session.account.get("scopes")
    return scopes is None or not {scope, scope.replace("read_", "write_")}.isdisjoint(scopes.split())


def wanted(session: Session) -> Wanted:
    """Return which guarded fields of an order to ask: a field without its scope would refuse the whole page."""
    return Wanted(
        customer=granted(session, "read_customers"),
        contact=session.settings.customer_contact,
        returns=granted(session, "read_returns"),
        products=granted(session, "read_products"),
    )


# --- tokens ---------------------------------------------------------------------------------------------------------
#
# Refresh tokens rotate: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
# Own-shop apps take a grant: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant

_OWN_GRANT = {"grant_type": "client_credentials"}


async def new_token(session: Session, credentials: Credentials | None) -> Credentials:
    """Return new credentials for the refresh token, or for the app's own grant where there is none."""
    settings = session.settings
    refresh = credentials.refresh_token if credentials else None
    if not settings.client_id or not settings.client_secret or (settings.access_token and not refresh):
        raise Stop(
            "Shopify does not accept the access token, and there is nothing to renew it with",
            "Put a valid access_token in place, or client_id and client_secret of an app of the shop.",
            kind="auth",
        )
    grant = {"grant_type": "refresh_token", "refresh_token": refresh} if refresh else _OWN_GRANT
    answer = await session.ask(_token_request(settings, grant, once=refresh is not None))
    return _credentials(answer.data, session.now())


def _token_request(settings: Any, grant: Mapping[str, Any], once: bool) -> Request:
    form = {"client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value(), **grant}
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    body = urlencode(form).encode()
    return Request("POST", TOKEN_PATH, body=body, headers=headers, anonymous=True, cost=0.0, idempotent=not once)


def _credentials(answer: Any, now: float) -> Credentials:
    """Read a token answer."""
    token = part(answer, "access_token")
    ends = (_end(answer.get(name), now) for name in ("expires_in", "refresh_token_expires_in"))
    return Credentials(token, answer.get("refresh_token"), *ends)


def _end(lifetime: Any, now: float) -> float | None:
    """Return when a lifetime in seconds is over; None: never."""
    return None if lifetime is None else now + float(lifetime)
