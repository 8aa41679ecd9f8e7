"""Keep secrets out of what people read: logs, errors, notes in the store.

Three doors, since one is forgotten sooner or later: the HTTP libraries are told to log warnings only (they write whole
addresses at INFO and headers at DEBUG), no text made here holds a query, a header value or a body, and what platforms
say in their own words passes through `Redactor.clean`.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, SecretBytes, SecretStr

from jalon.connectors.base import Fault
from jalon.errors import kind_and_place

SHORTEST = 6
"""Shorter secrets would blank out ordinary words; a secret that short protects nothing."""
LONGEST_TEXT = 600
_QUERY = re.compile(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*")
_USER = re.compile(r"(https?://)[^/\s@\"'<>]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LOUD = ("httpx", "httpcore", "hpack", "h11")


class Redactor(logging.Filter):
    """Replace known secrets, queries and user-info of addresses, and control characters."""

    def __init__(self) -> None:
        super().__init__()
        self._longest_first: list[str] = []

    def add(self, secrets: Iterable[str | None]) -> None:
        """Remember secrets that must not be read anywhere."""
        clear = {secret for secret in secrets if secret and len(secret) >= SHORTEST}
        told = clear | {quote(secret, safe="") for secret in clear}
        # A server that renews its tokens for months knows many: no pattern of all, which each of them would make anew.
        if not told.issubset(self._longest_first):
            self._longest_first = sorted(told.union(self._longest_first), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return one line without secrets, at most `LONGEST_TEXT` long."""
        return _line(self._scrubbed(text)).strip()

    def _scrubbed(self, text: str) -> str:
        for secret in self._longest_first:
            text = text.replace(secret, "***")
        return _QUERY.sub(r"\1?***", _USER.sub(r"\1***@", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a log record in place, its trace included, which keeps its lines."""
        record.msg = self.clean(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[0] is not None:
            trace = self._scrubbed("".join(traceback.format_exception(*record.exc_info)))
            record.exc_text = "\n".join(map(_line, trace.splitlines()))
            record.exc_info = None
        return True


def _line(text: str) -> str:
    text = _CONTROL.sub(" ", text)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


REDACTOR = Redactor()
"""The process's own: every session tells it the secrets it works with."""


def sayable(error: Exception) -> str:
    """Return what may be said of an error: a fault's own words, of others the kind and the place alone."""
    if isinstance(error, Fault):
        return REDACTOR.clean(error.reason)
    return REDACTOR.clean(kind_and_place(error))


def guard_logs(redactor: Redactor = REDACTOR) -> None:
    """Quieten the HTTP libraries and clean whatever the root handlers write."""
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        if redactor not in handler.filters:
            handler.addFilter(redactor)


def secrets_of(settings: Any) -> list[str]:
    """Return the clear values of the secret fields of a source's settings."""
    if not isinstance(settings, BaseModel):
        return []
    found = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, SecretBytes):
            found.append(value.get_secret_value().decode("latin-1"))
    return found
