"""What a platform offers, and what is found when an account is looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple

Offer = Literal[
    "content",
    "product_tags",
    "tag_clicks",
    "native_orders",
    "order_content",
    "refunds",
    "web_orders",
    "journeys",
    "measures",
    "products",
    "webhooks",
]


CapabilityGrain = Literal["event", "aggregate", "none"]


class Capability(NamedTuple):
    """One cell of the capability matrix. `grain` 'none' says that the platform does not offer it at all."""

    offer: Offer
    grain: CapabilityGrain
    delay: str = ""
    lookback: str = ""
    note: str = ""


class Finding(NamedTuple):
    """One line of `jalon doctor`."""

    name: str
    level: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""
