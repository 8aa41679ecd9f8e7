"""The one door to the outside: a question in, a bounded answer or a `Fault` out.

Only the transport of the HTTP library is used, and not its client: so nothing is done on its own that would hurt here.
No redirects (custom credential headers travel with them), no proxies from the environment, no cookies, no unbounded
decoding, no logging of whole addresses.

Wait
├── Unsent   the request surely did not reach the platform
├── Lost     it may have reached it, no whole answer came back
├── Futile   what was asked for is not to be had this way: asked again at once, it would end the same
└── NoFile   it answered something else than the file that was asked for
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jalon.lean import without

with without("rich", "trio"):
    import httpcore
    import httpx
if find_spec("sniffio") is None:
    # httpcore looks for it several times a request, and each time Python looks through all folders.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # None is how the import system says absent

from jalon import __version__
from jalon.connectors.base import Answer, Request, Split, Stop, Wait
from jalon.sync.bodies import ENCODINGS, MAX_BODY, Damaged, File, Lines, TooLarge, decoder
from jalon.sync.network import AllowList, PublicNetwork, Resolver, resolve
from jalon.sync.patience import Patience
from jalon.sync.redact import guard_logs

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_FILE = 64 << 30
_ALWAYS = {"accept": "*/*", "accept-encoding": ENCODINGS, "user-agent": f"jalon/{__version__}"}
_NONE: Mapping[str, str] = {}


class Unsent(Wait):
    pass


class Lost(Wait):
    pass


class Futile(Wait):
    pass


class NoFile(Wait):
    def __init__(self, reason: str, answer: Answer) -> None:
        super().__init__(reason)
        self.answer = answer


class Client:
    """Talks to the hosts of one source, over kept-alive HTTP/1.1 connections."""

    def __init__(
        self,
        hosts: Mapping[str, tuple[str, ...]],
        *,
        in_flight: int = 12,
        patience: Patience | None = None,
        max_body: int = MAX_BODY,
        resolver: Resolver | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is asked in place of the network."""
        guard_logs()
        self.allowed = AllowList(hosts)
        self._patience = patience = patience or Patience()
        self._max_body = max_body
        network = PublicNetwork(self.allowed.loopback, resolver or resolve)
        self._transport = transport or _Transport(network, in_flight + 2, tls=self.allowed.tls)
        self._limits = {"timeout": httpx.Timeout(patience.idle, connect=patience.connect).as_dict()}

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def send(self, request: Request) -> Answer:
        """Return the answer, whatever its status but a redirect. Raises `Wait`, `Split` (answer too large), `Stop`."""
        url = self.allowed.base(request.host) + request.path
        place = where(url)
        if request.query:
            url = f"{url}?{urlencode(request.query, quote_via=quote, safe='')}"
        outgoing = self._request(request.method, url, request.headers, request.body)
        try:
            async with asyncio.timeout(self._patience.total), self._exchange(outgoing, place) as response:
                headers = _headers(response)
                return Answer(response.status_code, headers, await self._read(response, headers))
        except TimeoutError:
            raise Lost(f"asking {place}: no whole answer within {self._patience.total:g} s") from None
        except TooLarge as error:
            raise Split(f"reading {place}: {error}") from None
        except Damaged as error:
            raise Lost(f"reading {place}: {error}") from None

    async def lines(self, url: str, headers: Mapping[str, str] = _NONE) -> AsyncGenerator[bytes]:
        """Yield the lines of a file from an allowed host. Raises `Wait` (`NoFile` with the answer), `Stop`."""
        self.allowed.check(url)
        place = where(url)
        cutter = Lines()
        async with self._exchange(self._request("GET", url, headers), place) as response:
            if response.status_code != 200:
                raise await self._no_file(response, place)
            try:
                async for piece in self._pieces(response, place):
                    for line in cutter.feed(piece):
                        yield line
            except TooLarge as error:
                raise Futile(f"reading {place}: {error}") from None
            except Damaged as error:
                raise Lost(f"reading {place}: {error}") from None
            for line in cutter.end():
                yield line

    async def _no_file(self, response: httpx.Response, place: str) -> NoFile:
        headers = _headers(response)
        try:
            body = await self._read(response, headers)
        except (TooLarge, Damaged):
            body = b""
        said = f"reading {place}: answered {response.status_code} instead of the file"
        return NoFile(said, Answer(response.status_code, headers, body))

    async def _pieces(self, response: httpx.Response, place: str) -> AsyncIterator[bytes]:
        # The deadline is compared, not armed: a timer would strike while the caller works on a line.
        deadline = time.monotonic() + self._patience.file
        unpack = File(response.headers.get("content-encoding", ""), MAX_FILE)
        async for chunk in response.aiter_raw():
            for piece in unpack.feed(chunk):
                yield piece
            if time.monotonic() > deadline:
                raise Futile(f"reading {place}: not whole within {self._patience.file:g} s")
        unpack.end()

    def _request(self, method: str, url: str, headers: Mapping[str, str] = _NONE, body: bytes = b"") -> httpx.Request:
        headers = _ALWAYS | {name.lower(): value for name, value in headers.items()}
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise _unsendable(where(url))
        return httpx.Request(method, url, headers=headers, content=body or None, extensions=self._limits)

    @asynccontextmanager
    async def _exchange(self, outgoing: httpx.Request, place: str) -> AsyncIterator[httpx.Response]:
        response = None
        try:
            response = await self._transport.handle_async_request(outgoing)
            if response.status_code in REDIRECTS:
                raise _redirected(place, response.headers.get("location", ""))
            yield response
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise _translated(error, place) from None
        finally:
            if response is not None:
                await response.aclose()

    async def _read(self, response: httpx.Response, headers: Mapping[str, str]) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_body:
            raise TooLarge(f"the answer is {declared} bytes long, more than allowed")
        unpack = decoder(headers.get("content-encoding", ""), self._max_body)
        pieces: list[bytes] = []
        async for chunk in response.aiter_raw():
            pieces += unpack.feed(chunk)
        unpack.end()
        return b"".join(pieces)


def where(url: str) -> str:
    """Return host and path of an address: what an error may tell of it."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _headers(response: httpx.Response) -> dict[str, str]:
    out: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        out[name] = f"{out[name]}, {value}" if name in out else value
    return out


def _unsendable(place: str) -> Stop:
    return Stop(
        f"the request to {place} cannot be sent: a header holds a forbidden character",
        "check the secrets of this source for stray characters: they are plain letters, digits and signs in one line",
    )


def _redirected(place: str, target: str) -> Stop:
    host = urlsplit(target).hostname or "another path of the same host"
    return Stop(
        f"{place} redirects to {host}; credentials are not sent there",
        "put the address that is right now into jalon.toml",
    )


def _translated(error: Exception, place: str) -> Wait | Stop:
    """Say what a failure of the HTTP library means, without its text, which may quote the request."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Stop(
            f"{place} shows a certificate that does not hold: {cause.verify_message}",
            "check this machine's clock and the address",
        )
    if isinstance(error, httpcore.LocalProtocolError):
        return _unsendable(place)
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout | httpcore.PoolTimeout):
        return Unsent(f"cannot connect to {place}")
    return Lost(f"asking {place}: the connection broke ({type(error).__name__})")


class _Transport(httpx.AsyncBaseTransport):
    """httpx over a connection pool whose connections come from `PublicNetwork`."""

    def __init__(self, network: PublicNetwork, connections: int, *, tls: bool) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=True, trust_env=False) if tls else None,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=15.0,
            network_backend=network,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer.stream),
            extensions=answer.extensions,
            request=request,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
