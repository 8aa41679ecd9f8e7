"""The report page in a real browser: no error, no request, nothing wider than the screen, light and dark."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from jalon.console import Console
from jalon.demo import run_demo

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 30


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a page from a small demo."""
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium on this machine")
    out = tmp_path_factory.mktemp("demo") / "out"
    assert run_demo(Console("demo", quiet=True), out, seed=3, orders=60) == 0
    return out / "data" / "marts" / "report.html"


class Tab:
    """One browser tab, spoken to over the DevTools protocol; keeps what it reports."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=PATIENCE)
            if message.get("id") == number:
                assert "error" not in message, message
                answer: dict[str, Any] = message["result"]
                return answer
            self.events.append(message)

    async def value(self, expression: str) -> Any:
        return (await self.do("Runtime.evaluate", expression=expression, returnByValue=True))["result"]["value"]

    async def open(self, page: Path) -> None:
        await self.do("Page.navigate", url=page.as_uri())
        for _ in range(100):
            if await self.value("document.readyState") == "complete":
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the page does not finish loading")

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event["method"] == method]


@asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Tab]:
    """Run a browser with a profile of its own and lend one tab."""
    process = await asyncio.create_subprocess_exec(
        "chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(rb"listening on ws://([^/]+)/", await process.stderr.readline())):
                pass
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{found[1].decode()}/json") as answer:
                tabs = await answer.json(content_type=None)
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                tab = Tab(socket)
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await tab.do(f"{domain}.enable")
                yield tab
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
async def test_the_page_opens_alone_and_fits(page: Path, tmp_path: Path, width: int, scheme: str) -> None:
    async with browser(tmp_path) as tab:
        await tab.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        await tab.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await tab.open(page)
        assert await tab.value("document.documentElement.scrollWidth") <= width
        assert await tab.value("document.querySelectorAll('h2').length") >= 4
        assert "Net revenue" in await tab.value("document.body.innerText")
        back = await tab.value("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", back)[:3])) > 384) == (scheme == "light"), back
        asked = {request["request"]["url"] for request in tab.seen("Network.requestWillBeSent")}
        assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
        assert tab.seen("Log.entryAdded") == []
        assert tab.seen("Runtime.exceptionThrown") == []
