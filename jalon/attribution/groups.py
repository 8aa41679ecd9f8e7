"""Groups of persons: which of 256 one belongs to, so that sums by group tell how sure a figure is.

Engines disagree on their hash functions, and Python on its own from run to run; MD5 they share. Here it guards nothing:
it only mixes. An order without a person counts as a person of its own, by its name.
"""

from __future__ import annotations

import ibis

GROUPS = 256
_DIGITS = "0123456789abcdef"


def group(person: ibis.Value) -> ibis.Value:
    """Return the group of a person, 0 to 255: the first byte of the MD5 of its name in UTF-8."""
    digest = person.hexdigest("md5")
    high, low = (ibis.literal(_DIGITS).find(digest.substr(place, 1)) for place in (0, 1))
    return (high * 16 + low).cast("int64")
