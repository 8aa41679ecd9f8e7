"""Where sales were made, to whom, and how far the way to them is known: shares of net revenue per currency."""

from __future__ import annotations

from jalon.report.blocks.block import Row
from jalon.report.language import Language


def modes(told: Row, say: Language) -> Row:
    """Return net revenue by selling mode."""
    return {"groups": _groups(told["by_mode"], "selling_mode", told["currencies"])}


def customers(told: Row, say: Language) -> Row:
    """Return net revenue by new and returning customers."""
    return {"groups": _groups(told["by_customer"], "customer", told["currencies"])}


def platforms(told: Row, say: Language) -> Row:
    """Return net revenue by the platform where it was made."""
    return {"groups": _groups(told["by_platform"], "platform", told["currencies"])}


def coverage(told: Row, say: Language) -> Row:
    """Return net revenue by how far the way to the sale is known."""
    return {"groups": _groups(told["coverage"], "basis", told["currencies"])}


def _groups(rows: list[Row], name: str, currencies: list[str]) -> list[Row]:
    """Group rows by currency, each with where it begins on a bar of all."""
    grouped = ((currency, [row for row in rows if row["currency"] == currency]) for currency in currencies)
    return [{"currency": currency, "rows": _along(own, name), "says": ""} for currency, own in grouped if own]


def _along(rows: list[Row], name: str) -> list[Row]:
    at, found = 0.0, []
    for row in rows:
        found.append({**row, "id": row[name], "at": at})
        at += max(row["share"] or 0.0, 0.0)
    return found
