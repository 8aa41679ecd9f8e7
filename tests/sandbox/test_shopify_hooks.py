"""Webhooks of the played Shopify."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest
from shopkeeper import SUBSCRIBE, WORLD, Receiver, Shopkeeper, open_shop

from jalon.sandbox.brand import NOW
from jalon.sandbox.shopify.hooks import RETRIES, signature

DAY = 86_400
LIST = "{webhookSubscriptions(first:50){nodes{id topic uri}}}"


async def subscribe(shop: Shopkeeper, address: str, *topics: str, fields: list[str] | None = None) -> None:
    for topic in topics:
        wanted: dict[str, Any] = {"uri": address, "format": "JSON"}
        if fields:
            wanted["includeFields"] = fields
        answer = (await shop.data(SUBSCRIBE, t=topic, w=wanted))["webhookSubscriptionCreate"]
        assert answer["userErrors"] == []


async def pass_days(shop: Shopkeeper, days: float) -> None:
    shop.sandbox.clock.advance(days * DAY)
    await shop.sandbox.deliverer.pump()


async def test_deliveries_are_signed_and_say_what_happened() -> None:
    topics = ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "ORDERS_EDITED", "REFUNDS_CREATE")
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, *topics)
        await pass_days(shop, 6)
        refunds = {
            refund["id"]
            for order in await shop.orders("refunds{id createdAt}")
            for refund in order["refunds"]
            if refund["createdAt"] > "2026-11-20T12:00:00Z"
        }
        secret = shop.settings["secrets"]["client_secret"]
    for headers, body in receiver.got:
        assert headers["X-Shopify-Hmac-Sha256"] == signature(secret, body)
        assert headers["X-Shopify-Shop-Domain"] == shop.settings["shop"]
        assert headers["X-Shopify-API-Version"] == "2026-10"
    created = {str(order["id"]) for order in receiver.of("orders/create")}
    expected = {
        sale.order_id for sale in WORLD.sales if sale.platform == "shopify" and NOW < sale.placed_at <= NOW + 6 * DAY
    }
    copied = {sale.copy.order_id for sale in WORLD.sales if sale.copy and NOW < sale.copy.at <= NOW + 6 * DAY}
    assert created == expected | copied
    assert {refund["admin_graphql_api_id"] for refund in receiver.of("refunds/create")} == refunds
    assert all("order_edit" in body for body in receiver.of("orders/edited"))
    assert all(body["cancelled_at"] for body in receiver.of("orders/cancelled"))


async def test_payloads_show_the_revision_that_they_tell_of() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "ORDERS_CREATE", "ORDERS_UPDATED")
        await pass_days(shop, 12)
    seen: dict[int, list[str]] = defaultdict(list)
    for body in receiver.of("orders/create"):
        assert body["updated_at"] == body["created_at"]
        assert body["financial_status"] in ("pending", "authorized") or body["source_name"] == "tiktok"
    for body in receiver.of("orders/updated"):
        seen[body["id"]].append(body["updated_at"])
        lines = body["line_items"]
        gross = sum(float(line["price"]) * line["quantity"] for line in lines)
        assert gross == pytest.approx(
            float(body["subtotal_price"]) + float(body["total_discounts"]), abs=0.05 * len(lines)
        )
        assert "customer_journey" not in json.dumps(body)
    assert max(map(len, seen.values())) > 1
    for moments in seen.values():
        assert moments == sorted(moments)


async def test_ids_of_deliveries_and_events() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "REFUNDS_CREATE", "ORDERS_UPDATED", "ORDER_TRANSACTIONS_CREATE")
        await pass_days(shop, 8)
    deliveries = [headers["X-Shopify-Webhook-Id"] for headers, _ in receiver.got]
    assert len(set(deliveries)) == len(deliveries)
    topics: dict[str, set[str]] = defaultdict(set)
    for headers, _ in receiver.got:
        topics[headers["X-Shopify-Event-Id"]].add(headers["X-Shopify-Topic"])
    assert {"refunds/create", "orders/updated", "order_transactions/create"} in topics.values()


async def test_only_the_wanted_fields_are_sent() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "ORDERS_UPDATED", fields=["id", "updated_at"])
        await pass_days(shop, 2)
    assert receiver.got
    assert all(body.keys() == {"id", "updated_at"} for body in receiver.of("orders/updated"))


async def test_ids_beyond_what_a_float_holds_are_whole() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "ORDERS_CREATE")
        await pass_days(shop, 3)
    rounded = 0
    for body in receiver.of("orders/create"):
        assert body["admin_graphql_api_id"] == f"gid://shopify/Order/{body['id']}"
        rounded += int(float(body["id"])) != body["id"]
    assert rounded > 0


async def test_a_subscription_is_deleted_after_its_last_retry() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "ORDERS_CREATE", "ORDERS_CANCELLED")
        receiver.status = 500
        await pass_days(shop, 0.5)
        first = dict(receiver.got[0][0])
        for pause in RETRIES:
            assert len((await shop.data(LIST))["webhookSubscriptions"]["nodes"]) == 2
            shop.sandbox.clock.advance(pause)
            await shop.sandbox.deliverer.pump()
        left = (await shop.data(LIST))["webhookSubscriptions"]["nodes"]
    tries = [headers for headers, _ in receiver.got if headers["X-Shopify-Webhook-Id"] == first["X-Shopify-Webhook-Id"]]
    assert len(tries) == 9
    assert all(headers == first for headers in tries)
    assert sum(RETRIES) == 4 * 3600
    assert "ORDERS_CREATE" not in [one["topic"] for one in left]


async def test_subscriptions_can_be_changed_and_deleted() -> None:
    update = (
        "mutation($id:ID!,$w:WebhookSubscriptionInput!){webhookSubscriptionUpdate(id:$id,webhookSubscription:$w)"
        "{webhookSubscription{uri includeFields endpoint{__typename ... on WebhookHttpEndpoint{callbackUrl}}}"
        " userErrors{message}}}"
    )
    delete = (
        "mutation($id:ID!){webhookSubscriptionDelete(id:$id){deletedWebhookSubscriptionId userErrors{field message}}}"
    )
    async with open_shop() as shop:
        await subscribe(shop, "https://a.example/x", "ORDERS_CREATE")
        taken = (await shop.data(SUBSCRIBE, t="ORDERS_CREATE", w={"uri": "https://a.example/x"}))[
            "webhookSubscriptionCreate"
        ]
        identity = (await shop.data(LIST))["webhookSubscriptions"]["nodes"][0]["id"]
        changed = await shop.data(update, id=identity, w={"uri": "https://b.example/y", "includeFields": ["id"]})
        gone = [(await shop.data(delete, id=identity))["webhookSubscriptionDelete"] for _ in range(2)]
    assert "already been taken" in taken["userErrors"][0]["message"]
    assert changed["webhookSubscriptionUpdate"]["webhookSubscription"] == {
        "uri": "https://b.example/y",
        "includeFields": ["id"],
        "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": "https://b.example/y"},
    }
    assert gone[0] == {"deletedWebhookSubscriptionId": identity, "userErrors": []}
    assert gone[1]["userErrors"] == [{"field": ["id"], "message": "Webhook subscription does not exist"}]


async def test_compliance_topics_name_the_person() -> None:
    sale = next(sale for sale in WORLD.sales if sale.platform == "shopify" and sale.placed_at < NOW)
    person = WORLD.shoppers[sale.shopper]
    async with open_shop() as shop, Receiver() as receiver:
        shop.part.compliance_address = receiver.address
        shop.part.request_data(person.shopify_customer_id)
        shop.part.redact(person.shopify_customer_id)
        shop.part.redact_shop()
        await shop.sandbox.deliverer.pump()
        secret = shop.settings["secrets"]["client_secret"]
    assert all(headers["X-Shopify-Hmac-Sha256"] == signature(secret, body) for headers, body in receiver.got)
    who = {"id": int(person.shopify_customer_id), "email": person.email, "phone": person.phone}
    (asked,), (erased,) = receiver.of("customers/data_request"), receiver.of("customers/redact")
    assert asked["customer"] == erased["customer"] == who
    assert int(sale.order_id) in asked["orders_requested"] == erased["orders_to_redact"]
    assert asked["data_request"]["id"] > 0
    assert receiver.of("shop/redact") == [{"shop_id": 92891250994, "shop_domain": shop.settings["shop"]}]


async def test_the_end_of_a_job_is_told() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "BULK_OPERATIONS_FINISH")
        job, _ = await shop.export("{products{edges{node{id}}}}")
        await shop.sandbox.deliverer.pump()
    (told,) = receiver.of("bulk_operations/finish")
    assert (told["admin_graphql_api_id"], told["status"], told["type"]) == (job["id"], "completed", "query")


async def test_an_uninstalled_app_is_told_and_shut_out() -> None:
    async with open_shop() as shop, Receiver() as receiver:
        await subscribe(shop, receiver.address, "APP_UNINSTALLED")
        shop.part.uninstall()
        await shop.sandbox.deliverer.pump()
        answer = await shop.post("{shop{id}}")
    assert answer.status_code == 401
    assert receiver.of("app/uninstalled")[0]["myshopify_domain"] == shop.settings["shop"]
