"""Where two models disagree about credit, and which journeys make them.

Models weigh the same steps otherwise, so that credit moves within orders: what one value of a cut loses, others of the
same orders gain. Which journeys do it is told by how they begin and end, since that is what most models look at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from jalon.attribution.engines.duckdb import DuckDB
from jalon.attribution.explain.currencies import currencies
from jalon.attribution.explain.tables import Row, Tables
from jalon.attribution.models import MODELS
from jalon.attribution.tracing.parts import TRACED, moved, parts
from jalon.errors import ConfigError

CUTS = {
    "channel": "channel",
    "platform": "platform",
    "content": "content_id",
    "creator": "creator_id",
    "stage": "stage",
    "campaign": "campaign",
    "product": "product_id",
    "mode": "selling_mode",
}
"""Word -> what of the touchpoint credit is compared by. The platform is the one that tells of the touchpoint, the mode
is the touchpoint's: those of the order are the same under every model."""
NAMELESS = ""
"""What touchpoints name no value of."""
NOBODY = "\x00"
"""What belongs to no touchpoint, while tables are joined; None in what is returned."""
_CARD = ("name", "title", "assumes", "formula", "taken_from")
_TOP = 3
"""So many values, patterns and orders tell why."""


def compare(facts: Path, attribution: Path, first: str, second: str, by: str = "channel") -> Row:
    """Return where two models of a run disagree, as JSON-able data; money in minor units.

    `models` are their cards, with why one could learn nothing (`not_learnt`); `orders` says how many sales there are,
    on how many the two `agree` entirely, and on how many they disagree `within` one value alone. `currencies`: of each
    the net, what `moved` from value to value, and `values` (None: nobody), those that differ most with `patterns` (how
    the journeys begin and end that make the difference) and `examples` (orders). Raises `ConfigError` if a model was
    not computed.
    """
    with DuckDB() as engine:
        tables = Tables(engine, facts, attribution)
        if tables.model(first) == tables.model(second):
            raise ConfigError(
                f"{first} and {second} are the same model", f"Others are {', '.join(tables.card['models'])}."
            )
        moves = engine.keep("moves", _moves(tables, first, second, by))
        values = _values(tables, moves, by)
        return {
            "models": [_card(tables, name) for name in (first, second)],
            "by": by,
            "orders": _agreement(tables, moves, first, second),
            "currencies": [_of_currency(tables, moves, values, code) for code in _currencies(tables, values)],
        }


def _card(tables: Tables, name: str) -> Row:
    """Return a model's card; `not_learnt` says why it could learn nothing, so that it credits nobody."""
    learnt = tables.card["learnt"].get(name, {})
    return {**{part: getattr(MODELS[name], part) for part in _CARD}, "not_learnt": learnt.get("because")}


def _moves(tables: Tables, first: str, second: str, by: str) -> Table:
    """Return (order_uid, currency, value, a, b): the net that either model credits of an order to a value.

    By content and creator, steps that name only their network are parted over likely contents, as in `rpt_credit`.
    """
    credit = tables["credit"]
    given = credit.filter(credit.model.isin((first, second)))
    given = given.select("order_uid", "touch_uid", "model", "currency", "net")
    rows = given.left_join(tables.places, given.touch_uid == tables.places.place_uid)
    value = ibis.ifelse(rows.touch_uid.isnull(), NOBODY, ibis.coalesce(rows[CUTS[by]], NAMELESS))
    named = rows.select(*given.columns, value=value)
    if by in TRACED:
        likely = moved(parts(given, tables["traced"], ("net",)), ("net",))
        named = named.union(likely.select(*given.columns, value=ibis.coalesce(likely[CUTS[by]], NAMELESS)))
    return named.group_by("order_uid", "currency", "value").agg(
        a=named.net.sum(where=named.model == first).fill_null(0),
        b=named.net.sum(where=named.model == second).fill_null(0),
    )


def _agreement(tables: Tables, moves: Table, first: str, second: str) -> Row:
    """Count the sales on which the two weigh every touchpoint alike, and those on which only a value's own differ.

    What was paid and then cancelled brought nothing, so that nothing of it moves.
    """
    credit, sales = tables["credit"], tables["sales"]
    rows = credit.filter(credit.model.isin((first, second))).semi_join(sales.filter(sales.is_sale), "order_uid")
    by_touch = rows.group_by("order_uid", "touch_uid").agg(
        a=rows.weight.sum(where=rows.model == first).fill_null(0),
        b=rows.weight.sum(where=rows.model == second).fill_null(0),
    )
    apart = by_touch.filter(by_touch.a != by_touch.b).select("order_uid").distinct()
    moved = moves.filter(moves.a != moves.b).select("order_uid").distinct().semi_join(rows, "order_uid")

    def count(table: Table) -> int:
        return int(tables.engine.dicts(table.agg(n=table.order_uid.nunique()))[0]["n"])

    every, differ, across = count(rows), count(apart), count(moved)
    return {"all": every, "agree": every - differ, "within": differ - across}


def _values(tables: Tables, moves: Table, by: str) -> list[Row]:
    """Return what each value has under both, those that differ most first."""
    summed = moves.group_by("currency", "value").agg(
        a=moves.a.sum(), b=moves.b.sum(), orders=moves.order_uid.count(where=moves.a != moves.b)
    )
    rows = [{**row, "difference": row["b"] - row["a"]} for row in tables.engine.dicts(summed)]
    titles = _titles(tables, [row["value"] for row in rows]) if by == "content" else {}
    told = [{**row, "title": titles.get(row["value"])} for row in rows]
    return sorted(told, key=lambda row: (-abs(row["difference"]), -row["a"], row["value"]))


def _titles(tables: Tables, ids: list[str]) -> dict[str, str | None]:
    known = tables.makers.filter(tables.makers.known_id.isin(ids))
    return {row["known_id"]: row["title"] for row in tables.rows(known, ("known_id", "title"))}


def _currencies(tables: Tables, values: list[Row]) -> list[str]:
    """Return the currencies of what is compared, the one with most sales first."""
    compared = {row["currency"] for row in values}
    return [code for code in currencies(tables.engine, tables["sales"]) if code in compared]


def _of_currency(tables: Tables, moves: Table, values: list[Row], code: str) -> Row:
    own = [row for row in values if row["currency"] == code]
    top = [row["value"] for row in own[:_TOP] if row["difference"]]
    why = _why(tables, moves.filter(moves.currency == code), top)
    return {
        "currency": code,
        "net": sum(row["a"] for row in own),
        "moved": sum(abs(row["difference"]) for row in own) // 2,
        "values": [
            {
                **{name: row[name] for name in ("title", "a", "b", "difference", "orders")},
                "value": None if row["value"] == NOBODY else row["value"],
                **why.get(row["value"], {"patterns": [], "examples": []}),
            }
            for row in own
        ],
    }


def _why(tables: Tables, moves: Table, values: list[str]) -> dict[str, Row]:
    """Return, of each value, the patterns of journeys and the orders that make most of its difference."""
    if not values:
        return {}
    apart = moves.filter(moves.value.isin(values) & (moves.a != moves.b))
    found = tables.engine.keep("moves_apart", apart.left_join(_ends(tables), "order_uid").drop("order_uid_right"))
    found = found.mutate(difference=found.b - found.a)
    patterns = found.group_by("value", "begins", "ends", "single").agg(
        orders=found.order_uid.count(), difference=found["difference"].sum()
    )
    rows: dict[str, Row] = {value: {"patterns": [], "examples": []} for value in values}
    for row in _first(tables, patterns, "begins", "ends"):
        rows[row.pop("value")]["patterns"].append(row)
    examples = _first(tables, found.select("value", "order_uid", "a", "b", "difference"), "order_uid")
    for row in examples:
        path = _path(tables, row["order_uid"])
        rows[row.pop("value")]["examples"].append({**row, "path": path})
    return rows


def _ends(tables: Tables) -> Table:
    """Return how each journey begins and ends, in channels, and whether one step is all of it."""
    steps = tables["steps"]
    met = steps.join(tables.places.select("place_uid", "channel"), steps.touch_uid == tables.places.place_uid)
    begin = met.filter(met.position == 1).select("order_uid", begins="channel", single=met.touches == 1)
    end = met.filter(met.position == met.touches).select(end_uid="order_uid", ends="channel")
    return begin.join(end, begin.order_uid == end.end_uid).drop("end_uid")


def _first(tables: Tables, table: Table, *ties: str) -> list[Row]:
    """Return the rows of each value that differ most."""
    size = table["difference"].abs()
    rank = ibis.row_number().over(group_by=table.value, order_by=[size.desc(), *(table[name] for name in ties)])
    ranked = table.mutate(rank=rank)
    rows: Any = tables.engine.dicts(ranked.filter(ranked["rank"] < _TOP).order_by("value", "rank").drop("rank"))
    return list(rows)


def _path(tables: Tables, uid: str) -> list[str]:
    """Return the channels of an order's journey, in order."""
    steps = tables["steps"]
    own = steps.filter(steps.order_uid == uid)
    met = own.join(tables.places.select("place_uid", "channel"), own.touch_uid == tables.places.place_uid)
    return [row["channel"] for row in tables.rows(met, ("channel", "position"), "position")]
