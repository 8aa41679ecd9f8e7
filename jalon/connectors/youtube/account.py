"""YouTube's account matters: tokens, whose channel it is, what `doctor` looks at.

Tokens: https://developers.google.com/identity/protocols/oauth2/web-server#offline. An access token lives for an hour.
The refresh token stays the same; it ends after seven days while the OAuth app is in Testing, after six months without
use, or when it is revoked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from jalon.connectors.answers import Row, part, rows, text
from jalon.connectors.base import Credentials, Fault, Finding, Request, Session, Stop
from jalon.connectors.youtube.analytics import METRICS, REPORTS
from jalon.connectors.youtube.answers import PACIFIC
from jalon.connectors.youtube.faults import APIS, AUTHORISE, CHANNEL, shown
from jalon.connectors.youtube.merchant import VIEWS, question
from jalon.connectors.youtube.reports import JOBS

CHANNELS = "/youtube/v3/channels"
LINKS = "/youtube/v3/thirdPartyLinks"
FORM = {"content-type": "application/x-www-form-urlencoded"}

# https://developers.google.com/youtube/v3/docs/thirdPartyLinks
AFFILIATE = "merchantAffiliateProgramStatus"
"""How the words of a merchant's status in the affiliate programme begin."""
NOT_IN_IT = {"Eligible": "only eligible", "Paused": "paused"}
"""Status under which nothing is counted -> in words."""

# --- tokens -----------------------------------------------------------------------------------------------------------


async def renew(session: Session, credentials: Credentials | None) -> Credentials:
    """Exchange the refresh token, which does not rotate: asking twice is harmless."""
    settings = session.settings
    refresh = (credentials and credentials.refresh_token) or settings.refresh_token.get_secret_value()
    form = {
        "client_id": settings.client_id,
        "client_secret": settings.client_secret.get_secret_value(),
        "refresh_token": refresh,
        "grant_type": "refresh_token",
    }
    request = Request("POST", "/token", body=urlencode(form).encode(), headers=FORM, host="auth", anonymous=True)
    data = (await session.ask(request)).data
    access = text(data.get("access_token"))
    if not access:
        raise Stop("the token service gave no access token", AUTHORISE, kind="auth")
    now = session.now()
    return Credentials(
        access,
        text(data.get("refresh_token")) or refresh,
        _after(now, data.get("expires_in")),
        _after(now, data.get("refresh_token_expires_in")),
    )


def _after(now: float, seconds: Any) -> float | None:
    return now + seconds if isinstance(seconds, int) and seconds > 0 else None


# --- the channel ------------------------------------------------------------------------------------------------------


async def greet(session: Session) -> Mapping[str, str]:
    """Return the channel that the source reads, and where its uploads are. Raises `Stop` where there is none."""
    query = {"part": "contentDetails,snippet", "mine": "true"}
    found = rows((await session.ask(Request("GET", CHANNELS, query))).data, "items")
    if not found:
        raise Stop("the Google account has no YouTube channel", CHANNEL, kind="auth")
    channel = found[0]
    identity, wanted = text(channel.get("id")), session.settings.channel_id
    if wanted is not None and wanted != identity:
        raise Stop(f"the token is for channel {shown(identity)}, not {wanted}", CHANNEL, kind="auth")
    uploads = text(part(part(channel, "contentDetails"), "relatedPlaylists").get("uploads"))
    if not uploads:
        raise Stop(f"channel {shown(identity)} names no list of uploads", CHANNEL, kind="auth")
    return {
        "shop_id": identity,
        "channel": identity,
        "title": text(part(channel, "snippet").get("title")),
        "uploads": uploads,
        "shorts_up_to": str(session.settings.shorts_up_to),
    }


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the channel, each API that the settings want, the shop it is tied to."""
    try:
        channel = await greet(session)
    except Fault as fault:
        yield Finding("channel", "fail", fault.reason, getattr(fault, "remedy", ""))
        return
    yield Finding("channel", "ok", f"{channel['title']} ({channel['shop_id']})")
    for name, request in _probes(session):
        yield await _probe(session, name, request)
    yield await _store(session)


def _probes(session: Session) -> list[tuple[str, Request]]:
    """Return a small question for each optional API that is wanted: no endpoint lists the scopes of a token."""
    settings, day = session.settings, _days_ago(session, 4)
    wanted: list[tuple[str, Request]] = []
    if settings.analytics:
        query = {"ids": "channel==MINE", "startDate": day, "endDate": day, "metrics": METRICS["activity"]}
        wanted.append(("figures", Request("GET", REPORTS, query, host="analytics")))
    if settings.reports:
        wanted.append(("bulk reports", Request("GET", JOBS, {"pageSize": "1"}, host="reporting")))
    if settings.merchant_account is not None:
        ask = question(
            settings.merchant_account, VIEWS["affiliate_contents"], datetime.fromisoformat(day).date(), size=1
        )
        wanted.append(("affiliate sales", ask))
    return wanted


def _days_ago(session: Session, days: int) -> str:
    now = datetime.fromtimestamp(session.now(), UTC).astimezone(PACIFIC)
    return (now.date() - timedelta(days=days)).isoformat()


async def _probe(session: Session, name: str, request: Request) -> Finding:
    api = APIS[request.host]
    try:
        await session.ask(request)
    except Fault as fault:
        remedy = getattr(fault, "remedy", "") or f"grant {api.scope}, or switch this part off"
        return Finding(name, "warn", fault.reason, remedy)
    return Finding(name, "ok", f"the {api.title} answers")


async def _store(session: Session) -> Finding:
    """Say which shop YouTube ties to the channel: the Merchant Center account is the one to name in the settings."""
    try:
        query = {"part": "snippet,status", "type": "channelToStoreLink"}
        links = rows((await session.ask(Request("GET", LINKS, query))).data, "items")
    except Fault as fault:
        return Finding("store", "warn", fault.reason)
    stores = [part(part(link, "snippet"), "channelToStoreLink") for link in links if _is_linked(link)]
    return _named(stores, session.settings.merchant_account)


def _named(stores: list[Row], wanted: str | None) -> Finding:
    """Say which shops they are, and whether the one of the settings is among them and in the affiliate programme."""
    if not stores:
        return Finding("store", "ok", "YouTube ties no shop to the channel")
    named = f"the channel is tied to {', '.join(map(_store_name, stores))}"
    if wanted is None:
        return Finding("store", "ok", named)
    own = next((store for store in stores if text(store.get("merchantId")) == wanted), None)
    if own is None:
        return Finding("store", "warn", f"{named}, not to merchant {wanted}", "compare merchant_account")
    status = text(part(own, "merchantAffiliateProgramDetails").get("status")).removeprefix(AFFILIATE)
    if status in NOT_IN_IT:
        remedy = "see to it in Merchant Center: affiliate figures are of merchants in the programme alone"
        return Finding("store", "warn", f"{named}; in the affiliate programme it is {NOT_IN_IT[status]}", remedy)
    return Finding("store", "ok", named)


def _store_name(store: Row) -> str:
    return f"{text(store.get('storeName'))} ({shown(store.get('merchantId'))})"


def _is_linked(link: Row) -> bool:
    return text(part(link, "status").get("linkStatus")) == "linked"
