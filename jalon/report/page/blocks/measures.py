"""What is measured in each stage, for reading: a table per stage, answers to surveys, and how customers buy."""

from __future__ import annotations

from itertools import groupby

from jalon.attribution.presets import PRESETS
from jalon.report.page.blocks.block import Row
from jalon.report.page.language import Language
from jalon.report.people.measure_list import MEASURES
from jalon.report.people.rfm import TITLES
from jalon.report.words import decimal_text, label

SURVEYS = {
    "ces": "Effort",
    "csat": "Satisfaction",
    "nps": "Recommendation",
    "review": "Reviews",
    "win_loss": "Won and lost",
}
"""Survey -> what people call it."""
_APART = ("segment",)
"""Measures that have a table of their own."""


def measures(told: Row, say: Language) -> Row | None:
    """Return the measures of each stage that has any value; one without any says why."""
    rows = [row for row in told["stage_measures"] if row["measure"] not in _APART]
    if all(row["value"] is None or row["value"] == 0 for row in rows):
        return None
    titles = {stage.id: {"english": stage.english, "french": stage.french} for stage in PRESETS["canonical"]}
    first = {row["measure"]: row for row in reversed(rows)}
    stages = [
        {
            "title": say.stage(titles[stage]),
            "rows": [_measure(row, say, is_first=row is first[row["measure"]]) for row in own],
        }
        for stage, own in groupby(rows, key=lambda row: row["stage"])
    ]
    return {"stages": stages, "says": _says(rows, say), "segments": _segments(told, say)}


def _measure(row: Row, say: Language, *, is_first: bool) -> Row:
    """Return a measure for reading; what it counts is said where it stands first."""
    measure = MEASURES[row["measure"]]
    ends = None if row["low"] is None or row["high"] is None else (row["low"], row["high"])
    return {
        "title": say.known(measure.title),
        "of": _member(row, say),
        "value": None if row["value"] is None else written(row["value"], row["unit"], say),
        "span": None if ends is None else " \u2013 ".join(written(end, row["unit"], say) for end in ends),
        "n": row["n"],
        "because": say.known(row["because"] or ""),
        "definition": say.known(measure.definition) if is_first else "",
    }


def _member(row: Row, say: Language) -> str:
    """Return of what a measure is; a currency where the figure does not say it."""
    if MEASURES[row["measure"]].member != "currency":
        of, _, account = row["member"].partition(":")
        named = say.label(of) if of else ""
        return f"{named} ({account})" if account else named
    return str(row["member"]) if row["value"] is None or row["unit"] == "of 1" else ""


def written(value: float, unit: str, say: Language) -> str:
    """Return a figure in its unit; what is no word of `Unit` is a currency."""
    if unit == "of 1":
        return say.percent(value)
    if unit == "days":
        return say.days(round(value, 1))
    if unit in ("points", "persons", "purchases", "orders", "touchpoints"):
        return say.count(round(value, 1))
    return say.amount(in_currency(value, unit), unit)


def in_currency(value: float, currency: str) -> str:
    """Return a value as decimal text with the places of its currency."""
    places = len(decimal_text(0, currency).partition(".")[2])
    return f"{value:.{places}f}"


def _says(rows: list[Row], say: Language) -> str:
    """Say what comes of customers: who buys again, and whether they recommend."""
    found = {row["measure"]: row for row in rows if row["value"] is not None}
    said = []
    if "conversion_rate" in found:
        share = say.percent(found["conversion_rate"]["value"])
        said.append(say._("Of the persons known, %(share)s have bought.", share=share))
    if "repeat_rate" in found:
        again = say.percent(found["repeat_rate"]["value"])
        said.append(say._("Of those who bought, %(share)s came again.", share=again))
    if "nps" in found:
        row = found["nps"]
        ends = {name: say.count(round(row[name])) for name in ("low", "value", "high")}
        said.append(
            say._("The Net Promoter Score is %(value)s, with nine chances of ten from %(low)s to %(high)s.", **ends)
        )
    return " ".join(said)


def _segments(told: Row, say: Language) -> list[Row]:
    """Return the RFM segments with their customers, and each one's share of the greatest."""
    rows = [row for row in told["stage_measures"] if row["measure"] == "segment" and row["value"]]
    rows.sort(key=lambda row: list(TITLES).index(row["member"]))
    most = max((row["value"] for row in rows), default=1)
    return [
        {
            "title": say.known(TITLES[row["member"]]),
            "customers": round(row["value"]),
            "share": row["value"] / row["n"],
            "length": row["value"] / most,
        }
        for row in rows
    ]


def surveys(told: Row, say: Language) -> Row | None:
    """Return what was answered per survey, question and choice."""
    rows = [
        {
            "survey": say.known(SURVEYS.get(row["survey"], label(row["survey"]))),
            "what": row["choice"] or say.known(MEASURES[row["measure"]].title),
            "question": row["question"],
            "value": None if row["value"] is None else written(row["value"], _unit(row), say),
            "span": None
            if row["low"] is None
            else " \u2013 ".join(written(row[end], _unit(row), say) for end in ("low", "high")),
            "answers": row["answers"],
            "left_out": row["left_out"],
        }
        for row in told["surveys"]
    ]
    return {"rows": rows, "says": _answered(told["surveys"], say)} if rows else None


def _unit(row: Row) -> str:
    return "points" if row["unit"].startswith("points") else row["unit"]


def _answered(rows: list[Row], say: Language) -> str:
    most = max(
        (row for row in rows if not row["question"] and not row["choice"]),
        key=lambda row: row["answers"],
        default=None,
    )
    if most is None or most["value"] is None:
        return ""
    return say._(
        "Most was answered about %(survey)s: %(value)s from %(answers)s.",
        survey=say.known(SURVEYS.get(most["survey"], label(most["survey"]))),
        value=written(most["value"], _unit(most), say),
        answers=say.ngettext("%(number)s answer", "%(number)s answers", most["answers"]),
    )
