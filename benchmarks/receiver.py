"""The receiver's speed: durable deliveries per second, against two bare aiohttp servers of the same run.

    bare      a plain aiohttp application whose handler answers 200 and reads nothing
    verified  the same, reading the body and checking its HMAC
    durable   jalon's receiver: verified, sealed, committed with synchronous=FULL, then acknowledged

Each round starts each server anew in its own process and sends 2 KB signed bodies, each under a fresh delivery id, over
64 connections. Ratios are medians over the rounds. Load comes from wrk where it is installed, else from a small client
in Python, which costs as much as the servers do and so flatters slow ones.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import random
import re
import shutil
import signal
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

if TYPE_CHECKING:
    from benchmarks.sync import Figure

Handler = Callable[[web.Request], Awaitable[web.Response]]
SECRET = b"a secret for measuring"
SHOP = "bench.myshopify.com"
TOKEN = "0" * 32
PATH = f"/hooks/shop/{TOKEN}"
CONNECTIONS, BODY_BYTES, BODIES = 64, 2048, 500
MODES = ("bare", "verified", "durable")


class Measured(NamedTuple):
    """One round of one server: answers per second, 99th percentile in ms, answers other than 200."""

    rate: float
    p99: float
    failed: int


# --- the three servers ------------------------------------------------------------------------------------------------


async def _bare(_: web.Request) -> web.Response:
    return web.Response()


async def _verified(request: web.Request) -> web.Response:
    body = await request.read()
    wanted = base64.b64encode(hmac.digest(SECRET, body, "sha256"))
    claimed = request.headers.get("X-Shopify-Hmac-Sha256", "").encode("utf-8", "replace")
    return web.Response(status=200 if hmac.compare_digest(wanted, claimed) else 401)


async def _plain(handler: Handler) -> None:
    app = web.Application()
    app.router.add_post(PATH, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def _durable(folder: str) -> None:
    from jalon.connectors.shopify import Settings, Shopify
    from jalon.privacy import Keyring
    from jalon.receive.hooks import Hook
    from jalon.receive.receiver import Receiver, serve
    from jalon.store.database import Store

    settings = Settings(connector="shopify", shop=SHOP)
    hook = Hook(Shopify(), settings, (SECRET,), TOKEN)
    receiver = Receiver(Store.open(Path(folder)), Keyring(bytes(32)), {"shop": hook})
    await serve(receiver, "127.0.0.1", 0, None, asyncio.Event(), lambda port, _: print(port, flush=True))


async def _serve(mode: str, folder: str) -> None:
    if mode == "durable":
        await _durable(folder)
    await _plain({"bare": _bare, "verified": _verified}[mode])


@contextmanager
def _running(mode: str, folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.receiver", mode, str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


# --- the load ---------------------------------------------------------------------------------------------------------


def _bodies() -> list[tuple[bytes, str]]:
    rng = random.Random(7)
    made = []
    for number in range(BODIES):
        body = json.dumps({"id": number, "note": rng.randbytes(BODY_BYTES).hex()}).encode()[: BODY_BYTES - 2] + b'"}'
        made.append((body, base64.b64encode(hmac.digest(SECRET, body, "sha256")).decode()))
    return made


_LUA = string.Template("""
local bodies = {}
local file = io.open(os.getenv("BENCH_BODIES"), "rb")
while true do
  local signature = file:read("*l")
  if not signature then break end
  local body = file:read($size)
  file:read(1)
  bodies[#bodies + 1] = {signature, body}
end
math.randomseed(os.time())
local base, count = math.random(1, 2 ^ 30), 0
request = function()
  count = count + 1
  local one = bodies[count % #bodies + 1]
  return wrk.format("POST", "$path", {
    ["Content-Type"] = "application/json", ["X-Shopify-Hmac-Sha256"] = one[1], ["X-Shopify-Topic"] = "orders/updated",
    ["X-Shopify-Shop-Domain"] = "$shop",
    ["X-Shopify-Webhook-Id"] = string.format("%08x-%08x-%x", math.random(0, 2 ^ 31 - 1), base, count)}, one[2])
end
done = function(summary, latency, requests)
  io.stderr:write(string.format("p99 %d failed %d rate %f\\n", latency:percentile(99), summary.errors.status +
    summary.errors.read + summary.errors.write + summary.errors.timeout, summary.requests / summary.duration * 1e6))
end
""").substitute(size=BODY_BYTES, path=PATH, shop=SHOP)


def _wrk(port: int, seconds: float, folder: Path) -> Measured:
    script, pool = folder / "load.lua", folder / "bodies"
    script.write_text(_LUA)
    pool.write_bytes(b"".join(f"{signature}\n".encode() + body + b"\n" for body, signature in _bodies()))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    env = {**os.environ, "BENCH_BODIES": str(pool)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    found = re.search(r"p99 (\d+) failed (\d+) rate ([\d.]+)", done.stderr)
    assert found, done.stderr
    return Measured(float(found[3]), int(found[1]) / 1000, int(found[2]))


async def _client(port: int, until: float, pool: list[tuple[bytes, str]], taken: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    failed = 0
    while (began := time.perf_counter()) < until:
        body, signature = random.choice(pool)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Shopify-Hmac-Sha256: {signature}\r\n"
            f"X-Shopify-Topic: orders/updated\r\nX-Shopify-Shop-Domain: {SHOP}\r\n"
            f"X-Shopify-Webhook-Id: {random.getrandbits(64):016x}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        failed += not answer.startswith(b"HTTP/1.1 200")
        taken.append(time.perf_counter() - began)
    writer.close()
    return failed


async def _clients(port: int, seconds: float) -> Measured:
    pool, taken = _bodies(), list[float]()
    until = time.perf_counter() + seconds
    failed = sum(await asyncio.gather(*(_client(port, until, pool, taken) for _ in range(CONNECTIONS))))
    return Measured(len(taken) / seconds, sorted(taken)[int(len(taken) * 0.99)] * 1000, failed)


def _measure(mode: str, seconds: float, use_wrk: bool) -> Measured:
    with tempfile.TemporaryDirectory(prefix="jalon-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        with _running(mode, folder / "store") as port:
            return _wrk(port, seconds, folder) if use_wrk else asyncio.run(_clients(port, seconds))


# --- the comparison ---------------------------------------------------------------------------------------------------


class Compared(NamedTuple):
    """Medians over the rounds: answers per second and 99th percentile in ms by server, the receiver's ratios."""

    load: str
    rates: dict[str, float]
    p99: dict[str, float]
    failed: int
    of_bare: float
    of_verified: float


def compare(rounds: int = 5, seconds: float = 3.0) -> Compared:
    """Measure the three servers in turn."""
    use_wrk = shutil.which("wrk") is not None
    results: dict[str, list[Measured]] = {mode: [] for mode in MODES}
    for _ in range(rounds):
        for mode in MODES:
            results[mode].append(_measure(mode, seconds, use_wrk))
    ours = results["durable"]
    return Compared(
        "wrk" if use_wrk else "client in Python",
        {mode: statistics.median(one.rate for one in results[mode]) for mode in MODES},
        {mode: statistics.median(one.p99 for one in results[mode]) for mode in MODES},
        sum(one.failed for ones in results.values() for one in ones),
        statistics.median(one.rate / other.rate for one, other in zip(ours, results["bare"], strict=True)),
        statistics.median(one.rate / other.rate for one, other in zip(ours, results["verified"], strict=True)),
    )


class Beside(NamedTuple):
    """Acknowledgements during an import: how many, how many refused, the slowest of them in ms; seconds in all."""

    answers: int
    failed: int
    p99: float
    longest: float
    seconds: float


_IMPORTER = """
import os, sys
from pathlib import Path
from jalon.store import inbox
from jalon.store.database import Store

with Store.open(Path(sys.argv[1])) as store:
    for page in range(int(sys.argv[2]) // 100):
        rows = [(f"{page}-{n}", 1, os.urandom(1000)) for n in range(100)]
        store.write(lambda db: inbox.append(db, "shop", "orders", 1, rows))
"""


async def _until_ended(
    port: int, importer: subprocess.Popen[bytes], pool: list[tuple[bytes, str]], taken: list[float]
) -> int:
    failed = 0
    while importer.poll() is None:
        failed += await _client(port, time.perf_counter() + 0.5, pool, taken)
    return failed


async def _beside_import(port: int, folder: Path, rows: int) -> Beside:
    importer = subprocess.Popen([sys.executable, "-c", _IMPORTER, str(folder), str(rows)])
    began, taken, pool = time.perf_counter(), list[float](), _bodies()
    failed = sum(await asyncio.gather(*(_until_ended(port, importer, pool, taken) for _ in range(4))))
    slowest = sorted(taken)
    p99 = slowest[int(len(slowest) * 0.99)] * 1000
    return Beside(len(slowest), failed, p99, slowest[-1] * 1000, time.perf_counter() - began)


def beside_import(rows: int = 1_000_000) -> Beside:
    """Measure how long acknowledgements took while another process imported `rows` records of 1 KB, page by page."""
    with tempfile.TemporaryDirectory(prefix="jalon-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name) / "store"
        with _running("durable", folder) as port:
            return asyncio.run(_beside_import(port, folder, rows))


def speed() -> Iterator[Figure]:
    """Durable deliveries per second and their slowest answers, against the bare servers."""
    from benchmarks.sync import Figure

    found = compare()
    rates = ", ".join(f"{mode} {rate:.0f}/s" for mode, rate in found.rates.items())
    value = f"{rates} ({found.load})"
    yield Figure("receiver: durable of bare", f"{found.of_bare:.2f} x; {value}", ">= 0.38 x", found.of_bare >= 0.38)
    yield Figure("receiver: durable of verified", f"{found.of_verified:.2f} x", ">= 0.5 x", found.of_verified >= 0.5)
    ours = found.p99["durable"]
    others = ", ".join(f"{mode} {found.p99[mode]:.1f} ms" for mode in MODES[:-1])
    yield Figure("receiver: 99 % of answers within", f"{ours:.1f} ms; {others}", "<= 12 ms", ours <= 12)
    yield Figure("receiver: answers other than 200", str(found.failed), "0", not found.failed)


def beside() -> Iterator[Figure]:
    """The longest wait for an acknowledgement while 1,000,000 records are imported."""
    from benchmarks.sync import Figure

    found = beside_import()
    value = f"{found.longest:.0f} ms of {found.answers} answers in {found.seconds:.0f} s"
    yield Figure(
        "receiver: longest wait beside an import", value, "<= 500 ms", found.longest <= 500 and not found.failed
    )


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "import":
        print(beside_import(int(sys.argv[2])))
    elif len(sys.argv) > 2:
        asyncio.run(_serve(sys.argv[1], sys.argv[2]))
    else:
        print(compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
