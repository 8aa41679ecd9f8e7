"""Facebook, played: one page with a shop, its Messenger, and a person who has a role on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.facebook.page import CATALOG, PlayedPage
from jalon.sandbox.faults import Faults
from jalon.sandbox.graph_api import chats
from jalon.sandbox.graph_api.door import LIMITS, Door, Route, Usage
from jalon.sandbox.graph_api.hooks import MESSAGING, Hooks
from jalon.sandbox.graph_api.looks import Counts
from jalon.sandbox.graph_api.tokens import CONSENT, LONG, Token, Tokens
from jalon.sandbox.graph_api.words import Call, Refused, Row
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World

APP_ID = "640987654321098"
PAGE = "109876543210987"
OFFERED = frozenset({"messages", "messaging_postbacks", "messaging_referrals", "send_cart", "feed"})
SCOPES = frozenset(
    {
        "catalog_management",
        "pages_manage_metadata",
        "pages_messaging",
        "pages_read_engagement",
        "pages_show_list",
        "read_insights",
    }
)
FIELD_OF = {"link": "messaging_referrals", "postback": "messaging_postbacks", "cart": "send_cart"}
"""Under which field an event is subscribed; else `messages`."""
OWN = f"(?:me|{PAGE})"


class FacebookPart:
    """One page. `limits`: those of `graph_api.door.LIMITS`; `page.likes` may be set below what figures need."""

    def __init__(self, world: World, clock: Clock, _: Faults, __: Deliverer) -> None:
        self.limits: dict[str, float] = dict(LIMITS)
        self._world = world
        self._secret = f"canary-facebook-app-secret-{world.seed}"
        self._verify = f"canary-facebook-verify-{world.seed}"
        self.tokens = Tokens(clock, APP_ID, self._secret)
        made = clock.wall()
        self.token = self.tokens.add(
            Token(f"EAAHcanaryuser{world.seed}", "USER", SCOPES, made + LONG / 2, made + CONSENT)
        )
        self.page_token = self.tokens.add(Token(f"EAAHcanarypage{world.seed}", "PAGE", SCOPES, 0.0, made + CONSENT))
        self.hooks = Hooks(clock, APP_ID, self._secret, OFFERED)
        self.counts = Counts(world, "facebook")
        self.page = PlayedPage(world, clock, self.counts, PAGE)
        self._said = chats.conversations(world, "facebook")
        self._door = Door(self.tokens, Usage(clock, self.limits, "pages", 80001, PAGE), self.limits)
        self.apps = {"api": self._api()}

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "facebook",
            "api_url": addresses["facebook.api"],
            "app_id": APP_ID,
            "page_id": PAGE,
            "catalog_id": CATALOG,
            "secrets": {
                "access_token": self.token.text,
                "app_secret": self._secret,
                "verify_token": self._verify,
            },
        }

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]: one for each event, as Messenger mostly sends them."""
        due = [said for said in self._said if after < said.at_ms / 1000 <= until]
        told = (self._event(said) for said in due)
        return [event for event in told if event is not None]

    def _event(self, said: chats.Said) -> Event | None:
        subscription = self.hooks.wants("page", PAGE, FIELD_OF.get(said.kind, "messages"))
        if subscription is None:
            return None
        row = chats.messaging(said, PAGE, self._world.products, self.page.ids)
        entry = {"id": PAGE, "time": said.at_ms, "messaging": [row]}
        key = f"facebook {said.id}"
        return self.hooks.event(said.at_ms / 1000, key, subscription, [entry], account=PAGE, retries=MESSAGING)

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what the platform shows now: posts and their counters, and what persons did."""
        up = [post for post in self.counts.posts if post.is_up(now)]
        return {
            "posts": {self.page.name(post): post.kind for post in up},
            "counters": {self.page.name(post): self.counts.of_post(post, now)._asdict() for post in up},
            "products": {name: sku for sku, name in self.page.ids.items()},
            "said": [[said.at_ms, said.kind] for said in self._said if said.at_ms / 1000 <= now],
        }

    def _api(self) -> web.Application:
        page, hooks = self.page, self.hooks
        read, figures, hear = "pages_read_engagement", "read_insights", "pages_manage_metadata"
        return self._door.app(
            [
                Route("GET", r"oauth/access_token", None, self.tokens.exchange, public=True),
                Route("GET", r"debug_token", None, self.tokens.debug),
                Route("GET", r"me/accounts", "pages_show_list", self._accounts),
                Route("GET", rf"({OWN})", None, self._node),
                Route("GET", rf"{APP_ID}/subscriptions", None, hooks.subscribed),
                Route("POST", rf"{APP_ID}/subscriptions", None, hooks.subscribe),
                Route("GET", rf"({PAGE})/subscribed_apps", hear, self._as_page(hooks.installed)),
                Route("POST", rf"({PAGE})/subscribed_apps", hear, self._as_page(hooks.install)),
                Route("GET", rf"{PAGE}/published_posts", read, self._as_page(page.posts)),
                Route("GET", rf"{PAGE}/video_reels", read, self._as_page(page.reels)),
                Route("GET", rf"{PAGE}/live_videos", read, self._as_page(page.lives)),
                Route("GET", rf"{PAGE}/insights", figures, self._as_page(page.page_insights)),
                Route("GET", rf"{CATALOG}/products", "catalog_management", page.products),
                Route("GET", r"(\d+_\d+)/insights", figures, self._as_page(page.post_insights)),
            ]
        )

    def _as_page(self, answer: Any) -> Any:
        """Answer only to the page's own token, as these edges do."""

        def asked(call: Call) -> Row:
            if call.token != self.page_token.text:
                raise Refused(190, "This method must be called with a Page Access Token", 2069032, status=401)
            found: Row = answer(call)
            return found

        return asked

    def _accounts(self, call: Call) -> Row:
        if call.token == self.page_token.text:
            raise Refused(100, "Tried accessing nonexisting field (accounts) on node type (Page)")
        return {"data": [{"id": PAGE, "name": "Atelier Jalon", "access_token": self.page_token.text}]}

    def _node(self, call: Call) -> Row:
        """Answer GET /me and GET /{page-id}: `me` is whose token it is."""
        fields = call.fields("id,name")
        if call.path[0] == "me" and call.token != self.page_token.text:
            if "access_token" in fields or "fan_count" in fields:
                raise Refused(100, "Tried accessing nonexisting field on node type (User)")
            return {"id": "10224444", "name": "Somebody"}
        row = {
            "id": PAGE,
            "name": "Atelier Jalon",
            "fan_count": self.page.likes,
            "access_token": self.page_token.text,
        }
        return {name: row[name] for name in {"id": {}, **fields} if name in row}
