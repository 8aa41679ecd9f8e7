"""Pinterest's account matters: tokens, whose account it is, what `doctor` looks at.

https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/

Access tokens live 30 days. Refresh tokens are continuous: each refresh hands out a new one, good for 60 days from then,
and the old one is over. Apps made before 2025-09-25 must ask for that (`continuous_refresh`), or hold a refresh token
of the old kind, which is not replaced and ends on a fixed day, after at most a year.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlencode

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Answer, Credentials, Fault, Finding, Request, Session, Skip, Stop
from jalon.connectors.days import today
from jalon.connectors.pinterest import analytics, catalogs, pins
from jalon.connectors.pinterest.faults import AUTHORISE
from jalon.connectors.pinterest.reports import KINDS, order

TOKENS = "/oauth/token"
USER = "/user_account"
AD_ACCOUNT = "/ad_accounts/{}"

# --- tokens -----------------------------------------------------------------------------------------------------------


async def renew(session: Session, credentials: Credentials | None) -> Credentials:
    """Exchange the refresh token, or the first authorisation code, for new tokens. Raises `Stop`."""
    settings = session.settings
    if settings.client_secret is None:
        raise Stop("the access token is over and there is no client_secret to renew it with", AUTHORISE, kind="auth")
    form = _grant(settings, credentials)
    if settings.continuous_refresh:
        form["continuous_refresh"] = "true"
    both = f"{settings.client_id}:{settings.client_secret.get_secret_value()}"
    headers = {
        "authorization": f"Basic {b64encode(both.encode()).decode()}",
        "content-type": "application/x-www-form-urlencoded",
    }
    body = urlencode(form).encode()
    request = Request("POST", TOKENS, body=body, headers=headers, host="auth", anonymous=True, idempotent=False)
    return _tokens((await session.ask(request)).data, credentials, form.get("refresh_token"), session.now())


def _grant(settings: Any, credentials: Credentials | None) -> dict[str, str]:
    if credentials and credentials.refresh_token:
        return {"grant_type": "refresh_token", "refresh_token": credentials.refresh_token}
    if settings.refresh_token:
        return {"grant_type": "refresh_token", "refresh_token": settings.refresh_token.get_secret_value()}
    if settings.auth_code:
        code = settings.auth_code.get_secret_value()
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": settings.redirect_uri}
    raise Stop("there is neither a refresh token nor an authorisation code", AUTHORISE, kind="auth")


def _tokens(data: Row, before: Credentials | None, used: str | None, now: float) -> Credentials:
    """Return the credentials of an answer; one without a new refresh token leaves the used one as it was."""
    access = text(data.get("access_token"))
    if not access:
        raise Stop("the token service gave no access token", AUTHORISE, kind="auth")
    refresh, refresh_ends = text(data.get("refresh_token")) or None, _ends(data, "refresh_token_expires", now)
    if refresh is None:
        same = before is not None and before.refresh_token == used
        refresh, refresh_ends = used, before.refresh_expires_at if before is not None and same else None
    return Credentials(access, refresh, _ends(data, "expires", now), refresh_ends)


def remark(request: Request, answer: Answer) -> str | None:
    """Say so where a refresh token was not replaced: it is of the old kind, and nothing prolongs it."""
    if request.path != TOKENS or text(answer.data.get("refresh_token")):
        return None
    return (
        "Pinterest did not replace the refresh token: it is of the old kind and ends for good after at most a year. "
        "Set continuous_refresh = true."
    )


def _ends(data: Row, name: str, now: float) -> float | None:
    """Return when a token ends: its absolute time where the answer tells it, else so many seconds from now."""
    at, seconds = data.get(f"{name}_at"), data.get(f"{name}_in")
    if type(at) is int and at > 0:
        return float(at)
    return now + seconds if type(seconds) is int and seconds > 0 else None


# --- whose account ----------------------------------------------------------------------------------------------------


async def greet(session: Session) -> Mapping[str, str]:
    """Return the account that is read, and the currency of its ads; all of Pinterest's days are UTC days."""
    user = (await session.ask(Request("GET", USER))).data
    found = {
        "shop_id": text(user.get("id")),
        "username": text(user.get("username")),
        "account_type": text(user.get("account_type")),
        "zone": "UTC",
    }
    if session.settings.ad_account_id is None:
        return found
    try:
        ads = (await session.ask(Request("GET", AD_ACCOUNT.format(session.settings.ad_account_id)))).data
    except Skip as refusal:
        raise Stop(f"the ad account: {refusal.reason}", "check ad_account_id") from None
    except Stop as refusal:
        if refusal.kind != "auth":
            raise
        return found  # the reports will be refused for the same reason, and are left out
    return {**found, "currency": text(ads.get("currency")), "ad_account": text(ads.get("name"))}


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the account, the app's access, and each thing that is to be read."""
    try:
        account = await greet(session)
    except Fault as fault:
        yield Finding("account", "fail", fault.reason, getattr(fault, "remedy", ""))
        return
    yield _account(account)
    yield _access(session.settings.access)
    for name, request in _probes(session):
        yield await _probe(session, name, request)


def _account(account: Mapping[str, str]) -> Finding:
    told = f"{account['username']} ({account['shop_id']})"
    if account["account_type"] == "BUSINESS":
        return Finding("account", "ok", told)
    return Finding("account", "warn", f"{told} is no business account", "figures need one: convert it in Pinterest")


def _access(access: str) -> Finding:
    if access != "trial":
        return Finding("access", "ok", f"the limits of {access} access are kept to")
    detail = "trial access: 1,000 requests a day, and Pins that only their creator sees"
    return Finding("access", "warn", detail, 'apply for standard access, then set access = "standard"')


def _probes(session: Session) -> list[tuple[str, Request]]:
    """Return one small question for each thing that is read and has a permission of its own."""
    settings, days = session.settings, pins.span(session)
    found = [("pins", Request("GET", pins.PINS, {"page_size": "1"}))]
    if settings.analytics:
        query = {**days, **analytics.CUTS["own"], "metric_types": "IMPRESSION"}
        found.append(("figures", Request("GET", analytics.ACCOUNT, query)))
    if settings.catalogs:
        found.append(("catalogs", Request("GET", catalogs.CATALOGS, {"page_size": "1"})))
    if settings.ad_account_id:
        yesterday = today(session, UTC) - timedelta(days=1)
        found.append(("ads", order(session, KINDS["ad_days"], yesterday, yesterday)))
    return found


async def _probe(session: Session, name: str, request: Request) -> Finding:
    try:
        await session.ask(request)
    except Skip as fault:
        return Finding(name, "warn", fault.reason, "switch this part off if there is nothing to read")
    except Fault as fault:
        return Finding(name, "fail" if name == "pins" else "warn", fault.reason, getattr(fault, "remedy", ""))
    return Finding(name, "ok", "may be read")
