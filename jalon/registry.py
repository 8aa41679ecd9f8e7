"""Find the connectors that are installed, jalon's own and other distributions' on equal terms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from jalon.errors import ConfigError

if TYPE_CHECKING:
    from jalon.connectors.base import Connector
    from jalon.normalize.vocabulary import Normalizer

GROUP = "jalon.connectors"


@cache
def _entries() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def names() -> tuple[str, ...]:
    """Return the names of all installed connectors, sorted, without importing them."""
    return tuple(_entries())


@cache
def connector(name: str) -> Connector:
    """Return the connector called `name`. Raises `ConfigError` if none is installed or it cannot be loaded."""
    entry = _entries().get(name)
    if entry is None:
        raise ConfigError(f"no connector is called {name!r}", f"Installed are: {', '.join(names())}.")
    try:
        found = cast("type[Connector]", entry.load())()
    except Exception as error:
        home = entry.dist.name if entry.dist else "an unknown distribution"
        raise ConfigError(
            f"connector {name!r} of {home} cannot be loaded: {type(error).__name__}: {error}",
            "Update or remove that distribution.",
        ) from error
    if found.name != name:
        raise ConfigError(f"entry point {name!r} gives a connector called {found.name!r}", "Both names must be equal.")
    return found


@cache
def normalizer(name: str) -> Normalizer:
    """Return the normalizer that the connector called `name` points to. Raises `ConfigError`."""
    return normalizer_of(connector(name))


def normalizer_of(connector: Connector) -> Normalizer:
    """Return the normalizer that a connector points to. Raises `ConfigError`."""
    name, place = connector.name, connector.normalizer
    module, _, function = place.partition(":")
    try:
        return cast("Normalizer", getattr(import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"connector {name!r} names the normalizer {place!r}, which cannot be loaded", str(error)
        ) from error
