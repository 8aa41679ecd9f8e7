"""Net revenue by week and selling mode, and how it moved."""

from __future__ import annotations

from jalon.report.page.blocks.block import Row
from jalon.report.page.charts.bars import MODE_COLOURS, stacked
from jalon.report.page.charts.options import Chart, major
from jalon.report.page.language import Language
from jalon.report.words import decimal_text


def prepared(told: Row, say: Language) -> Row | None:
    """Return per currency its weeks; None where nothing was sold."""
    groups = [_group(currency, one, say) for currency, one in told["weekly"].items()]
    return {"groups": groups} if groups else None


def _group(currency: str, one: Row, say: Language) -> Row:
    modes = [mode for mode in MODE_COLOURS if mode in one["net_minor"]]
    net = [sum(one["net_minor"][mode][week] for mode in modes) for week in range(len(one["weeks"]))]
    return {
        "currency": currency,
        "says": _says(currency, one, net, say),
        "chart": _chart(currency, one, modes, say),
        "modes": [{"id": mode, "colour": MODE_COLOURS[mode]} for mode in modes],
        "rows": [_row(currency, one, modes, week, net[week]) for week in range(len(net))],
        "earlier": _told(one["earlier_minor"], currency) if one["earlier_minor"] else None,
    }


def _row(currency: str, one: Row, modes: list[str], week: int, net: int) -> Row:
    return {
        "week": one["weeks"][week],
        "amounts": [_told(one["net_minor"][mode][week], currency) for mode in modes],
        "net": _told(net, currency),
        "orders": one["orders"][week],
        "is_over": week < one["whole"],
    }


def _told(minor: int, currency: str) -> str:
    return decimal_text(minor, currency)


def _chart(currency: str, one: Row, modes: list[str], say: Language) -> Chart:
    amounts = {
        say.label(mode): (MODE_COLOURS[mode], [major(minor, currency) for minor in one["net_minor"][mode]])
        for mode in modes
    }
    label = say._("Net revenue by week and selling mode, in %(currency)s", currency=currency)
    return stacked(label, [say.day(week) for week in one["weeks"]], amounts, currency)


def _says(currency: str, one: Row, net: list[int], say: Language) -> str:
    """Say how the last whole week went, against the one before and the best of all, those that are not shown too."""
    whole = one["whole"]
    if whole < 1:
        return say._("The first week is not over yet.")
    last = {"week": say.day(one["weeks"][whole - 1]), "amount": say.amount(_told(net[whole - 1], currency), currency)}
    if whole < 2 or net[whole - 2] <= 0 or net[whole - 1] < 0:
        return say.rich("In the week from %(week)s, the last whole one, net revenue was <b>%(amount)s</b>.", **last)
    return say.rich(
        "In the week from %(week)s, the last whole one, net revenue was <b>%(amount)s</b>, %(change)s against the week "
        "before; the best week so far, from %(best)s, had %(most)s.",
        **last,
        change=say.percent(net[whole - 1] / net[whole - 2] - 1, signed=True),
        best=say.day(one["best"]["week"]),
        most=say.amount(_told(one["best"]["net_minor"], currency), currency),
    )
