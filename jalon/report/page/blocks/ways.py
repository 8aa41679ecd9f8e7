"""The ways to a purchase: how sales came from channel to channel, and the commonest ways."""

from __future__ import annotations

from markupsafe import Markup

from jalon.report.marts.paths import SOLD
from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.flows import Flow, flow
from jalon.report.page.charts.options import Chart
from jalon.report.page.language import Language
from jalon.report.words import decimal_text

STEPS = 4
"""Steps before the sale that are drawn."""


def prepared(told: Row, say: Language) -> Row | None:
    """Return per currency the flow and the commonest ways; None where no way to a sale is known."""
    groups = [_group(currency, one, say) for currency, one in told["ways"]["channel"].items() if one["ways"]]
    return {"groups": groups} if groups else None


def _group(currency: str, one: Row, say: Language) -> Row:
    return {
        "currency": currency,
        "says": _says(one, say),
        "chart": _chart(currency, one["flows"], say),
        "rows": [_row(row, currency, say) for row in one["ways"]],
        "others": _with_net(one["others"], currency),
        "unknown": _with_net(one["unknown"], currency),
    }


def _row(row: Row, currency: str, say: Language) -> Row:
    return {
        "way": _way(row, say),
        "after": say.duration(row["minutes_50"]),
        "orders": row["orders"],
        "net": decimal_text(row["net_minor"], currency),
    }


def _way(row: Row, say: Language) -> str:
    """Return a way in words; of one that is longer than what is told of it, that something came before."""
    earlier = ["\u2026"] if row["is_longer"] else []
    return " → ".join([*earlier, *(say.label(step) for step in row["steps"])])


def _with_net(row: Row | None, currency: str) -> Row | None:
    return row and {**row, "net": decimal_text(row["net_minor"], currency)}


def _says(one: Row, say: Language) -> Markup:
    """Say how many sales have a way that is known, and which is the commonest."""
    known = sum(row["orders"] for row in (*one["ways"], one["others"] or {"orders": 0}))
    first = one["ways"][0]
    return say.rich(
        "The commonest way is <b>%(way)s</b>: %(part)s of the %(orders)s whose way is known. %(straight)s of them "
        "met one channel alone.",
        way=_way(first, say),
        part=say.percent(first["orders"] / known),
        orders=say.orders(known),
        straight=say.percent(one["straight"] / known),
    )


def _chart(currency: str, flows: list[Row], say: Language) -> Chart:
    """Return the flow of the last steps before the sale, from left to right."""
    near = [row for row in flows if row["step"] <= STEPS]
    furthest = max(row["step"] for row in near)
    sale = say._("Purchase")
    drawn = [
        Flow(
            furthest - row["step"],
            say.label(row["start"]),
            sale if row["end"] == SOLD else say.label(row["end"]),
            row["orders"],
        )
        for row in near
    ]
    label = say._(
        "Sales in %(currency)s by the channels that came before them, the last before the purchase to the right",
        currency=currency,
    )
    return flow(label, drawn, others=say._("All others"), last=sale)
