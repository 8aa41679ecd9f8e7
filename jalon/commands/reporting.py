"""From facts to what people read: marts, page, summary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jalon import errors
from jalon.commands import delivering
from jalon.commands.attributing import attribute_now, attribution_folder, end_of_day, naming_damage, of_day, unmet
from jalon.commands.console import Console, day_and_time, parts
from jalon.errors import ConfigError
from jalon.workplace import Workplace

if TYPE_CHECKING:
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
    for line in unmet(result):
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

    folder = asked.out or of_day(place.store.marts, asked.as_of)
    attribution = attribution_folder(place, asked.as_of)
    background = _background(place, end_of_day(asked.as_of))
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
    from jalon.report.marts.rates import exchange_of
    from jalon.report.people.wanted import wanted

    sources = {name: settings.connector for name, settings in place.config.sources.items()}
    accounts = {name: Account(kind, registry.connector(kind).title) for name, kind in sources.items()}
    runs = _runs(place, end_of_day(as_of))
    return Known(accounts, runs, names, wanted(place.config), exchange_of(place.config), before)


def _report_of(place: Workplace, day: datetime) -> Path:
    """Return where the marts of a past day are. Raises `ConfigError` if they were never made."""
    folder = of_day(place.store.marts, day)
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
