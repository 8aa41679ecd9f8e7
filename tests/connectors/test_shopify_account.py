"""Tokens of Shopify, and what is learnt of a shop before it is read."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from jalon.connectors import base
from jalon.connectors.base import Answer, Credentials
from jalon.connectors.shopify import Shopify
from tests.connectors.shopify_shop import (
    ALL_SCOPES,
    NOW,
    SETTINGS,
    SHOP,
    Script,
    answer,
    page,
)

# --- tokens -----------------------------------------------------------------------------------------------------------

APP = SETTINGS.model_copy(update={"access_token": None, "client_id": "id"})


async def test_an_own_app_takes_a_token_by_its_grant() -> None:
    shop = Script(lambda name, variables: Answer(200, {}, b'{"access_token":"new","expires_in":86399}'), settings=APP)
    assert Shopify().credentials(APP) is None
    assert await Shopify().renew(shop, None) == Credentials("new", None, NOW.timestamp() + 86399, None)
    (request,) = shop.requests
    assert (request.anonymous, request.idempotent) == (True, True)
    assert parse_qs(request.body.decode()) == {
        "client_id": ["id"], "client_secret": ["hush"], "grant_type": ["client_credentials"]
    }  # fmt: skip


async def test_a_refresh_token_is_used_once_and_replaced() -> None:
    settings = SETTINGS.model_copy(update={"client_id": "id", "refresh_token": SecretStr("r1")})
    body = b'{"access_token":"a2","expires_in":3600,"refresh_token":"r2","refresh_token_expires_in":7776000}'
    shop = Script(lambda name, variables: Answer(200, {}, body), settings=settings)
    fresh = await Shopify().renew(shop, Shopify().credentials(settings))
    assert fresh == Credentials("a2", "r2", NOW.timestamp() + 3600, NOW.timestamp() + 7776000)
    assert shop.requests[0].idempotent is False
    assert b"refresh_token=r1" in shop.requests[0].body


async def test_a_refresh_token_alone_is_enough() -> None:
    settings = APP.model_copy(update={"refresh_token": SecretStr("r1")})
    shop = Script(
        lambda name, variables: Answer(200, {}, b'{"access_token":"a2","refresh_token":"r2"}'), settings=settings
    )
    assert await Shopify().renew(shop, Shopify().credentials(settings)) == Credentials("a2", "r2", None, None)
    assert b"refresh_token=r1" in shop.requests[0].body


async def test_a_token_that_cannot_be_renewed_stops_with_a_remedy() -> None:
    with pytest.raises(base.Stop, match="renew") as stopped:
        await Shopify().renew(Script(lambda name, variables: {}), Credentials("shpat_x"))
    assert stopped.value.kind == "auth"
    assert "access_token" in stopped.value.remedy


async def test_a_refused_grant_stops_instead_of_renewing_for_ever() -> None:
    refused = Answer(401, {}, b'{"error":"invalid_client"}')
    with pytest.raises(base.Stop, match="401"):
        await Shopify().renew(Script(lambda name, variables: refused, settings=APP), None)


# --- who the shop is --------------------------------------------------------------------------------------------------


def shop_of(domain: str = SHOP, scopes: str = ALL_SCOPES, topics: Any = (), version: str = "2026-10") -> Script:
    told = {"id": "gid://shopify/Shop/77", "name": "J", "myshopifyDomain": domain, "currencyCode": "EUR"}
    data = {
        "shop": {**told, "ianaTimezone": "Europe/Paris", "taxesIncluded": True},
        "currentAppInstallation": {"accessScopes": [{"handle": handle} for handle in scopes.split()]},
    }
    subscribed = {"webhookSubscriptions": page(topics)}
    return Script(
        lambda name, variables: answer(
            {"data": data if name == "Shop" else subscribed}, **{"x-shopify-api-version": version}
        )
    )


async def test_greeting_learns_what_the_meaning_of_records_needs() -> None:
    shop = shop_of()
    shop.settings = SETTINGS.model_copy(update={"channels": {"Insta-Shop": "instagram", "2329312": ""}})
    account = await Shopify().greet(shop)
    assert (account["shop_id"], account["zone"], account["currency"], account["taxes_included"]) == (
        "77",
        "Europe/Paris",
        "EUR",
        "true",
    )
    assert {name: found for name, found in account.items() if name.startswith("channel:")} == {
        "channel:tiktok": "tiktok_shop",
        "channel:insta-shop": "instagram",
    }


async def test_a_token_of_another_shop_stops() -> None:
    with pytest.raises(base.Stop, match=r"belongs to other\.myshopify\.com"):
        await Shopify().greet(shop_of("other.myshopify.com"))


async def test_a_shops_own_time_zone_is_no_mismatch_where_none_is_named() -> None:
    found = [one async for one in Shopify().examine(shop_of()) if one.name == "time zone"]
    assert [(one.level, one.detail) for one in found] == [("ok", "Europe/Paris")]


async def test_doctor_says_what_is_missing() -> None:
    shop = shop_of(scopes="write_orders read_customers", version="2027-01")
    shop.settings = SETTINGS.model_copy(update={"timezone": "UTC"})
    findings = {one.name: one async for one in Shopify().examine(shop)}
    levels = {name: one.level for name, one in findings.items()}
    assert levels == {
        "shop": "ok",
        "time zone": "warn",
        "API version": "warn",
        "scope read_all_orders": "warn",
        "scope read_returns": "warn",
        "scope read_products": "warn",
        "subscriptions": "warn",
    }
    assert "2027-01" in findings["API version"].detail
    assert all(one.remedy for one in findings.values() if one.level != "ok")
