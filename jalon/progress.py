"""How a long work says how far it has got."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Is told what is being done, so that whoever waits sees it: its name, how much of it is done, and out of how much."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody waits to see how far it has got."""
