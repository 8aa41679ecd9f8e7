"""A small brand whose ad brings sales and whose poster brings none: as rows for the library, and as facts."""

from __future__ import annotations

import numpy as np

from jalon.normalize.vocabulary import Fact
from tests.handmade import order, touch

Row = tuple[str, float, str | None]
"""(person, days, channel); without a channel it is a sale."""


def people(count: int = 600, seed: int = 1) -> list[Row]:
    """People who meet an ad or a poster; the ad brings a sale of one in five within hours, the poster none; a few buy
    on any day."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(count):
        name = f"p{number:04}"
        for channel in ("ad", "poster"):
            rows += [(name, float(day), channel) for day in rng.random(rng.integers(0, 3)) * 40]
        ads = [days for _, days, channel in rows[-4:] if channel == "ad" and rows[-1][0] == name]
        if ads and rng.random() < 0.2:
            rows.append((name, ads[-1] + rng.exponential(0.2), None))
        elif rng.random() < 0.12:
            rows.append((name, float(rng.random() * 60), None))
    return [*rows, ("end", 70.0, "ad")]


def facts() -> list[Fact]:
    """The same people as facts, with visits of other kinds on one order."""
    found: list[Fact] = []
    for number, (person, days, channel) in enumerate(people()):
        if channel is None:
            found.append(order(f"o{number}", days, 1000, person=person))
        else:
            found.append(touch(f"t{number}", days, person, channel=channel, kind="ad_click"))
    return found
