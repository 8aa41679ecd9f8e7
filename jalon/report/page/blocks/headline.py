"""The figures at a glance."""

from __future__ import annotations

from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language


def prepared(told: Row, say: Language) -> Row:
    """Return how net revenue moved, the selling modes of each currency, and which source is furthest behind."""
    return {
        "change": {row["currency"]: _change(row, say) for row in told["recent"]},
        "later": {row["currency"]: said for row in told["recent"] if (said := _later(row, say))},
        "modes": {currency: _of(told["by_mode"], currency) for currency in told["currencies"]},
        "coverage": {currency: _of(told["coverage"], currency) for currency in told["currencies"]},
        "behind": _behind(told["sources"]),
    }


def _of(rows: list[Row], currency: str) -> list[Row]:
    return [row for row in rows if row["currency"] == currency and row["share"] is not None]


def _change(row: Row, say: Language) -> str:
    if row["change"] is None:
        return say._(
            "%(days)s up to %(last)s: %(amount)s",
            days=say.days(row["days"]),
            last=say.day(row["last"]),
            amount=say.amount(row["net"], row["currency"]),
        )
    return say._(
        "%(days)s up to %(last)s: %(amount)s, %(change)s against the %(days)s before",
        days=say.days(row["days"]),
        last=say.day(row["last"]),
        amount=say.amount(row["net"], row["currency"]),
        change=say.percent(row["change"], signed=True),
    )


def _later(row: Row, say: Language) -> str:
    """Say how much of the refunds of the days before was yet to come when they were as young as the last days are."""
    if row["change"] is None or not row["refunded_later"]:
        return ""
    return say._(
        "The last days have had less time for refunds: of those of the %(days)s before, %(share)s came only after "
        "these were over.",
        days=say.days(row["days"]),
        share=say.percent(row["refunded_later"]),
    )


def _behind(sources: list[Row]) -> Row | None:
    """Return the source that was read to the earliest moment."""
    read = [row for row in sources if row["read_to"] or row["newest"]]
    return min(read, key=_minute, default=None)


def _minute(row: Row) -> str:
    """Return the minute to which a source is known; the two ways to write it differ between day and time."""
    return str(row["read_to"] or row["newest"]).replace("T", " ")[:16]
