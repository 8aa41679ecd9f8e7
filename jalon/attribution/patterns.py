"""Patterns: which touchpoints a setting is about.

A pattern is a word, or several joined by `+` that must all fit. A bare word is a channel, a kind or an evidence
(`direct`, `view`, `click_id`); `FIELD:VALUE` names one of `FIELDS` (`surface:live`, `campaign:Brand*`, where `*` at the
end stands for any end). `forum+view` are views there.
"""

from __future__ import annotations

from collections.abc import Iterable

import ibis
from ibis.expr.types import Table

from jalon.errors import ConfigError

BARE = ("channel", "kind", "evidence")
"""Columns that a bare word may name a value of."""
FIELDS = (*BARE, "surface", "campaign")


def check(patterns: Iterable[str], setting: str) -> None:
    """Raise `ConfigError` for a pattern that says nothing, or names a field that no touchpoint has."""
    if isinstance(patterns, str):
        raise ConfigError(f"{setting} = {patterns!r} is no list", f'Write {setting} = ["{patterns}"].')
    if not isinstance(patterns, Iterable):
        raise ConfigError(f"{setting} = {patterns!r} is no list", f'Write {setting} = ["direct", "view"].')
    for pattern in patterns:
        for word in pattern.split("+") if isinstance(pattern, str) else ("",):
            field, colon, value = word.rpartition(":")
            if not value.strip() or (colon and field not in FIELDS):
                raise ConfigError(
                    f"{setting}: {pattern!r} names no touchpoints",
                    f"Write a channel, a kind or an evidence, or FIELD:VALUE, FIELD of {', '.join(FIELDS)}; join by +.",
                )


def fits(touches: Table, pattern: str) -> ibis.Value:
    """Return whether a touchpoint fits a pattern; a column that the table has not fits no word."""
    return ibis.and_(*(_fits_word(touches, word.strip()) for word in pattern.split("+")))


def fits_any(touches: Table, patterns: Iterable[str]) -> ibis.Value:
    return ibis.or_(ibis.literal(False), *(fits(touches, pattern) for pattern in patterns))


def _fits_word(touches: Table, word: str) -> ibis.Value:
    field, colon, value = word.rpartition(":")
    named = [name for name in ((field,) if colon else BARE) if name in touches.columns]
    return ibis.or_(ibis.literal(False), *(_is(touches[name], value) for name in named))


def _is(column: ibis.Value, value: str) -> ibis.Value:
    same = column.startswith(value[:-1]) if value.endswith("*") else column == value
    return ibis.coalesce(same, False)
