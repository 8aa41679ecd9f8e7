"""Making the marts: facts and attribution tables in, tables for BI out, as Parquet and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.card import read_card
from jalon.attribution.current import current
from jalon.attribution.engine import Engine
from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.groups import group
from jalon.attribution.publish import published
from jalon.normalize.money import EXPONENTS
from jalon.report import journey_map
from jalon.report.conversions import CONVERSION_CREDIT, credited
from jalon.report.shapes import Mart
from jalon.report.tables import ATTRIBUTION, MARTS
from jalon.report.totals import totals

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, or skips before one; also in their wide forms."""


@dataclass(frozen=True, slots=True)
class MartOptions:
    """How to make the marts."""

    csv: bool = True
    memory_limit: str = "1GB"
    threads: int | None = None
    temp_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Marts:
    """What was made: the folder, and the rows of each table."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)


def build_marts(facts: Path, attribution: Path, out: Path, options: MartOptions | None = None) -> Marts:
    """Write `out/<mart>.parquet` and `.csv` for every mart, put in place together; the same input gives the same bytes.

    `attribution` is the folder that `attribute` wrote; its options, `as_of` included, hold here too. Raises
    `StoreError`.
    """
    options = options or MartOptions()
    as_of = read_card(attribution)["as_of"]
    with DuckDB(options.memory_limit, options.threads, options.temp_folder) as engine, published(out) as making:
        base = _base(engine, facts, attribution, making, as_of)
        rows = {name: _write(base, mart, making, options.csv) for name, mart in MARTS.items()}
    return Marts(out, rows)


MADE_BESIDE = ("transitions", "stage_times", "drop_offs", "conversions", "conversion_credit")
"""Tables of the attribution that one mart each is made of."""


class _Base(NamedTuple):
    """What the marts are made of."""

    engine: Engine
    sales: Table
    touches: Table
    credit: Table
    modelled: Table
    shared: Table
    contents: Table
    measures: Table
    transitions: Table
    stage_times: Table
    drop_offs: Table
    conversions: Table
    conversion_credit: Table
    units: Table
    out: Path
    """Where the marts are being written: some are made of others."""


def _base(engine: Engine, facts: Path, attribution: Path, out: Path, as_of: int | None) -> _Base:
    made = ("sales", "touches", "credit", "modelled", "shared", *MADE_BESIDE)
    found = {name: engine.results(attribution / f"{name}.parquet") for name in made}
    told = {kind: current(engine, facts, kind, as_of) for kind in ("contents", "measures")}
    units = pa.table({"unit_of": list(EXPONENTS), "units": [10**places for places in EXPONENTS.values()]})
    taken = engine.take("units", units, {"unit_of": "string", "units": "int64"})
    return _Base(engine, **found, **told, units=taken, out=out)


def _write(base: _Base, mart: Mart, out: Path, csv: bool) -> int:
    """Write one mart and return its rows; the CSV is made from the Parquet file."""
    instants = [column.name for column in mart.columns if column.type == "instant"]
    path = out / f"{mart.name}.parquet"
    order = () if mart.name in _SORTED else mart.primary_key
    rows = base.engine.write(_MAKERS[mart.name](base).select(*mart.names), path, order, instants)
    if csv:
        plain = _without_formulas(base.engine.results(path))
        base.engine.write(plain, path.with_suffix(".csv"), (), instants, "csv")
    return rows


def _without_formulas(table: Table) -> Table:
    """Put an apostrophe before texts that a spreadsheet would run."""
    texts = {name: table[name] for name, dtype in table.schema().items() if dtype.is_string()}
    return table.mutate(
        **{name: ibis.ifelse(text.left(1).isin(FORMULA_STARTS), "'" + text, text) for name, text in texts.items()}
    )


def _with_amounts(base: _Base, table: Table, names: Iterable[str]) -> Table:
    """Name the amounts in minor units `<name>_minor`, and put beside them `<name>`, the same as a decimal.

    The division is one of floats, exact to fifteen digits; the cast rounds to the four places that suffice for every
    currency.
    """
    names = list(names)
    table = table.rename({f"{name}_minor": name for name in names})
    joined = table.left_join(base.units, table.currency == base.units.unit_of)
    amounts = {name: (joined[f"{name}_minor"] / joined.units).cast("decimal(18, 4)") for name in names}
    return joined.mutate(**amounts).drop("unit_of", "units")


def _orders(base: _Base) -> Table:
    sales = base.sales.drop("selling_mode").rename(selling_mode="mode", counted_because="why")
    money = ("gross", "discount", "goods", "shipping", "tax", "total", "booked", "reversed", "net")
    return _with_amounts(base, sales, money)


def _measures(base: _Base) -> Table:
    told = base.measures.mutate(measure_uid=base.measures.source + ":" + base.measures.key, amount=base.measures.value)
    return _with_amounts(base, told.rename(as_of_at="observed_at"), ["amount"])


def _contents(base: _Base) -> Table:
    return base.contents.mutate(content_uid=base.contents.source + ":" + base.contents.key)


def _estimates(base: _Base) -> Table:
    """Return what the share-out says of each content, as exact decimals."""
    told = base.modelled
    orders = {name: told[name].cast("decimal(18, 4)") for name in ("orders", "orders_low", "orders_high")}
    return told.mutate(content_uid=told.touch_uid, **orders).mutate(alike=told.alike.join(", ").nullif(""))


_CUTS = ("channel", "stage", "content_id", "creator_id", "product_id", "campaign")


def _attribution(base: _Base) -> Table:
    """Put beside each credit what one cuts it by."""
    sales = base.sales
    buyer = group(ibis.coalesce(sales.person, sales.order_uid))
    order = sales.select(
        "order_uid", "is_sale", "placed_date", "platform", "customer", selling_mode="mode", person_group=buyer
    )
    cuts = base.touches.select(*_CUTS, credited_uid="touch_uid")
    cuts = cuts.union(
        base.modelled.mutate(product_id=ibis.null("string"), campaign=ibis.null("string")).select(
            *_CUTS, credited_uid="touch_uid"
        )
    )
    rows = base.credit.join(order, "order_uid")
    rows = rows.left_join(cuts, rows.touch_uid == cuts.credited_uid).drop("credited_uid")
    ends = {f"weight_{end}": base.shared[end].cast("decimal(10, 9)") for end in ("low", "high")}
    rows = rows.left_join(base.shared.select("order_uid", "touch_uid", **ends), ["order_uid", "touch_uid"])
    rows = rows.drop("order_uid_right", "touch_uid_right")
    return _with_amounts(base, rows.rename(step="position"), ["amount", "reversed", "net"])


def _totals(base: _Base) -> Table:
    credited = base.engine.results(base.out / f"{ATTRIBUTION.name}.parquet")
    rows = totals(base.engine, credited, base.contents, base.modelled)
    return _with_amounts(base, rows, ["net", "net_low", "net_high", "modelled"])


def _map_credit(base: _Base) -> Table:
    where = ("touch_uid", "stage", "channel", "kind")
    credited_to = base.touches.select(*where).union(base.modelled.select(*where))
    return _with_amounts(
        base, journey_map.credited(base.engine, base.credit, credited_to, base.sales), ["net", "modelled"]
    )


_MAKERS: dict[str, Callable[[_Base], Table]] = {
    "orders": _orders,
    "touchpoints": lambda base: base.touches,
    "measures": _measures,
    ATTRIBUTION.name: _attribution,
    "credit_totals": _totals,
    "contents": _contents,
    "content_estimates": _estimates,
    "journey_map": lambda base: journey_map.cells(base.engine, base.touches),
    "journey_map_credit": _map_credit,
    "stage_transitions": lambda base: base.transitions,
    "stage_times": lambda base: base.stage_times,
    "drop_offs": lambda base: base.drop_offs,
    CONVERSION_CREDIT.name: lambda base: credited(base.conversions, base.conversion_credit, base.touches),
}
"""Name of a mart -> what makes its columns."""
_SORTED = ("touchpoints",)
"""Marts that are read from a file in the order of their key."""
