"""Why an order has its credit, as text for a terminal: what `jalon.attribution.explain` found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jalon.attribution.sales import WHY
from jalon.report.figures import decimal_text
from jalon.report.words import money, plain

Row = dict[str, Any]

NET_RULES = {
    "paid": "what was booked, less what was taken back",
    "unpaid": "not paid, so no revenue yet",
    "cancelled": "cancelled, so no revenue",
    "not_counted": "the sale is counted elsewhere, or cannot be told apart from one that is",
}
"""Rule -> why the net is what it is; other rules are the kinds of order that are no revenue."""


def lines(told: Row) -> Iterator[str]:
    """Yield an explanation (as `jalon.attribution.explain.explain` returns it) as lines of text."""
    yield from _order(told)
    yield from _refunds(told)
    yield from _journey(told)
    yield from _credit(told)


def _order(told: Row) -> Iterator[str]:
    order = told["order"]
    yield f"Order {plain(order['order_uid'])}"
    yield f"  {order['kind']}, {order['status']}, placed {_time(order['placed_at'])} in the channel {plain(order['channel'])}"
    yield f"  {'counted' if order['is_counted'] else 'not counted'}: {order['because']}"
    if order["duplicate_of"]:
        yield f"  the sale that counts: {plain(order['duplicate_of'])}"
    for copy in told["copies"]:
        yield f"  its copy {plain(copy['order_uid'])} is not counted: {WHY[copy['why']]}"
    booked, back, net = (_money(order[name], order["currency"]) for name in ("booked", "reversed", "net"))
    yield f"  net {net} = {booked} booked \u2212 {back} taken back (rule {order['net_rule']}: {_net_rule(order)})"
    yield f"  selling mode {order['mode']} (rule {order['mode_rule']})"
    yield f"  buyer {plain(order['person'] or 'not known')}, {_times(order['prior_sales'], 'sale')} before this one"
    yield f"  {_revision(order['revision'])}"


def _net_rule(order: Row) -> str:
    return NET_RULES.get(order["net_rule"], f"a {order['net_rule']} order is no revenue")


def _refunds(told: Row) -> Iterator[str]:
    if told["refunds"]:
        yield ""
        yield "Refunds"
    for refund in told["refunds"]:
        goods = _money(refund["goods"], refund["currency"])
        effect = "taken off the net" if refund["counts"] else "not taken off the net"
        yield f"  {plain(refund['refund_id'])}: {goods} of goods, {refund['reason']}, {refund['state']}, {_time(refund['occurred_at'])}: {effect}"


def _journey(told: Row) -> Iterator[str]:
    window = told["window"]
    begins = ", after the previous sale" if window["repeat"] == "restart" else ""
    yield ""
    yield f"Journey: {_times(len(told['journey']), 'touchpoint')} in the {window['lookback_days']:g} days before the order{begins}"
    if told["journey"] and told["journey"][0]["cut"]:
        yield f"  {told['journey'][0]['cut']} more were left out: a journey has at most {window['max_touches']}"
    for touch in told["journey"]:
        yield from _touch(touch)


def _touch(touch: Row) -> Iterator[str]:
    at = f"{_time(touch['had_at'])}{' at the latest' if touch['time_is_bound'] else ''}"
    what = touch["kind"].replace("_", " ")
    where = " / ".join(plain(touch[name]) for name in ("channel", "surface") if touch[name])
    yield f"  {touch['position']}. {at}  {what} on {where}"
    named = [f"{name} {plain(touch[f'{name}_id'])}" for name in ("content", "creator") if touch[f"{name}_id"]]
    named += [f"campaign {plain(touch['campaign'])}"] if touch["campaign"] else []
    if named:
        yield f"     {', '.join(named)}"
    whom = "a customer" if touch["is_customer"] else "a person known before" if touch["is_known"] else "someone new"
    yield f"     stage {touch['stage']} (rule {touch['stage_rule']}, {whom}); known by {touch['evidence'].replace('_', ' ')}"
    yield f"     {plain(touch['touch_uid'])}, {_revision(touch['revision'])}"


def _credit(told: Row) -> Iterator[str]:
    yield ""
    yield f"Credit by model (half-life of time decay: {told['window']['half_life_days']:g} days)"
    if not told["credit"]:
        yield "  none: only counted sales are credited"
    for model, rows in told["credit"].items():
        yield f"  {model}"
        for row in rows:
            yield f"    {_share(row)}"


def _share(row: Row) -> str:
    whom = f"touchpoint {row['position']}" if row["touch_uid"] else f"unknown: {row['because']}"
    amount, back, net = (_money(row[name], row["currency"]) for name in ("amount", "reversed", "net"))
    less = f" = {amount} \u2212 {back} taken back" if row["reversed"] else ""
    return f"{float(row['weight']):7.2%}  {net}{less}  {whom} ({row['basis']})"


def _revision(revision: Row) -> str:
    return f"revision {revision['version']}, seen {_time(revision['observed_at'])}, inbox row {revision['inbox_id']}"


def _time(instant: str) -> str:
    """Return ISO 8601 in UTC for reading."""
    return f"{instant[:10]} {instant[11:16]} UTC"


def _money(minor: int, currency: str) -> str:
    return money(decimal_text(minor, currency), currency)


def _times(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
