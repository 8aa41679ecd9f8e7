"""What marts are made of: the facts and tables of the attribution, and what several marts do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table, Value

from jalon.attribution.card import read_card
from jalon.attribution.current import current, newest
from jalon.attribution.engine import Engine
from jalon.attribution.namesakes import numbers
from jalon.normalize.money import EXPONENTS
from jalon.normalize.times import DAY
from jalon.report.marts.amounts import with_decimals
from jalon.report.marts.namesake_products import named_apart
from jalon.report.marts.rates import Exchange
from jalon.report.people.customers import Customers, customers
from jalon.report.people.settings import NOTHING_WANTED, Wanted

MADE = (
    *("sales", "people", "touches", "steps", "credit", "modelled", "shared", "traced", "traced_contents"),
    *("transitions", "stage_times", "drop_offs", "conversions", "conversion_credit"),
)
"""Tables of the attribution that marts are made of."""
TOLD = ("contents", "measures", "order_lines", "order_contents", "refunds", "answers", "content_tags", "products")
"""Kinds of facts that marts are made of."""
_EPOCH = date(1970, 1, 1)
_CALENDAR = {"date_day": "date", "day_number": "int64", "next_day": "date", "month_start": "date"}


class Account(NamedTuple):
    """A source as jalon.toml names it: its connector, and what people call the platform."""

    connector: str
    title: str


class RunRow(NamedTuple):
    """A run as `run_ledger` has it. Instants in microseconds."""

    run_id: int
    source: str
    command: str
    started_at: int
    finished_at: int | None
    outcome: str
    pages: int
    new_records: int
    known_records: int
    skipped_records: int


@dataclass(frozen=True, slots=True)
class Known:
    """What whoever asks for marts knows beside facts and attribution."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    """Name of a source -> what it is."""
    runs: Sequence[RunRow] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Platform or channel -> what people call it."""
    wanted: Wanted = NOTHING_WANTED
    """Personas and targets."""
    exchange: Exchange | None = None
    """The currency that all money is converted to, and by which rates; None: nothing is converted."""
    before: Path | None = None
    """Where the marts of the report lie that this one is held against; by default those that it replaces."""


NOTHING_KNOWN = Known()


class Base(NamedTuple):
    """What the marts are made of. `made`: tables of the attribution; `told`: facts that hold, by kind."""

    engine: Engine
    made: Mapping[str, Table]
    told: Mapping[str, Table]
    units: Table
    calendar: Table
    known: Known
    models: Sequence[str]
    card: Mapping[str, Any]
    """How the attribution was made."""
    customers: Customers
    """All known persons, and what is known and expected of them."""
    out: Path
    """Where the marts are being written: some are made of others."""

    @property
    def window(self) -> int:
        """The look-back window in microseconds."""
        return int(self.card["lookback_days"] * DAY)

    def mart(self, name: str) -> Table:
        """Return a mart that has been made."""
        return self.engine.results(self.out / f"{name}.parquet")


Maker = Callable[[Base], Table]
"""Makes the columns of a mart; what else it returns is left out."""


def opened(engine: Engine, facts: Path, attribution: Path, out: Path, known: Known) -> Base:
    """Open what the marts are made of, as of the instant that the attribution was made for."""
    card = read_card(attribution)
    made = {name: engine.results(attribution / f"{name}.parquet") for name in MADE}
    named = numbers(engine, newest(engine.facts(facts, "orders"), card["as_of"]))
    told = named_apart(engine, {kind: named.told(kind, current(engine, facts, kind, card["as_of"])) for kind in TOLD})
    units = pa.table({"unit_of": list(EXPONENTS), "units": [10**places for places in EXPONENTS.values()]})
    taken = engine.take("units", units, {"unit_of": "string", "units": "int64"})
    calendar = _calendar(engine, made["touches"])
    persons = customers(engine, made, told["answers"], taken, known.wanted.personas)
    return Base(engine, made, told, taken, calendar, known, card["models"], card, persons, out)


def _calendar(engine: Engine, touches: Table) -> Table:
    """Return every day from the first touchpoint to the last, `day_number` counted from 1970-01-01 in UTC."""
    (ends,) = engine.dicts(touches.agg(first=touches.occurred_at.min(), last=touches.occurred_at.max()))
    numbers = range(ends["first"] // DAY, ends["last"] // DAY + 1) if ends["first"] is not None else range(0)
    days = [_EPOCH + timedelta(days=number) for number in numbers]
    rows = {
        "date_day": pa.array(days, pa.date32()),
        "day_number": pa.array(numbers, pa.int64()),
        "next_day": pa.array([each + timedelta(days=1) for each in days], pa.date32()),
        "month_start": pa.array([each.replace(day=1) for each in days], pa.date32()),
    }
    return engine.take("calendar", pa.table(rows), _CALENDAR)


def with_day(base: Base, table: Table, instant: str, **columns: str) -> Table:
    """Add columns of the calendar by the day, in UTC, of an instant that touchpoints span."""
    chosen = base.calendar.select(of_day="day_number", **columns)
    dated = table.left_join(chosen, (table[instant] // DAY).cast("int64") == chosen.of_day)
    return dated.select(*table.columns, *columns)


def with_amounts(base: Base, table: Table, names: Iterable[str]) -> Table:
    """Put decimals beside amounts in minor units (`amounts.with_decimals`)."""
    return with_decimals(base.units, table, names)


def uid(facts: Table) -> Value:
    """Return what names a fact among all of its kind."""
    return facts.source + ":" + facts.key


def key_of(preset: Value, stage: Value) -> Value:
    """Return the key of a stage in `dim_stages`."""
    return ibis.ifelse(preset == "canonical", stage, preset + "/" + stage)


def of_order(base: Base, facts: Table) -> Table:
    """Add `order_uid`, null where the order itself is not known, `is_sale`, and `is_counted`: it is no copy."""
    sales = base.made["sales"].select("source", "order_id", "order_uid", "is_sale", "is_counted")
    joined = facts.left_join(sales, ["source", "order_id"])
    told = {name: ibis.coalesce(joined[name], False) for name in ("is_sale", "is_counted")}
    return joined.select(*facts.columns, "order_uid", **told)


def with_maker(base: Base, rows: Table) -> Table:
    """Add `maker`, the creator of what `content_id` names, where the content is known."""
    contents = base.told["contents"]
    made = contents.group_by(made_id="content_id").agg(maker=contents.creator_id.max())
    return rows.left_join(made, rows.content_id == made.made_id).select(*rows.columns, "maker")
