"""Credit from paths that are written as texts, such as `social > search > email`, counted beforehand.

It is the form in which path reports come. Whole numbers take the texts' place at once: a path is written many times and
a channel more often, so each is looked at once. All that is asked of paths are sums, so they are taken a stretch of
rows at a time, small enough for the processor's caches: ten times the rows take ten times as long, and no more memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.codes import MAX_ORDER
from jalon.attribution.effects import chains
from jalon.attribution.effects.removal import removal_effects_of
from jalon.attribution.numbers import whole
from jalon.attribution.tables import arrow, cast, column_of, numbers
from jalon.errors import ConfigError

STRETCH = 200_000
"""Rows at a time."""
RULES = ("first", "last", "linear", "shapley")


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
    if not whole(order) or order not in range(1, MAX_ORDER + 1):
        raise ConfigError(f"order = {order!r} is no order", f"Give a number from 1 to {MAX_ORDER}.")
    if not separator:
        raise ConfigError("separator = '' parts no path", "Give what stands between two channels, such as '>'.")
    ways = {"": conversions} | ({} if value is None else {"_value": value})
    counted = _Counted(list(ways), order)
    for paths, sums in _stretches(arrow(table, {path, conversions, others, value}), path, {**ways, "others": others}):
        counted.add(paths, sums, separator)
    return _credited(counted)


def _stretches(
    given: pa.Table, path: str, wanted: Mapping[str, str | None]
) -> Iterator[tuple[pa.Array, dict[str, np.ndarray]]]:
    """Yield the distinct paths of some rows, and by the names wanted what each sums up to; 0 without a column."""
    texts = cast(_column(given, path), pa.string(), path)
    told = {name: None if column is None else _numbers(given, column) for name, column in wanted.items()}
    for start in range(0, len(texts), STRETCH):
        named = texts.slice(start, STRETCH).combine_chunks().dictionary_encode()
        row, size = named.indices.to_numpy(zero_copy_only=False), len(named.dictionary)
        yield (
            named.dictionary,
            {
                name: np.zeros(size) if column is None else np.bincount(row, column[start : start + STRETCH], size)
                for name, column in told.items()
            },
        )


def _column(given: pa.Table, name: str) -> pa.ChunkedArray:
    column = column_of(given, name, f"The table has {', '.join(given.column_names)}.")
    if column.null_count:
        raise ConfigError(f"the column {name!r} has gaps", "Name a column without gaps.")
    return column


def _numbers(given: pa.Table, name: str) -> np.ndarray:
    told: np.ndarray = numbers(_column(given, name), name).to_numpy()
    fits = np.isfinite(told) & (told >= 0)
    if not fits.all():
        first = int(np.argmin(fits))
        raise ConfigError(
            f"the column {name!r} holds what is below zero, or no number, first in row {first}", "Leave those rows out."
        )
    return told


class _Coded(NamedTuple):
    """Distinct paths one after the other: `codes` of their steps (from 1), the number of the path that each step is
    `of`, where each path `starts`, and its `lengths`."""

    codes: np.ndarray
    of: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


class _Counted:
    """What paths sum up to: by rule and channel, and by step and the channels before it."""

    def __init__(self, ways: Sequence[str], order: int) -> None:
        self.ways, self.order = ways, order
        self._names: dict[str, int] = {}
        """Channels by their codes, from 1, in the order in which they are met."""
        self._rules: list[dict[str, np.ndarray]] = []
        self._steps: list[np.ndarray] = []
        self._sums: list[np.ndarray] = []

    def add(self, paths: pa.Array, sums: dict[str, np.ndarray], separator: str) -> None:
        """Count distinct paths with what each sums up to, by way and as `others`."""
        coded = self._coded(paths, separator)
        size, pairs = len(self._names), _pairs(coded, len(self._names))
        self._rules.append(
            {
                f"{rule}{way}": credit
                for way in self.ways
                for rule, credit in _rules(coded, pairs, sums[way], size).items()
            }
        )
        rows, place = chains.distinct(_histories(coded, self.order))
        ends = place[coded.starts + coded.lengths - 1]
        often = sums[""] + sums["others"]
        ended = [np.bincount(ends, column, len(rows)) for column in (often, *(sums[way] for way in self.ways))]
        self._steps.append(rows)
        self._sums.append(np.array([np.bincount(place, often[coded.of], len(rows)), *ended]))

    def _coded(self, paths: pa.Array, separator: str) -> _Coded:
        split = pc.split_pattern(paths, separator)
        found = split.flatten().dictionary_encode()
        names = pc.utf8_trim_whitespace(found.dictionary).to_pylist()
        if "" in names:
            raise ConfigError("a path has a channel without a name", "Give each step of a path its channel.")
        known = self._names
        code = np.array([known.setdefault(name, len(known) + 1) for name in names], np.int64)
        starts = split.offsets.to_numpy()
        lengths = np.diff(starts)
        of = np.repeat(np.arange(len(lengths)), lengths)
        return _Coded(code[found.indices.to_numpy()], of, starts[:-1], lengths)

    @property
    def channels(self) -> list[str]:
        return sorted(self._names)

    def _ranks(self) -> np.ndarray:
        """Return by code, 0 among them, the channel's place in their sorted names, from 1."""
        ranks = np.zeros(len(self._names) + 1, np.int64)
        ranks[[self._names[name] for name in self.channels]] = np.arange(1, len(ranks))
        return ranks

    def rule(self, name: str) -> np.ndarray:
        """Return what a rule credits to each of the channels."""
        credit = np.zeros(len(self._names))
        for part in self._rules:
            credit[: len(part[name])] += part[name]
        return credit[[self._names[channel] - 1 for channel in self.channels]]

    def effects(self) -> dict[str, np.ndarray]:
        """Return the channels' removal effects, by way."""
        size = len(self._names)
        rows, sums = self._merged()
        known = sums[0] > 0
        if not known.any():
            return {way: np.zeros(size) for way in self.ways}
        history, channel = rows[known, :-1], rows[known, -1]
        often, ended, *brought = sums[:, known]
        found = [chains.chain(chains.Steps(history, channel, often, ended, column)) for column in brought]
        return dict(zip(self.ways, removal_effects_of(found, size), strict=True))

    def _merged(self) -> tuple[np.ndarray, np.ndarray]:
        if not self._steps:
            return np.zeros((0, self.order + 1), np.int64), np.zeros((2 + len(self.ways), 0))
        steps, sums = self._ranks()[np.concatenate(self._steps)], np.concatenate(self._sums, axis=1)
        rows, place = chains.distinct(list(steps.T))
        return rows, np.array([np.bincount(place, column, len(rows)) for column in sums])


def _credited(counted: _Counted) -> pa.Table:
    columns: dict[str, Any] = {"channel": pa.array(counted.channels, pa.string())}
    effects = counted.effects()
    for way in counted.ways:
        rules = {rule: counted.rule(f"{rule}{way}") for rule in RULES}
        markov = effects[way] / (effects[way].sum() or 1.0) * rules["linear"].sum()
        told = {**rules, "markov": markov, "effect": effects[way]}
        columns |= {f"{name}{way}": amounts for name, amounts in told.items()}
    return pa.table(columns)


class _Pairs(NamedTuple):
    """The distinct channels `code` (from 0) that each path (`of`) met; `many`: how many each path did."""

    of: np.ndarray
    code: np.ndarray
    many: np.ndarray


def _pairs(coded: _Coded, channels: int) -> _Pairs:
    most = len(coded.starts) * channels
    pairs = (coded.of * channels + coded.codes - 1).astype(np.int32 if most < 2**31 else np.int64)
    pairs.sort()
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
    of, code = np.divmod(pairs, max(channels, 1))
    return _Pairs(of, code, np.bincount(of, minlength=len(coded.starts)))


def _rules(coded: _Coded, pairs: _Pairs, brought: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Return what each channel is credited of what the paths brought, by the models that ask no other path."""
    codes, starts, lengths = coded.codes, coded.starts, coded.lengths
    credit = (
        np.bincount(codes[starts] - 1, brought, size),
        np.bincount(codes[starts + lengths - 1] - 1, brought, size),
        np.bincount(codes - 1, (brought / lengths)[coded.of], size),
        np.bincount(pairs.code, (brought / pairs.many)[pairs.of], size),
    )
    return dict(zip(RULES, credit, strict=True))


def _histories(coded: _Coded, order: int) -> list[np.ndarray]:
    """Return for each step the codes of the `order` channels before it, 0 where there was none, and its own."""
    columns = [coded.codes]
    for _ in range(order):
        columns.insert(0, _one_back(columns[0], coded.starts))
    return columns


def _one_back(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    shifted = np.empty_like(codes)
    shifted[1:] = codes[:-1]
    shifted[starts] = 0
    return shifted
