"""The products that were sold most, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.bars import ranked
from jalon.report.page.charts.options import major
from jalon.report.page.language import N_, Language
from jalon.report.words import plain


def prepared(told: Row, say: Language) -> Row | None:
    """Return per currency its products; None where no line of an order is known."""
    groups = [_group(currency, told["products"], say) for currency in told["currencies"]]
    shown = [group for group in groups if group["rows"]]
    return {"groups": shown} if shown else None


def _group(currency: str, rows: list[Row], say: Language) -> Row:
    own = [{**row, "name": row["title"] or row["id"] or ""} for row in rows if row["currency"] == currency]
    listed = [{**row, "costs": costs(row["costs"], say)} for row in own if row["id"] is not None]
    whole = sum(row["goods_minor"] for row in own)
    return {
        "currency": currency,
        "rows": [{**row, "share": row["goods_minor"] / whole if whole > 0 else None} for row in listed],
        "others": next((row for row in own if row["id"] is None), None),
        "says": _says(listed, whole, say),
        "chart": ranked(
            say._("What was booked for each product, in %(currency)s", currency=currency),
            [(row["name"], major(row["goods_minor"], currency)) for row in listed],
            currency,
            of=say._("Booked"),
        ),
    }


def _says(rows: list[Row], whole: int, say: Language) -> str:
    if not rows or whole <= 0:
        return ""
    best = rows[0]
    return say.rich(
        "<b><bdi>%(name)s</bdi></b> was sold most: %(amount)s in %(orders)s, %(share)s of all that was booked.",
        name=plain(best["name"], 60),
        amount=say.amount(best["goods"], best["currency"]),
        orders=say.orders(best["orders"]),
        share=say.percent(best["goods_minor"] / whole),
    )


def costs(rows: Iterable[Row], say: Language) -> list[str]:
    """Return costs in words: none of them is zero, and where there is none, none is known."""
    words = {"spend": N_("%(amount)s spent on it"), "commission": N_("%(amount)s commission")}
    known = [(words[row["kind"]], say.amount(row["cost"], row["currency"])) for row in rows if row["cost_minor"]]
    return [say._(message, amount=amount) for message, amount in known]
