"""A row of the registry of blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jalon.report.page.language import Language

Row = dict[str, Any]
Prepared = Callable[[Row, Language], Row | None]
"""Makes of figures what a template shows; None leaves the block out."""
ALL = ("sales", "content", "management")
"""The roles."""


class Block(NamedTuple):
    """A part of the page: template `blocks/<name>.html`, what prepares it, and who reads it."""

    name: str
    prepared: Prepared
    roles: tuple[str, ...] = ALL
    half: bool = False
    """Whether it stands beside another half where there is room."""


class Placed(NamedTuple):
    """A block on a page, with what its template shows."""

    block: Block
    it: Row
    half: bool
