"""The shapes of converted money: the rates, and the columns that orders and credit have."""

from __future__ import annotations

from jalon.report.marts.shapes import Column, Mart

_INTO = "ISO 4217 code of [report] currency, to which money is converted; empty: none is set, or no rate is known"
_RATE = Column(
    "rate_uid",
    "text",
    "The rate by which it was converted; empty: it was in that currency, or was not converted",
    references="fct_exchange_rates",
)


def converted(name: str, meaning: str) -> tuple[Column, Column]:
    """Return a converted amount twice: in minor units and as a decimal. Empty where there is no rate."""
    return (
        Column(f"converted_{name}_minor", "integer", meaning, "minor units of `converted_currency`"),
        Column(f"converted_{name}", "decimal", f"The same, {meaning[0].lower()}{meaning[1:]}", "`converted_currency`"),
    )


OF_ORDERS = (
    _RATE,
    Column("converted_currency", "text", _INTO),
    *converted("booked", "`booked`, converted by the rate of the day on which the order was placed"),
    *converted("reversed", "`reversed`, by the same rate: converted booked less converted net"),
    *converted("net", "`net`, by the same rate"),
)
"""Columns of `fct_orders`."""
OF_CREDIT = (
    Column("converted_currency", "text", _INTO),
    *converted("net", "`net`, by the rate of its order: of each order and model it sums to the order's"),
)
"""Columns of `fct_attributed_revenue`."""

FCT_EXCHANGE_RATES = Mart(
    "fct_exchange_rates",
    "One row per rate of exchange in the file that [report] names: what one unit of `currency` is worth in "
    "`converted_currency`, from a day on. Empty where no currency is set.",
    ("rate_uid",),
    (
        Column("rate_uid", "text", "The rate: `currency/from date`"),
        Column("currency", "text", "ISO 4217 code of what is converted"),
        Column("converted_currency", "text", "ISO 4217 code of what it is converted to"),
        Column("from_date", "date", "The first day that it holds for, a local day of the account of an order"),
        Column("until_date", "date", "The first day that it does not hold for; empty: it is the last that is told"),
        Column("rate", "decimal", "What one unit is worth, with ten places"),
        Column("rate_source", "text", "Where the rate comes from, as the file says, else the name of the file"),
    ),
)
