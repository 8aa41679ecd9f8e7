"""Instagram's account matters: which account, its token, what `doctor` looks at, subscriptions to deliveries.

https://developers.facebook.com/docs/instagram-platform/overview: with Facebook Login an account is found by the page it
hangs on; with Instagram Login it stands alone, and has no tags, no catalogue and no story_insights.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from jalon.connectors.answers import Row, text
from jalon.connectors.base import Credentials, Fault, Finding, Session, Stop, Wait
from jalon.connectors.graph_api import subscriptions, tokens
from jalon.connectors.graph_api.asking import get, pages
from jalon.connectors.instagram.deliveries import OBJECT

LINKED = "instagram_business_account{id,username}"
MESSAGES = ("messages", "messaging_postbacks")
APP_FIELDS = (*MESSAGES, "messaging_referral", "story_insights")
PAGE_FIELDS = (*MESSAGES, "messaging_referrals")
"""The page spells one of them otherwise."""
OWN_FIELDS = (*MESSAGES, "messaging_referral")
CONNECT = "link the Instagram account to a page that the token's owner has a role on, as a business account"
LOG_IN = "make a token by Instagram Login, of a professional account, with the permission instagram_business_basic"

PERMISSIONS = {
    "instagram_basic": "nothing can be read",
    "instagram_manage_insights": "figures of media, stories and the account are left out",
    "pages_show_list|pages_read_engagement": "the account is not found by its page",
    "instagram_shopping_tag_products": "product tags are left out",
    "catalog_management": "products, and with them the SKU behind a tag, are left out",
    "instagram_manage_messages": "messages are not delivered",
    "pages_manage_metadata": "deliveries cannot be asked for",
}
"""Permission (of several with | one is enough) -> what is missing without it."""


async def renew(session: Session, credentials: Credentials | None) -> Credentials:
    """Return a token that lives as long as the platform gives."""
    read = tokens.long_lived if session.settings.login == "facebook" else tokens.refreshed
    return await read(session, credentials)


# --- the account ------------------------------------------------------------------------------------------------------


async def greet(session: Session) -> Mapping[str, str]:
    """Return the account that the source reads. Raises `Stop` where it is not clear which."""
    if session.settings.login == "instagram":
        return _same(await _own(session), session)
    found = await _linked(session)
    return _choose(found, session.settings.instagram_id)


async def _own(session: Session) -> Mapping[str, str]:
    """Return the account of a token of Instagram Login, which is told by itself or as the one row of a list.

    https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started
    """
    me = (await session.ask(get(session.settings, "me", {"fields": "user_id,username"}))).data
    listed = me.get("data")
    if isinstance(listed, list):
        me = next((row for row in listed if isinstance(row, dict)), {})
    if not (identity := text(me.get("user_id"))):
        raise Stop("the token names no Instagram account", LOG_IN, kind="auth")
    return {"shop_id": identity, "name": text(me.get("username"))}


def _same(account: Mapping[str, str], session: Session) -> Mapping[str, str]:
    wanted = session.settings.instagram_id
    if wanted not in (None, account["shop_id"]):
        raise Stop(f"the token opens account {account['shop_id']}", f"set instagram_id to it, not to {wanted}")
    return account


async def _linked(session: Session) -> list[dict[str, str]]:
    """Return the accounts behind the token's pages; the token of a page has only its own."""
    query = {"fields": f"id,name,{LINKED}", "limit": "100"}
    try:
        found = [row async for page in pages(session, get(session.settings, "me/accounts", query)) for row in page.rows]
    except (Stop, Wait):
        raise
    except Fault:
        found = [(await session.ask(get(session.settings, "me", {"fields": f"id,name,{LINKED}"}))).data]
    return [_account(row) for row in found if isinstance(row.get("instagram_business_account"), dict)]


def _account(page: Row) -> dict[str, str]:
    linked = page["instagram_business_account"]
    return {"shop_id": text(linked.get("id")), "name": text(linked.get("username")), "page_id": text(page.get("id"))}


def _choose(found: list[dict[str, str]], wanted: str | None) -> dict[str, str]:
    known = ", ".join(f"{each['shop_id']} ({each['name']})" for each in found) or "none"
    fitting = [each for each in found if wanted in (None, each["shop_id"])]
    if not found:
        raise Stop("no page of this token has an Instagram business account", CONNECT, kind="auth")
    if not fitting:
        raise Stop(f"account {wanted} is not among those of the token", f"set instagram_id to one of: {known}")
    if len(fitting) > 1:
        remedy = f"make one source for each, with instagram_id set to one of: {known}"
        raise Stop(f"the token opens {len(fitting)} Instagram accounts", remedy)
    return fitting[0]


# --- doctor -----------------------------------------------------------------------------------------------------------


async def examine(session: Session) -> AsyncIterator[Finding]:
    """Yield what `doctor` should say: the account, the login, the token and its permissions, deliveries."""
    settings = session.settings
    account = await greet(session)
    yield Finding("account", "ok", f"{account['name']} ({account['shop_id']})")
    if settings.login == "instagram":
        yield Finding("login", "ok", "Instagram Login: there are no product tags, products and last figures of stories")
    else:
        life = await tokens.look_into(session)
        for finding in tokens.findings(life, PERMISSIONS, session.now()):
            yield finding
    yield subscriptions.receivable(settings, "messages, and the last figures of stories")


# --- deliveries -------------------------------------------------------------------------------------------------------


async def subscribe(session: Session, address: str) -> AsyncIterator[Finding]:
    """Make sure that Instagram delivers to `address`; yield what was found and done."""
    account = session.account
    if session.settings.login == "instagram":
        async for finding in subscriptions.of_account(session, account["shop_id"], OWN_FIELDS):
            yield finding
        return
    async for finding in subscriptions.of_app(session, OBJECT, APP_FIELDS, address):
        yield finding
    page = account["page_id"]
    token = await tokens.page_token(session, page)
    async for finding in subscriptions.of_account(session, page, PAGE_FIELDS, token):
        yield finding
