"""Find the connectors that are installed, jalon's own and other distributions' on equal terms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from jalon.errors import ConfigError
from jalon.normalize.channel_additions import additions

if TYPE_CHECKING:
    from jalon.connectors.base import Connector
    from jalon.normalize.vocabulary import Normalizer

GROUP = "jalon.connectors"
REMEDY = "Mend, update or remove that distribution."


@cache
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda entry: entry.name))


@cache
def _entries() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in _installed()}


def _rivals(name: str) -> list[str]:
    """Return the distributions that bring a connector of this name, sorted."""
    return sorted({_home(entry) for entry in _installed() if entry.name == name})


def _home(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"


def names() -> tuple[str, ...]:
    """Return the names of all installed connectors, sorted, without importing them."""
    return tuple(_entries())


@cache
def connector(name: str) -> Connector:
    """Return the connector called `name`. Raises `ConfigError` if none or two are installed, or it cannot be loaded."""
    entry = _entries().get(name)
    if entry is None:
        raise ConfigError(f"no connector is called {name!r}", f"Installed are: {', '.join(names())}.")
    if len(homes := _rivals(name)) > 1:
        raise ConfigError(f"{' and '.join(homes)} each bring a connector {name!r}", "Remove all of them but one.")
    home = _home(entry)
    try:
        found = _made(name, home, entry)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"connector {name!r} of {home} cannot be loaded: {type(error).__name__}: {error}", REMEDY
        ) from error
    _check(name, home, found)
    additions()  # no record passes a door that does not know yet which click ids to keep
    return found


def _made(name: str, home: str, entry: EntryPoint) -> Connector:
    """Return a connector of the class that its entry point leads to. Raises `ConfigError` if it leads elsewhere."""
    from jalon.connectors.base import Connector

    leads_to: object = entry.load()
    if not isinstance(leads_to, type) or not issubclass(leads_to, Connector):
        wrong = f"its entry point {entry.value} leads to no subclass of `jalon.connectors.base.Connector`"
        raise ConfigError(
            f"connector {name!r} of {home}: {wrong}", "Name the class there, as in `bazaar.connector:Bazaar`."
        )
    return leads_to()


def _check(name: str, home: str, found: Connector) -> None:
    """Hold a connector against the contract. Raises `ConfigError` naming each attribute that is wrong."""
    from jalon.connectors.contract import wrong_in

    own = getattr(found, "name", None)
    if own != name:
        raise ConfigError(f"entry point {name!r} gives a connector called {own!r}", "Both names must be equal.")
    if wrong := list(wrong_in(found)):
        raise ConfigError(f"connector {name!r} of {home} breaks the contract: {'; '.join(wrong)}", REMEDY)


def loadable() -> tuple[list[str], list[ConfigError]]:
    """Return the names of the connectors that can be loaded, and why the others cannot."""
    found, broken = [], []
    for name in names():
        try:
            connector(name)
            found.append(name)
        except ConfigError as error:
            broken.append(error)
    return found, broken


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
    except ConfigError:
        raise  # what is wrong is not the mapping, but what it stands on, and that is said already
    except Exception as error:
        raise ConfigError(
            f"connector {name!r} names the normalizer {place!r}, which cannot be loaded: "
            f"{type(error).__name__}: {error}",
            REMEDY,
        ) from error
