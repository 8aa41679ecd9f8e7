"""What `jalon init` writes: a configuration to fill in, and the installation key."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from jalon import registry
from jalon.config import FILE, KEY_FILE, UNFILLED, is_filled, key_in, read_text
from jalon.errors import ConfigError, StoreError
from jalon.privacy import make_key
from jalon.settings import is_secret

HEAD = """\
# jalon: see docs/first-steps.md. Secrets never stand here: write { env = "NAME" } or { file = "path" }.

[jalon]
store = "data"
# public_url = "https://hooks.example.com"   # where `jalon serve` is reached from outside; sync then subscribes

# [serve]
# host = "127.0.0.1"
# port = 8737

# [attribution]
# lookback_days = 30
# stages = "canonical"   # five-phases, six-steps, classic, lifecycle

# [deliver.bi]             # where `jalon deliver` sends the marts: docs/delivery.md
# to = "postgres"          # or parquet, csv, jsonl, sqlite, duckdb
# url = "postgresql://jalon@db.example.com/bi"
# password = { env = "BI_PASSWORD" }
"""


def begin(folder: Path, sources: tuple[str, ...]) -> list[Path]:
    """Write what is missing in `folder` and return what was written to.

    Raises `ConfigError` for an unknown connector, a jalon.toml that is not TOML, or a key that is damaged, or gone from
    beside its store; `StoreError` for the disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        needs_key = _needs_key(folder, _held(folder / FILE))
        made = _configured(folder / FILE, {name: _source_table(name) for name in sources})
        if needs_key:
            make_key(folder / KEY_FILE)
            made.append(folder / KEY_FILE)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written to: {error.strerror}", "Name a folder of your own.") from None
    return made


def _needs_key(folder: Path, held: Mapping[str, Any]) -> bool:
    """Say whether there is neither a key nor a store that was made with one. Raises `ConfigError`."""
    main = held.get("jalon")
    told = main if isinstance(main, dict) else {}
    store = folder / os.environ.get("JALON_STORE", str(told.get("store", "data")))
    if not (folder / KEY_FILE).exists():
        if not is_filled(store):
            return True
        if "key" in told or "JALON_KEY" in os.environ:
            return False
    key_in(folder, store)
    return False


def _held(path: Path) -> dict[str, Any]:
    """Return what is in the configuration; nothing where there is none."""
    try:
        return tomllib.loads(read_text(path)) if path.exists() else {}
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigError(f"{path} is not TOML: {error}", "Correct the line it names.") from None


def _configured(path: Path, tables: Mapping[str, str]) -> list[Path]:
    """Make the configuration, or add the tables that it lacks at its end."""
    if not path.exists():
        path.write_text(HEAD + "".join(tables.values()))
        return [path]
    held = _held(path).get("sources", {})
    missing = [text for name, text in tables.items() if name not in held]
    if not missing:
        return []
    with path.open("a") as file:
        file.write("".join(missing))
    return [path]


EXAMPLES: dict[type, str] = {
    tuple: f'["{UNFILLED}"]', date: "2026-01-01", float: "5.0", int: "1", str: f'"{UNFILLED}"',
}  # fmt: skip
"""Type of a setting without default -> what stands in the template."""


def _source_table(name: str) -> str:
    """Return a `[sources.NAME]` table with every setting of the connector, optional ones commented out."""
    lines = [f"\n[sources.{name}]", f'connector = "{name}"']
    connector = registry.connector(name)
    for key, field in connector.settings.model_fields.items():
        if key != "connector":
            lines.append(f"{'' if field.is_required() else '# '}{key} = {_shown(name, key, field)}")
    lines += [f"# {line}".rstrip() for line in connector.example.replace("SOURCE", name).splitlines()]
    return "\n".join(lines) + "\n"


def _shown(source: str, key: str, field: FieldInfo) -> str:
    """Return what the template gives a setting: where its secret would be, its default, or an example."""
    if is_secret(field.annotation):
        return f'{{ env = "{source.upper()}_{key.upper()}" }}'
    if not field.is_required() and field.default is not None:
        return _toml(field.get_default(call_default_factory=True))
    kinds = (field.annotation, get_origin(field.annotation), *get_args(field.annotation))
    shown = next((example for kind, example in EXAMPLES.items() if kind in kinds), EXAMPLES[str])
    return f"{shown}  # such as {_toml(field.examples[0])}" if field.examples else shown


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return f'"{value}"'
