"""What the long-running commands do: put the rooms to work and tell how it went."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.connectors.base import Finding, Settings
from jalon.console import Console, Progress
from jalon.errors import ConfigError, LockedError
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.store.derive import Derived
    from jalon.sync.clock import Clock
    from jalon.sync.source import Progress as Sign
    from jalon.sync.source import SourceOutcome, Workshop

DERIVE_PATIENCE = 600.0
"""Seconds that a run waits for another one's derivation, which may have begun before its own rows were there."""
WORST_LAST = (
    errors.OK,
    errors.PARTIAL,
    errors.LOCKED,
    errors.BUDGET,
    errors.USAGE,
    errors.AUTH,
    errors.STORE,
    errors.INTERRUPTED,
)
"""Of several sources' exit statuses the command ends with the one that stands last here."""


def run_sync(
    console: Console,
    place: Workplace,
    chosen: Mapping[str, Settings],
    *,
    max_runtime: timedelta | None,
    normalize: bool,
) -> int:
    """Sync the chosen sources, then derive facts from what came in."""
    from jalon.sync.engine import sync_all

    if not chosen:
        raise ConfigError(
            f"{place.config.path.name} has no source", "Add a [sources.NAME] table; see docs/first-steps.md."
        )

    async def work(shop: Workshop) -> list[SourceOutcome]:
        return await sync_all([place.source(name) for name in chosen], shop)

    outcomes = asyncio.run(engaged(console, place, work, max_runtime))
    derived = derive_now(console, place) if normalize else None
    return _tell(console, outcomes, derived)


def run_backfill(
    console: Console,
    place: Workplace,
    chosen: Mapping[str, Settings],
    first: date,
    last: date,
    *,
    max_runtime: timedelta | None,
    dry_run: bool,
) -> int:
    """Read the local days from `first` to `last` again, then derive; or only say how much that is."""
    from jalon.sync.engine import backfill_source, estimate
    from jalon.sync.source import Workshop as Shop

    shop = Shop(place.store, place.keyring)
    windows = {name: estimate(place.source(name), shop, first, last) for name in chosen}
    for name, streams in windows.items():
        console.say(
            f"{name}: at least {sum(streams.values())} requests ({', '.join(f'{s} {n}' for s, n in streams.items())})"
        )
    if dry_run:
        console.data({"requests_at_least": windows})
        return errors.OK

    async def work(shop: Workshop) -> list[SourceOutcome]:
        return list(await asyncio.gather(*(backfill_source(place.source(name), shop, first, last) for name in chosen)))

    outcomes = asyncio.run(engaged(console, place, work, max_runtime))
    return _tell(console, outcomes, derive_now(console, place))


async def engaged(
    console: Console,
    place: Workplace,
    work: Callable[[Workshop], Any],
    max_runtime: timedelta | None,
    clock: Clock | None = None,
) -> list[SourceOutcome]:
    """Run the engine with progress, a deadline, and signals that end it in order."""
    from jalon.sync.clock import SystemClock
    from jalon.sync.halt import Halt, stopped_by_signals
    from jalon.sync.source import Workshop as Shop

    clock = clock or SystemClock()
    halt = Halt(clock, max_runtime.total_seconds() if max_runtime else None)
    progress = Progress(quiet=console.quiet)
    shop = Shop(place.store, place.keyring, clock, halt, _shown(progress), place.address)
    try:
        with stopped_by_signals(halt):
            outcomes: list[SourceOutcome] = await work(shop)
            return outcomes
    finally:
        progress.clear()


def _shown(progress: Progress) -> Callable[[Sign], None]:
    def show(sign: Sign) -> None:
        waiting = f", waiting {sign.seconds:.0f} s: {sign.waiting}" if sign.waiting else ""
        progress.show(f"{sign.source} {sign.stream} {sign.pages} pages, {sign.rows:,} rows{waiting}")

    return show


def _tell(console: Console, outcomes: list[SourceOutcome], derived: Derived | None) -> int:
    """Say how each source ended, and return the exit status of the whole."""
    lines = []
    for outcome in outcomes:
        counts = outcome.counts
        left = (
            f", {counts.pending_windows} windows and {counts.pending_fetches} objects left for later"
            if counts.pending_windows + counts.pending_fetches
            else ""
        )
        lines.append(
            f"{outcome.source}: {outcome.state}: {counts.new:,} new rows in {counts.pages:,} pages, {counts.requests:,} requests{left}"
        )
        for finding in outcome.findings:
            if finding.level != "ok":
                console.say(f"{outcome.source}: {finding.name}: {finding.detail}. {finding.remedy}")
        for note in outcome.notes:
            console.say(f"{outcome.source}: {note}")
        if outcome.message:
            console.say(f"{outcome.message}. {outcome.remedy}".strip())
    data: dict[str, Any] = {"sources": [{"source": o.source, "outcome": o.state, **o.summary()} for o in outcomes]}
    if derived is not None:
        data["facts"] = derived._asdict()
        lines.append(_derived_line(derived))
        if derived.quarantined:
            console.say(f"{derived.quarantined} records are in quarantine: `jalon quarantine list`")
    console.data(data, lines)
    return max((outcome.exit_status for outcome in outcomes), key=WORST_LAST.index, default=errors.OK)


def _derived_line(derived: Derived) -> str:
    made = ", ".join(f"{count:,} {kind}" for kind, count in sorted(derived.facts.items()) if count)
    return f"facts: {derived.records:,} inbox rows read" + (f": {made}" if made else "")


def derive_now(console: Console, place: Workplace, *, everything: bool = False) -> Derived:
    from jalon.store.derive import derive

    progress = Progress(quiet=console.quiet)
    deadline = time.monotonic() + DERIVE_PATIENCE
    try:
        while True:
            try:
                return derive(
                    place.store,
                    place.normalizers(),
                    place.origins(),
                    everything=everything,
                    progress=lambda done, total: progress.show("deriving facts", done, total),
                )
            except LockedError:
                if time.monotonic() > deadline:
                    raise
                progress.show("another run is deriving facts; waiting for it")
                time.sleep(0.2)
    finally:
        progress.clear()


def run_normalize(console: Console, place: Workplace, *, everything: bool) -> int:
    """Derive facts from the inbox."""
    derived = derive_now(console, place, everything=everything)
    if derived.quarantined:
        console.say(f"{derived.quarantined} records are in quarantine: `jalon quarantine list`")
    console.data({"facts": derived._asdict()}, _derived_line(derived))
    return errors.PARTIAL if derived.quarantined else errors.OK


def run_serve(console: Console, place: Workplace, host: str, port: int) -> int:
    """Receive deliveries until SIGTERM or SIGINT."""
    return asyncio.run(_serve(console, place, host, port))


async def _serve(console: Console, place: Workplace, host: str, port: int) -> int:
    from jalon.receive.receiver import serve

    def ready(port: int, metrics_port: int | None) -> None:
        addresses = {
            name: place.address(name) or f"http://{host}:{port}{path(place, name)}" for name in place.config.sources
        }
        console.data(
            {"host": host, "port": port, "metrics_port": metrics_port, "addresses": addresses},
            [f"{name}: {address}" for name, address in addresses.items()],
        )
        console.say(f"receiving on {host}:{port}; metrics on 127.0.0.1:{metrics_port}/metrics; stop with Ctrl-C")

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(receiver_of(place), host, port, place.config.serve.metrics_port, stop, ready)
    console.say("stopped; every acknowledged delivery is stored")
    return errors.OK


def path(place: Workplace, name: str) -> str:
    """Return the path at which a source's deliveries arrive."""
    from jalon.receive.hooks import path_of

    return path_of(name, place.keyring.hook_token(name))


def receiver_of(place: Workplace) -> Any:
    """Return a receiver for all configured sources."""
    from jalon.receive.hooks import Hook
    from jalon.receive.limits import Limits
    from jalon.receive.receiver import Receiver

    sources = {name: place.source(name) for name in place.config.sources}
    hooks = {
        name: Hook(
            source.connector, source.settings, source.connector.secrets(source.settings), place.keyring.hook_token(name)
        )
        for name, source in sources.items()
    }
    serve = place.config.serve
    return Receiver(place.store, place.keyring, hooks, Limits(body=serve.max_body, connections=serve.connections))


def examine_sources(place: Workplace, chosen: Mapping[str, Settings]) -> list[Finding]:
    """Ask each platform how the source stands; findings carry the source's name."""
    from jalon.sync.doctor import examine
    from jalon.sync.source import Workshop as Shop

    async def work() -> list[list[Finding]]:
        shop = Shop(place.store, place.keyring, address=place.address)
        return await asyncio.gather(*(examine(place.source(name), shop) for name in chosen))

    found = zip(chosen, asyncio.run(work()), strict=True)
    return [finding._replace(name=f"{name}: {finding.name}") for name, findings in found for finding in findings]


def _as_of(day: datetime | None) -> int | None:
    """Return the end of a UTC day in microseconds."""
    return None if day is None else int((day.replace(tzinfo=UTC) + timedelta(days=1)).timestamp()) * 1_000_000


def attribution_folder(place: Workplace) -> Path:
    return place.store.folder / "attribution"


def attribute_now(place: Workplace, as_of: datetime | None = None) -> Any:
    """Attribute the facts as they are (or as they were known on a day)."""
    from jalon.attribution.models import MODELS
    from jalon.attribution.options import Options
    from jalon.attribution.run import attribute
    from jalon.store.lock import RunLock

    chosen = place.config.attribution
    options = Options(
        as_of=_as_of(as_of),
        lookback_days=chosen.lookback_days,
        half_life_days=chosen.half_life_days,
        models=chosen.models or tuple(MODELS),
        copy_hours=chosen.copy_hours,
        temp_folder=place.store.tmp,
    )
    with RunLock(place.store.locks, "attribute", what="attribute"):
        return attribute(place.store.facts, attribution_folder(place), options)


def run_attribute(console: Console, place: Workplace, as_of: datetime | None) -> int:
    """Attribute, and say what was made."""
    result = attribute_now(place, as_of)
    console.data(
        {"rows": result.rows, "possible_duplicates": result.possible_duplicates, "folder": str(result.folder)},
        [f"{count:,} {name.replace('_', ' ')}" for name, count in result.rows.items()],
    )
    if result.possible_duplicates:
        console.say(
            f"{result.possible_duplicates} orders may be copies of others and are not counted; the orders mart says which"
        )
    return errors.OK
