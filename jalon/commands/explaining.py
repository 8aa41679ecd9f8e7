"""From a word to its explanation, from two models to their difference: which tables to read, and making them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jalon.commands.attributing import attribute_now, attribution_folder, naming_damage
from jalon.commands.console import Console
from jalon.errors import ConfigError
from jalon.workplace import Workplace

_EMAIL = re.compile(r"[^@\s:]+@[^@\s]+\.[^@\s]+")


def explain_it(
    console: Console, place: Workplace, word: str, model: str | None, since: datetime | None
) -> tuple[dict[str, Any], list[str]]:
    """Return why what a word names has its credit, as data and as lines. Attributes first if that was never done.

    An e-mail address means the customer whose it is: only its pseudonym is looked for.
    """
    from jalon.attribution.explain import explain
    from jalon.report.explanation import lines

    folder = _attributed(console, place)
    if _EMAIL.fullmatch(word.removeprefix("customer:")):
        word = f"customer:{place.keyring.pseudonym('email', word.removeprefix('customer:'))}"
    with _as_of(console, place, since) as then, naming_damage(place):
        explained = explain(place.store.facts, folder, word, model or _headline(folder), then)
    return explained, list(lines(explained))


def compare_them(
    console: Console, place: Workplace, first: str, second: str, by: str
) -> tuple[dict[str, Any], list[str]]:
    """Return where two models disagree and why, as data and as lines. Attributes first if that was never done."""
    from jalon.attribution.compare import compare
    from jalon.report.comparison import lines

    folder = _attributed(console, place)
    with naming_damage(place):
        compared = compare(place.store.facts, folder, first, second, by)
    return compared, list(lines(compared))


def _attributed(console: Console, place: Workplace) -> Path:
    """Return the folder of the latest tables, making them if there are none; say so if facts have come since."""
    from jalon.attribution.standing import right_at

    folder = attribution_folder(place)
    if not (folder / "run.json").exists():
        attribute_now(console, place)
    right = right_at(folder)
    if any(file.stat().st_mtime > right for file in place.store.facts.rglob("*.parquet")):
        console.say("facts have come since these tables were made: `jalon attribute` makes them anew")
    return folder


def _headline(folder: Path) -> str:
    """Return the model that the report shows first: none that has learnt nothing."""
    from jalon.attribution.card import read_card
    from jalon.report.shown import preferred, shown

    return preferred(shown(read_card(folder)))


@contextmanager
def _as_of(console: Console, place: Workplace, day: datetime | None) -> Iterator[Path | None]:
    """Give the folder of a run as of the end of a day; one that is not kept is made, and goes again."""
    if day is None:
        yield None
        return
    if day.replace(tzinfo=UTC) + timedelta(days=1) > datetime.now(UTC):
        raise ConfigError(f"{day:%Y-%m-%d} is not over yet", "Name an earlier day: what was known at its end is told.")
    kept = attribution_folder(place, day)
    if (kept / "run.json").exists():
        yield kept
        return
    from jalon.attribution.publish import begun

    console.say(f"attributing as of {day:%Y-%m-%d}; `jalon attribute --as-of {day:%Y-%m-%d}` would keep the tables")
    place.store.tmp.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=begun("since-"), dir=place.store.tmp))
    try:
        attribute_now(console, place, day, out=folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
