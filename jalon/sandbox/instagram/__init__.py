"""Instagram, played: one business account, under Facebook Login and, at another address, under Instagram Login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.graph_api import chats
from jalon.sandbox.graph_api.door import LIMITS, Answer, Door, Route, Usage
from jalon.sandbox.graph_api.hooks import GENERAL, MESSAGING, Hooks
from jalon.sandbox.graph_api.looks import Counts
from jalon.sandbox.graph_api.tokens import CONSENT, LONG, Token, Tokens
from jalon.sandbox.graph_api.words import Call, Refused, Row
from jalon.sandbox.instagram.insights import Insights
from jalon.sandbox.instagram.media import USERNAME, Media
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

APP_ID = "640123456789012"
ACCOUNT = "17841405822304914"
PAGE = "104567890123456"
BATCHED = 2
"""Messages that are told in one delivery, where as many are due."""
ON_PAGE = frozenset({"messages", "messaging_postbacks", "messaging_referrals", "feed"})
ON_OBJECT = frozenset({"messages", "messaging_postbacks", "messaging_referral", "story_insights", "comments"})
SCOPES = frozenset(
    {
        "catalog_management",
        "instagram_basic",
        "instagram_manage_insights",
        "instagram_manage_messages",
        "instagram_shopping_tag_products",
        "pages_manage_metadata",
        "pages_read_engagement",
        "pages_show_list",
    }
)


class InstagramPart:
    """One business account on a page.

    `limits`: those of `graph_api.door.LIMITS`; `scopes` may be taken from `token` and `own`, and either may be killed.
    """

    def __init__(self, world: World, clock: Clock, _: Faults, __: Deliverer) -> None:
        self.limits: dict[str, float] = dict(LIMITS)
        self._world = world
        self._clock = clock
        self._secret = f"canary-instagram-app-secret-{world.seed}"
        self._verify = f"canary-instagram-verify-{world.seed}"
        self.tokens = Tokens(clock, APP_ID, self._secret)
        made = clock.wall()
        self.token = self._add("EAAGcanaryuser", "USER", made + LONG / 2, made + CONSENT)
        self._page = self._add("EAAGcanarypage", "PAGE", 0.0, made + CONSENT)
        self.own = self._add("IGAAcanaryown", "USER", made + LONG / 2, 0.0)
        """The token of Instagram Login."""
        self.hooks = Hooks(clock, APP_ID, self._secret, ON_PAGE | ON_OBJECT)
        self.counts = Counts(world, "instagram")
        self.media = Media(world, clock, self.counts.posts)
        self.insights = Insights(self.media, self.counts, clock, ACCOUNT)
        self._said = chats.conversations(world, "instagram")
        usage = Usage(clock, self.limits, "instagram", 80002, ACCOUNT)
        self._door = Door(self.tokens, usage, self.limits)
        self.apps = {"api": self._facebook_login(), "own": self._instagram_login()}

    def _add(self, text: str, kind: Any, expires: float, consent: float) -> Token:
        return self.tokens.add(Token(f"{text}{self._world.seed}", kind, SCOPES, expires, consent))

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "instagram",
            "api_url": addresses["instagram.api"],
            "app_id": APP_ID,
            "instagram_id": ACCOUNT,
            "story_warning_hours": 6,
            "secrets": {
                "access_token": self.token.text,
                "app_secret": self._secret,
                "verify_token": self._verify,
            },
        }

    # --- deliveries

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]: messages in twos, and the last figures of stories."""
        return [*self._messages(after, until), *self._stories(after, until)]

    def _messages(self, after: float, until: float) -> list[Event]:
        due = [said for said in self._said if after < said.at_ms / 1000 <= until]
        subscription = self.hooks.wants("instagram", PAGE, "messages")
        if subscription is None:
            return []
        return [
            self.hooks.event(
                batch[-1].at_ms / 1000,
                f"instagram {batch[0].id}",
                subscription,
                [self._entry(batch)],
                account=PAGE,
                retries=MESSAGING,
            )
            for batch in (due[number : number + BATCHED] for number in range(0, len(due), BATCHED))
        ]

    def _entry(self, batch: list[chats.Said]) -> Row:
        ids = {sku: str(name) for sku, name in self.media.ids.items()}
        told = [chats.messaging(said, ACCOUNT, self._world.products, ids) for said in batch]
        return {"id": ACCOUNT, "time": batch[-1].at_ms, "messaging": told}

    def _stories(self, after: float, until: float) -> list[Event]:
        subscription = self.hooks.subscriptions.get("instagram")
        if subscription is None or "story_insights" not in subscription.fields or PAGE not in self.hooks.accounts:
            return []
        ended = [post for post in self.counts.posts if post.ended_at is not None and after < post.ended_at <= until]
        return [
            self.hooks.event(
                float(post.ended_at or 0),
                f"instagram story {post.id}",
                subscription,
                [
                    {
                        "id": ACCOUNT,
                        "time": int(post.ended_at or 0),
                        "changes": [{"field": "story_insights", "value": self.insights.story(post)}],
                    }
                ],
                retries=GENERAL,
            )
            for post in ended
        ]

    # --- truth

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what the platform shows now: posts with their tags and counters, days, and what persons said."""
        up = [post for post in self.counts.posts if post.is_up(now)]
        stay = [post for post in up if post.kind != "story"]
        ended = [post for post in self.counts.posts if post.kind == "story" and (post.ended_at or 0) <= now]
        return {
            "posts": {post.id: post.kind for post in stay},
            "tags": {
                post.id: [str(self.media.ids[sku]) for sku in self.media.tagged(post)]
                for post in stay
                if post.kind != "reel"
            },
            "products": {str(name): sku for sku, name in self.media.ids.items()},
            "counters": {post.id: self.counts.of_post(post, now)._asdict() for post in stay},
            "untold": self.insights.before_business,
            "stories": {post.id: self.insights.story(post) for post in ended},
            "said": [[said.at_ms, said.kind] for said in self._said if said.at_ms / 1000 <= now],
        }

    # --- the two hosts

    def _facebook_login(self) -> web.Application:
        media, insights, hooks = self.media, self.insights, self.hooks
        basic, shop = "instagram_basic", "instagram_shopping_tag_products"
        figures, hear = "instagram_manage_insights", "pages_manage_metadata"
        return self._door.app(
            [
                Route("GET", r"oauth/access_token", None, self.tokens.exchange, public=True),
                Route("GET", r"debug_token", None, self.tokens.debug),
                Route("GET", r"me/accounts", "pages_show_list", self._accounts),
                Route("GET", PAGE, "pages_show_list", self._page_token),
                Route("GET", rf"{APP_ID}/subscriptions", None, hooks.subscribed),
                Route("POST", rf"{APP_ID}/subscriptions", None, hooks.subscribe),
                Route("GET", rf"({PAGE})/subscribed_apps", hear, self._as_page(hooks.installed)),
                Route("POST", rf"({PAGE})/subscribed_apps", hear, self._as_page(hooks.install)),
                Route("GET", rf"{ACCOUNT}/media", basic, media.media),
                Route("GET", rf"{ACCOUNT}/stories", basic, media.stories),
                Route("GET", rf"{ACCOUNT}/live_media", basic, media.lives),
                Route("GET", rf"{ACCOUNT}/insights", figures, insights.account),
                Route("GET", rf"{ACCOUNT}/available_catalogs", "catalog_management", media.catalogs),
                Route("GET", rf"{ACCOUNT}/catalog_product_search", "catalog_management", media.search),
                Route("GET", r"(\d+)/product_tags", shop, media.tags),
                Route("GET", r"(\d+)/children", basic, media.children),
                Route("GET", r"(\d+)/insights", figures, insights.media),
            ]
        )

    def _instagram_login(self) -> web.Application:
        media, insights, hooks = self.media, self.insights, self.hooks
        return self._door.app(
            [
                Route("GET", r"refresh_access_token", None, self.tokens.refresh, public=True),
                Route("GET", r"me", None, lambda _: {"user_id": int(ACCOUNT), "username": USERNAME, "id": "26000000"}),
                Route("GET", rf"({ACCOUNT})/subscribed_apps", None, hooks.installed),
                Route("POST", rf"({ACCOUNT})/subscribed_apps", None, hooks.install),
                Route("GET", rf"{ACCOUNT}/media", None, media.media),
                Route("GET", rf"{ACCOUNT}/stories", None, media.stories),
                Route("GET", rf"{ACCOUNT}/live_media", None, media.lives),
                Route("GET", rf"{ACCOUNT}/insights", None, insights.account),
                Route("GET", r"(\d+)/children", None, media.children),
                Route("GET", r"(\d+)/insights", None, insights.media),
            ]
        )

    def _as_page(self, answer: Answer) -> Answer:
        """Answer only to the page's own token: another hears of nothing that is delivered about the page."""

        def asked(call: Call) -> Any:
            if call.token != self._page.text:
                raise Refused(190, "This method must be called with a Page Access Token", 2069032, status=401)
            return answer(call)

        return asked

    def _accounts(self, _: Call) -> Row:
        linked = {"id": ACCOUNT, "username": USERNAME}
        row = {"id": PAGE, "name": "Atelier Jalon", "instagram_business_account": linked}
        return {"data": [row, {"id": "1045", "name": "Without Instagram"}], "paging": {"cursors": {"after": "x"}}}

    def _page_token(self, _: Call) -> Row:
        return {"id": PAGE, "access_token": self._page.text}
