"""Read the account's figures by day, and the Pins of others that lead to the brand's site.

https://developers.pinterest.com/docs/api/v5/user_account-analytics
https://developers.pinterest.com/docs/api/v5/user_account-analytics-top_pins

The figures of others' Pins (`OTHER_PINS`: saved from the claimed site by strangers) are known for the account as a
whole; Pin by Pin only for the 50 that led to the most outbound clicks. A day's list is asked for as a window of that
one day, since the platform sums over what it is asked, and kept once its figures are firm: while they are estimates,
Pins still come into the list and fall out of it again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Record, Request, Session, Skipped, Window
from jalon.connectors.pinterest.answers import DAY, FARTHEST, today
from jalon.connectors.pinterest.pins import span, with_figures

ACCOUNT = "/user_account/analytics"
TOP_PINS = "/user_account/analytics/top_pins"
SORTED_BY = "OUTBOUND_CLICK"
METRICS = "ENGAGEMENT,IMPRESSION,OUTBOUND_CLICK,PIN_CLICK,SAVE"
MOST = "50"
NOT_READY = 6 * 3600
"""Seconds until a day that is not counted yet is asked for again."""
SURELY_THERE = timedelta(days=7)
"""After a day's end, whatever the answer says of it."""
MOVING = ("PROCESSING", "ESTIMATE")

CUTS: dict[str, dict[str, str]] = {
    "own": {"source": "YOUR_PINS", "pin_format": "ALL"},
    "own_product": {"source": "YOUR_PINS", "pin_format": "ORGANIC_PRODUCT"},
    "others": {"source": "OTHER_PINS", "pin_format": "ALL"},
    "others_product": {"source": "OTHER_PINS", "pin_format": "ORGANIC_PRODUCT"},
}
"""What the account's figures are cut by. Advertising is left out: it is in the ads reports."""


async def pull_account(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the account's days, cut by cut; the cursor names the cut."""
    names = list(CUTS)
    start = names.index(window.cursor) if window.cursor in CUTS else 0
    for name, following in zip(names[start:], [*names[start + 1 :], None], strict=True):
        query = {**span(session), **CUTS[name], "content_type": "ORGANIC", "metric_types": METRICS}
        answer = await session.ask(Request("GET", ACCOUNT, {**query, "split_field": "NO_SPLIT"}))
        days = [Record(f"{name}/{day['date']}", 0, {**day, "cut": name}) for day in with_figures(answer.data)]
        yield Batch(records=days, cursor=following)


async def pull_top_pins(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the Pins of others that led to the most clicks on one day, once the day's figures are firm."""
    day = window.low.astimezone(UTC).date()
    if today(session) - day > FARTHEST:
        yield Batch(skipped=[Skipped(day.isoformat(), "too_old", "the platform answers for 90 days")])
        return
    answer = await session.ask(Request("GET", TOP_PINS, _of_day(day)))
    pins = [pin for pin in rows(answer.data, "pins") if part(pin, "metrics")]
    if not _is_counted(answer.data, pins, day, session):
        yield Batch(later=session.now() + NOT_READY)
        return
    yield Batch(records=[_record(pin, day) for pin in pins])


def _of_day(day: date) -> dict[str, str]:
    return {
        "start_date": day.isoformat(),
        "end_date": day.isoformat(),
        "sort_by": SORTED_BY,
        "source": "OTHER_PINS",
        "content_type": "ORGANIC",
        "metric_types": METRICS,
        "num_of_pins": MOST,
    }


def _is_counted(data: Any, pins: Sequence[Row], day: date, session: Session) -> bool:
    """Say whether the platform has counted all of a day, and does not call its figures estimates any more."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + DAY
    if session.now() - end >= SURELY_THERE.total_seconds():
        return True
    latest = part(data, "date_availability").get("latest_available_timestamp")
    whole = isinstance(latest, int | float) and latest / 1000 >= end - 1
    return whole and not any(status in MOVING for pin in pins for status in part(pin, "data_status").values())


def _record(pin: Row, day: date) -> Record:
    body = {**pin, "date": day.isoformat(), "source": "OTHER_PINS", "sort_by": SORTED_BY}
    identity = text(pin.get("pin_id"))
    return Record(f"{day}/{identity}" if identity else "", 0, body)
