"""What a mart's shape is told in: tables, keys, columns."""

from __future__ import annotations

from typing import Literal, NamedTuple

Type = Literal["text", "integer", "decimal", "instant", "date", "boolean"]


class Column(NamedTuple):
    """A column: `unit` is empty where there is none."""

    name: str
    type: Type
    meaning: str
    unit: str = ""


class Mart(NamedTuple):
    """A table that other tools read."""

    name: str
    meaning: str
    primary_key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]


def money(name: str, meaning: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_minor", "integer", meaning, "minor units of `currency`"),
        Column(name, "decimal", f"The same, {meaning[0].lower()}{meaning[1:]}", "`currency`"),
    )


CURRENCY = Column("currency", "text", "ISO 4217 code of all money in the row; nothing is converted")
