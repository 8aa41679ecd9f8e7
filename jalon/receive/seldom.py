"""Complaints that a stranger, or a full disk, could otherwise repeat a thousand times a second."""

from __future__ import annotations

import logging
import time

_EVERY_SECONDS = 60.0
_MOST = 100


class Seldom:
    """Logs each text at most once a minute, with how often it was meant in between."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, tuple[float, int]] = {}

    def error(self, text: str) -> None:
        """Log `text` as an error, unless it was logged a moment ago."""
        now = time.monotonic()
        at, times = self._said.get(text, (-_EVERY_SECONDS, 0))
        if now - at < _EVERY_SECONDS:
            self._said[text] = (at, times + 1)
            return
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[text] = (now, 0)
        self._log.error("%s%s", text, f" ({times} times more since it was last said)" if times else "")
