"""Page tokens of TikTok Shop, played: opaque text with `/`, `+` and `=` in it, an offset behind it.

An offset counts rows as they stand when the page is asked for, so rows that change between two pages shift the rest.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TypeVar

from jalon.sandbox.tiktok_shop.envelope import Refused

T = TypeVar("T")
_MARK = b"\xfb\xff\xbf"
"""These bytes make base64 begin with `+/+/`."""


def token(offset: int) -> str:
    """Return the page token for the rows from `offset` on."""
    text = str(offset).encode()
    padded = text if len(text) % 3 else b"0" + text  # so that "=" closes it
    return base64.b64encode(_MARK + padded).decode()


def offset(page_token: str) -> int:
    """Return the offset in a page token, 0 for none; raise Refused for one that was never given."""
    if not page_token:
        return 0
    try:
        raw = base64.b64decode(page_token, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(_MARK) or not raw[len(_MARK) :].isdigit():
        raise Refused(36009004, "Invalid 'page_token' query parameter.")
    return int(raw[len(_MARK) :])


def page_size(query: Mapping[str, str], *, most: int, usual: int | None = None) -> int:
    """Return `page_size` of a query; `usual` is taken where it is missing, and where that is None it is required."""
    text = query.get("page_size", "" if usual is None else str(usual))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= most:
        raise Refused(36009004, f"Invalid 'page_size' query parameter: give a number from 1 to {most}.")
    return int(text)


def cut(rows: Sequence[T], query: Mapping[str, str], size: int) -> tuple[Sequence[T], str]:
    """Return the rows of the page that `query` asks for and the token of the next one, empty at the end."""
    first = offset(query.get("page_token", ""))
    last = first + size
    return rows[first:last], token(last) if last < len(rows) else ""
