"""Rates of exchange, as a file beside jalon.toml tells them: `date,currency,rate,source`.

A rate is what one unit of `currency` is worth in the report's, from its date until the next one of that currency. Which
rates those are (a central bank's of the day, the books' of the month) is the user's choice; nobody is asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, Protocol

from jalon.errors import ConfigError
from jalon.normalize.money import EXPONENTS
from jalon.report.beside import read_table

COLUMNS = ("date", "currency", "rate", "source")
NEEDED = COLUMNS[:3]
GREATEST = Decimal(10) ** 9
"""Rates lie below it, and above one by it."""
_CORRECT = "Write a row as 2026-03-01,USD,0.9234,ECB: one USD was worth 0.9234 of the report's currency from that day."


class Rate(NamedTuple):
    """What one unit of `currency` is worth, from `since` until the day before `until`; None: the last that is told."""

    currency: str
    since: date
    until: date | None
    rate: Decimal
    source: str


class Exchange(NamedTuple):
    """The currency that money is converted to, and the rates, by currency and day."""

    currency: str
    rates: tuple[Rate, ...]


class Configured(Protocol):
    """What of a configuration is read here."""

    @property
    def report(self) -> Report: ...
    @property
    def folder(self) -> Path: ...


class Report(Protocol):
    """`[report]` of jalon.toml."""

    @property
    def currency(self) -> str | None: ...
    @property
    def rates(self) -> Path | None: ...


def exchange_of(config: Configured) -> Exchange | None:
    """Return the currency that is set, with its rates; None: nothing is converted. Raises `ConfigError`."""
    currency, rates = config.report.currency, config.report.rates
    if currency is None and rates is None:
        return None
    if currency is None or currency not in EXPONENTS:
        what = "[report] rates would change nothing" if currency is None else f"there is no currency {currency!r}"
        raise ConfigError(what, 'Set [report] currency to an ISO 4217 code, such as "EUR".')
    return Exchange(currency, ()) if rates is None else read_rates(config.folder / rates, currency)


def read_rates(path: Path, currency: str) -> Exchange:
    """Return the rates of a file. Raises `ConfigError` for the first row that is wrong, with its line."""
    told: dict[tuple[str, date], tuple[Decimal, str]] = {}
    for place, row in read_table(path, "rates", "[report] rates", COLUMNS, ("rate",), NEEDED):
        code, since, rate, source = _read(place, row, currency)
        if (code, since) in told:
            raise ConfigError(f"{place}: {code} has a rate of {since} already", "Keep one of them.")
        told[code, since] = rate, source or path.name
    return Exchange(currency, tuple(_until(told)))


def _read(place: str, row: Mapping[str, str | None], into: str) -> tuple[str, date, Decimal, str]:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    code, number = cells["currency"], cells["rate"]
    if None in row:
        raise ConfigError(f"{place}: there are more cells than columns", _CORRECT)
    try:
        since = date.fromisoformat(cells["date"])
    except ValueError:
        raise ConfigError(f"{place}: {cells['date']!r} is no date", _CORRECT) from None
    if code not in EXPONENTS or code == into:
        what = "is the report's own currency" if code == into else "is no currency"
        raise ConfigError(f"{place}: {code!r} {what}", _CORRECT)
    try:
        rate = Decimal(number)
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and 1 / GREATEST < rate < GREATEST):
        raise ConfigError(f"{place}: {number!r} is no rate", _CORRECT)
    return code, since, rate, cells["source"]


def _until(told: Mapping[tuple[str, date], tuple[Decimal, str]]) -> Iterator[Rate]:
    """Yield the rates by currency and day, each until the next of its currency."""
    days = sorted(told)
    for (code, since), following in zip_longest(days, days[1:]):
        until = following[1] if following and following[0] == code else None
        yield Rate(code, since, until, *told[code, since])
