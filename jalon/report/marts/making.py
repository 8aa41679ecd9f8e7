"""Making the marts: facts and attribution tables in, a star schema for BI out, as Parquet and as CSV."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import ibis
from ibis.expr.types import Table

from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.publish import published
from jalon.progress import Progress, silent
from jalon.report.marts.base import NOTHING_KNOWN, Base, Known, opened
from jalon.report.marts.checks import check
from jalon.report.marts.dictionary import write_dictionary
from jalon.report.marts.dimensions import DIMENSIONS, WHOLE, with_members
from jalon.report.marts.fact_marts import FACTS
from jalon.report.marts.question_marts import QUESTIONS
from jalon.report.marts.shapes import NONE, Mart
from jalon.report.marts.tables import MARTS

MAKERS = {**FACTS, **QUESTIONS, **DIMENSIONS}
"""Name of a mart -> what makes it."""


@dataclass(frozen=True, slots=True)
class MartOptions:
    """How to make the marts."""

    csv: bool = True
    memory_limit: str | None = None
    threads: int | None = None
    temp_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Marts:
    """What was made: the folder, and the rows of each table."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)


def build_marts(
    facts: Path,
    attribution: Path,
    out: Path,
    options: MartOptions | None = None,
    known: Known = NOTHING_KNOWN,
    progress: Progress = silent,
) -> Marts:
    """Write `out/<mart>.parquet` and `.csv` for every mart, put in place together; the same input gives the same bytes.

    `attribution` is the folder that `attribute` wrote; its options, `as_of` included, hold here too. Beside the marts
    stands their dictionary. `progress` is told each mart. Raises `StoreError`, also where keys or money of the marts do
    not hold (`checks`); then those that were there stay.
    """
    options = options or MartOptions()
    with DuckDB(options.memory_limit, options.threads, options.temp_folder) as engine, published(out) as making:
        base = opened(engine, facts, attribution, making, replace(known, before=known.before or out))
        rows = {}
        for number, (name, mart) in enumerate(MARTS.items()):
            progress(name, number, len(MARTS))
            rows[name] = write_mart(base, mart, options.csv)
        progress("checks", len(MARTS), len(MARTS))
        check(base)
        write_dictionary(making)
    return Marts(out, rows)


def write_mart(base: Base, mart: Mart, csv: bool) -> int:
    """Write one mart and return its rows; the CSV is made from the Parquet file. What it is made of is written."""
    instants = [column.name for column in mart.columns if column.type == "instant"]
    path = base.out / f"{mart.name}.parquet"
    rows = base.engine.write(_made(base, mart), path, mart.primary_key, instants)
    if csv:
        base.engine.write(base.engine.results(path), path.with_suffix(".csv"), mart.primary_key, instants, "csv")
    return rows


def _made(base: Base, mart: Mart) -> Table:
    """Return the rows of a mart: what names no member of a dimension, names `NONE`."""
    table = MAKERS[mart.name](base)
    if mart.is_dimension and mart.name not in WHOLE:
        table = with_members(base, mart, table)
    named = {each.name for each in mart.columns if each.names_member and each.type == "text"}
    return table.select(
        **{name: ibis.coalesce(table[name], NONE) if name in named else table[name] for name in mart.names}
    )
