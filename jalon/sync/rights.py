"""Carry out what persons and platforms order about data: erase it, or write down what is held.

Identifiers arrive in clear inside a delivery and are hashed here, before anything else sees them.
"""

from __future__ import annotations

import asyncio

from jalon.connectors.base import Erasure, Opened
from jalon.privacy import Keyring
from jalon.sync.source import Source, Workshop


async def act(source: Source, shop: Workshop, opened: Opened) -> None:
    """Erase and disclose as a delivery orders. Doing it again changes nothing."""
    if not opened.erasures and not opened.disclosures:
        return
    from jalon.store import erasure

    store, keyring = shop.store, shop.keyring
    for order in opened.erasures:
        await asyncio.to_thread(
            erasure.erase,
            store,
            source.name,
            hashed(keyring, source.name, order),
            order.orders,
            everything=order.everything,
            request=order.request,
        )
    for order in opened.disclosures:
        await asyncio.to_thread(erasure.disclose, store, source.name, hashed(keyring, source.name, order), order.orders)


def hashed(keyring: Keyring, source: str, order: Erasure) -> list[str]:
    """Return the keyed hashes of the person that an order to a source is about."""
    return [one for kind, value in order.identifiers for one in keyring.pseudonyms(kind, value, source)]
