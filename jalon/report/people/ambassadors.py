"""Ambassadors: persons who recommend the brand, by what they answered or, of buyers, did. The signs are data.

Who answers a survey was asked as a customer, even where no order of theirs is known; who shares may be anybody.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import ibis
from ibis.expr.types import Table

from jalon.report.people.intervals import NPS

Side = Literal["for", "against"]


class Sign(NamedTuple):
    """What speaks for, or against, somebody being an ambassador.

    `kinds` of touchpoints are signs by themselves; of an answer to `survey` the latest counts, by where on its scale
    from 0 to 1 it lies: from `least` to `most`. With a `scale`, answers on any other say nothing.
    """

    name: str
    side: Side
    kinds: tuple[str, ...] = ()
    survey: str = ""
    least: float = 0.0
    most: float = 1.0
    scale: tuple[int, int] | None = None


SIGNS = (
    Sign("detractor", "against", survey="nps", most=0.6, scale=NPS),
    Sign("bad_review", "against", survey="review", most=0.5),
    Sign("promoter", "for", survey="nps", least=0.9, scale=NPS),
    Sign("good_review", "for", survey="review", least=0.75),
    Sign("referral", "for", kinds=("referral",)),
    Sign("share", "for", kinds=("share",)),
    Sign("review", "for", kinds=("review",)),
)
"""The first that a person shows decides: who has just said that they would not recommend is none, whatever they did."""
ANSWERED = tuple(sign.name for sign in SIGNS if sign.side == "for" and sign.survey)
DONE = tuple(sign.name for sign in SIGNS if sign.side == "for" and sign.kinds)
_HAIR = 1e-9


def signs(touches: Table, answers: Table) -> Table:
    """Return per person who said or did any such thing: `sign`, the first of `SIGNS` that it is, if it is one, the
    latest `nps` from 0 to 10, and `is_heard`, which is true.

    `answers` have their `person` resolved.
    """
    kinds = [kind for sign in SIGNS for kind in sign.kinds]
    did = touches.filter(touches.person.notnull() & touches.kind.isin(kinds))
    by_kind = {f"did_{kind}": (did.kind == kind).any() for kind in kinds}
    acts = did.group_by("person").agg(**by_kind)
    said = _latest(answers)
    both = acts.outer_join(said, "person")
    person = ibis.coalesce(both.person, both.person_right)
    first = ibis.cases(*((_shows(both, sign), sign.name) for sign in SIGNS), else_=ibis.null("string"))
    nps = (both.said_nps * 10).round().cast("int64")
    return both.select(person=person, sign=first, nps=nps, is_heard=ibis.literal(True))


def _latest(answers: Table) -> Table:
    """Return per person where on its scale the latest answer to each survey of `SIGNS` lies."""
    surveys = list(dict.fromkeys(sign.survey for sign in SIGNS if sign.survey))
    known = answers.filter(answers.person.notnull() & answers.score.notnull() & answers.survey.isin(surveys))
    known = known.filter(_on_scale(known))
    placed = known.mutate(at=(known.score - known.lowest) / (known.highest - known.lowest))
    newest = ibis.row_number().over(
        group_by=[placed.person, placed.survey], order_by=[placed.answered_at.desc(), placed.source, placed.key]
    )
    ranked = placed.mutate(rank=newest)
    latest = ranked.filter(ranked["rank"] == 0)
    return latest.group_by("person").agg(
        **{f"said_{survey}": latest["at"].max(where=latest.survey == survey) for survey in surveys}
    )


def _on_scale(answers: Table) -> ibis.Value:
    """Return whether an answer is on the scale that its survey is read on, where it is read on one alone."""
    scales = dict.fromkeys((sign.survey, sign.scale) for sign in SIGNS if sign.scale)
    on = (
        (answers.survey != survey) | ((answers.lowest == lowest) & (answers.highest == highest))
        for survey, (lowest, highest) in scales
    )
    return ibis.and_(*on)


def _shows(persons: Table, sign: Sign) -> ibis.Value:
    if sign.survey:
        said = persons[f"said_{sign.survey}"]
        return ibis.coalesce((said >= sign.least - _HAIR) & (said <= sign.most + _HAIR), False)
    return ibis.or_(*(ibis.coalesce(persons[f"did_{kind}"], False) for kind in sign.kinds))
