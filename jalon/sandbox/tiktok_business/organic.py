"""The business account, played: its videos with what was counted since their posting, and its days.

Own reading of https://business-api.tiktok.com/portal/docs?id=1733327057319937 and
https://business-api.tiktok.com/portal/docs?id=1762228399168514: a UTC day is counted two days later, of the day before
a half is shown; a year after its posting a video is not counted any further; the figures of reach and of watching are
missing for an account that has not posted for a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from jalon.sandbox.clock import Clock
from jalon.sandbox.posts import Looks, looks
from jalon.sandbox.tiktok_business.door import OPEN_ID
from jalon.sandbox.tiktok_business.words import Call, Refused, Row, utc_day
from jalon.sandbox.world import Post, World

USERNAME = "atelier.jalon"
FOLLOWERS = 4210
FROZEN = 365
IDLE = 7
KEPT = 60
DAY = 86_400
ONE_DAY = timedelta(days=1)
OF_ACTIVE = ("reach", "total_time_watched")
_FIELDS = """
    item_id caption create_time share_url video_views likes comments shares favorites reach total_time_watched
    full_video_watched_rate website_clicks profile_views
"""
FIELDS = frozenset(_FIELDS.split())
_OF_ACCOUNT = """
    username display_name is_business_account followers_count video_views profile_views likes comments shares
"""
OF_ACCOUNT = frozenset(_OF_ACCOUNT.split())


@dataclass(slots=True)
class Organic:
    """One business account."""

    world: World
    clock: Clock
    scopes: set[str]

    @property
    def posts(self) -> list[Post]:
        """Return the account's posts, up or not, oldest first."""
        return [post for post in self.world.posts if post.network == "tiktok"]

    # --- answers

    def videos(self, call: Call) -> Row:
        """Answer GET business/video/list/: newest first; the cursor counts videos."""
        _own(call)
        wanted, most = call.named("fields", FIELDS, ["item_id"]), call.number("max_count", 10, 20)
        cursor = call.query.get("cursor", "0")
        if not cursor.isdecimal():
            raise Refused(40002, "cursor: Not a valid integer.")
        up = [post for post in reversed(self.posts) if post.is_up(self.clock.now())]
        end = int(cursor) + most
        rows = [self._video(post, wanted) for post in up[int(cursor) : end]]
        return {"videos": rows, "cursor": end, "has_more": end < len(up)}

    def account(self, call: Call) -> Row:
        """Answer GET business/get/: the profile, and figures by day where days are asked for."""
        _own(call)
        wanted = call.named("fields", OF_ACCOUNT, ["display_name"])
        profile: Row = {"username": USERNAME, "display_name": "Atelier Jalon", "is_business_account": True}
        found: Row = {name: profile[name] for name in wanted if name in profile}
        if "start_date" not in call.query:
            return found
        if "user.insights" not in self.scopes:
            raise Refused(40001, "The account has not authorized scope user.insights.")
        first, last = call.days()
        today = utc_day(self.clock.now())
        if last >= today or first < today - timedelta(days=KEPT):
            raise Refused(40002, f"start_date, end_date: must lie within the last {KEPT} days, before today.")
        days = [day for day in self.days(first, last) if self.was_there(day)]
        return found | {"metrics": [{name: row[name] for name in ("date", *wanted) if name in row} for row in days]}

    # --- figures

    def was_there(self, row: Row) -> bool:
        """Say whether the account was there on the day of a row."""
        return bool(row["date"] >= utc_day(self.world.start).isoformat())

    def counted(self, post: Post) -> Row:
        """Return what is counted of a post by now, since its posting."""
        first, today = utc_day(post.posted_at), utc_day(self.clock.now())
        until = min(today - 2 * ONE_DAY, first + timedelta(days=FROZEN))
        found = _sum(self.world.seed, post, first, until)
        counts = {
            "video_views": found.views,
            "likes": found.likes,
            "comments": found.comments,
            "shares": found.shares,
            "favorites": found.saves,
            "reach": found.reach,
            "total_time_watched": found.views * 3.25,
            "website_clicks": found.clicks,
            "profile_views": found.clicks // 2,
        }
        if self._is_idle():
            return {name: value for name, value in counts.items() if name not in OF_ACTIVE}
        return counts

    def _is_idle(self) -> bool:
        now = self.clock.now()
        return max((post.posted_at for post in self.posts if post.posted_at <= now), default=0) < now - IDLE * DAY

    def days(self, first: date, last: date) -> Iterator[Row]:
        """Yield the account's days as they are shown by now."""
        while first <= last:
            whole = first <= utc_day(self.clock.now()) - 2 * ONE_DAY
            seen = [looks(self.world.seed, post, first) for post in self.posts]
            part = 1 if whole else 2
            yield {
                "date": first.isoformat(),
                "followers_count": FOLLOWERS + (first - utc_day(self.world.start)).days * 3,
                "video_views": sum(each.views for each in seen) // part,
                "profile_views": sum(each.clicks for each in seen) // 2 // part,
                "likes": sum(each.likes for each in seen) // part,
                "comments": sum(each.comments for each in seen) // part,
                "shares": sum(each.shares for each in seen) // part,
            }
            first += ONE_DAY

    def _video(self, post: Post, wanted: list[str]) -> Row:
        row = {
            "item_id": post.id,
            "caption": post.title,
            "create_time": str(post.posted_at),
            "share_url": f"https://www.tiktok.com/@{USERNAME}/video/{post.id}?utm_campaign=tt4d&share_id=canary",
            "full_video_watched_rate": 0.31,
            **self.counted(post),
        }
        return {name: row[name] for name in wanted if name in row}


@lru_cache(maxsize=4096)
def _sum(seed: int, post: Post, first: date, until: date) -> Looks:
    if until < first:
        return Looks()
    days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
    return Looks(*(sum(each) for each in zip(*(looks(seed, post, day) for day in days), strict=True)))


def _own(call: Call) -> None:
    if call.needed("business_id") != OPEN_ID:
        raise Refused(40001, "The business account is not authorized.")
