"""Files that channels of the brand export: written whole, and only where something is new."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path


def by_month(
    folder: Path,
    name: str,
    head: Sequence[str],
    rows: Iterable[tuple[int, tuple[str, ...]]],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    zone: tzinfo = UTC,
) -> list[Path]:
    """Write rows, each with its unix time, to one CSV file per month of `zone`; return the files that are new."""
    months: dict[str, list[tuple[str, ...]]] = {}
    for at, row in rows:
        months.setdefault(f"{datetime.fromtimestamp(at, zone):%Y-%m}", []).append(row)
    made = [
        written(folder / f"{name}-{month}.csv", table(head, rows, delimiter), encoding)
        for month, rows in months.items()
    ]
    return [path for path in made if path is not None]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Return the text of a CSV file."""
    lines: list[str] = []

    class Out:
        write = staticmethod(lines.append)

    csv.writer(Out(), delimiter=delimiter).writerows([head, *rows])
    return "".join(lines)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path | None:
    """Write a file whole, by rename; None where it is there already, or there is nothing to write.

    It is dated a minute back, so that nobody takes it for a file that is still being written.
    """
    content = text.encode(encoding)
    if not text or (path.is_file() and path.read_bytes() == content):
        return None
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.utime(unfinished, (time.time() - 60,) * 2)
    return unfinished.rename(path)
