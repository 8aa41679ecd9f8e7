"""A real browser without a window, driven over a pipe by its DevTools protocol, with the network switched off.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import Any

FOUND = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--no-first-run", "--no-default-browser-check", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--proxy-server=127.0.0.1:9", "--remote-debugging-pipe",
)  # fmt: skip
IN_PLACE = (
    sys.executable,
    "-c",
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])",
)
"""Puts the two pipes where the browser looks for them, and becomes it."""
TROUBLE = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Browser:
    """One page of a running browser."""

    def __init__(self, send: RawIOBase, receive: BufferedIOBase) -> None:
        self._send = send
        self._receive = receive
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._send.write(json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self._receive.read(1)) != b"\0":
            assert byte, "the browser has gone"
            data += byte
        heard: dict[str, Any] = json.loads(data)
        if "method" in heard:
            self.events.append(heard)
        return heard

    def open(self, address: str, *, width: int = 1400, height: int = 900, scheme: str = "light") -> None:
        """Load a page in a window of this width, and wait until it is there."""
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._hear()

    def see(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]
        assert result.get("subtype") != "error", result
        return result.get("value")

    def wait(self, promise: str) -> Any:
        """Return what a JavaScript promise in the page becomes."""
        answer = self.ask("Runtime.evaluate", expression=promise, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def frames(self) -> None:
        """Wait until the page has been laid out and drawn, and what that caused too."""
        once = "await new Promise(done => requestAnimationFrame(done));"
        self.wait(f"(async () => {{ {once * 4} }})()")

    @property
    def trouble(self) -> list[str]:
        """What the console said since the page was opened."""
        return [json.dumps(event["params"]) for event in self.events if event["method"] in TROUBLE]

    @property
    def requests(self) -> list[str]:
        """Every address that the page asked for."""
        sent = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile folder of its own, and end it behind the block."""
    assert FOUND
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    words = [*IN_PLACE, str(theirs_in), str(theirs_out), FOUND, *FLAGS, f"--user-data-dir={profile}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, pass_fds=(theirs_in, theirs_out), stdin=quiet, stdout=quiet, stderr=quiet) as running:
        os.close(theirs_in)
        os.close(theirs_out)
        with os.fdopen(ours_out, "wb", buffering=0) as send, os.fdopen(ours_in, "rb") as receive:
            try:
                yield Browser(send, receive)
            finally:
                running.kill()
