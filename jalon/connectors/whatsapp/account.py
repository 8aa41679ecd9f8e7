"""WhatsApp's account matters: which account it is, what `doctor` looks at, and who gets its deliveries.

Deliveries need two subscriptions: the app's to the object `whatsapp_business_account` (one address for all accounts of
the app), and the account's to the app. https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Fault, Finding, Session, Stop
from jalon.connectors.graph_api import subscriptions, tokens
from jalon.connectors.graph_api.asking import as_app, get, post, rows
from jalon.connectors.whatsapp.deliveries import OBJECT

FIELDS = ("messages",)
"""What is subscribed: messages, carts and clicks come as `messages`."""
INFERRED = "automatic_events"
"""What is read too where somebody has switched it on: Meta offers it to some, in some countries."""
SCOPES = {
    "whatsapp_business_management": "the account, its numbers and subscriptions cannot be looked at",
    "whatsapp_business_messaging": "no deliveries come",
}
SUBSCRIBES = "set public_url if there is none, then run `jalon sync`: it subscribes"
HEALTHY = frozenset({"CONNECTED"})
"""States of a number in which persons can write to it."""


async def greet(session: Session) -> Mapping[str, str]:
    """Return the business account that the source reads."""
    answer = await session.ask(get(session.settings, session.settings.business_account_id, {"fields": "id,name"}))
    return {"shop_id": text(answer.data.get("id")), "name": text(answer.data.get("name"))}


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: account, token, numbers, subscriptions."""
    try:
        account = await greet(session)
        life = await tokens.look_into(session)
        yield Finding("account", "ok", f"{account['name']} ({account['shop_id']})")
        for finding in (*tokens.findings(life, SCOPES, session.now()), *await _numbers(session)):
            yield finding
        yield await _installed(session)
        yield await _subscribed(session)
    except Fault as fault:
        yield Finding("account", "fail", fault.reason, fault.remedy if isinstance(fault, Stop) else "")


async def _numbers(session: Session) -> list[Finding]:
    """Return the state of each number of the account."""
    wanted = {"fields": "id,display_phone_number,verified_name,status,quality_rating", "limit": "100"}
    found = await _edge(session, "phone_numbers", wanted)
    return [_number(row) for row in found] or [
        Finding("number", "fail", "the account has no number", "add one in WhatsApp Manager")
    ]


def _number(row: Row) -> Finding:
    state, quality = text(row.get("status")) or "of unknown state", text(row.get("quality_rating"))
    name = f"{text(row.get('verified_name'))}, number {text(row.get('id'))}"
    detail = f"{name} is {state}" + (f", quality {quality}" if quality else "")
    if state in HEALTHY:
        return Finding("number", "ok", detail)
    return Finding("number", "warn", detail, "look into WhatsApp Manager: nobody can write to it")


async def _installed(session: Session) -> Finding:
    """Say whether the account's deliveries go to the app."""
    app = _own(await _edge(session, "subscribed_apps"), session.settings.app_id)
    if app is None:
        return Finding("subscribed app", "fail", "the account delivers nothing to the app", SUBSCRIBES)
    other = urlsplit(text(app.get("override_callback_uri"))).hostname
    if other:
        return Finding(
            "subscribed app", "warn", f"this account's deliveries are diverted to {other}", subscriptions.OWN_APP
        )
    return Finding("subscribed app", "ok", "the account's deliveries go to the app")


async def _subscribed(session: Session) -> Finding:
    """Say whether the app wants the fields told that are read."""
    settings = session.settings
    if settings.app_id is None or settings.app_secret is None:
        return Finding("fields", "warn", "which fields are delivered is not known", "set app_id and app_secret")
    asked = get(settings, f"{settings.app_id}/subscriptions", headers=as_app(settings), anonymous=True)
    subscription = _of_object(rows((await session.ask(asked)).data))
    listed = subscription.get("fields")
    fields = (
        {text(each.get("name")) for each in listed if isinstance(each, dict)} if isinstance(listed, list) else set()
    )
    lacking = [name for name in FIELDS if name not in fields]
    if lacking:
        return Finding("fields", "fail", f"the app is not told {', '.join(lacking)}", SUBSCRIBES)
    return Finding("fields", "ok", f"the app is told {', '.join(sorted(fields & {*FIELDS, INFERRED}))}")


# --- subscribing ------------------------------------------------------------------------------------------------------


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make the platform deliver to `address`, unless the app already delivers elsewhere: that is somebody's chat."""
    settings = session.settings
    async for finding in subscriptions.of_app(session, OBJECT, FIELDS, address, take=False):
        yield finding
    if _own(await _edge(session, "subscribed_apps"), settings.app_id) is None:
        await session.ask(post(settings, f"{settings.business_account_id}/subscribed_apps"))
        yield Finding("account", "ok", "delivers to the app from now on")


def _of_object(found: list[Row]) -> Row:
    return next((row for row in found if row.get("object") == OBJECT), {})


def _own(found: list[Row], app_id: str | None) -> Row | None:
    """Return the app's own row; where its id is not known, the first."""
    for row in found:
        app: Any = row.get("whatsapp_business_api_data", row)
        if app_id is None or (isinstance(app, dict) and text(app.get("id")) == app_id):
            return row
    return None


async def _edge(session: Session, name: str, query: Mapping[str, str] | None = None) -> list[Row]:
    path = f"{session.settings.business_account_id}/{name}"
    return rows((await session.ask(get(session.settings, path, query))).data)
