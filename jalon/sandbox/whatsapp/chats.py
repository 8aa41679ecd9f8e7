"""Who writes to the brand on WhatsApp, played: some of those who buy in the web shop, before and after they do.

A person comes by an ad that opens a chat, asks about a product, sends a cart, clicks the link of a marketing message,
and writes again after the purchase. Which of it, and under which of their names, is drawn from (seed, order) alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from jalon.sandbox.world import Sale, Shopper, World

Kind = Literal["ad", "question", "cart", "click", "landing", "chat", "inferred", "new_number"]
Names = Literal["both", "phone", "user"]
HOUR = 3600
WRITES = 0.7
"""Share of web sales whose buyer writes."""
AD = "120226305854810726"
CATALOG = "194836987003835"
PARTS: tuple[tuple[Kind, int, float], ...] = (
    ("ad", -5 * HOUR, 0.6),
    ("chat", -5 * HOUR + 90, 0.9),
    ("question", -4 * HOUR, 0.8),
    ("click", -3 * HOUR, 0.7),
    ("landing", -3 * HOUR + 4, 0.5),
    ("cart", -2 * HOUR, 0.7),
    ("inferred", HOUR, 0.3),
    ("new_number", 20 * HOUR, 0.15),
    ("chat", 22 * HOUR, 0.5),
)
"""What happens, how many seconds after the purchase, and how often."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person did, or that was noticed of them."""

    id: str
    kind: Kind
    at: int
    shopper: Shopper
    names: Names
    """Which names of the person come with it: whoever has taken a username shows no number."""
    skus: tuple[str, ...]
    quantities: tuple[int, ...]
    prices: tuple[int, ...]
    """Of one piece, in minor units."""
    currency: str
    click: str

    @property
    def wa_id(self) -> str:
        """Return the number as the platform writes it."""
        return self.shopper.phone.removeprefix("+")

    @property
    def user_id(self) -> str:
        """Return the business-scoped id; another number brings another one with it."""
        return user_id(self.wa_id)


def user_id(number: str) -> str:
    """Return the business-scoped id of whoever has a number."""
    digest = int.from_bytes(hashlib.blake2b(number.encode(), digest_size=8).digest(), "big")
    return f"FR.{digest}"


def new_number(act: Act) -> str:
    """Return the number that a person goes on with."""
    return f"337{act.wa_id[3:]}"


def acts(world: World) -> list[Act]:
    """Return all that is ever done, oldest first."""
    found = [act for sale in world.sales if sale.platform == "shopify" for act in _of_sale(world, sale)]
    return sorted(found, key=lambda act: (act.at, act.id))


def _of_sale(world: World, sale: Sale) -> Iterator[Act]:
    rng = Random(f"{world.seed}/whatsapp/{sale.order_id}")
    if sale.kind != "sale" or rng.random() >= WRITES:
        return
    names: Names = rng.choice(("both", "both", "phone", "user"))
    click = f"ARA{rng.getrandbits(96):x}"
    for number, (kind, after, often) in enumerate(PARTS):
        if rng.random() < often:
            # The first words of a person come with both names, so that the username they take later is known.
            shown: Names = "both" if names == "user" and kind in ("ad", "question") else names
            yield _act(sale, world.shoppers[sale.shopper], kind, after, shown, number, click)


def _act(sale: Sale, shopper: Shopper, kind: Kind, after: int, names: Names, number: int, click: str) -> Act:
    lines = sale.lines if kind == "cart" else sale.lines[:1]
    return Act(
        id=_wamid(f"{sale.order_id}/{number}"),
        kind=kind,
        at=sale.placed_at + after,
        shopper=shopper,
        names=names,
        skus=tuple(line.sku for line in lines),
        quantities=tuple(line.quantity for line in lines),
        prices=tuple(line.list_price // line.quantity for line in lines),
        currency=sale.currency,
        click=click,
    )


def _wamid(text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=18).digest()
    return f"wamid.HBg{base64.b64encode(digest).decode()}"


def told(act: Act) -> dict[str, Any]:
    """Return an act in the truth's words."""
    return {
        "id": act.id,
        "kind": act.kind,
        "at": act.at,
        "shopper": act.shopper.id,
        "names": act.names,
        "skus": list(act.skus),
        "click": act.click,
    }
