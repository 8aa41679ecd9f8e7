"""Baskets and their prices, and the numbers of orders."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from jalon.sandbox.world import Line, Product

TIKTOK_ORDERS = 576_000_000_000_000_000
SHOPIFY_ORDERS = 820_000_000_000_000_000
TAX_PER_CENT = {"USD": 8, "EUR": 20, "GBP": 20}


class Till:
    """Put goods together and price them."""

    def __init__(self, rng: Random, products: Sequence[Product]) -> None:
        self._rng = rng
        self._prices = {product.sku: product.prices for product in products}
        self._skus = list(self._prices)
        self._lines: dict[tuple[str, int, int, bool, str], Line] = {}
        self._numbered = 0

    def order_id(self, base: int, at: int) -> str:
        """Return an id that grows with time, as the platforms' do, above what a float can hold."""
        self._numbered += 1
        return str(base + (at - 1_600_000_000) * 10_000_000 + self._numbered % 10_000_000)

    def basket(self, sku: str, currency: str, *, free: bool, beside: Sequence[str] = ()) -> tuple[Line, ...]:
        """Return one or two lines, the first of them `sku`, the other from `beside` if something is there."""
        rng = self._rng
        first = self._line(sku, rng.choice((1, 1, 1, 1, 1, 2, 3)), currency, free)
        if rng.random() < 0.8:
            return (first,)
        other = rng.choice(beside or self._skus)
        return (first,) if other == sku else (first, self._line(other, 1, currency, free))

    def _line(self, sku: str, quantity: int, currency: str, free: bool) -> Line:
        """Return the line, the same object for the same goods: a large world holds few distinct ones."""
        rng = self._rng
        percent = 100 if free else rng.choice((0, 0, 10, 20, 30))
        supported = not free and currency == "USD" and rng.random() < 0.15
        key = (sku, quantity, percent, supported, currency)
        if key not in self._lines:
            price = self._prices[sku][currency] * quantity
            seller = price * percent // 100
            platform = (price - seller) * 5 // 100 if supported else 0
            paid = price - seller - platform
            self._lines[key] = Line(sku, quantity, price, seller, platform, (paid * TAX_PER_CENT[currency] + 50) // 100)
        return self._lines[key]
