"""Personas for reading: the declared ones, and those that are proposed, marked so. Their maps: `map_views`."""

from __future__ import annotations

from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.measures import in_currency
from jalon.report.page.language import Language
from jalon.report.words import plain


def prepared(told: Row, say: Language) -> Row | None:
    """Return declared and proposed personas; None where there are none."""
    rows = [_persona(row, say) for row in told["personas"]]
    if not rows:
        return None
    declared = [row for row in rows if not row["is_proposed"]]
    proposed = [row for row in rows if row["is_proposed"]]
    return {"declared": declared, "proposed": proposed, "says": _says(declared, proposed, say)}


def _persona(row: Row, say: Language) -> Row:
    title = row["title_fr"] if say.name == "fr" else row["title"]
    if row["is_proposed"]:
        title = say._("Proposed %(number)s", number=row["persona"].rpartition(":")[2])
    return {
        **{name: row[name] for name in ("persona", "is_proposed", "rule", "persons", "customers", "ambassadors")},
        "title": title,
        "channel": say.label(row["main_channel"]) if row["main_channel"] else None,
        "channel_share": row["main_channel_share"],
        "purchases": None if row["purchases"] is None else say.count(round(row["purchases"], 1)),
        "since": None if row["days_since_purchase"] is None else say.days(round(row["days_since_purchase"])),
        "net": _net(row, say),
    }


def _net(row: Row, say: Language) -> str | None:
    """Return what a customer brought on average, of those whose money is in the currency."""
    if not row["currency_customers"]:
        return None
    return say.amount(in_currency(row["net"] / row["currency_customers"], row["currency"]), row["currency"])


def _says(declared: list[Row], proposed: list[Row], say: Language) -> str:
    told = [row for row in declared if row["persons"]]
    if told:
        largest = max(told, key=lambda row: row["persons"])
        return say._(
            "The largest persona is %(name)s, with %(persons)s.",
            name=plain(largest["title"]),
            persons=say.persons(largest["persons"]),
        )
    if declared:
        return say._("No persona has persons enough to be told of.")
    return say._(
        "No persona is declared; buyers fall into %(groups)s by how and where they buy.",
        groups=say.ngettext("%(number)s group", "%(number)s groups", len(proposed)),
    )
