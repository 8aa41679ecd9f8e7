"""Tables that people keep beside jalon.toml, as their spreadsheets write them: CSV with commas or with semicolons.

Where columns are separated by semicolons, as a spreadsheet in French has them, numbers may have decimal commas.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from jalon.errors import ConfigError

Row = dict[str, str | None]
_COMMA = re.compile(r"[+-]?\d+(?:[ \u00a0\u202f]\d{3})*(?:,\d+)?")
"""A number as spreadsheets in French write it: '1 234,50'."""
_TO_POINT = str.maketrans({",": ".", " ": None, "\u00a0": None, "\u202f": None})


def read_table(
    path: Path, called: str, setting: str, columns: Sequence[str], numbers: Collection[str], needed: Sequence[str] = ()
) -> Iterator[tuple[str, Row]]:
    """Yield each row with its place, as `FILE:LINE`; cells of `numbers` have a decimal point. Raises `ConfigError`.

    `called` and `setting` name the file in what is said of it; `columns` are those that it may have, `needed` must be
    there.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the {called} {path} cannot be read: {error}", f"Check {setting}.") from None
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.DictReader(lines, delimiter=delimiter)
    told = [*(rows.fieldnames or ())]
    faults = [f"there is no column {name!r}" for name in told if name not in columns]
    faults += [f"the column {name!r} is missing" for name in needed if name not in told]
    if faults:
        raise ConfigError(f"{path.name}: {faults[0]}", f"Columns are: {', '.join(columns)}.")
    for row in rows:
        if delimiter == ";":
            row |= {name: _with_point(cell.strip()) for name in numbers if isinstance(cell := row.get(name), str)}
        yield f"{path.name}:{rows.line_num}", row


def _with_point(number: str) -> str:
    return number.translate(_TO_POINT) if _COMMA.fullmatch(number) else number
