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
    """Distinct paths one after the other: `codes` of their steps (from 1), the number of the path that each step is
    `of`, where each path `starts`, and its `lengths`."""

    codes: np.ndarray
    of: np.ndarray
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
    ways = {"": won} | ({} if value is None else {"_value": summed(value)})
    effects, pairs = _effects(coded, won + lost, ways, order), _pairs(coded)
    columns: dict[str, Any] = {"channel": coded.channels}
    for kind, brought in ways.items():
        rules = _rules(coded, pairs, brought)
        markov = effects[kind] / (effects[kind].sum() or 1.0) * brought.sum()
        told = {**rules, "markov": markov, "effect": effects[kind]}
        columns |= {f"{name}{kind}": amounts for name, amounts in told.items()}
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
    lengths = np.diff(starts)
    return _Coded(codes, np.repeat(np.arange(len(lengths)), lengths), starts[:-1], lengths, names)


class _Pairs(NamedTuple):
    """The distinct channels `code` (from 0) that each path (`of`) met; `many`: how many each path did."""

    of: np.ndarray
    code: np.ndarray
    many: np.ndarray


def _pairs(coded: _Coded) -> _Pairs:
    most = len(coded.starts) * len(coded.channels)
    pairs = (coded.of * len(coded.channels) + coded.codes - 1).astype(np.int32 if most < 2**31 else np.int64)
    pairs.sort()
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
    of, code = np.divmod(pairs, max(len(coded.channels), 1))
    return _Pairs(of, code, np.bincount(of, minlength=len(coded.starts)))


def _rules(coded: _Coded, pairs: _Pairs, brought: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each channel is credited of what the paths brought, by the models that ask no other path."""
    size = len(coded.channels)
    codes, starts, lengths = coded.codes, coded.starts, coded.lengths
    return {
        "first": np.bincount(codes[starts] - 1, brought, size),
        "last": np.bincount(codes[starts + lengths - 1] - 1, brought, size),
        "linear": np.bincount(codes - 1, (brought / lengths)[coded.of], size),
        "shapley": np.bincount(pairs.code, (brought / pairs.many)[pairs.of], size),
    }


def _effects(coded: _Coded, often: np.ndarray, ways: dict[str, np.ndarray], order: int) -> dict[str, np.ndarray]:
    """Return the removal effects for each of the things that the paths may bring, counting the steps once."""
    codes, ends = coded.codes, coded.starts + coded.lengths - 1
    if not often.any():
        return {kind: np.zeros(len(coded.channels)) for kind in ways}
    before = [codes]
    for _ in range(order):
        before.insert(0, _one_back(before[0], coded.starts))
    rows, place = chains.distinct(before)
    size = len(rows)
    times = np.bincount(place, often[coded.of], size)
    ended = np.bincount(place[ends], often, size)
    known = times > 0
    found = []
    for brought in ways.values():
        converts = np.bincount(place[ends], brought, size)
        steps = chains.Steps(rows[known, :-1], rows[known, -1], times[known], ended[known], converts[known])
        found.append(chains.chain(steps))
    return dict(zip(ways, chains.removal_effects_of(found, len(coded.channels)), strict=True))


def _one_back(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return for each step the code of the one before it; 0 at the start of a path."""
    shifted = np.empty_like(codes)
    shifted[1:] = codes[:-1]
    shifted[starts] = 0
    return shifted
