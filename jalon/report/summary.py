"""The summary for a terminal: what the page says, in some thirty lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jalon.report.figures.gathering import Row
from jalon.report.people.lines import lines as of_people
from jalon.report.shown import preferred
from jalon.report.words import label, money, orders, percent, plain, span

LISTED = 5
"""Contents and creators that are named."""


def summary(told: Row) -> Row:
    """Return those of the figures that the summary is made of; `lines` makes text of them.

    The journey map and how people move are left to the page and to the marts.
    """
    return {name: value for name, value in told.items() if name not in ("map", "segment_maps", "persona_maps", "moves")}


def lines(told: Row, names: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield the summary as lines of text. `names` says what people call platforms."""
    yield from _headline(told)
    yield from _shares("By selling mode", told["by_mode"], "selling_mode")
    yield from _shares("By customer", told["by_customer"], "customer", names)
    yield from _shares("By platform", told["by_platform"], "platform", names)
    model = chosen_model(told)
    yield from _named("Content", told["by_content"], model)
    yield from _named("Creators", told["by_creator"], model)
    for row in told["organic"]:
        if row["model"] == model:
            amount = money(row["net"], row["currency"])
            yield f"  {'would have come anyway':<40.40} {amount:>20}  {orders(row['orders'])}"
    yield from _conversions(told["conversions"], model)
    yield from of_people(told)
    yield from _shares("How far the way to the sale is known", told["coverage"], "basis")
    for row in told["unknown"]:
        yield f"    unknown: {orders(row['orders'])}, {money(row['net'], row['currency'])}: {row['because']}"
    yield from _gaps(told)
    yield from _freshness(told)


def _conversions(rows: list[Row], model: str) -> Iterator[str]:
    """Yield for each conversion beside orders how many there were, and the channels credited with most."""
    own = [row for row in rows if row["model"] == model]
    for conversion in dict.fromkeys(row["conversion"] for row in own):
        mine = [row for row in own if row["conversion"] == conversion]
        yield ""
        yield f"{label(conversion)}: {sum(row['conversions'] for row in mine):,.0f} (credit by the model {model})"
        for row in mine[: LISTED + 1]:
            yield f"  {label(row['channel']) if row['channel'] else 'nobody':<40.40} {row['conversions']:>20,.1f}"


def chosen_model(told: Row) -> str:
    """Return the model that is shown first."""
    return preferred([model["name"] for model in told["models"]])


def _headline(told: Row) -> Iterator[str]:
    period = told["period"]
    if not told["headline"]:
        yield "No sale is known yet."
    for row in told["headline"]:
        back = f" ({money(row['reversed'], row['currency'])} went back)" if row["reversed_minor"] else ""
        yield f"Net revenue {money(row['net'], row['currency'])} from {orders(row['orders'])}{back}"
    if period["first"]:
        yield f"Orders placed from {period['first']} to {period['last']}"
    for row in told["not_counted"]:
        yield f"Not counted: {orders(row['orders'])} of {money(row['goods'], row['currency'])}: {row['because']}"
    for row in told["warnings"]:
        yield f"Look at {orders(row['orders'])} of net {money(row['net'], row['currency'])}: {row['because']}"


def _shares(title: str, rows: list[Row], name: str, names: Mapping[str, str] | None = None) -> Iterator[str]:
    if rows:
        yield ""
        yield title
    for row in rows:
        amount = money(row["net"], row["currency"])
        yield f"  {label(row[name], names):<18.40} {amount:>20}  {percent(row['share']):>6}  {orders(row['orders'])}"


def _named(title: str, rows: list[Row], model: str) -> Iterator[str]:
    """Yield the best of each currency, and what names none."""
    own = [row for row in rows if row["model"] == model]
    if any(row["id"] is not None for row in own):
        yield ""
        yield f"{title} (credit by the model {model}, with its 90 % range)"
        for currency in dict.fromkeys(row["currency"] for row in own):
            yield from _best([row for row in own if row["currency"] == currency])


def _best(rows: list[Row]) -> Iterator[str]:
    named = [row for row in rows if row["id"] is not None][:LISTED]
    for row in [*named, *(row for row in rows if row["id"] is None)]:
        name = "none named" if row["id"] is None else plain(row["title"] or row["id"])
        modelled = f", {money(row['modelled'], row['currency'])} of it modelled" if row["modelled_minor"] else ""
        few = ", too few to rank" if row["too_few"] and row["id"] is not None else ""
        reach = f"({span(row['net_low'], row['net_high'])})"
        net = f"{money(row['net'], row['currency']):>20} {reach:<17}"
        yield f"  {name:<32.32} {net} {orders(row['orders'])}{modelled}{few}"


def _gaps(told: Row) -> Iterator[str]:
    """Say what is missing because no platform tells it; the page says why."""
    if told["gaps"]:
        yield ""
        yield "What the sources do not tell (never zero: unknown)"
    for row in told["gaps"]:
        what = ", ".join(gap["what"] for gap in row["not_offered"])
        yield f"  {plain(row['title']):<18.40} {what}"


def _freshness(told: Row) -> Iterator[str]:
    yield ""
    for row in told["sources"]:
        read_to = f", read to {row['read_to']}" if row["read_to"] else ""
        yield f"Source {plain(row['source'])}: newest record of {row['newest'] or 'never'}{read_to}"
    if told["as_of"]:
        yield f"As of {told['as_of']}"
    if told["quarantine"]:
        yield f"Quarantine: {told['quarantine']} records could not be read; see `jalon quarantine list`"
