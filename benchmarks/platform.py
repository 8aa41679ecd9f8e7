"""A TikTok Shop that only has orders, as many as wanted, answered from arithmetic: the server of the benchmarks.

`python -m benchmarks.platform --orders 20000` prints its address as JSON and serves until its stdin closes. Signatures
are not checked: both sides of a ratio must cost the server the same. GET /stats tells what was asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter

from aiohttp import web

SPAN = 20 * 86_400
"""Seconds over which the orders were updated."""
LINE = (
    '{"id":"%d","sku_id":"2729382476852921560","product_id":"1729582718312380123","seller_sku":"SKU-1","product_name":"Journal",'
    '"sale_price":"13.99","original_price":"19.99","seller_discount":"6.00","platform_discount":"0.00","currency":"USD",'
    '"display_status":"COMPLETED","is_gift":false,"room_id":""}'
)
ORDER = (
    '{"id":"%d","status":"COMPLETED","create_time":%d,"update_time":%d,"paid_time":%d,"commerce_platform":"TIKTOK_SHOP","order_type":"NORMAL",'
    '"user_id":"70214368104%08d","is_sample_order":false,"is_replacement_order":false,"is_exchange_order":false,"is_on_hold_order":false,'
    '"payment":{"currency":"USD","sub_total":"27.98","shipping_fee":"0.00","seller_discount":"12.00","platform_discount":"0.00",'
    '"original_total_product_price":"39.98","tax":"2.24","total_amount":"30.22"},"line_items":[%s,%s]}'
)


class Platform:
    """Orders 0 to `orders` - 1, evenly spaced over `SPAN` seconds that end an hour ago."""

    def __init__(self, orders: int, latency: float, fail_page: int, rate: float) -> None:
        self.orders, self.latency, self.fail_page, self.rate = orders, latency, fail_page, rate
        self.start = int(time.time()) - 3600 - SPAN
        self.stats: Counter[str] = Counter()
        self.ids: set[int] = set()
        self.tokens, self.refilled = rate, time.monotonic()

    def order(self, number: int) -> str:
        at = self.start + number * SPAN // self.orders
        first = 576_486_316_948_490_000 + number
        lines = (LINE % (first * 10 % 10**18), LINE % (first * 10 % 10**18 + 1))
        return ORDER % (first, at - 600, at, at - 550, number % 5000, *lines)

    def index(self, at: int) -> int:
        """Return the number of the first order updated at or after `at`."""
        return min(max(-((self.start - at) * self.orders // SPAN), 0), self.orders)

    async def answer(self, request: web.Request) -> web.Response:
        if self.latency:
            await asyncio.sleep(self.latency)
        if request.path == "/stats":
            return web.json_response(dict(self.stats))
        self.stats["requests"] += 1
        if self.rate and not self.admitted():
            self.stats["throttled"] += 1
            return web.json_response(
                {"code": 36009002, "message": "rate limit"}, status=429, headers={"Retry-After": "1"}
            )
        if request.path.startswith("/api/v2/token/"):
            return web.json_response({"code": 0, "data": self.token()})
        if request.path == "/authorization/202309/shops":
            shop = {
                "id": "7495540735365777507",
                "name": "Bench",
                "region": "US",
                "seller_type": "LOCAL",
                "cipher": "c",
                "code": "c",
            }
            return web.json_response({"code": 0, "data": {"shops": [shop]}})
        if request.path == "/order/202309/orders/search":
            return await self.search(request)
        return web.json_response({"code": 0, "message": "Success", "data": {}})

    def admitted(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.rate, self.tokens + (now - self.refilled) * self.rate)
        self.refilled = now
        self.tokens -= (ok := self.tokens >= 1)
        return ok

    def token(self) -> dict[str, object]:
        later = int(time.time()) + 30 * 86_400
        return {
            "access_token": "a",
            "access_token_expire_in": later,
            "refresh_token": "r",
            "refresh_token_expire_in": later,
            "user_type": 0,
            "granted_scopes": ["seller.order.info"],
        }

    async def search(self, request: web.Request) -> web.Response:
        self.stats["order_pages"] += 1
        if self.stats["order_pages"] == self.fail_page:
            return web.json_response({"code": 36009004, "message": "odd", "data": None}, status=400)
        body = await request.json()
        low, high = self.index(body["update_time_ge"]), self.index(body["update_time_lt"])
        at = low + int(request.query.get("page_token") or 0)
        end = min(at + int(request.query["page_size"]), high)
        token = str(end - low) if end < high else ""
        rows = ",".join(map(self.order, range(at, end)))
        text = '{"code":0,"message":"Success","data":{"next_page_token":"%s","total_count":%d,"orders":[%s]}}'
        return web.Response(text=text % (token, high - low, rows), content_type="application/json")


async def serve(platform: Platform) -> None:
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", platform.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}", "start": platform.start}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--fail-page", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(serve(Platform(options.orders, options.latency, options.fail_page, options.rate)))
