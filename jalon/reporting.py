"""From facts to what people read: marts, page, summary, explanation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jalon import errors
from jalon.console import Console
from jalon.running import attribute_now, attribution_folder
from jalon.workplace import Workplace

PAGE = "report.html"


def run_report(console: Console, place: Workplace, as_of: datetime | None, out: Path | None) -> int:
    """Attribute, write marts and page, and print the summary."""
    from jalon.report.marts import MartOptions, build_marts
    from jalon.report.page import write_page
    from jalon.report.summary import lines, summary
    from jalon.store import quarantine
    from jalon.store.lock import RunLock

    attribute_now(place, as_of)
    folder = out or place.store.marts
    attribution = attribution_folder(place)
    with RunLock(place.store.locks, "report", what="report"):
        marts = build_marts(place.store.facts, attribution, folder, MartOptions(temp_folder=place.store.tmp))
    with place.store.read() as db:
        held = sum(entries for *_, entries in quarantine.counts(db))
    fresh = freshness(place)
    page = write_page(folder, attribution, folder / PAGE, quarantine=held, freshness=fresh)
    told = summary(folder, attribution, quarantine=held, freshness=fresh)
    console.data(
        {"page": str(page), "marts": {name: rows for name, rows in marts.rows.items()}, "summary": told}, lines(told)
    )
    return errors.OK


def freshness(place: Workplace) -> dict[str, str]:
    """Return when each source was last synced without leaving anything behind (UTC)."""
    from jalon.store import runs

    with place.store.read() as db:
        last: dict[str, str] = {}
        for run in runs.recent(db, 1000):
            if run.outcome == "ok" and run.finished_at:
                last.setdefault(run.source, datetime.fromtimestamp(run.finished_at, UTC).isoformat(timespec="seconds"))
    return {name: last.get(name, "never complete") for name in place.config.sources}


def explain_order(place: Workplace, order: str) -> tuple[dict[str, Any], list[str]]:
    """Return why an order has its credit, as data and as lines. Attributes first if that was never done."""
    from jalon.attribution.explain import explain
    from jalon.report.explanation import lines

    if not (attribution_folder(place) / "run.json").exists():
        attribute_now(place)
    explained = explain(place.store.facts, attribution_folder(place), order)
    return explained, list(lines(explained))
