"""Page tokens of TikTok Shop, played: opaque text with `/`, `+` and `=` in it, an offset behind it.

An offset counts rows as they stand when the page is asked for, so rows that change between two pages shift the rest. A
token is good for the question alone that it was given for: same filters, same order, same size of a page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import orjson

from jalon.sandbox.tiktok_shop.envelope import Call, Refused

T = TypeVar("T")
_MARK = b"\xfb\xff\xbf"
"""These bytes make base64 begin with `+/+/`."""
_BESIDE = frozenset({"page_token", "sign", "timestamp", "app_key", "shop_cipher"})
"""What of a query says who asks, when, and where to go on, not what for."""


def token(offset: int, call: Call) -> str:
    """Return the page token for the rows of a question from `offset` on."""
    text = str(offset).encode()
    padded = text if len(text) % 3 else b"0" + text  # so that "=" closes it
    return base64.b64encode(_MARK + _question(call) + padded).decode()


def offset(call: Call) -> int:
    """Return the offset in the page token of a question, 0 for none; raise Refused for one that was never given."""
    page_token = call.query.get("page_token", "")
    if not page_token:
        return 0
    try:
        raw = base64.b64decode(page_token, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    given = _MARK + _question(call)
    if not raw.startswith(given) or not raw[len(given) :].isdigit():
        raise Refused(36009004, "Invalid 'page_token' query parameter.")
    return int(raw[len(given) :])


def _question(call: Call) -> bytes:
    """Return six bytes that only what is asked for decides, whoever asks and whenever."""
    asked = {name: text for name, text in call.query.items() if name not in _BESIDE}
    words = orjson.dumps([asked, dict(call.path), dict(call.words)], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(words, digest_size=6).digest()


def page_size(query: Mapping[str, str], *, most: int, usual: int | None = None) -> int:
    """Return `page_size` of a query; `usual` is taken where it is missing, and where that is None it is required."""
    text = query.get("page_size", "" if usual is None else str(usual))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= most:
        raise Refused(36009004, f"Invalid 'page_size' query parameter: give a number from 1 to {most}.")
    return int(text)


def cut(rows: Sequence[T], call: Call, size: int) -> tuple[Sequence[T], str]:
    """Return the rows of the page that `call` asks for and the token of the next one, empty at the end."""
    first = offset(call)
    last = first + size
    return rows[first:last], token(last, call) if last < len(rows) else ""
