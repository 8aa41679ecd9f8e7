"""Where the engine may connect to: exact origins, and only addresses of the public internet.

A name is resolved once, every answer that is not a public address is dropped, and the connection is made to an address
that was checked: a name server that gives another answer a moment later changes nothing. TLS still checks the name.
Base addresses that are themselves loopback (the sandbox, a tunnel) may be reached, because the operator wrote them
down; they are reached on loopback only. Other private networks are not reached at all.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpcore

from jalon.connectors.base import Request, Stop
from jalon.sync.answered import broken

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> numeric addresses."""

_EMBEDS_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96")))
"""IPv6 forms that carry an IPv4 address, behind which anything may be."""


class Origin(NamedTuple):
    """Scheme, host and port, normalised."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        usual = {"https": 443, "http": 80}.get(self.scheme)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


def origin(address: str) -> Origin:
    """Return the origin of an address. Raises `Stop` if it is not one that may be connected to."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Stop("an address cannot be read", "correct it in jalon.toml") from None
    if parts.username is not None or parts.password is not None or "\\" in address or not host.isascii():
        raise Stop(f"the address of {host!r} holds more than a host", "write scheme, host and port only")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise Stop(f"{host or 'an address'} would be reached without TLS", "use an https:// address")
    return Origin(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def is_loopback(host: str) -> bool:
    """Say whether a host is written as this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Say whether a numeric address is one of the public internet."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            return is_public(str(number.ipv4_mapped))
        if any(number in network for network in _EMBEDS_IPV4):
            return False
    return number.is_global and not number.is_multicast and not number.is_reserved


class AllowList:
    """The origins that one source may talk to."""

    def __init__(self, hosts: Mapping[str, tuple[str, ...]]) -> None:
        """Raises `Stop` for an address that may not be connected to, and for what is no list of addresses."""
        for role, bases in hosts.items():
            if not isinstance(bases, list | tuple) or not all(isinstance(base, str) for base in bases):
                raise broken(f"`hosts` gives for {role!r} no tuple of addresses")
        self._bases = {role: bases[0].rstrip("/") for role, bases in hosts.items() if bases}
        self._origins = {origin(base): role for role, bases in hosts.items() for base in bases}
        self.tls = any(each.scheme == "https" for each in self._origins)
        self.loopback = frozenset(each.host for each in self._origins if is_loopback(each.host))

    def base(self, role: str) -> str:
        """Return the base address of a role. Raises `LookupError` for a role the connector does not have."""
        return self._bases[role]

    def check(self, url: str) -> Origin:
        """Return the origin of `url`. Raises `Stop` unless it is one of the list."""
        found = origin(url)
        if found not in self._origins:
            known = ", ".join(sorted(map(str, self._origins)))
            raise Stop(
                f"refused to connect to {found}, which is not among the hosts of this source ({known})",
                "add the host in jalon.toml if it is right",
            )
        return found

    def request(self, url: str) -> Request:
        """Return the question that an address stands for, by the role of its host. Raises `Stop` as `check` does."""
        role = self._origins[self.check(url)]
        parts = urlsplit(url)
        path = parts.path.removeprefix(urlsplit(self._bases[role]).path)
        return Request("GET", path, dict(parse_qsl(parts.query)), host=role)


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver for the addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for the HTTP library, to checked addresses only."""

    def __init__(self, loopback: frozenset[str], resolver: Resolver = resolve) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._loopback = loopback
        self._resolve = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the library's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in await self._addresses(host, port):
            try:
                return Watched(await self._inner.connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("sockets of this machine are not connected to")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"the name cannot be resolved: {error.strerror}") from None
        allowed = is_loopback if host in self._loopback else is_public
        addresses = [address for address in found if allowed(address)]
        if found and not addresses:
            raise Stop(
                f"{host} resolves to an address inside a private network", "check the address and the name server"
            )
        return addresses


class Watched(httpcore.AsyncNetworkStream):
    """A connection that says cheaply whether it was closed meanwhile.

    The pool asks that of each idle connection before each request; the library's own answer looks the socket up anew
    every time, which costs more than the rest of a request's bookkeeping.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self.read = inner.read  # type: ignore[method-assign]
        self.write = inner.write  # type: ignore[method-assign]
        self.aclose = inner.aclose  # type: ignore[method-assign]
        self._poll = select.poll()
        self._poll.register(inner.get_extra_info("socket"), select.POLLIN)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the library's
    ) -> httpcore.AsyncNetworkStream:
        return Watched(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return bool(self._poll.poll(0))
        return self._inner.get_extra_info(info)
