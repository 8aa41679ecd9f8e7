"""What a connector is asked to read, what it gives back, and what it is lent for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from jalon.connectors.base.asking import Answer, Request
from jalon.connectors.base.records import Deadline, Record, Ref, Skipped
from jalon.connectors.base.streams import Stream

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """What one `pull` reads: [low, high) of a stream, from `cursor` on (None: from its start)."""

    stream: Stream
    low: datetime
    high: datetime
    cursor: str | None = None
    backfill: bool = False
    known: frozenset[str] = frozenset()
    """Keys of which records are held, where the stream is `recalled`: all of them, or those of the window's days."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One page, committed together with the cursor behind it.

    `cursor` None says that the window is read to its end, unless `later` is set: then the platform is not ready, and
    the engine comes back at that unix second with `cursor`. A `fetch` has no cursor: it ends where its generator ends,
    and where one of its batches sets `later`, all of its keys are read again then.
    """

    records: Sequence[Record] = ()
    cursor: str | None = None
    total: int | None = None
    """Rows that the platform counts in the window; if it shrinks between pages, rows moved: it is read again."""
    follow: Sequence[Ref] = ()
    skipped: Sequence[Skipped] = ()
    later: float | None = None
    deadlines: Sequence[Deadline] = ()


class Session(Protocol):
    """What the engine lends to a connector."""

    settings: Any
    account: Mapping[str, str]
    """What `greet` returned."""

    def now(self) -> float:
        """Return the time in unix seconds."""

    async def ask(self, request: Request) -> Answer:
        """Return the platform's answer. Raises a `Fault` once waiting, renewing and retrying have not helped."""

    def lines(self, url: str) -> AsyncIterator[bytes]:
        """Yield the lines of a bulk file from a host that `Connector.hosts` allows; see `Connector.signed_files`.

        Each comes once, also where the connection breaks and the file is asked for again.
        """

    async def once(self, name: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what `read` gives, which is read once in a run however many windows want it; a fault is not kept."""
