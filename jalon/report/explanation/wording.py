"""What all explanations are worded with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jalon.report.words import decimal_text, money, plain

Row = dict[str, Any]
WIDTH = 96
"""Columns that lines of text keep to; foreign names are cut."""


def instant(at: str) -> str:
    """Return an ISO 8601 instant in UTC for reading."""
    return f"{at[:10]} {at[11:16]} UTC"


def in_money(row: Row, name: str) -> str:
    """Return an amount of a row for reading."""
    return money(decimal_text(row[name], row["currency"]), row["currency"])


def times(number: int, what: str) -> str:
    """Return how many there are: '1 sale', '2 sales'."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def alike(row: Row) -> Iterator[str]:
    """Say which contents the counts cannot tell one from, if any."""
    if row["alike"]:
        yield f"     the counts cannot tell it from {', '.join(map(plain, row['alike']))}: read them together"


def named(by: Row | None) -> Iterator[str]:
    """Say which fact names whose an order is that tells no person."""
    if by:
        yield f"     it tells no person; {cut(by['fact'], 48)} says whose it is (known by {plain(by['evidence'])})"


def span(first: str, last: str) -> str:
    """Return the days from one instant or day to another."""
    return first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"


def weight(value: str | float) -> str:
    """Return shares of orders for reading, with two places."""
    return f"{float(value):.2f}"


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Yield aligned lines, indented; columns whose numbers are in `right` stand right. Texts must be harmless."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = [text.rjust(widths[i]) if i in right else text.ljust(widths[i]) for i, text in enumerate(line)]
        yield ("  " + "  ".join(cells)).rstrip()


def cut(text: str | None, most: int) -> str:
    """Return a foreign text on one line, cut."""
    return plain(text or "", most)
