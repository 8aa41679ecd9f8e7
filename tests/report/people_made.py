"""What tests of persons, surveys and targets share: marts of facts made by hand, to be queried by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from jalon.normalize.vocabulary import Fact
from jalon.report.base import Known
from jalon.report.marts import MartOptions, build_marts
from jalon.report.people.settings import NOTHING_WANTED, Wanted
from jalon.report.tables import MARTS
from tests.handmade import Run


class People:
    """Marts in a folder."""

    def __init__(self, folder: Path, facts: Sequence[Fact], wanted: Wanted, **options: Any) -> None:
        self.run = Run(folder, list(facts), **{"models": ["linear"], **options})
        self.folder = folder / "marts"
        build_marts(self.run.facts, self.run.folder, self.folder, MartOptions(csv=False), Known(wanted=wanted))

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as db:
            for name in MARTS:
                db.execute(f"CREATE VIEW {name} AS SELECT * FROM '{self.folder / name}.parquet'")
            return db.execute(query).fetchall()

    def measure(self, name: str, member: str = "", stage: str | None = None) -> tuple[Any, ...]:
        """The value, low, high, n, unit and reason of a measure."""
        where = f"measure = '{name}' AND member = '{member}'" + (f" AND stage = '{stage}'" if stage else "")
        (row,) = self.sql(f"SELECT value, low, high, n, unit, because FROM rpt_stage_measures WHERE {where}")
        return tuple(None if each is None else each if isinstance(each, str) else float(each) for each in row)


def people(folder: Path, facts: Sequence[Fact], wanted: Wanted = NOTHING_WANTED, **options: Any) -> People:
    return People(folder, facts, wanted, **options)
