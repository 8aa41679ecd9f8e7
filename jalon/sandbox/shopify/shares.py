"""Numbers of the things an order is made of, and what each line gives back in a refund."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jalon.sandbox.shopify.history import Entry
from jalon.sandbox.world import Change, Line, Sale, shares

LINE, TRANSACTION, REFUND_LINE, COPIED_REFUND, FULFILLMENT = (
    14_000_000_000_000,
    7_000_000_000_000,
    654_000_000_000,
    1_028_000_000_000,
    5_100_000_000_000,
)
"""Where the ids of each kind begin; an order's own start at a hundred times its number."""


def own_id(kind: int, entry: Entry, index: int) -> int:
    """Return the id of the order's `index`-th thing of a kind."""
    return kind + entry.number * 100 + index


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one line in a refund: units given back and money, in minor units, tax apart."""

    index: int
    quantity: int
    goods: int
    tax: int


def shares_of(sale: Sale) -> dict[str, list[Part]]:
    """Return what each line gives back, by the id of the return or cancellation.

    Units are asked back in the order of the requests, whenever the money for them goes back, and refused or not.
    """
    asked = [0] * len(sale.lines)
    return {
        change.id: list(_split(sale.lines, change, asked))
        for change in sale.changes
        if change.kind in ("return_requested", "cancelled")
    }


def _split(lines: tuple[Line, ...], change: Change, asked: list[int]) -> Iterator[Part]:
    """Yield a change's shares per line; `asked` counts the units that were asked back before and is moved on."""
    touched = change.lines or tuple(range(len(lines)))
    quantities = change.quantities or tuple(lines[index].quantity for index in touched)
    for index, quantity in zip(touched, quantities, strict=True):
        line, first = lines[index], asked[index]
        if quantity == 0:
            yield Part(index, 0, change.goods, change.tax)
            continue
        asked[index] += quantity
        units = slice(first, first + quantity)
        yield Part(
            index, quantity, sum(shares(line.paid, line.quantity)[units]), sum(shares(line.tax, line.quantity)[units])
        )
