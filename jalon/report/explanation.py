"""An explanation (`jalon.attribution.explain`) as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jalon.attribution.sales import WHY
from jalon.report.figures import decimal_text
from jalon.report.words import money, plain

Row = dict[str, Any]


def lines(told: Row) -> Iterator[str]:
    """Yield what decided about an order, as lines."""
    yield from _order_lines(told)
    window, journey = told["window"], told["journey"]
    yield f"Journey: {len(journey)} touches, {window['lookback_days']:g} days before the order ({window['repeat']})"
    for touch in journey:
        yield f"  {touch['position']}. {touch['had_at']} {touch['kind']} on {touch['channel']}"
        yield f"     {plain(touch['touch_uid'])}"
        yield f"     stage {touch['stage']} by the rule {touch['stage_rule']}; known by {touch['evidence']}"
        yield f"     {_revision(touch['revision'])}"
    for model, rows in told["credit"].items():
        yield f"Model {model}"
        for row in rows:
            what = f"touch {row['position']}" if row["touch_uid"] else f"unknown, for {row['because']}"
            net, amount, back = (_money(row, name) for name in ("net", "amount", "reversed"))
            yield f"  {row['weight']}: {net} = {amount} - {back}: {what} ({row['basis']})"


def _order_lines(told: Row) -> Iterator[str]:
    order = told["order"]
    yield f"Order {plain(order['order_uid'])}, placed {order['placed_at']}, {order['kind']}, {order['status']}"
    yield f"  Counted: {'yes' if order['is_counted'] else 'no'}: {order['because']}"
    if order["duplicate_of"]:
        yield f"  The sale that counts is {plain(order['duplicate_of'])}"
    for copy in told["copies"]:
        yield f"  Its copy {plain(copy['order_uid'])} is not counted: {WHY[copy['why']]}"
    net, booked, back = (_money(order, name) for name in ("net", "booked", "reversed"))
    yield f"  Net {net} = booked {booked} - reversed {back} ({order['net_rule']})"
    for refund in told["refunds"]:
        effect = "taken off" if refund["counts"] else "not taken off"
        yield f"  Refund {plain(refund['refund_id'])}: {_money(refund, 'goods')}, {refund['state']}: {effect}"
    yield f"  Selling mode {order['mode']} ({order['mode_rule']})"
    yield f"  {_revision(order['revision'])}"


def _money(row: Row, name: str) -> str:
    return money(decimal_text(row[name], row["currency"]), row["currency"])


def _revision(revision: Row) -> str:
    return (
        f"revision: version {revision['version']}, observed {revision['observed_at']}, inbox row {revision['inbox_id']}"
    )
