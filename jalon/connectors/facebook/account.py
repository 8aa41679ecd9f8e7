"""A Facebook page's account matters: its own token, what `doctor` looks at, subscriptions to deliveries.

A page is read under its own token. Whoever has a role on the page, a person or a system user, is given it; made from a
long-lived token it does not expire, but it dies with the role, the password or the app.
https://developers.facebook.com/docs/pages-api/overview
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Credentials, Fault, Finding, Session, Stop, Wait
from jalon.connectors.graph_api import subscriptions, tokens
from jalon.connectors.graph_api.asking import as_token, get, page_of

OBJECT = "page"
FIELDS = ("messages", "messaging_postbacks", "messaging_referrals", "send_cart")
ROLE = "give the token's owner a role on the page, and pages_show_list to the token"
ENOUGH_LIKES = 100
"""Likes below which the platform shows no figures of a page."""

PERMISSIONS = {
    "pages_show_list|pages_read_engagement": "the page is not found",
    "pages_read_engagement": "posts, reels and lives cannot be read",
    "read_insights": "figures of posts and page are left out",
    "pages_messaging": "messages and carts are not delivered",
    "pages_manage_metadata": "deliveries cannot be asked for",
    "catalog_management": "products, and with them the SKU behind a cart, are left out",
}
"""Permission (of several with | one is enough) -> what is missing without it."""


# --- the page's token -------------------------------------------------------------------------------------------------


async def renew(session: Session, _: Credentials | None) -> Credentials:
    """Return the page's own token, made from the one in the settings. Raises `Stop`."""
    token = session.settings.access_token.get_secret_value()
    life = await tokens.look_into(session, token)
    if life is not None and life.kind == "PAGE" and life.is_valid:
        return Credentials(token, access_expires_at=life.expires_at)
    lasting = (await tokens.long_lived(session, None)).access_token
    return Credentials(await _of_page(session, lasting))


async def _of_page(session: Session, token: str) -> str:
    """Return the page's token that a token opens; itself if it is a page's already."""
    settings = session.settings
    if settings.page_id is not None:
        return await tokens.page_token(session, settings.page_id, token)
    query = {"fields": "id,name,access_token", "limit": "100"}
    try:
        answer = await session.ask(as_token(settings, get(settings, "me/accounts", query), token))
    except (Stop, Wait):
        raise
    except Fault:
        return token  # a page has no accounts: the platform says that there is no such field
    return _only(page_of(answer.data).rows)


def _only(found: list[Row]) -> str:
    """Return the token of the only page. Raises `Stop` where it is not clear which."""
    known = ", ".join(f"{text(row.get('id'))} ({text(row.get('name'))})" for row in found) or "none"
    if not found:
        raise Stop("the token opens no page", ROLE, kind="auth")
    if len(found) > 1:
        raise Stop(f"the token opens {len(found)} pages", f"make one source for each, with page_id out of: {known}")
    token = text(found[0].get("access_token"))
    if not token:
        raise Stop("the token does not open its page", ROLE, kind="auth")
    return token


async def greet(session: Session) -> Mapping[str, str]:
    """Return the page that the source reads. Raises `Stop` if it is another one than the settings name."""
    page = (await session.ask(get(session.settings, "me", {"fields": "id,name"}))).data
    found, wanted = text(page.get("id")), session.settings.page_id
    if wanted not in (None, found):
        raise Stop(f"the token opens page {found}", f"put the token of page {wanted} in place, or set page_id")
    return {"shop_id": found, "name": text(page.get("name"))}


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the page, whether it has figures, the token and its permissions, deliveries."""
    settings = session.settings
    page = (await session.ask(get(settings, "me", {"fields": "id,name,fan_count"}))).data
    yield Finding("page", "ok", f"{text(page.get('name'))} ({text(page.get('id'))})")
    yield _likes(page.get("fan_count"))
    for finding in tokens.findings(await tokens.look_into(session), PERMISSIONS, session.now()):
        yield finding
    yield subscriptions.receivable(settings, "messages and carts")


def _likes(likes: object) -> Finding:
    if isinstance(likes, int) and likes < ENOUGH_LIKES:
        detail = f"the page has {likes} likes; below {ENOUGH_LIKES} the platform shows no figures of it"
        return Finding("figures", "warn", detail, "nothing to be done: they come once it has")
    return Finding("figures", "ok", "the page has likes enough for them")


# --- deliveries -------------------------------------------------------------------------------------------------------


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make sure that Facebook delivers to `address`; yield what was found and done."""
    async for finding in subscriptions.of_app(session, OBJECT, FIELDS, address):
        yield finding
    async for finding in subscriptions.of_account(session, session.account["shop_id"], FIELDS):
        yield finding
