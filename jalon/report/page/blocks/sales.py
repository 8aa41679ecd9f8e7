"""Where sales were made, to whom, and how far the way to them is known: shares of net revenue per currency."""

from __future__ import annotations

from collections.abc import Callable

from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language

Says = Callable[[list[Row], Language], str]
"""Makes the sentence of one currency of its rows."""


def modes(told: Row, say: Language) -> Row:
    """Return net revenue by selling mode, and how their shares moved."""
    moved = {row["currency"]: row for row in told["recent"]}
    groups = _groups(told, say, "by_mode", "selling_mode", _modes)
    for group in groups:
        if said := _moved(moved.get(group["currency"]), say):
            group["says"] += " " + said
    return {"groups": groups}


def customers(told: Row, say: Language) -> Row:
    """Return net revenue by new and returning customers."""
    return {"groups": _groups(told, say, "by_customer", "customer", _customers)}


def platforms(told: Row, say: Language) -> Row:
    """Return net revenue by the platform where it was made."""
    return {"groups": _groups(told, say, "by_platform", "platform", _platforms)}


def coverage(told: Row, say: Language) -> Row:
    """Return net revenue by how far the way to the sale is known."""
    return {"groups": _groups(told, say, "coverage", "basis", _coverage)}


def _modes(rows: list[Row], say: Language) -> str:
    shares = _shares(rows, say)
    return say._(
        "Inside networks %(native)s of net revenue was sold, by a link or tag to your shop %(linked)s, after "
        "communication alone %(communication)s.",
        native=shares("native"),
        linked=shares("linked"),
        communication=shares("communication"),
    )


def _moved(row: Row | None, say: Language) -> str:
    """Say which selling mode's share moved most in the last days."""
    known = {mode: both for mode, both in (row["modes"] if row else {}).items() if None not in both}
    if row is None or len(known) < 2:
        return ""
    mode = max(known, key=lambda mode: (abs(known[mode][1] - known[mode][0]), mode))
    if known[mode][0] == known[mode][1]:
        return ""
    return say._(
        "Most moved %(mode)s: from %(before)s to %(now)s in the %(days)s up to %(last)s.",
        mode=say.label(mode).lower(),
        before=say.percent(known[mode][0]),
        now=say.percent(known[mode][1]),
        days=say.days(row["days"]),
        last=say.day(row["last"]),
    )


def _customers(rows: list[Row], say: Language) -> str:
    shares = _shares(rows, say)
    return say._(
        "New buyers brought %(new)s of net revenue, returning ones %(returning)s; of %(unknown)s it is not known.",
        new=shares("new"),
        returning=shares("returning"),
        unknown=shares("unknown"),
    )


def _platforms(rows: list[Row], say: Language) -> str:
    best = rows[0]
    return say._(
        "Most was sold on %(platform)s: %(share)s of net revenue, %(orders)s.",
        platform=say.label(best["id"]),
        share=say.percent(best["share"]),
        orders=say.orders(best["orders"]),
    )


def _coverage(rows: list[Row], say: Language) -> str:
    shares = _shares(rows, say)
    return say._(
        "The way to the sale is observed for %(observed)s of net revenue, modelled for %(modelled)s, unknown for "
        "%(unknown)s.",
        observed=shares("observed"),
        modelled=shares("modelled"),
        unknown=shares("unknown"),
    )


def _shares(rows: list[Row], say: Language) -> Callable[[str], str]:
    """Return what gives the share of one of the rows, in words; what has no row has nothing."""
    known = {row["id"]: row["share"] for row in rows}
    return lambda id: say.percent(known.get(id, 0.0))


def _groups(told: Row, say: Language, name: str, id: str, says: Says) -> list[Row]:
    """Group rows by currency, each with where it begins on a bar of all; nothing is said of a net below it."""
    groups = []
    for currency in told["currencies"]:
        if rows := _along([row for row in told[name] if row["currency"] == currency], id):
            said = says(rows, say) if rows[0]["share"] is not None else ""
            groups.append({"currency": currency, "rows": rows, "says": said})
    return groups


def _along(rows: list[Row], id: str) -> list[Row]:
    at, found = 0.0, []
    for row in rows:
        found.append({**row, "id": row[id], "at": at})
        at += max(row["share"] or 0.0, 0.0)
    return found
