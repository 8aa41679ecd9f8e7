"""The figures of a run: how much was left out, set aside, or is doubtful, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.guards import SET_ASIDE
from jalon.attribution.holdouts import read
from jalon.attribution.options import INTENT, Options
from jalon.attribution.patterns import fits
from jalon.normalize.times import DAY


class Counted(NamedTuple):
    """Tables of the run that is going on."""

    steps: Table
    people: Table
    sales: Table
    touches: Table
    refunds: Table
    lines: Table
    told_orders: Table
    """Orders in all their revisions."""


def tally(engine: Engine, counted: Counted, options: Options) -> dict[str, Any]:
    """Return the figures of `run.Result` that are counted."""
    steps, sales, touches = counted.steps, counted.sales, counted.touches
    set_aside = _by_code(engine, counted.people, "reason")
    had = steps.select("touch_uid", "placed_at").join(
        touches.select("touch_uid", "occurred_at", "time_is_bound"), "touch_uid"
    )
    one = {
        "touches_cut": steps.filter(steps.position == 1).agg(n=lambda rows: rows.cut.sum().fill_null(0)),
        "possible_duplicates": sales.filter(sales.why == "possible_duplicate").agg(n=lambda rows: rows.count()),
        "claims_unmatched": sales.filter((sales.kind == "draft") & (sales.why == "original_not_here")).agg(
            n=lambda rows: rows.count()
        ),
        "late_by_the_clock": had.filter((had.occurred_at > had.placed_at) & ~had.time_is_bound).agg(
            n=lambda rows: rows.count()
        ),
        "dated_ahead": touches.filter(touches.occurred_at >= touches.observed_at + DAY).agg(
            n=lambda rows: rows.count()
        ),
    }
    return {
        **{name: int(engine.dicts(table)[0]["n"]) for name, table in one.items()},
        "identifiers_set_aside": sum(set_aside.get(reason, 0) for reason in SET_ASIDE),
        "set_aside": set_aside,
        "refunds_unmatched": _unmatched(engine, _given_back(counted.refunds), sales),
        "lines_unmatched": _unmatched(engine, counted.lines, sales),
        "told_of_other_days": _told_of_other_days(engine, counted.told_orders, options.as_of),
        "net_warnings": _by_code(engine, sales, "net_warning"),
        "patterns_unmet": _unmet(engine, touches, _patterns(options)),
    }


def _told_of_other_days(engine: Engine, orders: Table, as_of: int | None) -> dict[str, int]:
    """Return by source how many orders were told again as placed a day or more apart: two sales under one number."""
    told = orders.filter(~orders.removed)
    told = told if as_of is None else told.filter(told.observed_at <= as_of)
    of_one = told.group_by("source", "key").agg(apart=told.placed_at.max() - told.placed_at.min())
    found = of_one.filter(of_one.apart >= DAY).group_by("source").agg(n=lambda rows: rows.count())
    return {row["source"]: int(row["n"]) for row in engine.dicts(found.order_by("source"))}


def _given_back(refunds: Table) -> Table:
    return refunds.filter((refunds.state == "succeeded") & (refunds.goods != 0))


def _unmatched(engine: Engine, facts: Table, sales: Table) -> dict[str, int]:
    """Return by source how many facts name an order that is not known."""
    alone = facts.anti_join(sales, ["source", "order_id"])
    found = alone.group_by("source").agg(n=lambda rows: rows.count())
    return {row["source"]: int(row["n"]) for row in engine.dicts(found.order_by("source"))}


def _patterns(options: Options) -> list[str]:
    """Return the patterns that somebody wrote: what intent is taken for by default need not occur."""
    intent = () if tuple(options.intent) == INTENT else options.intent
    tested = (test.touches for test in read(options.holdouts))
    return list(dict.fromkeys([*options.lookback, *options.skip, *intent, *tested]))


def _by_code(engine: Engine, table: Table, name: str) -> dict[str, int]:
    told = table.filter(table[name].notnull()).group_by(name).agg(n=lambda rows: rows.count())
    return {row[name]: int(row["n"]) for row in engine.dicts(told.order_by(name))}


def _unmet(engine: Engine, touches: Table, patterns: list[str]) -> list[str]:
    """Return the patterns that no touchpoint fits: most often a word that is written wrong."""
    if not patterns:
        return []
    counts = {f"fits_{n}": fits(touches, pattern).cast("int64").sum() for n, pattern in enumerate(patterns)}
    (row,) = engine.dicts(touches.agg(**counts))
    return [pattern for n, pattern in enumerate(patterns) if not row[f"fits_{n}"]]
