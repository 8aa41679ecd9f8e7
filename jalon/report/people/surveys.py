"""What answers to surveys say: effort, satisfaction, promoters, ratings, wins and losses, each with its interval.

Every answer counts once. Scores of other scales than the survey's own are stretched to it, which for the net promoter
score would mix its groups: there they are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.report.marts.base import Base
from jalon.report.marts.taken import taken
from jalon.report.people import intervals
from jalon.report.people.intervals import NPS, Estimate
from jalon.report.people.person_tables import RPT_SURVEYS

Row = dict[str, Any]
SATISFIED = 0.75
"""From here on of the scale, from 0 to 1, an answer is a satisfied one: the upper two of five or seven."""
WON = {"won": True, "win": True, "gagne": True, "lost": False, "loss": False, "perdu": False}
"""Codes of win/loss answers that say how it ended, in small letters; all others are reasons."""
_HAIR = 1e-9


class Question(NamedTuple):
    """How a survey is read: its measure, the unit, and what makes a figure of counted answers."""

    measure: str
    unit: str
    figure: Callable[[list[Row]], Estimate]


def _at(row: Row) -> float:
    """Return where on its scale a score lies, from 0 to 1."""
    return float((row["score"] - row["lowest"]) / (row["highest"] - row["lowest"]))


def _satisfied(rows: list[Row]) -> Estimate:
    happy = sum(row["answers"] for row in rows if _at(row) >= SATISFIED - _HAIR)
    return intervals.share(happy, _answers(rows))


def _promoters(rows: list[Row]) -> Estimate:
    own = [row for row in rows if (row["lowest"], row["highest"]) == NPS]
    promoters = _answers([row for row in own if row["score"] >= 9])
    detractors = _answers([row for row in own if row["score"] <= 6])
    return intervals.net_promoters(promoters, detractors, _answers(own))


def _mean_of(lowest: int, highest: int) -> Callable[[list[Row]], Estimate]:
    def mean(rows: list[Row]) -> Estimate:
        scores = [lowest + _at(row) * (highest - lowest) for row in rows]
        found = intervals.mean(scores, [row["answers"] for row in rows])
        return found.within(lowest, highest)

    return mean


def _answers(rows: list[Row]) -> int:
    return int(sum(row["answers"] for row in rows))


SCORED = {
    "ces": Question("ces", "points from 1 to 7", _mean_of(1, 7)),
    "csat": Question("csat", "of 1", _satisfied),
    "nps": Question("nps", "points from -100 to 100", _promoters),
    "review": Question("rating", "points from 1 to 5", _mean_of(1, 5)),
}
"""Survey of scores -> how it is read."""
WIN_RATE = "win_rate"
SHARE = "share"
"""Share of the answers to a question that chose one of its codes."""


def surveys(base: Base) -> Table:
    """Return the figures of every survey, over all its questions (`question` is empty) and of each."""
    rows = _counted(base)
    found = [row for survey in sorted({row["survey"] for row in rows}) for row in _of_survey(survey, rows)]
    return taken(base.engine, RPT_SURVEYS, found)


def _counted(base: Base) -> list[Row]:
    """Return how often each answer was given."""
    told = base.mart("fct_survey_answers")
    question = ibis.coalesce(told.question, "")
    by = ("survey", "question", "score", "lowest", "highest", "choice")
    counted = told.mutate(question=question).group_by(*by).agg(answers=told.answer_uid.count())
    return base.engine.dicts(counted.order_by(*by))


def _of_survey(survey: str, rows: list[Row]) -> Iterator[Row]:
    own = [row for row in rows if row["survey"] == survey]
    questions = groupby((row for row in own if row["question"]), key=itemgetter("question"))
    for question, asked in chain([("", own)], ((name, list(found)) for name, found in questions)):
        for measure, choice, unit, found, left_out in _figures(survey, asked):
            yield {
                **{"survey": survey, "question": question, "measure": measure, "choice": choice, "unit": unit},
                **{"value": found.value, "low": found.low, "high": found.high, "answers": found.n},
                "left_out": left_out,
            }


def _figures(survey: str, rows: list[Row]) -> Iterator[tuple[str, str, str, Estimate, int]]:
    """Yield each measure, choice, unit and figure, and how many answers are of no scale that it is defined on."""
    scored = [row for row in rows if row["score"] is not None]
    if survey in SCORED and scored:
        measure, unit, figure = SCORED[survey]
        found = figure(scored)
        yield measure, "", unit, found, _answers(scored) - found.n
    chosen: dict[str, int] = {}
    for row in rows:
        if row["choice"] is not None:
            code = _code(survey, row["choice"])
            chosen[code] = chosen.get(code, 0) + row["answers"]
    won, lost = chosen.get("won", 0), chosen.get("lost", 0)
    if survey == "win_loss" and won + lost:
        yield WIN_RATE, "", "of 1", intervals.share(won, won + lost), 0
    for code in sorted(chosen):
        yield SHARE, code, "of 1", intervals.share(chosen[code], sum(chosen.values())), 0


def _code(survey: str, choice: str) -> str:
    """Return a code as it is compared: in small letters, and the words for an outcome as `won` and `lost`."""
    code = choice.lower()
    if survey != "win_loss" or code not in WON:
        return code
    return "won" if WON[code] else "lost"
