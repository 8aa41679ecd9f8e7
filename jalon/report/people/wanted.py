"""Personas and targets as the marts are told them: from jalon.toml, and from a file of targets beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from jalon.errors import ConfigError
from jalon.report.beside import read_table
from jalon.report.people.settings import Persona, Target, Targets, Wanted
from jalon.report.people.targets import asked, checked

WITH_POINT = "Write a decimal point, as 0.25; decimal commas are read where columns are separated by semicolons."

_Placed = tuple[str, Target]
"""Where it stands, for people, and the target."""


class Configured(Protocol):
    """What of a configuration is read here."""

    @property
    def personas(self) -> Mapping[str, Persona]: ...
    @property
    def targets(self) -> Targets: ...
    @property
    def folder(self) -> Path: ...


def wanted(config: Configured) -> Wanted:
    """Return personas and targets. Raises `ConfigError` for the first that is wrong, with its place."""
    placed = [*_placed(config)]
    for error in _wrong(placed):
        raise error
    return Wanted(config.personas, tuple(target for _, target in placed))


def mistakes(config: Configured) -> Iterator[ConfigError]:
    """Yield what is wrong with each target, with its place. Nothing is read of a file behind a row that is none."""
    placed: list[_Placed] = []
    try:
        placed.extend(_placed(config))
    except ConfigError as error:
        yield error
    yield from _wrong(placed)


def _placed(config: Configured) -> Iterator[_Placed]:
    """Yield each target with its place. Raises `ConfigError` for a file that is none of targets."""
    for number, target in enumerate(config.targets.cells, 1):
        yield f"[[targets.cells]] {number}", target
    if config.targets.file is not None:
        yield from read_targets(config.folder / config.targets.file)


def _wrong(placed: Iterable[_Placed]) -> Iterator[ConfigError]:
    """Yield a refusal of each target of nothing that exists, and of each second one for one thing."""
    seen: dict[Target, str] = {}
    for place, target in placed:
        try:
            checked(target)
        except ValueError as error:
            yield ConfigError(f"{place}: {error}", "Correct it; docs/measures.md has the words.")
            continue
        first = seen.setdefault(asked(target), place)
        if first != place:
            yield ConfigError(f"{place} is a second target for what {first} is one for", "Keep one of them.")


def read_targets(path: Path) -> Iterator[tuple[str, Target]]:
    """Yield each target of a CSV with its place; columns are the fields of `Target`. Raises `ConfigError`."""
    for place, row in read_table(path, "targets", "[targets] file", tuple(Target.model_fields), numbers=("target",)):
        yield place, _target(place, row)


def _target(place: str, row: Mapping[str, str | None]) -> Target:
    try:
        return Target.model_validate({name: value.strip() for name, value in row.items() if value and value.strip()})
    except (ValidationError, AttributeError) as error:
        said = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, said['loc']))}: {said['msg'].lower()}" if said else "more cells than columns"
        has_comma = said is None or "," in (row.get("target") or "")
        raise ConfigError(
            f"{place}: {what}", WITH_POINT if has_comma else "Write stage, channel, measure and target."
        ) from None
