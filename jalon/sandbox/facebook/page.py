"""A Facebook page, played: its posts, reels and lives, its catalogue, and the figures of posts and page.

Own reading of the references of Page, Page Post and Insights (v26.0). No figures are shown of a page below 100 likes;
one unknown metric fails the whole request, and the whole impressions family is unknown by now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.door import gone
from jalon.sandbox.graph_api.looks import PACIFIC, Counts, ends
from jalon.sandbox.graph_api.paging import page
from jalon.sandbox.graph_api.words import Call, Refused, Row, shown
from jalon.sandbox.posts import Looks
from jalon.sandbox.world import Post, Product, World

ENOUGH_LIKES = 100
POST_FIELDS = frozenset(
    {
        "attachments", "created_time", "full_picture", "id", "is_published", "message", "permalink_url", "shares",
        "status_type", "updated_time",
    }
)  # fmt: skip
VIDEO_FIELDS = frozenset({"created_time", "description", "id", "length", "permalink_url", "source"})
PRODUCT_FIELDS = frozenset({"availability", "currency", "id", "name", "price", "retailer_id", "review_status", "url"})
CATALOG = "2045678901234567"

Value = Callable[[Looks], int | dict[str, int]]
OF_POST: dict[str, Value] = {
    "post_media_view": lambda seen: seen.views,
    "post_total_media_view_unique": lambda seen: seen.reach,
    "post_clicks_by_type": lambda seen: {"link clicks": seen.clicks, "other clicks": seen.clicks // 2},
    "post_reactions_by_type_total": lambda seen: {"like": seen.likes, "love": seen.likes // 5},
}
OF_PAGE: dict[str, Value] = {
    "page_media_view": lambda seen: seen.views,
    "page_total_media_view_unique": lambda seen: seen.reach,
    "page_post_engagements": lambda seen: seen.likes + seen.comments + seen.shares,
    "page_daily_follows_unique": lambda seen: seen.likes // 20,
    "page_daily_unfollows_unique": lambda seen: seen.likes // 90,
}


def written(at: int) -> str:
    """Return a time as the platform writes it, with an offset that lacks its colon."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class PlayedPage:
    """The page as it is at a moment."""

    def __init__(self, world: World, clock: Clock, counts: Counts, page_id: str) -> None:
        self._clock = clock
        self._counts = counts
        self._page = page_id
        self._world = world
        self.likes = 1200
        self.withdrawn: set[str] = set()
        """Metrics that the platform has taken out of service."""
        self.ids = {product.sku: str(5_209_223_099_000_000 + n) for n, product in enumerate(world.products)}
        """Product ids in the catalogue, by SKU."""

    def name(self, post: Post) -> str:
        """Return the id of a post, which names its page too."""
        return f"{self._page}_{post.id}"

    def posts(self, call: Call) -> Row:
        """Answer GET /{page-id}/published_posts: newest first; the time filter is taken."""
        since, until = int(call.query.get("since", 0)), int(call.query.get("until", 1 << 40))
        found = [post for post in self._of(("image", "link", "video")) if since <= post.posted_at < until]
        fields = call.fields("id,message,created_time")
        return self._page_of(call, found, lambda post: shown(self._post(post), fields, "Post", POST_FIELDS))

    def reels(self, call: Call) -> Row:
        """Answer GET /{page-id}/video_reels: every second of the page's videos is one."""
        fields = call.fields("id,description")
        videos = [post for post in self._of(("video",)) if int(post.id) % 2]
        return self._page_of(call, videos, lambda post: shown(self._video(post), fields, "Video", VIDEO_FIELDS))

    def lives(self, _: Call) -> Row:
        """Answer GET /{page-id}/live_videos: the brand is never live."""
        return {"data": []}

    def products(self, call: Call) -> Row:
        """Answer GET /{catalog-id}/products."""
        fields = call.fields("id,retailer_id,name")
        rows = sorted(self._world.products, key=lambda each: each.sku, reverse=True)
        return page(
            call,
            rows,
            lambda each: each.sku,
            lambda each: shown(self._product(each), fields, "ProductItem", PRODUCT_FIELDS),
        )

    # --- figures

    def post_insights(self, call: Call) -> Row:
        """Answer GET /{post-id}/insights: counters since the posting."""
        post = next((post for post in self._counts.posts if self.name(post) == call.path[0]), None)
        if post is None or not post.is_up(self._clock.now()):
            raise gone("GET", call.path[0])
        seen = self._counts.of_post(post, self._clock.now())
        names = self._known(call, OF_POST)
        if not seen.views or self.likes < ENOUGH_LIKES:
            return {"data": []}
        return {"data": [_row(name, "lifetime", call.path[0], [{"value": OF_POST[name](seen)}]) for name in names]}

    def page_insights(self, call: Call) -> Row:
        """Answer GET /{page-id}/insights by day: values for each day that ends in (since, until], and one more."""
        names = self._known(call, OF_PAGE)
        if self.likes < ENOUGH_LIKES:
            return {"data": []}
        since, until = int(call.query["since"]), int(call.query["until"])
        if until - since > 90 * 86_400:
            raise Refused(100, "There cannot be more than 90 days between since and until")
        day = datetime.fromtimestamp(since, UTC).astimezone(PACIFIC).date()
        days = [day + timedelta(days=n) for n in range(-1, (until - since) // 86_400 + 1)]
        return {
            "data": [
                _row(name, "day", self._page, [self._value(name, each) for each in days if ends(each) <= until])
                for name in names
            ],
            "paging": {
                "previous": f"{call.address}?access_token={call.token}&since={since - 86_400}&until={since}",
                "next": f"{call.address}?access_token={call.token}&since={until}&until={until + 86_400}",
            },
        }

    def _value(self, name: str, day: date) -> Row:
        seen = self._counts.of_day(day, self._clock.now())
        return {"value": OF_PAGE[name](seen), "end_time": written(ends(day))}

    def _known(self, call: Call, offered: dict[str, Value]) -> list[str]:
        names = [name for name in call.query.get("metric", "").split(",") if name]
        if not names or any(name not in offered or name in self.withdrawn for name in names):
            raise Refused(3001, "The value must be a valid insights metric", 1504028)
        return names

    # --- rows

    def _of(self, kinds: Sequence[str]) -> list[Post]:
        now = self._clock.now()
        return [post for post in self._counts.posts if post.kind in kinds and post.posted_at <= now]

    def _page_of(self, call: Call, posts: Sequence[Post], show: Callable[[Post], Row]) -> Row:
        newest = sorted(posts, key=_key, reverse=True)
        now = self._clock.now()
        return page(call, newest, _key, lambda post: show(post) if post.is_up(now) else None)

    def _post(self, post: Post) -> Row:
        kind = {"image": "photo", "link": "link"}.get(post.kind, "video")
        return {
            "id": self.name(post),
            "message": post.title,
            "created_time": written(post.posted_at),
            "updated_time": written(post.posted_at + 60),
            "permalink_url": f"https://www.facebook.com/{self._page}/posts/{post.id}",
            "status_type": {"photo": "added_photos", "video": "added_video"}.get(kind, "shared_story"),
            "is_published": True,
            "attachments": {"data": [{"media_type": kind, "type": kind}]},
        }

    def _video(self, post: Post) -> Row:
        return {
            "id": post.id[::-1],
            "description": post.title,
            "created_time": written(post.posted_at),
            "permalink_url": f"/reel/{post.id[::-1]}/",
        }

    def _product(self, product: Product) -> Row:
        currency, price = sorted(product.prices.items())[0]
        return {
            "id": self.ids[product.sku],
            "retailer_id": product.sku,
            "name": product.title,
            "price": f"${price / 100:,.2f}",
            "currency": currency,
            "availability": "in stock",
            "review_status": "approved",
        }


def _key(post: Post) -> str:
    return f"{post.posted_at:012}/{post.id}"


def _row(name: str, period: str, about: str, values: list[Row]) -> Row:
    title = name.replace("_", " ").title()
    told = {"title": title, "description": "", "id": f"{about}/insights/{name}/{period}"}
    return {"name": name, "period": period, "values": values, **told}
