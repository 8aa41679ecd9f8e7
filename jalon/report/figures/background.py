"""What whoever asks for a report knows beside the marts: how far sources were read, what they cannot tell, names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

Row = dict[str, Any]


class Gap(NamedTuple):
    """A kind of data that a source's platform does not offer at all, or of which its connector does not say whether.

    Where it is missing, that is no zero.
    """

    source: str
    title: str
    """What the platform is called."""
    offer: str
    """A name of the capability matrix, e.g. `tag_clicks`."""
    what: str
    """The same for reading."""
    why: str
    said: bool = True
    """False: nobody says whether it is offered, so there is no reason."""


@dataclass(frozen=True, slots=True)
class Background:
    """What the marts do not hold."""

    quarantine: int | None = None
    """Records that could not become facts."""
    freshness: Mapping[str, str] = field(default_factory=dict)
    """Source -> how far it was read, where that is known better than by the newest record."""
    asked: Collection[str] = ()
    """Sources whose platform is asked for what is new: of days without a sale it is known there was none."""
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    """Source -> the zone in which its days begin; of one that is left out UTC."""
    gaps: Sequence[Gap] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Platform or channel -> what people call it."""


NOTHING_MORE = Background()


def by_source(gaps: Iterable[Gap]) -> list[Row]:
    """Return the gaps of each source as JSON-able data."""
    found: dict[str, Row] = {}
    for gap in gaps:
        own = found.setdefault(
            gap.source, {"source": gap.source, "title": gap.title, "not_offered": [], "not_said": []}
        )
        if gap.said:
            own["not_offered"].append({"offer": gap.offer, "what": gap.what, "why": gap.why})
        else:
            own["not_said"].append({"offer": gap.offer, "what": gap.what})
    return list(found.values())


def silent(gaps: Iterable[Gap], offer: str, sources: Mapping[str, set[str]]) -> dict[str, str]:
    """Return the platforms none of whose sources is known to be offered something, each with the reason.

    `sources` names the sources of each platform.
    """
    why = {gap.source: gap.why for gap in gaps if gap.offer == offer}
    return {platform: why[min(own)] for platform, own in sources.items() if own and own <= why.keys()}
