"""The capability matrix: what each installed connector can give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from jalon import registry
from jalon.connectors.base import Offer

OFFERS: tuple[str, ...] = get_args(Offer)
NOTHING = "\u2013"
LEGEND = f"event: one person, one time · aggregate: the platform's counts · {NOTHING}: the platform does not offer it"


def capability_rows(names: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return one row per connector (of these, or of all) and offer, also for what is not offered."""
    return [
        {"connector": name, **capability._asdict()}
        for name in names or registry.names()
        for capability in registry.connector(name).capabilities
    ]


def matrix(names: Iterable[str] = ()) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the matrix: offers down, connectors (these, or all) across."""
    names = tuple(names) or registry.names()
    given = {(row["connector"], row["offer"]): row for row in capability_rows()}
    rows = [[offer.replace("_", " "), *(_cell(given.get((name, offer))) for name in names)] for offer in OFFERS]
    return ["", *(registry.connector(name).title for name in names)], rows


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or row["grain"] == "none":
        return NOTHING
    return f"{row['grain']}, {row['delay']}" if row["delay"] else str(row["grain"])
