"""Whose accounts they are: the business account's tokens, the ad account's zone and currency, what `doctor` looks at.

https://business-api.tiktok.com/portal/docs?id=1738084387220481, .../docs?id=1765927978092545,
.../docs?id=1739593083610113

The business account's access token lives 24 hours. Its refresh token lives a year from the authorisation: a refresh may
hand out another one, but does not prolong the year, so that the owner must authorise once a year. The ad account's
token lives until it is taken back, and cannot be renewed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from jalon.connectors.answers import Row, rows, text
from jalon.connectors.base import Credentials, Fault, Finding, Request, Session, Stop
from jalon.connectors.tiktok_business import gmv_max
from jalon.connectors.tiktok_business.answers import ADS, data_of
from jalon.connectors.tiktok_business.faults import AUTHORISE, TOKENS, Unasked
from jalon.connectors.wire import encode

TOKEN, REFRESH = f"{TOKENS}token/", f"{TOKENS}refresh_token/"
TOKEN_INFO = "/tt_user/token_info/get/"  # noqa: S105 - a path
PROFILE = "/business/get/"
ADVERTISER = "/advertiser/info/"
JSON = {"content-type": "application/json"}

# The scopes that the recorded answers of the token service name.
SCOPES = {
    "video.list": "no videos can be read",
    "video.insights": "videos come without their figures",
    "user.insights": "the account's figures by day cannot be read",
}

ACCOUNTS = {"open_id": "business account", "advertiser_id": "ad account"}
"""Name of an id -> whose it is."""

# --- tokens -----------------------------------------------------------------------------------------------------------


async def renew(session: Session, credentials: Credentials | None) -> Credentials:
    """Exchange the refresh token, or the first authorisation code, for new tokens. Raises `Stop`."""
    path, form = _grant(session.settings, credentials)
    body = encode(
        {
            "client_id": session.settings.app_id,
            "client_secret": session.settings.app_secret.get_secret_value(),
            **form,
        }
    )
    request = Request("POST", path, body=body, headers=JSON, host="auth", anonymous=True, idempotent=False)
    return _tokens(data_of(await session.ask(request)), form.get("refresh_token"), credentials, session.now())


def _grant(settings: Any, credentials: Credentials | None) -> tuple[str, dict[str, str]]:
    refresh = credentials.refresh_token if credentials else None
    if refresh is None and settings.refresh_token:
        refresh = settings.refresh_token.get_secret_value()
    if refresh:
        return REFRESH, {"grant_type": "refresh_token", "refresh_token": refresh}
    if settings.auth_code is None:
        raise Stop("there is neither a refresh token nor an authorisation code", AUTHORISE, kind="auth")
    code = {"auth_code": settings.auth_code.get_secret_value(), "redirect_uri": settings.redirect_uri}
    return TOKEN, {"grant_type": "authorization_code", **code}


def _tokens(data: Row, used: str | None, before: Credentials | None, now: float) -> Credentials:
    """Return the credentials of an answer; one that names no refresh token leaves the used one as it was."""
    access, refresh = text(data.get("access_token")), text(data.get("refresh_token")) or None
    if not access:
        raise Stop("the token service gave no access token", AUTHORISE, kind="auth")
    ends = _ends(data, "refresh_token_expires_in", now)
    if ends is None and before is not None and refresh in (None, before.refresh_token):
        ends = before.refresh_expires_at
    return Credentials(access, refresh or used, _ends(data, "expires_in", now), ends)


def _ends(data: Row, name: str, now: float) -> float | None:
    seconds = data.get(name)
    return now + seconds if type(seconds) is int and seconds > 0 else None


# --- whose accounts ---------------------------------------------------------------------------------------------------


async def greet(session: Session) -> Mapping[str, str]:
    """Return the accounts that are read; `zone` is the ad account's, since the business account counts by UTC days.

    A source that gains or leaves out one of its two accounts stays the source it is. Raises `Stop`.
    """
    found: dict[str, str] = {}
    if session.settings.has_account:
        found |= await _business(session)
    if session.settings.advertiser_id is not None:
        found |= await _advertiser(session)
    return {"zone": "UTC", **found, **_same(session.account, found)}


def _same(before: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of all accounts that the source ever read, and what it is known by.

    Raises `Stop` where one of them is another one than before.
    """
    for name, title in ACCOUNTS.items():
        if name in before and name in found and before[name] != found[name]:
            reason = f"the token opens {title} {found[name]}, but this source has read {before[name]} so far"
            raise Stop(reason, "put that account back, or name a new source for the other one")
    ids = {name: told[name] for told in (before, found) for name in ACCOUNTS if name in told}
    is_same = any(before.get(name) == found[name] for name in ACCOUNTS if name in found)
    named = before.get("shop_id") if is_same else None
    return {**ids, "shop_id": named or found.get("open_id") or found["advertiser_id"]}


async def _business(session: Session) -> dict[str, str]:
    info = await _token_info(session)
    open_id = text(info.get("creator_id"))
    if not open_id:
        raise Stop("the token names no business account", AUTHORISE, kind="auth")
    return {"open_id": open_id, "scope": text(info.get("scope")), "username": await _username(session, open_id)}


async def _token_info(session: Session) -> Row:
    """Return whose token it is and what it may do; the token itself is added by `prepare`."""
    return data_of(await session.ask(Request("POST", TOKEN_INFO, headers=JSON)))


async def _username(session: Session, open_id: str) -> str:
    """Return the account's public handle; empty where it may not be read."""
    query = {"business_id": open_id, "fields": encode(["username"]).decode()}
    try:
        return text(data_of(await session.ask(Request("GET", PROFILE, query))).get("username"))
    except Unasked:
        return ""
    except Stop as refusal:
        if refusal.kind != "auth":
            raise
        return ""


async def _advertiser(session: Session) -> dict[str, str]:
    own = session.settings.advertiser_id
    data = data_of(await session.ask(about_advertiser(session)))
    for row in rows(data, "list"):
        if text(row.get("advertiser_id")) == own:
            return {
                "advertiser_id": own,
                "advertiser": text(row.get("name")),
                "currency": text(row.get("currency")),
                "zone": text(row.get("display_timezone")) or text(row.get("timezone")) or "UTC",
            }
    raise Stop(f"the token does not see the ad account {own}", "check advertiser_id")


def about_advertiser(session: Session) -> Request:
    """Return the question about the ad account, with all of its fields: `greet` keeps a few."""
    ids = encode([session.settings.advertiser_id]).decode()
    return Request("GET", ADVERTISER, {"advertiser_ids": ids}, host=ADS, anonymous=True)


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: whose accounts, what the tokens may do, zone, stores of GMV Max."""
    try:
        account = await greet(session)
    except Fault as fault:
        yield Finding("account", "fail", fault.reason, getattr(fault, "remedy", ""))
        return
    if session.settings.has_account:
        yield Finding("account", "ok", f"{account['username'] or 'business account'} ({account['open_id']})")
        for finding in _scopes(account["scope"]):
            yield finding
    if session.settings.advertiser_id is not None:
        yield Finding("ads", "ok", f"{account['advertiser']} ({account['advertiser_id']}, {account['currency']})")
        yield _zone(session, account["zone"])
        if session.settings.gmv_max:
            yield await _stores(session)


def _scopes(granted: str) -> list[Finding]:
    lacking = [scope for scope in SCOPES if scope not in granted.split(",")]
    remedy = "grant the scope, then authorise the app again"
    return [Finding("scopes", "warn", f"{scope} is not granted: {SCOPES[scope]}", remedy) for scope in lacking] or [
        Finding("scopes", "ok", "everything may be read")
    ]


def _zone(session: Session, own: str) -> Finding:
    settings = session.settings
    if "timezone" in settings.model_fields_set and settings.timezone != own:
        detail = f"{settings.timezone} is set, but the ad account counts its days in {own}"
        return Finding("timezone", "warn", detail, "take timezone out of jalon.toml: the account tells its own")
    return Finding("timezone", "ok", own)


async def _stores(session: Session) -> Finding:
    try:
        found = [store for store, _ in await gmv_max.stores(session)]
    except Fault as fault:
        return Finding("GMV Max", "warn", fault.reason, getattr(fault, "remedy", "") or "or set gmv_max = false")
    if missing := sorted(set(session.settings.store_ids) - set(found)):
        return Finding("GMV Max", "warn", f"the ad account does not know store {missing[0]}", "check store_ids")
    if not found:
        return Finding("GMV Max", "warn", "it is available for no store of this ad account", "or set gmv_max = false")
    return Finding("GMV Max", "ok", f"stores {', '.join(found)}")
