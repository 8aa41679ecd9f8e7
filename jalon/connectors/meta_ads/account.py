"""The ad account: its zone and currency, and what `doctor` looks at.

https://developers.facebook.com/docs/marketing-api/reference/ad-account
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from jalon.connectors.answers import text
from jalon.connectors.base import Fault, Finding, Session, Stop
from jalon.connectors.graph_api import tokens
from jalon.connectors.graph_api.asking import get

SCOPES = {"ads_read|ads_management": "no figures of ads can be read"}

# https://developers.facebook.com/docs/marketing-api/reference/ad-account#fields, account_status
STATES = {
    1: "active",
    2: "disabled",
    3: "unsettled",
    7: "under review",
    8: "waiting for settlement",
    9: "in a grace period",
    100: "about to be closed",
    101: "closed",
}
RUNNING = frozenset({1, 9})


async def greet(session: Session) -> Mapping[str, str]:
    """Return the ad account with the zone that its days are counted in and the currency that it is billed in."""
    data = await _account(session)
    return {
        "shop_id": text(data.get("account_id")),
        "name": text(data.get("name")),
        "zone": text(data.get("timezone_name")),
        "currency": text(data.get("currency")),
    }


async def _account(session: Session) -> Mapping[str, object]:
    wanted = {"fields": "account_id,name,currency,timezone_name,account_status"}
    answer = await session.ask(get(session.settings, f"act_{session.settings.ad_account_id}", wanted))
    data: Mapping[str, object] = answer.data
    return data


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the account, its zone, the token, and by what purchases are counted."""
    try:
        data = await _account(session)
        life = await tokens.look_into(session)
    except Fault as fault:
        yield Finding("account", "fail", fault.reason, fault.remedy if isinstance(fault, Stop) else "")
        return
    yield _state(data)
    yield _zone(session, text(data.get("timezone_name")))
    for finding in tokens.findings(life, SCOPES, session.now()):
        yield finding
    rule = f"{session.settings.purchase_action} within {' or '.join(session.settings.attribution_windows)}"
    yield Finding("purchases", "ok", f"are counted by {rule}")


def _state(data: Mapping[str, object]) -> Finding:
    status = data.get("account_status")
    state = STATES.get(status, f"in state {status}") if isinstance(status, int) else "of unknown state"
    detail = f"{text(data.get('name'))} ({text(data.get('account_id'))}, {text(data.get('currency'))}) is {state}"
    if status in RUNNING:
        return Finding("account", "ok", detail)
    return Finding("account", "warn", detail, "look into Ads Manager: no new figures come")


def _zone(session: Session, own: str) -> Finding:
    settings = session.settings
    if "timezone" in settings.model_fields_set and settings.timezone != own:
        detail = f"{settings.timezone} is set, but the account counts its days in {own}"
        return Finding("timezone", "warn", detail, "take timezone out of jalon.toml: the account tells its own")
    return Finding("timezone", "ok", own)
