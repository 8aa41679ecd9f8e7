"""The channel rules that other distributions bring, as they bring them.

Two rooms need them: `normalize` reads visits by them, and the door keeps the click ids that they name.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

from jalon.errors import ConfigError

GROUP = "jalon.channels"
REMEDY = "Mend, update or remove that distribution."


class Brought(NamedTuple):
    """A channel's name, the distribution that it comes from, and what its entry point leads to, whatever that is."""

    name: str
    home: str
    rule: Any


@cache
def names() -> tuple[str, ...]:
    """Return the channels that have such rules, sorted, without importing anything."""
    return tuple(sorted(entry_points(group=GROUP).names))


@cache
def brought() -> tuple[Brought, ...]:
    """Return what all entry points of the group lead to, by name and distribution. Raises `ConfigError`."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, _home(entry)))
    return tuple(Brought(entry.name, _home(entry), _loaded(entry)) for entry in found)


@cache
def click_ids() -> frozenset[str]:
    """Return the click ids that these rules name, in small letters. Raises `ConfigError`."""
    columns = (str(getattr(each.rule, column, "")) for each in brought() for column in ("ad_ids", "click_ids"))
    return frozenset(word.lower() for column in columns for word in column.split())


def refused(name: str, home: str, why: str) -> ConfigError:
    """Return the error that names channel and distribution."""
    return ConfigError(f"channel {name!r} of {home}: {why}", REMEDY)


def _home(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        why = f"{entry.value} cannot be loaded: {type(error).__name__}: {error}"
        raise refused(entry.name, _home(entry), why) from error
