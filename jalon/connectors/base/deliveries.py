"""What a platform sends by itself, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jalon.connectors.base.records import Deadline, Record, Ref


class Delivery(NamedTuple):
    """A webhook as it arrived: header names in lower case, values as the raw latin-1 text; the exact body bytes."""

    headers: Mapping[str, str]
    body: bytes
    received_at: float


class Notice(NamedTuple):
    """Something a person should know: `deauthorised`, `expires_soon`, `uninstalled`, `mismatch`."""

    kind: str
    detail: str


class Erasure(NamedTuple):
    """An order to erase a person (identifiers in clear, hashed by the caller at once) or, if `everything`, the shop."""

    identifiers: tuple[tuple[str, str], ...]
    orders: tuple[str, ...] = ()
    everything: bool = False
    request: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a delivery means. All of it is harmless when it happens twice."""

    topic: str
    known: bool = True
    stale: bool = False
    """True: older than the platform's own retries, so most likely a replay. What it says is harmless; mark it."""
    records: Sequence[Record] = ()
    refs: Sequence[Ref] = ()
    notices: Sequence[Notice] = ()
    erasures: Sequence[Erasure] = ()
    disclosures: Sequence[Erasure] = ()
    deadlines: Sequence[Deadline] = ()


class Undelivered(Exception):
    """The delivery cannot be understood; it is kept, with this reason."""
