"""Media of Instagram, played: posts, stories and lives of one account, their children and product tags.

Own reading of the reference of IG User and IG Media (v26.0). Tags are told of feed posts only, on the children where
there are some; of reels, stories and lives they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from jalon.sandbox.clock import Clock
from jalon.sandbox.graph_api.door import gone
from jalon.sandbox.graph_api.paging import page
from jalon.sandbox.graph_api.words import Call, Refused, Row, shown
from jalon.sandbox.world import Post, World

FIELDS = frozenset(
    {
        "caption", "children", "comments_count", "id", "ig_id", "is_shared_to_feed", "like_count", "media_product_type",
        "media_type", "media_url", "owner", "permalink", "shortcode", "thumbnail_url", "timestamp", "username",
    }
)  # fmt: skip
TYPES = {"image": "IMAGE", "carousel": "CAROUSEL_ALBUM", "reel": "VIDEO", "story": "IMAGE"}
NEWEST = 10_000
USERNAME = "atelier.jalon"
MERCHANT = 90010177253934
CATALOG = "1034567890123456"


def product_ids(world: World) -> dict[str, int]:
    """Return the id under which tags and the account's search know each SKU: the catalogue's own edges have others."""
    return {product.sku: 3_231_775_643_500_000 + number for number, product in enumerate(world.products)}


def written(at: int) -> str:
    """Return a time as the platform writes it, with an offset that lacks its colon."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class Media:
    """The account's media as they are at a moment."""

    def __init__(self, world: World, clock: Clock, posts: Sequence[Post]) -> None:
        self._clock = clock
        self._posts = posts
        self._by_id = {post.id: post for post in posts}
        self._products = {product.sku: product for product in world.products}
        self.ids = product_ids(world)
        self.untagged: set[str] = set()
        """Media and children of carousels from which the tags were taken off again."""

    def find(self, media: str) -> Post:
        """Return a media that is up; raise Refused for one that is not there, or not any more."""
        post = self._by_id.get(media)
        if post is None or not post.is_up(self._clock.now()):
            raise gone("GET", media)
        return post

    def media(self, call: Call) -> Row:
        """Answer GET /{ig-user-id}/media: newest first, without stories."""
        since, until = int(call.query.get("since", 0)), int(call.query.get("until", 1 << 40))
        stay = [post for post in self._posts if post.kind != "story" and since <= post.posted_at <= until]
        return self._page(call, stay[-NEWEST:])

    def stories(self, call: Call) -> Row:
        """Answer GET /{ig-user-id}/stories: those of the last 24 hours."""
        now = self._clock.now()
        return self._page(call, [post for post in self._posts if post.kind == "story" and post.is_up(now)])

    def lives(self, _: Call) -> Row:
        """Answer GET /{ig-user-id}/live_media: the brand is never live."""
        return {"data": []}

    def children(self, call: Call) -> Row:
        """Answer GET /{ig-media-id}/children."""
        return {"data": self._children(self.find(call.path[0]))}

    def tags(self, call: Call) -> Row:
        """Answer GET /{ig-media-id}/product_tags."""
        media = call.path[0]
        for post in self._posts:
            if post.kind == "carousel" and media in (own := [child["id"] for child in self._children(post)]):
                self.find(post.id)
                return {"data": self._tags(self._on(post)[own.index(media)])}
        post = self.find(media)
        if post.kind in ("reel", "story"):
            raise gone("GET", media)
        return {"data": self._tags(self._on(post)[0] if post.kind == "image" else ())}

    def tagged(self, post: Post) -> list[str]:
        """Return the SKUs that are tagged on a post now, be it on one of its children."""
        return [sku for part in self._on(post) for sku in part]

    def _on(self, post: Post) -> list[tuple[str, ...]]:
        """Return the SKUs tagged on each child of a carousel, one on each; of what is none, on itself."""
        if post.kind != "carousel":
            return [() if post.id in self.untagged else post.skus]
        children = [child["id"] for child in self._children(post)]
        return [
            () if child in self.untagged else post.skus[number : number + 1] for number, child in enumerate(children)
        ]

    def _page(self, call: Call, posts: Sequence[Post]) -> Row:
        fields, now = call.fields("id"), self._clock.now()
        newest = sorted((post for post in posts if post.posted_at <= now), key=_key, reverse=True)
        return page(
            call,
            newest,
            _key,
            lambda post: shown(self._row(post), fields, "Media", FIELDS) if post.is_up(now) else None,
        )

    def _row(self, post: Post) -> Row:
        row: Row = {
            "id": post.id,
            "ig_id": post.id[-12:],
            "caption": post.title,
            "media_type": TYPES[post.kind],
            "media_product_type": {"reel": "REELS", "story": "STORY"}.get(post.kind, "FEED"),
            "permalink": f"https://www.instagram.com/p/{post.id[-9:]}/",
            "shortcode": post.id[-9:],
            "timestamp": written(post.posted_at),
            "media_url": f"https://scontent.cdninstagram.com/{post.id}.jpg?_nc_ohc={self._clock.now():.0f}",
            "username": USERNAME,
            "owner": {"id": post.id[:8]},
        }
        if post.kind == "reel":
            row["is_shared_to_feed"] = True
        if post.kind == "carousel":
            row["children"] = {"data": self._children(post)}
        return row

    def _children(self, post: Post) -> list[Row]:
        """Return a carousel's children: one for each product, and one at least."""
        if post.kind != "carousel":
            return []
        return [{"id": f"{post.id}{number}", "media_type": "IMAGE"} for number in range(max(1, len(post.skus)))]

    def _tags(self, skus: Sequence[str]) -> list[Row]:
        return [self._tag(sku, number) for number, sku in enumerate(skus)]

    def _tag(self, sku: str, number: int) -> Row:
        currency, price = sorted(self._products[sku].prices.items())[0]
        return {
            "product_id": self.ids[sku],
            "merchant_id": MERCHANT,
            "name": self._products[sku].title,
            "price_string": f"{currency} {price / 100:.2f}",
            "stripped_price_string": f"{currency} {price / 100:.2f}",
            "image_url": f"https://scontent.example/{sku}.jpg",
            "review_status": "approved",
            "is_checkout": False,
            "x": 0.5,
            "y": round(0.1 * number, 2),
        }

    # --- catalogues

    def catalogs(self, _: Call) -> Row:
        """Answer GET /{ig-user-id}/available_catalogs."""
        whole = {"catalog_id": CATALOG, "catalog_name": "All", "shop_name": "Atelier Jalon"}
        return {"data": [whole | {"product_count": len(self._products)}]}

    def search(self, call: Call) -> Row:
        """Answer GET /{ig-user-id}/catalog_product_search."""
        if call.query.get("catalog_id") != CATALOG:
            raise Refused(100, "Param catalog_id must be a catalog of this account")
        words = call.query.get("q", "").lower()
        found = [each for each in self._products.values() if words in each.title.lower() or words == each.sku.lower()]
        return page(call, sorted(found, key=lambda each: each.sku, reverse=True), lambda each: each.sku, self._product)

    def _product(self, product: object) -> Row | None:
        sku = getattr(product, "sku", "")
        return {
            "product_id": self.ids[sku],
            "merchant_id": MERCHANT,
            "product_name": self._products[sku].title,
            "image_url": f"https://scontent.example/{sku}.jpg",
            "retailer_id": sku,
            "review_status": "approved",
            "is_checkout_flow": False,
            "product_variants": [],
        }


def _key(post: Post) -> str:
    return f"{post.posted_at:012}/{post.id}"
