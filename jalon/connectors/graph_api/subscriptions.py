"""See to it that Meta delivers to us: the app's subscription to a kind of object, and the app's to an account.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started/webhooks-for-facebook-login and
https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps. Both are looked at in each run,
and changed where they lack: after an hour of failed deliveries Meta takes the account's away without a word.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode, urlsplit

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Finding, Request, Session
from jalon.connectors.graph_api.asking import as_app, as_token, get, post, rows
from jalon.connectors.graph_api.settings import Settings

NEEDED = "set app_id, app_secret and verify_token"
OWN_APP = "make an app of its own for jalon: an app has one address for all deliveries of a kind"
APP_EACH = (
    "give each source an app of its own: an app has one address for all deliveries of a kind; where that source is no "
    "more, take its address out of the app's webhooks"
)


def receivable(settings: Settings, lost: str) -> Finding:
    """Say whether deliveries can be verified; `lost` is what else does not come."""
    if settings.app_secret is not None and settings.verify_token is not None:
        return Finding("deliveries", "ok", "can be verified")
    return Finding("deliveries", "warn", f"{lost} are not received", "set app_secret and verify_token, and public_url")


async def of_app(
    session: Session, object: str, fields: Sequence[str], address: str, *, take: bool = True
) -> AsyncIterator[Finding]:
    """Make the app deliver `fields` of a kind of object to `address`; yield what was found and done.

    Without `take`, what the app delivers elsewhere by now is left there; what it delivers to another source of ours
    always is, since that one would take it back in its next run. A former address of this source is nobody's: it is
    taken in any case, with all that was told there.
    """
    settings: Settings = session.settings
    if settings.app_id is None or settings.app_secret is None or settings.verify_token is None:
        yield Finding("deliveries", "warn", "cannot be asked for", NEEDED)
        return
    path = f"{settings.app_id}/subscriptions"
    app = Request("GET", get(settings, path).path, headers=as_app(settings), anonymous=True)
    found = rows((await session.ask(app)).data)
    before = next((row for row in found if row.get("object") == object), {})
    if _covers(before, fields, address):
        yield Finding("deliveries", "ok", f"{object}: are sent here")
        return
    elsewhere = text(before.get("callback_url"))
    if other := _other_source(elsewhere, address):
        yield Finding("deliveries", "warn", f"{object}: are sent to the source {other!r}, and left so", APP_EACH)
        return
    ours = _is_of_this_source(elsewhere, address)
    if not take and elsewhere and not ours:
        yield Finding(
            "deliveries", "warn", f"{object}: are sent to {urlsplit(elsewhere).hostname}, and left so", OWN_APP
        )
        return
    form = {
        "object": object,
        "callback_url": address,
        "fields": ",".join(dict.fromkeys([*fields, *(sorted(_names(before)) if ours else ())])),
        "verify_token": settings.verify_token.get_secret_value(),
    }
    headers = {**as_app(settings), "content-type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    await session.ask(Request("POST", post(settings, path).path, headers=headers, body=body, anonymous=True))
    yield _changed(object, "" if ours else elsewhere, address)


def _covers(subscription: Row, fields: Sequence[str], address: str) -> bool:
    is_on = subscription.get("callback_url") == address and bool(subscription.get("active"))
    return is_on and _names(subscription) >= set(fields)


def _names(subscription: Row) -> set[str]:
    listed = subscription.get("fields")
    return {text(row.get("name")) for row in listed if isinstance(row, dict)} if isinstance(listed, list) else set()


def _other_source(elsewhere: str, address: str) -> str | None:
    """Return whose address it is, if it is one of ours; they end with the source's name and a part that is secret."""
    theirs, ours = elsewhere.rsplit("/", 2), address.rsplit("/", 2)
    if len(theirs) < len(ours) or theirs[0] != ours[0] or theirs[1] == ours[1]:
        return None
    return theirs[1]


def _is_of_this_source(before: str, address: str) -> bool:
    """Say whether an address is this source's, now or before the part of it that is secret was another."""
    return before.rsplit("/", 1)[0] == address.rsplit("/", 1)[0]


def _changed(object: str, before: str, address: str) -> Finding:
    if before and before != address:
        return Finding("deliveries", "warn", f"{object}: were sent to {urlsplit(before).hostname} before")
    return Finding("deliveries", "ok", f"{object}: are sent here from now on")


async def of_account(
    session: Session, account: str, fields: Sequence[str], token: str | None = None
) -> AsyncIterator[Finding]:
    """Make the app hear of an account (page or Instagram account), under its own token where one is given."""
    settings: Settings = session.settings

    def under(request: Request) -> Request:
        return as_token(settings, request, token) if token else request

    path = f"{account}/subscribed_apps"
    found = rows((await session.ask(under(get(settings, path)))).data)
    heard = {name for row in found if _is_ours(row, settings) for name in row.get("subscribed_fields") or ()}
    if heard >= set(fields):
        yield Finding("account", "ok", "its deliveries are on")
        return
    wanted = ",".join(sorted(heard | set(fields)))
    await session.ask(under(post(settings, path, {"subscribed_fields": wanted})))
    yield Finding("account", "ok", "its deliveries are on from now on")


def _is_ours(row: Row, settings: Settings) -> bool:
    """Say whether a subscription is of this app; it stands under `id` or `app_id`."""
    told = text(row.get("app_id")) or text(row.get("id"))
    return settings.app_id in (None, told)
