"""A small brand that has come to rest, its platforms on loopback, and a numbered stream of signed deliveries."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import aiohttp

from jalon.commands.demo import write_workplace
from jalon.sandbox.brand import generate
from jalon.sandbox.clock import Clock
from jalon.sandbox.server import Sandbox
from jalon.sandbox.shopify import DOMAIN
from jalon.sandbox.shopify.hooks import signature
from jalon.sandbox.tiktok_shop import APP_KEY, SHOP_ID
from jalon.sandbox.tiktok_shop.hooks import authorization
from jalon.sandbox.world import Shopper, World
from tests.spine import SPINE

DAY = 86_400
AT_REST = 9
"""Days after the last event by which every figure is final and every journey ready."""
DELIVERIES = 360
SENDERS = 8
ERASING = 5
"""The number of the delivery that asks for a customer to be erased."""
TAGGED = 9_000_000_000_000_000_000
"""Content ids of the numbered tags: above 2^53, and none of the brand's own."""
KEY = "7" * 64
"""The installation key: one for all stores, so that the same person has the same pseudonym in each."""


@cache
def brand() -> World:
    """Return the brand whose last day was `AT_REST` days ago."""
    now = int(time.time()) // DAY * DAY - AT_REST * DAY
    return generate(7, orders=40, days=8, horizon_days=1, now=now, products=8)


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[Sandbox]:
    """Play the platforms over the brand, with time standing still, and write a workplace that reads them.

    A refresh token is good until the tokens that it gave are used (`rotation_grace`). Without that grace a process that
    is killed between the platform's answer and its own commit loses the account, on the real platform as here, and no
    client can help it: nothing that it could have written beforehand tells it the new token.
    """
    clock = Clock(float(int(time.time())), frozen=True)
    limits = {"tiktok_shop": {"rotation_grace": 1}}
    async with Sandbox(brand(), clock, parts=SPINE, limits=limits, deliver=False) as sandbox:
        folder.mkdir(parents=True)
        (folder / "jalon.key").write_text(KEY)
        (folder / "jalon.key").chmod(0o600)
        write_workplace(folder, sandbox.settings())
        yield sandbox


def answered(sandbox: Sandbox) -> int:
    """Return how many requests the platforms have answered."""
    return sum(sandbox.requests.values())


class Delivery(NamedTuple):
    """One signed delivery; `key` is what the store is to know it by."""

    source: str
    key: str
    body: bytes
    headers: dict[str, str]


def customers() -> tuple[Shopper, Shopper]:
    """Return the customer who is to be erased, and one who is not."""
    first, *others = (sale.shopper for sale in brand().sales if sale.platform == "shopify")
    return brand().shoppers[first], brand().shoppers[next(other for other in others if other != first)]


def orders_of(shopper: Shopper) -> list[str]:
    """Return the ids of the web orders of a customer."""
    return [sale.order_id for sale in brand().sales if (sale.platform, sale.shopper) == ("shopify", shopper.id)]


def _to_be_erased() -> dict[str, object]:
    shopper, _ = customers()
    orders = [int(order) for order in orders_of(shopper)]
    customer = {"id": int(shopper.shopify_customer_id), "email": shopper.email, "phone": shopper.phone}
    return {"shop_id": 1, "shop_domain": DOMAIN, "customer": customer, "orders_to_redact": orders}


class Stream:
    """Deliveries with numbers, sent until each is acknowledged, as platforms do.

    By turns they name a TikTok order, a Shopify order, and a product tag put on a video, of which the delivery is the
    only record; one asks for a customer to be erased. `acknowledged` holds what was, whoever has died since.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        settings = sandbox.settings()
        self._secrets = {
            "tiktok_shop": settings["tiktok_shop"]["secrets"]["app_secret"],
            "shopify": settings["shopify"]["secrets"]["client_secret"],
        }
        self._orders = {
            name: [sale.order_id for sale in brand().sales if sale.platform == name] for name in self._secrets
        }
        self.deliveries = [self._make(number) for number in range(DELIVERIES)]
        self.acknowledged: set[int] = set()
        self.answers = 0
        """Acknowledgements in all, those of duplicates included."""

    def _make(self, number: int) -> Delivery:
        # The brand's last day, and not this moment: the record must be the same in every life.
        at = brand().horizon
        if number % 3 == 0:
            order = self._orders["tiktok_shop"][number % len(self._orders["tiktok_shop"])]
            data = {"order_id": order, "order_status": "COMPLETED", "is_on_hold_order": False, "update_time": number}
            return self._tiktok(1, at + number, data)
        if number % 3 == 1:
            product = "1729592969712207008"
            event = {"content_id": str(TAGGED + number), "type": "ADD", "scene": "VIDEO"}
            return self._tiktok(17, at + number, {"product_id": product, "event": event})
        if number == ERASING:
            return self._shopify("customers/redact", number, _to_be_erased())
        order = self._orders["shopify"][number % len(self._orders["shopify"])]
        told = {"id": int(order), "admin_graphql_api_id": f"gid://shopify/Order/{order}", "updated_at": at + number}
        return self._shopify("orders/updated", number, told)

    def _tiktok(self, kind: int, at: int, data: dict[str, object]) -> Delivery:
        body = json.dumps({"type": kind, "shop_id": SHOP_ID, "timestamp": at, "data": data}).encode()
        signed = authorization(APP_KEY, self._secrets["tiktok_shop"], body)
        return Delivery("tiktok_shop", hashlib.sha256(body).hexdigest(), body, {"Authorization": signed})

    def _shopify(self, topic: str, number: int, told: dict[str, object]) -> Delivery:
        body = json.dumps(told).encode()
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": DOMAIN,
            "X-Shopify-Webhook-Id": f"numbered-{number}",
            "X-Shopify-Hmac-Sha256": signature(self._secrets["shopify"], body),
        }
        return Delivery("shopify", f"{DOMAIN}|{topic}|numbered-{number}", body, headers)

    async def send(self, addresses: dict[str, str]) -> None:
        """Send what is not acknowledged yet, and every tenth of the rest again, until all is or nobody answers."""
        numbers = [n for n in range(DELIVERIES) if n not in self.acknowledged or n % 10 == 0]
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._sender(session, addresses, numbers[n::SENDERS]) for n in range(SENDERS)))

    async def _sender(self, session: aiohttp.ClientSession, addresses: dict[str, str], numbers: list[int]) -> None:
        with suppress(aiohttp.ClientError, OSError):
            for number in numbers:
                one = self.deliveries[number]
                async with session.post(addresses[one.source], data=one.body, headers=one.headers) as answer:
                    assert answer.status == 200, f"delivery {number} was answered {answer.status}"
                    self.acknowledged.add(number)
                    self.answers += 1
