"""What the report before told otherwise, for reading."""

from __future__ import annotations

from jalon.report.marts.restated import NET
from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language

LISTED = 12


def prepared(told: Row, say: Language) -> Row | None:
    """Return the figures that have changed since the last report, net revenue first; None if none has."""
    rows = told["restated"]
    if not rows:
        return None
    listed = [_row(row, say) for row in rows[:LISTED]]
    return {"says": _says(rows, say), "rows": listed, "more": max(len(rows) - LISTED, 0)}


def _says(rows: list[Row], say: Language) -> str:
    """Say how net revenue of days that were over has changed, else how many counts have."""
    net = [row for row in rows if row["figure"] == NET]
    counts = say.ngettext("%(number)s count", "%(number)s counts", len(rows) - len(net))
    if not net:
        return say._("Net revenue of days that were over is as it was told; %(counts)s changed.", counts=counts)
    changes = ", ".join(_change(row, say) for row in _by_currency(net))
    if len(net) == len(rows):
        return say._(
            "Net revenue of days that were over has changed since the last report by %(changes)s.", changes=changes
        )
    return say._(
        "Net revenue of days that were over has changed since the last report by %(changes)s; %(counts)s changed too.",
        changes=changes,
        counts=counts,
    )


def _by_currency(rows: list[Row]) -> list[Row]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["after"] - row["before"]
    return [{"currency": currency, "minor": minor} for currency, minor in sums.items()]


def _change(row: Row, say: Language) -> str:
    return say.signed(row["minor"], row["currency"])


def _row(row: Row, say: Language) -> Row:
    """Return a row in words: what, of which days, before, now and the difference."""
    currency = row["currency"]
    shown = say.amount if currency else None
    return {
        "name": say._("Net revenue") if row["figure"] == NET else say.label(row["figure"]),
        "source": row["source"],
        "days": say.days(row["days"]),
        "span": f"{say.day(row['first'])} \u2013 {say.day(row['last'])}"
        if row["first"] != row["last"]
        else say.day(row["first"]),
        "before": shown(row["before_amount"], currency) if shown else say.count(row["before"]),
        "after": shown(row["after_amount"], currency) if shown else say.count(row["after"]),
        "change": say.signed(row["after"] - row["before"], currency),
        "final": row["final"],
    }
