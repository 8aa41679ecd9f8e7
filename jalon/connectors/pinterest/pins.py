"""Read Pins, and the figures of each by day.

https://developers.pinterest.com/docs/api/v5/pins-list, https://developers.pinterest.com/docs/api/v5/pins-analytics

The list is never filtered by creative type: together with protected Pins such a question is known to time out. A Pin's
figures cost one request whatever the stretch of time, so all 90 days are asked for; those of a Pin that nobody has seen
in that time are not asked for at all. Days that come without figures are not there: they are no zeros.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Record, Ref, Request, Session, Skipped, Wait, Window
from jalon.connectors.pinterest.answers import bookmark, earliest, is_id, items, page, today

PINS = "/pins"
ANALYTICS = "/pins/{}/analytics"
PAGE = "250"

# Two lists that the platform keeps apart: those of one kind of Pin are refused for the other. Rates and averages follow
# from counts; TOTAL_COMMENTS and TOTAL_REACTIONS are no figures of a day.
METRICS = {
    "standard": ("IMPRESSION", "OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "USER_FOLLOW", "PROFILE_VISIT"),
    "video": (
        "IMPRESSION",
        "OUTBOUND_CLICK",
        "PIN_CLICK",
        "SAVE",
        "VIDEO_MRC_VIEW",
        "VIDEO_START",
        "VIDEO_10S_VIEW",
        "QUARTILE_95_PERCENT_VIEW",
        "VIDEO_V50_WATCH_TIME",
    ),
}


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield all Pins, page by page; the cursor is the platform's bookmark."""
    query = {"page_size": PAGE, "pin_metrics": "true"}
    if session.settings.protected_pins:
        query["include_protected_pins"] = "true"
    mark: str | None = window.cursor or ""
    while mark is not None:
        answer = await session.ask(Request("GET", PINS, page(query, mark)))
        found, mark = items(answer), bookmark(answer)
        yield Batch(records=[Record(text(pin.get("id")), 0, pin) for pin in found], cursor=mark, follow=days_of(found))


def days_of(pins: Iterable[Row]) -> list[Ref]:
    """Return a ref to the figures of each Pin that may have any within 90 days."""
    return [
        Ref("pin_days", f"{pin['id']}/{_kind(pin)}") for pin in pins if is_id(text(pin.get("id"))) and _is_seen(pin)
    ]


def _kind(pin: Row) -> str:
    return "video" if "video" in text(part(pin, "media").get("media_type")) else "standard"


def _is_seen(pin: Row) -> bool:
    """Say whether a Pin was looked at in 90 days; where the platform does not tell, it may have been."""
    counted = part(part(pin, "pin_metrics"), "90d")
    return not counted or any(value != 0 for value in counted.values())


async def fetch(session: Session, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the days of one Pin (`Pin id/kind`) that have figures."""
    (key,) = keys
    pin, _, kind = key.partition("/")
    if not is_id(pin) or kind not in METRICS:
        yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:60]!r} names no Pin and kind")])
        return
    query = {**span(session), "metric_types": ",".join(METRICS[kind]), "app_types": "ALL", "split_field": "NO_SPLIT"}
    answer = await session.ask(Request("GET", ANALYTICS.format(pin), query))
    yield Batch(
        records=[Record(f"{pin}/{day['date']}", 0, {**day, "pin_id": pin}) for day in with_figures(answer.data)]
    )


def span(session: Session) -> dict[str, str]:
    """Return the days that figures are asked for, both included."""
    return {"start_date": earliest(session).isoformat(), "end_date": today(session).isoformat()}


def with_figures(data: Any) -> list[Row]:
    """Return the days of an answer that is not split, without those that hold no figures."""
    whole = data.get("all")
    if not isinstance(whole, dict):
        raise Wait("the answer holds no figures under 'all'")
    days = rows(whole, "daily_metrics")
    return [day for day in days if text(day.get("date")) and part(day, "metrics")]
