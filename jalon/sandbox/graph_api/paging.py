"""Pages of the Graph API, played: a cursor names the row it stands behind, so that rows which go or come shift nothing.

A page may be short, or even empty, while there is more; the last one has cursors too, but no `next`. The `next` link
carries the caller's token, as the real one does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson

from jalon.sandbox.graph_api.words import Call, Refused, TooMuch

T = TypeVar("T")
USUAL = 25


def page(
    call: Call,
    rows: Sequence[T],
    key: Callable[[T], str],
    show: Callable[[T], dict[str, Any] | None],
    *,
    most: int = 100,
    too_much: int = 0,
) -> dict[str, Any]:
    """Return a page of `rows`, which stand in the order of falling `key`; a row that `show` hides leaves a gap.

    More than `too_much` rows at once (0: no limit) raises `TooMuch`.
    """
    limit = call.number("limit", USUAL, most)
    if too_much and limit > too_much:
        raise TooMuch
    after = _decoded(call.query["after"]) if call.query.get("after") else None
    left = [row for row in rows if after is None or key(row) < after]
    found = left[:limit]
    if not found:
        return {"data": []}
    data = [made for row in found if (made := show(row)) is not None]
    cursors = {"before": _encoded(key(found[0])), "after": _encoded(key(found[-1]))}
    paging: dict[str, Any] = {"cursors": cursors}
    if len(left) > limit:
        query = {**call.query, "access_token": call.token, "limit": str(limit), "after": cursors["after"]}
        paging["next"] = f"{call.address}?{urlencode(query)}"
    return {"data": data, "paging": paging}


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=") + "ZD"


def _decoded(cursor: str) -> str:
    text = cursor.removesuffix("ZD")
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, str):
        raise Refused(100, "Invalid cursor")
    return found
