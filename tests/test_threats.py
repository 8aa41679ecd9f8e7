"""Every threat and hazard has its row in docs/threats.md, and every test that a row names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "threats.md").read_text()
NUMBERS = {"Threats": 37, "Hazards": 36}


class Row(NamedTuple):
    section: str
    number: int
    name: str
    done: str
    tests: tuple[str, ...]


def rows() -> list[Row]:
    found = []
    for part in TEXT.split("\n## ")[1:]:
        section = part.partition("\n")[0]
        for number, *cells in re.findall(r"(?m)^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$", part):
            name, done, tests = map(str.strip, cells)
            found.append(Row(section, int(number), name, done, tuple(re.findall("`([^`]+)`", tests))))
    return found


ROWS = rows()


@cache
def functions(path: Path) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, kinds))


@pytest.mark.parametrize("section", NUMBERS)
def test_every_number_stands_there_once(section: str) -> None:
    numbers = [row.number for row in ROWS if row.section == section]
    assert numbers == list(range(1, NUMBERS[section] + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}-{row.number}")
def test_every_test_that_is_named_exists(row: Row) -> None:
    assert row.tests
    for test in row.tests:
        path, _, name = test.partition("::")
        assert name.startswith("test_")
        assert (TESTS / path).is_file(), test
        assert name in functions(TESTS / path), test
