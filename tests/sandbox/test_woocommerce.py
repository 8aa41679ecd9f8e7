"""The played WooCommerce: its answers fit the documented properties, and it has the habits of real shops."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from jalon.sandbox.brand import NOW
from jalon.sandbox.clock import Clock
from jalon.sandbox.faults import Faults
from jalon.sandbox.hosting import PHP_WARNING
from jalon.sandbox.server import Sandbox
from jalon.sandbox.truth import goods_paid
from jalon.sandbox.woocommerce import WooCommercePart
from jalon.sandbox.woocommerce.hooks import signature
from jalon.sandbox.woocommerce.listing import cut
from jalon.sandbox.world import World

LATER = {"shipping_lines", "tax_lines", "fee_lines", "_links"}
"""Properties of refunds (and links of all) that WooCommerce writes and the stored documentation does not list."""
EVERYTHING = {"modified_after": "2020-01-01T00:00:00", "dates_are_gmt": "true", "orderby": "id", "order": "asc"}


class Keeper:
    """A client of the played shop with its key."""

    def __init__(self, sandbox: Sandbox) -> None:
        part = sandbox.parts["woocommerce"]
        assert isinstance(part, WooCommercePart)
        self.part, self.sandbox = part, sandbox
        given = part.settings(sandbox.addresses)
        self.url, secrets = given["url"], given["secrets"]
        self.auth = (secrets["consumer_key"], secrets["consumer_secret"])
        self.client = httpx.AsyncClient()

    async def send(self, method: str, path: str, query: Any = None, body: Any = None, **more: Any) -> httpx.Response:
        auth = more.get("auth", self.auth)
        return await self.client.request(method, f"{self.url}{path}", params=query, json=body, auth=auth)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.send("GET", f"/wp-json/wc/v3{path}", query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def keeper(world: World) -> AsyncIterator[Keeper]:
    clock = Clock(NOW, frozen=True)
    async with Sandbox(world, clock, Faults(7), parts=["woocommerce"], deliver=False) as sandbox:
        keeper = Keeper(sandbox)
        yield keeper
        await keeper.client.aclose()


def fits(value: Any, properties: dict[str, Any], later: frozenset[str] | set[str] = LATER) -> None:
    """Assert that an object has all the documented properties with their types, and no others."""
    read = {name: one for name, one in properties.items() if not one.get("writeOnly")}
    named = {name for name in read if name != "set_paid"}
    assert named - {"secret"} <= set(value), named - set(value)
    assert set(value) <= named | later, set(value) - named - later
    kinds = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}
    for name in set(value) & named:
        types = read[name]["type"] if isinstance(read[name]["type"], list) else [read[name]["type"]]
        assert isinstance(value[name], tuple(kinds[each] for each in types)), (name, value[name])


async def test_orders_fit_their_documented_properties(keeper: Keeper, contracts: Path) -> None:
    documented = json.loads((contracts / "woocommerce" / "orders.properties.json").read_text())
    rows = await keeper.get("/orders", per_page="100", **EVERYTHING)
    assert len(rows) > 30
    for row in rows:
        fits(row, documented["Order properties"])
        fits(row["billing"], documented["Order - Billing properties"], set())
        fits(row["shipping"], documented["Order - Shipping properties"], set())
        for name, of in (("line_items", "Line items"), ("shipping_lines", "Shipping lines"), ("refunds", "Refunds")):
            for line in row[name]:
                known = {key: one for key, one in documented[f"Order - {of} properties"].items() if key != "price"}
                known |= {"tax_class": {"type": "string"}} if name == "line_items" else {}
                fits({key: value for key, value in line.items() if key != "price"}, known, set())
        for meta in row["meta_data"]:
            fits(meta, documented["Order - Meta data properties"], set())


def test_lists_are_by_date_of_creation_unless_asked_by_id() -> None:
    """Ids count up with the days, but for orders that are brought in from elsewhere."""
    created = {1: 30, 2: 10, 3: 20}
    assert cut([1, 2, 3], {"order": "asc"}, True, created.__getitem__)[0] == [2, 3, 1]
    assert cut([1, 2, 3], {}, True, created.__getitem__)[0] == [1, 3, 2]
    assert cut([1, 2, 3], {"order": "asc", "orderby": "id"}, True, created.__getitem__)[0] == [1, 2, 3]


@pytest.mark.parametrize(("path", "status"), [("/orders", "paid"), ("/orders", "any,open"), ("/products", "deleted")])
async def test_a_status_that_there_is_not_is_refused(keeper: Keeper, path: str, status: str) -> None:
    answer = await keeper.send("GET", f"/wp-json/wc/v3{path}", {"status": status})
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")


async def test_refunds_of_all_orders_are_listed_with_the_number_of_their_order(keeper: Keeper) -> None:
    rows = [row for row in await keeper.get("/orders", per_page="100", **EVERYTHING) if row["refunds"]]
    named = {(row["id"], back["id"]) for row in rows for back in row["refunds"]}
    found = await keeper.get("/refunds", per_page="100", order="asc", orderby="id")
    assert [one["id"] for one in found] == sorted(one["id"] for one in found)
    assert {(one["parent_id"], one["id"]) for one in found} >= named


async def test_refunds_and_webhooks_fit_their_documented_properties(keeper: Keeper, contracts: Path) -> None:
    folder = contracts / "woocommerce"
    documented = json.loads((folder / "order-refunds.properties.json").read_text())["Order refund properties"]
    rows = [row for row in await keeper.get("/orders", per_page="100", **EVERYTHING) if row["refunds"]]
    assert rows
    for row in rows:
        refunds = await keeper.get(f"/orders/{row['id']}/refunds", order="asc", orderby="id")
        assert [(one["id"], f"-{one['amount']}") for one in refunds] == [(o["id"], o["total"]) for o in row["refunds"]]
        for refund in refunds:
            fits(refund, documented)
            assert float(refund["amount"]) > 0
            assert all(float(line["total"]) <= 0 for line in refund["line_items"])
    hooks = json.loads((folder / "webhooks.properties.json").read_text())["Webhook properties"]
    wish = {
        "name": "a",
        "topic": "order.updated",
        "delivery_url": "http://127.0.0.1:1/",
        "secret": "s",
        "status": "active",
    }
    made = await keeper.send("POST", "/wp-json/wc/v3/webhooks", body=wish)
    assert made.status_code == 201
    fits(made.json(), hooks)
    assert "secret" not in made.json()


async def test_attribution_is_written_as_documented(keeper: Keeper, contracts: Path) -> None:
    documented = json.loads((contracts / "woocommerce" / "order_attribution_meta.json").read_text())
    known = {documented["meta_prefix"] + name for name in documented["keys_written_to_order_meta"]}
    rows = await keeper.get("/orders", per_page="100", **EVERYTHING)
    keys = {meta["key"] for row in rows for meta in row["meta_data"] if "attribution" in meta["key"]}
    assert keys <= known
    kinds = {m["value"] for row in rows for m in row["meta_data"] if m["key"].endswith("source_type")}
    assert kinds == {"utm", "organic", "referral", "typein"}


async def test_the_money_of_an_order_adds_up(keeper: Keeper, world: World) -> None:
    sales = {sale.order_id: sale for sale in world.shops[0].sales}
    for row in await keeper.get("/orders", per_page="100", **EVERYTHING):
        cents = {name: round(float(row[name]) * 100) for name in ("total", "total_tax", "shipping_total", "cart_tax")}
        goods = sum(round(float(line["total"]) * 100) for line in row["line_items"])
        assert cents["total"] == goods + cents["shipping_total"] + cents["total_tax"]
        if row["number"] in sales:
            assert goods == goods_paid(sales[row["number"]])


async def test_times_are_the_site_s_unless_gmt_is_asked_and_both_ends_are_exclusive(keeper: Keeper) -> None:
    rows = await keeper.get("/orders", per_page="100", **EVERYTHING)
    row = next(row for row in rows if row["date_modified"] != row["date_modified_gmt"])
    local, gmt = row["date_modified"], row["date_modified_gmt"]

    async def found(after: str, before: str, **more: str) -> bool:
        listed = await keeper.get("/orders", per_page="100", modified_after=after, modified_before=before, **more)
        return row["id"] in [one["id"] for one in listed]

    def moved(text: str, seconds: int) -> str:
        minutes, second = text[:-2], int(text[-2:]) + seconds
        return f"{minutes}{second:02d}" if 0 <= second < 60 else text

    after, before = moved(local, -1), moved(local, 1)
    assert await found(after, before)
    assert not await found(local, before)
    assert not await found(after, local)
    assert await found(moved(gmt, -1), moved(gmt, 1), dates_are_gmt="true")
    assert not await found(moved(gmt, -1) + "Z", moved(gmt, 1) + "Z", dates_are_gmt="true"), "Z becomes the site's time"


async def test_lists_are_counted_paged_and_leave_the_trash_out(keeper: Keeper) -> None:
    answer = await keeper.send("GET", "/wp-json/wc/v3/orders", {"per_page": "7", "page": "2", **EVERYTHING})
    total, pages = int(answer.headers["X-WP-Total"]), int(answer.headers["X-WP-TotalPages"])
    assert pages == -(-total // 7)
    everything = await keeper.get("/orders", per_page="100", **EVERYTHING)
    assert [row["id"] for row in answer.json()] == [row["id"] for row in everything[7:14]]
    assert [row["id"] for row in everything] == sorted(row["id"] for row in everything)
    behind = await keeper.get("/orders", per_page="7", offset="6", page="9", **EVERYTHING)
    assert [row["id"] for row in behind] == [row["id"] for row in everything[6:13]], "whatever page is named beside it"
    trash = await keeper.get("/orders", per_page="100", status="trash", **EVERYTHING)
    assert {row["status"] for row in trash} == {"trash"}
    assert not {row["id"] for row in trash} & {row["id"] for row in everything}
    assert (await keeper.get(f"/orders/{trash[0]['id']}"))["status"] == "trash"
    bad = await keeper.send("GET", "/wp-json/wc/v3/orders", {"per_page": "101"})
    assert (bad.status_code, bad.json()["code"]) == (400, "rest_invalid_param")


async def test_an_unknown_key_is_nobody_and_a_wrong_secret_is_refused(keeper: Keeper) -> None:
    cases = {
        ("ck_other", "cs_other"): "woocommerce_rest_cannot_view",
        (keeper.auth[0], "cs_other"): "woocommerce_rest_authentication_error",
        None: "woocommerce_rest_cannot_view",
    }
    for auth, code in cases.items():
        answer = await keeper.send("GET", "/wp-json/wc/v3/orders", auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    keeper.part.host.drops_authorization = True
    answer = await keeper.send("GET", "/wp-json/wc/v3/orders")
    assert answer.json()["code"] == "woocommerce_rest_cannot_view"
    in_query = {"consumer_key": keeper.auth[0], "consumer_secret": keeper.auth[1]}
    assert (await keeper.send("GET", "/wp-json/wc/v3/orders", in_query, auth=None)).status_code == 401


async def test_a_signature_is_good_once_and_for_fifteen_minutes(keeper: Keeper) -> None:
    keeper.part.host.drops_authorization = True
    key, secret = keeper.auth

    async def ask(path: str = "/wp-json/wc/v3/orders", **changes: str) -> tuple[int, str]:
        words = {
            "oauth_consumer_key": key,
            "oauth_nonce": "n1",
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(NOW)),
            "per_page": "1",
            **changes,
        }
        text = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(words.items()))
        text = f"GET&{quote(keeper.url + path.rstrip('/'), safe='')}&{quote(text, safe='')}"
        made = hmac.digest(f"{secret}&".encode(), text.encode(), "sha256")
        words["oauth_signature"] = base64.b64encode(made).decode()
        answer = await keeper.send("GET", path, words, auth=None)
        said = answer.json()
        return answer.status_code, "" if isinstance(said, list) else said["message"]

    assert await ask() == (200, "")
    assert await ask() == (401, "Invalid nonce - nonce has already been used.")
    assert await ask("/", rest_route="/wc/v3/orders", oauth_nonce="n2") == (200, "")
    assert await ask(oauth_nonce="n3", oauth_timestamp=str(int(NOW) - 899)) == (200, "")
    assert await ask(oauth_nonce="n4", oauth_timestamp=str(int(NOW) - 901)) == (401, "Invalid timestamp.")
    assert (await ask(oauth_nonce="n5", oauth_consumer_key="ck_other"))[1] == "Consumer key is invalid."
    assert "signature method" in (await ask(oauth_nonce="n6", oauth_signature_method="PLAINTEXT"))[1]
    assert "Missing" in (await ask(oauth_nonce=""))[1]
    secret = "cs_other"
    assert "does not match" in (await ask(oauth_nonce="n7"))[1]


async def test_the_host_prints_limits_and_blocks(keeper: Keeper) -> None:
    keeper.part.host.prints = PHP_WARNING
    assert (await keeper.send("GET", "/wp-json/wc/v3/orders")).content.startswith(PHP_WARNING)
    keeper.part.limits["requests_per_second"] = 1
    answers = [await keeper.send("GET", "/wp-json/wc/v3/orders") for _ in range(4)]
    assert {answer.status_code for answer in answers} >= {429, 503}
    assert "<html>" in answers[-1].text
    keeper.part.limits["requests_per_second"] = 0
    keeper.part.host.blocks = True
    assert (await keeper.send("GET", "/wp-json/wc/v3/orders")).status_code == 403


async def test_plain_permalinks_have_no_wp_json(keeper: Keeper) -> None:
    keeper.part.pretty = False
    assert (await keeper.send("GET", "/wp-json/wc/v3/orders")).status_code == 404
    assert (await keeper.send("GET", "/", {"rest_route": "/wc/v3/orders"})).json()
    assert "namespaces" in (await keeper.send("GET", "/", {"rest_route": "/"})).json()


async def test_a_webhook_is_pinged_signed_and_switched_off_after_failures(keeper: Keeper) -> None:
    wish = {"name": "a", "topic": "order.updated", "delivery_url": "http://127.0.0.1:1/", "secret": "a&amp;b"}
    await keeper.send("POST", "/wp-json/wc/v3/webhooks", body=wish)
    await keeper.sandbox.deliverer.pump()
    (ping,) = keeper.sandbox.deliverer.attempts
    assert " ping " in ping.key
    (hook,) = keeper.part.hooks.by_number.values()
    events = keeper.part.events(NOW - 5 * 86_400, NOW)
    assert len(events) > 7
    first = events[0]
    assert first.headers["X-WC-Webhook-Signature"] == signature("a&b", first.body)
    assert len(base64.b64decode(first.headers["X-WC-Webhook-Signature"])) == 32
    assert first.retries == ()
    for event in events[:6]:
        event.given_up()  # type: ignore[misc]
    assert hook.status == "active"
    events[6].given_up()  # type: ignore[misc]
    assert hook.status == "disabled"
    assert keeper.part.events(NOW - 86_400, NOW) == []


async def test_an_order_s_deletion_is_told_by_its_number_alone(keeper: Keeper) -> None:
    wish = {"name": "a", "topic": "order.deleted", "delivery_url": "http://127.0.0.1:1/", "secret": "s"}
    await keeper.send("POST", "/wp-json/wc/v3/webhooks", body=wish)
    for event in keeper.part.events(NOW - 60 * 86_400, NOW):
        assert set(json.loads(event.body)) == {"id"}


async def test_attribution_may_come_late_without_the_order_changing(keeper: Keeper) -> None:
    entry = next(e for e in keeper.part.orders.entries if e.number % 5 == 0 and not e.copied and e.placed_at > NOW)
    keeper.sandbox.clock.set(entry.placed_at + 60)
    early = await keeper.get(f"/orders/{entry.number}")
    keeper.sandbox.clock.set(entry.marks_from)
    late = await keeper.get(f"/orders/{entry.number}")
    assert not [meta for meta in early["meta_data"] if "attribution" in meta["key"]]
    assert [meta for meta in late["meta_data"] if "attribution" in meta["key"]]


async def test_products_and_their_variations(keeper: Keeper, world: World) -> None:
    rows = await keeper.get("/products", per_page="100", order="asc", orderby="id")
    skus = [row["sku"] for row in rows if row["type"] == "simple"]
    for row in rows:
        if row["type"] == "variable":
            variations = await keeper.get(f"/products/{row['id']}/variations")
            assert [one["id"] for one in variations] == row["variations"]
            skus += [one["sku"] for one in variations]
    assert sorted(skus) == sorted(product.sku for product in world.products)
