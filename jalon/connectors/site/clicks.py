"""A click on an own link: its id, which proves itself, and the record that it is.

The id is `CODE` of the link and 22 bytes in base64url: the second of the click (4), chance (8), and a keyed code over
all of that (10). So an event that a browser sends with the id proves that this link was clicked then, whether or not
the click's own record was stored, and nobody can make up a click.

Identity: a click is known by a digest of its id; where it got no id (the browser asks not to be followed), by chance. A
click has two tellings. The first, version 0, is the redirect's. The second comes with the landing page's consent and
says whose click it was; its version is the greater the earlier it came, so that of several visitors who arrive with one
id (an address that was passed on) only the first has it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

from jalon.connectors.base import Record
from jalon.connectors.wire import decode, encode

STREAM = "clicks"
LANDING_SECONDS = 3600
"""How long after the click a landing page may claim it."""
EARLY_SECONDS = 5
MOST_RECENT = 2**63 - 1
_TIME, _CHANCE, _PROOF = 4, 8, 10
_TAIL = 30
"""Characters of 22 bytes in base64url."""
_LONGEST = 64


class Followed(NamedTuple):
    """What a click followed: a link as it is told with each of its clicks."""

    code: str
    address: str
    """With its marks and without a click id."""
    content: str
    product: str
    placement: str
    campaign: str


class Mint:
    """Makes click ids, and reads them."""

    def __init__(self, key: bytes) -> None:
        self._mac = blake2b(key=key, digest_size=_PROOF, person=b"jalon click")

    def make(self, code: str, at: int) -> str:
        """Return a new id for a click on `code` at `at` (unix seconds)."""
        said = at.to_bytes(_TIME, "big") + os.urandom(_CHANCE)
        return code + base64.urlsafe_b64encode(said + self._proof(code, said)).rstrip(b"=").decode()

    def read(self, click: str) -> tuple[str, int] | None:
        """Return the link's code and the second of a click; None where this installation did not make the id."""
        code, tail = click[:-_TAIL], click[-_TAIL:]
        if not code or len(click) > _LONGEST or not click.isascii():
            return None
        try:
            told = base64.b64decode(tail + "==", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        said, proof = told[: _TIME + _CHANCE], told[_TIME + _CHANCE :]
        if not hmac.compare_digest(proof, self._proof(code, said)):
            return None
        return code, int.from_bytes(said[:_TIME], "big")

    def _proof(self, code: str, said: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(said + code.encode())
        return mac.digest()


def fragment(link: Followed) -> bytes:
    """Return what is the same in all clicks on a link, so that a click costs no more than its own fields."""
    return encode(link._asdict())[1:]


def told(fragment: bytes, at: int, click: str, *, joins: bool) -> bytes:
    """Return a click as the receiver stores it, in JSON. `joins`: it may be joined to a person by its id alone."""
    return b'{"at":%d,"click":"%s","joins":%s,' % (at, click.encode(), b"true" if joins else b"false") + fragment


def row(name: str, clicks: Iterable[bytes]) -> bytes:
    """Return clicks that are stored together; `name` is the row's own."""
    return b'{"row":"%s","clicks":[' % name.encode() + b",".join(clicks) + b"]}"


def in_row(body: bytes) -> list[Record]:
    """Return the clicks of a row; those without an id are known by the row's name and their place."""
    found = decode(body)
    return [_record(one, f"{found['row']}-{place}") for place, one in enumerate(found["clicks"])]


def key_of(click: str) -> str:
    """Return what a click is known by; its id itself is never a key."""
    return sha256(click.encode()).hexdigest()[:32]


def _record(body: dict[str, Any], chance: str) -> Record:
    """Return the redirect's telling of a click; an id that may join nothing is not kept."""
    key = key_of(body["click"]) if body["click"] else chance
    return Record(key, 0, body if body["joins"] else _without_id(body), STREAM)


def claimed(body: Mapping[str, Any], visitor: str, received: int) -> Record:
    """Return the landing page's telling: whose click it was. `received` in microseconds."""
    told = {**_without_id(body), "visitor": visitor}
    return Record(key_of(body["click"]), MOST_RECENT - received, told, STREAM)


def _without_id(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "click"}
