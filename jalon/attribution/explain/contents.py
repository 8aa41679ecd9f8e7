"""Why a content or a creator has the credit that it has: its orders under each model, touches, measures, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import ibis
from ibis.expr.types import Table

from jalon.attribution.explain.currencies import best, currencies, listed
from jalon.attribution.explain.tables import REVISION, Row, Tables
from jalon.attribution.groups import group
from jalon.attribution.intervals import sums, with_interval
from jalon.attribution.measures import counted
from jalon.attribution.tracing.parts import unsure_by

MOST = 10
"""How many orders and contents are listed of each currency, those with most credit."""
_CONTENT = (
    *("source", "platform", "content_id", "kind", "surface", "creator_id", "title", "posted_at", "ended_at", "url"),
    *("selling_mode", *REVISION),
)
_ORDER = (
    *("order_uid", "placed_at", "basis", "weight", "amount", "reversed", "net", "currency", "touchpoints"),
    *("share_low", "share_high"),
)
_SUM = ("model", "currency", "orders", "weight", "amount", "reversed", "net", "net_low", "net_high", "modelled")
_TRACED = ("channel", "source", "content_id", "metric", "steps", "steps_low", "steps_high", "alike")
_ESTIMATE = ("source", "platform", "content_id", "orders", "orders_low", "orders_high", "alike")


def told(tables: Tables, content: str, model: str) -> Row:
    """Return `content` (as its sources tell it), and what `_credited` tells."""
    facts = tables.fact("contents", content_id=(content,))
    return {
        "id": content,
        "content": tables.rows(facts, _CONTENT, "source", "content_id"),
        **_credited(tables, "content_id", content, model),
    }


def told_of_creator(tables: Tables, creator: str, model: str) -> Row:
    """Return `contents` (those with most credit, and how many there are), and what `_credited` tells."""
    return {
        "id": creator,
        "contents": _contents(tables, creator, model),
        "contents_known": _count(tables, tables.fact("contents", creator_id=(creator,))),
        **_credited(tables, "creator_id", creator, model),
    }


def _credited(tables: Tables, column: str, value: str, model: str) -> Row:
    """Return `credit` (sums by model and currency), `orders` (those with most credit in `model`), `touches` (by
    stage, kind, evidence and channel), `estimates` (of orders without a path), `traced` (of visits that name only
    their network; the most) and `measures` (what platforms count)."""
    credited = tables.credited.filter(tables.credited[column] == value)
    return {
        "credit": _sums(tables, credited),
        "orders": _orders(tables, credited.filter(credited.model == model)),
        "touches": _touches(tables, column, value),
        "estimates": _estimates(tables, column, value),
        "traced": _traced(tables, column, value),
        "measures": counted(tables.engine, tables.fact("measures", **{column: (value,)})),
        "as_of": tables.card["as_of"],
    }


def _sums(tables: Tables, credited: Table) -> list[Row]:
    """Return what each model credits it with: shares of orders, in how many it has a part, money with its interval."""
    summed = credited.group_by("model", "currency").agg(
        weight=credited.weight.sum(where=credited.is_sale).cast("decimal(18, 9)").fill_null(0),
        orders=credited.order_uid.nunique(),
        modelled=credited.net.sum(where=credited.basis == "modelled").fill_null(0),
        **{name: credited[name].sum() for name in ("amount", "reversed")},
    )
    joined = summed.join(_intervals(tables, credited), ["model", "currency"])
    return tables.rows(joined, _SUM, "model", "currency")


def _intervals(tables: Tables, credited: Table) -> Table:
    """Return `net` with its 90 % interval: chance in who buys (`intervals`), and where modelled in the split too."""
    keys = ("model", "currency")
    given = credited.mutate(person_group=group(ibis.coalesce(credited.person, credited.order_uid)))
    sides = ("down", "up")
    unsure = unsure_by(tables["modelled"], tables["traced_contents"])
    likely = credited.filter(credited.basis == "modelled").join(unsure, "touch_uid")
    split = likely.group_by(*keys, "touch_uid", *sides).agg(net=likely.net.sum())
    reach = {side: (split.net * split[side]).round() for side in sides}
    squares = split.group_by(*keys).agg(**{side: (far * far).sum() for side, far in reach.items()})
    found = sums(given, keys, ("net",)).left_join(squares, keys)
    found = with_interval(found, "net", (ibis.coalesce(found.down, 0.0), ibis.coalesce(found.up, 0.0)))
    ends = {name: found[name].round().cast("int64") for name in ("net_low", "net_high")}
    return found.mutate(**ends).select(*keys, "net", *ends)


def _orders(tables: Tables, credited: Table) -> list[Row]:
    """Return the orders of which it is credited with most, and what of the order that is."""
    by_order = credited.group_by("order_uid", "placed_at", "basis", "currency").agg(
        weight=credited.weight.sum().cast("decimal(10, 9)"),
        touchpoints=credited.touch_uid.count(),
        share_low=_at_most_one(credited.low.sum()),
        share_high=_at_most_one(credited.high.sum()),
        **{name: credited[name].sum() for name in ("amount", "reversed", "net")},
    )
    return _listed(tables, by_order, _ORDER, "order_uid", "basis")


def _at_most_one(share: ibis.Value) -> ibis.Value:
    return ibis.ifelse(share > 1, 1.0, share)


def _touches(tables: Tables, column: str, value: str) -> list[Row]:
    """Count what people did with it, by stage, kind, channel, and how it is known."""
    places = tables.places.filter(tables.places[column] == value).select(met_uid="place_uid")
    touches = tables["touches"]
    met = touches.semi_join(places, touches.touch_uid == places.met_uid)
    met = met.filter(met.is_counted)
    by = ("stage", "kind", "channel", "evidence")
    counts = met.group_by(*by).agg(
        touchpoints=met.touch_uid.count(),
        persons=met.person.nunique(),
        first_at=met.occurred_at.min(),
        last_at=met.occurred_at.max(),
    )
    return tables.rows(counts, (*by, "touchpoints", "persons", "first_at", "last_at"), *by)


def _estimates(tables: Tables, column: str, value: str) -> list[Row]:
    """Return how many orders without a path it is likely to have brought, and what it cannot be told from."""
    modelled = tables["modelled"]
    made = modelled.left_join(tables.makers, modelled.content_id == tables.makers.known_id)
    made = made.mutate(creator_id=made.creator_id.coalesce(made.maker))
    own = made.filter(made[column] == value)
    return tables.rows(own, _ESTIMATE, own.orders.desc(), own.content_id, own.source)


def _traced(tables: Tables, column: str, value: str) -> list[Row]:
    """Return how many visits on journeys, of those that name only their network, are likely to have come from it."""
    found = tables["traced_contents"]
    most = found.filter(found[column] == value).order_by(found.steps.desc(), found.content_id).limit(MOST)
    return tables.rows(most, _TRACED, most.steps.desc(), most.content_id)


def _contents(tables: Tables, creator: str, model: str) -> list[Row]:
    """Return the contents of a creator with most credit under a model."""
    rows = tables.credited
    rows = rows.filter((rows.creator_id == creator) & (rows.model == model))
    summed = rows.group_by("content_id", "currency").agg(
        title=rows.title.max(),
        weight=rows.weight.sum(where=rows.is_sale).cast("decimal(18, 9)").fill_null(0),
        net=rows.net.sum(),
        modelled=rows.net.sum(where=rows.basis == "modelled").fill_null(0),
    )
    names = ("content_id", "title", "weight", "net", "modelled", "currency")
    return _listed(tables, summed, names, "content_id")


def _listed(tables: Tables, rows: Table, names: Sequence[str], *ties: str) -> list[Row]:
    """Return the rows of each currency with most credit."""
    found = tables.rows(best(rows, MOST, *ties), names, *ties)
    return listed(found, MOST, currencies(tables.engine, tables["sales"]), itemgetter("net"))


def _count(tables: Tables, table: Table) -> int:
    return int(tables.engine.dicts(table.agg(n=table.content_id.nunique()))[0]["n"])
