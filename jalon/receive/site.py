"""What the public port answers beside deliveries: own links, events of the own site, and the script that sends them.

    GET  /l/CODE       302 to where the link leads, or 404; the click is stored after the answer
    POST /e/TOKEN      204 once what may be stored is durable; 400, 403 (origin), 413, 429, 503
    GET  /j.js?TOKEN   the script of a source

A browser can hold no secret: the token only names the source, and what is told here is stored as told by a stranger.
Without consent where it is required, with Do-Not-Track where it is honoured, or from a program, nothing is stored about
anybody; that a consent is taken back is heard under Do-Not-Track too. What was left out is counted, never kept.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web

from jalon.connectors.site import KIND, SiteSettings, clicks, events
from jalon.privacy import Keyring
from jalon.receive import replies, signals
from jalon.receive.clicks import ClickQueue
from jalon.receive.connections import Connection
from jalon.receive.hooks import Hook
from jalon.receive.intake import Intake
from jalon.receive.limits import Limits
from jalon.receive.metrics import Metrics
from jalon.receive.quota import Quota
from jalon.receive.replies import Redirect, Reply
from jalon.receive.routes import Route, Routes
from jalon.receive.seldom import Seldom
from jalon.store.database import Store
from jalon.store.deliveries import Row
from jalon.store.envelope import Sealer

LINK, EVENTS, SCRIPT = "/l/", "/e/", "/j.js"
WITHDRAWALS_PER_DAY = 10_000
_SCRIPT_SECONDS = 3600
_LAST_SECONDS = 1.0
_PREFLIGHT = (
    "Access-Control-Allow-Methods: POST\r\nAccess-Control-Allow-Headers: Content-Type\r\n"
    "Access-Control-Max-Age: 86400\r\n"
)
Now = Callable[[], float]
Read = Callable[[web.BaseRequest], Awaitable[bytes]]
Answered = tuple[str | None, web.StreamResponse]


class Site:
    """One source: its settings, and what of it may still be stored today."""

    def __init__(self, name: str, token: str, settings: SiteSettings) -> None:
        self.name, self.token, self.settings = name, token, settings
        self.clicks = Quota(settings.clicks_per_day)
        self.events = Quota(settings.events_per_day)
        self.withdrawals = Quota(WITHDRAWALS_PER_DAY)
        self.joins = settings.consent == "not_required"
        self.honours = settings.honour_dnt
        self.script = script_of(settings)


class Sites:
    """All sources of own links and sites."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        hooks: Mapping[str, Hook],
        intake: Intake,
        limits: Limits,
        metrics: Metrics,
        seldom: Seldom,
        now: Now = time.time,
    ) -> None:
        own = {name: hook for name, hook in hooks.items() if isinstance(hook.settings, SiteSettings)}
        self._by_name = {name: Site(name, hook.token, hook.settings) for name, hook in own.items()}
        self._sealer = Sealer(keyring)
        self._mint = clicks.Mint(keyring.fingerprint("own clicks").encode())
        self._intake, self._limits, self._metrics, self._seldom = intake, limits, metrics, seldom
        self.queue = ClickQueue(intake, self._sealer, limits, metrics, now)
        self._now = now
        self.routes = Routes(store, {name: site.settings.allowed_hosts for name, site in self._by_name.items()}, seldom)
        self.stopping = False

    def __bool__(self) -> bool:
        return bool(self._by_name)

    async def answer(self, request: web.BaseRequest, read: Read) -> Answered | None:
        """Answer what is asked of a link, a site or the script; None: it is none of them."""
        path = request.raw_path
        if path.startswith(LINK):
            return self._follow(path[len(LINK) :].partition("?")[0], request)
        if path.startswith(EVENTS):
            site = self._site(path[len(EVENTS) :].partition("?")[0])
            return None if site is None else (site.name, await self._take(site, request, read))
        if path.startswith(SCRIPT + "?"):
            site = self._site(path[len(SCRIPT) + 1 :])
            return None if site is None else (site.name, _script(site, request))
        return None

    async def store_clicks(self, end: float) -> None:
        """Make durable what was clicked, until `end` (loop time), or for a second if that is past."""
        try:
            async with asyncio.timeout_at(max(end, asyncio.get_running_loop().time() + _LAST_SECONDS)):
                await self.queue.drain()
        except TimeoutError:
            self._seldom.error(f"{self.queue.waiting} clicks on own links could not be stored")

    def _site(self, token: str) -> Site | None:
        given = token.encode("utf-8", "surrogateescape")
        return next((one for one in self._by_name.values() if hmac.compare_digest(given, one.token.encode())), None)

    # --- links

    def _follow(self, code: str, request: web.BaseRequest) -> Answered | None:
        route = self.routes.find(code)
        if route is None or not route.is_open:
            return None
        site = self._by_name[route.source]
        if request.method not in ("GET", "HEAD"):
            return site.name, replies.WRONG_METHOD
        keep = replies.stays(request, self.stopping)
        headers = request.headers
        if request.method == "HEAD" or signals.is_program(headers):
            self._metrics.clicks[site.name, "program"] += 1
            return site.name, Redirect(route.plain, keep=keep)
        now = int(self._now())
        if site.honours and signals.objects(headers):
            return site.name, Redirect(route.plain, partial(self._clicked, site, route, "", now), keep=keep)
        click = self._mint.make(route.code, now)
        location = route.before + click.encode() + route.after
        return site.name, Redirect(location, partial(self._clicked, site, route, click, now), keep=keep)

    def _clicked(self, site: Site, route: Route, click: str, now: int) -> None:
        """Keep a click whose answer is on its way. One without an id belongs to nobody and never will."""
        if not site.clicks.take(now):
            self._metrics.clicks[site.name, "over_quota"] += 1
            return
        self.queue.add(site.name, clicks.told(route.told, now, click, joins=site.joins and bool(click)))

    def _resolve(self, site: Site, click: str) -> Mapping[str, Any] | None:
        """Return the click that an id proves, if a landing page may still claim it."""
        found = self._mint.read(click)
        if found is None or not -clicks.EARLY_SECONDS <= self._now() - found[1] <= clicks.LANDING_SECONDS:
            return None
        route = self.routes.find(found[0])
        if route is None or route.source != site.name:
            return None
        claimed: dict[str, Any] = orjson.loads(clicks.told(route.told, found[1], click, joins=False))
        return claimed

    # --- events

    async def _take(self, site: Site, request: web.BaseRequest, read: Read) -> Reply:
        origin = request.headers.get("Origin", "")
        if origin not in site.settings.origins:
            return replies.FOREIGN
        keep = replies.stays(request, self.stopping)
        if request.method == "OPTIONS":
            return _to(origin, 204, _PREFLIGHT, keep=keep)
        connection = request.protocol
        assert isinstance(connection, Connection)
        if not connection.grants_batch(self._limits.batches):
            return _to(origin, 429, "Retry-After: 5\r\n")
        body = await read(request)
        if len(body) > events.LONGEST_BATCH:
            return _to(origin, 413)
        if signals.is_program(request.headers):
            self._metrics.events[site.name, "program"] += 1
            return _to(origin, 204, keep=keep)
        status = await self._admit(site, body, objects=site.honours and signals.objects(request.headers))
        return _to(origin, status, keep=keep and status == 204)

    async def _admit(self, site: Site, body: bytes, *, objects: bool) -> int:
        """Store what may be stored, and return the status to answer with."""
        settings = site.settings
        try:
            told = events.admit(
                body,
                consent_required=settings.consent == "required",
                shop=settings.shop,
                resolve=partial(self._resolve, site),
                objects=objects,
            )
        except events.Senseless:
            return 400
        for why, n in told.dropped.items():
            self._metrics.events[site.name, why] += n
        if not told.events:
            return 204
        return await self._keep(site, told)

    async def _keep(self, site: Site, told: events.Admitted) -> int:
        now, many = self._now(), len(told.events)
        if not (site.withdrawals.take(now, told.withdrawals) and site.events.take(now, many - told.withdrawals)):
            self._metrics.events[site.name, "over_quota"] += many
            return 429
        body = orjson.dumps({"sent_at": told.sent_at, "events": told.events})
        digest = self._sealer.digest(body)
        key = f"events:{digest.hex()}"
        sealed = self._sealer.seal(site.name, key, {KIND: events.STREAM}, body)
        settled = self._intake.offer(Row(site.name, key, now, digest, sealed))
        if settled is None or not await settled:
            return 503
        self._metrics.events[site.name, "stored"] += many
        return 204


@lru_cache(maxsize=256)
def _to(origin: str, status: int, extra: str = "", *, keep: bool = False) -> Reply:
    """Return the answer to a page of an allowed origin."""
    extra += f"Access-Control-Allow-Origin: {origin}\r\nVary: Origin\r\nCache-Control: no-store\r\n"
    if status == 503:
        extra += f"Retry-After: {replies.RETRY_SECONDS}\r\n"
    return Reply(status, keep=keep, extra=extra)


# --- the script -----------------------------------------------------------------------------------------------------


def script_of(settings: SiteSettings) -> Reply:
    """Return the script with what the source says about consent before it."""
    said = {"consent": settings.consent == "required", "dnt": settings.honour_dnt}
    text = files("jalon.receive").joinpath("static/jalon.js").read_text("utf-8")
    extra = f"Cache-Control: public, max-age={_SCRIPT_SECONDS}\r\nCross-Origin-Resource-Policy: cross-origin\r\n"
    return Reply(200, f"window.jalonSite={orjson.dumps(said).decode()};\n{text}", extra=extra, kind="text/javascript")


def script_path(token: str) -> str:
    """Return the path of a source's script."""
    return f"{SCRIPT}?{token}"


def _script(site: Site, request: web.BaseRequest) -> Reply:
    return site.script if request.method in ("GET", "HEAD") else replies.WRONG_METHOD
