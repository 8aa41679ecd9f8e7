"""How dark a cell is."""

from __future__ import annotations

import math

SHADES = 8
"""Above none."""


def shade(part: float) -> int:
    """Return the shade of a cell that has a part (0 to 1) of the most: by its square root, so that small ones show."""
    return math.ceil(SHADES * math.sqrt(part))
