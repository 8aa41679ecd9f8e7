"""RFM: how recently, how often and for how much somebody bought, as scores from 1 to 5, and segments by name.

A score says which share of the buyers one is ahead of, in fifths (Hughes, Strategic Database Marketing, 1994). Buyers
who are alike have one score, whatever the order of the rows: so where most have bought once, these have 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BEST = 5
PARTS = ((25, 5), (9, 3), (4, 2))
"""With at least so many buyers they are parted into so many; with fewer than the last, there are no scores."""

Scores = NDArray[np.int64]


class Segment(NamedTuple):
    """Buyers whose three scores lie in these ranges, ends included, and who fit no segment above."""

    name: str
    title: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int]


SEGMENTS = (
    Segment("champions", "Champions", (4, 5), (4, 5), (4, 5)),
    Segment("cannot_lose", "Cannot lose them", (1, 1), (4, 5), (4, 5)),
    Segment("loyal", "Loyal", (2, 5), (3, 5), (3, 5)),
    Segment("new", "New", (5, 5), (1, 1), (1, 5)),
    Segment("promising", "Promising", (4, 4), (1, 1), (1, 5)),
    Segment("need_attention", "Need attention", (2, 3), (2, 3), (2, 3)),
    Segment("potential_loyal", "Could become loyal", (3, 5), (1, 3), (1, 3)),
    Segment("at_risk", "At risk", (1, 2), (2, 5), (2, 5)),
    Segment("about_to_sleep", "About to sleep", (2, 3), (1, 2), (1, 5)),
    Segment("lost", "Lost", (1, 2), (1, 2), (1, 5)),
    Segment("others", "Others", (1, 5), (1, 5), (1, 5)),
)
"""The first that fits is a buyer's. Names and ranges follow those in the documentation of the R package rfm up to its
version 0.2.2, narrow ones first. There the new have a recency of 4 or 5 and the promising of 3 or 4, which overlap;
here of 5 and of 4. What was spent is left aside among the new, promising, about to sleep and lost, who bought rarely.
"""
TITLES = {segment.name: segment.title for segment in SEGMENTS}


def scores(values: NDArray[np.float64]) -> Scores | None:
    """Return a score of 1 to 5 for each value, the greater the better; None where there are too few.

    With fewer than 25 values they are parted into thirds or halves, whose scores are spread over 1 to 5.
    """
    parts = next((parts for least, parts in PARTS if len(values) >= least), None)
    if parts is None:
        return None
    ahead_of = np.searchsorted(np.sort(values), values, side="left")
    part = ahead_of * parts // len(values)
    return 1 + part * (BEST - 1) // (parts - 1)


def scores_within(values: NDArray[np.float64], groups: NDArray[np.str_]) -> Scores:
    """Return scores among those of one group, such as a currency; 0 where the group is too small for any."""
    found = np.zeros(len(values), np.int64)
    for group in np.unique(groups):
        own = groups == group
        part = scores(values[own])
        found[own] = 0 if part is None else part
    return found


def segments(recency: Scores, frequency: Scores, monetary: Scores) -> NDArray[np.str_]:
    """Return the name of each buyer's segment; empty where a score is 0, which stands for none."""
    found = np.full(len(recency), "", dtype="U20")
    for segment in reversed(SEGMENTS):
        ranges = ((recency, segment.recency), (frequency, segment.frequency), (monetary, segment.monetary))
        fits = np.logical_and.reduce([(own >= low) & (own <= high) for own, (low, high) in ranges])
        found[fits] = segment.name
    return found
