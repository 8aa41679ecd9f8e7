"""From names to numbers and back: a channel's problem out of what is told, and tables of shares out of its solution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.crediting import BILLION
from jalon.attribution.sharing.mixture import Floats, Ints
from jalon.attribution.sharing.sampling import alike, ends
from jalon.attribution.tracing.days import laid_out
from jalon.attribution.tracing.gathering import Gathered
from jalon.attribution.tracing.solving import Clicks, Posed, Solved, Steps, solve

LEAST = 0.01
"""Smaller shares of a step are not told: they belong to what is not known."""
MOST = 5_000_000
"""Pairs of a cell and a content up to which products are told apart; above it a channel's steps go by days alone."""


class Channel(NamedTuple):
    """A channel of which steps could be traced: the contents (id, source, metric), the cells that were split, and how
    they were. `by_day`: there were too many to tell products apart, and all cells are of the first basket."""

    name: str
    by_day: bool
    contents: list[tuple[str, str, str]]
    cells: pa.Table
    solved: Solved


def solved(found: Gathered) -> Iterator[Channel]:
    """Solve the channels of which there are clicks and steps that name no content."""
    counted = set(found.clicks["channel"].to_pylist())
    for name in sorted(counted.intersection(found.cells["channel"].to_pylist())):
        own = _of(found, name)
        laid = laid_out(own.clicks)
        by_day = _size(own, laid) > MOST
        contents, cells, posed = _posed(_whatever(own) if by_day else own, laid)
        if len(cells) and (split := solve(posed)) is not None:
            yield Channel(name, by_day, contents, cells, split)


def _of(found: Gathered, channel: str) -> Gathered:
    """Return what is told of one channel."""
    tables = {name: table for name, table in found._asdict().items() if isinstance(table, pa.Table)}
    return found._replace(**{name: table.filter(pc.equal(table["channel"], channel)) for name, table in tables.items()})


def _size(tables: Gathered, laid: tuple[Ints, Ints, Floats]) -> int:
    """Return how many pairs of a cell and a content clicked on its day there are, at most."""
    _, day, _ = laid
    cells = tables.cells["day"].to_numpy()
    first, last = min(day.min(), cells.min()), max(day.max(), cells.max())
    clicked, asked = (np.bincount(each - first, minlength=last - first + 1) for each in (day, cells))
    return int(clicked @ asked)


def _whatever(tables: Gathered) -> Gathered:
    """Return the same without products."""
    clicks = tables.clicks.set_column(tables.clicks.column_names.index("product"), "product", _same("", tables.clicks))
    by = {"cells": ("channel", "day"), "named": ("channel", "content_id", "day")}
    summed = {}
    for name, keys in by.items():
        table = getattr(tables, name).group_by(keys, use_threads=False).aggregate([("steps", "sum")])
        table = table.rename_columns([*keys, "steps"])
        summed[name] = table.append_column("basket", _same(0, table))
    return tables._replace(clicks=clicks, **summed)


def _same(value: str | int, table: pa.Table) -> pa.Array:
    return pa.array([value] * len(table), pa.string() if isinstance(value, str) else pa.int64())


def _keys(clicks: pa.Table) -> list[tuple[str, str, str]]:
    columns = (clicks[name].to_pylist() for name in ("content_id", "source", "metric"))
    return list(zip(*columns, strict=True))


def _posed(tables: Gathered, laid: tuple[Ints, Ints, Floats]) -> tuple[list[tuple[str, str, str]], pa.Table, Posed]:
    """Put numbers in place of names."""
    contents = sorted(set(_keys(tables.clicks)))
    ids = pa.array([content for content, _, _ in contents], pa.string())
    products = {name: place for place, name in enumerate(sorted({"", *tables.clicks["product"].to_pylist()}))}
    row, day, count = laid
    first, days = int(day.min()), int(day.max() - day.min()) + 1
    product = np.array([products[name] for name in tables.clicks["product"].to_pylist()])
    clicks = Clicks(_numbers(tables.clicks, ids)[row], product[row], day - first, count)
    cells, named = (_within(table, first, days) for table in (tables.cells, tables.named))
    known = [tuple(products[name] for name in basket if name in products) for basket in tables.baskets]
    named = named.filter(pc.is_in(named["content_id"], ids))  # of others there are no clicks to learn from
    groups = sorted({(source, metric) for _, source, metric in contents})
    number, touches = _numbers(tables.naming, ids), np.zeros(len(contents))
    touches[number[number >= 0]] = tables.naming["touches"].to_numpy()[number >= 0]
    group = np.array([groups.index((source, metric)) for _, source, metric in contents])
    untold = _steps(cells, np.full(len(cells), -1), first)
    named_steps = _steps(named, _numbers(named, ids), first)
    return contents, cells, Posed(days, group, touches, known, clicks, named_steps, untold)


def _numbers(table: pa.Table, ids: pa.Array) -> Ints:
    """Return the places of a table's contents among `ids`; -1 of one that has none."""
    found = pc.fill_null(pc.index_in(table["content_id"], ids), -1)
    return np.asarray(found.to_numpy(), dtype=np.int64)


def _within(table: pa.Table, first: int, days: int) -> pa.Table:
    inside = pc.and_(pc.greater_equal(table["day"], first), pc.less(table["day"], first + days))
    return table.filter(inside)


def _steps(table: pa.Table, content: Ints, first: int) -> Steps:
    return Steps(
        content,
        table["day"].to_numpy() - first,
        table["basket"].to_numpy(),
        np.asarray(table["steps"].to_numpy(), dtype=float),
    )


def shares(channel: Channel) -> pa.Table:
    """Return channel, day, basket, source, content_id, share, low, high (in billionths) of each cell and content."""
    found = channel.solved
    kept = np.flatnonzero(found.drawn.share >= LEAST)
    ends = {name: np.rint(getattr(found.drawn, name)[kept] * BILLION) for name in ("share", "low", "high")}
    cell = pa.array(found.cell[kept])
    return pa.table(
        {
            "channel": pa.array([channel.name] * len(kept), pa.string()),
            **{name: channel.cells[name].take(cell) for name in ("day", "basket")},
            **_named(channel, found.content[kept]),
            **{name: pa.array(each.astype(np.int64)) for name, each in ends.items()},
        }
    )


def _named(channel: Channel, places: Ints) -> dict[str, pa.Array]:
    columns = zip(*(channel.contents[place] for place in places), strict=True) if len(places) else ((), (), ())
    content, source, _ = columns
    return {"source": pa.array(source, pa.string()), "content_id": pa.array(content, pa.string())}


def counts(channel: Channel) -> pa.Table:
    """Return how many steps are likely to have come from each content, and which others cannot be told from it."""
    drawn = channel.solved.drawn
    mean, low, high = ends(drawn)
    like = alike(drawn, [content for content, _, _ in channel.contents])
    shown = np.unique(channel.solved.content)
    return pa.table(
        {
            "channel": pa.array([channel.name] * len(shown), pa.string()),
            **_named(channel, shown),
            "metric": pa.array([channel.contents[place][2] for place in shown], pa.string()),
            "steps": pa.array(mean[shown]),
            "steps_low": pa.array(low[shown]),
            "steps_high": pa.array(high[shown]),
            "alike": pa.array([like[place] for place in shown], pa.list_(pa.string())),
        }
    )
