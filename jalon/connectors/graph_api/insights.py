"""Ask for insights: many figures at once, and without those that do not suit the object.

One metric that does not suit fails the whole request, and a metric that was taken out of service does so for ever. The
refusal names it in some cases, in others not: so it is left out if it is named, else both halves are asked for.
https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jalon.connectors.answers import Row
from jalon.connectors.base import Session, Skipped, Stream, Window
from jalon.connectors.door import Rule, each, fields
from jalon.connectors.faults import Gone
from jalon.connectors.graph_api.asking import get, rows
from jalon.connectors.graph_api.faults import BadMetric, Unmet

FIGURES: Rule = each(
    "name period",
    values=each("value end_time"),
    total_value=fields("value", breakdowns=each("dimension_keys", results=each("dimension_values value"))),
)
"""The door of figures: names, counts and times, without the platform's explanations."""
PACIFIC = ZoneInfo("America/Los_Angeles")
"""Where the days of a page's or an account's figures begin, wherever it is."""
DAILY = timedelta(hours=20)
"""How often what moves or takes no time filter is read again: once a day, whenever in the day the run is."""
FIGURES_DAYS = timedelta(days=30)
"""How long after its posting a content's counters are read, once a day."""
DELAY = timedelta(hours=48)
"""How late figures may be: so long after a day's end they are taken to be settled.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights"""
KEPT = timedelta(days=730)
"""How long the platform keeps figures."""
SEVERAL = "one of"
"""In a refusal that lists what may be asked for, not what may not."""


class Insights(NamedTuple):
    """What was answered, and which metrics were refused. A metric that is in neither has no data: that is not zero."""

    rows: list[Row]
    refused: list[str]


async def ask(session: Session, path: str, metrics: Sequence[str], query: Mapping[str, str]) -> Insights:
    """Return the figures of an object, as many of `metrics` as it has. Raises `Fault`."""
    asked = get(session.settings, path, {**query, "metric": ",".join(metrics)})
    try:
        return Insights(rows((await session.ask(asked)).data), [])
    except BadMetric as fault:
        named = _named(metrics, fault.reason)
    found = Insights([], named)
    for part in _parts(metrics, named):
        more = await ask(session, path, part, query)
        found = Insights(found.rows + more.rows, found.refused + more.refused)
    return found


def _named(metrics: Sequence[str], reason: str) -> list[str]:
    """Return the metric that a refusal is about, if it is clear which."""
    if len(metrics) == 1:
        return list(metrics)
    said = [name for name in metrics if re.search(rf"\b{re.escape(name)}\b", reason)]
    return said if len(said) == 1 and SEVERAL not in reason else []


def _parts(metrics: Sequence[str], named: list[str]) -> list[list[str]]:
    """Return what is left to ask for: all but the named one, else both halves."""
    if named:
        rest = [name for name in metrics if name not in named]
        return [rest] if rest else []
    middle = len(metrics) // 2
    return [list(metrics[:middle]), list(metrics[middle:])]


# --- what a record says -----------------------------------------------------------------------------------------------


def stamp(session: Session, found: Insights) -> Row:
    """Return the figures, by which version they were asked for, and what was refused."""
    return {"api": session.settings.version, "refused": sorted(found.refused), "data": found.rows}


def without(key: str, fault: Gone | Unmet) -> Skipped:
    """Return that there is nothing to be read of an object, and why."""
    return Skipped(key, "gone" if isinstance(fault, Gone) else "no_figures", fault.reason)


# --- days -------------------------------------------------------------------------------------------------------------


class Day(NamedTuple):
    """A day of Pacific time."""

    day: date
    start: int
    end: int
    """Unix seconds, exclusive."""

    def bounds(self) -> dict[str, str]:
        """Return the query for the figures of the day."""
        return {"since": str(self.start), "until": str(self.end)}

    def told(self, session: Session) -> Row:
        """Return what a record says about its day: which, in what zone, and whether its figures are settled."""
        settled = session.now() - self.end >= DELAY.total_seconds()
        return {"day": self.day.isoformat(), "zone": PACIFIC.key, "settled": settled}


def day_in(session: Session, window: Window) -> Day:
    """Return the day of a window; it is one of Pacific time whatever the settings' zone."""
    day = window.low.astimezone(ZoneInfo(session.settings.timezone)).date()
    start, end = (datetime.combine(each, time(), PACIFIC) for each in (day, day + timedelta(days=1)))
    return Day(day, int(start.timestamp()), int(end.timestamp()))


def of_days(name: str, door: Rule) -> Stream:
    """Return the stream of a page's or an account's figures, day by day."""
    return Stream(
        name=name,
        door=door,
        grain="day",
        lag=timedelta(hours=24),
        lookback=timedelta(days=4),
        every=DAILY,
        retention=KEPT,
        optional=True,
    )
