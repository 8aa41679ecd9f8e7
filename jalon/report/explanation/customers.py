"""The explanation of a customer as text."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.report.explanation.wording import Row, cut, in_money, instant, named, times
from jalon.report.words import label, plain

_BY = {
    "identity": "a source states that they are one person",
    "order": "the one is known by a touchpoint of an order of the other",
}


def lines(told: Row) -> Iterator[str]:
    """Yield who a customer is taken to be, what they did and what it led to, as lines."""
    yield from _who(told)
    yield from _links(told)
    yield from _sales(told)
    yield from _touches(told)


def _who(told: Row) -> Iterator[str]:
    as_of = f", as known {instant(told['as_of'])}" if told["as_of"] else ""
    if told["person"] is None:
        (own,) = told["identifiers"]
        yield f"Identifier {plain(own['identifier'])}{as_of}"
        yield f"  set aside, so it joins nobody and counts as nobody; linked with {times(own['links'], 'other')}"
        yield f"  {own['reason']}: {own['because']}"
        return
    yield f"Customer {plain(told['person'])}{as_of}"
    yield f"  known by {times(len(told['identifiers']), 'identifier')}:"
    for row in told["identifiers"]:
        yield f"    {plain(row['identifier'])}, linked with {times(row['links'], 'other')}"
        if row["because"]:
            yield f"       {row['reason']}: {row['because']}"
    for row in told["set_aside"]:
        yield f"    not by {plain(row['identifier'])}, linked with {times(row['links'], 'other')}"
        yield f"       {row['reason']}: {row['because']}"


def _links(told: Row) -> Iterator[str]:
    if not told["links"]:
        return
    yield ""
    yield "Why these are one person"
    for row in told["links"]:
        yield f"  {plain(row['left'])} = {plain(row['right'])}"
        yield f"     {_BY[row['by']]} (known by {plain(row['evidence'])})"
        yield f"     {cut(row['fact'], 48)}, seen {instant(row['observed_at'])}, inbox row {row['inbox_id']}"


def _sales(told: Row) -> Iterator[str]:
    yield ""
    if not told["sales"]:
        yield "Orders: none"
        return
    yield "Orders"
    for row in told["sales"]:
        yield f"  {instant(row['placed_at'])}: {plain(row['order_uid'])}, {row['status']}, net {in_money(row, 'net')}"
        kind = "counted as a sale" if row["is_sale"] else f"no sale (rule {row['net_rule']})"
        prior = f"{times(row['prior_sales'], 'sale')} before"
        yield f"     {kind}, selling mode {row['mode']}, {times(row['steps'], 'step')} on its journey, {prior}"
        yield from named(row["named_by"])


def _touches(told: Row) -> Iterator[str]:
    yield ""
    if not told["touches"]:
        yield "Touchpoints: none"
        return
    yield f"All that is known, in order (credit under {told['model']})"
    for row in told["touches"]:
        where = " / ".join(plain(row[name]) for name in ("channel", "surface") if row[name])
        yield f"  {instant(row['occurred_at'])}: {label(row['kind']).lower()} on {where}"
        named = (("content", "content_id"), ("creator", "creator_id"), ("campaign", "campaign"))
        if what := ", ".join(f"{word} {plain(row[name])}" for word, name in named if row[name]):
            yield f"     {what}"
        yield f"     stage {row['stage']} (rule {row['stage_rule']}), known by {row['evidence']}; {_led(row)}"


def _led(row: Row) -> str:
    """Say where a touchpoint led."""
    credit = {one["order_uid"]: one for one in row["credit"]}
    if row["leads_to"]:
        return ", ".join(f"led to {plain(uid)}{_share(credit.get(uid))}" for uid in row["leads_to"])
    return "on a journey without a sale so far" if row["journey_id"] else "on no journey"


def _share(credit: Row | None) -> str:
    return f" ({float(credit['weight']):.1%}, {in_money(credit, 'net')})" if credit else " (no credit)"
