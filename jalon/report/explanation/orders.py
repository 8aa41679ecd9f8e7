"""The explanation of an order as text."""

from __future__ import annotations

from collections.abc import Iterator

from jalon.attribution.crediting import ORGANIC
from jalon.attribution.refunds import WARNINGS
from jalon.attribution.sales import WHY
from jalon.report.explanation.wording import Row, alike, in_money, instant, named, times
from jalon.report.words import plain

NET_RULES = {
    "paid": "what was booked, less what was taken back",
    "unpaid": "not paid, so no revenue yet",
    "cancelled": "cancelled, so no revenue",
    "deleted": "deleted, so no revenue",
    "not_counted": "the sale is counted elsewhere, or cannot be told apart from one that is",
}
"""Rule -> why the net is what it is; other rules are the kinds of order that are no revenue."""

MOST = 3
"""How many likely contents of one touchpoint are told."""


def lines(told: Row) -> Iterator[str]:
    """Yield what decided about an order, as lines."""
    yield from _order(told)
    yield from _refunds(told)
    yield from _journey(told)
    yield from _modelled(told)
    yield from _credit(told)


def _order(told: Row) -> Iterator[str]:
    order = told["order"]
    yield f"Order {plain(order['order_uid'])}"
    placed = instant(order["placed_at"])
    yield f"  {order['kind']}, {order['status']}, placed {placed}, channel {plain(order['channel'])}"
    yield f"  {'counted' if order['is_counted'] else 'not counted'}: {order['because']}"
    if order["duplicate_of"]:
        yield f"  the sale that counts: {plain(order['duplicate_of'])}"
    for copy in told["copies"]:
        yield f"  its copy {plain(copy['order_uid'])} is not counted: {WHY[copy['why']]}"
    net, booked, back = (in_money(order, name) for name in ("net", "booked", "reversed"))
    yield f"  net {net} = {booked} booked - {back} taken back"
    yield f"     rule {order['net_rule']}: {_net_rule(order)}"
    if order["net_warning"]:
        yield f"  look at it: {WARNINGS[order['net_warning']]}"
    yield f"  selling mode {order['mode']} (rule {order['mode_rule']})"
    yield f"  buyer {plain(order['person'] or 'not known')}, {times(order['prior_sales'], 'sale')} before this one"
    yield from named(told["named_by"])
    yield f"  {_revision(order['revision'])}"


def _net_rule(order: Row) -> str:
    return NET_RULES.get(order["net_rule"], f"a {order['net_rule']} order is no revenue")


def _refunds(told: Row) -> Iterator[str]:
    if told["refunds"]:
        yield ""
        yield "Refunds"
    for refund in told["refunds"]:
        goods, at = in_money(refund, "goods"), instant(refund["occurred_at"])
        what = f"{goods} of goods, {refund['reason']}, {refund['state']}, {at}"
        effect = "taken off the net" if refund["counts"] else "not taken off the net"
        yield f"  {plain(refund['refund_id'])}: {what}: {effect}"
        yield from _untold_tax(refund)
        yield f"     {_revision(refund)}"


def _untold_tax(refund: Row) -> Iterator[str]:
    """Say what became of a refund that tells no tax."""
    if refund["tax_is_reckoned"]:
        tax, total = in_money(refund, "tax"), in_money(refund, "total")
        yield f"     it tells no tax: {tax} of {total}, reckoned by the order's rate"
    elif refund["tax"] is None:
        yield "     it tells no tax, and the order gives no rate: what tax there is counts as goods"


def _journey(told: Row) -> Iterator[str]:
    window, journey = told["window"], told["journey"]
    own = "".join(f", {days:g} under {model}" for model, days in window["model_lookback"].items())
    within = f"in the {window['lookback_days']:g} days before the order{own}"
    begins = ", after the previous sale" if window["repeat"] == "restart" else ""
    as_of = f", as known {instant(window['as_of'])}" if window["as_of"] else ""
    yield ""
    yield f"Journey: {times(len(journey), 'touchpoint')} {within}{begins}{as_of}"
    if journey and journey[0]["cut"]:
        yield f"  {journey[0]['cut']} more were left out: a journey has at most {window['max_touches']}"
    for touch in journey:
        yield from _touch(touch)


def _touch(touch: Row) -> Iterator[str]:
    at = f"{instant(touch['had_at'])}{' at the latest' if touch['time_is_bound'] else ''}"
    where = " / ".join(plain(touch[name]) for name in ("channel", "surface") if touch[name])
    yield f"  {touch['position']}. {at}: {touch['kind'].replace('_', ' ')} on {where}"
    named = (("content", "content_id"), ("creator", "creator_id"), ("campaign", "campaign"))
    if what := ", ".join(f"{word} {plain(touch[name])}" for word, name in named if touch[name]):
        yield f"     {what}"
    for row in touch["likely"][:MOST]:
        share = f"{row['share']:.0%} (90 % interval {row['low']:.0%} to {row['high']:.0%})"
        yield f"     likely by content {plain(row['content_id'])}: {share}; modelled, by what was counted on that day"
    whom = "a customer" if touch["is_customer"] else "a person known before" if touch["is_known"] else "someone new"
    yield f"     stage {touch['stage']} (rule {touch['stage_rule']}, {whom}), known by {touch['evidence']}"
    yield f"     {plain(touch['touch_uid'])}, {_revision(touch['revision'])}"


def _modelled(told: Row) -> Iterator[str]:
    """Say over which contents an order without a path was shared out, and how sure that is."""
    if not told["modelled"]:
        return
    yield ""
    yield "Modelled: clicks on these contents' tags of its products, in the days before, make them likely"
    for row in told["modelled"]:
        maker = f" of {plain(row['creator_id'])}" if row["creator_id"] else ""
        share = f"{row['share']:.0%} (90 % interval {row['low']:.0%} to {row['high']:.0%})"
        yield f"  content {plain(row['content_id'])}{maker} on {plain(row['channel'])}: {share}"
        yield from alike(row)


def _credit(told: Row) -> Iterator[str]:
    yield ""
    yield f"Credit by model (half-life of time decay: {told['window']['half_life_days']:g} days)"
    if not told["credit"]:
        yield "  none: only counted sales are credited"
    agreed: dict[tuple[str, ...], list[str]] = {}
    for model, rows in told["credit"].items():
        agreed.setdefault(tuple(map(_share, rows)), []).append(model)
    for shares, models in agreed.items():
        yield f"  {', '.join(models)}"
        yield from (f"    {share}" for share in shares)


def _share(row: Row) -> str:
    named = f"content {plain(row['touch_uid'].rpartition('/')[2])}" if row["basis"] == "modelled" else None
    nobody = "nobody" if row["basis"] == ORGANIC else "unknown"
    whom = named or (f"touchpoint {row['position']}" if row["touch_uid"] else f"{nobody}: {row['because']}")
    net, amount, back = (in_money(row, name) for name in ("net", "amount", "reversed"))
    less = f" = {amount} - {back} taken back" if row["reversed"] else ""
    return f"{row['weight']}  {net}{less}  {whom} ({row['basis']})"


def _revision(revision: Row) -> str:
    seen = instant(revision["observed_at"])
    return f"revision {revision['version']}, seen {seen}, inbox row {revision['inbox_id']}"
