"""How long one exchange with a platform may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. Each bounds something else: a peer that sends a byte now and then keeps none of the others busy."""

    connect: float = 10.0
    idle: float = 30.0
    """Between two pieces of an answer."""
    total: float = 60.0
    """A whole answer."""
    file: float = 3600.0
    """A whole bulk file."""
