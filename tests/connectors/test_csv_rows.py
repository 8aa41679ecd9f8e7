"""Rows of bulk files: whole ones by the names of their cells, or none."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jalon.connectors import csv_rows
from jalon.connectors.csv_rows import NoCsv


async def lines(text: bytes) -> AsyncIterator[bytes]:
    """Yield lines as a session does: without their ends, and none that hold nothing."""
    for line in text.split(b"\n"):
        if line.strip():
            yield line.removesuffix(b"\r")


async def read(text: str | bytes, *needed: str, delimiter: str = ",") -> list[dict[str, str]]:
    sent = text.encode() if isinstance(text, str) else text
    return [row async for row in csv_rows.csv_rows(lines(sent), needed, delimiter)]


async def test_a_line_that_ends_in_quotes_goes_on_in_the_next() -> None:
    found = await read(
        '\ufeffid;title;amount\r\n1;"A ""big"";\r\nblue mug";1.234,50\r\n2;Cup 5" wide;0,00\r\n', delimiter=";"
    )
    assert found == [
        {"id": "1", "title": 'A "big";\nblue mug', "amount": "1.234,50"},
        {"id": "2", "title": 'Cup 5" wide', "amount": "0,00"},
    ]


cells = st.text(alphabet=st.sampled_from('ab",;\n é'), min_size=1).filter(
    lambda text: "\n\n" not in text and text.strip("\n ;")
)


@given(st.lists(st.tuples(cells, cells), max_size=5), st.sampled_from(",;"))
async def test_what_is_written_as_csv_is_read_as_it_was(rows: list[tuple[str, str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    kept = [dict(zip("ab", row, strict=True)) for row in rows]
    assert [*map(tidy, await read(file.getvalue(), delimiter=delimiter))] == [*map(tidy, kept)]


def tidy(row: dict[str, str]) -> dict[str, str]:
    """Leave out lines of blanks within a cell, as a session does."""
    return {name: "\n".join(line for line in value.split("\n") if line.strip()) for name, value in row.items()}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no first line"),
        ("id,title\n", "no column is called day"),
        ("<html>down</html>\n", "no column is called id, day"),
        ("id,day\n1\n", "a row of 1 cells under a head of 2"),
        ("id,day\n1,2,3\n", "a row of 3 cells under a head of 2"),
        ('id,day\n1,"2\n3,4\n', "a quote is never closed"),
        ('id,day\n1,"2"x\n', "expected after"),
        (b"id,day\n\xff,2\n", "not CSV in UTF-8"),
    ],
)
async def test_what_is_no_csv_is_refused_in_words(text: str | bytes, told: str) -> None:
    with pytest.raises(NoCsv, match=told) as refused:
        await read(text, "id", "day")
    assert refused.value.reason.startswith("the file is not ")


async def test_a_quote_that_nobody_closes_does_not_gather_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST", 100)
    read_so_far = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read_so_far
        yield b'id,"day'
        while True:
            read_so_far += 1
            yield b"0123456789"

    with pytest.raises(NoCsv, match="a quote is never closed"):
        async for _ in csv_rows.csv_rows(endless()):
            pass
    assert read_so_far < 20
