"""Who a customer is taken to be and why, all that is known of them in order, and what that led to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from jalon.attribution.explain.orders import TOUCH
from jalon.attribution.explain.tables import REVISION, Row, Tables
from jalon.attribution.guards import REASONS
from jalon.normalize.vocabulary import BUYER_OF

_SALE = (
    *("order_uid", "placed_at", "status", "currency", "booked", "reversed", "net", "net_rule", "is_sale", "mode"),
    *("prior_sales", "channel"),
)


_IDENTIFIER = ("identifier", "links", "reason")


def told(tables: Tables, person: str, model: str) -> Row:
    """Return `person` (None: the identifier is set aside), `identifiers` with how many others each is linked with,
    `set_aside` (identifiers next to them that join nobody), `links` (what says that two are one), `touches` (in order,
    each with where it led and its credit under `model`), and `sales`."""
    people = tables["people"]
    own = _why(tables.rows(people.filter((people.identifier == person) | (people.person == person)), _IDENTIFIER))
    known = [row["identifier"] for row in own] or [person]
    aside = _why(tables.rows(people.filter(people.person.isnull()), _IDENTIFIER))
    links = _links(tables, known)
    beside = {end for link in links for end in (link["left"], link["right"])}
    is_person = person not in {row["identifier"] for row in aside}
    return {
        "person": person if is_person else None,
        "identifiers": own or [{"identifier": person, "links": 0, "reason": None, "because": None}],
        "set_aside": [row for row in aside if row["identifier"] in beside],
        "links": links if is_person else [],
        "touches": _touches(tables, person, model) if is_person else [],
        "sales": _sales(tables, person) if is_person else [],
        "as_of": tables.card["as_of"],
    }


def _why(identifiers: list[Row]) -> list[Row]:
    """Put beside each identifier why it joins nobody, or lost links."""
    return [{**row, "because": REASONS[row["reason"]] if row["reason"] else None} for row in identifiers]


def _links(tables: Tables, known: Sequence[str]) -> list[Row]:
    """Return the pairs of identifiers that are one person, with the fact that says so."""
    return [*_stated(tables, known), *_ordered(tables, known)]


def _stated(tables: Tables, known: Sequence[str]) -> list[Row]:
    """Return the pairs that identity facts state; a buyer that one names by the order stands by its identifier."""
    orders = tables.fact("orders", person=known)
    placed = {
        f"{BUYER_OF}{row['source']}:{row['order_id']}": row["person"]
        for row in tables.rows(orders, ("source", "order_id", "person"))
    }
    held = tables.fact("identities")
    own = held.filter(held.left.isin(known) | held.right.isin((*known, *placed)))
    rows = tables.rows(own, ("left", "right", "evidence", "source", "key", *REVISION), "left", "right", "source", "key")
    named = _buyers(tables, [row["right"] for row in rows if row["right"].startswith(BUYER_OF)])
    return [
        {
            "left": row["left"], "right": named.get(row["right"], row["right"]), "by": "identity",
            "fact": f"{row['source']}:{row['key']}", "evidence": row["evidence"],
            **{name: row[name] for name in REVISION},
        }
        for row in rows
    ]  # fmt: skip


def _buyers(tables: Tables, names: Sequence[str]) -> dict[str, str]:
    """Return `order:SOURCE:ID` -> who placed that order."""
    if not names:
        return {}
    orders = tables.fact("orders", order_id=[name.rpartition(":")[2] for name in names])
    rows = tables.rows(orders.filter(orders.person.notnull()), ("source", "order_id", "person"))
    return {f"{BUYER_OF}{row['source']}:{row['order_id']}": row["person"] for row in rows}


def _ordered(tables: Tables, known: Sequence[str]) -> list[Row]:
    """Return the pairs that follow from an order: who is known by a touchpoint of it is who placed it."""
    touched = tables.fact("touchpoints", person=known)
    touched = touched.filter(touched.order_id.notnull())
    rows = tables.rows(touched, ("source", "key", "order_id", "person", "evidence", *REVISION), "source", "key")
    uids = {f"{row['source']}:{row['order_id']}" for row in rows}
    placed = tables.fact("orders", order_id=tables.numbers_of(uids)) if rows else None
    buyers: dict[tuple[str, str], str] = {}
    if placed is not None:
        found = tables.rows(placed.filter(placed.person.notnull()), ("source", "order_id", "person"))
        buyers = {(row["source"], row["order_id"]): row["person"] for row in found}
    pairs: dict[tuple[str, str], Row] = {}
    for row in rows:
        buyer = buyers.get((row["source"], row["order_id"]))
        if buyer and buyer != row["person"]:
            link = {"left": row["person"], "right": buyer, "by": "order", "evidence": row["evidence"]}
            revision = {name: row[name] for name in REVISION}
            pairs.setdefault((row["person"], buyer), {**link, "fact": f"{row['source']}:{row['key']}", **revision})
    return list(pairs.values())


def _touches(tables: Tables, person: str, model: str) -> list[Row]:
    """Return all touchpoints in order; `order_uid` names the sale that one led to, `journey_id` a journey without."""
    touches, steps, waiting, credit = (tables[name] for name in ("touches", "steps", "open_steps", "credit"))
    own = touches.filter(touches.person == person)
    rows = tables.rows(own, TOUCH, "occurred_at", "touch_uid")
    led = tables.rows(steps.semi_join(own, "touch_uid"), ("touch_uid", "order_uid"), "touch_uid", "order_uid")
    waits = tables.rows(waiting.semi_join(own, "touch_uid"), ("touch_uid", "journey_id"))
    given = credit.filter(credit.model == model).semi_join(own, "touch_uid")
    shares = tables.rows(given, ("touch_uid", "order_uid", "weight", "net", "currency"), "touch_uid", "order_uid")
    journeys = {row["touch_uid"]: row["journey_id"] for row in waits}
    return [
        {
            **row,
            "leads_to": [one["order_uid"] for one in led if one["touch_uid"] == row["touch_uid"]],
            "journey_id": journeys.get(row["touch_uid"]),
            "credit": [_without_touch(one) for one in shares if one["touch_uid"] == row["touch_uid"]],
        }
        for row in rows
    ]


def _without_touch(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "touch_uid"}


def _sales(tables: Tables, person: str) -> list[Row]:
    """Return the orders that the person placed, with how many steps led to each; `named_by` is the fact that says so of
    an order that tells no person."""
    sales, steps = tables["sales"], tables["steps"]
    own = sales.filter(sales.person == person)
    counts = steps.group_by(led_uid="order_uid").agg(steps=steps.touch_uid.count())
    joined: Any = own.left_join(counts, own.order_uid == counts.led_uid)
    told = joined.mutate(steps=ibis.coalesce(joined.steps, 0))
    rows = tables.rows(told, (*_SALE, "steps", "named_by"), "placed_at", "order_uid")
    return [{**row, "named_by": tables.naming(row["named_by"])} for row in rows]
