"""The speed of own links: redirects per second, against a bare aiohttp redirect of the same run.

    bare    a plain aiohttp application whose handler answers 302 to a fixed address
    links   jalon's receiver: the code looked up, a click id made and proven, the click stored after the answer

As in `benchmarks.receiver`: each round starts each server anew in a process of its own, bound to one core; load over 64
connections comes from wrk where it is installed, on the other core. Behind each round of jalon's it is counted that
every click that was answered is stored.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

if TYPE_CHECKING:
    from benchmarks.sync import Figure
    from jalon.store.database import Store

CONNECTIONS, LINKS = 64, 1000
TARGET = "https://shop.example/products/lamp?size=2"
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 389.0"
MODES = ("bare", "links")
_READY_SECONDS = 60.0


class Measured(NamedTuple):
    """One round: redirects per second, 99th percentile in ms, answers that were no redirect, clicks not stored."""

    rate: float
    p99: float
    failed: int
    lost: int


class Load(NamedTuple):
    """What the sender of a round saw; `answered`: redirects that arrived."""

    rate: float
    p99: float
    failed: int
    answered: int


# --- the two servers --------------------------------------------------------------------------------------------------


async def _bare() -> None:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": TARGET, "Cache-Control": "no-store"})

    app = web.Application()
    app.router.add_get("/l/{code}", redirect)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], "x", flush=True)
    await asyncio.Event().wait()


async def _links(folder: str) -> None:
    from jalon.connectors.site import Site, SiteSettings
    from jalon.privacy import Keyring
    from jalon.receive.hooks import Hook
    from jalon.receive.receiver import Receiver, serve
    from jalon.store.database import Store

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = SiteSettings(connector="site", allowed_hosts=("shop.example",), clicks_per_day=10**9)
    with Store.open(Path(folder)) as store:
        code = _fill(store)
        receiver = Receiver(store, Keyring(bytes(32)), {"site": Hook(Site(), settings, (), "0" * 32)})
        await serve(receiver, "127.0.0.1", 0, None, stop, lambda port, _: print(port, code, flush=True))
        print(receiver.metrics.clicks["site", "stored"], receiver.sites.queue.waiting, flush=True)


def _fill(store: Store) -> str:
    from jalon.privacy import Keyring
    from jalon.store import links
    from jalon.store.links import Link

    names = ("17912345678901234", "8001", "instagram/story")
    made = [
        Link(links.code_of(Keyring(bytes(32)), "site", TARGET, *names, str(n)), "site", TARGET, *names, str(n), 1.0)
        for n in range(LINKS)
    ]
    store.write(lambda db: [links.add(db, link) for link in made])
    return made[-1].code


@contextmanager
def _running(mode: str, folder: Path) -> Iterator[tuple[int, str, subprocess.Popen[str]]]:
    words = [sys.executable, "-m", "benchmarks.links", mode, str(folder)]
    server = subprocess.Popen(_on_core(0, words), stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port, code = server.stdout.readline().split()
        yield int(port), code, server
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def _on_core(number: int, words: list[str]) -> list[str]:
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(number), *words] if taskset and (os.cpu_count() or 1) > 1 else words


# --- the load ---------------------------------------------------------------------------------------------------------

_LUA = """
done = function(summary, latency, requests)
  io.stderr:write(string.format("p99 %d failed %d answered %d rate %f\\n", latency:percentile(99),
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.requests,
    summary.requests / summary.duration * 1e6))
end
"""


def _wrk(port: int, code: str, seconds: float, folder: Path) -> Load:
    script = folder / "load.lua"
    script.write_text(_LUA)
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), "-H", f"User-Agent: {AGENT}"]
    words = _on_core(1, [*words, f"http://127.0.0.1:{port}/l/{code}"])
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = re.search(r"p99 (\d+) failed (\d+) answered (\d+) rate ([\d.]+)", done.stderr)
    assert found, done.stderr
    return Load(float(found[4]), int(found[1]) / 1000, int(found[2]), int(found[3]))


async def _client(port: int, code: str, until: float, taken: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request, failed = f"GET /l/{code} HTTP/1.1\r\nHost: b\r\nUser-Agent: {AGENT}\r\n\r\n".encode(), 0
    while (began := time.perf_counter()) < until:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        failed += not answer.startswith(b"HTTP/1.1 302")
        taken.append(time.perf_counter() - began)
    writer.close()
    return failed


async def _clients(port: int, code: str, seconds: float) -> Load:
    taken, until = list[float](), time.perf_counter() + seconds
    failed = sum(await asyncio.gather(*(_client(port, code, until, taken) for _ in range(CONNECTIONS))))
    return Load(len(taken) / seconds, sorted(taken)[int(len(taken) * 0.99)] * 1000, failed, len(taken))


def _stored(server: subprocess.Popen[str]) -> int:
    """Stop the server in order, and return how many clicks it has stored."""
    server.send_signal(signal.SIGTERM)
    out, _ = server.communicate(timeout=_READY_SECONDS)
    stored, waiting = map(int, out.split())
    assert not waiting
    return stored


def _measure(mode: str, seconds: float, use_wrk: bool) -> Measured:
    with tempfile.TemporaryDirectory(prefix="jalon-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        with _running(mode, folder / "store") as (port, code, server):
            found = _wrk(port, code, seconds, folder) if use_wrk else asyncio.run(_clients(port, code, seconds))
            lost = max(0, found.answered - _stored(server)) if mode == "links" else 0
            return Measured(found.rate, found.p99, found.failed, lost)


# --- the comparison ---------------------------------------------------------------------------------------------------


class Compared(NamedTuple):
    """Medians over the rounds: redirects per second and 99th percentile in ms by server, and the ratio of the rates."""

    load: str
    rates: dict[str, float]
    p99: dict[str, float]
    failed: int
    lost: int
    of_bare: float


def compare(rounds: int = 5, seconds: float = 3.0) -> Compared:
    """Measure both servers in turn."""
    use_wrk = shutil.which("wrk") is not None
    results: dict[str, list[Measured]] = {mode: [] for mode in MODES}
    for _ in range(rounds):
        for mode in MODES:
            results[mode].append(_measure(mode, seconds, use_wrk))
    pairs = zip(results["links"], results["bare"], strict=True)
    return Compared(
        "wrk" if use_wrk else "client in Python",
        {mode: statistics.median(one.rate for one in results[mode]) for mode in MODES},
        {mode: statistics.median(one.p99 for one in results[mode]) for mode in MODES},
        sum(one.failed for ones in results.values() for one in ones),
        sum(one.lost for one in results["links"]),
        statistics.median(ours.rate / bare.rate for ours, bare in pairs),
    )


def speed() -> Iterator[Figure]:
    """Redirects per second of one core and their slowest answers, against the bare redirect."""
    from benchmarks.sync import Figure

    found = compare()
    ours = found.rates["links"]
    value = f"{ours:.0f}/s; {found.of_bare:.2f} x bare {found.rates['bare']:.0f}/s ({found.load})"
    yield Figure("links: redirects/s on one core", value, ">= 2000/s or 0.7 x", ours >= 2000 or found.of_bare >= 0.7)
    p99 = found.p99["links"]
    bare = found.p99["bare"]
    yield Figure("links: 99 % of answers within", f"{p99:.1f} ms; bare {bare:.1f} ms", "<= 2 x bare", p99 <= 2 * bare)
    yield Figure("links: clicks answered and not stored", str(found.lost), "0", not (found.lost or found.failed))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(_bare() if sys.argv[1] == "bare" else _links(sys.argv[2]))
    else:
        print(compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
