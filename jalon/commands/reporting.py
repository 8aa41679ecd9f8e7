"""From facts to what people read: attribution, marts, page, summary, explanation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jalon import errors
from jalon.commands import delivering
from jalon.commands.console import Console, day_and_time, parts
from jalon.errors import ConfigError, StoreError
from jalon.normalize.times import SECOND
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.attribution.options import Engines
    from jalon.attribution.run import Result
    from jalon.report.figures.background import Background
    from jalon.report.marts.base import Known, RunRow
    from jalon.report.marts.making import Marts
    from jalon.report.page.language import Language

PAGE = "report.html"
RUNS = 10_000
"""Runs that `run_ledger` holds, the latest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What report somebody asks for."""

    as_of: datetime | None = None
    out: Path | None = None
    """Where to, if not into the store."""
    dbt: Path | None = None
    """Where a dbt project shall go, if one shall be written."""
    since: datetime | None = None
    lang: str | None = None
    role: str | None = None


def run_report(console: Console, place: Workplace, asked: Asked) -> int:
    """Attribute, write marts and page, and a dbt project if asked to, and print the summary."""
    from jalon.report.summary import lines, summary

    before = None if asked.since is None else _report_of(place, asked.since)
    result = attribute_now(console, place, asked.as_of)
    for line in _unmet(result):
        console.say(line)
    made = _written(console, place, asked, before)
    ordinary = asked.as_of is None and asked.out is None
    outcomes = delivering.after_report(console, place) if ordinary else {}
    console.data(
        {
            "page": str(made.page),
            "marts": made.marts.rows,
            "summary": summary(made.figures),
            "deliveries": [delivery for delivery, _ in outcomes.values()],
        },
        [*lines(made.figures, made.say), *delivering.lines(outcomes)],
    )
    console.say(f"page: {made.page}")
    return errors.PARTIAL if delivering.failed(outcomes) else errors.OK


class _Written(NamedTuple):
    """A report as it stands: the marts, what page and summary tell, the page, and the words of its language."""

    marts: Marts
    figures: dict[str, Any]
    page: Path
    say: Language


def _written(console: Console, place: Workplace, asked: Asked, before: Path | None) -> _Written:
    """Write marts and page, and a dbt project if one is asked for; `before` holds the marts to compare with."""
    from jalon.report.dbt import write_project
    from jalon.report.figures.gathering import figures
    from jalon.report.marts.making import MartOptions, build_marts
    from jalon.report.page.language import language
    from jalon.report.page.page import View, write_page
    from jalon.store.lock import RunLock

    folder = asked.out or _at(place.store.marts, asked.as_of)
    attribution = attribution_folder(place, asked.as_of)
    background = _background(place, _as_of(asked.as_of))
    known = _known(place, asked.as_of, background.names, before)
    options = MartOptions(memory_limit=place.config.attribution.memory_limit, temp_folder=place.store.tmp)
    view = View(asked.lang or place.config.report.lang, asked.role, place.config.attribution.stages, background.names)
    with RunLock(place.store.locks, "report", what="report"), naming_damage(place):
        with parts(console, "marts") as progress:
            marts = build_marts(place.store.facts, attribution, folder, options, known, progress)
        told = figures(folder, attribution, background)
        page = write_page(told, folder / PAGE, view)
        if asked.dbt is not None:
            write_project(folder, asked.dbt)
    return _Written(marts, told, page, language(view.lang, view.names))


@contextmanager
def naming_damage(place: Workplace) -> Iterator[None]:
    """Where reading has failed, say which facts file is damaged: the engine does not always know."""
    import duckdb

    from jalon.store.facts import check_facts

    try:
        yield
    except (StoreError, duckdb.Error):
        check_facts(place.store.facts)
        raise


def _background(place: Workplace, until: int | None) -> Background:
    """Return what the report should know beside the marts; of a past day what was in quarantine is not known."""
    from jalon.commands.matrix import display_names, gaps
    from jalon.report.figures.background import Background

    connectors = {name: settings.connector for name, settings in place.config.sources.items()}
    held = _held(place) if until is None else None
    zones = {name: origin.context.zone for name, origin in place.origins().items()}
    polled = {name for name, kind in connectors.items() if _is_asked(kind)}
    return Background(held, freshness(place, until), polled, zones, gaps(connectors), display_names())


def _is_asked(kind: str) -> bool:
    """Say whether a connector's platform is asked for what is new, by time or for all: others only tell."""
    from jalon import registry

    return any(stream.grain != "keyed" for stream in registry.connector(kind).streams)


def _known(place: Workplace, as_of: datetime | None, names: Mapping[str, str], before: Path | None) -> Known:
    """Return what the marts should know beside facts and attribution."""
    from jalon import registry
    from jalon.report.marts.base import Account, Known
    from jalon.report.people.wanted import wanted

    sources = {name: settings.connector for name, settings in place.config.sources.items()}
    accounts = {name: Account(kind, registry.connector(kind).title) for name, kind in sources.items()}
    return Known(accounts, _runs(place, _as_of(as_of)), names, wanted(place.config), before)


def _report_of(place: Workplace, day: datetime) -> Path:
    """Return where the marts of a past day are. Raises `ConfigError` if they were never made."""
    folder = _at(place.store.marts, day)
    if not (folder / "fct_orders.parquet").is_file():
        raise ConfigError(
            f"there is no report as of {day:%Y-%m-%d}", f"Run `jalon report --as-of {day:%Y-%m-%d}` first."
        )
    return folder


def _runs(place: Workplace, until: int | None) -> list[RunRow]:
    """Return the latest runs that had begun by an instant."""
    from jalon.report.marts.base import RunRow
    from jalon.store import runs

    with place.store.read() as db:
        found = runs.recent(db, RUNS)
    rows = [
        RunRow(
            run.id, run.source, run.command, round(run.started_at * 1e6),
            None if run.finished_at is None else round(run.finished_at * 1e6),
            run.outcome,
            *(int(run.counts.get(name) or 0) for name in ("pages", "new", "known", "skipped")),
        )
        for run in found
    ]  # fmt: skip
    return [row for row in rows if until is None or row.started_at < until]


def _held(place: Workplace) -> int:
    """Return how many records are in quarantine."""
    from jalon.store import quarantine

    with place.store.read() as db:
        return sum(entries for *_, entries in quarantine.counts(db))


def freshness(place: Workplace, until: int | None = None) -> dict[str, str]:
    """Return when each source was last synced in full (UTC) by an instant; one that never was is left out."""
    from jalon.store import runs

    with place.store.read() as db:
        last = runs.last_good(db, "sync", math.inf if until is None else until / 1e6)
    return {name: day_and_time(at) for name, at in last.items() if name in place.config.sources}


def _as_of(day: datetime | None) -> int | None:
    """Return the end of a UTC day in microseconds."""
    return None if day is None else int((day.replace(tzinfo=UTC) + timedelta(days=1)).timestamp()) * SECOND


def attribution_folder(place: Workplace, as_of: datetime | None = None) -> Path:
    """Return where the tables of the attribution are: those of a past day beside, not over, those of today."""
    return _at(place.store.attribution, as_of)


def _at(folder: Path, day: datetime | None) -> Path:
    return folder if day is None else folder / f"as-of-{day:%Y-%m-%d}"


def told_options(place: Workplace) -> dict[str, Any]:
    """Return the options of the attribution that the configuration tells."""
    from jalon.attribution.models import USUAL
    from jalon.attribution.options import Options

    told = {name: value for name, value in place.config.attribution if name in Options.names() and value != ()}
    if "models" not in told and told["custom"] is not None:
        told["models"] = (*USUAL, "custom")
    return told


def attribute_now(
    console: Console,
    place: Workplace,
    as_of: datetime | None = None,
    engine: Engines | None = None,
    out: Path | None = None,
    *,
    anew: bool = False,
) -> Result:
    """Attribute the facts as they are (or as they were known on a day), by an engine or that of the configuration.

    The tables go to `out`, or to the store's own folder for them. Where those that a run would make stand there
    already, nothing is done, unless they shall be made `anew`.
    """
    from jalon.attribution import standing
    from jalon.attribution.options import Options
    from jalon.attribution.run import attribute
    from jalon.store import whole
    from jalon.store.lock import RunLock

    told = told_options(place)
    told |= {"engine": engine} if engine else {}
    options = Options(**told, as_of=_as_of(as_of), temp_folder=place.store.tmp)
    folder = out or attribution_folder(place, as_of)
    with RunLock(place.store.locks, "attribute", what="attribute"), naming_damage(place):
        whole.check(place.store)
        made = standing.made_of(place.store.facts, options)
        if not anew and (known := standing.standing(folder, made)):
            return known
        standing.forget(folder)
        with parts(console, "attribution") as progress:
            result = attribute(place.store.facts, folder, options, progress)
        standing.keep(folder, made, place.store.facts)
        return result


def run_attribute(
    console: Console, place: Workplace, as_of: datetime | None, engine: Engines | None = None, *, anew: bool = False
) -> int:
    """Attribute, and say what was made."""
    result = attribute_now(console, place, as_of, engine, anew=anew)
    console.data(
        {
            "rows": result.rows,
            "possible_duplicates": result.possible_duplicates,
            "claims_unmatched": result.claims_unmatched,
            "refunds_unmatched": result.refunds_unmatched,
            "lines_unmatched": result.lines_unmatched,
            "set_aside": result.set_aside,
            "net_warnings": result.net_warnings,
            "late_by_the_clock": result.late_by_the_clock,
            "dated_ahead": result.dated_ahead,
            "told_of_other_days": result.told_of_other_days,
            "patterns_unmet": result.patterns_unmet,
            "stood": result.stood,
            "folder": str(result.folder),
        },
        [f"{count:,} {name.replace('_', ' ')}" for name, count in result.rows.items()],
    )
    if result.stood:
        console.say("no fact and no setting has changed: these tables stand (--anew makes them again)")
    if as_of and not (result.rows["sales"] or result.rows["touches"]):
        console.say(
            "nothing had been read by the end of that day: --as-of asks when facts were read, not when they happened"
        )
    if result.possible_duplicates:
        doubtful = "orders may be copies of others and are not counted; the orders mart says which"
        console.say(f"{result.possible_duplicates} {doubtful}")
    for line in _doubts(result):
        console.say(line)
    return errors.OK


def _idle(result: Result) -> dict[tuple[int, str], list[str]]:
    """Return the hold-out tests by which nothing was multiplied, by place and name, and under which models."""
    found: dict[tuple[int, str], list[str]] = {}
    for model, tests in result.tests.items():
        for place, test in enumerate(tests):
            if test["credited"] <= 0:
                found.setdefault((place, test["name"]), []).append(model)
    return found


def _doubts(result: Result) -> Iterator[str]:
    """Yield what of a run somebody should look at."""
    from jalon.attribution.guards import REASONS
    from jalon.attribution.refunds import WARNINGS

    for reason, number in result.set_aside.items():
        yield f"identifiers: {number} set aside or cut off: {REASONS[reason]}"
    for code, number in result.net_warnings.items():
        yield f"orders: {number}: {WARNINGS[code]}"
    if result.claims_unmatched:
        claim = "claim an order that is not known; compare their order numbers with the shop's"
        yield f"affiliate transactions: {result.claims_unmatched} {claim}"
    unknown = "are of orders that are not known; compare their order numbers with those of the orders"
    for source, number in result.refunds_unmatched.items():
        yield f"refunds: {number} of {source} come off nothing: they {unknown}"
    for source, number in result.lines_unmatched.items():
        yield f"order lines: {number} of {source} {unknown}"
    if result.dated_ahead:
        yield f"touchpoints: {result.dated_ahead} are dated a day or more after they were seen; a clock is wrong"
    for source, number in result.told_of_other_days.items():
        lost = "were told again as placed on another day; where numbers begin anew, sales are lost: give them the day"
        yield f"orders: {number} of {source} {lost} (docs/connectors/files.md)"
    for (_, name), models in sorted(_idle(result).items()):
        reason = "since its days credit its touchpoints nothing, or an earlier test has them"
        yield f"hold-out test {name!r} calibrates nothing, {reason}: {', '.join(models)}"
    yield from _unmet(result)


def _unmet(result: Result) -> Iterator[str]:
    """Yield the settings that do nothing: most often a word is written wrong."""
    for pattern in result.patterns_unmet:
        yield f"settings: no touchpoint fits {pattern!r}; see docs/attribution.md for the words"
