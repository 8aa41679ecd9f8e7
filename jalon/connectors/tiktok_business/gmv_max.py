"""Read GMV Max: what it cost and which sales it claims, by campaign, product, video and LIVE, each by day.

https://business-api.tiktok.com/portal/docs?id=1824721673497601, .../docs?id=1822001168512129

At most three dimensions go into one question, and videos are told only for one campaign and its products. So each
question is about one thing, and its answer says what to ask next:

    a store's campaigns ──▶ the products of each product campaign ──▶ the videos of each product that had any figures
                       └──▶ the LIVEs of each LIVE campaign

One store goes into a question. `filtering` is one object, and the end date belongs to the span: TikTok Shop's own
analytics are otherwise in both. The cursor holds the questions that are left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Literal, NamedTuple

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Batch, Record, Request, Session, Skipped, Window
from jalon.connectors.tiktok_business.answers import PAGE, about_ads, data_of, day_in, days_of, next_page
from jalon.connectors.tiktok_business.faults import Unasked
from jalon.connectors.tiktok_business.reports import is_left_to_the_look_back, stamp
from jalon.connectors.wire import decode, encode

REPORT, STORES, SHOP_VIDEOS = "/gmv_max/report/get/", "/gmv_max/store/list/", "/gmv_max/video/get/"
VIDEOS_AT_ONCE = "50"

Level = Literal["campaign", "product", "item", "room"]


class Cut(NamedTuple):
    """What a level is cut by, which figures it has, and the level below, by kind of campaign."""

    dimension: str
    metrics: tuple[str, ...]
    below: dict[str, Level]


_FIGURES = ("cost", "orders", "gross_revenue")
"""Rates (`roi`, `cost_per_order`) follow from them."""
CUTS: dict[Level, Cut] = {
    "campaign": Cut("campaign_id", (*_FIGURES, "net_cost"), {"PRODUCT": "product", "LIVE": "room"}),
    "product": Cut("item_group_id", _FIGURES, {"PRODUCT": "item"}),
    "item": Cut("item_id", _FIGURES, {}),
    "room": Cut("room_id", _FIGURES, {}),
}


class Asked(NamedTuple):
    """One question: a page of a level's figures, within a campaign, within a product."""

    level: Level
    store: str
    promotion: str
    campaign: str = ""
    product: str = ""
    page: int = 1

    @property
    def name(self) -> str:
        """Return what it is about, as it stands in the quarantine."""
        return "/".join(each for each in (self.level, self.store, self.campaign, self.product) if each)


def cursor_of(left: Iterable[Asked]) -> str | None:
    """Return the questions that are left as text; None at the end."""
    told = [list(asked) for asked in left]
    return encode(told).decode() if told else None


def left_in(cursor: str) -> list[Asked]:
    """Return the questions that a cursor stands for."""
    return [Asked(*asked) for asked in decode(cursor.encode())]


async def pull(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the figures of a window's days, question by question; those without any rows are passed over in silence."""
    if is_left_to_the_look_back(window):
        yield Batch()
        return
    left = left_in(window.cursor) if window.cursor else await _first(session)
    while left:
        found, left = await _step(session, window, left)
        if found.records or found.skipped or not left:
            yield replace(found, cursor=cursor_of(left))


async def _first(session: Session) -> list[Asked]:
    return [
        Asked("campaign", store, promotion)
        for store, _ in await stores(session)
        for promotion in CUTS["campaign"].below
    ]


async def _step(session: Session, window: Window, left: list[Asked]) -> tuple[Batch, list[Asked]]:
    """Ask the last question that is left; return its rows and what is left behind it."""
    asked, rest = left[-1], left[:-1]
    try:
        data = data_of(await session.ask(_question(session, window, asked)))
    except Unasked as fault:
        if asked.level == "campaign":
            raise
        return Batch(skipped=[Skipped(asked.name, "refused", fault.reason)]), rest
    found = rows(data, "list")
    page = next_page(data, asked.page)
    more = [asked._replace(page=page)] if page else []
    below = [each for each in _below(asked, found) if each not in rest]
    return Batch([_record(session, asked, row) for row in found]), [*rest, *below, *more]


def _question(session: Session, window: Window, asked: Asked) -> Request:
    cut, (first, last) = CUTS[asked.level], days_of(session, window)
    filtering: Row = {"gmv_max_promotion_types": [asked.promotion]}
    if asked.campaign:
        filtering["campaign_ids"] = [asked.campaign]
    if asked.product:
        filtering["item_group_ids"] = [asked.product]
    return about_ads(
        session,
        REPORT,
        store_ids=[asked.store],
        dimensions=[cut.dimension, "stat_time_day"],
        metrics=cut.metrics,
        filtering=filtering,
        start_date=first.isoformat(),
        end_date=last.isoformat(),
        page=str(asked.page),
        page_size=PAGE,
    )


def _below(asked: Asked, found: list[Row]) -> list[Asked]:
    """Return the questions that rows lead to, each once; where nothing was counted there is nothing below."""
    level = CUTS[asked.level].below.get(asked.promotion)
    if level is None:
        return []
    ids = [text(part(row, "dimensions").get(CUTS[asked.level].dimension)) for row in found if _counts(row)]
    named = [identity for identity in dict.fromkeys(ids) if identity]
    if asked.level == "campaign":
        return [asked._replace(level=level, page=1, campaign=identity) for identity in named]
    return [asked._replace(level=level, page=1, product=identity) for identity in named]


def _counts(row: Row) -> bool:
    return any(text(value).strip("0.") for value in part(row, "metrics").values())


def _record(session: Session, asked: Asked, row: Row) -> Record:
    dimensions = part(row, "dimensions")
    day, cut = day_in(dimensions.get("stat_time_day")), CUTS[asked.level].dimension
    above = {"campaign_id": asked.campaign, "item_group_id": asked.product}
    ids = {**{name: value for name, value in above.items() if value}, cut: text(dimensions.get(cut))}
    body = {**stamp(session, day), "store_id": asked.store, "promotion": asked.promotion, **ids}
    key = "/".join((str(day), asked.store, *ids.values())) if day and all(ids.values()) else ""
    return Record(key, 0, {**body, "metrics": row.get("metrics")})


# --- stores and their videos ------------------------------------------------------------------------------------------


async def stores(session: Session) -> list[tuple[str, str]]:
    """Return (store id, id of its business centre) of the stores that are wanted and that GMV Max is available for."""
    data = data_of(await session.ask(about_ads(session, STORES)))
    wanted = session.settings.store_ids
    return [
        (text(row.get("store_id")), text(row.get("store_authorized_bc_id")))
        for row in rows(data, "store_list")
        if (text(row.get("store_id")) in wanted if wanted else row.get("is_gmv_max_available") is True)
    ]


async def pull_videos(session: Session, window: Window) -> AsyncIterator[Batch]:
    """Yield the videos that GMV Max may use, with the products in each; the cursor is `store/page`."""
    left = _from(window.cursor, [(store, centre, 1) for store, centre in await stores(session)])
    while left:
        (store, centre, page), *rest = left
        data = data_of(await session.ask(_videos(session, store, centre, page)))
        following = next_page(data, page)
        left = [(store, centre, following), *rest] if following else rest
        cursor = f"{left[0][0]}/{left[0][2]}" if left else None
        yield Batch(records=[_video(store, row) for row in rows(data, "item_list")], cursor=cursor)


def _from(cursor: str | None, places: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Return the places from a cursor on; from the first one where its store is not there any more."""
    at, _, page = (cursor or "").partition("/")
    for number, (store, centre, _) in enumerate(places):
        if store == at:
            return [(store, centre, int(page)), *places[number + 1 :]]
    return places


def _videos(session: Session, store: str, centre: str, page: int) -> Request:
    return about_ads(
        session,
        SHOP_VIDEOS,
        store_id=store,
        store_authorized_bc_id=centre,
        page=str(page),
        page_size=VIDEOS_AT_ONCE,
    )


def _video(store: str, row: Row) -> Record:
    item = text(row.get("item_id"))
    return Record(f"{store}/{item}" if item else "", 0, {**row, "store_id": store})
