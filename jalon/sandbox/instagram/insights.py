"""Insights of Instagram, played. One metric that does not suit a media fails the whole request; what has no data is [].

Own reading of the references of IG Media Insights and IG User Insights (v26.0).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.looks import PACIFIC, Counts, ends
from jalon.sandbox.graph_api.words import Call, Refused, Row
from jalon.sandbox.instagram.media import Media
from jalon.sandbox.posts import Looks
from jalon.sandbox.world import Post

FEWEST_VIEWERS = 5
"""Of a story, below which nothing is told."""

Count = Callable[[Looks], int]
COUNTS: dict[str, Count] = {
    "views": lambda seen: seen.views,
    "reach": lambda seen: seen.reach,
    "likes": lambda seen: seen.likes,
    "comments": lambda seen: seen.comments,
    "saved": lambda seen: seen.saves,
    "saves": lambda seen: seen.saves,
    "shares": lambda seen: seen.shares,
    "reposts": lambda seen: seen.shares // 2,
    "total_interactions": lambda seen: seen.likes + seen.comments + seen.saves + seen.shares,
    "follows": lambda seen: seen.likes // 20,
    "profile_visits": lambda seen: seen.clicks // 2,
    "replies": lambda seen: seen.comments,
    "link_clicks": lambda seen: seen.clicks,
    "accounts_engaged": lambda seen: seen.likes,
    "ig_reels_video_view_total_time": lambda seen: seen.views * 4200,
    "ig_reels_avg_watch_time": lambda _: 4200,
    "facebook_views": lambda seen: seen.views // 10,
    "crossposted_views": lambda seen: seen.views + seen.views // 10,
}
_POST = {"views", "reach", "likes", "comments", "saved", "shares", "reposts", "total_interactions"}
SUPPORTED: dict[str, set[str]] = {
    "FEED": _POST | {"follows", "profile_visits", "profile_activity"},
    "REELS": _POST | {"ig_reels_video_view_total_time", "ig_reels_avg_watch_time"},
    "STORY": {"views", "reach", "shares", "total_interactions", "replies", "follows", "profile_visits", "link_clicks"}
    | {"navigation", "profile_activity"},
}
CUT: dict[str, tuple[str, Callable[[Looks], dict[str, int]]]] = {
    "profile_activity": ("action_type", lambda seen: {"bio_link_clicked": seen.clicks // 3, "email": seen.clicks // 9}),
    "navigation": (
        "story_navigation_action_type",
        lambda seen: {"tap_forward": seen.views // 2, "tap_back": seen.views // 9, "tap_exit": seen.views // 5},
    ),
    "follows_and_unfollows": (
        "follow_type",
        lambda seen: {"FOLLOWER": seen.likes // 20, "NON_FOLLOWER": seen.likes // 90},
    ),
    "profile_links_taps": ("contact_button_type", lambda seen: {"EMAIL": seen.clicks // 9, "CALL": seen.clicks // 20}),
}
OF_ACCOUNT = {
    "views",
    "reach",
    "accounts_engaged",
    "total_interactions",
    "likes",
    "comments",
    "saves",
    "shares",
    "replies",
}


class Insights:
    """Figures as they are shown at a moment."""

    def __init__(self, media: Media, counts: Counts, clock: Clock, account: str) -> None:
        self._media = media
        self._counts = counts
        self._clock = clock
        self._account = account
        kept = [post for post in counts.posts if post.kind != "story"]
        self.before_business = kept[0].id if kept else ""
        """The media that is older than the business account."""

    def media(self, call: Call) -> Row:
        """Answer GET /{ig-media-id}/insights."""
        media = call.path[0]
        post = self._media.find(media)
        kind = {"reel": "REELS", "story": "STORY"}.get(post.kind, "FEED")
        if media == self.before_business:
            raise Refused(100, "Media posted before business account conversion", 2108006)
        names = _metrics(call)
        for name in names:
            if name not in SUPPORTED[kind]:
                raise Refused(
                    100, f"The Media Insights API does not support the {name} metric for this media product type"
                )
        seen = self._counts.of_post(post, self._clock.now())
        if kind == "STORY" and (seen.reach < FEWEST_VIEWERS or self._few(names, seen)):
            raise Refused(10, "Not enough viewers for the media to show insights")
        return {
            "data": [_row(call, name, seen, f"{media}/insights", "lifetime") for name in names] if seen.views else []
        }

    def _few(self, names: list[str], seen: Looks) -> bool:
        """Say whether too few did with a story what is asked for by what they did."""
        return any(sum(CUT[name][1](seen).values()) < FEWEST_VIEWERS for name in names if name in CUT)

    def account(self, call: Call) -> Row:
        """Answer GET /{ig-user-id}/insights: one day of Pacific time, as a total."""
        if call.query.get("period") != "day" or call.query.get("metric_type") != "total_value":
            raise Refused(100, "Param period must be day and metric_type must be total_value")
        names = _metrics(call)
        for name in names:
            if name not in OF_ACCOUNT and name not in CUT:
                raise Refused(100, f"metric[0] must be one of the following values: {', '.join(sorted(OF_ACCOUNT))}")
        day = _day(call)
        seen = self._counts.of_day(day, self._clock.now()) if day is not None else Looks()
        rows = [_row(call, name, seen, f"{self._account}/insights", "day") for name in names]
        return {"data": rows if seen.views else []}

    def story(self, post: Post) -> Row:
        """Return the last figures of a story, as a delivery tells them."""
        seen = self._counts.of_post(post, post.posted_at + 86_400)
        return {
            "media_id": post.id,
            "impressions": seen.views,
            "reach": seen.reach,
            "taps_forward": seen.views // 2,
            "taps_back": seen.views // 9,
            "exits": seen.views // 5,
            "replies": seen.comments,
        }


def _metrics(call: Call) -> list[str]:
    names = [name for name in call.query.get("metric", "").split(",") if name]
    if not names:
        raise Refused(100, "The parameter metric is required")
    return names


def _row(call: Call, name: str, seen: Looks, path: str, period: str) -> Row:
    row: Row = {
        "name": name,
        "period": period,
        "title": name.title(),
        "description": "",
        "id": f"{path}/{name}/{period}",
    }
    breakdown = call.query.get("breakdown")
    if name in CUT:
        wanted, parts = CUT[name]
        return row | {"total_value": _cut(parts(seen), wanted, breakdown)}
    if breakdown:
        raise Refused(1, "An unknown error has occurred.", status=500)
    if period == "day":
        return row | {"total_value": {"value": COUNTS[name](seen)}}
    return row | {"values": [{"value": COUNTS[name](seen)}]}


def _cut(parts: dict[str, int], wanted: str, breakdown: str | None) -> Row:
    whole: Row = {"value": sum(parts.values())}
    if breakdown is None:
        return whole
    if breakdown != wanted:
        raise Refused(1, "An unknown error has occurred.", status=500)
    results = [{"dimension_values": [part], "value": value} for part, value in parts.items()]
    return whole | {"breakdowns": [{"dimension_keys": [breakdown], "results": results}]}


def _day(call: Call) -> date | None:
    """Return the Pacific day that is asked for; None where the bounds are those of no day."""
    since, until = int(call.query.get("since", 0)), int(call.query.get("until", 0))
    day = datetime.fromtimestamp(since, UTC).astimezone(PACIFIC).date()
    return day if ends(day) == until else None
