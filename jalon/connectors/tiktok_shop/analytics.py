"""Read TikTok Shop's analytics: videos and LIVEs by day, and the products in each.

The list of a day is asked for with a window of one day, since the platform sums over what it is asked. A day after
`latest_available_date` is not there yet, whatever the answer says: it is never kept, and asked for again later.
Figures are restated for days; each record says with `settled` whether it was read after that, and with `api` which
version counted it, since the meaning of a figure has changed while its name stayed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Batch, Record, Ref, Request, Session, Skip, Skipped, Window
from jalon.connectors.days import age_of
from jalon.connectors.tiktok_shop.answers import data_of, page_token, total, with_token

VIDEOS = "/analytics/202605/shop_videos/performance"
VIDEO_PRODUCTS = "/analytics/202509/shop_videos/{}/products/performance"
LIVES = "/analytics/202609/shop_lives/performance"
LIVE_PRODUCTS = "/analytics/202512/shop/{}/products_performance"

ACCOUNTS = ("OFFICIAL_ACCOUNTS", "MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS")
"""Whose LIVEs are asked for, in this order: the endpoint takes one kind at a time, and some sellers only their own."""
OWN = ACCOUNTS[:2]
"""Whose LIVEs the platform counts by product."""

NOT_READY = 3 * 3600
"""Seconds until a day that is not available is asked for again."""
SETTLED = timedelta(days=12)
"""After a day's end; the last look-back (14 days, every 20 hours) still reads it later than that."""
SURELY_THERE = timedelta(days=3)
"""After a day's end, for an answer that does not tell its latest day."""


# --- days -------------------------------------------------------------------------------------------------------------


def _zone(session: Session) -> ZoneInfo:
    return ZoneInfo(session.settings.timezone)


def _available(data: Row, day: date, session: Session) -> bool:
    """Say whether the platform has counted a day."""
    latest = text(data.get("latest_available_date"))
    if latest:
        return latest[:10] >= day.isoformat()
    return age_of(session, day, _zone(session)) >= SURELY_THERE


def _stamp(path: str, last: date, session: Session) -> dict[str, Any]:
    """Return what a record says about its figures: the API version in its path, and whether they are settled."""
    return {"api": path.split("/")[2], "settled": age_of(session, last, _zone(session)) >= SETTLED}


def one_day(day: date) -> dict[str, str]:
    """Return the query for the figures of one day, in the shop's currency."""
    return {
        "start_date_ge": day.isoformat(),
        "end_date_lt": (day + timedelta(days=1)).isoformat(),
        "currency": "LOCAL",
        "page_size": "100",
    }


# --- lists of a day ---------------------------------------------------------------------------------------------------


async def pull_videos(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the videos of a day with their figures, and a ref to the products of each that did something for them."""
    day = window.low.astimezone(_zone(session)).date()
    query = {**one_day(day), "account_type": "ALL", "sort_field": "post_time", "sort_order": "ASC"}
    token: str | None = window.cursor or ""
    while token is not None:
        data = data_of(await session.ask(Request("GET", VIDEOS, with_token(query, token))))
        if not _available(data, day, session):
            yield Batch(cursor=window.cursor, later=session.now() + NOT_READY)
            return
        found = rows(data, "videos")
        token = page_token(data)
        yield Batch(
            records=_by_day(found, day, _stamp(VIDEOS, day, session)),
            cursor=token,
            total=total(data),
            follow=[Ref("video_products", f"{text(video['id'])}/{day}") for video in found if _has_products(video)],
        )


def _by_day(found: Iterable[Row], day: date, stamp: Row) -> list[Record]:
    return [Record(_key(day.isoformat(), row), 0, {**row, **stamp, "day": day.isoformat()}) for row in found]


def _key(parent: str, row: Row) -> str:
    """Return parent / id; none where there is no id."""
    return f"{parent}/{text(row.get('id'))}" if text(row.get("id")) else ""


_OF_PRODUCTS = ("product_clicks", "items_sold", "sku_orders")


def _has_products(video: Row) -> bool:
    """Say whether a product was clicked or sold: figures that are left out, or late, must not hide the others."""
    return bool(text(video.get("id"))) and any(video.get(name) not in (None, 0, "0", "") for name in _OF_PRODUCTS)


async def pull_lives(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the LIVEs of a day, account kind by account kind; the cursor is `kind|page token`."""
    day = window.low.astimezone(_zone(session)).date()
    position: str | None = window.cursor or f"{ACCOUNTS[0]}|"
    while position is not None:
        account, _, token = position.partition("|")
        query = {**one_day(day), "account_type": account}
        try:
            data = data_of(await session.ask(Request("GET", LIVES, with_token(query, token))))
        except Skip as refusal:
            if account in OWN:
                raise
            yield Batch(skipped=[Skipped(f"{day}/{account}", "refused", refusal.reason)])
            return
        if not _available(data, day, session):
            yield Batch(cursor=position, later=session.now() + NOT_READY)
            return
        found = rows(data, "live_stream_sessions")
        position = _next(account, page_token(data))
        yield Batch(
            records=_by_day(found, day, _stamp(LIVES, day, session)),
            cursor=position,
            follow=[_products_of(live, day, session) for live in found if account in OWN and text(live.get("id"))],
        )


def _next(account: str, token: str | None) -> str | None:
    """Return where to go on: the next page of this kind of account, else the next kind."""
    if token:
        return f"{account}|{token}"
    following = ACCOUNTS[ACCOUNTS.index(account) + 1 :]
    return f"{following[0]}|" if following else None


def _products_of(live: Row, day: date, session: Session) -> Ref:
    """Return the ref `live id/first day/day after the last`: the platform counts products over the whole LIVE."""
    first, last = (_local_day(live.get(name), session) or day for name in ("start_time", "end_time"))
    return Ref("live_products", f"{text(live['id'])}/{first}/{max(first, last) + timedelta(days=1)}")


def _local_day(at: Any, session: Session) -> date | None:
    seconds = text(at)
    if not seconds.isdecimal() or not 0 < int(seconds) < 1 << 32:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(_zone(session)).date()


# --- products of one content ------------------------------------------------------------------------------------------


async def fetch_video_products(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the products of one video on one day (`video id/day`) in one batch."""
    video, _, day_text = key.partition("/")
    day = date.fromisoformat(day_text)
    path, query = VIDEO_PRODUCTS.format(video), one_day(day)
    about = {"video_id": video, "day": day_text, **_stamp(VIDEO_PRODUCTS, day, session)}
    records: list[Record] = []
    token: str | None = ""
    while token is not None:
        data = data_of(await session.ask(Request("GET", path, with_token(query, token))))
        if not _available(data, day, session):
            yield Batch(later=session.now() + NOT_READY)
            return
        records += [Record(_key(f"{day_text}/{video}", row), 0, {**row, **about}) for row in rows(data, "products")]
        token = page_token(data)
    yield Batch(records=records)


async def fetch_live_products(session: Session, key: str) -> AsyncIterator[Batch]:
    """Yield the products of one LIVE (`live id/first day/day after the last`) in one batch."""
    live, start, end = key.split("/")
    data = data_of(await session.ask(Request("GET", LIVE_PRODUCTS.format(live), {"currency": "LOCAL"})))
    last = date.fromisoformat(end) - timedelta(days=1)
    about = {"live_id": live, "start": start, "end": end, **_stamp(LIVE_PRODUCTS, last, session)}
    yield Batch(records=[Record(_key(live, row), 0, {**row, **about}) for row in rows(data, "products")])


def well_formed(stream: str, key: str) -> bool:
    """Say whether a key can be read by `fetch_video_products` or `fetch_live_products`."""
    content, *days = key.split("/")
    if not (content.isascii() and content.isdigit()) or len(days) != (1 if stream == "video_products" else 2):
        return False
    return all(_is_day(day) for day in days)


def _is_day(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


async def fetch(session: Session, stream: str, keys: Sequence[str]) -> AsyncIterator[Batch]:
    """Yield the products of one content, by the ref that its list left behind."""
    (key,) = keys
    if not well_formed(stream, key):
        yield Batch(skipped=[Skipped(key, "bad_id", f"{key[:60]!r} names no content and day")])
        return
    read = fetch_video_products if stream == "video_products" else fetch_live_products
    async for batch in read(session, key):
        yield batch
