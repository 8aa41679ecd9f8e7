"""Who says what an inbox row means: the normalizer and the account of its source, and a name for both together.

A source that has left jalon.toml keeps its facts: what was known about it when it was last derived is in the store, and
goes on being used. Only rows of a source that was never known wait in quarantine.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import jalon.normalize
from jalon import __version__
from jalon.normalize.channel_additions import in_one
from jalon.normalize.vocabulary import Context, Normalizer, Raw, Unfit
from jalon.store import sources

_STORED = "origin"


class Origin(NamedTuple):
    """A source as the derivation needs it: the name of its connector, and what is known about the account."""

    connector: str
    context: Context


class Meanings:
    """The normalizers by connector, applied to the sources that are known."""

    def __init__(
        self,
        normalizers: Mapping[str, Normalizer],
        origins: Mapping[str, Origin],
        complete: Mapping[str, Collection[str]],
    ) -> None:
        self._normalizers = normalizers
        self._origins = origins
        self._complete = complete
        self._names: dict[str, str] = {}

    def of(self, source: str) -> Callable[[Raw], Iterable[Any]]:
        """Return what turns a source's rows into facts; where nothing does, what raises the `Unfit` that says why."""
        origin = self._origins.get(source)
        if origin is None:
            return _refusal("unknown_source", f"nothing is known about source {source}; add it to jalon.toml")
        normalizer = self._normalizers.get(origin.connector)
        if normalizer is None:
            return _refusal("unknown_connector", f"connector {origin.connector} of source {source} is not installed")
        context = origin.context
        return lambda raw: normalizer(raw, context)

    def is_complete(self, source: str, stream: str) -> bool:
        """Say whether a record of a stream tells all there is of its object."""
        origin = self._origins.get(source)
        return origin is not None and stream in self._complete.get(origin.connector, ())

    def name(self, names: Iterable[str]) -> str:
        """Return a digest of everything, besides the inbox, that the facts of these sources depend on."""
        digest = sha256(_writer().encode())
        for source in sorted(names):
            if source not in self._names:
                self._names[source] = self._name(source)
            digest.update(f"\0{source}\0{self._names[source]}".encode())
        return digest.hexdigest()[:32]

    def _name(self, source: str) -> str:
        origin = self._origins.get(source)
        if origin is None:
            return "unknown"
        normalizer = self._normalizers.get(origin.connector)
        complete = sorted(self._complete.get(origin.connector, ()))
        return json.dumps([*_described(origin), _code(normalizer) if normalizer else "missing", complete])


def _refusal(reason: str, detail: str) -> Callable[[Raw], Iterable[Any]]:
    def refuse(_raw: Raw) -> Iterable[Any]:
        raise Unfit(reason, detail)

    return refuse


# --- what a mapping is made of ----------------------------------------------------------------------------------------


@cache
def _writer() -> str:
    """Name what every fact depends on: the common language, and who writes the files."""
    package = Path(jalon.normalize.__file__).parent
    shapes = [
        package / "vocabulary.py",
        *(Path(__file__).parent / name for name in ("facts.py", "columns.py", "revisions.py")),
    ]
    return " ".join([__version__, version("pyarrow"), *map(_digest, shapes)])


def _code(normalizer: Normalizer) -> str:
    """Name a mapping by its code, so that a mapping fixed today derives again what the old one derived.

    A module counts with the modules that lie beside and below it, and with what jalon lends to all mappings: there,
    the channels that other distributions add.
    """
    name = getattr(normalizer, "__qualname__", type(normalizer).__qualname__)
    module = sys.modules[normalizer.__module__]
    file = getattr(module, "__file__", None)
    if file is None:
        return name
    beside = sorted(Path(file).parent.rglob("*.py")) if module.__package__ else [Path(file)]
    lent = sorted(Path(jalon.normalize.__file__).parent.glob("*.py"))
    return " ".join([name, *map(_digest, dict.fromkeys([*beside, *lent])), in_one()])


@cache
def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


# --- what is remembered -----------------------------------------------------------------------------------------------


def known(db: sqlite3.Connection) -> dict[str, Origin]:
    """Return what was last known about each source that was ever derived."""
    rows = db.execute("SELECT source, value FROM source_values WHERE name = ?", (_STORED,))
    return {source: _origin(*json.loads(value)) for source, value in rows}


def remember(db: sqlite3.Connection, origins: Mapping[str, Origin]) -> None:
    """Keep what is known about sources, for the day when they have left jalon.toml."""
    for source, origin in origins.items():
        sources.put(db, source, _STORED, json.dumps(_described(origin)))


def _described(origin: Origin) -> tuple[str, str, list[tuple[str, str]]]:
    return origin.connector, origin.context.zone.key, sorted(origin.context.account.items())


def _origin(connector: str, zone: str, account: list[tuple[str, str]]) -> Origin:
    return Origin(connector, Context(ZoneInfo(zone), dict(account)))
