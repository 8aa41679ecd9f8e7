"""What is known of each buyer's purchases, from the sales: when, how often, for how much.

Sales of one day are one purchase. Money is net revenue in the currency in which a buyer bought most often; nothing is
converted.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import numpy as np
from ibis.expr.types import Table

from jalon.attribution.engine import Engine
from jalon.report.people.fitting import Floats

DAY = 86_400_000_000


class Buyers(NamedTuple):
    """Buyers in the order of their pseudonyms, a place in each array for each. Days count from 1970-01-01."""

    person: np.ndarray
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
    texts = {name: np.asarray(found[name].to_pylist(), dtype=str) for name in ("person", "currency")}
    numbers = {
        name: found[name].to_numpy().astype(np.float64) for name in Buyers._fields if name not in ("person", "currency")
    }
    return Buyers(**texts, **numbers)


def _of_persons(engine: Engine, sales: Table) -> Table:
    sold = sales.filter(sales.person.notnull() & sales.is_sale)
    dated = sold.mutate(day=(sold.placed_at // DAY).cast("int64"))
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


def shares_of_channels(engine: Engine, touches: Table, buyer: np.ndarray, most: int = 8) -> tuple[list[str], Floats]:
    """Return the channels that buyers met most, and of each buyer the shares of their touchpoints in these."""
    known = touches.filter(touches.person.notnull() & touches.is_counted & (touches.kind != "purchase"))
    met = known.group_by("person", "channel").agg(touchpoints=known.touch_uid.count())
    found = engine.rows(met.order_by("person", "channel"))
    person = np.asarray(found["person"].to_pylist(), dtype=str)
    place = np.searchsorted(buyer, person)
    place[place == len(buyer)] = 0
    mine = buyer[place] == person if len(buyer) else np.zeros(len(person), bool)
    channel = np.asarray(found["channel"].to_pylist(), dtype=str)[mine]
    weight, place = found["touchpoints"].to_numpy()[mine], place[mine]
    names, number = np.unique(channel, return_inverse=True)
    counts = np.zeros((len(buyer), len(names)))
    np.add.at(counts, (place, number.reshape(-1)), weight)
    chosen = np.argsort(-counts.sum(axis=0), kind="stable")[:most]
    shares: Floats = counts[:, chosen] / np.maximum(counts.sum(axis=1), 1)[:, None]
    return [str(name) for name in names[chosen]], shares
