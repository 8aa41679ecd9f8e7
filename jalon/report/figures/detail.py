"""The figures behind the charts: weeks, ways, rankings to the end, the tag funnel, claims; read from marts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.stages import UNKNOWN
from jalon.report.figures.background import Background, silent
from jalon.report.marts.paths import told as ways
from jalon.report.marts.shapes import NONE
from jalon.report.words import decimal_text

Row = dict[str, Any]
WEEKS = 104
"""Weeks that are shown; what is earlier is summed up."""
NAMED = {"content": "content_id", "creator": "creator_id"}
"""Cuts of credit of which more is told -> the column of `fct_attributed_revenue`."""
_WEEK = timedelta(days=7)


def detailed(
    engine: Engine, tables: Mapping[str, Table], currencies: Sequence[str], background: Background, last: date | None
) -> Row:
    """Return the figures as JSON-able data; `last` is the last day of sales that is over."""
    return {
        "weekly": weekly(engine.dicts(_daily(tables["rpt_revenue_daily"])), currencies, last),
        "ways": ways(engine, tables["rpt_paths"], currencies),
        "shoppable": _shoppable(engine, tables["dim_content"], background),
        "funnel": _funnel(engine, tables["rpt_tag_funnel"]),
        "claims": _claims(engine, tables["rpt_claims"], currencies),
    }


def _daily(mart: Table) -> Table:
    mart = mart.filter(mart.orders > 0)
    return mart.group_by("placed_date", "selling_mode", "currency").agg(
        net_minor=mart.net_minor.sum(), orders=mart.orders.sum()
    )


def weekly(daily: Iterable[Row], currencies: Sequence[str], over: date | None = None) -> Row:
    """Return per currency its weeks without gaps, from the first sale to the last, or to the day `over`, by mode.

    `daily` have `placed_date`, `selling_mode`, `currency`, `net_minor` and `orders`. `weeks`: Mondays; `net_minor`: per
    selling mode as many amounts; `orders`: per week; `whole`: weeks that are over by the day `over`, or else by that of
    the last sale of any currency;
    `earlier_minor`: what was sold before the first of at most `WEEKS`; `best`: of all weeks that are over, those before
    too, the one with most `net_minor`, None where none is.
    """
    rows = list(daily)
    last = max((row["placed_date"] for row in rows), default=date.min)
    by_currency = {name: [row for row in rows if row["currency"] == name] for name in currencies}
    return {name: _weeks(own, last, over or last) for name, own in by_currency.items() if own}


def _weeks(rows: list[Row], last: date, until: date) -> Row:
    end = _monday(max(last, until))
    first = max(_monday(min(row["placed_date"] for row in rows)), end - (WEEKS - 1) * _WEEK)
    weeks = [first + number * _WEEK for number in range((end - first) // _WEEK + 1)]
    net = {mode: [0] * len(weeks) for mode in sorted({row["selling_mode"] for row in rows})}
    orders, earlier = [0] * len(weeks), 0
    for row in rows:
        place = (_monday(row["placed_date"]) - first) // _WEEK
        if place < 0:
            earlier += row["net_minor"]
            continue
        net[row["selling_mode"]][place] += row["net_minor"]
        orders[place] += row["orders"]
    over = sum(week + timedelta(days=6) <= until for week in weeks)
    return {
        "weeks": [week.isoformat() for week in weeks],
        "net_minor": net,
        "orders": orders,
        "whole": over,
        "earlier_minor": earlier,
        "best": _best(rows, until),
    }


def _best(rows: list[Row], last: date) -> Row | None:
    """Return the week that is over by `last` in which most was sold, the first of several."""
    net: dict[date, int] = {}
    for row in rows:
        week = _monday(row["placed_date"])
        net[week] = net.get(week, 0) + row["net_minor"]
    over = sorted(week for week in net if week + timedelta(days=6) <= last)
    best = max(over, key=net.__getitem__, default=None)
    return None if best is None else {"week": best.isoformat(), "net_minor": net[best]}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _shoppable(engine: Engine, contents: Table, background: Background) -> list[Row]:
    """Return per platform how many contents there are, and in how many products are tagged; None: it is not told."""
    known = contents.filter(contents.is_told)
    found = engine.dicts(
        known.group_by("platform", "source").agg(
            contents=known.content_id.count(), shoppable=(known.products > 0).cast("int64").sum()
        )
    )
    sources: dict[str, set[str]] = {}
    for row in found:
        sources.setdefault(row["platform"], set()).add(row["source"])
    untold = silent(background.gaps, "product_tags", sources)
    rows = [_platform(name, [row for row in found if row["platform"] == name]) for name in sorted(sources)]
    return [{**row, "shoppable": None} if row["platform"] in untold and not row["shoppable"] else row for row in rows]


def _platform(name: str, rows: list[Row]) -> Row:
    return {"platform": name, **{what: sum(row[what] for row in rows) for what in ("contents", "shoppable")}}


def _funnel(engine: Engine, mart: Table) -> list[Row]:
    """Return the rows of the tag funnel, the most seen first."""
    rows = [_plain(row) for row in engine.dicts(mart)]
    return sorted(rows, key=lambda row: (-(row["views"] or 0), row["source"], row["kind"]))


def _plain(row: Row) -> Row:
    """Return a row with days as text and shares as floats."""
    said = {name: value.isoformat() for name, value in row.items() if isinstance(value, date)}
    said["last_date"] = (row["end_date"] - timedelta(days=1)).isoformat()
    rates = {name: None if value is None else float(value) for name, value in row.items() if "_rate" in name}
    return {**row, **said, **rates}


def _claims(engine: Engine, mart: Table, currencies: Sequence[str]) -> list[Row]:
    """Return what platforms claim beside what shops know: amounts in minor units and as decimal text."""
    amounts = [name.removesuffix("_minor") for name in mart.columns if name.endswith("_minor")]
    rows = [_plain(row) for row in engine.dicts(mart.drop(*amounts))]
    for row in rows:
        row["credited_orders"] = None if row["credited_orders"] is None else round(float(row["credited_orders"]), 2)
        for name in amounts:
            minor = row[f"{name}_minor"]
            row[name] = None if minor is None else decimal_text(minor, row["currency"])
    place = {name: number for number, name in enumerate(currencies)}
    return sorted(
        rows,
        key=lambda row: (place.get(row["currency"], len(place)), -row["claimed_minor"], row["source"], row["model"]),
    )


def beside(engine: Engine, tables: Mapping[str, Table], cut: str, rows: list[Row]) -> list[Row]:
    """Return listed credit with more about each: the `stage` that most of it is in and its share, and its `costs`."""
    ids = sorted({row["id"] for row in rows if row["id"] is not None})
    if cut not in NAMED or not ids:
        return rows
    stages = {_key(row): row for row in engine.dicts(_stages(tables["fct_attributed_revenue"], NAMED[cut], ids))}
    costs = costs_of(engine, tables["rpt_costs"], cut, ids)
    return [{**row, **_stage(stages.get(_key(row)), row), "costs": costs.get(row["id"], [])} for row in rows]


def _key(row: Row) -> tuple[Any, ...]:
    return row["model"], row["currency"], row["id"]


def _stages(credit: Table, column: str, ids: list[str]) -> Table:
    """Return the stage that most of the credit of each of `ids` is in."""
    own = credit.filter(credit[column].isin(ids))
    by_stage = own.group_by("model", "currency", "stage", id=own[column]).agg(in_stage=own.net_minor.sum())
    rank = ibis.row_number().over(
        group_by=[by_stage.model, by_stage.currency, by_stage.id],
        order_by=[by_stage.in_stage.desc(), by_stage.stage],
    )
    return by_stage.mutate(rank=rank).filter(lambda rows: rows["rank"] == 0).drop("rank")


def _stage(found: Row | None, row: Row) -> Row:
    if found is None or row["net_minor"] <= 0 or found["stage"] in (NONE, UNKNOWN):
        return {"stage": None, "stage_share": None}
    return {"stage": found["stage"], "stage_share": round(found["in_stage"] / row["net_minor"], 4)}


def costs_of(engine: Engine, mart: Table, cut: str, ids: list[str]) -> dict[str, list[Row]]:
    """Return what is known of the costs of some values of a cut."""
    found: dict[str, list[Row]] = {}
    own = mart.filter((mart.cut == cut) & mart.value.isin(ids)).order_by("value", "currency", "kind")
    for row in engine.dicts(own.select("value", "kind", "currency", "cost_minor")):
        told = {name: row[name] for name in ("kind", "currency", "cost_minor")}
        found.setdefault(row["value"], []).append({**told, "cost": decimal_text(row["cost_minor"], row["currency"])})
    return found


def rest(engine: Engine, mart: Table, cut: str, most: int) -> list[Row]:
    """Return per model and currency what of a cut lies beyond the first `most`: how many `members`, orders and net."""
    own = mart.filter((mart.cut == cut) & (mart.value != NONE))
    rank = ibis.row_number().over(group_by=[own.model, own.currency], order_by=[own.net_minor.desc(), own.value])
    beyond = own.mutate(rank=rank).filter(lambda rows: rows["rank"] >= most)
    summed = beyond.group_by("cut", "model", "currency").agg(
        members=beyond.value.count(),
        orders=beyond.orders.sum().cast("float64").round(2),
        net_minor=beyond.net_minor.sum(),
        modelled_minor=beyond.modelled_minor.sum(),
    )
    rows = engine.dicts(summed.order_by("cut", "model", "currency"))
    return [{**row, "net": decimal_text(row["net_minor"], row["currency"])} for row in rows]
