"""How commands speak: data on stdout, talk on stderr, progress on a terminal only."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self, TextIO

from jalon.errors import JalonError

SCHEMA = 1
"""Version of the shape of all `--json` output."""


class Console:
    """One command's voice."""

    def __init__(self, command: str, *, as_json: bool = False, quiet: bool = False) -> None:
        self.command = command
        self.as_json = as_json
        self.quiet = quiet

    def data(self, value: Mapping[str, Any], text: str | Iterable[str] = ()) -> None:
        """Print the command's result: one JSON object, or the same for people."""
        if self.as_json:
            _write(
                sys.stdout,
                json.dumps({"jalon": SCHEMA, "command": self.command, **value}, default=str, ensure_ascii=False),
            )
        else:
            for line in [text] if isinstance(text, str) else text:
                _write(sys.stdout, line)

    def say(self, line: str) -> None:
        """Tell the person something that is not data."""
        if not self.quiet:
            self.warn(line)

    def warn(self, line: str) -> None:
        """Tell the person something that must be told, also to whoever asked for quiet."""
        _write(sys.stderr, clean(line))

    def fail(self, error: JalonError) -> None:
        """Tell what went wrong and what to do; with --json also as data."""
        self.warn(f"jalon {self.command}: {error.message}")
        if error.remedy:
            self.warn(f"  {error.remedy}")
        if self.as_json:
            self.refuse(error)

    def refuse(self, error: JalonError) -> None:
        """Print an error as data."""
        self.data({"error": {"message": error.message, "remedy": error.remedy, "exit_status": error.exit_status}})


class ProgressLine:
    """One line on stderr that is written over, at most ten times a second, and cleared at the end of a `with` block.

    Silent when stderr is not a terminal.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = 0.0
        self._on = sys.stderr.isatty() and not quiet and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def show(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Show how far something has got, unless another line was shown just now."""
        if time.monotonic() - self._shown >= 0.1:
            self.begin(text, done, total)

    def begin(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Show what may be the line for long."""
        if not self._on:
            return
        self._shown = time.monotonic()
        width = shutil.get_terminal_size().columns - 1
        bar = f"{_bar(done, total)} " if done is not None and total else ""
        sys.stderr.write(f"\r\x1b[K{(bar + text)[:width]}")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def parts(console: Console, what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show which part of a long work has begun, how many are done, and of how many, as long as it lasts."""
    with ProgressLine(quiet=console.quiet) as bar:
        yield lambda name, done, total: bar.begin(f"{what}: {name}", done, total)


def _bar(done: int, total: int, width: int = 24) -> str:
    full = min(width, done * width // max(total, 1))
    return "█" * full + "░" * (width - full)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return lines with aligned columns; numbers stand right."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(header, *cells, strict=True)]
    right = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(header))]
    lines = [_aligned(header, widths, right), "  ".join("─" * width for width in widths)]
    return lines + [_aligned(row, widths, right) for row in cells]


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    pairs = zip(row, widths, right, strict=True)
    return "  ".join(text.rjust(width) if to_right else text.ljust(width) for text, width, to_right in pairs).rstrip()


def _is_number(text: str) -> bool:
    return not text or text.lstrip("-").replace(",", "").replace(".", "", 1).rstrip(" %").isdigit()


def counted(number: int, one: str, many: str, width: int = 0) -> str:
    """Return a number, to the right of a column of this width, and what it counts: one of them, or any other number."""
    return f"{number:>{width},} {one if number == 1 else many}"


def clean(value: Any) -> str:
    """Return a value as one line of text without control characters, so that data cannot steer the terminal."""
    text = (
        "" if value is None else f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )
    return "".join(char if char.isprintable() else "�" for char in text)


def day_and_time(at: float) -> str:
    """Return unix seconds as UTC in ISO 8601, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _write(stream: TextIO, line: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()
