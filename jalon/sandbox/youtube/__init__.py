"""YouTube, played: one brand's channel behind Google's APIs, the token service and the hub.

What is where: `data` (Data API), `analytics`, `reporting`, `merchant`, `hub` (WebSub), `door` (tokens and quotas),
`figures` (what is counted), `words` (envelopes, pages, days).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from aiohttp import web

from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import THROTTLED, Faults
from jalon.sandbox.webhooks import Deliverer, Event
from jalon.sandbox.world import World
from jalon.sandbox.youtube.analytics import Analytics
from jalon.sandbox.youtube.data import CHANNEL, MERCHANT, Data
from jalon.sandbox.youtube.door import CLIENT_ID, Door, Quota, Tokens, refusal, too_fast
from jalon.sandbox.youtube.figures import GROUPS, MERCHANT_ZONE, Figures
from jalon.sandbox.youtube.hub import Hub
from jalon.sandbox.youtube.merchant import CONTENTS, PRODUCTS, Merchant
from jalon.sandbox.youtube.reporting import Reporting


class YouTubePart:
    """A channel behind six hosts.

    `limits`: `requests_per_second` (0: no limit), `units_per_day` and `requests_per_minute` (of each API; 0: no limit),
    `access_token_life` (seconds), `errors_in_200` (each so many-th answer of Analytics fails inside HTTP 200; 0: none),
    `rows_on_a_page` (of the Merchant API; 0: as many as were asked for), `files_away` (seconds for which the files of
    bulk reports are not to be had, while everything else is; 0: they are), `unregistered` (1: the project is not
    registered with the merchant account).
    """

    def __init__(self, world: World, clock: Clock, faults: Faults, _: Deliverer) -> None:
        self.limits: dict[str, float] = {
            "requests_per_second": 0,
            "units_per_day": 0,
            "requests_per_minute": 0,
            "access_token_life": 3600,
            "errors_in_200": 0,
            "rows_on_a_page": 0,
            "files_away": 0,
            "unregistered": 0,
        }
        self._clock = clock
        self._client_secret = f"canary-youtube-client-secret-{world.seed}"
        self._hub_secret = f"canary-youtube-hub-secret-{world.seed}"
        self._refresh = f"1//canary-youtube-refresh-{world.seed}"
        self.figures = Figures(world)
        self.tokens = Tokens(clock, faults, self.limits, self._client_secret, self._refresh)
        self.reporting = Reporting(self.figures, clock, self.limits)
        self.merchant = Merchant(self.figures, clock, self.limits)
        self.data = Data(self.figures, clock)
        self.hub = Hub(self.figures, clock)
        self._door = Door(self.tokens, self.limits, Quota(clock))
        self.apps = {
            "api": self._data(),
            "analytics": self._analytics(),
            "reporting": self._reporting(),
            "merchant": self._merchant(),
            "auth": self._auth(),
            "hub": self._hub(),
        }

    def settings(self, addresses: Mapping[str, str]) -> dict[str, Any]:
        """Return the source's settings and secrets."""
        return {
            "connector": "youtube",
            **{f"{role}_url": addresses[f"youtube.{role}"] for role in self.apps},
            "client_id": CLIENT_ID,
            "channel_id": CHANNEL,
            "merchant_account": MERCHANT,
            "merchant_timezone": MERCHANT_ZONE.key,
            "secrets": {
                "client_secret": self._client_secret,
                "refresh_token": self._refresh,
                "hub_secret": self._hub_secret,
            },
        }

    def events(self, after: float, until: float) -> list[Event]:
        """Return the deliveries due in (after, until]."""
        return self.hub.events(after, until)

    def truth(self, now: float, /) -> dict[str, Any]:
        """Return what this platform shows by `now`, in plain rows; money in minor units."""
        return {
            "channel": CHANNEL,
            "videos": [self._video(post.id, now) for post in self.figures.up(now)],
            "deleted": [post.id for post in self.figures.posts if post.deleted_at and post.deleted_at <= now],
            "days": [row for on in self.figures.days(now) for row in self._day(on, now)],
            "reports": [
                row
                for job in self.reporting.jobs
                for report in self.reporting.there(job)
                for row in self._report(report)
            ],
            "affiliate": [row for on in self.figures.days(now, MERCHANT_ZONE) for row in self._affiliate(on)],
        }

    # --- truth

    def _video(self, video: str, now: float) -> dict[str, Any]:
        post = next(each for each in self.figures.posts if each.id == video)
        seen = self.figures.totals(post, now)
        counters = {"views": seen.views, "likes": seen.likes, "comments": seen.comments}
        return {"video": video, "kind": post.kind, "title": post.title, "posted_at": post.posted_at, **counters}

    def _day(self, on: date, now: float) -> list[dict[str, Any]]:
        """Return each figure that Analytics shows of a day, of each video that is up and of the channel (None)."""
        ready = [name for name, group in GROUPS.items() if on <= self.figures.latest(group, now)]
        counted = {post: self.figures.metrics(post, on, now) for post in self.figures.posts}
        whole = {name: sum(each[name] for each in counted.values()) for name in GROUPS}
        rows = [(None, whole), *((post.id, counted[post]) for post in self.figures.up(now))]
        return [
            {"day": on.isoformat(), "video": video, "metric": name, "group": GROUPS[name], "value": counts[name]}
            for video, counts in rows
            for name in ready
        ]

    def _report(self, report: Any) -> list[dict[str, Any]]:
        about = {"type": report.job.type, "day": report.on.isoformat(), "created": report.created}
        return [
            {**about, "video": video, "column": column, "value": value}
            for video, counts in self.reporting.counts(report).items()
            for column, value in counts.items()
        ]

    def _affiliate(self, on: date) -> list[dict[str, Any]]:
        return [
            {"view": view, "day": on.isoformat(), **row}
            for view in (CONTENTS, PRODUCTS)
            for row in self.merchant.rows(view, on, on)
        ]

    # --- hosts

    def _data(self) -> web.Application:
        data = self.data
        return self._app(
            "api",
            ("GET", "/youtube/v3/channels", data.channels),
            ("GET", "/youtube/v3/playlistItems", data.playlist_items),
            ("GET", "/youtube/v3/videos", data.videos),
            ("GET", "/youtube/v3/thirdPartyLinks", data.links),
        )

    def _analytics(self) -> web.Application:
        return self._app("analytics", ("GET", "/v2/reports", Analytics(self.figures, self._clock, self.limits).reports))

    def _reporting(self) -> web.Application:
        reporting = self.reporting
        return self._app(
            "reporting",
            ("GET", "/v1/reportTypes", reporting.types),
            ("GET", "/v1/jobs", reporting.list_jobs),
            ("POST", "/v1/jobs", reporting.create),
            ("GET", "/v1/jobs/{job}/reports", reporting.reports),
            ("GET", "/v1/jobs/{job}/reports/{report}", reporting.report),
            ("GET", "/v1/media/{name:.+}", reporting.download),
        )

    def _merchant(self) -> web.Application:
        path = "/reports/v1alpha/accounts/{account}/reports:search"
        return self._app("merchant", ("POST", path, self.merchant.search))

    def _app(self, role: str, *routes: tuple[str, str, Any]) -> web.Application:
        app = web.Application()
        for method, path, answer in routes:
            app.router.add_route(method, path, self._door.route(role, answer))
        app[THROTTLED] = lambda _: refusal(role, too_fast(role))
        return app

    def _auth(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self.tokens.token)
        return app

    def _hub(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/subscribe", self.hub.subscribe)
        app[THROTTLED] = lambda _: web.Response(status=503, headers={"Retry-After": "120"}, text="Service Unavailable")
        return app
