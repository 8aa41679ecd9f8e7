"""Tokens of the Graph API: exchanged for long-lived ones, looked into, and how long they and their consent hold.

https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived and
https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging. An exchange leaves the old token
alive, so it may be asked again. An expired token cannot be renewed: a person has to log in.

Where the token itself is not read from its header (these two endpoints take it in the query), the request is anonymous,
and addresses are never logged with their query.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jalon.connectors.answers import text
from jalon.connectors.base import Credentials, Deadline, Fault, Finding, Request, Session, Stop, Wait
from jalon.connectors.graph_api.asking import CURRENT, INPUT, as_app, as_token, get
from jalon.connectors.graph_api.faults import GRANT, LOG_IN, RENEW
from jalon.connectors.graph_api.settings import Settings

DAY = 86_400.0
CONSENT_ENDS_SOON = 14 * DAY
TRIAL = 30 * 3600.0
"""Seconds that a token of unknown age is used before its renewal is tried again: it must be a day old for it."""


class Life(NamedTuple):
    """What `debug_token` says of a token. Times in unix seconds; None: never."""

    is_valid: bool
    kind: str
    """USER, PAGE, SYSTEM_USER, APP."""
    expires_at: float | None
    data_access_expires_at: float | None
    """When the consent of the person ends: 90 days after it was given; the token may still look alive."""
    scopes: frozenset[str]


# --- Facebook Login ---------------------------------------------------------------------------------------------------


async def long_lived(session: Session, credentials: Credentials | None) -> Credentials:
    """Return the token of the source, exchanged for one of 60 days where it would end. Raises `Stop` for a dead one."""
    settings: Settings = session.settings
    token = credentials.access_token if credentials else settings.access_token.get_secret_value()
    life = await look_into(session, token)
    if life is None:
        return Credentials(token)
    if not life.is_valid:
        raise Stop("the access token is not valid any more", RENEW, kind="auth")
    return Credentials(token) if life.expires_at is None else await exchange(session, token)


async def exchange(session: Session, token: str) -> Credentials:
    """Exchange a token for one that lives about 60 days from now. Raises `Stop`."""
    settings: Settings = session.settings
    secret = settings.app_secret.get_secret_value() if settings.app_secret else ""
    query = {
        "grant_type": "fb_exchange_token",
        "client_id": settings.app_id or "",
        "client_secret": secret,
        "fb_exchange_token": token,
    }
    return _given(session, (await session.ask(get(settings, "oauth/access_token", query, anonymous=True))).data)


def _given(session: Session, data: Any) -> Credentials:
    token, seconds = text(data.get("access_token")), data.get("expires_in")
    if not token:
        raise Stop("the token service gave no token", RENEW, kind="auth")
    lives = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None
    return Credentials(token, access_expires_at=None if lives is None else session.now() + lives)


async def page_token(session: Session, page: str, token: str | None = None) -> str:
    """Return the token of a page, which a person's or system user's token (None: that in use) opens. Raises `Stop`."""
    asked = get(session.settings, page, {"fields": "access_token"})
    asked = as_token(session.settings, asked, token) if token else asked
    found = text((await session.ask(asked)).data.get("access_token"))
    if not found:
        remedy = "give the person or system user a role on the page, and pages_show_list to the token"
        raise Stop("the token does not open the page", remedy, kind="auth")
    return found


async def look_into(session: Session, token: str | None = None) -> Life | None:
    """Return what the platform says of a token (None: that in use); None where app_id and app_secret are not set."""
    settings: Settings = session.settings
    if settings.app_id is None or settings.app_secret is None:
        return None
    if token is None:
        asked = get(settings, "debug_token", {INPUT: CURRENT})
    else:
        asked = get(settings, "debug_token", {INPUT: token}, headers=as_app(settings), anonymous=True)
    return _life((await session.ask(asked)).data["data"])


def _life(data: Any) -> Life:
    scopes = data.get("scopes")
    return Life(
        data.get("is_valid") is True,
        text(data.get("type")),
        _moment(data.get("expires_at")),
        _moment(data.get("data_access_expires_at")),
        frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(),
    )


def _moment(value: Any) -> float | None:
    """Return a time; 0 stands for never."""
    return float(value) if type(value) is int and value > 0 else None


# --- Instagram Login --------------------------------------------------------------------------------------------------


async def refreshed(session: Session, credentials: Credentials | None) -> Credentials:
    """Return a token of Instagram Login that lives 60 days from now.

    One that is younger than a day cannot be renewed yet, and nobody tells how old the first one is: it is used as it
    is, and its renewal tried again after a day. If it is dead instead, the first question says so. Raises `Stop`.
    """
    settings: Settings = session.settings
    token = credentials.access_token if credentials else settings.access_token.get_secret_value()
    query = {"grant_type": "ig_refresh_token", "access_token": token}
    try:
        answer = await session.ask(Request("GET", "/refresh_access_token", query, anonymous=True))
    except Fault as fault:
        misplaced = isinstance(fault, Wait) or (isinstance(fault, Stop) and fault.kind != "auth")
        if credentials is not None or misplaced:
            raise
        return Credentials(token, access_expires_at=session.now() + TRIAL)
    return _given(session, answer.data)


# --- what doctor and the run say --------------------------------------------------------------------------------------


async def consent_of(session: Session, account: str) -> Deadline:
    """Return the deadline of the consent behind the token that is in use."""
    return consent(await look_into(session), account)


def consent(life: Life | None, account: str) -> Deadline:
    """Return the deadline of a person's consent to the app reading their data; taken back where none is told."""
    at = life.data_access_expires_at if life else None
    return Deadline(
        key=f"data_access/{account}",
        what="the consent to read this account's data ends; after it, answers come without data",
        at=at or 0.0,
        remedy=LOG_IN,
        warn=CONSENT_ENDS_SOON,
    )


def findings(life: Life | None, wanted: dict[str, str], now: float) -> list[Finding]:
    """Return what `doctor` says of a token: its life, the consent behind it, and what each missing scope costs."""
    if life is None:
        detail = "how long it lives is not known, and it is not renewed"
        return [Finding("token", "warn", detail, "set app_id and app_secret")]
    if not life.is_valid:
        return [Finding("token", "fail", "is not valid any more", RENEW)]
    lacking = [
        Finding(f"permission {scope}", "warn", costs, GRANT)
        for scope, costs in wanted.items()
        if life.scopes.isdisjoint(scope.split("|"))
    ]
    granted = lacking or [Finding("permissions", "ok", "everything that is asked may be read")]
    return [_token(life, now), _consent(life, now), *granted]


def _token(life: Life, now: float) -> Finding:
    if life.expires_at is None:
        return Finding("token", "ok", f"of a {life.kind or 'token'} that does not expire")
    days = (life.expires_at - now) / DAY
    return Finding("token", "ok", f"lives for {days:.0f} more days, and is renewed before")


def _consent(life: Life, now: float) -> Finding:
    if life.data_access_expires_at is None:
        return Finding("data access", "ok", "does not expire")
    days = (life.data_access_expires_at - now) / DAY
    if days > CONSENT_ENDS_SOON / DAY:
        return Finding("data access", "ok", f"holds for {days:.0f} more days")
    return Finding("data access", "warn" if days > 0 else "fail", f"ends in {days:.0f} days", LOG_IN)
