"""The capability matrix: what each installed connector can give."""

from __future__ import annotations

from typing import Any, get_args

from jalon import registry
from jalon.connectors.base import Offer

OFFERS: tuple[str, ...] = get_args(Offer)
NOTHING = "\u2013"
LEGEND = f"event: one person, one time · aggregate: the platform's counts · {NOTHING}: the platform does not offer it"


def capability_rows() -> list[dict[str, Any]]:
    """Return one row per connector and offer, also for what is not offered."""
    return [
        {"connector": name, **capability._asdict()}
        for name in registry.names()
        for capability in registry.connector(name).capabilities
    ]


def matrix() -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the matrix: offers down, connectors across."""
    given = {(row["connector"], row["offer"]): row for row in capability_rows()}
    rows = [
        [offer.replace("_", " "), *(_cell(given.get((name, offer))) for name in registry.names())] for offer in OFFERS
    ]
    return ["", *(registry.connector(name).title for name in registry.names())], rows


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["grain"] == "none":
        return NOTHING
    return f"{row['grain']}, {row['delay']}" if row["delay"] else str(row["grain"])
