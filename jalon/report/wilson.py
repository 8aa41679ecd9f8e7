"""How sure a share is that was counted."""

from __future__ import annotations

import math

from jalon.attribution.intervals import NORMAL


def wilson(part: float, whole: float, z: float = NORMAL) -> tuple[float, float] | None:
    """Return the interval of a share, `part` of `whole`; of 90 % unless `z` says otherwise; None where it is no share.

    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212. It stays within 0 and 1, and says something of none in so many too.
    """
    if whole <= 0 or not 0 <= part <= whole:
        return None
    share, square = part / whole, z * z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    reach = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    return (0.0 if part == 0 else max(middle - reach, 0.0), 1.0 if part == whole else min(middle + reach, 1.0))
