"""How a long run says how far it has got."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Is told what begins now, so that whoever waits sees it: its name, how many parts are done, and of how many."""


def unseen(name: str, done: int, total: int) -> None:
    """Nobody waits to see what begins."""
