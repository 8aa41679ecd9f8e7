"""What the receiver grants a sender: bytes, seconds, places."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep strangers from filling memory, disk or time. Sizes in bytes, times in seconds."""

    body: int = MIB
    """One delivery; at most 8 MiB."""
    held: int = 64 * MIB
    """All bodies in memory, being read or waiting to be stored."""
    queue: int = 2000
    """Deliveries waiting to be stored."""
    clicks: int = 20_000
    """Clicks on own links waiting to be stored; beyond it links answer all the same, and the clicks are counted."""
    batches: float = 20.0
    """Batches of site events a second on one connection; five seconds' worth may come at once."""
    header_seconds: float = 10.0
    """For a request's head to arrive, and for a new connection to say anything."""
    request_seconds: float = 15.0
    """For a request's body to arrive."""
    store_seconds: float = 4.0
    """For a delivery to become durable; platforms give up after 5."""
    idle_seconds: float = 75.0
    """A connection may wait this long between two requests: longer than reverse proxies keep theirs."""
    connections: int = 1024
    per_peer: int = 128
    """Connections of one address."""
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses that speak for many and are held to `connections` only."""
    stop_seconds: float = 4.0
    """For what was accepted to be stored and answered once the receiver stops."""

    def __post_init__(self) -> None:
        if not 0 < self.body <= 8 * MIB:
            raise ValueError("the body limit must lie between 1 byte and 8 MiB")
