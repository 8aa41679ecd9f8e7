"""The products that were sold most, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.bars import ranked
from jalon.report.page.charts.options import major
from jalon.report.page.language import N_, Language
from jalon.report.words import plain


def prepared(told: Row, say: Language) -> Row | None:
    """Return per currency its products; None where no line of an order is known."""
    groups = [_group(currency, told["products"], told["lined"].get(currency), say) for currency in told["currencies"]]
    shown = [group for group in groups if group["rows"]]
    return {"groups": shown} if shown else None


def _group(currency: str, rows: list[Row], lined: float | None, say: Language) -> Row:
    own = _named([row for row in rows if row["currency"] == currency], say)
    listed = [{**row, "costs": costs(row["costs"], say)} for row in own if row["id"] is not None]
    whole = sum(row["goods_minor"] for row in own)
    return {
        "currency": currency,
        "rows": [{**row, "share": row["goods_minor"] / whole if whole > 0 else None} for row in listed],
        "others": next((row for row in own if row["id"] is None), None),
        "says": _says(listed, whole, lined, say),
        "chart": ranked(
            say._("What was booked for each product, in %(currency)s", currency=currency),
            [(_label(row), major(row["goods_minor"], currency)) for row in listed],
            currency,
            of=say._("Booked"),
        ),
    }


def _named(rows: list[Row], say: Language) -> list[Row]:
    """Give products their names: those of one name, which no SKU tells to be one, with the shops that sell them."""
    titles = Counter(row["title"] for row in rows)
    return [
        {
            **row,
            "name": row["title"] or say._("not named"),
            "shops": ", ".join(map(say.label, row["platforms"])) if titles[row["title"]] > 1 else "",
        }
        for row in rows
    ]


def _says(rows: list[Row], whole: int, lined: float | None, say: Language) -> str:
    """Say which product was sold most, of how much money: not all orders tell their lines."""
    best = next((row for row in rows if row["title"]), None)
    if best is None or whole <= 0 or lined is None:
        return ""
    told = {
        "name": plain(best["name"], 60),
        "amount": say.amount(best["goods"], best["currency"]),
        "orders": say.orders(best["orders"]),
        "share": say.percent(best["goods_minor"] / whole),
    }
    if lined == 1:
        return say.rich(
            "<b><bdi>%(name)s</bdi></b> was sold most: %(amount)s in %(orders)s, %(share)s of all that was sold.",
            **told,
        )
    return say.rich(
        "<b><bdi>%(name)s</bdi></b> was sold most: %(amount)s in %(orders)s, %(share)s of what was sold in orders "
        "whose lines are told; these are %(lined)s of all that was sold.",
        **told,
        lined=say.percent(lined),
    )


def _label(row: Row) -> str:
    return f"{row['name']} ({row['shops']})" if row["shops"] else row["name"]


def costs(rows: Iterable[Row], say: Language) -> list[str]:
    """Return costs in words: none of them is zero, and where there is none, none is known."""
    words = {"spend": N_("%(amount)s spent on it"), "commission": N_("%(amount)s commission")}
    known = [(words[row["kind"]], say.amount(row["cost"], row["currency"])) for row in rows if row["cost_minor"]]
    return [say._(message, amount=amount) for message, amount in known]
