"""What goes to a platform and comes back: question, answer, budget, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from jalon.connectors.wire import decode


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a platform. `host` is a role out of `Connector.hosts`; credentials are added by `prepare`."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = "api"
    anonymous: bool = False
    """True: no credential is added (token calls, downloads)."""
    cost: float = 1.0
    """What it takes from the account's budget, in the platform's unit."""
    idempotent: bool = True
    """False: never sent twice after it may have arrived (a token refresh)."""


@dataclass(frozen=True)
class Answer:
    """A platform's answer, body complete and bounded; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def data(self) -> Any:
        """The decoded JSON body. Raises `wire.Malformed`."""
        return decode(self.body)


class Level(NamedTuple):
    """What an answer tells about the account's budget, in the platform's unit (requests or cost points)."""

    available: float
    capacity: float
    restore_per_second: float
    lasts: float = 86_400.0
    """Seconds for which it holds where no other answer tells; after them the account's own rate holds again."""


class Allowance(NamedTuple):
    """A limit of its own that some of an account's requests fall under, beside the account's rate.

    At most `requests` (or cost points) in any stretch of `seconds`: `burst`, a part of them, may go out at once, and
    the others come back evenly over that time.
    """

    name: str
    """What tells it from the account's other ones."""
    requests: float
    seconds: float
    burst: float = 0.1


@dataclass(frozen=True, slots=True)
class Credentials:
    """Tokens of one account. Times are unix seconds; None: does not expire."""

    access_token: str
    refresh_token: str | None = None
    access_expires_at: float | None = None
    refresh_expires_at: float | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"
