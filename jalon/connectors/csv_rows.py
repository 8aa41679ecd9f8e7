"""Cut the lines of a bulk file into rows: CSV as https://www.rfc-editor.org/rfc/rfc4180 has it, in UTF-8."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Collection, Iterator

from jalon.connectors.base import Fault

LONGEST = 1 << 16
"""Characters of one row: a quote that nobody closes must not gather a whole file, which is read again at each line."""
BOM = "\ufeff"


class NoCsv(Fault):
    """The file is not the CSV that was promised; what was read of it must not stay."""


async def csv_rows(
    lines: AsyncIterator[bytes], needed: Collection[str] = (), delimiter: str = ","
) -> AsyncIterator[dict[str, str]]:
    """Yield the rows of a file, each by the names in its first line; a line's end in quotes belongs to its cell.

    Raises `NoCsv` for what is no CSV, for a row of more or fewer cells than there are names, and for a file without
    a first line, or without one of the `needed` names in it.
    """
    names: list[str] | None = None
    begun: list[str] = []
    async for line in lines:
        begun.append(f"{_text(line)}\n")
        cells = _cells(begun, delimiter)
        if cells is None:
            continue
        begun = []
        if not cells:
            continue
        if names is None:
            names = _names(cells, needed)
        elif len(cells) != len(names):
            raise NoCsv(f"the file is not CSV: a row of {len(cells)} cells under a head of {len(names)}")
        else:
            yield dict(zip(names, cells, strict=True))
    if begun:
        raise NoCsv("the file is not CSV: a quote is never closed")
    if names is None:
        raise NoCsv("the file is not CSV: there is no first line")


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise NoCsv("the file is not CSV in UTF-8") from None


def _cells(begun: list[str], delimiter: str) -> list[str] | None:
    """Return the cells of a row that may go over several lines; None: the last one ends within quotes."""
    is_open = False

    def fed() -> Iterator[str]:
        nonlocal is_open
        yield from begun
        is_open = True  # the reader asks for more than there is

    try:
        return next(csv.reader(fed(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if is_open and sum(map(len, begun)) <= LONGEST:
            return None
        raise NoCsv(f"the file is not CSV: {'a quote is never closed' if is_open else error}") from None


def _names(cells: list[str], needed: Collection[str]) -> list[str]:
    names = [cells[0].removeprefix(BOM), *cells[1:]]
    if missing := [name for name in needed if name not in names]:
        raise NoCsv(f"the file is not the CSV that was promised: no column is called {', '.join(missing)}")
    return names
