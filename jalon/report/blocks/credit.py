"""Credit per channel, content and creator, for reading: a list for each model and currency."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from jalon.report.blocks.block import Row
from jalon.report.language import Language
from jalon.report.words import plain


def channels(told: Row, say: Language) -> Row:
    """Return what is credited to channels."""
    return {"groups": _listed(told["by_channel"], say, lambda row: say.label(row["id"]))}


def contents(told: Row, say: Language) -> Row:
    """Return what is credited to contents."""
    return {"groups": _listed(told["by_content"], say, _title)}


def creators(told: Row, say: Language) -> Row:
    """Return what is credited to creators."""
    return {"groups": _listed(told["by_creator"], say, _title)}


def _title(row: Row) -> str:
    return str(row["title"] or row["id"])


def _listed(rows: list[Row], say: Language, name: Callable[[Row], str]) -> list[Row]:
    """Group credit by model and currency; `rest` is what names none."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], row["currency"]), []).append(row)
    return [_group(own, say, name) for own in groups.values()]


def _group(rows: list[Row], say: Language, name: Callable[[Row], str]) -> Row:
    named = _with_length([{**row, "name": name(row)} for row in rows if row["id"] is not None])
    return {
        "model": rows[0]["model"],
        "currency": rows[0]["currency"],
        "rows": named,
        "rest": next((row for row in rows if row["id"] is None), None),
        "says": _says(named, say),
    }


def _says(rows: list[Row], say: Language) -> str:
    """Say what leads, and whether it is clearly ahead; of what has too few orders nothing is said."""
    enough = [row for row in rows if not row["too_few"] and row["net_minor"] > 0]
    if not enough:
        return say._("Too few orders are known to say what leads.") if rows else ""
    told: dict[str, object] = {"name": _name(enough[0]), "amount": say.amount(enough[0]["net"], enough[0]["currency"])}
    if len(enough) == 1:
        return say.rich("Only <b>%(name)s</b> has enough orders to be ranked; it is credited with %(amount)s.", **told)
    told |= {"other": _name(enough[1])}
    if enough[0]["net_low_minor"] > enough[1]["net_high_minor"]:
        return say.rich("<b>%(name)s</b> leads with %(amount)s, clearly ahead of %(other)s.", **told)
    return say.rich(
        "<b>%(name)s</b> leads with %(amount)s, but its range and that of %(other)s overlap: the data do not say which "
        "is ahead.",
        **told,
    )


def _name(row: Row) -> Markup:
    return Markup("<bdi>{}</bdi>").format(plain(row["name"], 60))


def _with_length(rows: list[Row]) -> list[Row]:
    """Add each row's share of the greatest."""
    most = max((row["net_minor"] for row in rows), default=0)
    return [{**row, "length": row["net_minor"] / most if most > 0 else None} for row in rows]
