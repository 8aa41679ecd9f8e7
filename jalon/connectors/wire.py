"""Decode what came over the wire, strictly and within bounds."""

from __future__ import annotations

import re
from typing import Any

import orjson

MAX_DEPTH = 64
_ESCAPES = re.compile(rb"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\[^u])|\\u[dD][89a-fA-F][0-9a-fA-F]{2}", re.DOTALL)
"""Escapes that stand for something (group 1), and surrogates that lack their other half."""


class Malformed(ValueError):
    """The bytes are not the JSON that was promised."""


def decode(body: bytes) -> Any:
    """Return the JSON value in `body`: UTF-8 only, no NaN, nested at most 64 deep. Raises `Malformed`.

    Half a surrogate pair, which JSON's grammar allows and no text can hold, becomes U+FFFD: one customer's cut emoji
    must not make a page of orders unreadable for ever.
    """
    if depth(body) > MAX_DEPTH:
        raise Malformed(f"JSON nested deeper than {MAX_DEPTH}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "surrogate" in error.msg:
            return _mended(body)
        raise Malformed(f"not JSON: {error.msg} at byte {error.pos} of {len(body)}") from None


def _mended(body: bytes) -> Any:
    try:
        return orjson.loads(_ESCAPES.sub(lambda match: match[1] or rb"\ufffd", body))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg}") from None


_OPENING = re.compile(rb"(?:\A|\n|\xef\xbb\xbf)[ \t\r]*([\[{])")
_TRIES = 8


def decode_amid(body: bytes) -> Any:
    """Return the JSON value in `body`, whatever was printed before or behind it. Raises `Malformed`.

    Servers on PHP put a byte order mark or the warnings of a plugin before an answer, caches a comment behind it. The
    value must begin a line and be whole; a cut one stays malformed.
    """
    try:
        return decode(body)
    except Malformed as error:
        refusal = error
    end = max(body.rfind(b"]"), body.rfind(b"}")) + 1
    for _, opening in zip(range(_TRIES), _OPENING.finditer(body, 0, end), strict=False):
        try:
            return decode(body[opening.start(1) : end])
        except Malformed:
            continue
    raise refusal


def encode(value: Any) -> bytes:
    """Return `value` as compact JSON."""
    return orjson.dumps(value)


_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def depth(body: bytes) -> int:
    """Return how deep the brackets of `body` nest, stopping just above `MAX_DEPTH`.

    Peels `{}` and `[]` pairs off layer by layer, which takes a few C-speed passes; brackets inside strings can
    spoil the peeling, and only then is the text walked.
    """
    layers = body.translate(None, _NOT_BRACKETS)
    for level in range(MAX_DEPTH + 1):
        if not layers:
            return level
        peeled = layers.replace(b"{}", b"").replace(b"[]", b"")
        if len(peeled) == len(layers):
            return _walk(body)
        layers = peeled
    return _walk(body)


def _walk(body: bytes) -> int:
    deepest = level = 0
    in_text = escaped = False
    for byte in body:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            level += 1
            deepest = max(deepest, level)
            if deepest > MAX_DEPTH:
                return deepest
        elif byte in b"]}":
            level -= 1
    return deepest
