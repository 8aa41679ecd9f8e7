"""Attribution: arithmetic over facts; and, for any table of touchpoints and conversions, a library.

Its functions need no store: see docs/attribution-library.md. They are imported when they are first asked for, so that
importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jalon.attribution.adding import added, credit_of_sums, effects_of_sums
    from jalon.attribution.library import channel_effects, credit, paths, sums
    from jalon.attribution.reading import Columns
    from jalon.attribution.strings import credit_of_paths

__all__ = [
    "Columns",
    "added",
    "channel_effects",
    "credit",
    "credit_of_paths",
    "credit_of_sums",
    "effects_of_sums",
    "paths",
    "sums",
]
_HOMES = {
    "Columns": "reading",
    "added": "adding",
    "credit_of_paths": "strings",
    "credit_of_sums": "adding",
    "effects_of_sums": "adding",
}
"""Name -> module, where that is not `library`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'library')}"), name)
