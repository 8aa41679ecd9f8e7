"""What the played TikTok Shop counts over content: local days, late, then restated."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from seller import Seller

from jalon.sandbox.brand import NOW
from jalon.sandbox.measures import Count
from jalon.sandbox.server import Sandbox
from jalon.sandbox.truth import truth
from jalon.sandbox.world import World

VIDEOS = "/analytics/202605/shop_videos/performance"
LIVES = "/analytics/202609/shop_lives/performance"


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days)]


def _window(first: date, last: date) -> dict[str, str]:
    return {"start_date_ge": first.isoformat(), "end_date_lt": last.isoformat(), "page_size": "100"}


async def _products(seller: Seller, video: str, first: date, last: date) -> list[dict[str, Any]]:
    path = f"/analytics/202509/shop_videos/{video}/products/performance"
    return await seller.all("products", path, _window(first, last), None, "GET")


async def test_a_video_and_its_products_show_the_truth_day_by_day(seller: Seller, world: World) -> None:
    first, last = date(2026, 11, 12), date(2026, 11, 19)
    skus = {product.tiktok_product_id: product.sku for product in world.products}
    shown: dict[tuple[str, str, str], tuple[int, int, int, str]] = {}
    for day in _days(first, last):
        for video in await seller.all("videos", VIDEOS, _window(day, day + timedelta(days=1)), None, "GET"):
            for row in await _products(seller, video["id"], day, day + timedelta(days=1)):
                counts = row["product_impressions"], row["product_clicks"], row["units_sold"], row["gmv"]["amount"]
                shown[video["id"], skus[row["id"]], day.isoformat()] = counts
    told = {
        (m["content"], m["sku"], m["day"]): (m["impressions"], m["clicks"], m["units"], f"{m['gmv'] / 100:.2f}")
        for m in truth(world, NOW)["measures"]
        if m["kind"] == "VIDEO" and first.isoformat() <= m["day"] < last.isoformat()
    }
    assert shown == told
    assert shown


async def test_a_window_is_the_sum_of_its_days(seller: Seller, world: World) -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 15)
    video = next(
        m["content"] for m in truth(world, NOW)["measures"] if m["kind"] == "VIDEO" and m["day"] > "2026-11-05"
    )
    by_day: dict[str, int] = defaultdict(int)
    for day in _days(first, last):
        for row in await _products(seller, video, day, day + timedelta(days=1)):
            by_day[row["id"]] += row["product_clicks"]
    whole = {row["id"]: row["product_clicks"] for row in await _products(seller, video, first, last)}
    assert whole == by_day
    path = f"/analytics/202509/shop_videos/{video}/performance"
    data = await seller.call("GET", path, _window(first, last) | {"granularity": "1D"})
    intervals = data["performance"]["intervals"]
    assert [interval["start_date"] for interval in intervals] == [day.isoformat() for day in _days(first, last)]
    clicks = sum(interval["sales"]["overall"]["product_clicks"] for interval in intervals)
    assert clicks == sum(by_day.values()) > 0


async def test_a_day_is_ready_in_the_morning_after_and_grows_later(seller: Seller, sandbox: Sandbox) -> None:
    query = _window(date(2026, 11, 18), date(2026, 11, 19)) | {"account_type": "ALL"}
    views, latest = [], []
    for _ in range(6):
        await seller.refresh()
        data = await seller.call("GET", VIDEOS, query)
        views.append(sum(video["views"] for video in data.get("videos", [])))
        latest.append(data["latest_available_date"])
        sandbox.clock.advance(86_400)
    # 12:00 UTC is 7:00 in New York: the day before is ready since an hour.
    assert latest[0] == "2026-11-19"
    assert views == sorted(views)
    assert views[0] < views[-1] == views[-2]


async def test_account_types_part_the_videos(seller: Seller) -> None:
    query = _window(date(2026, 10, 1), date(2026, 11, 19))
    ids = {}
    for word in ("ALL", "OFFICIAL_ACCOUNTS", "MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS"):
        rows = await seller.all("videos", VIDEOS, query | {"account_type": word}, None, "GET")
        ids[word] = {row["id"] for row in rows}
    assert ids["OFFICIAL_ACCOUNTS"] | ids["AFFILIATE_ACCOUNTS"] == ids["ALL"]
    assert not ids["OFFICIAL_ACCOUNTS"] & ids["AFFILIATE_ACCOUNTS"]
    old_name = await seller.send("GET", VIDEOS, query | {"account_type": "LINKED_ACCOUNTS"})
    assert old_name.json()["code"] == 36009004
    assert (await seller.send("GET", LIVES, query)).json()["code"] == 36009004, "a LIVE list must say whose"


async def test_a_live_shows_its_products_under_the_platforms_spelling(seller: Seller, world: World) -> None:
    query = _window(date(2026, 9, 1), date(2026, 11, 17))
    told: dict[str, int] = defaultdict(int)
    told |= {m["content"]: m["clicks"] for m in truth(world, NOW)["content_measures"] if m["kind"] == "LIVE"}
    creators = query | {"account_type": "AFFILIATE_ACCOUNTS"}
    sessions = await seller.all("live_stream_sessions", LIVES, creators, None, "GET")
    assert sessions
    for session in sessions:
        assert session["traffic"]["product_clicks"] == told[session["id"]]
        closed = await seller.send("GET", f"/analytics/202512/shop/{session['id']}/products_performance")
        assert closed.json()["code"] == 66009315
    own = query | {"account_type": "OFFICIAL_ACCOUNTS"}
    sessions = await seller.all("live_stream_sessions", LIVES, own, None, "GET")
    assert sessions
    for session in sessions:
        data = await seller.call("GET", f"/analytics/202512/shop/{session['id']}/products_performance")
        clicks = sum(product["traffic"]["produt_clicks"] for product in data.get("products", []))
        assert clicks == session["traffic"]["product_clicks"] == told[session["id"]]


COUNTS = st.builds(Count, *[st.integers(0, 10**9)] * 5)


@given(COUNTS, st.integers(0, 100), st.integers(0, 100))
def test_more_of_a_day_never_shows_less(count: Count, one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert count.shown(less).clicks <= count.shown(more).clicks <= count.shown(100).clicks == count.clicks
