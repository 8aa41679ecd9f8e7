"""Codes: small whole numbers in the place of the names of channels, and which of them were met before each step.

Journeys without a sale are most of all rows, so that what is found in one pass over them is found there: their steps
carry codes, which are lighter than names where rows are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine

MAX_ORDER = 4
"""So many steps back is looked, and no further."""
CODES = {"channel": "string", "code": "int32"}
BEFORE = tuple(f"before_{n}" for n in range(MAX_ORDER, 0, -1))
"""Columns with the codes of the steps before, the latest last; 0 where there was none."""


def coded(engine: Engine, name: str, met: Sequence[Table]) -> Table:
    """Return and keep as `CODES`, from 1 in the order of names, the channels that steps met."""
    found = ibis.union(*(table.select("channel") for table in met)).distinct()
    names = engine.rows(found.filter(found.channel.notnull()).order_by("channel"))["channel"]
    return engine.take(name, pa.table({"channel": names, "code": range(1, len(names) + 1)}, _SCHEMA), CODES)


_SCHEMA = pa.schema([("channel", pa.string()), ("code", pa.int32())])


def names_of(engine: Engine, codes: Table) -> list[str]:
    """Return the channels by their codes."""
    names: list[str] = engine.rows(codes.order_by("code"))["channel"].to_pylist()
    return names


def before(steps: Table, in_order: ibis.expr.builders.WindowBuilder, position: ibis.Value) -> dict[str, ibis.Value]:
    """Return what was met before each step, as columns; `position`: its place on its journey, from 1."""
    return {name: _ago(steps, in_order, position, int(name.rpartition("_")[2])) for name in BEFORE}


def _ago(steps: Table, in_order: ibis.expr.builders.WindowBuilder, position: ibis.Value, many: int) -> ibis.Value:
    return ibis.coalesce(ibis.ifelse(position > many, steps.code.lag(many).over(in_order), 0), 0).cast("int32")
