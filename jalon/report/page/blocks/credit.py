"""Credit per channel, content and creator, for reading: a list for each model and currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from jalon.report.page.blocks.block import Row
from jalon.report.page.blocks.products import costs
from jalon.report.page.charts.bars import ranked
from jalon.report.page.charts.options import Chart, major
from jalon.report.page.language import Language
from jalon.report.words import plain


def channels(told: Row, say: Language) -> Row:
    """Return what is credited to channels."""
    return {"groups": _listed(told, "channel", say, lambda row: say.label(row["id"]))}


def contents(told: Row, say: Language) -> Row:
    """Return what is credited to contents."""
    return {"groups": _listed(told, "content", say, _title)}


def creators(told: Row, say: Language) -> Row:
    """Return what is credited to creators."""
    return {"groups": _listed(told, "creator", say, _title)}


def _title(row: Row) -> str:
    return str(row["title"] or row["id"])


def _listed(told: Row, cut: str, say: Language, name: Callable[[Row], str]) -> list[Row]:
    """Group credit by model and currency; `rest` is what names none, `beyond` what is not listed."""
    stages = {stage["id"]: say.stage(stage) for stage in told["map"]["canonical"]["stages"]}
    beyond = {(row["model"], row["currency"]): row for row in told["beyond"] if row["cut"] == cut}
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in told[f"by_{cut}"]:
        said = {"name": name(row) if row["id"] is not None else None, "notes": _notes(row, stages, say)}
        groups.setdefault((row["model"], row["currency"]), []).append({**row, **said})
    return [
        {**_group(own, say), "id": f"{cut}-{key[0]}-{told['currencies'].index(key[1])}", "beyond": beyond.get(key)}
        for key, own in groups.items()
    ]


def _group(rows: list[Row], say: Language) -> Row:
    named = [row for row in rows if row["id"] is not None]
    currency = rows[0]["currency"]
    return {
        "model": rows[0]["model"],
        "currency": currency,
        "rows": named,
        "rest": next((row for row in rows if row["id"] is None), None),
        "says": _says(named, say),
        "chart": _chart(named, currency, say) if named else None,
    }


def _notes(row: Row, stages: Mapping[str, str], say: Language) -> list[str]:
    """Return what else is known of a row: the stage that it served most, and what it cost."""
    stage = row.get("stage")
    if not stage:
        return costs(row.get("costs", ()), say)
    share = say.percent(row["stage_share"])
    served = say._("%(share)s at %(stage)s", share=share, stage=stages.get(stage, stage))
    return [served, *costs(row.get("costs", ()), say)]


def _chart(rows: list[Row], currency: str, say: Language) -> Chart:
    ends = [(major(row["net_low_minor"], currency), major(row["net_high_minor"], currency)) for row in rows]
    amounts = [(row["name"], major(row["net_minor"], currency)) for row in rows]
    label = say._("Credited revenue with its 90 %% range, in %(currency)s", currency=currency)
    return ranked(label, amounts, currency, of=say._("Credited revenue"), ends=(say._("Its 90 %% range"), ends))


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
