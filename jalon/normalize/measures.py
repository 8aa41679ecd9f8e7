"""Figures that a platform tells, as measures: what they are about is said once, and each figure beside it.

A measure's key is that of its subject, the metric, and the day that tells its period from others, with slashes between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

from jalon.normalize.fields import Row
from jalon.normalize.records import head
from jalon.normalize.vocabulary import Measure, Raw, Span

Finality = Literal["final", "estimate", "processing"]


class Period(NamedTuple):
    """The local days that figures cover, the end exclusive."""

    start: date
    end: date
    mark: date | None
    """Tells it from other periods in a key; None: there is no other."""
    span: Span = "days"


def one_day(day: date) -> Period:
    """Return a day."""
    return Period(day, day + timedelta(days=1), day)


def since(begun: date, read: date) -> Period:
    """Return what a counter covers that was read on a day: it is another counter on every day."""
    return Period(min(begun, read), read + timedelta(days=1), read, "lifetime")


class Subject(NamedTuple):
    """What figures are about, when they were counted, how firm they are and by what rule."""

    key: str
    period: Period
    zone: str
    finality: Finality
    definition: str
    content_id: str | None = None
    product_id: str | None = None
    creator_id: str | None = None
    campaign_id: str | None = None
    joinable: bool = True
    prefix: str = ""
    """How the names of its metrics begin; keys leave it out."""


class Figure(NamedTuple):
    """A count, or an amount in minor units of `currency`."""

    metric: str
    value: int
    currency: str | None = None
    definition: str | None = None
    """By what rule this one was counted; None: as its subject says."""
    removed: bool = False


def measures(raw: Raw, platform: str, subject: Subject, figures: Iterable[Figure]) -> Iterator[Measure]:
    """Yield a measure for each figure."""
    period = subject.period
    mark = "" if period.mark is None else f"/{period.mark}"
    for figure in figures:
        # by place, which takes half the time: there are more figures than anything else
        yield Measure(
            *head(raw, f"{subject.key}/{figure.metric}{mark}"),
            platform,
            f"{subject.prefix}{figure.metric}",
            subject.content_id,
            subject.product_id,
            subject.creator_id,
            period.start,
            period.end,
            subject.zone,
            figure.value,
            figure.currency,
            subject.finality,
            figure.definition or subject.definition,
            subject.joinable,
            figure.removed,
            period.span,
            subject.campaign_id,
        )


def settled(body: Row) -> Finality:
    """Return how firm a record's figures are: final once the connector says that they are not restated any more."""
    return "final" if body.get("settled") else "estimate"
