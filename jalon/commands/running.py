"""What the commands that read and derive do: put the engine to work and tell how it went."""

from __future__ import annotations

import asyncio
import atexit
import gc
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.commands import later_settings
from jalon.commands.common import end_if_asked, heed_sigterm
from jalon.commands.console import Console, ProgressLine, counted, day_and_time
from jalon.connectors.base import Settings
from jalon.errors import ConfigError, LockedError
from jalon.store.arrow import parquet
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.store.derive import Derived
    from jalon.sync.clock import Clock
    from jalon.sync.source import Sign, SourceOutcome, Workshop

log = logging.getLogger("jalon.commands.running")
Work = Callable[["Workshop"], Awaitable["list[SourceOutcome]"]]

SHOWN = 5
"""Bad rows of a file that are named before it is read."""
DERIVE_PATIENCE = 600.0
"""Seconds that a run waits for another one's derivation, which may have begun before its own rows were there."""
WORST_LAST = (
    errors.OK,
    errors.DUE,
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

    _refuse_none(place, chosen)
    able = _with_secrets(place, chosen)

    async def work(shop: Workshop) -> list[SourceOutcome]:
        return [*_lacking(place, chosen), *await sync_all(map(place.source, able), shop)]

    return _read(console, place, work, max_runtime, normalize=normalize)


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
    from jalon.sync.engine import backfill_source

    _refuse_none(place, chosen)
    if dry_run:
        return _estimate(console, place, chosen, first, last)

    able = _with_secrets(place, chosen)

    async def work(shop: Workshop) -> list[SourceOutcome]:
        done = await asyncio.gather(*(backfill_source(place.source(name), shop, first, last) for name in able))
        return [*_lacking(place, chosen), *done]

    return _read(console, place, work, max_runtime, normalize=True)


def run_import(
    console: Console,
    place: Workplace,
    paths: tuple[Path, ...],
    *,
    source: str | None,
    table: str | None,
    dry_run: bool,
    normalize: bool,
) -> int:
    """Read named files for a source, then derive; or only say how each would be read."""
    from jalon.sync.engine import import_files

    name = _reads_files(place, source)
    if dry_run:
        return _look(console, place, paths, name, table)

    async def work(shop: Workshop) -> list[SourceOutcome]:
        return [await import_files(place.source(name), shop, paths, table)]

    return _read(console, place, work, None, normalize=normalize)


def _reads_files(place: Workplace, named: str | None) -> str:
    """Return the source that the files are for: the one that was named, or the only one that reads files."""
    chosen = place.config.pick((named,) if named else ())
    found = [name for name in chosen if place.source(name).connector.folder(chosen[name])]
    if len(found) == 1:
        return found[0]
    if named:
        raise ConfigError(f"the source {named} reads no files", "Name one whose connector is `files`.")
    how = "Name it with --source." if found else "Add a source that reads them: `jalon init --source files`."
    raise ConfigError(f"{len(found)} sources read files", how)


def _look(console: Console, place: Workplace, paths: tuple[Path, ...], source: str, table: str | None) -> int:
    from jalon.commands.console import table as aligned
    from jalon.sync.engine import look_at
    from jalon.sync.source import Workshop

    shop = Workshop(place.store, place.keyring)
    looks = {str(path): look_at(place.source(source), shop, path, table) for path in paths}
    lines: list[str] = []
    for path, look in looks.items():
        lines += [f"{path}: table {look.table}: {look.rows - len(look.bad)} of its first {look.rows} rows can be taken"]
        more = [f"  and {len(look.bad) - SHOWN} more bad rows"] if len(look.bad) > SHOWN else []
        lines += [*aligned(("field", "from"), look.fields), *(f"  {why}" for why in look.bad[:SHOWN]), *more, ""]
    console.data({"files": {path: look._asdict() for path, look in looks.items()}}, lines[:-1])
    return errors.PARTIAL if any(look.bad for look in looks.values()) else errors.OK


def _refuse_none(place: Workplace, chosen: Mapping[str, Settings]) -> None:
    if not chosen:
        how = "Add a [sources.NAME] table; `jalon init --source CONNECTOR` shows one."
        raise ConfigError(f"{place.config.path.name} has no source", how)


def _with_secrets(place: Workplace, chosen: Mapping[str, Settings]) -> list[str]:
    return [name for name in chosen if name not in place.config.lacking]


def _lacking(place: Workplace, chosen: Mapping[str, Settings]) -> list[SourceOutcome]:
    """Return the outcome of each source whose secrets cannot be had: it fails alone."""
    from jalon.sync.source import SourceOutcome

    return [
        SourceOutcome(name, "config", f"{name}: {error.message}", error.remedy)
        for name in chosen
        for error in place.config.lacking.get(name, ())[:1]
    ]


def _estimate(console: Console, place: Workplace, chosen: Mapping[str, Settings], first: date, last: date) -> int:
    from jalon.sync.engine import estimate
    from jalon.sync.source import Workshop

    shop = Workshop(place.store, place.keyring)
    windows = {name: estimate(place.source(name), shop, first, last) for name in chosen}
    lines = [
        f"{name}: at least {sum(streams.values())} requests ({', '.join(f'{s} {n}' for s, n in streams.items())})"
        for name, streams in windows.items()
    ]
    console.data({"requests_at_least": windows}, lines)
    return errors.OK


def _end_at_once() -> None:
    """Leave the garbage of a process that ends: to search for it takes 0.1 s. DuckDB would complain of its own."""
    if "_duckdb" not in sys.modules:
        gc.freeze()


def _read(console: Console, place: Workplace, work: Work, max_runtime: timedelta | None, *, normalize: bool) -> int:
    """Run the engine, derive (unless a person has just asked to stop), and tell."""
    log.info("%s, store in %s", place.config.path, place.config.store)
    later_settings.warn(console, place)
    atexit.register(_end_at_once)
    outcomes = asyncio.run(engaged(console, place, work, max_runtime, normalize=normalize))
    heed_sigterm()
    stopped = any(outcome.state == "interrupted" for outcome in outcomes)
    derived = derive_now(console, place) if normalize and not stopped else None
    return _tell(console, outcomes, derived)


async def engaged(
    console: Console,
    place: Workplace,
    work: Work,
    max_runtime: timedelta | None,
    clock: Clock | None = None,
    *,
    normalize: bool = False,
) -> list[SourceOutcome]:
    """Run the engine with progress, a deadline, and signals that end it in order."""
    from jalon.sync.clock import SystemClock
    from jalon.sync.halt import Halt, stopped_by_signals
    from jalon.sync.source import Workshop

    clock = clock or SystemClock()
    halt = Halt(clock, max_runtime.total_seconds() if max_runtime else None)
    with ProgressLine(quiet=console.quiet) as progress, stopped_by_signals(halt):
        shop = Workshop(place.store, place.keyring, clock, halt, _shown(progress, normalize), place.address)
        return await work(shop)


@cache
def _load_writer() -> None:
    """Load what facts are written with while a platform is waited for: it takes a tenth of a second."""
    asyncio.get_running_loop().run_in_executor(None, parquet)


def _shown(progress: ProgressLine, normalize: bool) -> Callable[[Sign], None]:
    def show(sign: Sign) -> None:
        if normalize and sign.rows:
            _load_writer()
        if sign.waiting:
            text = f"{sign.source}: waiting {sign.seconds:.0f} s: {sign.waiting}"
        else:
            text = f"{sign.source}: {sign.stream}: {sign.pages} pages, {sign.rows:,} rows"
        log.log(logging.INFO if sign.waiting else logging.DEBUG, text)
        progress.show(text)

    return show


# --- how it went ----------------------------------------------------------------------------------------------------


def _tell(console: Console, outcomes: list[SourceOutcome], derived: Derived | None) -> int:
    """Say how each source ended and what was derived, and return the exit status of the whole."""
    for outcome in outcomes:
        talk(console, outcome)
    data: dict[str, Any] = {"sources": [{"source": o.source, "outcome": o.state, **o.summary()} for o in outcomes]}
    lines = [_line(outcome) for outcome in outcomes]
    statuses = [outcome.exit_status for outcome in outcomes]
    if derived is not None:
        data["facts"] = derived._asdict()
        lines.append(_derived_line(derived))
        statuses.append(_heed_quarantine(console, derived))
    console.data(data, lines)
    return max(statuses, key=WORST_LAST.index, default=errors.OK)


def talk(console: Console, outcome: SourceOutcome) -> None:
    """Say what a person should know about a source's run: what was found, left out, or went wrong."""
    for finding in outcome.findings:
        if finding.level != "ok":
            console.say(errors.sentences(f"{outcome.source}: {finding.name}: {finding.detail}", finding.remedy))
    ended = errors.sentences(outcome.message, outcome.remedy)
    for note in outcome.notes:
        if (line := f"{outcome.source}: {note}") != ended:
            console.say(line)
    for due in outcome.due:
        console.warn(errors.sentences(f"{due.source}: {due.what} at {day_and_time(due.at)}", due.remedy))
    if outcome.message:
        console.warn(ended)


def _line(outcome: SourceOutcome) -> str:
    counts = outcome.counts
    new, pages = counted(counts.new, "new row", "new rows"), counted(counts.pages, "page", "pages")
    read = f"{new} in {pages}, {counted(counts.requests, 'request', 'requests')}"
    windows = counted(counts.pending_windows, "window", "windows")
    left = f"{windows} and {counted(counts.pending_fetches, 'object', 'objects')} left for later"
    pending = counts.pending_windows + counts.pending_fetches
    return f"{outcome.source}: {outcome.state}: {read}{f', {left}' if pending else ''}"


def _derived_line(derived: Derived) -> str:
    made = ", ".join(f"{count:,} {kind}" for kind, count in sorted(derived.facts.items()) if count)
    return f"facts: {derived.records:,} inbox rows read" + (f": {made}" if made else "")


def _heed_quarantine(console: Console, derived: Derived) -> int:
    """Say what could not become facts, and return the exit status that it means."""
    if not derived.quarantined:
        return errors.OK
    console.warn(f"{derived.quarantined} of the records read are in quarantine: `jalon quarantine list` says why.")
    return errors.PARTIAL


# --- deriving -------------------------------------------------------------------------------------------------------


def run_normalize(console: Console, place: Workplace, *, everything: bool) -> int:
    """Derive facts from the inbox."""
    derived = derive_now(console, place, everything=everything)
    status = _heed_quarantine(console, derived)
    console.data({"facts": derived._asdict()}, _derived_line(derived))
    return status


def derive_now(console: Console, place: Workplace, *, everything: bool = False) -> Derived:
    """Derive facts, after whoever does so now. Raises `LockedError` if that takes longer than `DERIVE_PATIENCE`."""
    deadline = time.monotonic() + DERIVE_PATIENCE
    with ProgressLine(quiet=console.quiet) as progress:
        while True:
            end_if_asked()
            try:
                return place.derive(everything=everything, progress=progress.show)
            except LockedError:
                if time.monotonic() > deadline:
                    raise
                progress.show("another run is deriving facts; waiting for it")
                time.sleep(0.2)
