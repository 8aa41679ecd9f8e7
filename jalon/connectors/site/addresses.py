"""Where a link may lead: an address is read by one narrow grammar, so that no browser can read it otherwise.

What this grammar takes, every URL parser understands alike: ASCII, a lower-case host without user-info, none of the
characters that browsers strip or turn into others (backslash, tab, line ends). What it does not take is refused, not
repaired. A link's address is checked when the link is made and again when it is read; nothing that comes with a click
takes part in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

CLICK = "jclid"
"""Query parameter that carries the click's own id."""
LONGEST = 2000
_PATH = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
_REST = _PATH.replace("/-]", "/?-]")
_ADDRESS = re.compile(
    rf"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?P<path>/{_PATH})?(?:\?(?P<query>{_REST}))?(?:#(?P<fragment>{_REST}))?"
)
_HIDDEN = re.compile(r"%(?:0[0-9A-F]|1[0-9A-F]|7F|5C)", re.IGNORECASE)
"""Control characters and backslashes, encoded: no shop needs them, and servers that decode them err."""
_ALLOWED = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_ORIGIN = re.compile(r"null|https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1")
_DEFAULT_PORTS = {"https": "443", "http": "80"}


class Misplaced(ValueError):
    """An address to which no link may lead. Says why, and never quotes more than its host."""


class Destination(NamedTuple):
    """A link's address with its marks, in two ways: without a click id, and around one."""

    plain: str
    before: str
    after: str


def is_host(text: str) -> bool:
    """Say whether a setting names a host, perhaps with a port."""
    return _ALLOWED.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Say whether a setting names an origin, or `null`, which sandboxed frames send."""
    return _ORIGIN.fullmatch(text) is not None


def checked(address: str, allowed: Collection[str]) -> str:
    """Return an address to which a link may lead, as it is. Raises `Misplaced`."""
    found = _ADDRESS.fullmatch(address) if len(address) <= LONGEST else None
    if found is None:
        raise Misplaced("it is no plain https address of ASCII characters, with a host in lower case and no user name")
    scheme, host, port = found["scheme"], found["host"], found["port"] or ""
    if _HIDDEN.search(address):
        raise Misplaced("it holds encoded control characters or backslashes")
    if scheme == "http" and host not in _LOOPBACK:
        raise Misplaced("it is not https")
    if _place(scheme, host, port) not in allowed:
        raise Misplaced(f"{host} is not among allowed_hosts")
    if any(name.lower() == CLICK for name, _ in _pairs(found["query"])):
        raise Misplaced(f"it holds {CLICK}, which each click gets anew")
    return address


def destination(address: str, marks: Mapping[str, str]) -> Destination:
    """Return a checked address with marks added to its query; what it says itself stays, and stands above them."""
    bare, hash_sign, fragment = address.partition("#")
    own = {name for name, _ in _pairs(bare.partition("?")[2])}
    added = [f"{name}={quote(value, safe='')}" for name, value in marks.items() if value and name not in own]
    plain = _joined(bare, added)
    end = hash_sign + fragment
    return Destination(plain + end, _joined(plain, [f"{CLICK}="]), end)


def _joined(address: str, pairs: list[str]) -> str:
    if not pairs:
        return address
    glue = "?" if "?" not in address else "" if address.endswith(("?", "&")) else "&"
    return address + glue + "&".join(pairs)


def _place(scheme: str, host: str, port: str) -> str:
    """Return what `allowed_hosts` must name: the host, and its port where that is not the scheme's own."""
    return host if port in ("", _DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _pairs(query: str | None) -> list[tuple[str, str]]:
    return parse_qsl(query or "", keep_blank_values=True)
