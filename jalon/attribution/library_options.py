"""Options of the library: those of the engine that a table can obey. What would change nothing is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from jalon.attribution import holdouts
from jalon.attribution.options import Options
from jalon.attribution.patterns import BARE, FIELDS
from jalon.attribution.reading import Columns
from jalon.errors import ConfigError

OF_FACTS = (
    *("as_of", "conversions", "conversion_values", "clock_skew_seconds", "same_visit_minutes", "max_links"),
    *("max_buyers", "max_person", "copy_hours", "share_out", "stage_rules"),
)
"""Options about what facts tell and a table does not: revisions, identifiers, copies, what platforms state."""


def options_of(given: Mapping[str, Any], columns: Columns) -> Options:
    """Return the options but for hold-out tests, which need the table (`tested`). Raises `ConfigError` for others."""
    if not isinstance(columns, Columns):
        raise ConfigError(
            f"columns = {columns!r} names no columns", "Write columns=Columns(person=...), from jalon.attribution."
        )
    if strange := sorted(set(given) - Options.names()):
        near = get_close_matches(strange[0], Options.names(), n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(sorted(_known()))}."
        raise ConfigError(f"there is no option {', '.join(strange)}", remedy)
    usual = Options()
    if idle := [name for name in OF_FACTS if name in given and given[name] != getattr(usual, name)]:
        raise ConfigError(
            f"{', '.join(idle)} would change nothing, since a table has no such facts", "Leave it out of this call."
        )
    chosen = Options(**{name: value for name, value in given.items() if name != "holdouts"})
    for setting in ("lookback", "skip", "intent"):
        _check(setting, getattr(chosen, setting), columns)
    _check_columns(chosen, columns)
    return chosen


def tested(given: Mapping[str, Any], columns: Columns, places: int) -> list[holdouts.Holdout]:
    """Return the hold-out tests; what they found in money is in the table's values, which have so many places."""
    found = holdouts.read(given.get("holdouts", ()), places)
    for test, again in zip(found, holdouts.repeated(found), strict=True):
        if again:
            raise ConfigError(
                f"the hold-out test {test.name!r} would change nothing, since an earlier one has its touchpoints on "
                "some of its days",
                "Tell what was found once, and give further tests of the same touchpoints days of their own.",
            )
    _check("holdouts", [test.touches for test in found], columns)
    return found


def _known() -> Iterator[str]:
    return (each.name for each in fields(Options) if each.name not in (*OF_FACTS, "models"))


def _check_columns(chosen: Options, columns: Columns) -> None:
    """Raise `ConfigError` for a setting that looks at a column that is not named: it would change nothing."""
    by_stage = isinstance(chosen.custom, Mapping) and "custom" in chosen.models
    asking = {
        "stage": {"custom": by_stage, "markov_state": "stage" in chosen.markov_state},
        "kind": {"views": chosen.views != "count"},
    }
    for column, settings in asking.items():
        if getattr(columns, column) is None and (idle := [name for name, asks in settings.items() if asks]):
            raise ConfigError(
                f"{', '.join(idle)} would change nothing, since no column tells the {column} of touchpoints",
                f"Name it as Columns({column}=...).",
            )


def _check(setting: str, patterns: Any, columns: Columns) -> None:
    """Raise `ConfigError` for a pattern that names a field of touchpoints that the table has not."""
    has = BARE[:2] if columns.kind else BARE[:1]
    for pattern in patterns:
        named = {word.rpartition(":")[0].strip() for word in pattern.split("+")}
        if absent := [field for field in FIELDS if field in named and field not in has]:
            raise ConfigError(
                f"{setting}: {pattern!r} asks for the {absent[0]} of touchpoints, which the table does not tell",
                f"A table has patterns of {' and '.join(has)}; name the column of kinds as Columns(kind=...).",
            )
