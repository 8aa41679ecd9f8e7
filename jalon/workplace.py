"""Everything a command works with, opened from one configuration: the only place where the rooms are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jalon import registry
from jalon.config import Config, find, load
from jalon.errors import ConfigError
from jalon.normalize.vocabulary import Context
from jalon.privacy import Keyring
from jalon.progress import Progress, silent

if TYPE_CHECKING:
    from jalon.store.database import Store
    from jalon.store.derive import Derived
    from jalon.store.meaning import Origin
    from jalon.sync.source import Source


class Workplace(AbstractContextManager["Workplace"]):
    """A configuration with its store and keyring, opened when first needed."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @classmethod
    def at(cls, path: Path | None) -> Self:
        """Open the workplace of a configuration file. Raises `ConfigError`."""
        return cls(load(find(path)))

    @cached_property
    def keyring(self) -> Keyring:
        return self.config.keyring()

    @cached_property
    def store(self) -> Store:
        """The store, made if there is none. Raises `ConfigError` if there is no key, or if it was made with another."""
        from jalon.store.database import Store

        keyring = self.keyring  # before a store is made, beside which no new key may be made
        store = Store.open(self.config.store)
        self._check_key(store, keyring)
        return store

    def _check_key(self, store: Store, keyring: Keyring) -> None:
        """Refuse to mix hashes of two keys: the same person would appear twice."""
        from jalon.store import sources

        with store.read() as db:
            made_with = sources.get(db, "", "key_id")
        if made_with is None:
            store.write(lambda db: sources.put(db, "", "key_id", keyring.id))
        elif made_with != keyring.id:
            raise ConfigError(
                f"the store {self.config.store} was made with another installation key",
                "Put that key back (jalon.key or JALON_KEY), or name another store.",
            )

    def origins(self) -> Mapping[str, Origin]:
        """Return what deriving must know of each source: its connector, and the account's zone and facts."""
        from jalon.store import sources
        from jalon.store.meaning import Origin
        from jalon.sync.source import zone_of

        with self.store.read() as db:
            accounts = {name: sources.account(db, name) for name in self.config.sources}
        return {
            name: Origin(settings.connector, Context(zone_of(self.source(name), accounts[name]), accounts[name]))
            for name, settings in self.config.sources.items()
        }

    def left(self) -> dict[str, int]:
        """Return the sources that are not configured any more and of which records are held, and how many."""
        from jalon.store import inbox

        with self.store.read() as db:
            held: Counter[str] = Counter()
            for source, _, rows, _ in inbox.counts(db):
                held[source] += rows
        return {source: rows for source, rows in held.items() if source not in self.config.sources}

    def derive(self, *, everything: bool = False, progress: Progress | None = None) -> Derived:
        """Bring the facts up to the inbox (`store.derive.derive`): of configured sources, and of those that have left.

        Raises `ConfigError` if the mapping of a connector cannot be loaded.
        """
        from jalon.store import derive, meaning

        with self.store.read() as db:
            known = {origin.connector for origin in meaning.known(db).values()}.intersection(registry.names())
        wanted = sorted(known.union(each.connector for each in self.config.sources.values()))
        complete = {
            name: {stream.name for stream in registry.connector(name).streams if stream.complete} for name in wanted
        }
        return derive.derive(
            self.store,
            {name: registry.normalizer(name) for name in wanted},
            self.origins(),
            complete=complete,
            everything=everything,
            progress=progress or silent,
        )

    def source(self, name: str) -> Source:
        """Return a configured source as the engine wants it."""
        from jalon.sync.source import Source

        settings = self.config.sources[name]
        return Source(name, registry.connector(settings.connector), settings)

    def address(self, name: str) -> str | None:
        """Return the public address at which a source's deliveries arrive; None: no public_url is configured."""
        from jalon.receive.hooks import path_of

        base = self.config.main.public_url
        return base.rstrip("/") + path_of(name, self.keyring.hook_token(name)) if base else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "store" in self.__dict__:
            self.store.close()
