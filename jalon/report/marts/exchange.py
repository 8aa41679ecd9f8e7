"""Money in one currency beside its own: what the rates of a file make of orders and of their credit.

All money of an order is converted by the rate of the day on which it was placed, what was refunded too, so that what is
taken back is what had been booked. Amounts are rounded to the nearest minor unit; of each order and model the credit
is shared out anew by its weights, so that it sums to the order's converted net to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pyarrow as pa
from ibis.expr.types import Table, Value

from jalon.attribution.money import with_shares
from jalon.normalize.money import EXPONENTS
from jalon.report.marts.base import Base
from jalon.report.marts.exchange_tables import OF_CREDIT, OF_ORDERS
from jalon.report.marts.rates import Rate
from jalon.report.marts.shapes import Column

_RATES = {
    **{"rate_uid": "string", "currency": "string", "from_date": "date", "until_date": "date"},
    **{"rate": "decimal(28, 10)", "rate_source": "string", "factor": "float64"},
}
_ARROW = {"string": pa.string(), "date": pa.date32(), "decimal(28, 10)": pa.decimal128(28, 10), "float64": pa.float64()}


def exchange_rates(base: Base) -> Table:
    """Return the rates; `factor` makes minor units of the one currency of those of the other."""
    exchange = base.known.exchange
    into, rates = (exchange.currency, exchange.rates) if exchange else (None, ())
    rows = [(*_of(rate), _factor(rate, into)) for rate in rates if into]
    columns = list(zip(*rows, strict=True)) or [()] * len(_RATES)
    arrays = [pa.array(cells, _ARROW[kind]) for cells, kind in zip(columns, _RATES.values(), strict=True)]
    taken = base.engine.take("exchange_rates", pa.table(arrays, [*_RATES]), _RATES)
    return taken.mutate(converted_currency=ibis.literal(into, "string"))


def _of(rate: Rate) -> tuple[object, ...]:
    return (
        f"{rate.currency}/{rate.since}", rate.currency, rate.since, rate.until,
        round(rate.rate, 10), rate.source,
    )  # fmt: skip


def _factor(rate: Rate, into: str) -> float:
    return float(rate.rate.scaleb(EXPONENTS[into] - EXPONENTS[rate.currency]))


def with_converted(base: Base, orders: Table) -> Table:
    """Add `OF_ORDERS` to orders that have their amounts in minor units."""
    exchange = base.known.exchange
    if exchange is None:
        return _empty(orders, OF_ORDERS)
    rates = exchange_rates(base).select("rate_uid", "from_date", "until_date", "factor", of_currency="currency")
    held = orders.left_join(
        rates,
        [
            orders.currency == rates.of_currency,
            orders.placed_date >= rates.from_date,
            rates.until_date.isnull() | (orders.placed_date < rates.until_date),
        ],
    )
    factor = ibis.ifelse(held.currency == exchange.currency, 1.0, held.factor)
    amounts = {name: (held[f"{name}_minor"] * factor).round().cast("int64") for name in ("booked", "net")}
    amounts["reversed"] = amounts["booked"] - amounts["net"]
    into = ibis.ifelse(factor.notnull(), exchange.currency, ibis.null("string"))
    return held.select(*orders.columns, "rate_uid", converted_currency=into, **_twice(exchange.currency, amounts))


def with_converted_credit(base: Base, credit: Table) -> Table:
    """Add `OF_CREDIT` to rows of credit: what their orders' converted net is shared out to by their weights."""
    exchange = base.known.exchange
    if exchange is None:
        return _empty(credit, OF_CREDIT)
    orders = base.mart("fct_orders").select("order_uid", "converted_currency", whole_net="converted_net_minor")
    joined = credit.join(orders, "order_uid")
    pointed = joined.mutate(points=(joined.weight.cast("float64") * 10**9).round().cast("int64"))
    shared = with_shares(pointed, ["order_uid", "model"], "step", {"converted": "whole_net"})
    amounts = _twice(exchange.currency, {"net": shared.converted})
    return shared.select(*credit.columns, "converted_currency", **amounts)


def _twice(currency: str, amounts: dict[str, Value]) -> dict[str, Value]:
    """Return amounts in minor units of a currency, and the same as decimals."""
    units = 10 ** EXPONENTS[currency]
    minor = {f"converted_{name}_minor": amount for name, amount in amounts.items()}
    return minor | {f"converted_{name}": (amount / units).cast("decimal(18, 4)") for name, amount in amounts.items()}


_EMPTY = {"text": "string", "integer": "int64", "decimal": "decimal(18, 4)"}


def _empty(rows: Table, columns: Sequence[Column]) -> Table:
    return rows.mutate(**{column.name: ibis.null(_EMPTY[column.type]) for column in columns})
