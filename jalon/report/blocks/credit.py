"""Credit per channel, content and creator, for reading: a list for each model and currency."""

from __future__ import annotations

from collections.abc import Callable

from jalon.report.blocks.block import Row
from jalon.report.language import Language


def channels(told: Row, say: Language) -> Row:
    """Return what is credited to channels."""
    return {"groups": _listed(told["by_channel"], lambda row: say.label(row["id"]))}


def contents(told: Row, say: Language) -> Row:
    """Return what is credited to contents."""
    return {"groups": _listed(told["by_content"], _title)}


def creators(told: Row, say: Language) -> Row:
    """Return what is credited to creators."""
    return {"groups": _listed(told["by_creator"], _title)}


def _title(row: Row) -> str:
    return str(row["title"] or row["id"])


def _listed(rows: list[Row], name: Callable[[Row], str]) -> list[Row]:
    """Group credit by model and currency; `rest` is what names none."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["currency"]), []).append(row)
    return [
        {
            "model": model,
            "currency": currency,
            "rows": _with_length([{**row, "name": name(row)} for row in own if row["id"] is not None]),
            "rest": next((row for row in own if row["id"] is None), None),
            "says": "",
        }
        for (model, currency), own in groups.items()
    ]


def _with_length(rows: list[Row]) -> list[Row]:
    """Add each row's share of the greatest."""
    most = max((row["net_minor"] for row in rows), default=0)
    return [{**row, "length": row["net_minor"] / most if most > 0 else None} for row in rows]
