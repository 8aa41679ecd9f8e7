"""The door to the outside, against servers that mean no good."""

from __future__ import annotations

import asyncio
import gzip
import resource
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from toy import Asked, Handler, Reply, Server, served

from jalon.connectors.base import Fault, Request, Split, Stop, Wait
from jalon.sync.client import Client, Futile, Lost, Unsent
from jalon.sync.patience import Patience

ASK = Request("GET", "/orders", {"q": "s3cret query", "page": "a+b/=&c"}, headers={"x-toy-token": "s3cret-token"})


@pytest.fixture
async def other() -> AsyncIterator[Server]:
    async with served(lambda _: Reply(body=b"mine now")) as server:
        yield server


async def ask(handler: Handler, request: Request = ASK, **more: object) -> bytes:
    async with served(handler) as server:
        client = Client({"api": (server.address,)}, **more)  # type: ignore[arg-type]
        try:
            return (await client.send(request)).body
        finally:
            await client.close()


async def refused(handler: Handler, kind: type[Fault], request: Request = ASK, **more: object) -> Fault:
    with pytest.raises(kind) as caught:
        await ask(handler, request, **more)
    assert "s3cret" not in caught.value.reason
    return caught.value


async def test_what_is_asked_arrives_as_it_was_meant() -> None:
    seen: list[Asked] = []

    def handler(asked: Asked) -> Reply:
        seen.append(asked)
        return Reply(404, b"{}", {"X-Told": "caf\xe9", "set-cookie": "a=b"})

    async with served(handler) as server:
        client = Client({"api": (server.address + "/base/",)})
        request = Request("POST", "/orders", {"token": "a+b/=&c é"}, b'{"a":1}', {"x-toy-token": "t"})
        answer = await client.send(request)
        await client.send(request)
        await client.close()
    assert (answer.status, answer.headers["x-told"], answer.data) == (404, "caf\xe9", {})
    assert seen[0].path == "/base/orders"
    assert seen[0].query == {"token": "a+b/=&c é"}
    assert (seen[0].body, seen[0].headers["x-toy-token"]) == (b'{"a":1}', "t")
    assert seen[0].headers["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in seen[1].headers
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_credentials_do_not_follow_a_redirect(status: int, other: Server) -> None:
    fault = await refused(lambda _: Reply(status, headers={"location": other.address + "/orders?x=s3cret"}), Stop)
    assert "127.0.0.1" in fault.reason
    assert "redirects" in fault.reason
    assert other.asked == []


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, other: Server) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, other.address)
    assert await ask(lambda _: Reply(body=b"direct")) == b"direct"
    assert other.asked == []


async def test_a_bomb_is_cut_off_early() -> None:
    bomb = gzip.compress(b"0" * (200 << 20), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fault = await refused(lambda _: Reply(body=bomb, headers={"content-encoding": "gzip"}), Split)
    assert "200 times" in fault.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024


async def test_a_declared_length_above_the_limit_is_not_read() -> None:
    began = time.monotonic()
    await refused(
        lambda _: Reply(raw=b"HTTP/1.1 200 X\r\ncontent-length: 1000000000\r\n\r\n", pieces=[(20.0, b"")]), Split
    )
    assert time.monotonic() - began < 5


async def test_an_endless_body_is_cut_off() -> None:
    def handler(_: Asked) -> Reply:
        return Reply(raw=b"HTTP/1.1 200 X\r\n\r\n", pieces=[(0.0, b"x" * 60_000)] * 100)

    fault = await refused(handler, Split, max_body=1_000_000)
    assert "longer than allowed" in fault.reason


async def test_a_drip_ends_at_the_total_deadline() -> None:
    drip = Reply(raw=b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n", pieces=[(0.05, b"x")] * 100)
    began = time.monotonic()
    await refused(lambda _: drip, Lost, patience=Patience(idle=1.0, total=0.5))
    assert time.monotonic() - began < 2


async def test_silence_ends_at_the_idle_deadline() -> None:
    began = time.monotonic()
    fault = await refused(lambda _: Reply(after=5.0), Lost, patience=Patience(idle=0.2))
    assert "the connection broke (ReadTimeout)" in fault.reason
    assert time.monotonic() - began < 3


BROKE = "the connection broke"
CUT_GZIP = gzip.compress(b"x" * 99, mtime=0)[:10]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{}", BROKE),
        (b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello", BROKE),
        (b"HTTP/1.1 200 X\r\ncontent-length: 10\r\ncontent-encoding: gzip\r\n\r\n" + CUT_GZIP, "ends early"),
        (b"HTTP/1.1 200 X\r\ncontent-length: 4\r\ncontent-encoding: gzip\r\n\r\noops", "is damaged"),
        (b"HTTP/1.1 200 X\r\ncontent-length: 2\r\ncontent-encoding: br\r\n\r\nxx", "not asked for"),
        (b"nonsense\r\n\r\n", BROKE),
        (b"HTTP/1.1 200 X\r\nbroken", BROKE),
        (b"", BROKE),
    ],
)
async def test_a_broken_answer_is_worth_another_try_and_says_what_broke(raw: bytes, why: str) -> None:
    fault = await refused(lambda _: Reply(raw=raw), Lost)
    assert why in fault.reason
    assert "/orders" in fault.reason


async def test_packed_answers_are_unpacked() -> None:
    for encoding, body in (("gzip", gzip.compress(b"hello")), ("deflate", zlib.compress(b"hello"))):
        reply = Reply(body=body, headers={"content-encoding": encoding})
        assert await ask(lambda _, reply=reply: reply) == b"hello"


async def test_nobody_there_is_told_from_a_lost_answer() -> None:
    client = Client({"api": ("http://127.0.0.1:1",)})
    with pytest.raises(Unsent, match=r"cannot connect to 127\.0\.0\.1:1/orders"):
        await client.send(ASK)
    await client.close()


async def test_a_header_that_cannot_be_sent_names_the_remedy() -> None:
    fault = await refused(lambda _: Reply(), Stop, Request("GET", "/", headers={"x-toy-token": "s3cret\nx: y"}))
    assert isinstance(fault, Stop)
    assert "stray characters" in fault.remedy


async def test_an_answer_of_http_without_tls_is_no_certificate() -> None:
    async with served(lambda _: Reply()) as server:
        client = Client({"api": (server.address.replace("http:", "https:"),)})
        with pytest.raises(Wait):
            await client.send(ASK)
        await client.close()


# --- files ------------------------------------------------------------------------------------------------------------


async def lines(handler: Handler, url: str = "{}/file?sig=s3cret", **more: object) -> list[bytes]:
    async with served(handler) as server:
        client = Client({"api": ("http://127.0.0.1:1",), "files": (server.address,)}, **more)  # type: ignore[arg-type]
        try:
            return [line async for line in client.lines(url.format(server.address))]
        finally:
            await client.close()


async def test_a_file_comes_line_by_line() -> None:
    body = b'{"n":1}\n{"n":2}\r\n\n{"n":3}'
    seen: list[Asked] = []

    def handler(asked: Asked) -> Reply:
        seen.append(asked)
        return Reply(body=gzip.compress(body), headers={"content-encoding": "gzip"})

    assert await lines(handler) == [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    assert seen[0].query == {"sig": "s3cret"}
    assert "x-toy-token" not in seen[0].headers


async def test_a_file_of_another_host_is_not_touched(other: Server) -> None:
    with pytest.raises(Stop, match="refused to connect"):
        await lines(lambda _: Reply(), other.address + "/file")
    assert other.asked == []


async def test_a_file_that_is_gone_or_cut_is_worth_another_try() -> None:
    for reply in (Reply(403, b"expired"), Reply(raw=b"HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\na\nb\n")):
        with pytest.raises(Wait) as caught:
            await lines(lambda _, reply=reply: reply)
        assert "s3cret" not in caught.value.reason


async def test_a_file_that_drips_ends_at_its_deadline() -> None:
    drip = Reply(raw=b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n", pieces=[(0.02, b"x\n")] * 50)
    with pytest.raises(Futile, match=r"not whole within 0\.2 s"):
        await lines(lambda _: drip, patience=Patience(file=0.2))


# --- TLS --------------------------------------------------------------------------------------------------------------


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "pair.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    return context


async def test_a_certificate_that_nobody_vouches_for_stops_the_source(tmp_path: Path) -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    client = Client({"api": (f"https://localhost:{server.sockets[0].getsockname()[1]}",)})
    with pytest.raises(Stop, match="certificate") as caught:
        await client.send(ASK)
    await client.close()
    server.close()
    assert "clock" in caught.value.remedy
    assert b"".join(received) == b""
