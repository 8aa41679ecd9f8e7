"""Logs for people who look after cron jobs: on stderr, one line per event, no secret, no body, no control character."""

from __future__ import annotations

import logging

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
QUIET = ("httpx", "httpcore", "aiohttp.access", "hpack", "asyncio")
"""Libraries that would log whole addresses (httpx does, at INFO) or every request."""


class OneLine(logging.Formatter):
    """Keep each event on one line, a trace indented below it: what comes from outside cannot forge another event."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        trace = record.exc_text or ""
        event = text.removesuffix(f"\n{trace}") if trace else text
        return "\n    ".join(map(_printable, [event, *trace.splitlines()]))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def configure(verbose: int) -> None:
    """Send jalon's log to stderr at WARNING, INFO (-v) or DEBUG (-vv); other libraries stay at WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("jalon").setLevel(LEVELS[min(verbose, len(LEVELS) - 1)])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
