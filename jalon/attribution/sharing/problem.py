"""From names to numbers and back: the mixture's arrays out of what was gathered, and orders' shares out of its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.sharing import solving
from jalon.attribution.sharing.anyway import Taught
from jalon.attribution.sharing.gathering import Gathered
from jalon.attribution.sharing.mixture import Clicks, Counts, Floats, Ints, Named, Problem, Size
from jalon.attribution.sharing.sampling import Drawn, alike, ends

WINDOW = 14
"""Days after a click within which an order can have come by it."""
LEAST = 0.005
"""Smaller shares of an order are not told: they belong to what is not known."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of orders: a row per order and content, and the content's own figures.

    `share`, `low`, `high`: of the order; `orders`, `orders_low`, `orders_high`: of the content in all (0.9 intervals).
    """

    rows: pa.Table
    contents: pa.Table
    known: Taught
    spread: float


class Names:
    """Numbers for names, in the order of the names."""

    def __init__(self, *columns: pa.ChunkedArray) -> None:
        found = pc.unique(pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()))
        self.names = found.take(pc.sort_indices(found))

    def __len__(self) -> int:
        return len(self.names)

    def number(self, column: pa.ChunkedArray) -> Ints:
        """Return the numbers of names; -1 for one that has none."""
        found = pc.fill_null(pc.index_in(column, self.names), -1)
        return np.asarray(found.to_numpy(), dtype=np.int64)


def _scoped(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return ids that hold within a source as ids that hold everywhere."""
    return pc.binary_join_element_wise(table["source"], table[name], "\x00")


def shares(tables: Gathered, *, window: int = WINDOW, seed: int = 1) -> Shares | None:
    """Fit the mixture and share the orders out; None where no order falls on a day that has been counted."""
    contents = Names(_scoped(tables.clicks, "content_id"))
    products = Names(_scoped(tables.clicks, "product_id"))
    clicks, first, days = _clicks(tables, contents, products)
    named = _named(tables, contents, products, first, days)
    place, counts = _counts(tables, products, first, days)
    if not len(counts.lines):
        return None
    size = Size(len(contents), len(products), days)
    is_named = _named_kinds(tables, contents, named)
    posed = solving.Posed(size, clicks, named, is_named, counts, _claimed(tables, contents))
    problem, known, drawn, spread = solving.solve(posed, window, seed)
    rows = _rows(tables, place, problem, drawn, contents, days)
    return Shares(rows, _contents(drawn, contents, problem), known, spread)


def _clicks(tables: Gathered, contents: Names, products: Names) -> tuple[Clicks, int, int]:
    """Return the clicks, the first day and how many days there are."""
    day = tables.clicks["day"].to_numpy()
    first, last = int(day.min()), int(day.max())
    numbers = (
        contents.number(_scoped(tables.clicks, "content_id")),
        products.number(_scoped(tables.clicks, "product_id")),
    )
    return Clicks(*numbers, day - first, tables.clicks["clicks"].to_numpy().astype(float)), first, last - first + 1


def _named(tables: Gathered, contents: Names, products: Names, first: int, days: int) -> Named:
    content, product = (
        contents.number(_scoped(tables.named, "content_id")),
        products.number(_scoped(tables.named, "product_id")),
    )
    day = tables.named["day"].to_numpy() - first
    kept = (day >= 0) & (day < days) & (content >= 0) & (product >= 0)
    return Named(content[kept], product[kept], day[kept], tables.named["orders"].to_numpy().astype(float)[kept])


def _named_kinds(tables: Gathered, contents: Names, named: Named) -> np.ndarray:
    """Say of which contents the platform names the orders: of those that it does, and of all like them.

    Alike are contents of one kind by one creator: a platform names a creator's videos all or not at all. What it names
    is known, so a nameless order did not come by it.
    """
    is_named = np.zeros(len(contents), dtype=bool)
    is_named[named.content] = True
    number = contents.number(_scoped(tables.kinds, "content_id"))
    alike = pc.binary_join_element_wise(
        tables.kinds["source"], pc.fill_null(tables.kinds["creator_id"], "?"), tables.kinds["kind"], "\x00"
    ).to_pylist()
    naming = {kind for kind, place in zip(alike, number, strict=True) if place >= 0 and is_named[place]}
    for kind, place in zip(alike, number, strict=True):
        if place >= 0 and kind in naming:
            is_named[place] = True
    return is_named


def _claimed(tables: Gathered, contents: Names) -> Floats:
    claimed = np.zeros(len(contents))
    number = contents.number(_scoped(tables.claims, "content_id"))
    claimed[number[number >= 0]] = tables.claims["claimed"].to_numpy()[number >= 0]
    return claimed


def _counts(tables: Gathered, products: Names, first: int, days: int) -> tuple[tuple[Ints, Ints], Counts]:
    """Return product and day of each row of `tables.orders` (-1: not on a counted day), and the orders counted."""
    product = products.number(_scoped(tables.orders, "product_id"))
    day = tables.orders["day"].to_numpy() - first
    product = np.where((day >= 0) & (day < days), product, -1)
    counted = product >= 0
    keys, cell, lines = np.unique(product[counted] * days + day[counted], return_inverse=True, return_counts=True)
    orders = np.bincount(cell, weights=tables.orders["share"].to_numpy()[counted], minlength=len(keys))
    return (product, day), Counts(keys // days, keys % days, lines.astype(float), orders)


def _rows(
    tables: Gathered, place: tuple[Ints, Ints], problem: Problem, drawn: Drawn, contents: Names, days: int
) -> pa.Table:
    """Give each order the shares of its products' cells, weighted by what the products cost."""
    found = problem.cells
    product, day = place
    keys = found.product * days + found.day
    cell = np.where(product >= 0, np.searchsorted(keys, product * days + day), -1)
    by_cell = np.argsort(found.cell, kind="stable")
    starts = np.searchsorted(found.cell[by_cell], np.arange(len(keys) + 1))
    inside = np.flatnonzero(cell >= 0)
    length = (starts[1:] - starts[:-1])[cell[inside]]
    order = np.repeat(inside, length)
    offset = np.arange(len(order)) - np.repeat(np.cumsum(length) - length, length)
    row = by_cell[np.repeat(starts[cell[inside]], length) + offset]
    weight = tables.orders["share"].to_numpy()[order]
    content = found.content[row]
    table = pa.table(
        {
            "order_uid": tables.orders["order_uid"].take(pa.array(order)),
            "content": contents.names.take(pa.array(content)),
            **{name: pa.array(getattr(drawn, name)[row] * weight) for name in ("share", "low", "high")},
        }
    )
    summed = table.group_by(["order_uid", "content"], use_threads=False).aggregate(
        [(n, "sum") for n in ("share", "low", "high")]
    )
    summed = summed.rename_columns(["order_uid", "content", "share", "low", "high"])
    return _parted(summed.filter(pc.greater_equal(summed["share"], LEAST)))


def _contents(drawn: Drawn, contents: Names, problem: Problem) -> pa.Table:
    """Return what each content brought in all, and which others the data cannot tell it from."""
    mean, low, high = ends(drawn)
    like = alike(drawn, [_bare(contents, place) for place in range(len(contents))])
    shown = np.flatnonzero(problem.slow > 0)
    return _parted(
        pa.table(
            {
                "content": contents.names.take(pa.array(shown)),
                "orders": pa.array(mean[shown]),
                "orders_low": pa.array(low[shown]),
                "orders_high": pa.array(high[shown]),
                "alike": pa.array([like[place] for place in shown], pa.list_(pa.string())),
            }
        )
    )


def _bare(contents: Names, place: int) -> str:
    return str(contents.names[place].as_py()).partition("\x00")[2]


def _parted(table: pa.Table) -> pa.Table:
    """Put source and content id in place of the id that holds everywhere."""
    parts = pc.split_pattern(table["content"], "\x00", max_splits=1)
    columns: Sequence[pa.ChunkedArray] = [pc.list_element(parts, place) for place in (0, 1)]
    table = table.append_column("source", columns[0]).append_column("content_id", columns[1])
    return table.drop_columns(["content"])
