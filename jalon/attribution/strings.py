"""Credit from paths that are written as texts, such as `social > search > email`, counted beforehand.

It is the form in which path reports come. Whole numbers take the texts' place at once: a path is written many times and
a channel more often, so each is looked at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.effects import chains
from jalon.attribution.reading import arrow
from jalon.errors import ConfigError


class _Coded(NamedTuple):
    """Distinct paths one after the other: `codes` of their steps (from 1), where each `starts`, and its `lengths`."""

    codes: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    channels: list[str]


def credit_of_paths(
    table: Any,
    *,
    path: str = "path",
    conversions: str = "conversions",
    others: str | None = "others",
    value: str | None = None,
    separator: str = ">",
    order: int = 1,
) -> pa.Table:
    """Return what each channel is credited by `first`, `last`, `linear`, `shapley` and `markov`.

    A row is a path, with how many journeys went it and converted, how many `others` did not (None: there are none), and
    what those conversions brought (`value`). Columns: `channel`, each model's share of all conversions, `effect` (the
    removal effect, for chains of this `order`), and with `value` the same again as `first_value` and so on. Credit is
    as floats: paths without orders have no cent to lose. Raises `ConfigError` for a table that cannot be read.
    """
    if order not in range(1, chains.MAX_ORDER + 1):
        raise ConfigError(f"order = {order!r} is no order", f"Give a number from 1 to {chains.MAX_ORDER}.")
    given = arrow(table)
    named = _column(given, path).cast(pa.string()).combine_chunks().dictionary_encode()
    row = named.indices.to_numpy(zero_copy_only=False)
    size = len(named.dictionary)

    def summed(name: str | None) -> np.ndarray:
        return np.zeros(size) if name is None else np.bincount(row, _numbers(given, name), size)

    won, lost = summed(conversions), summed(others)
    coded = _coded(named.dictionary, separator)
    columns: dict[str, Any] = {"channel": coded.channels, **_credited(coded, won, won + lost, order)}
    if value is not None:
        by_value = _credited(coded, summed(value), won + lost, order)
        columns |= {f"{name}_value": amounts for name, amounts in by_value.items()}
    return pa.table(columns)


def _column(given: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in given.column_names or given.column(name).null_count:
        raise ConfigError(f"the table has no column {name!r}, or it has gaps", "Name a column without gaps.")
    return given.column(name)


def _numbers(given: pa.Table, name: str) -> np.ndarray:
    numbers: np.ndarray = _column(given, name).cast(pa.float64()).to_numpy()
    if not np.isfinite(numbers).all() or numbers.min(initial=0.0) < 0:
        raise ConfigError(f"the column {name!r} holds what is below zero, or no number", "Leave those rows out.")
    return numbers


def _coded(paths: pa.Array, separator: str) -> _Coded:
    """Turn the texts of paths into numbers."""
    split = pc.split_pattern(paths, separator)
    found = split.flatten().dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(found.dictionary)
    names = sorted(set(trimmed.to_pylist()))
    if "" in names:
        raise ConfigError("a path has a channel without a name", "Give each step of a path its channel.")
    place = pc.index_in(trimmed, pa.array(names, pa.string())).to_numpy() + 1
    starts = split.offsets.to_numpy()
    codes = place[found.indices.to_numpy()].astype(np.int64) if names else np.zeros(0, np.int64)
    return _Coded(codes, starts[:-1], np.diff(starts), names)


def _credited(coded: _Coded, won: np.ndarray, often: np.ndarray, order: int) -> dict[str, np.ndarray]:
    """Return the credit of each channel by each model, for conversions or what they brought."""
    size = len(coded.channels)
    codes, starts, lengths = coded.codes, coded.starts, coded.lengths
    ends = starts + lengths - 1
    each = np.repeat(won / np.maximum(lengths, 1), lengths)
    effects = chains.removal_effects(chains.chain(_steps(coded, won, often, order)), size) if size else np.zeros(0)
    return {
        "first": np.bincount(codes[starts] - 1, won, size),
        "last": np.bincount(codes[ends] - 1, won, size),
        "linear": np.bincount(codes - 1, each, size),
        "shapley": _evenly(coded, won),
        "markov": effects / (effects.sum() or 1.0) * won.sum(),
        "effect": effects,
    }


def _evenly(coded: _Coded, won: np.ndarray) -> np.ndarray:
    """Share each path's conversions evenly over its distinct channels."""
    size = len(coded.channels)
    base = size + 1
    pairs = np.unique(np.repeat(np.arange(len(won)), coded.lengths) * base + coded.codes)
    of, code = pairs // base, pairs % base
    distinct = np.bincount(of, minlength=len(won))
    return np.bincount(code - 1, (won / np.maximum(distinct, 1))[of], size)


def _steps(coded: _Coded, won: np.ndarray, often: np.ndarray, order: int) -> chains.Steps:
    """Count the steps with so many channels before them."""
    codes, starts, lengths = coded.codes, coded.starts, coded.lengths
    position = np.arange(len(codes)) - np.repeat(starts, lengths)
    before = [np.where(position >= back, np.roll(codes, back), 0) for back in range(order, 0, -1)]
    is_end = position == np.repeat(lengths, lengths) - 1
    times = np.repeat(often, lengths)
    met = times > 0
    every = chains.Steps(
        np.column_stack(before)[met],
        codes[met],
        times[met],
        (times * is_end)[met],
        (np.repeat(won, lengths) * is_end)[met],
    )
    return chains.shortened(every, order)
