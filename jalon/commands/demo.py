"""The played platforms for people: `jalon sandbox` serves them, `jalon demo` goes the whole way with them once."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.commands.console import Console, counted
from jalon.config import FILE, load
from jalon.errors import ConfigError, StoreError
from jalon.privacy import make_key
from jalon.sync.clock import SystemClock
from jalon.sync.source import Counts
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.sandbox.crowd import Crowd
    from jalon.sandbox.server import Sandbox
    from jalon.sync.source import SourceOutcome

MARK = ".jalon-demo"
"""Stands in a folder that the demo made, and may therefore make anew."""
DAY = 86_400
FAULT_RATE = 0.1
"""Share of requests (or deliveries) that a fault strikes once it is switched on."""
PLAYED_RATE = 200
"""Requests per second that the sandbox bears."""
DAYS_LIVED = 3
"""How many days pass between the demo's first sync and its last: late figures, journeys and webhooks arrive then."""


class PlayedClock(SystemClock):
    """The engine's clock set to the sandbox's, so that days can pass in a second."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    def now(self) -> float:
        return self._sandbox.clock.now()


def write_workplace(folder: Path, settings: Mapping[str, Mapping[str, Any]], public_url: str | None = None) -> Path:
    """Write a jalon.toml and its secrets, as files, for sources with these settings; return the file."""
    lines = [
        "[jalon]",
        'store = "data"',
        f"public_url = {json.dumps(public_url)}" if public_url else "",
        "[serve]",
        "metrics_port = 0",
        "",
    ]
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    for name, given in settings.items():
        lines += [f"[sources.{name}]", f"requests_per_second = {PLAYED_RATE}"]
        for key, value in given.items():
            if key != "secrets":
                lines.append(f"{key} = {json.dumps(value)}")
        for key, secret in given["secrets"].items():
            path = folder / "secrets" / f"{name}.{key}"
            path.write_text(f"{secret}\n")
            path.chmod(0o600)
            lines.append(f'{key} = {{ file = "secrets/{path.name}" }}')
        lines.append("")
    (folder / FILE).write_text("\n".join(lines))
    if not (folder / "jalon.key").exists():
        make_key(folder / "jalon.key")
    return folder / FILE


def _server() -> ModuleType:
    """Return the module that plays the platforms. Raises `ConfigError` where the libraries it needs are missing."""
    try:
        from jalon.sandbox import parts, server

        for name in parts.PARTS:
            parts.load(name)
    except ModuleNotFoundError as error:
        how = "Install it with `pip install 'jalon[sandbox]'`."
        raise ConfigError(f"the sandbox needs the package {error.name}, which is not installed", how) from None
    return server


# --- the sandbox ----------------------------------------------------------------------------------------------------


def run_sandbox(
    console: Console, *, faults: tuple[str, ...], port: int, write_config: Path | None, truth: Path | None, **brand: int
) -> int:
    """Serve the sandbox until SIGTERM or SIGINT. `brand`: seed, orders, days."""
    server = _server()
    rates = _rates(faults)

    async def play() -> None:
        async with server.serve(base_port=port, faults=rates, truth_file=truth, **brand) as sandbox:
            _present(console, sandbox, write_config)
            await _until_stopped()

    try:
        asyncio.run(play())
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ConfigError(f"port {port} or one behind it is taken", "Name another with --port (0: any free).") from None
    return errors.OK


def _rates(faults: tuple[str, ...]) -> dict[str, float]:
    from jalon.sandbox.faults import NAMES

    unknown = sorted(set(faults) - {*NAMES, "all"})
    if unknown:
        raise ConfigError(f"no fault is called {unknown[0]!r}", f"Known are: all, {', '.join(NAMES)}.")
    return dict.fromkeys(NAMES if "all" in faults else faults, FAULT_RATE)


def _present(console: Console, sandbox: Sandbox, write_config: Path | None) -> None:
    """Say where the platforms are, and write a workplace for them if one is wanted."""
    settings = sandbox.settings()
    if write_config is not None:
        console.say(f"wrote {write_workplace(write_config, settings)}")
    lines = [f"{name}: {address}" for name, address in sandbox.addresses.items()]
    console.data({"addresses": sandbox.addresses, "settings": settings}, lines)
    console.say("playing until stopped (Ctrl-C); these secrets are the sandbox's own and open nothing else")


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


# --- the demo -------------------------------------------------------------------------------------------------------


def run_demo(console: Console, out: Path, *, seed: int, orders: int) -> int:
    """Go the whole way over HTTP on loopback, and leave a workplace behind for every command that asks no platform."""
    from jalon.commands.reporting import Asked, run_report
    from jalon.commands.running import derive_now

    server = _server()
    _clear(out)
    states = asyncio.run(_live(console, server, out, seed, orders))
    with Workplace(load(out / FILE)) as place:
        derive_now(console, place)
        status = run_report(console, place, Asked())
        console.say(f"marts: {place.store.marts}/*.parquet, *.csv")
        console.say(f"look around: cd {out} && jalon status; jalon explain ORDER; jalon quarantine list")
        console.say(
            "the platforms are played no longer: `jalon sync` finds nobody (`jalon sandbox` plays until stopped)"
        )
    return status if states == {"ok"} else errors.PARTIAL


def _clear(out: Path) -> None:
    """Make an empty folder, replacing only one that an earlier demo made."""
    try:
        if out.exists() and any(out.iterdir()):
            if not (out / MARK).exists():
                raise StoreError(f"{out} holds something that is not a demo's", "Name another folder with --out.")
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / MARK).touch()
    except OSError as error:
        raise StoreError(f"{out} cannot be written to: {error.strerror}", "Name another folder with --out.") from None


async def _live(console: Console, server: ModuleType, out: Path, seed: int, orders: int) -> set[str]:
    """Play the platforms, sync while a few days pass and deliveries arrive, and return how the runs ended."""
    from jalon.commands.links import addresses
    from jalon.receive.site import EVENTS
    from jalon.sandbox.clock import Clock
    from jalon.sandbox.crowd import SETTINGS, SOURCE, Crowd, links

    clock = Clock(time.time() - DAYS_LIVED * DAY)
    async with server.serve(seed=seed, orders=orders, clock=clock) as sandbox:
        console.say(f"playing {', '.join(sandbox.parts)} on loopback: a brand with about {orders} orders")
        settings = {**sandbox.settings(), SOURCE: SETTINGS}
        with Workplace(load(write_workplace(out, settings))) as place:
            rows = links(sandbox.world, clock.now())
            addresses(place, SOURCE, rows)
            async with _receiving(place, out, settings, sandbox):
                events = f"{place.config.main.public_url}{EVENTS}{place.keyring.hook_token(SOURCE)}"
                async with Crowd(sandbox.world, events, addresses(place, SOURCE, rows)) as crowd:
                    return await _days(console, place, sandbox, crowd)


@asynccontextmanager
async def _receiving(
    place: Workplace, out: Path, settings: Mapping[str, Mapping[str, Any]], sandbox: Sandbox
) -> AsyncIterator[None]:
    """Receive deliveries, and clicks and events in the played time, at an address that the configuration names."""
    from jalon.commands.serving import receiver_of
    from jalon.sandbox import own_channels

    receiver = receiver_of(place, sandbox.clock.now)
    port, _ = await receiver.start("127.0.0.1", 0)
    write_workplace(out, settings, f"http://127.0.0.1:{port}")
    own_channels.configure(out / FILE)
    place.config = load(out / FILE)
    hook: Any = sandbox.parts["hook"]
    hook.deliver_to(place.address("hook"))
    try:
        yield
    finally:
        await receiver.stop()


async def _days(console: Console, place: Workplace, sandbox: Sandbox, crowd: Crowd) -> set[str]:
    """Sync, then let a day pass, deliver what happened in it, and sync again."""
    states = await _sync_once(console, place, sandbox, 0)
    for day in range(1, DAYS_LIVED + 1):
        await crowd.morning(sandbox.clock.now())
        sandbox.clock.advance(DAY)
        await crowd.evening()
        await sandbox.deliverer.pump()
        states |= await _sync_once(console, place, sandbox, day)
    return states


async def _sync_once(console: Console, place: Workplace, sandbox: Sandbox, day: int) -> set[str]:
    from jalon.commands.running import engaged, talk
    from jalon.sandbox import own_channels
    from jalon.sync.engine import sync_all

    own_channels.drop(sandbox.world, place.config.folder / "drop", sandbox.clock.now())
    sources = list(map(place.source, place.config.sources))
    outcomes = await engaged(console, place, lambda shop: sync_all(sources, shop), None, PlayedClock(sandbox))
    for line in _told(day, outcomes):
        console.say(line)
    for outcome in outcomes:
        talk(console, outcome)
    return {outcome.state for outcome in outcomes}


def _told(day: int, outcomes: list[SourceOutcome]) -> Iterator[str]:
    """Say what a day's sync read: each source on the first, afterwards the sum and whatever did not end well."""
    for outcome in outcomes:
        if not day or outcome.state != "ok":
            yield f"day {day}: {outcome.source}: {outcome.state}, {_read(outcome.counts)}"
    if day:
        whole = Counts(*(sum(getattr(o.counts, name) for o in outcomes) for name in ("requests", "pages", "new")))
        whole.deliveries = sum(outcome.counts.deliveries for outcome in outcomes)
        yield f"day {day}: {len(outcomes)} sources, {_read(whole)}"


def _read(counts: Counts) -> str:
    opened = f", {counts.deliveries:,} deliveries opened" if counts.deliveries else ""
    return f"{counted(counts.new, 'new row', 'new rows')}, {counted(counts.requests, 'request', 'requests')}{opened}"
