"""What the meanings of TikTok for Business' records share: figures, what they are about, days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal, NamedTuple

from jalon.normalize.fields import Row, count, needed, text
from jalon.normalize.records import head
from jalon.normalize.vocabulary import Measure, Raw, Span, Unfit

PLATFORM = "tiktok_business"
CLAIMED = "attributed_"
"""How the names of what is claimed begin."""

Finality = Literal["final", "estimate", "processing"]


class Figure(NamedTuple):
    """A count, or an amount of money."""

    metric: str
    value: int
    currency: str | None = None


class Subject(NamedTuple):
    """What figures are about, over which days, and how firm they are."""

    key: str
    mark: date
    start: date
    end: date
    zone: str
    finality: Finality
    definition: str
    rule: str = ""
    """By which the platform claims what it does; it stands beside claims alone."""
    span: Span = "days"
    content: str | None = None
    product: str | None = None
    campaign: str | None = None
    creator: str | None = None


def counts(row: Row, names: dict[str, str]) -> Iterator[Figure]:
    """Yield the counts that are there."""
    for name, metric in names.items():
        if row.get(name) not in (None, ""):
            yield Figure(metric, count(row[name], name))


def measures(raw: Raw, subject: Subject, figures: Iterable[Figure]) -> Iterator[Measure]:
    """Yield figures as measures."""
    for figure in figures:
        claimed = figure.metric.startswith(CLAIMED)
        yield Measure(
            *head(raw, f"{subject.key}/{figure.metric}/{subject.mark}"),
            platform=PLATFORM,
            metric=figure.metric,
            content_id=subject.content,
            product_id=subject.product,
            creator_id=subject.creator,
            start_date=subject.start,
            end_date=subject.end,
            zone=subject.zone,
            value=figure.value,
            currency=figure.currency,
            finality=subject.finality,
            definition=f"{subject.definition}; {subject.rule}" if claimed else subject.definition,
            span=subject.span,
            campaign_id=subject.campaign,
        )


def definition(body: Row, rule: str) -> str:
    """Return the API version and what was counted by it."""
    return f"{text(body, 'api') or 'unknown version'} {rule}"


def day_in(body: Row, name: str) -> date:
    """Return a day. Raises `Unfit('impossible_date')`."""
    try:
        found = date.fromisoformat(needed(body, name)[:10])
    except ValueError:
        raise Unfit("impossible_date", f"{str(body[name])[:40]!r} is no day") from None
    if not 2000 <= found.year < 2100:
        raise Unfit("impossible_date", f"{found} is not between 2000 and 2100")
    return found
