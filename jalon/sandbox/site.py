"""Visitors of the brand's own site, played: each follows links and tells events as its browser would, over HTTP.

This is no part of the sandbox: the site's own server is jalon. A visitor shares nothing with it; what it sends is
written here from the documentation of the script.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import aiohttp

BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
)
INSTAGRAM = f"{BROWSER} Instagram 389.0.0.23.98 (iPhone16,2; iOS 18_5; fr_FR; fr; scale=3.00; 1290x2796)"


@dataclass
class Visitor:
    """One person's browser. `agrees`: the consent banner was answered with yes; None: not at all."""

    events_address: str
    """Where the site's script sends events."""
    origin: str
    seed: str
    agrees: bool | None = True
    agent: str = INSTAGRAM
    headers: dict[str, str] = field(default_factory=dict)
    fast: float = 0.0
    """Seconds by which the browser's clock is ahead."""
    landed: str | None = None
    told: list[dict[str, Any]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Open the browser."""
        self._random = Random(self.seed)
        self._client = aiohttp.ClientSession(headers={"User-Agent": self.agent, **self.headers})
        self.id = f"{self._random.getrandbits(128):032x}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._client.close()

    async def follow(self, link: str) -> str:
        """Follow a short link, up to the address that it leads to, and see the page there."""
        async with self._client.get(link, allow_redirects=False) as answer:
            assert answer.status == 302, answer.status
            assert "Set-Cookie" not in answer.headers
            self.landed = answer.headers["Location"]
        return self.landed

    @property
    def click(self) -> str | None:
        """The click id in the address that was landed at."""
        return parse_qs(urlsplit(self.landed or "").query).get("jclid", [None])[0]

    async def land(self, referrer: str = "https://l.instagram.com/") -> int:
        """See the page that a link led to; return the status of the event's answer."""
        event = self.event("page_view", url=self.landed, referrer=referrer)
        if self.click:
            event["click"] = self.click
        return await self.tell(event)

    async def do(self, kind: str, **about: str) -> int:
        """Do something on the site; return the status of the event's answer."""
        return await self.tell(self.event(kind, url=f"{self.origin}/products/lamp", **about))

    def event(self, kind: str, **about: Any) -> dict[str, Any]:
        """Return an event of now, by the browser's clock."""
        known = {"id": f"{self._random.getrandbits(128):032x}", "type": kind, "at": self._clock(), "visitor": self.id}
        return known | {"consent": self.agrees} | about

    async def tell(self, *events: dict[str, Any]) -> int:
        """Send events, as the script or a stranger would; return the status of the answer."""
        self.told.extend(events)
        body = {"sent_at": self._clock(), "events": list(events)}
        headers = {"Origin": self.origin}
        async with self._client.post(self.events_address, json=body, headers=headers) as answer:
            return answer.status

    def _clock(self) -> int:
        return int((time.time() + self.fast) * 1000)
