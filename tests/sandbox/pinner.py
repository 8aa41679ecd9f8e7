"""A small client of the played Pinterest, for tests."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from jalon.sandbox.pinterest import PinterestPart
from jalon.sandbox.server import Sandbox


class Pinner:
    """Calls the API as an app that holds a refresh token."""

    def __init__(self, sandbox: Sandbox) -> None:
        part = sandbox.parts["pinterest"]
        assert isinstance(part, PinterestPart)
        self.part = part
        given = sandbox.settings()["pinterest"]
        self.api, self.auth = given["api_url"], given["auth_url"]
        self.ad_account: str = given["ad_account_id"]
        self.client_id: str = given["client_id"]
        self.secret: str = given["secrets"]["client_secret"]
        self.refresh_token: str = given["secrets"]["refresh_token"]
        self.access_token = ""
        self.client = httpx.AsyncClient()

    async def exchange(self, secret: str | None = None, **form: str) -> httpx.Response:
        """Ask the token service for tokens."""
        both = base64.b64encode(f"{self.client_id}:{secret or self.secret}".encode()).decode()
        headers = {"authorization": f"Basic {both}"}
        return await self.client.post(f"{self.auth}/oauth/token", data=form, headers=headers)

    async def refresh(self, token: str | None = None, **more: str) -> httpx.Response:
        """Refresh, and keep what comes of it."""
        form = {"grant_type": "refresh_token", "refresh_token": token or self.refresh_token, **more}
        answer = await self.exchange(**form)
        if answer.status_code == 200:
            self.access_token = answer.json()["access_token"]
            self.refresh_token = answer.json().get("refresh_token", self.refresh_token)
        return answer

    async def send(
        self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None
    ) -> httpx.Response:
        """Send a request with the token that is held."""
        headers = {"authorization": f"Bearer {self.access_token}"}
        return await self.client.request(method, self.api + path, params=query, json=body, headers=headers)

    async def call(self, path: str, query: dict[str, str] | None = None) -> Any:
        """Send a question that must be answered well, and return the answer's body."""
        answer = await self.send("GET", path, query)
        assert answer.status_code == 200, answer.text
        return answer.json()
