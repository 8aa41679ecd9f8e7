"""Sums that add up: all that journeys tell to models that hear of steps and sets, and what rules credit, as one table.

Each row is a sum over journeys, and a journey is one person's. So sums of tables that have no person in common add up
to those of all, and where something is told late of somebody, or taken back, it is enough to add the sums of this
person's rows as they are, less those of the rows as they were: nothing else is counted again. Sums are small, so that
they can be kept by day or by region, and solved in a moment.

What hears of instants and of each sale by itself (`incremental`, `shapley_counterfactual`) needs the journeys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jalon.attribution.codes import BEFORE
from jalon.attribution.effects.finding import Counting
from jalon.attribution.effects.learning import BY_SUMS, of_sums
from jalon.attribution.effects.sets import Sets, by_masks, counted, masks_of
from jalon.attribution.engines import opened
from jalon.attribution.intervals import sums as spread_by_group
from jalon.attribution.intervals import with_interval
from jalon.attribution.models import MODELS
from jalon.attribution.options import Options
from jalon.attribution.tables import arrow
from jalon.errors import ConfigError

KEY = {"options": "string", "what": "string", "part": "int64", "model": "string", "channels": "array<string>"}
COUNTS = ("steps", "journeys", "conversions")
FIGURES = (*COUNTS, "credit")
SUMS = (*KEY, *FIGURES)
"""Columns of a table of sums. `options` stands for how they were counted, so that unlike ones are not added. Rows, by
`what` they are:

- `steps`: `channels` are up to four channels before, the latest last, and the step's own. There were so many `steps`,
  of which so many ended their `journeys`, of which so many were `conversions`. `part`: which fifth of the persons.
- `pairs`: the same of no more than one channel before; `part`: which of the 256 groups of persons.
- `channel`: so many steps, and journeys with such a step.
- `set`: journeys that met these channels and no others; `part`: which fifth.
- `credit`: what the rule `model` credits to the channel; without a channel, what nothing led to. `part`: which group.
"""
_COLUMNS = ("often", "ends", "converts")
"""`COUNTS` as models call them."""


def table_of(heard: Counting, credit: pa.Table, decimals: int, options: str) -> pa.Table:
    """Return sums as `SUMS`. `credit`: rows `part`, `model`, `channel`, and `credit` in minor units of so many
    decimals; `options`: what all was counted by."""
    digest = hashlib.blake2b(options.encode(), digest_size=8).hexdigest()
    minor = credit["credit"].cast(pa.decimal128(38, 0)).combine_chunks().view(pa.decimal128(38, decimals))
    credited = _rows("credit", credit["part"], _each(credit["channel"]), {"credit": minor}, credit["model"])
    rows = pa.concat_tables(
        [
            table.add_column(0, "options", pa.repeat(digest, len(table))).cast(_schema(decimals))
            for table in (credited, *(_of_journeys(heard) if heard.names else ()))
        ]
    )
    return _whole([rows], (), decimals)


def _kinds(decimals: int) -> dict[str, str]:
    """Return the types of `SUMS`."""
    return {**KEY, **dict.fromkeys(COUNTS, "int64"), "credit": f"decimal(38, {decimals})"}


def _schema(decimals: int) -> pa.Schema:
    return ibis.schema(_kinds(decimals)).to_pyarrow()


def _of_journeys(heard: Counting) -> Iterator[pa.Table]:
    names, channels = pa.array(heard.names, pa.string()), heard.channels
    yield _rows("steps", heard.steps["fold"], _paths(heard.steps, names), _counts(heard.steps))
    yield _rows("pairs", heard.in_groups["person_group"], _paths(heard.in_groups, names), _counts(heard.in_groups))
    yield _rows("channel", None, _each(names), {name: channels[name] for name in ("steps", "journeys")})
    yield _sets(counted(heard.engine, heard.met, heard.bits, whole=True), names)


def added(sums: Any, *more: Any, less: Sequence[Any] = ()) -> pa.Table:
    """Return the sums of all that were counted, without what is in `less`; any tables, as `sums` takes them.

    Right where no person is in two of those that are added, and `less` was added before: what is known of somebody now
    comes in the place of what was known. Raises `ConfigError` for what are no sums, were counted in different ways, or
    cannot be taken off since it was never counted; that is seen by counts, not by credit.
    """
    if not isinstance(less, (list, tuple)):
        raise ConfigError(f"less is a {type(less).__name__}, no list of sums", "Write less=[...].")
    given = [_read(table) for table in (sums, *more, *less)]
    options = pa.chunked_array([chunk for table in given for chunk in table["options"].chunks], pa.string())
    scales = {table.schema.field("credit").type.scale for table in given}
    if len(pc.unique(options)) > 1 or len(scales) > 1:
        raise ConfigError(
            "sums that were counted by different options do not add up", "Count them by the same options and decimals."
        )
    found = _whole(given[: 1 + len(more)], given[1 + len(more) :], scales.pop())
    if any((pc.min(found[name]).as_py() or 0) < 0 for name in COUNTS):
        raise ConfigError(
            "what is taken off was never counted among these sums",
            "Take off the sums of the rows as they were when they were added.",
        )
    return found


def effects_of_sums(sums: Any, model: str = "markov", **parameters: Any) -> pa.Table:
    """Return what a model finds in sums: rows and metadata as `channel_effects` has them.

    `parameters` are those options that the model itself has, such as `markov_order`. Raises `ConfigError` for what are
    no sums, and for a model that needs more than sums.
    """
    table = _read(sums)
    if model not in BY_SUMS:
        raise ConfigError(f"the model {model!r} does not learn from sums", f"Such are {', '.join(BY_SUMS)}.")
    own = [name for name in MODELS[model].parameters if name != "markov_state"]
    if strange := sorted(set(parameters) - set(own)):
        raise ConfigError(
            f"{', '.join(strange)} cannot be told of sums any more",
            f"The model {model} hears of {', '.join(own) or 'nothing'}; all else is settled when sums are counted.",
        )
    heard = Summed(_whole([table], (), table.schema.field("credit").type.scale))
    effects, told = of_sums(heard, model, Options(models=(model,), **parameters).parameters(model))
    return effects.replace_schema_metadata({"learnt": json.dumps(told)})


def credit_of_sums(sums: Any) -> pa.Table:
    """Return what each rule credits to each channel: `model`, `channel` (null: nothing led to it), `credit`, and the
    ends `low` and `high` of its 90 % interval, as decimals. Raises `ConfigError` for what are no sums."""
    table = _read(sums)
    scale = table.schema.field("credit").type.scale
    rows = table.filter(pc.equal(table["what"], "credit"))
    columns = {"model": "string", "channel": "string", "credit": "int64", "person_group": "int64"}
    minor = _minor(rows["credit"])
    credit = pa.table([rows["model"], _first(rows["channels"]), minor, rows["part"]], list(columns))
    with opened(Options()) as engine:
        told = spread_by_group(engine.take("credit", credit, columns), ["model", "channel"], ["credit"])
        told = with_interval(told, "credit").rename(low="credit_low", high="credit_high")
        found = engine.rows(told.order_by("model", "channel").select("model", "channel", "credit", "low", "high"))
    for place, name in enumerate(("credit", "low", "high"), start=2):
        minor = pc.round(found[name]).cast(pa.int64()).cast(pa.decimal128(19, 0)).combine_chunks()
        found = found.set_column(place, name, minor.view(pa.decimal128(19, scale)))
    return found


MOST = 2**60
"""Sum of credit, in minor units, from which on its interval may fit no whole number of 64 bits."""


def _minor(credit: pa.ChunkedArray) -> pa.Array:
    """Return decimals as minor units. Raises `ConfigError` if they sum to too much."""
    minor = credit.combine_chunks().view(pa.decimal128(38, 0))
    if (pc.sum(pc.abs(minor)).as_py() or 0) >= MOST:
        raise ConfigError(
            f"the credit of these sums is {MOST / 10**credit.type.scale:.0e} or more in all, too great to be told",
            "Count them with fewer `decimals`, or in a greater unit of value.",
        )
    return minor.cast(pa.int64())


@dataclass
class Summed:
    """What models hear of journeys (`finding.Material`), out of a table of sums."""

    table: pa.Table

    @cached_property
    def names(self) -> list[str]:
        names: list[str] = pc.list_flatten(self._of("channel")["channels"]).to_pylist()
        return names

    @property
    def channels(self) -> pa.Table:
        rows = self._of("channel")
        return pa.table({"code": range(1, len(rows) + 1), "steps": rows["steps"], "journeys": rows["journeys"]})

    @cached_property
    def steps(self) -> pa.Table:
        return self._coded("steps", "fold", BEFORE)

    @cached_property
    def in_groups(self) -> pa.Table:
        return self._coded("pairs", "person_group", BEFORE[-1:])

    @cached_property
    def sets(self) -> Sets:
        rows = self._of("set")
        of, codes = _members(rows["channels"], self.names)
        masks = masks_of(of, codes - 1, len(rows), len(self.names))
        fold, journeys, conversions = (rows[name].to_numpy() for name in ("part", "journeys", "conversions"))
        return by_masks(masks, fold, journeys, conversions, len(self.names))

    def _of(self, what: str) -> pa.Table:
        return self.table.filter(pc.equal(self.table["what"], what))

    def _coded(self, what: str, part: str, before: Sequence[str]) -> pa.Table:
        """Return paths as codes, one column for each place, 0 where there was none before, in their order."""
        rows = self._of(what)
        of, codes = _members(rows["channels"], self.names)
        lengths = np.bincount(of, minlength=len(rows))
        ends = np.cumsum(lengths)
        places = np.zeros((len(rows), len(before) + 1), np.int64)
        places[of, len(before) - (ends[of] - 1 - np.arange(len(of)))] = codes
        parts = rows["part"].to_numpy()
        in_order = np.lexsort((*places.T[::-1], parts))
        columns = dict(zip((part, *before, "code"), (parts, *places.T), strict=True))
        columns |= {own: rows[name].to_numpy() for name, own in zip(COUNTS, _COLUMNS, strict=True)}
        return pa.table({name: column[in_order] for name, column in columns.items()})


def _members(lists: pa.ChunkedArray, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the members of lists one by one: of which list each is, and its code."""
    codes = pc.index_in(pc.list_flatten(lists), pa.array(names, pa.string()))
    return pc.list_parent_indices(lists).to_numpy(), codes.to_numpy().astype(np.int64) + 1


def _first(lists: pa.ChunkedArray) -> pa.Array:
    """Return the first member of each list; null where there is none."""
    of, members = pc.list_parent_indices(lists), pc.list_flatten(lists)
    return members.take(pc.index_in(pa.array(range(len(lists)), of.type), of))


def _rows(
    what: str,
    part: pa.ChunkedArray | None,
    channels: pa.ListArray,
    figures: Mapping[str, Any],
    model: pa.ChunkedArray | None = None,
) -> pa.Table:
    size = len(channels)
    told = {
        "what": pa.repeat(what, size),
        "part": pa.repeat(0, size) if part is None else part,
        "model": pa.nulls(size, pa.string()) if model is None else model,
        "channels": channels,
        **{name: figures.get(name, pa.repeat(0, size)) for name in FIGURES},
    }
    return pa.table(told)


def _counts(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: rows[own] for name, own in zip(COUNTS, _COLUMNS, strict=True)}


def _paths(rows: pa.Table, names: pa.Array) -> pa.ListArray:
    """Return the channels before each step and its own as lists; there are fewer where a journey began."""
    codes = np.column_stack([rows[name].to_numpy() for name in (*BEFORE, "code") if name in rows.column_names])
    known = codes > 0
    return _lists(known.sum(axis=1), names.take(pa.array(codes[known] - 1)))


def _each(names: Any) -> pa.ListArray:
    """Return texts as lists of one; of null, none."""
    flat = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    known = flat.is_valid().to_numpy(zero_copy_only=False)
    return _lists(known.astype(np.int64), flat.drop_null())


def _sets(sets: Sets, names: pa.Array) -> pa.Table:
    of, fold = np.nonzero(sets.journeys)
    members = pa.ListArray.from_arrays(np.searchsorted(sets.of, range(len(sets.masks) + 1)), names.take(sets.channel))
    sides = {"journeys": sets.journeys, "conversions": sets.conversions}
    figures = {name: side[of, fold].astype(np.int64) for name, side in sides.items()}
    return _rows("set", pa.array(fold), members.take(pa.array(of)), figures)


def _lists(lengths: np.ndarray, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.r_[0, np.cumsum(lengths)], pa.int32()), values)


def _whole(tables: Sequence[pa.Table], less: Sequence[pa.Table], decimals: int) -> pa.Table:
    """Return the sums of all, without what is in `less`; those that are not zero, in one order."""
    kinds = _kinds(decimals)
    with opened(Options()) as engine:
        taken = [engine.take(f"sums_{number}", table, kinds) for number, table in enumerate([*tables, *less])]
        off = [table.mutate(**{name: -table[name] for name in FIGURES}) for table in taken[len(tables) :]]
        rows = ibis.union(*taken[: len(tables)], *off)
        sums = rows.group_by(*KEY).agg(**{name: rows[name].sum().cast(kinds[name]) for name in FIGURES})
        found = engine.rows(sums.filter(ibis.or_(*(sums[name] != 0 for name in FIGURES))).order_by(*KEY))
    return found.cast(_schema(decimals))


def _read(sums: Any) -> pa.Table:
    """Return any table of sums as Arrow, whatever way it went. Raises `ConfigError` for what is none."""
    table = arrow(sums)
    kind = table.schema.field("credit").type if "credit" in table.column_names else pa.null()
    if not set(SUMS) <= set(table.column_names) or not pa.types.is_decimal(kind):
        raise ConfigError(
            f"this is no table of sums: its columns are {', '.join(table.column_names)}",
            "Count some by `attribution.sums`, and keep all of its columns, `credit` as a decimal.",
        )
    return table.select(SUMS).cast(_schema(kind.scale)).combine_chunks()
