"""From a row to a record: which column is which field, by the user's word, else by the template's heads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from jalon import __version__
from jalon.connectors.base import BY_CONTENT, Format, Record, Unusable
from jalon.connectors.files.settings import FilesSettings, Table
from jalon.connectors.files.values import Manner, convert, fold
from jalon.connectors.templates.fields import Field, key_of
from jalon.connectors.templates.shapes import LINE
from jalon.connectors.templates.tables import LINE_HEADS, TEMPLATES, Template
from jalon.connectors.templates.versions import version_of

FORMATS: dict[str, Format] = {
    "csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl",
    "parquet": "parquet", "pq": "parquet",
}  # fmt: skip
"""Ending of a file's name -> its format, where the table does not say it."""

_DELIMITERS = {";": ";", "\t": "\\t", ",": ","}
"""What parts columns -> as it is written in jalon.toml."""


class Taken(NamedTuple):
    """Where a field comes from: columns (several are joined by `-`), or a constant."""

    field: Field
    columns: tuple[str, ...] = ()
    constant: Any = None


class Mapped:
    """A table of the user's, or a template as it is, made ready for one file. Implements `sheets.Sheet`."""

    def __init__(self, name: str, table: Table, format: Format, zone: str) -> None:
        self.table, self._told = name, table
        self._template: Template = TEMPLATES[table.template]
        self.stream = self._template.shape.name
        self.format, self.delimiter, self.encoding = format, table.delimiter, table.encoding
        self._manner = Manner(table.decimal, table.dates, table.in_zone(zone), table.phone_prefix, self._words())
        self._fields = self._template.fields()
        self._needed = [field.name for field in self._fields if field.required]
        self._constants = {**self._template.constants, **table.constants}
        read_by = f"{__version__}{table.model_dump_json()}{self._template!r}{self._manner.zone.key}{format}"
        self.mark = blake2b(read_by.encode(), digest_size=12).hexdigest()
        self.taken = lru_cache(maxsize=256)(self._taken)
        """Columns of a file -> where each field comes from."""

    def check(self, columns: Sequence[str]) -> None:
        """Raise `Unusable` unless every field that the template needs has a column or a constant."""
        self._check_delimiter(columns)
        found = {each.field.name for each in self.taken(tuple(columns))}
        for field in self._fields:
            if field.required and field.name not in found:
                heads = ", ".join([field.name, *self._template.heads.get(field.name, "").split()])
                how = f'name it: columns = {{ {field.name} = "…" }}, or constants = {{ {field.name} = "…" }}'
                raise Unusable("missing_column", f"no column for {field.name} (looked for {heads})", how)

    def _check_delimiter(self, columns: Sequence[str]) -> None:
        """Refuse a head that was not cut where another delimiter would cut it, since no name of a column is missing."""
        if self.format != "csv" or len(columns) != 1:
            return
        for mark, written in _DELIMITERS.items():
            if mark != self.delimiter and mark in columns[0]:
                now = _DELIMITERS.get(self.delimiter, self.delimiter)
                how = f'set delimiter = "{written}" in [sources.….tables.{self.table}], beside files and template'
                raise Unusable("malformed_csv", f'its columns are parted by "{written}" and not by "{now}"', how)

    def explain(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        """Return (field, where it comes from), and at the end the columns that are not read."""
        taken = self.taken(tuple(columns))
        told = [(each.field.name, " + ".join(each.columns) or f"always {each.constant}") for each in taken]
        used = {name for each in taken for name in each.columns}
        left = [name for name in columns if name not in used]
        return [*told, ("not read", ", ".join(left))] if left else told

    def record(self, row: Mapping[str, Any]) -> Record:
        """Return the record in a row, in clear: the stream's door hashes the person. Raises `Unusable`."""
        flat = _flattened(row)
        data: dict[str, Any] = {}
        for field, columns, constant in self.taken(tuple(flat)):
            value = self._value(field, flat, columns)
            data[field.name] = constant if value is None else value
        for name in self._needed:
            if data.get(name) is None:
                raise Unusable("missing_field", f"{name} is empty")
        return Record(key_of(self._template.shape, data) or BY_CONTENT, version_of(data.get("updated_at")), data)

    def _value(self, field: Field, flat: Mapping[str, Any], columns: tuple[str, ...]) -> Any:
        if field.kind == "lines":
            return self._lines(flat[columns[0]]) if columns else None
        if len(columns) < 2:
            return convert(field, flat[columns[0]], self._manner) if columns else None
        parts = [convert(field, flat[name], self._manner) for name in columns]
        return "-".join(map(str, parts)) if all(part is not None for part in parts) else None

    def _lines(self, cell: Any) -> list[dict[str, Any]] | None:
        if isinstance(cell, str):
            cell = _listed(cell.strip())
        if cell is None:
            return None
        if not isinstance(cell, list) or any(not isinstance(line, dict) for line in cell):
            how = "write them as JSON; if the column holds something else, leave it out: columns = { lines = [] }"
            raise Unusable("misplaced", f"lines are no list of objects; {how}")
        return [dict(self._line(_flattened(line))) for line in cell]

    def _line(self, flat: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        heads = {fold(name): name for name in flat}
        for field in LINE:
            for head in (field.name, *LINE_HEADS[field.name].split()):
                if head in heads and (value := convert(field, flat[heads[head]], self._manner)) is not None:
                    yield field.name, value
                    break

    def _taken(self, columns: tuple[str, ...]) -> tuple[Taken, ...]:
        heads = {fold(name): name for name in reversed(columns)}
        return tuple(each for field in self._fields if (each := self._source(field, columns, heads)) is not None)

    def _source(self, field: Field, columns: tuple[str, ...], heads: Mapping[str, str]) -> Taken | None:
        constant = convert(field, self._constants.get(field.name), self._manner)
        named = self._told.columns.get(field.name)
        if named is not None:
            names = (named,) if isinstance(named, str) else tuple(named)
            if not names:
                return Taken(field, (), constant) if constant is not None else None
            for name in names:
                if name not in columns and self.format != "jsonl":
                    raise Unusable("missing_column", f"there is no column {name!r}", "correct columns in jalon.toml")
            return Taken(field, names, constant) if all(name in columns for name in names) else None
        for head in (field.name, *self._template.heads.get(field.name, "").split()):
            if head in heads:
                return Taken(field, (heads[head],), constant)
        return Taken(field, (), constant) if constant is not None else None

    def _words(self) -> Mapping[str, Mapping[str, str]]:
        own = {name: {fold(word): to for word, to in words.items()} for name, words in self._told.words.items()}
        return {
            name: {**self._template.words.get(name, {}), **own.get(name, {})} for name in {*self._template.words, *own}
        }


def _listed(text: str) -> Any:
    """Return what a cell holds as JSON, None where it is empty, and what is no JSON as it stands."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text


def _flattened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lies within objects under its path, `a.b`; lists stay."""
    if not any(isinstance(value, dict) for value in row.values()):
        return dict(row)
    flat: dict[str, Any] = {}
    for name, value in row.items():
        inner = _flattened(value) if isinstance(value, dict) else None
        flat |= {name: value} if inner is None else {f"{name}.{below}": each for below, each in inner.items()}
    return flat


def sheet_of(settings: FilesSettings, name: str, table: str | None = None) -> Mapped | None:
    """Return how a file is read: by the table named, the first whose pattern fits, or the template it is called by.

    Raises `Unusable` for a table or an ending that is not known.
    """
    base = name.rpartition("/")[2]
    if table is None:
        table = next((one for one, told in settings.tables.items() if _fits(told.files, name)), None) or _called(base)
    if table is None:
        return None
    told = settings.tables.get(table)
    if told is None and table not in TEMPLATES:
        known = ", ".join((*settings.tables, *TEMPLATES))
        raise Unusable("unknown_table", f"no table or template is called {table!r}", f"known are: {known}")
    told = told or Table(files="*", template=table, delimiter="\t" if base.endswith(".tsv") else ",")
    format = told.format or FORMATS.get(base.rpartition(".")[2].lower())
    if format is None:
        raise Unusable("unknown_format", f"what {base} is cannot be told from its name", "set format for its table")
    return Mapped(table, told, format, settings.timezone)


def _fits(pattern: str, name: str) -> bool:
    """Say whether a name fits; a pattern without a folder is about the file's own name, wherever it lies."""
    return fnmatchcase(name if "/" in pattern else name.rpartition("/")[2], pattern)


def _called(base: str) -> str | None:
    """Return the template that a file is called by: `till_orders.csv`, `till_orders-2026-11.csv`."""
    stem = base.partition(".")[0]
    return stem if stem in TEMPLATES else stem.partition("-")[0] if stem.partition("-")[0] in TEMPLATES else None
