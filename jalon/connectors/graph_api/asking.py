"""Ask the Graph API: a question, its credentials, and pages by cursor.

The token travels in the Authorization header, never in an address. An answer's `paging.next` is an address with the
token in it: it is read only as the sign that there is more, and never followed. https://developers.facebook.com/docs/graph-api/results
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Credentials, Fault, Request, Session, Split
from jalon.connectors.graph_api.settings import Settings

INPUT, CURRENT = "input_token", "\0current"
"""Parameter of `debug_token`, and the value in place of which `prepare` puts the token that is in use."""
FEWEST = 1
"""Rows on a page below which a page that is too much for the platform cannot be cut."""


class Page(NamedTuple):
    """The rows of a page, and the cursor of the next one; None: there is none."""

    rows: list[Row]
    after: str | None


# --- one question -----------------------------------------------------------------------------------------------------


def get(settings: Settings, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Request:
    """Return a question to a node or edge, such as `me/accounts`, in the version that the settings name."""
    return Request("GET", versioned(settings, path), query or {}, **more)


def post(settings: Settings, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Request:
    """Return a request that changes something."""
    return Request("POST", versioned(settings, path), query or {}, **more)


def versioned(settings: Settings, path: str) -> str:
    """Return the path with its version: without one, the app's dashboard would choose."""
    return f"/{settings.version}/{path}"


def prepare(request: Request, settings: Settings, credentials: Credentials | None) -> Request:
    """Return the request with the token in its headers, and the app's proof where its secret is known."""
    if request.anonymous or credentials is None:
        return request
    if request.query.get(INPUT) == CURRENT:
        query = {**request.query, INPUT: credentials.access_token}
        return replace(request, query=query, headers={**request.headers, **as_app(settings)})
    headers = {**request.headers, "authorization": f"Bearer {credentials.access_token}"}
    if settings.app_secret is None:
        return replace(request, headers=headers)
    proof = appsecret_proof(credentials.access_token, settings.app_secret.get_secret_value())
    return replace(request, headers=headers, query={**request.query, "appsecret_proof": proof})


def as_app(settings: Settings) -> dict[str, str]:
    """Return the header of the app itself: its id and secret are its token."""
    secret = settings.app_secret.get_secret_value() if settings.app_secret else ""
    return {"authorization": f"Bearer {settings.app_id}|{secret}"}


def as_token(settings: Settings, request: Request, token: str) -> Request:
    """Return a request that goes out under another token than the source's own."""
    return replace(prepare(request, settings, Credentials(token)), anonymous=True)


def appsecret_proof(token: str, secret: str) -> str:
    """Return the proof that whoever holds a token is the app: HMAC-SHA256 of the token, hex.

    https://developers.facebook.com/docs/graph-api/guides/secure-requests
    """
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


# --- what was answered ------------------------------------------------------------------------------------------------


def rows(data: Any) -> list[Row]:
    """Return the objects of an answer's `data`. Raises `TypeError` if there is no such list."""
    found = data["data"]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise TypeError("'data' is no list of objects")
    return found


def moment(value: Any) -> int | None:
    """Return a time such as `2026-10-05T07:56:32+0000` in unix seconds; None: it is none."""
    try:
        return int(datetime.fromisoformat(text(value)).timestamp())
    except ValueError:
        return None


def page_of(data: Any) -> Page:
    """Return a page. It is the last one where `next` is absent, however many rows it has or lacks. Raises `Fault`."""
    paging = data.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    return Page(rows(data), _cursor(paging, following) if following else None)


def _cursor(paging: Row, following: Any) -> str:
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not after:
        after = dict(parse_qsl(urlsplit(str(following)).query)).get("after")
    if not after:
        raise Fault("the platform says that there is another page, but not which")
    return after


async def pages(session: Session, request: Request, after: str | None = None) -> AsyncIterator[Page]:
    """Yield the pages of an edge, from `after` on; `limit` in the query is halved while a page is too much.

    Raises `Fault`; a cursor that comes twice is one.
    """
    seen, position = set[str](), after
    while True:
        asked = {**request.query, "after": position} if position else request.query
        try:
            page = page_of((await session.ask(replace(request, query=asked))).data)
        except Split:
            request = _narrower(request)
            continue
        if page.after is not None and page.after in seen:
            raise Fault("the platform gave the same page mark twice")
        yield page
        if page.after is None:
            return
        seen.add(page.after)
        position = page.after


def _narrower(request: Request) -> Request:
    """Return the request for half as many rows. Raises `Split` again where one row is too much."""
    limit = int(request.query.get("limit", "0"))
    if limit // 2 < FEWEST:
        raise Split("a single row is more than the platform answers at once")
    return replace(request, query={**request.query, "limit": str(limit // 2)})
