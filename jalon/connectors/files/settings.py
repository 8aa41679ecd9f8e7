"""What may stand in a `[sources.NAME]` table of the connector `files`."""

from __future__ import annotations

import codecs
import re
from pathlib import Path, PurePosixPath
from typing import Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jalon.connectors import base
from jalon.connectors.templates.tables import TEMPLATES

ENCODINGS = ("utf-8", "cp1252", "latin-1", "iso8859-15", "mac-roman")
"""Encodings in which every line end is one byte, so that a file can be cut into lines before it is decoded."""


class Table(BaseModel):
    """How one kind of file is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    files: str = Field(min_length=1)
    template: str
    format: Literal["csv", "jsonl", "parquet"] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    dates: str = "iso"
    zone: str | None = None
    phone_prefix: str = Field(default="", pattern=r"^[1-9]?[0-9]{0,3}$", examples=["33"])
    columns: dict[str, str | list[str]] = {}
    constants: dict[str, str] = {}
    words: dict[str, dict[str, str]] = {}

    @field_validator("files")
    @classmethod
    def _stays_inside(cls, pattern: str) -> str:
        if pattern.startswith("/") or ".." in PurePosixPath(pattern).parts or "\\" in pattern:
            raise ValueError("must be a pattern for names inside the folder, such as 'till-*.csv'")
        return pattern

    @field_validator("template")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in TEMPLATES:
            raise ValueError(f"is no template; `jalon templates` lists them: {', '.join(TEMPLATES)}")
        return name

    @field_validator("delimiter")
    @classmethod
    def _is_one_mark(cls, mark: str) -> str:
        if len(mark) != 1 or mark in '"\r\n':
            raise ValueError("must be one character, such as ';' or '\\t'")
        return mark

    @field_validator("encoding")
    @classmethod
    def _can_be_cut(cls, name: str) -> str:
        try:
            found = codecs.lookup(name).name
        except LookupError:
            found = ""
        if found not in {codecs.lookup(known).name for known in ENCODINGS}:
            raise ValueError(f"must be one of {', '.join(ENCODINGS)}; save other files as UTF-8")
        return found

    @field_validator("dates")
    @classmethod
    def _is_a_format(cls, form: str) -> str:
        if form not in ("iso", "unix", "unix_ms") and not re.search(r"%[dj]", form):
            raise ValueError("must be 'iso', 'unix', 'unix_ms' or a format such as '%d/%m/%Y %H:%M'")
        return form

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        if name is not None and name not in available_timezones():
            raise ValueError("must be an IANA name such as Europe/Paris")
        return name

    @model_validator(mode="after")
    def _names_fields(self) -> Self:
        shape = TEMPLATES[self.template].shape
        known = {field.name for field in shape.fields}
        for what in ("columns", "constants", "words"):
            for name in getattr(self, what):
                if name not in known:
                    raise ValueError(f"{what} names {name!r}; `jalon templates {self.template}` lists the fields")
        return self

    def in_zone(self, zone: str) -> ZoneInfo:
        """Return where times without an offset are meant."""
        return ZoneInfo(self.zone or zone)


class FilesSettings(base.Settings):
    """`[sources.NAME]` with connector = "files"."""

    folder: Path | None = None
    """Folder that `jalon sync` reads, relative to jalon.toml; left out, files come by `jalon import` alone."""
    quiet_seconds: float = Field(default=5.0, ge=0, le=3600)
    """A file that changed within so many seconds is still being written, and waits."""
    tables: dict[str, Table] = Field(default={})
    """How files are read: `[sources.NAME.tables.TABLE]`, by names of your own; the first whose `files` fits is used."""

    @field_validator("tables")
    @classmethod
    def _name_no_template(cls, tables: dict[str, Table]) -> dict[str, Table]:
        for name, table in tables.items():
            if name in TEMPLATES and table.template != name:
                raise ValueError(f"the table {name} is called like another template than its own")
        return tables
