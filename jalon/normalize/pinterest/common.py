"""What the meanings of Pinterest's records share: the platform's name, days, figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from jalon.normalize.fields import count
from jalon.normalize.records import head
from jalon.normalize.vocabulary import Measure, Raw, Span

PLATFORM = "pinterest"
ZONE = "UTC"
"""Pinterest counts by UTC days: https://developers.pinterest.com/docs/api/v5/pins-analytics, `start_date`."""
API = "v5"

Finality = Literal["final", "estimate", "processing"]

# https://developers.pinterest.com/docs/api/v5/pins-analytics, schema DataStatus
FINALITY: dict[str, Finality] = {"READY": "final", "ESTIMATE": "estimate", "PROCESSING": "processing"}
NOT_COUNTED = ("BEFORE_", "IN_BAD_TAG_DATE")
"""Beginnings of a status under which nothing was counted: what figures come with it mean nothing."""
WITHHELD = "_SMALLER_THAN_THRESHOLD"
"""End of a status under which a figure is withheld, since it is about too few people."""


def finality(status: Any) -> Finality | None:
    """Return how firm a figure is; None: there is none. A status that is not known yet is no final one."""
    if not isinstance(status, str) or not status:
        return "estimate"
    if status.startswith(NOT_COUNTED) or status.endswith(WITHHELD):
        return None
    return FINALITY.get(status, "estimate")


def whole(value: Any, name: str) -> int:
    """Return a count, which the platform may write as 240.0. Raises `Unfit('negative_quantity')` for what is none."""
    return count(int(value) if type(value) is float and value.is_integer() else value, name)


def measure(
    raw: Raw,
    key: str,
    metric: str,
    value: int,
    *,
    start: date,
    end: date | None = None,
    content_id: str | None = None,
    product_id: str | None = None,
    campaign_id: str | None = None,
    currency: str | None = None,
    finality: Finality,
    definition: str,
    span: Span = "days",
    removed: bool = False,
) -> Measure:
    """Return a figure of one UTC day, or until `end` (exclusive); `removed` takes back what was told of it before."""
    return Measure(
        *head(raw, key),
        platform=PLATFORM,
        metric=metric,
        content_id=content_id,
        product_id=product_id,
        creator_id=None,
        start_date=start,
        end_date=end or start + timedelta(days=1),
        zone=ZONE,
        value=value,
        currency=currency,
        finality=finality,
        definition=f"{API} {definition}",
        removed=removed,
        span=span,
        campaign_id=campaign_id,
    )
