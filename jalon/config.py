"""Read jalon.toml: unknown keys refused, secrets only by reference, every value with its origin.

Order of precedence: command-line flag, environment, jalon.toml, default. A secret is written as `{ env = "NAME" }` or
`{ file = "path" }`, never in clear, so that the file itself can be shared.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from jalon import misfits, registry
from jalon.connectors.base import Settings
from jalon.errors import ConfigError
from jalon.privacy import Keyring, read_key
from jalon.report.delivery import places
from jalon.report.delivery.settings import KINDS, Delivery
from jalon.report.people.settings import Persona, Targets
from jalon.settings import ENVIRONMENT, TABLES, Attribution, Main, Report, Serve, is_secret

FILE = "jalon.toml"
KEY_FILE = "jalon.key"
UNFILLED = "…"
"""Stands where `jalon init` cannot know what a setting is."""
PLACEHOLDER_BYTES = 32
SOURCE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Absent(Exception):
    """A secret that is referred to cannot be had; `error` says why."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Config:
    """A whole configuration, checked. `origins` says for each `table.key` where its value comes from.

    `lacking`: sources with secrets that cannot be had, and why. Their settings hold random texts in place of those, so
    that all that needs no secret works with them; nothing may be asked or received for them.
    """

    path: Path
    main: Main
    serve: Serve
    attribution: Attribution
    report: Report
    sources: Mapping[str, Settings]
    origins: Mapping[str, str] = field(default_factory=dict)
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    personas: Mapping[str, Persona] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    lacking: Mapping[str, tuple[ConfigError, ...]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def store(self) -> Path:
        return self.folder / self.main.store

    def keyring(self) -> Keyring:
        """Return the installation's keyring. Raises `ConfigError` if there is no key."""
        if self.main.key is not None:
            return read_key(self.main.key.get_secret_value())
        if "JALON_KEY" in os.environ:
            return read_key(os.environ["JALON_KEY"])
        return key_in(self.folder, self.store)

    def pick(self, names: tuple[str, ...]) -> dict[str, Settings]:
        """Return the named sources, or all. Raises `ConfigError` for a name that is not configured."""
        for name in names:
            if name not in self.sources:
                known = ", ".join(self.sources) or "none"
                raise ConfigError(f"no source is called {name!r}", f"Sources in {self.path.name}: {known}.")
        return {name: self.sources[name] for name in names or self.sources}

    def check_secrets(self, names: Iterable[str]) -> None:
        """Raise `ConfigError` for the first of these sources with a secret that cannot be had."""
        for name in names:
            for error in self.lacking.get(name, ()):
                raise error

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield (key, value, origin) for `config show`; secrets as `***`."""
        models: dict[str, BaseModel] = {table: getattr(self, "main" if table == "jalon" else table) for table in TABLES}
        models |= {f"sources.{name}": settings for name, settings in self.sources.items()}
        models |= {f"deliver.{name}": settings for name, settings in self.deliveries.items()}
        models |= {f"personas.{name}": settings for name, settings in self.personas.items()}
        for table, model in models.items():
            for name, value in model:
                shown = "***" if isinstance(value, SecretStr) else str(value)
                yield f"{table}.{name}", shown, self.origins.get(f"{table}.{name}", "default")


def key_in(folder: Path, store: Path) -> Keyring:
    """Return the keyring of the key file in a folder. Raises `ConfigError`; beside a store, only the old key helps."""
    path = folder / KEY_FILE
    try:
        return read_key(read_text(path))
    except FileNotFoundError:
        if is_filled(store):
            what = f"there is no installation key at {path}, and what is in the store {store} was made with it"
            raise ConfigError(what, "Put your copy of the key back there, or in JALON_KEY.") from None
        raise ConfigError(
            f"there is no installation key at {path}", "Run `jalon init`, or put the key in JALON_KEY."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the installation key {path} cannot be read: {error.strerror}", "Check its owner and mode."
        ) from None
    except ValueError as error:
        raise ConfigError(f"the installation key {path} {error}", "Restore it from your copy.") from None


def is_filled(store: Path) -> bool:
    """Say whether a store stands in a folder, so that another key would be useless beside it."""
    return any((store / name).exists() for name in ("jalon.sqlite", "facts"))


def find(path: Path | None) -> Path:
    """Return the configuration file to use: the flag, JALON_CONFIG, or ./jalon.toml. Raises `ConfigError`."""
    chosen = path or Path(os.environ.get("JALON_CONFIG") or FILE)
    if not chosen.is_file():
        raise ConfigError(
            f"there is no configuration at {chosen}", "Run `jalon init` to make one, or name it with --config."
        )
    return chosen.resolve()


def read_text(path: Path) -> str:
    """Return a text that a person may have saved with any editor. Raises `ValueError` where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None


def load(path: Path) -> Config:
    """Read and check a configuration. Raises `ConfigError` that names the file, the table, the key and the remedy."""
    try:
        text = read_text(path)
        raw = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error}", "Check the file.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", "Correct the line it names.") from None
    except ValueError as error:
        raise ConfigError(f"{path} {error}", "Save it as UTF-8.") from None
    return _Reader(path, text).read(raw)


def _written(field: FieldInfo | None) -> str:
    """Return how a setting is written, by its example; empty where it has none."""
    return f'Write it like "{field.examples[0]}".' if field and field.examples else ""


class _Reader:
    """Checks one file; knows its text, so that an error can name the line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.origins: dict[str, str] = {}
        self.lacking: dict[str, list[ConfigError]] = {}

    def read(self, raw: dict[str, Any]) -> Config:
        self._refuse_unknown("", raw, (*TABLES, "sources", "deliver", "personas"))
        for variable, (table, key) in ENVIRONMENT.items():
            if variable in os.environ:
                raw.setdefault(table, {})[key] = os.environ[variable]
                self.origins[f"{table}.{key}"] = f"environment {variable}"
        main, serve, attribution, report, targets = (
            self._table(name, model, raw.get(name, {})) for name, model in TABLES.items()
        )
        sources = {name: self._source(name, table) for name, table in self._named(raw, "sources")}
        deliveries = {name: self._delivery(name, table) for name, table in self._named(raw, "deliver")}
        self._check_places(deliveries, self.path.parent / main.store)
        personas = {name: self._persona(name, table) for name, table in self._named(raw, "personas")}
        return Config(
            self.path, main, serve, attribution, report, sources, self.origins, deliveries, personas, targets,
            {name: tuple(errors) for name, errors in self.lacking.items()},
        )  # fmt: skip

    def _named(self, raw: Mapping[str, Any], place: str) -> Iterable[tuple[str, Any]]:
        """Return the tables `[place.NAME]` by name."""
        tables = raw.get(place, {})
        if not isinstance(tables, dict):
            raise self._error("", place, "is no table of tables", f"Write [{place}.NAME], with a name of your own.")
        return tables.items()

    def _source(self, name: str, table: Any) -> Settings:
        self._check_name(f"sources.{name}", name)
        if not isinstance(table, dict) or "connector" not in table:
            raise self._error(
                f"sources.{name}", "connector", "is missing", f"Name one of: {', '.join(registry.names())}."
            )
        if not isinstance(table["connector"], str):
            raise self._error(
                f"sources.{name}", "connector", "is no name", f"Name one of: {', '.join(registry.names())}."
            )
        lacking: list[ConfigError] = []
        model = registry.connector(table["connector"]).settings
        settings: Settings = self._table(f"sources.{name}", model, table, lacking)
        if lacking:
            self.lacking[name] = lacking
        return settings

    def _delivery(self, name: str, table: Any) -> Delivery:
        place = f"deliver.{name}"
        self._check_name(place, name)
        kind = table.get("to") if isinstance(table, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            raise self._error(place, "to", "names no kind of destination", f"Name one of: {', '.join(KINDS)}.")
        settings: Delivery = self._table(place, KINDS[kind], table)
        return settings

    def _check_places(self, deliveries: Mapping[str, Delivery], store: Path) -> None:
        try:
            places.check(deliveries, store)
        except places.Misplaced as error:
            raise self._error(f"deliver.{error.name}", error.key, error.what, error.remedy) from None

    def _persona(self, name: str, table: Any) -> Persona:
        place = f"personas.{name}"
        self._check_name(place, name)
        persona: Persona = self._table(place, Persona, table)
        return persona

    def _check_name(self, place: str, name: str) -> None:
        if not SOURCE_NAME.fullmatch(name):
            raise self._error(place, "", "is not a usable name", "Use small letters, digits, - and _, at most 40.")

    def _table(self, place: str, model: type[Any], table: Any, lacking: list[ConfigError] | None = None) -> Any:
        """Return a table, checked. Secrets that cannot be had are added to `lacking`, or raised where there is none."""
        if not isinstance(table, dict):
            raise self._error(place, "", "must be a table", f"Write [{place}].")
        self._refuse_unknown(place, table, tuple(model.model_fields))
        values = dict(table)
        for key, info in model.model_fields.items():
            if key not in values:
                continue
            self.origins.setdefault(f"{place}.{key}", f"{self.path.name}:{self._line(place, key)}")
            if values[key] in (UNFILLED, [UNFILLED]):
                raise self._error(place, key, "is still to be filled in", _written(info) or "Write yours.")
            if is_secret(info.annotation):
                values[key] = self._secret_or_placeholder(place, key, values[key], lacking)
            elif misfits.stray_truth(values[key], info.annotation):
                raise self._error(place, key, "can be neither true nor false", _written(info) or "Correct the value.")
            elif Path in (info.annotation, *get_args(info.annotation)):
                self._refuse_home(place, key, values[key])
                values[key] = values[key] if place in TABLES else self._beside(place, key, values[key])
        try:
            return model.model_validate(values)
        except ValidationError as error:
            key, said = misfits.told(error, values)
            how = _written(model.model_fields.get(key)) or "Correct the value."
            raise self._error(place, key, said, how) from None

    def _secret_or_placeholder(self, place: str, key: str, reference: Any, lacking: list[ConfigError] | None) -> str:
        try:
            return self._secret(place, key, reference)
        except Absent as absent:
            if lacking is None:
                raise absent.error from None
            lacking.append(absent.error)
            # Random: whatever is done with it by mistake, nobody can sign with it.
            return secrets.token_hex(PLACEHOLDER_BYTES)

    def _secret(self, place: str, key: str, reference: Any) -> str:
        how = 'Write { env = "NAME" } or { file = "path" }.'
        if not isinstance(reference, dict) or len(reference) != 1:
            raise self._error(place, key, "is a secret and must not stand in the file", how)
        kind, where = next(iter(reference.items()))
        self.origins[f"{place}.{key}"] += f" -> {kind} {where}"
        if kind == "env" and isinstance(where, str):
            if not (value := os.environ.get(where, "").strip()):
                raise Absent(
                    self._error(
                        place,
                        key,
                        f"needs the environment variable {where}, which is not set or empty",
                        f"Set {where}.",
                    )
                )
            return value
        if kind == "file" and isinstance(where, str):
            try:
                return self._secret_file(where)
            except ValueError as why:
                raise Absent(
                    self._error(place, key, f"needs the file {where}, which {why}", "Put the secret there, mode 0600.")
                ) from None
        raise self._error(place, key, f"is not a reference to a secret ({kind})", how)

    def _secret_file(self, where: str) -> str:
        """Return the secret in a file. Raises `ValueError` saying why there is none."""
        if "\0" in where:
            raise ValueError("is no path")
        try:
            value = read_text(self.path.parent / where).strip()
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None
        if not value:
            raise ValueError("is empty")
        return value

    def _beside(self, place: str, key: str, written: Any) -> Path:
        """Return a path of a source's table, which is relative to jalon.toml."""
        if not isinstance(written, str) or "\0" in written:
            raise self._error(place, key, "is no path", 'Write a folder, such as "drop".')
        return self.path.parent / written

    def _refuse_home(self, place: str, key: str, written: Any) -> None:
        """Refuse what only a shell reads as a home folder: a folder called ~ would be made."""
        if isinstance(written, str) and written.startswith("~"):
            raise self._error(place, key, "begins with ~, which stands for no folder here", "Write the whole path.")

    def _refuse_unknown(self, place: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                remedy = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."
                raise self._error(place, key, "is not a known key", remedy)

    def _error(self, place: str, key: str, what: str, remedy: str) -> ConfigError:
        where = f"[{place}] {key}".strip() if place else f"[{key}]"
        _, from_outside, variable = self.origins.get(f"{place}.{key}", "").partition("environment ")
        at = variable if from_outside else f"{self.path.name}:{self._line(place, key)}"
        return ConfigError(f"{at}: {where} {what}", remedy)

    def _line(self, place: str, key: str) -> int:
        table, found = "", 0
        for number, line in enumerate(self.lines, 1):
            if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
                table = header[1].replace('"', "").replace("'", "")
                found = number if table == place or (not place and table.split(".")[0] == key) else found
            elif table == place and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return found or 1
