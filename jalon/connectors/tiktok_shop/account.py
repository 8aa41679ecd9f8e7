"""TikTok Shop's account matters: tokens, the authorised shop, what `doctor` looks at, subscriptions to deliveries.

Tokens: https://partner.tiktokshop.com/docv2/page/authorization-overview-202407. Expiry times are absolute unix times
although they are called `expire_in`. The app's secret and the tokens travel in the query of the token service: such
requests are anonymous, and never logged with their query.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Credentials, Fault, Finding, Request, Session, Skip, Stop
from jalon.connectors.tiktok_shop.analytics import VIDEOS, one_day
from jalon.connectors.tiktok_shop.answers import data_of
from jalon.connectors.tiktok_shop.faults import AUTHORISE, Family, family_of
from jalon.connectors.wire import encode

SHOPS = "/authorization/202309/shops"
WEBHOOKS = "/event/202309/webhooks"
SELLER = 0

# --- tokens -----------------------------------------------------------------------------------------------------------


async def renew(session: Session, credentials: Credentials | None) -> Credentials:
    """Exchange the refresh token, or the first authorisation code, for a new pair; both tokens rotate."""
    settings = session.settings
    if credentials and credentials.refresh_token:
        grant = _refresh(credentials.refresh_token)
    elif settings.refresh_token:
        grant = _refresh(settings.refresh_token.get_secret_value())
    elif settings.auth_code:
        grant = (
            "/api/v2/token/get",
            {"auth_code": settings.auth_code.get_secret_value(), "grant_type": "authorized_code"},
        )
    else:
        raise Stop("there is neither a refresh token nor an authorisation code", AUTHORISE, kind="auth")
    app = {"app_key": settings.app_key, "app_secret": settings.app_secret.get_secret_value()}
    path, query = grant
    request = Request("GET", path, {**app, **query}, host="auth", anonymous=True, idempotent=False)
    return _pair(data_of(await session.ask(request)))


def _refresh(token: str) -> tuple[str, dict[str, str]]:
    return "/api/v2/token/refresh", {"refresh_token": token, "grant_type": "refresh_token"}


def _pair(data: Row) -> Credentials:
    """Return the credentials of a token answer. Raises `Stop` if they are not a seller's, or not whole."""
    if data.get("user_type", SELLER) != SELLER:
        raise Stop(
            f"the authorisation is not a seller's (user_type {data['user_type']!r})",
            "authorise with the seller's account",
            kind="auth",
        )
    access, refresh = text(data.get("access_token")), text(data.get("refresh_token"))
    if not access or not refresh:
        raise Stop("the token service gave no pair of tokens", AUTHORISE, kind="auth")
    return Credentials(
        access, refresh, _moment(data.get("access_token_expire_in")), _moment(data.get("refresh_token_expire_in"))
    )


def _moment(value: Any) -> float | None:
    return float(value) if isinstance(value, int) and value > 0 else None


# --- the shop ---------------------------------------------------------------------------------------------------------


async def greet(session: Session) -> Mapping[str, str]:
    """Return the authorised shop that the source reads. Raises `Stop` where it is not clear which."""
    shops = rows(data_of(await session.ask(Request("GET", SHOPS))), "shops")
    shop = _choose(shops, session.settings.shop_id)
    return {
        "shop_id": text(shop.get("id")),
        "shop_cipher": text(shop.get("cipher")),
        "shop_name": text(shop.get("name")),
        "region": text(shop.get("region")),
        "seller_type": text(shop.get("seller_type")),
    }


def _choose(shops: list[Row], wanted: str | None) -> Row:
    known = ", ".join(f"{text(shop.get('id'))} ({shop.get('region')})" for shop in shops) or "none"
    if wanted is not None:
        shop = next((shop for shop in shops if text(shop.get("id")) == wanted), None)
        if shop is None:
            raise Stop(f"shop {wanted} is not authorised", f"set shop_id to one of: {known}")
        return shop
    if not shops:
        raise Stop("the seller has authorised no shop", AUTHORISE, kind="auth")
    if len(shops) > 1:
        raise Stop(
            f"the seller has authorised {len(shops)} shops",
            f"make one source for each, with shop_id set to one of: {known}",
        )
    return shops[0]


# --- doctor -----------------------------------------------------------------------------------------------------------

PROBES: tuple[tuple[str, Request], ...] = (
    ("orders", Request("POST", "/order/202309/orders/search", {"page_size": "1"}, b"{}")),
    ("returns", Request("POST", "/return_refund/202602/returns/search", {"page_size": "10"}, b"{}")),
    ("affiliate orders", Request("POST", "/affiliate_seller/202410/orders/search", {"page_size": "1"}, b"{}")),
    ("products", Request("POST", "/product/202502/products/search", {"page_size": "1"}, b"{}")),
)
"""One small question for each scope: only a new token is told with its scopes, and those may be taken back later."""

ZONES = {
    "US": ("America/", "Pacific/", "US/"),
    "GB": ("Europe/London", "GB"),
    "DE": ("Europe/",),
    "ES": ("Europe/", "Atlantic/"),
    "FR": ("Europe/",),
    "IE": ("Europe/",),
    "IT": ("Europe/",),
    "BR": ("America/",),
    "MX": ("America/",),
    "ID": ("Asia/",),
    "JP": ("Asia/Tokyo", "Japan"),
    "MY": ("Asia/",),
    "PH": ("Asia/",),
    "SG": ("Asia/", "Singapore"),
    "TH": ("Asia/",),
    "VN": ("Asia/",),
}
"""Region of a shop -> how the IANA zone of its days begins."""


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the shop, its zone, each scope, and whether deliveries come."""
    try:
        shop = await greet(session)
    except Fault as fault:
        yield Finding("shop", "fail", fault.reason, getattr(fault, "remedy", ""))
        return
    yield Finding("shop", "ok", f"{shop['shop_name']} ({shop['shop_id']}, {shop['region']})")
    yield _zone(shop["region"], session.settings.timezone)
    for name, request in (*PROBES, ("figures", _figures(session))):
        yield await _probe(session, name, request)
    yield await _deliveries(session)


def _figures(session: Session) -> Request:
    """Return the small question for the scope of analytics: the videos of three days ago."""
    day = datetime.fromtimestamp(session.now(), UTC).date() - timedelta(days=3)
    return Request("GET", VIDEOS, {**one_day(day), "page_size": "10"})


def _zone(region: str, zone: str) -> Finding:
    if zone.startswith(ZONES.get(region, (zone,))):
        return Finding("timezone", "ok", f"{zone} for a shop in {region}")
    return Finding(
        "timezone",
        "warn",
        f"{zone} is no zone of {region}",
        "set timezone to the shop's, so that days of orders and of figures agree",
    )


async def _probe(session: Session, name: str, request: Request) -> Finding:
    family = family_of(request.path)
    try:
        await session.ask(request)
    except Fault as fault:
        return _refused(name, fault, family)
    return Finding(name, "ok", f"{family.scope} is granted")


async def _deliveries(session: Session) -> Finding:
    """Say which topics are delivered to nobody."""
    try:
        there = await _addresses(session)
    except Fault as fault:
        return _refused("deliveries", fault, family_of(WEBHOOKS))
    absent = [topic for topic in SUBSCRIBED if topic not in there]
    if not absent:
        return Finding("deliveries", "ok", f"{len(SUBSCRIBED)} topics are subscribed")
    remedy = "`jalon sync` subscribes once public_url is set; until then changes are found by polling."
    return Finding("deliveries", "warn", f"not subscribed: {', '.join(absent)}", remedy)


def _refused(name: str, fault: Fault, family: Family) -> Finding:
    if isinstance(fault, Skip):
        return Finding(name, "warn", fault.reason, f"grant {family.scope}, or switch this part off")
    return Finding(name, "fail", fault.reason, getattr(fault, "remedy", ""))


# --- deliveries -------------------------------------------------------------------------------------------------------

SUBSCRIBED = (
    "ORDER_STATUS_CHANGE",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
)
"""Topics that can be subscribed by API; product tags (17) and refunds (67) only in Partner Center."""
# https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview
DELIVERABLE = re.compile(r"https://(?![0-9.]+(?:/|$))[^/:@?#]+(?:/|$)")
"""Addresses that the platform delivers to: a name, neither an IP address nor a port."""
UNDELIVERABLE = "Set public_url to an https address with a domain name and without a port: TikTok takes no other."


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make the platform deliver each topic to `address`; yield what was found and done, naming hosts but no address."""
    there = await _addresses(session)
    for topic in SUBSCRIBED:
        before = there.get(topic)
        if before == address:
            yield Finding(topic, "ok", "is delivered here")
            continue
        yield await _put(session, topic, address, before)


async def _addresses(session: Session) -> dict[str, str]:
    """Return the topics that are subscribed, with the address of each."""
    hooks = rows(data_of(await session.ask(Request("GET", WEBHOOKS))), "webhooks")
    return {text(hook.get("event_type")): text(hook.get("address")) for hook in hooks}


async def _put(session: Session, topic: str, address: str, before: str | None) -> Finding:
    """Subscribe one topic; a refusal is told, and the other topics go on."""
    try:
        await session.ask(Request("PUT", WEBHOOKS, body=encode({"event_type": topic, "address": address})))
    except Fault as fault:
        return Finding(topic, "warn", f"is not delivered: {fault.reason}", _remedy(fault, address))
    if before:
        return Finding(topic, "warn", f"was delivered to {urlsplit(before).hostname} before")
    return Finding(topic, "ok", "is delivered here from now on")


def _remedy(fault: Fault, address: str) -> str:
    if isinstance(fault, Stop):
        return fault.remedy
    return "The next run tries again." if DELIVERABLE.match(address) else UNDELIVERABLE
