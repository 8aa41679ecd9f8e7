"""Whose journeys the map shows: everybody's, and beside them those of new and returning customers and of personas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jalon.report.page.blocks.block import Row
from jalon.report.page.language import N_, Language

EVERYBODY = "all"
NOTES = {
    "new": N_("These are persons who had not bought before; a first purchase counts here."),
    "returning": N_("These are persons who had bought before."),
}
OF_PERSONA = N_("Cells of fewer than five persons are left out.")


class MapView(NamedTuple):
    """One map to choose: its id on the page, what it is called, per stage model its figures, and what to know of it."""

    id: str
    title: str
    maps: Row
    note: str = ""


def views(told: Row, say: Language) -> list[MapView]:
    """Return the maps that can be chosen, everybody's first; where there is no other, it stands alone."""
    return [MapView(EVERYBODY, say._("Everybody"), told["map"]), *_segments(told, say), *_personas(told, say)]


def _segments(told: Row, say: Language) -> Iterator[MapView]:
    for segment, maps in told["segment_maps"].items():
        yield MapView(segment, say.label(segment), maps, say.known(NOTES[segment]))


def _personas(told: Row, say: Language) -> Iterator[MapView]:
    titles = {row["persona"]: row["title_fr"] if say.name == "fr" else row["title"] for row in told["personas"]}
    for number, (name, maps) in enumerate(told["persona_maps"].items()):
        yield MapView(f"persona-{number}", titles[name], maps, say.known(OF_PERSONA))
