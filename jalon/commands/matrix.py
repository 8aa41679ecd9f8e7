"""The capability matrix: what each installed connector can give, what its platform does not offer, what nobody says."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from jalon import registry
from jalon.connectors.base import Connector, Offer
from jalon.normalize.channels import TITLES
from jalon.report.figures.background import Gap

OFFERS: tuple[str, ...] = get_args(Offer)
NOTHING = "\u2013"
UNSAID = "?"
MARKS = {"event": "event", "aggregate": "count", "none": NOTHING, "unsaid": UNSAID}
LEGEND = (
    "event: one person, one order, one thing at a time · count: the platform's sums"
    f" · {NOTHING}: not offered · {UNSAID}: not said"
)
UNGIVEN = {"none": "not offered", "unsaid": "not said: the connector does not tell whether the platform offers it"}
SHORT = {
    "content": "content",
    "product_tags": "tags",
    "tag_clicks": "clicks",
    "native_orders": "in-app",
    "order_content": "named",
    "refunds": "refunds",
    "web_orders": "web",
    "journeys": "journeys",
    "measures": "figures",
    "products": "products",
    "webhooks": "webhooks",
}
"""Offer -> head of its column."""
WIDTH = 100


def capability_rows(names: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return one row per connector (of these, or of all) and offer, also for what is not offered.

    An offer that a connector leaves open, because it is newer or was forgotten, has the grain `unsaid`.
    """
    return [
        {"connector": name, **capability}
        for name in names or registry.names()
        for capability in _answers(registry.connector(name))
    ]


def _answers(connector: Connector) -> Iterator[dict[str, Any]]:
    yield from (capability._asdict() for capability in connector.capabilities)
    answered = {capability.offer for capability in connector.capabilities}
    for offer in OFFERS:
        if offer not in answered:
            yield {"offer": offer, "grain": "unsaid", "delay": "", "lookback": "", "note": ""}


def in_words(offer: str) -> str:
    """Return an offer for reading: tag_clicks -> tag clicks."""
    return offer.replace("_", " ")


def gaps(sources: Mapping[str, str]) -> list[Gap]:
    """Return what each of these sources (name -> connector) is not offered, with the reason, and what nobody says.

    Raises `ConfigError`.
    """
    return [
        Gap(
            source,
            registry.connector(name).title,
            row["offer"],
            in_words(row["offer"]),
            row["note"],
            said=row["grain"] == "none",
        )
        for source, name in sources.items()
        for row in capability_rows([name])
        if row["grain"] in {"none", "unsaid"}
    ]


def matrix(names: Iterable[str] = ()) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the matrix: connectors (these, or all) down, offers across."""
    names = tuple(names) or registry.names()
    given = {(row["connector"], row["offer"]): row["grain"] for row in capability_rows(names)}
    rows = [[name, *(MARKS[given[name, offer]] for offer in OFFERS)] for name in names]
    return ["", *(SHORT[offer] for offer in OFFERS)], rows


def details(name: str) -> Iterator[str]:
    """Yield what one connector gives and what it does not, in words, as lines for a terminal. Raises `ConfigError`."""
    connector = registry.connector(name)
    yield f"{connector.title} (connector {name}), {connector.documentation}"
    for row in capability_rows([name]):
        when = ", ".join(text for text in (row["delay"], row["lookback"] and f"back {row['lookback']}") if text)
        told = UNGIVEN.get(row["grain"]) or f"{MARKS[row['grain']]}, {when}"
        note = f": {row['note']}" if row["note"] else ""
        yield from textwrap.wrap(
            f"{in_words(row['offer']):<14} {told}{note}", WIDTH, initial_indent="  ", subsequent_indent=" " * 17
        )


def display_names() -> dict[str, str]:
    """Return what people call the channels, and the platforms of all connectors that can be loaded."""
    titles: dict[str, str] = dict(TITLES)
    found, _ = registry.loadable()
    return titles | {name: registry.connector(name).title for name in found}
