"""The data dictionary: all marts and columns as JSON, for catalogues and tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jalon import __version__
from jalon.report.marts.shapes import NONE, Column, Mart
from jalon.report.marts.tables import MARTS

NAME = "dictionary.json"


def dictionary() -> dict[str, Any]:
    """Return every mart with its key, columns, types, units, meanings and what columns refer to."""
    return {"jalon": __version__, "none": NONE, "tables": [_table(mart) for mart in MARTS.values()]}


def write_dictionary(folder: Path) -> None:
    """Write the dictionary beside the marts."""
    text = json.dumps(dictionary(), indent=1, ensure_ascii=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def _table(mart: Mart) -> dict[str, Any]:
    return {
        "name": mart.name,
        "description": mart.meaning,
        "primary_key": list(mart.primary_key),
        "foreign_keys": [
            {"column": each.name, "table": each.references, "refers_to": MARTS[each.references].key}
            for each in mart.foreign_keys
        ],
        "columns": [_column(each, mart.filled) for each in mart.columns],
    }


def _column(column: Column, filled: list[str]) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "unit": column.unit or None,
        "may_be_empty": column.name not in filled,
        "description": column.meaning,
    }
