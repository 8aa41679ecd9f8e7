"""How the webservice lists: filters, sorts, limits and displays, and refuses what it does not understand.

https://devdocs.prestashop-project.org/8/webservice/cheat-sheet/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Tree = dict[str, Any]
_FILTER = re.compile(r"filter\[([a-z_]+)\]")
_DATES = ("date_add", "date_upd")
_DYNAMIC = ("current_state", "shipping_number")
"""Fields that are worked out for each row, by which no list can be filtered."""
_BRACKETS = re.compile(r"\[(.*)\]", re.DOTALL)
_FIELD = re.compile(r"([a-z_0-9]+)(?:\[([a-z_0-9,]*)\])?(?:,|$)")


class Refused(Exception):
    """An error of the webservice."""

    def __init__(self, code: int, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def select(rows: Iterable[Tree], query: Mapping[str, str], later: Mapping[Any, Tree]) -> list[Tree]:
    """Return the rows that a query asks for, with the fields that it asks for.

    `later`: how rows stand, by id, when they are read, which is after they were listed; where it tells, that is shown.
    """
    known = list(rows)
    fields = set(known[0]) if known else None
    for name, value in query.items():
        match = _FILTER.fullmatch(name)
        if match:
            _require(match[1], fields, query, 32, "This filter does not exist")
            if match[1] in _DYNAMIC:
                raise Refused(34, f'The field "{match[1]}" is dynamic', 400)
            known = [row for row in known if _fits(value)(row.get(match[1]))]
    listed = _limited(_sorted(known, fields, query), query)
    return [_shown(later.get(row["id"], row), query.get("display", "")) for row in listed]


def _require(field: str, fields: set[str] | None, query: Mapping[str, str], code: int, message: str) -> None:
    unknown = fields is not None and field not in fields
    if unknown or (field in _DATES and query.get("date") != "1"):
        raise Refused(code, message, 400)


def _fits(value: str) -> Callable[[Any], bool]:
    """Return the test that a filter means: `[a,b]` both ends included, whichever is the lower, `[a|b]`, `[a]`."""
    match = _BRACKETS.fullmatch(value)
    if match is None:
        raise Refused(33, "The filter is malformed", 400)
    inner = match[1]
    if "," in inner:
        low, high = sorted(map(_order, inner.split(",", 1)))
        return lambda held: low <= _order(held) <= high
    wanted = set(inner.split("|"))
    return lambda held: str(held) in wanted


def _order(value: Any) -> tuple[int, int, str]:
    """Return what values are compared by: numbers as numbers, the rest as text."""
    text = str(value)
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


def _sorted(rows: list[Tree], fields: set[str] | None, query: Mapping[str, str]) -> list[Tree]:
    asked = query.get("sort", "")
    match = _BRACKETS.fullmatch(asked)
    for part in reversed((match[1] if match else asked).split(",")):
        if not part:
            continue
        field, _, way = part.rpartition("_")
        if way not in ("ASC", "DESC"):
            raise Refused(37, "The sort value is malformed", 400)
        _require(field, fields, query, 38, "Unable to filter by this field")
        rows = sorted(rows, key=lambda row, by=field: _order(row.get(by)), reverse=way == "DESC")
    return rows


def _limited(rows: list[Tree], query: Mapping[str, str]) -> list[Tree]:
    if "limit" not in query:
        return rows
    numbers = query["limit"].split(",")
    if len(numbers) > 2 or not all(number.isdigit() for number in numbers):
        raise Refused(39, "The limit value is malformed", 400)
    first, size = (0, int(numbers[0])) if len(numbers) == 1 else (int(numbers[0]), int(numbers[1]))
    return rows[first : first + size]


def _shown(row: Tree, display: str) -> Tree:
    """Return a row with the fields asked for; without `display` its id alone."""
    if display == "full":
        return row
    match = _BRACKETS.fullmatch(display) if display else None
    if display and match is None:
        raise Refused(36, "The display syntax is wrong", 400)
    shown: Tree = {}
    for field, inner in _FIELD.findall(match[1]) if match else [("id", "")]:
        if inner:
            shown.setdefault("associations", {})[field] = _rows(row, field, inner.split(","))
        elif field not in row or field == "associations":
            raise Refused(35, f'Unable to display this field "{field}"', 400)
        else:
            shown[field] = row[field]
    return shown


def _rows(row: Tree, field: str, names: list[str]) -> list[Tree]:
    rows = row.get("associations", {}).get(field)
    if rows is None or any(name not in one for one in rows for name in names):
        raise Refused(35, f'Unable to display this field "{field}"', 400)
    return [{name: one[name] for name in names} for one in rows]
