"""The played platforms for people: `jalon sandbox` serves them, `jalon demo` goes the whole way with them once."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.config import FILE, load
from jalon.console import Console
from jalon.errors import ConfigError, StoreError
from jalon.privacy import make_key
from jalon.sync.clock import SystemClock
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.sandbox.server import Sandbox

MARK = ".jalon-demo"
"""Stands in a folder that the demo made, and may therefore make anew."""
DAY = 86_400
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


def run_sandbox(
    console: Console,
    seed: int,
    orders: int,
    days: int,
    port: int,
    faults: tuple[str, ...],
    truth: Path | None,
    write_config: Path | None,
) -> int:
    """Serve the sandbox until SIGTERM or SIGINT."""
    return asyncio.run(_sandbox(console, seed, orders, days, port, faults, truth, write_config))


async def _sandbox(
    console: Console,
    seed: int,
    orders: int,
    days: int,
    port: int,
    faults: tuple[str, ...],
    truth: Path | None,
    write_config: Path | None,
) -> int:
    from jalon.sandbox.faults import NAMES
    from jalon.sandbox.server import serve

    unknown = sorted(set(faults) - {*NAMES, "all"})
    if unknown:
        raise ConfigError(f"no fault is called {unknown[0]!r}", f"Known are: all, {', '.join(NAMES)}.")
    rates = {name: 0.1 for name in (NAMES if "all" in faults else faults)}
    async with serve(seed=seed, orders=orders, days=days, base_port=port, faults=rates, truth_file=truth) as sandbox:
        settings = sandbox.settings()
        if write_config is not None:
            console.say(f"wrote {write_workplace(write_config, settings)}")
        console.data(
            {"addresses": sandbox.addresses, "settings": settings},
            [f"{name}: {address}" for name, address in sandbox.addresses.items()],
        )
        console.say("playing until stopped (Ctrl-C); these secrets are the sandbox's own and open nothing else")
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
    return errors.OK


def run_demo(console: Console, out: Path, *, seed: int, orders: int) -> int:
    """Go the whole way over HTTP on loopback, and leave a workplace behind that every command works on."""
    _clear(out)
    asyncio.run(_live(console, out, seed, orders))
    from jalon.reporting import run_report
    from jalon.running import derive_now

    with Workplace(load(out / FILE)) as place:
        derive_now(console, place)
        status = run_report(console, place, None, None)
        console.say("")
        console.say(f"page:   {place.store.marts / 'report.html'}")
        console.say(f"marts:  {place.store.marts}/*.parquet, *.csv")
        console.say(f"look:   cd {out} && jalon status; jalon explain ORDER")
    return status


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


async def _live(console: Console, out: Path, seed: int, orders: int) -> None:
    """Play the platforms, and sync from them while a few days pass and deliveries arrive."""
    from jalon.running import receiver_of
    from jalon.sandbox.clock import Clock
    from jalon.sandbox.server import serve

    import time

    began = time.time() - DAYS_LIVED * DAY
    async with serve(seed=seed, orders=orders, clock=Clock(began)) as sandbox:
        console.say(f"playing {', '.join(sandbox.parts)} on loopback: a brand with about {orders} orders")
        config = write_workplace(out, sandbox.settings())
        with Workplace(load(config)) as place:
            receiver = receiver_of(place)
            port, _ = await receiver.start("127.0.0.1", 0)
            write_workplace(out, sandbox.settings(), f"http://127.0.0.1:{port}")
            place.config = load(config)
            try:
                for day in range(DAYS_LIVED + 1):
                    if day:
                        sandbox.clock.advance(DAY)
                        await sandbox.deliverer.pump()
                    await _sync_once(console, place, sandbox, day)
            finally:
                await receiver.stop()


async def _sync_once(console: Console, place: Workplace, sandbox: Sandbox, day: int) -> None:
    from jalon.running import engaged
    from jalon.sync.engine import sync_all

    outcomes = await engaged(
        console,
        place,
        lambda shop: sync_all([place.source(name) for name in place.config.sources], shop),
        None,
        PlayedClock(sandbox),
    )
    for outcome in outcomes:
        counts = outcome.counts
        console.say(
            f"day {day}: {outcome.source}: {outcome.state}, {counts.new:,} new rows, {counts.requests:,} requests, {counts.deliveries:,} deliveries opened"
        )
        if outcome.message:
            console.say(f"  {outcome.message}. {outcome.remedy}")
