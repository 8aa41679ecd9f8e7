"""Ask for insights: many figures at once, and without those that do not suit the object.

One metric that does not suit fails the whole request, and a metric that was taken out of service does so for ever. The
refusal names it in some cases, in others not: so it is left out if it is named, else both halves are asked for.
https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jalon.connectors.answers import Row
from jalon.connectors.base import Session
from jalon.connectors.door import Rule, each, fields
from jalon.connectors.graph_api.asking import get, rows
from jalon.connectors.graph_api.faults import BadMetric

FIGURES: Rule = each(
    "name period",
    values=each("value end_time"),
    total_value=fields("value", breakdowns=each("dimension_keys", results=each("dimension_values value"))),
)
"""The door of figures: names, counts and times, without the platform's explanations."""
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
