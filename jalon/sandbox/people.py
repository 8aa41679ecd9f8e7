"""Who buys: invented persons, each under the ids that the platforms give them."""

from __future__ import annotations

from jalon.sandbox.world import Shopper

_FIRST = ("Ada", "Bao", "Chloé", "Diego", "Elif", "Fatou", "Goran", "Hana")
_LAST = ("Arnaud", "Brandt", "Costa", "Dąbrowski", "Eze", "Fontaine", "García", "Hoang")


def somebody(number: int, intent: float) -> Shopper:
    """Return the person of a number; the same number is the same person."""
    # Steps between ids are primes, so that they do not look counted.
    return Shopper(
        id=f"p{number}",
        email=f"canary.mail.{number}@shopper.example",
        phone=f"+33{600_000_000 + number}",
        first_name=_FIRST[number % len(_FIRST)],
        last_name=_LAST[number // len(_FIRST) % len(_LAST)],
        tiktok_user_id=str(7_021_436_810_468_230_477 + number * 100_003),
        shopify_customer_id=str(706_405_506_930_370_084 + number * 1_009),
        intent=intent,
    )
