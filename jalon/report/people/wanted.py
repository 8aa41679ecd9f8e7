"""Personas and targets as the marts are told them: from jalon.toml, and from a file of targets beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from jalon.errors import ConfigError
from jalon.report.people.settings import Persona, Target, Targets, Wanted
from jalon.report.people.targets import checked


class Configured(Protocol):
    """What of a configuration is read here."""

    @property
    def personas(self) -> Mapping[str, Persona]: ...
    @property
    def targets(self) -> Targets: ...
    @property
    def folder(self) -> Path: ...


def wanted(config: Configured) -> Wanted:
    """Return personas and targets. Raises `ConfigError` for a target of nothing that exists, with its place."""
    own = [(f"[[targets.cells]] {number}", target) for number, target in enumerate(config.targets.cells, 1)]
    file = config.targets.file
    listed = read_targets(config.folder / file) if file is not None else []
    return Wanted(config.personas, tuple(_checked(place, target) for place, target in (*own, *listed)))


def _checked(place: str, target: Target) -> Target:
    try:
        checked(target)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}", "Correct it; docs/measures.md has the words.") from None
    return target


def read_targets(path: Path) -> Iterator[tuple[str, Target]]:
    """Yield each target of a CSV with its place; columns are the fields of `Target`. Raises `ConfigError`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the targets {path} cannot be read: {error}", "Check [targets] file.") from None
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=delimiter)
    known = tuple(Target.model_fields)
    for column in rows.fieldnames or ():
        if column not in known:
            raise ConfigError(f"{path.name}: there is no column {column!r}", f"Columns are: {', '.join(known)}.")
    for row in rows:
        yield f"{path.name}:{rows.line_num}", _target(f"{path.name}:{rows.line_num}", row)


def _target(place: str, row: Mapping[str, str | None]) -> Target:
    try:
        return Target.model_validate({name: value.strip() for name, value in row.items() if value and value.strip()})
    except (ValidationError, AttributeError) as error:
        said = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, said['loc']))}: {said['msg'].lower()}" if said else "more cells than columns"
        raise ConfigError(f"{place}: {what}", "Write stage, channel, measure and target.") from None
