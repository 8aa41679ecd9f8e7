"""Amounts as platforms write them: decimal text of minor units."""

from __future__ import annotations

EXPONENTS = {"JPY": 0, "KWD": 3}
"""Decimal places by ISO 4217; every other currency used here has two."""


def exponent(currency: str) -> int:
    """Return how many decimal places the currency has."""
    return EXPONENTS.get(currency, 2)


def decimal(minor: int, currency: str) -> str:
    """Write minor units with all the currency's decimal places: 1250 EUR is `12.50`, 1250 KWD `1.250`."""
    places = exponent(currency)
    if not places:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{places}d}"
