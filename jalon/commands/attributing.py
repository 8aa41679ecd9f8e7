"""Attributing: the facts as they are, or as they were known on a day, and what of it somebody should look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jalon import errors
from jalon.commands.console import Console, parts
from jalon.errors import StoreError
from jalon.normalize.times import SECOND
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.attribution.options import Engines
    from jalon.attribution.run import Result


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
    options = Options(**told, as_of=end_of_day(as_of), temp_folder=place.store.tmp)
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


def told_options(place: Workplace) -> dict[str, Any]:
    """Return the options of the attribution that the configuration tells."""
    from jalon.attribution.models import USUAL
    from jalon.attribution.options import Options

    told = {name: value for name, value in place.config.attribution if name in Options.names() and value != ()}
    if "models" not in told and told["custom"] is not None:
        told["models"] = (*USUAL, "custom")
    return told


def attribution_folder(place: Workplace, as_of: datetime | None = None) -> Path:
    """Return where the tables of the attribution are: those of a past day beside, not over, those of today."""
    return of_day(place.store.attribution, as_of)


def of_day(folder: Path, day: datetime | None) -> Path:
    """Return where in a folder the tables of a past day lie; of today, the folder itself."""
    return folder if day is None else folder / f"as-of-{day:%Y-%m-%d}"


def end_of_day(day: datetime | None) -> int | None:
    """Return the end of a UTC day in microseconds."""
    return None if day is None else int((day.replace(tzinfo=UTC) + timedelta(days=1)).timestamp()) * SECOND


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
    yield from unmet(result)


def _idle(result: Result) -> dict[tuple[int, str], list[str]]:
    """Return the hold-out tests by which nothing was multiplied, by place and name, and under which models."""
    found: dict[tuple[int, str], list[str]] = {}
    for model, tests in result.tests.items():
        for place, test in enumerate(tests):
            if test["credited"] <= 0:
                found.setdefault((place, test["name"]), []).append(model)
    return found


def unmet(result: Result) -> Iterator[str]:
    """Yield the settings that do nothing: most often a word is written wrong."""
    for pattern in result.patterns_unmet:
        yield f"settings: no touchpoint fits {pattern!r}; see docs/attribution.md for the words"
