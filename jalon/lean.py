"""Import a library without what it only probes for.

sqlite-utils loads pandas and numpy where they are installed (80 MiB, 0.3 s), httpx loads its own command line (rich,
pygments), just to know that they are there. ibis brings them onto the machine, jalon's syncs never need them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Make the named packages look absent to imports in the block, unless they are loaded already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how the import system says absent
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
