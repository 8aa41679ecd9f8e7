"""Who may ask the played Shopify, and for what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shopkeeper import WORLD, Shopkeeper, open_shop

from jalon.sandbox.brand import NOW
from jalon.sandbox.shopify import CLIENT_ID

DAY = 86_400


async def grant(shop: Shopkeeper, **words: str) -> tuple[int, dict[str, Any]]:
    secret = shop.settings["secrets"]["client_secret"]
    form = {"client_id": CLIENT_ID, "client_secret": secret, **words}
    answer = await shop.client.post(f"{shop.settings['api_url']}/admin/oauth/access_token", data=form)
    return answer.status_code, answer.json()


async def test_a_wrong_token_is_refused() -> None:
    async with open_shop() as shop:
        for token in ("", "shpat_other", shop.token + "x"):
            shop.token = token
            answer = await shop.post("{shop{id}}")
            assert answer.status_code == 401
            assert "Invalid API key" in answer.json()["errors"]


async def test_the_app_s_own_grant_lives_a_day() -> None:
    async with open_shop() as shop:
        status, answer = await grant(shop, grant_type="client_credentials")
        assert status == 200
        assert answer["expires_in"] == 86_399
        assert "read_orders" in answer["scope"].split(",")
        shop.token = answer["access_token"]
        assert (await shop.post("{shop{id}}")).status_code == 200
        shop.sandbox.clock.advance(DAY)
        assert (await shop.post("{shop{id}}")).status_code == 401


async def test_refresh_tokens_rotate_and_an_answer_that_was_lost_loses_nothing() -> None:
    async with open_shop() as shop:
        first = shop.part.tokens.refresh_token
        _, lost = await grant(shop, grant_type="refresh_token", refresh_token=first)
        status, kept = await grant(shop, grant_type="refresh_token", refresh_token=first)
        assert status == 200
        assert kept["refresh_token"] not in (first, lost["refresh_token"])
        shop.token = kept["access_token"]
        assert (await shop.post("{shop{id}}")).status_code == 200
        status, refused = await grant(shop, grant_type="refresh_token", refresh_token=first)
        assert (status, refused["error"]) == (400, "invalid_grant")
        shop.sandbox.clock.advance(3_601)
        assert (await shop.post("{shop{id}}")).status_code == 401
        status, _ = await grant(shop, grant_type="refresh_token", refresh_token=kept["refresh_token"])
        assert status == 200


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"grant_type": "client_credentials", "client_secret": "no"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, "invalid_grant"),
    ],
)
async def test_a_wrong_token_call_is_refused(words: dict[str, str], error: str) -> None:
    async with open_shop() as shop:
        assert await grant(shop, **words) == (
            400,
            {"error": error, "error_description": "The token request was refused."},
        )


async def test_tokens_can_be_made_to_end_early() -> None:
    async with open_shop(faults={"token_expiry": 1.0}) as shop:
        _, answer = await grant(shop, grant_type="client_credentials")
        shop.token = answer["access_token"]
        statuses = [(await shop.post("{shop{id}}")).status_code for _ in range(20)]
    assert statuses[:3] == [200, 200, 200]
    assert statuses[-1] == 401


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"query":1}', b'{"variables":{}}', b'{"query":"{shop{id}}","variables":3}']
)
async def test_a_body_that_is_no_question_is_refused(body: bytes) -> None:
    async with open_shop() as shop:
        headers = {"X-Shopify-Access-Token": shop.token}
        answer = await shop.client.post(
            f"{shop.settings['api_url']}/admin/api/2026-10/graphql.json", content=body, headers=headers
        )
    assert answer.status_code == 400


async def test_a_taken_scope_leaves_a_null_and_an_error() -> None:
    async with open_shop() as shop:
        shop.part.scopes.discard("read_customers")
        answer = await shop.ask(
            "{orders(first:2){nodes{id customer{id}}} currentAppInstallation{accessScopes{handle}}}"
        )
        shop.part.scopes.discard("read_orders")
        nothing = await shop.ask("{orders(first:2){nodes{id}}}")
    assert [order["customer"] for order in answer["data"]["orders"]["nodes"]] == [None, None]
    assert answer["errors"][0]["extensions"] == {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": "`read_customers` access scope",
    }
    assert answer["errors"][0]["path"] == ["orders", "nodes", 0, "customer"]
    assert "read_customers" not in [
        scope["handle"] for scope in answer["data"]["currentAppInstallation"]["accessScopes"]
    ]
    assert nothing["data"] is None


async def test_personal_fields_need_approval() -> None:
    text = "{orders(first:50){nodes{email phone customer{id email firstName} shippingAddress{name}}}}"
    async with open_shop(protected_data_level=1) as shop:
        denied = await shop.ask(text)
    async with open_shop() as shop:
        shown = await shop.data(text)
    first = denied["data"]["orders"]["nodes"][0]
    assert (first["email"], first["phone"], first["shippingAddress"]) == (None, None, None)
    assert first["customer"]["id"]
    assert (first["customer"]["email"], first["customer"]["firstName"]) == (None, None)
    assert {error["extensions"]["code"] for error in denied["errors"]} == {"ACCESS_DENIED"}
    assert any("canary" in order["email"] for order in shown["orders"]["nodes"])


async def test_without_the_wider_scope_only_sixty_days_are_seen() -> None:
    async with open_shop(now=NOW + 10 * DAY) as shop:
        everything = await shop.orders("id createdAt")
        shop.part.scopes.discard("read_all_orders")
        recent = await shop.orders("id createdAt")
        oldest = await shop.data("query($id:ID!){order(id:$id){id} nodes(ids:[$id]){id}}", id=everything[0]["id"])
        sale = min((sale for sale in WORLD.sales if sale.platform == "shopify"), key=lambda sale: sale.placed_at)
        hidden = await shop.data("query($id:ID!){order(id:$id){id}}", id=f"gid://shopify/Order/{sale.order_id}")
    assert 0 < len(recent) < len(everything)
    assert hidden == {"order": None}
    assert oldest["nodes"][0] == oldest["order"]


async def test_single_things_are_found_by_id() -> None:
    async with open_shop() as shop:
        orders = await shop.orders(
            "id customer{id} refunds{id} returns(first:1){nodes{id}} lineItems(first:1){nodes{variant{id}}}"
        )
        order = next(order for order in orders if order["refunds"] and order["returns"]["nodes"])
        ids = [
            order["id"],
            order["refunds"][0]["id"],
            order["returns"]["nodes"][0]["id"],
            order["customer"]["id"],
            order["lineItems"]["nodes"][0]["variant"]["id"],
            "gid://shopify/Order/1",
        ]
        data = await shop.data("query($ids:[ID!]!){nodes(ids:$ids){__typename id ... on Refund{order{id}}}}", ids=ids)
    kinds = ["Order", "Refund", "Return", "Customer", "ProductVariant"]
    assert [(node["__typename"], node["id"]) for node in data["nodes"][:5]] == list(zip(kinds, ids, strict=False))
    assert data["nodes"][1]["order"]["id"] == order["id"]
    assert data["nodes"][5] is None


async def test_products_are_listed_by_time() -> None:
    text = (
        "query($q:String){products(first:250,query:$q,sortKey:UPDATED_AT)"
        "{nodes{id updatedAt variants(first:5){nodes{sku price}}}}}"
    )
    async with open_shop() as shop:
        everything = (await shop.data(text))["products"]["nodes"]
        edge = everything[10]["updatedAt"]
        later = (await shop.data(text, q=f"updated_at:>'{edge}'"))["products"]["nodes"]
    skus = {variant["sku"] for product in everything for variant in product["variants"]["nodes"]}
    assert skus == {product.sku for product in WORLD.products}
    assert later == [product for product in everything if product["updatedAt"] > edge]


async def test_the_version_that_answered_is_named() -> None:
    async with open_shop() as shop:
        assert (await shop.post("{shop{id}}")).headers["X-Shopify-API-Version"] == "2026-10"
        shop.part.door.version = "2027-01"
        assert (await shop.post("{shop{id}}")).headers["X-Shopify-API-Version"] == "2027-01"


async def test_wrong_questions_are_named() -> None:
    async with open_shop() as shop:
        unknown = await shop.ask("{orders(first:1){nodes{landingSiteUrl}}}")
        broken = await shop.ask("{orders(")
        variable = await shop.ask("query($n:Int!){orders(first:$n){nodes{id}}}", n="many")
        shop.part.door.fail_next = 1
        internal = await shop.ask("{shop{id}}")
        dear = await shop.ask(
            "{orders(first:250){nodes{id lineItems(first:250){nodes{id taxLines{title} product{id} variant{id}"
            " discountAllocations{discountApplication{index}}}} shippingLines(first:250){nodes{id taxLines{title}}}}}}"
        )
    assert unknown["errors"][0]["message"] == "Field 'landingSiteUrl' doesn't exist on type 'Order'"
    assert unknown["errors"][0]["extensions"]["code"] == "undefinedField"
    assert "errors" in broken
    assert "data" not in broken
    assert "errors" in variable
    assert "cost" not in internal.get("extensions", {})
    assert internal["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    (refusal,) = dear["errors"]
    cost = refusal["extensions"]["cost"]
    assert refusal["message"] == f"Query cost is {cost}, which exceeds the single query max cost limit (1000)."
    assert (refusal["extensions"]["code"], refusal["extensions"]["maxCost"]) == ("MAX_COST_EXCEEDED", 1000)
    assert cost > 1000


@pytest.mark.parametrize("fault", ["5xx", "throttle", "malformed"])
async def test_faults_strike_this_part(fault: str) -> None:
    async with open_shop(faults={fault: 1.0}) as shop:
        answer = await shop.post("{shop{id}}")
    if fault == "throttle":
        assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    elif fault == "5xx":
        assert answer.status_code >= 500
    else:
        with pytest.raises(json.JSONDecodeError):
            answer.json()
