"""Amounts in Shopify's words: trimmed decimals in two currencies, the shop's and the one that the buyer saw.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/MoneyBag
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TypedDict

EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}
"""Decimal places of the currencies that do not have two (ISO 4217)."""


class Money(TypedDict):
    """`MoneyV2`."""

    amount: str
    currencyCode: str


class Bag(TypedDict):
    """`MoneyBag`."""

    shopMoney: Money
    presentmentMoney: Money


def exponent(currency: str) -> int:
    """Return how many decimal places `currency` has."""
    return EXPONENTS.get(currency, 2)


def trimmed(minor: int, currency: str) -> str:
    """Return an amount as the GraphQL API writes it: no trailing zeros, but at least one decimal ("13.5", "0.0")."""
    places = exponent(currency)
    if places == 0:
        return f"{minor}.0"
    sign, (whole, rest) = "-" if minor < 0 else "", divmod(abs(minor), 10**places)
    return f"{sign}{whole}.{f'{rest:0{places}}'.rstrip('0') or '0'}"


def padded(amount: str, currency: str) -> str:
    """Return a trimmed amount as REST payloads write it: all places of the currency ("13.50", "100")."""
    return f"{Decimal(amount):.{exponent(currency)}f}"


@dataclass(frozen=True, slots=True)
class Till:
    """Write one order's amounts, which come in minor units of `currency`, in both of its currencies.

    `rate` is how many units of `presentment` one unit of `shop` is worth.
    """

    shop: str
    presentment: str
    currency: str
    rate: Decimal = Decimal(1)

    def bag(self, minor: int) -> Bag:
        """Return the `MoneyBag` of an amount in minor units of `currency`."""
        if self.shop == self.presentment:
            money: Money = {"amount": trimmed(minor, self.shop), "currencyCode": self.shop}
            return {"shopMoney": money, "presentmentMoney": money}
        exact, other = (self.shop, self.presentment) if self.currency == self.shop else (self.presentment, self.shop)
        rate = self.rate if exact == self.shop else 1 / self.rate
        value = Decimal(minor).scaleb(exponent(other) - exponent(exact)) * rate
        converted = int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        amounts = {exact: minor, other: converted}
        return {
            "shopMoney": {"amount": trimmed(amounts[self.shop], self.shop), "currencyCode": self.shop},
            "presentmentMoney": {
                "amount": trimmed(amounts[self.presentment], self.presentment),
                "currencyCode": self.presentment,
            },
        }
