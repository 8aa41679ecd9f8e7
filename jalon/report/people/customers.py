"""One row per person: what they did and bought, RFM, what is expected of them, and which groups they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.attribution.persons import resolve
from jalon.attribution.stages import AFTER_SALES
from jalon.attribution.transitions import observed_until
from jalon.normalize.times import DAY
from jalon.report.marts.amounts import with_decimals
from jalon.report.people import ambassadors, bg_nbd, clusters, rfm
from jalon.report.people.buyers import Buyers, buyers, shares_of_channels
from jalon.report.people.clusters import Groups
from jalon.report.people.lifetime import NEXT_DAYS, Purchasing, Value, purchasing, values
from jalon.report.people.personas import with_persona
from jalon.report.people.settings import Persona

PROPOSED = "proposed:"
"""What the key of a proposed persona begins with."""
SCORES = ("recency", "frequency", "monetary")
BOUGHT = {
    **{"person": "string", "currency": "string", "purchases": "int64", "net": "int64", "days_since_purchase": "int64"},
    **{f"{name}_score": "int64" for name in SCORES},
    **{"rfm_segment": "string", "next_purchase_score": "float64", "expected_purchases": "float64", "clv": "int64"},
    "proposed_persona": "string",
}
"""What is known of buyers beside their touchpoints; money in minor units of `currency`."""
_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}


class Customers(NamedTuple):
    """All known persons, and what the figures of buyers rest on."""

    table: Table
    """One row per person, kept: the columns of `dim_customers` and `first_met_at`, `signed_up_at`, `viewed_product`,
    `is_heard`."""
    bought: Purchasing
    worth: tuple[Value, ...]
    groups: Groups
    until: int
    """When what is known ends."""


def customers(
    engine: Engine,
    made: Mapping[str, Table],
    answers: Table,
    units: Table,
    personas: Mapping[str, Persona],
) -> Customers:
    """Return what is known of all persons, from tables of the attribution, answers to surveys and rules."""
    touches, sales = made["touches"], made["sales"]
    until = observed_until(engine, touches, sales)
    known = buyers(engine, sales)
    bought = purchasing(known, until // DAY)
    worth = list(values(known, bought))
    groups = _groups(engine, touches, known, until)
    rows = _measured(known, bought, until, groups) | {"clv": _clv(worth, len(known.person))}
    data = pa.table({name: _column(rows[name], kind) for name, kind in BOUGHT.items()})
    measured = engine.take("buyers", data, BOUGHT)
    signs = ambassadors.signs(touches, resolve(answers, made["people"]))
    joined = engine.keep("persons_joined", _joined(engine, _met(touches), _sold(sales), measured, signs))
    table = engine.keep("customers", with_persona(with_decimals(units, joined, ("net", "clv")), personas))
    return Customers(table, bought, tuple(value for value, *_ in worth), groups, until)


def _column(values: np.ndarray | pa.Array, kind: str) -> pa.Array:
    """Return an array as a column: no number and an empty text stand for nothing."""
    if isinstance(values, pa.Array):
        return values
    if kind == "string":
        return pa.array([text or None for text in values.tolist()], pa.string())
    numbers = np.asarray(values, float)
    empty = np.isnan(numbers)
    whole = np.where(empty, 0, np.round(numbers)) if kind == "int64" else numbers
    return pa.array(whole.astype(kind), _ARROW[kind], mask=empty)


def _measured(known: Buyers, bought: Purchasing, until: int, groups: Groups) -> dict[str, np.ndarray | pa.Array]:
    """Return the columns of `BOUGHT`, but for lifetime value."""
    since = np.maximum(until // DAY - known.last_day, 0)
    everybody = np.zeros(len(since), dtype=str)
    ranked = {
        "recency": rfm.scores_within(-since, everybody),
        "frequency": rfm.scores_within(known.purchases, everybody),
        "monetary": rfm.scores_within(known.net, known.currency),
    }
    scores = {f"{name}_score": np.where(score > 0, score, np.nan) for name, score in ranked.items()}
    proposed = groups.group if len(groups.group) else np.zeros(len(since), np.int64)
    return {
        **{"person": known.person, "currency": known.currency, "purchases": known.purchases, "net": known.net},
        **{"days_since_purchase": since, **scores, "rfm_segment": rfm.segments(*ranked.values())},
        **_expected(bought, len(since)),
        "proposed_persona": np.where(proposed > 0, np.char.add(PROPOSED, proposed.astype(str)), ""),
    }


def _expected(bought: Purchasing, known: int) -> dict[str, np.ndarray]:
    """Return how likely each buyer buys in the next `NEXT_DAYS`, and how often."""
    if bought.fit is None:
        return dict.fromkeys(("next_purchase_score", "expected_purchases"), np.full(known, np.nan))
    weeks = NEXT_DAYS / 7
    score = bg_nbd.buys_again(bought.fit.parameters, bought.buying, weeks)
    often = bg_nbd.expected(bought.fit.parameters, bought.buying, weeks)
    return {"next_purchase_score": bought.each(score), "expected_purchases": bought.each(often)}


def _clv(worth: list[tuple[Value, np.ndarray, np.ndarray]], known: int) -> np.ndarray:
    found = np.full(known, np.nan)
    for _, own, each in worth:
        found[own] = each
    return found


def _groups(engine: Engine, touches: Table, known: Buyers, until: int) -> Groups:
    """Propose groups by how recently, how often and for how much persons bought, and by where they were met."""
    if len(known.person) < clusters.FEWEST_BUYERS:
        return clusters.proposed(np.zeros((len(known.person), 0)))
    _, shares = shares_of_channels(engine, touches, known.person)
    since = np.maximum(until // DAY - known.last_day, 0)
    each = known.net / known.purchases
    spent = np.log1p(np.maximum(each, 0) / _usual(each, known.currency))
    return clusters.proposed(np.column_stack([np.log1p(since), np.log1p(known.purchases), spent, shares]))


def _usual(each: np.ndarray, currency: np.ndarray) -> np.ndarray:
    """Return for every buyer what a purchase in their currency usually brings."""
    codes, place = np.unique(currency, return_inverse=True)
    medians = np.array([max(float(np.median(each[currency == code])), 1.0) for code in codes])
    usual: np.ndarray = medians[place.reshape(-1)]
    return usual


def _met(touches: Table) -> Table:
    """Return of each person their touchpoints: when, how many, and in which channel most (by name where equal).

    By a purchase, and by what comes of one, nobody is met: a parcel is delivered without its buyer.
    """
    counted = touches.filter(touches.person.notnull() & touches.is_counted)
    by_channel = counted.group_by("person", "channel").agg(
        first_seen_at=counted.occurred_at.min(),
        last_seen_at=counted.occurred_at.max(),
        touchpoints=counted.touch_uid.count(),
        first_met_at=counted.occurred_at.min(where=counted.kind.notin(("purchase", *AFTER_SALES))),
        signed_up_at=counted.occurred_at.min(where=counted.kind == "sign_up"),
        viewed_product=(counted.kind == "product_view").any(),
    )
    rank = ibis.row_number().over(
        group_by=by_channel.person, order_by=[by_channel.touchpoints.desc(), by_channel.channel]
    )
    ranked = by_channel.mutate(rank=rank)
    return ranked.group_by("person").agg(
        first_seen_at=ranked.first_seen_at.min(),
        last_seen_at=ranked.last_seen_at.max(),
        touchpoints=ranked.touchpoints.sum(),
        first_met_at=ranked.first_met_at.min(),
        signed_up_at=ranked.signed_up_at.min(),
        viewed_product=ranked.viewed_product.any(),
        main_channel=ranked.channel.max(where=ranked["rank"] == 0),
    )


def _sold(sales: Table) -> Table:
    known = sales.filter(sales.person.notnull() & sales.is_sale)
    return known.group_by("person").agg(
        first_sale_at=known.placed_at.min(), last_sale_at=known.placed_at.max(), sales=known.order_uid.count()
    )


def _joined(engine: Engine, met: Table, sold: Table, measured: Table, signs: Table) -> Table:
    """Put beside each other what is known of each person that is known at all."""
    both = engine.keep("persons_met_or_sold", _either(met, sold))
    found = both.left_join(measured, "person").drop("person_right").left_join(signs, "person").drop("person_right")
    counts = {name: ibis.coalesce(found[name], 0) for name in ("sales", "touchpoints")}
    is_customer = found.first_sale_at.notnull()
    did = is_customer & found.sign.isin(ambassadors.DONE)
    shows = ibis.coalesce(found.sign.isin(ambassadors.ANSWERED) | did, False)
    return found.mutate(
        is_customer=is_customer,
        is_ambassador=shows,
        ambassador_by=ibis.ifelse(shows, found.sign, ibis.null("string")),
        **counts,
    ).drop("sign")


def _either(met: Table, sold: Table) -> Table:
    both = met.outer_join(sold, "person")
    return both.mutate(person=ibis.coalesce(both.person, both.person_right)).drop("person_right")
