"""How much memory an engine may use where nobody says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

GIGABYTE = 1_000_000_000
SHARE = 4
"""Of the memory that there is, one part in so many: beside jalon the machine has other work, and Python its own."""
CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says what a container may have (control groups, version 2 and 1)."""


def usual_limit(told: Sequence[Path] = CONTAINER) -> str:
    """Return a quarter of the machine's memory, or of the container's if that is less, but at least 1 GB."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = min([pages, *(limit for file in told if (limit := _limit(file)) is not None)])
    return f"{max(found // SHARE, GIGABYTE) // 1_000_000}MB"


def _limit(file: Path) -> int | None:
    """Return the bytes that a file of the kernel names; none where it says `max`, or is not there."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
