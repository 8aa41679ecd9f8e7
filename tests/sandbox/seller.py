"""A small client of the played TikTok Shop, for tests: signs, sends, unwraps."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from jalon.sandbox.server import Sandbox
from jalon.sandbox.tiktok_shop import CIPHER
from jalon.sandbox.tiktok_shop.door import sign


class Seller:
    """Call the API as an app with one authorised shop."""

    def __init__(self, sandbox: Sandbox) -> None:
        settings = sandbox.settings()["tiktok_shop"]
        self.api: str = settings["api_url"]
        self.auth: str = settings["auth_url"]
        self.key: str = settings["app_key"]
        self.secret: str = settings["secrets"]["app_secret"]
        self.refresh_token: str = settings["secrets"]["refresh_token"]
        self.access_token = ""
        self.client = httpx.AsyncClient()

    async def refresh(self, token: str | None = None) -> dict[str, Any]:
        query = {
            "app_key": self.key,
            "app_secret": self.secret,
            "refresh_token": token or self.refresh_token,
            "grant_type": "refresh_token",
        }
        answer: dict[str, Any] = (await self.client.get(f"{self.auth}/api/v2/token/refresh", params=query)).json()
        if answer["code"] == 0:
            self.access_token, self.refresh_token = answer["data"]["access_token"], answer["data"]["refresh_token"]
        return answer

    async def send(
        self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None, **changes: Any
    ) -> httpx.Response:
        """Send a signed request; `changes` replaces query parameters after the signature was made (None drops one)."""
        raw = b"" if body is None else json.dumps(body).encode()
        full = {"app_key": self.key, "timestamp": str(int(time.time())), "shop_cipher": CIPHER} | (query or {})
        full["sign"] = sign(self.secret, path, full, raw)
        for name, value in changes.items():
            full = {key: text for key, text in full.items() if key != name} | ({name: value} if value else {})
        headers = {"x-tts-access-token": self.access_token, "content-type": "application/json"}
        return await self.client.request(method, self.api + path, params=full, content=raw, headers=headers)

    async def call(self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> Any:
        """Send a request that must succeed, and return its `data`."""
        answer = (await self.send(method, path, query, body)).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    async def all(self, field: str, path: str, query: dict[str, str], body: Any, method: str = "POST") -> list[Any]:
        """Return the rows of all pages."""
        rows: list[Any] = []
        token = ""
        while True:
            data = await self.call(method, path, query | ({"page_token": token} if token else {}), body)
            rows += data.get(field, [])
            token = data.get("next_page_token", "")
            if not token:
                return rows
