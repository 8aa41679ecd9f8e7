"""`jalon deliver`: the marts of the last report to the destinations of jalon.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.commands.console import Console, ProgressLine
from jalon.connectors.base import Finding
from jalon.errors import ConfigError, JalonError, LockedError
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.report.delivery.deliver import Delivered
    from jalon.report.delivery.settings import Delivery


def run_deliver(
    console: Console, place: Workplace, names: tuple[str, ...], *, allow_schema_change: bool, dry_run: bool
) -> int:
    """Deliver to the named destinations, or all; one that fails does not keep the others from theirs."""
    chosen = pick(place, names)
    outcomes = deliver_to(console, place, chosen, allow_schema_change=allow_schema_change, dry_run=dry_run)
    console.data({"deliveries": [told for told, _ in outcomes.values()], "dry_run": dry_run}, lines(outcomes, dry_run))
    return status_of(outcomes)


Outcomes = Mapping[str, tuple[dict[str, Any], JalonError | None]]
"""Name of a delivery -> what is told of it, and what ended it early."""


def pick(place: Workplace, names: tuple[str, ...]) -> dict[str, Delivery]:
    """Return the named deliveries, or all. Raises `ConfigError` for a name that is not configured, and if none is."""
    known = place.config.deliveries
    if not known:
        raise ConfigError(
            "no delivery is configured", "Add a [deliver.NAME] table to jalon.toml; see docs/delivery.md."
        )
    for name in names:
        if name not in known:
            raise ConfigError(f"no delivery is called {name!r}", f"There are: {', '.join(known)}.")
    return {name: known[name] for name in names or known}


def deliver_to(
    console: Console,
    place: Workplace,
    chosen: Mapping[str, Delivery],
    *,
    allow_schema_change: bool = False,
    dry_run: bool = False,
) -> Outcomes:
    """Deliver the marts of the store; what went wrong is told at once, and kept with the outcome."""
    from jalon.report.delivery.deliver import deliver
    from jalon.report.marts.tables import MARTS
    from jalon.store.lock import RunLock

    outcomes: dict[str, tuple[dict[str, Any], JalonError | None]] = {}
    with RunLock(place.store.locks, "report", what="report"):  # so that the tables stay those of one report
        for name, settings in chosen.items():
            bar = ProgressLine(quiet=console.quiet)
            try:
                done = deliver(
                    settings,
                    place.store.marts,
                    MARTS,
                    _shown(bar, name),
                    allow_schema_change=allow_schema_change,
                    dry_run=dry_run,
                )
                outcomes[name] = _told(name, settings, done), None
                for change in done.changes:
                    console.warn(f"{name}: {change.words}")
            except JalonError as error:
                outcomes[name] = _failed(name, settings, error), error
                console.warn(f"{name}: {error}")
            finally:
                bar.clear()
    return outcomes


def _shown(bar: ProgressLine, name: str) -> Any:
    return lambda table, rows: bar.show(f"{name}: {table}, {rows:,} rows")


def _told(name: str, settings: Delivery, done: Delivered) -> dict[str, Any]:
    return {
        "name": name,
        "to": settings.to,
        "sent": dict(done.sent),
        "unchanged": list(done.unchanged),
        "removed": list(done.removed),
        "changes": [change._asdict() for change in done.changes],
    }


def _failed(name: str, settings: Delivery, error: JalonError) -> dict[str, Any]:
    told = {"message": error.message, "remedy": error.remedy, "exit_status": error.exit_status}
    return {"name": name, "to": settings.to, "error": told}


def lines(outcomes: Outcomes, dry_run: bool = False) -> Iterator[str]:
    """Yield what was delivered, for people."""
    verb = "would send" if dry_run else "sent"
    for name, (told, error) in outcomes.items():
        if error is not None:
            yield f"{name}: nothing sent"
            continue
        yield f"{name}: {verb} {len(told['sent'])} tables, {len(told['unchanged'])} unchanged"
        yield from (f"  {table}: {rows:,} rows" for table, rows in told["sent"].items())
        yield from (f"  {table}: removed" for table in told["removed"])


def status_of(outcomes: Outcomes) -> int:
    """Return 0 if all went well, the error's own status if all failed alike, else 1: some were delivered."""
    found = {errors.OK if error is None else error.exit_status for _, error in outcomes.values()}
    return found.pop() if len(found) == 1 else errors.PARTIAL if found else errors.OK


def failed(outcomes: Outcomes) -> bool:
    return any(error is not None for _, error in outcomes.values())


def after_report(console: Console, place: Workplace) -> Outcomes:
    """Deliver to the destinations that ask for it after each report."""
    chosen = {name: each for name, each in place.config.deliveries.items() if each.after == "report"}
    try:
        return deliver_to(console, place, chosen) if chosen else {}
    except LockedError as error:  # the report is made: it is told, and the next delivery catches up
        console.warn(str(error))
        return {name: (_failed(name, settings, error), error) for name, settings in chosen.items()}


def reachable(place: Workplace) -> Iterator[Finding]:
    """Say of each destination whether it can be reached."""
    from jalon.report.delivery.deliver import reach

    for name, settings in place.config.deliveries.items():
        try:
            yield Finding(f"deliver {name}", "ok", f"{settings.to}: holds {reach(settings)} tables")
        except JalonError as error:
            yield Finding(f"deliver {name}", "fail", error.message, error.remedy)
