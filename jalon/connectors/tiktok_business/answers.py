"""Ask the TikTok API for Business, and take apart what it answers: envelopes, pages, ids, days.

https://business-api.tiktok.com/portal/docs?id=1740302848100353. Lists and objects in a query are JSON in text. A page
without rows has no `list` at all, so the end is told by `page_info`, never by an empty page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from jalon.connectors.answers import Row, part, text
from jalon.connectors.base import Answer, Request, Session, Wait, Window
from jalon.connectors.days import today, zone_of
from jalon.connectors.wire import encode

ADS = "ads"
"""Role of the API where it is asked about the ad account: with that account's own token, which the engine need not
keep, since it is never renewed (hence `anonymous`)."""
PAGE = "1000"
ONE_DAY = timedelta(days=1)


def about_ads(session: Session, path: str, **query: Any) -> Request:
    """Return a question about the ad account; what is no text in the query is written as JSON."""
    named = {"advertiser_id": session.settings.advertiser_id, **query}
    return Request("GET", path, written(named), host=ADS, anonymous=True)


def about_account(session: Session, path: str, **query: Any) -> Request:
    """Return a question about the business account."""
    return Request("GET", path, written({"business_id": session.account["open_id"], **query}))


def written(query: Row) -> dict[str, str]:
    """Return a query with lists and objects as the platform wants them: JSON in text."""
    return {name: value if isinstance(value, str) else encode(value).decode() for name, value in query.items()}


def data_of(answer: Answer) -> Row:
    """Return the `data` of an envelope. Raises `Wait` if it is no object."""
    data = answer.data.get("data")
    if not isinstance(data, dict):
        raise Wait("the answer's 'data' is no object")
    return data


def next_page(data: Row, page: int) -> int | None:
    """Return the number of the next page; None at the end. Raises `Wait` where the answer does not tell."""
    pages = part(data, "page_info").get("total_page")
    if type(pages) is not int:
        raise Wait("the answer does not say how many pages there are")
    return page + 1 if page < pages else None


# --- days of the ad account -------------------------------------------------------------------------------------------


def days_of(session: Session, window: Window) -> tuple[date, date]:
    """Return the first and the last day of a window, both included as the reports want them; none is to come."""
    zone = zone_of(session)
    first, last = window.low.astimezone(zone), (window.high - timedelta(microseconds=1)).astimezone(zone)
    return first.date(), min(last.date(), today(session, zone))


def day_in(written_day: Any) -> date | None:
    """Return the day in `2026-11-19 00:00:00` or `2026-11-19`; None where it is none."""
    try:
        return date.fromisoformat(text(written_day)[:10])
    except ValueError:
        return None


def spans(first: date, last: date, most: int) -> Iterator[tuple[date, date]]:
    """Yield the days from first to last in stretches of at most `most`, both ends included."""
    while first <= last:
        end = min(last, first + timedelta(days=most - 1))
        yield first, end
        first = end + ONE_DAY
