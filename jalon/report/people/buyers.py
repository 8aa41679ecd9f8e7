"""What is known of each buyer's purchases, from the sales: when, how often, for how much.

Sales of one day, in the zone of the account that sold, are one purchase. Money is net revenue in the currency in which
a buyer bought most often; nothing is converted.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.people.fitting import Floats


class Buyers(NamedTuple):
    """Buyers in the order of their pseudonyms, a place in each array for each. Days count from 1970-01-01."""

    person: pa.Array
    currency: np.ndarray
    purchases: Floats
    first_day: Floats
    last_day: Floats
    net: Floats
    """Minor units of `currency`."""
    repeats: Floats
    """Purchases in `currency` after the first of all."""
    repeat_net: Floats
    """What these brought."""


def buyers(engine: Engine, sales: Table) -> Buyers:
    """Return all known persons with a sale."""
    found = engine.rows(_of_persons(engine, sales).order_by("person"))
    person, currency = found["person"].combine_chunks(), np.asarray(found["currency"].to_pylist(), dtype=str)
    numbers = {
        name: found[name].to_numpy().astype(np.float64) for name in Buyers._fields if name not in ("person", "currency")
    }
    return Buyers(person, currency, **numbers)


def _of_persons(engine: Engine, sales: Table) -> Table:
    sold = sales.filter(sales.person.notnull() & sales.is_sale)
    dated = sold.mutate(day=sold.placed_date.delta(ibis.date(1970, 1, 1), unit="day").cast("int64"))
    days = dated.group_by("person", "currency", "day").agg(net=dated.net.sum(), sales=dated.order_uid.count())
    own = ibis.window(group_by=days.person)
    days = engine.keep("purchase_days", days.mutate(first_day=days.day.min().over(own)))
    later = days.day > days.first_day
    by_currency = days.group_by("person", "currency").agg(
        sales=days.sales.sum(),
        net=days.net.sum(),
        repeats=later.cast("int64").sum(),
        repeat_net=ibis.coalesce(days.net.sum(where=later), 0),
    )
    ranked = by_currency.mutate(
        rank=ibis.row_number().over(
            group_by=by_currency.person, order_by=[by_currency.sales.desc(), by_currency.currency]
        )
    )
    whole = days.group_by("person").agg(purchases=days.day.nunique(), first_day=days.day.min(), last_day=days.day.max())
    return ranked.filter(ranked["rank"] == 0).join(whole, "person").select(*Buyers._fields)


def shares_of_channels(engine: Engine, touches: Table, buyer: pa.Array, most: int = 8) -> tuple[list[str], Floats]:
    """Return the channels that buyers met most, and of each buyer the shares of their touchpoints in these."""
    known = touches.filter(touches.person.notnull() & touches.is_counted & (touches.kind != "purchase"))
    met = known.group_by("person", "channel").agg(touchpoints=known.touch_uid.count())
    found = engine.rows(met.order_by("person", "channel"))
    place = pc.fill_null(pc.index_in(found["person"], value_set=buyer), -1).to_numpy()
    mine = place >= 0
    place, weight = place[mine], found["touchpoints"].to_numpy()[mine]
    coded = found["channel"].combine_chunks().dictionary_encode()
    names, number = coded.dictionary.to_pylist(), coded.indices.to_numpy()[mine]
    often, all_of_buyer = np.bincount(number, weight, len(names)), np.bincount(place, weight, len(buyer))
    chosen = sorted(range(len(names)), key=lambda at: (-often[at], names[at]))[:most]
    shares = np.zeros((len(buyer), len(chosen)))
    for column, at in enumerate(chosen):
        of_it = number == at
        shares[place[of_it], column] = weight[of_it] / all_of_buyer[place[of_it]]
    return [names[at] for at in chosen], shares
